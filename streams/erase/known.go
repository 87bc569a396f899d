package erase

import "crypto/sha256"

// DefaultBound is how many ids Posts and Sink know of: about 25 MB.
const DefaultBound = 250_000

// key stands for an event id.
type key [16]byte

func keyOf(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key(sum[:16])
}

// known is the newest ids, each with a value, up to a bound.
type known[V any] struct {
	bound  int
	values map[key]V
	ring   []key
	next   int
}

func newKnown[V any](bound int) *known[V] {
	return &known[V]{bound: bound, values: map[key]V{}}
}

func (k *known[V]) get(id string) (V, bool) {
	value, ok := k.values[keyOf(id)]
	return value, ok
}

// add keeps an id, for the oldest one where the bound is reached.
func (k *known[V]) add(id string, value V) {
	at := keyOf(id)
	if _, ok := k.values[at]; ok {
		k.values[at] = value
		return
	}
	if len(k.ring) < k.bound {
		k.ring = append(k.ring, at)
	} else {
		delete(k.values, k.ring[k.next])
		k.ring[k.next] = at
		k.next = (k.next + 1) % k.bound
	}
	k.values[at] = value
}
