package bucket

import (
	"strings"
	"sync"
)

// Key says what may stand under one key of a bucket.
type Key struct {
	Name    string
	Default string // as Parse returns it
	// Parse returns the one way to write what a person meant, which is not empty, or
	// an error that says what is allowed.
	Parse func(stored string) (string, error)
}

// Value is one key as it stands in this process. It is safe for concurrent use.
type Value struct {
	key Key // never changes

	mu       sync.Mutex
	fallback string // the value where nobody set one
	explicit string // the last good value since the key was last deleted; "" is the default
	revision uint64 // of the bucket, when explicit was set
	changed  chan struct{}

	followers []*Value // whose default is this value
}

// NewValue is a key that nobody set.
func NewValue(key Key) *Value {
	return &Value{key: key, fallback: key.Default, changed: make(chan struct{})}
}

// Name is the key in the bucket.
func (v *Value) Name() string { return v.key.Name }

// Get is the value now.
func (v *Value) Get() string { return v.Read().Word }

// State is a value at one moment.
type State struct {
	Word     string
	Default  string
	Explicit bool   // false where Word is the default
	Revision uint64 // of the bucket, when somebody set or deleted it last; 0 for never
}

// Read is the value now, and where it comes from.
func (v *Value) Read() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return State{Word: v.word(), Default: v.fallback, Explicit: v.explicit != "", Revision: v.revision}
}

// Changed returns a channel that is closed at the next change of the value after
// this call. Whoever asks for it before Get misses none.
func (v *Value) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

// SetDefault is the value from now on where nobody set one.
func (v *Value) SetDefault(word string) { v.update(func() { v.fallback = word }) }

// Follow makes the value of another key the default of this one, from now on.
// Nobody follows a follower.
func (v *Value) Follow(leader *Value) {
	leader.mu.Lock()
	defer leader.mu.Unlock()
	leader.followers = append(leader.followers, v)
	v.SetDefault(leader.word())
}

func (v *Value) word() string {
	if v.explicit == "" {
		return v.fallback
	}
	return v.explicit
}

// set takes a new explicit word, or "" for none, and returns the words before and
// after.
func (v *Value) set(explicit string, revision uint64) (before, after string) {
	return v.update(func() { v.explicit, v.revision = explicit, revision })
}

func (v *Value) update(change func()) (before, after string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before = v.word()
	change()
	after = v.word()
	if before != after {
		close(v.changed)
		v.changed = make(chan struct{})
		for _, follower := range v.followers {
			follower.SetDefault(after)
		}
	}
	return before, after
}

// Plain is what a person typed without white space and quotes around it.
func Plain(typed string) string {
	word := strings.TrimSpace(typed)
	for _, quote := range []string{`"`, "'", "`"} {
		if len(word) >= 2 && strings.HasPrefix(word, quote) && strings.HasSuffix(word, quote) {
			return strings.TrimSpace(word[1 : len(word)-1])
		}
	}
	return word
}

// Shorten bounds what a log line repeats of a value that somebody stored.
func Shorten(value string) string {
	const longest = 60
	if len(value) <= longest {
		return value
	}
	return strings.ToValidUTF8(value[:longest], "") + "..."
}
