package ingest

// recent is a set of the newest ids, bounded: one more drops the oldest.
type recent struct {
	bound int
	known map[string]struct{}
	ring  []string // the oldest at next once it is full
	next  int
}

func newRecent(bound int) *recent {
	return &recent{bound: bound, known: make(map[string]struct{})}
}

func (r *recent) has(id string) bool {
	_, ok := r.known[id]
	return ok
}

func (r *recent) add(id string) {
	if r.has(id) {
		return
	}
	r.known[id] = struct{}{}
	if len(r.ring) < r.bound {
		r.ring = append(r.ring, id)
		return
	}
	delete(r.known, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
}
