package features

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cashtag/internal/window"
)

// snapshotVersion is the layout of a snapshot. A State of another layout is not
// restored but made again from the streams.
const snapshotVersion = 1

// ErrSnapshot is returned when bytes are not a snapshot that this State can go on
// from: cut short, of another layout, or made with another configuration.
var ErrSnapshot = errors.New("not a snapshot of this state")

// identity is what of the configuration a snapshot was made with.
func (c Config) identity() string {
	return fmt.Sprintf("%s %s %s %s", definitions, c.Scorer, c.ScorerVersion, c.Lateness)
}

// Snapshot is the whole State as bytes. Equal States have equal snapshots.
func (st *State) Snapshot() []byte {
	w := &writer{}
	w.uint(snapshotVersion)
	w.text(st.cfg.identity())
	w.int(st.started)
	w.int(st.watermark)
	w.int(st.flushed)
	w.bool(st.synthetic)
	w.int(st.late.Start)
	w.int(st.late.End)
	w.uint(uint64(len(st.order)))
	st.all.write(w)
	for _, s := range st.order {
		s.write(w)
	}
	return w.buf
}

// Restore returns the State that a snapshot was made of. It returns ErrSnapshot for
// bytes that are none.
func Restore(cfg Config, snapshot []byte) (*State, error) {
	st, err := NewState(cfg)
	if err != nil {
		return nil, err
	}
	r := &reader{buf: snapshot}
	if version := r.uint(); version != snapshotVersion {
		return nil, fmt.Errorf("%w: layout is %d, this program reads %d", ErrSnapshot, version, snapshotVersion)
	}
	if identity := r.text(); identity != cfg.identity() {
		return nil, fmt.Errorf("%w: made for %q, configured is %q", ErrSnapshot, identity, cfg.identity())
	}
	st.started, st.watermark, st.flushed, st.synthetic = r.int(), r.int(), r.int(), r.bool()
	st.late.Start, st.late.End = r.int(), r.int()
	count := r.count(1)
	st.all = readSeries(r)
	for range count {
		st.add(readSeries(r))
	}
	if r.err != nil || len(r.buf) > 0 {
		return nil, fmt.Errorf("%w: cut short, or with %d bytes too many", ErrSnapshot, len(r.buf))
	}
	for _, s := range append(slices.Clip(st.order), st.all) {
		st.kept += len(s.posts)
	}
	return st, nil
}

func (s *series) write(w *writer) {
	w.text(s.ticker)
	w.int(s.dirty)
	w.uint(uint64(len(s.posts)))
	var at int64
	for _, p := range s.posts {
		w.int(p.at - at)
		at = p.at
		w.fixed(uint64(p.id))
		w.fixed(p.user)
		w.fixed(p.text)
		w.int(int64(p.followersE4))
		w.int(int64(p.scoreE4))
		w.uint(uint64(p.owner))
		w.uint(uint64(p.opinion)<<4 | uint64(p.traits))
	}
	w.uint(uint64(len(s.bars)))
	at = 0
	for _, b := range s.bars {
		w.int(b.end - at)
		at = b.end
		for _, v := range []int64{b.interval, b.high, b.low, b.last, b.adjusted, b.volume, int64(b.feed)} {
			w.int(v)
		}
	}
	w.uint(uint64(len(s.minutes)))
	var minute uint32
	for _, m := range s.minutes {
		w.uint(uint64(m - minute))
		minute = m
	}
	s.writeMaps(w)
}

func (s *series) writeMaps(w *writer) {
	w.uint(uint64(len(s.days)))
	for _, day := range slices.Sorted(maps.Keys(s.days)) {
		t := s.days[day]
		w.int(int64(day))
		for _, v := range []int64{
			t.posts, t.scored, t.known, t.scoreE4, t.bars, t.price.last, t.price.adjusted, t.price.volume,
		} {
			w.int(v)
		}
		w.bool(t.priced)
	}
	w.uint(uint64(len(s.orphans)))
	for _, key := range slices.SortedFunc(maps.Keys(s.orphans), func(a, b orphan) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.owner, b.owner))
	}) {
		waiting := s.orphans[key]
		w.fixed(uint64(key.id))
		w.uint(uint64(key.owner))
		w.int(waiting.at)
		w.int(int64(waiting.scoreE4))
		w.uint(uint64(waiting.opinion))
	}
	w.uint(uint64(len(s.emitted)))
	for _, key := range slices.SortedFunc(maps.Keys(s.emitted), compareKeys) {
		w.uint(uint64(key.kind))
		w.int(key.start)
		w.int(s.emitted[key])
	}
}

func readSeries(r *reader) *series {
	s := newSeries(r.text())
	s.dirty = r.int()
	s.posts = make([]post, r.count(28))
	var at int64
	for i := range s.posts {
		at += r.int()
		p := post{
			at: at, id: int64(r.fixed()), user: r.fixed(), text: r.fixed(),
			followersE4: int32(r.int()), scoreE4: int32(r.int()), owner: uint32(r.uint()),
		}
		both := r.uint()
		p.opinion, p.traits = opinion(both>>4), uint8(both&15)
		s.posts[i] = p
	}
	s.bars = make([]bar, r.count(8))
	at = 0
	for i := range s.bars {
		at += r.int()
		s.bars[i] = bar{
			end: at, interval: r.int(), high: r.int(), low: r.int(), last: r.int(), adjusted: r.int(), volume: r.int(),
			feed: uint8(r.int()),
		}
	}
	s.minutes = make([]uint32, r.count(1))
	var minute uint32
	for i := range s.minutes {
		minute += uint32(r.uint())
		s.minutes[i] = minute
	}
	s.readMaps(r)
	return s
}

func (s *series) readMaps(r *reader) {
	for range r.count(10) {
		day := window.Day(r.int())
		s.days[day] = &dayTotal{
			posts: r.int(), scored: r.int(), known: r.int(), scoreE4: r.int(), bars: r.int(),
			price:  dayPrice{last: r.int(), adjusted: r.int(), volume: r.int()},
			priced: r.bool(),
		}
	}
	for range r.count(12) {
		key := orphan{int64(r.fixed()), uint32(r.uint())}
		s.orphans[key] = score{
			id: key.id, owner: key.owner, at: r.int(), scoreE4: int32(r.int()), opinion: opinion(r.uint()),
		}
	}
	for range r.count(3) {
		key := windowKey{window.Kind(r.uint()), r.int()}
		s.emitted[key] = r.int()
	}
}
