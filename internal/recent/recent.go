// Package recent remembers the newest ids, each with a value, up to a bound: one
// more than that forgets the oldest.
//
// An id takes 16 bytes beside its value and the map's own, however long it is: of
// each its hash alone is kept. A Map is not safe for concurrent use.
package recent

import "crypto/sha256"

// key stands for an id.
type key [16]byte

func keyOf(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key(sum[:16])
}

// Map is the newest ids.
type Map[V any] struct {
	bound  int
	values map[key]V
	ring   []key // the oldest at next once it is full
	next   int
}

// New returns an empty Map of at most bound ids, which must be positive.
func New[V any](bound int) *Map[V] {
	return &Map[V]{bound: bound, values: map[key]V{}}
}

// Get is the value of an id, and whether it is known.
func (m *Map[V]) Get(id string) (V, bool) {
	value, ok := m.values[keyOf(id)]
	return value, ok
}

// Has reports whether an id is known.
func (m *Map[V]) Has(id string) bool {
	_, ok := m.values[keyOf(id)]
	return ok
}

// Add keeps an id. One that is known takes the value and stays as old as it is.
func (m *Map[V]) Add(id string, value V) {
	at := keyOf(id)
	if _, ok := m.values[at]; ok {
		m.values[at] = value
		return
	}
	if len(m.ring) < m.bound {
		m.ring = append(m.ring, at)
	} else {
		delete(m.values, m.ring[m.next])
		m.ring[m.next] = at
		m.next = (m.next + 1) % m.bound
	}
	m.values[at] = value
}
