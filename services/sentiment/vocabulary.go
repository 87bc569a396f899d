package sentiment

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// vocabulary is every word of a model with how often each class had it. It is the
// model's own map in a quarter of the memory, and without pointers for the garbage
// collector to follow: 117,448 words are 4 MB.
type vocabulary struct {
	names string
	words []word
	slots []uint32 // by hash: index in words, from 1 on; 0 for none
	seed  maphash.Seed
}

// What there is room for before a vocabulary is read; a larger one grows.
const (
	expectedWords   = 1 << 17
	expectedLetters = 8
)

// word ends at end in names, where the next one begins.
type word struct {
	end   uint32
	count [classes]uint32
	seen  uint32
}

var _ json.UnmarshalerFrom = (*vocabulary)(nil)

// UnmarshalJSONFrom implements json.UnmarshalerFrom: an object of words. It goes
// from token to token, since a struct for each word would be most of the memory
// that reading takes.
func (v *vocabulary) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return fmt.Errorf("words are no object: %w", err)
	}
	names := make([]byte, 0, expectedWords*expectedLetters)
	v.words = make([]word, 0, expectedWords)
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		if names, err = jsontext.AppendUnquote(names, name); err != nil {
			return err
		}
		w := word{end: uint32(len(names))}
		if err := w.read(decoder); err != nil {
			return fmt.Errorf("word %s: %w", names[v.start(len(v.words)):], err)
		}
		v.words = append(v.words, w)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	v.names, v.words = string(names), slices.Clone(v.words)
	v.index()
	return nil
}

// read takes the counts of one word: {"Count":[1,2],"Seen":3}.
func (w *word) read(decoder *jsontext.Decoder) error {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return errors.Join(errors.New("must be an object"), err)
	}
	for decoder.PeekKind() == '"' {
		field, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		switch field.String() {
		case "Count":
			err = readNumbers(decoder, w.count[:])
		case "Seen":
			w.seen, err = readNumber(decoder)
		default:
			err = decoder.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := decoder.ReadToken()
	return err
}

func readNumbers(decoder *jsontext.Decoder, into []uint32) (err error) {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return errors.Join(errors.New("counts must be a list"), err)
	}
	for i := range into {
		if into[i], err = readNumber(decoder); err != nil {
			return err
		}
	}
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != ']' {
		return errors.Join(fmt.Errorf("counts must be %d", len(into)), err)
	}
	return nil
}

func readNumber(decoder *jsontext.Decoder) (uint32, error) {
	token, err := decoder.ReadToken()
	if err != nil {
		return 0, err
	}
	if token.Kind() != '0' {
		return 0, errors.New("a count must be a number")
	}
	n, err := token.Uint()
	if err != nil {
		return 0, err
	}
	if n >= math.MaxUint32 {
		return 0, fmt.Errorf("a count is %d: must be below %d", n, uint32(math.MaxUint32))
	}
	return uint32(n), nil
}

// index fills at most half of the slots, each word in the first free one from its
// hash on.
func (v *vocabulary) index() {
	v.seed = maphash.MakeSeed()
	v.slots = make([]uint32, 2<<bits.Len(uint(len(v.words))))
	for i := range v.words {
		at := v.home(v.name(i))
		for v.slots[at] != 0 {
			at = (at + 1) % uint64(len(v.slots))
		}
		v.slots[at] = uint32(i + 1)
	}
}

func (v *vocabulary) home(name string) uint64 {
	return maphash.String(v.seed, name) % uint64(len(v.slots))
}

func (v *vocabulary) name(i int) string { return v.names[v.start(i):v.words[i].end] }

// start is where the name of word i begins.
func (v *vocabulary) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return v.words[i-1].end
}

// find returns nil for a word that the model does not know.
func (v *vocabulary) find(name string) *word {
	for at := v.home(name); v.slots[at] != 0; at = (at + 1) % uint64(len(v.slots)) {
		if i := int(v.slots[at] - 1); v.name(i) == name {
			return &v.words[i]
		}
	}
	return nil
}
