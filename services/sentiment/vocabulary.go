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
	classes int
	names   string
	words   []word
	counts  []uint32 // of word i and class k at i*classes+k
	slots   []uint32 // by hash: index in words, from 1 on; 0 for none
	seed    maphash.Seed
}

// What there is room for before a vocabulary is read; a larger one grows.
const (
	expectedWords   = 1 << 17
	expectedLetters = 8
)

// word ends at end in names, where the next one begins.
type word struct{ end, seen uint32 }

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
		seen, err := v.readWord(decoder)
		if err != nil {
			return fmt.Errorf("word %s: %w", names[v.start(len(v.words)):], err)
		}
		v.words = append(v.words, word{end: uint32(len(names)), seen: seen})
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	v.names, v.words, v.counts = string(names), slices.Clone(v.words), slices.Clone(v.counts)
	v.index()
	return nil
}

// readWord takes the counts of one word: {"Count":[1,2],"Seen":3}. The first word
// says how many classes there are.
func (v *vocabulary) readWord(decoder *jsontext.Decoder) (seen uint32, err error) {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return 0, errors.Join(errors.New("must be an object"), err)
	}
	before := len(v.counts)
	for decoder.PeekKind() == '"' {
		field, err := decoder.ReadToken()
		if err != nil {
			return 0, err
		}
		switch field.String() {
		case "Count":
			err = v.readCounts(decoder)
		case "Seen":
			seen, err = readNumber(decoder)
		default:
			err = decoder.SkipValue()
		}
		if err != nil {
			return 0, err
		}
	}
	if v.classes == 0 {
		v.classes = len(v.counts)
	}
	if got := len(v.counts) - before; got != v.classes || got < 2 || got > maxBayes {
		return 0, fmt.Errorf("has %d counts: must have one a class", got)
	}
	_, err = decoder.ReadToken()
	return seen, err
}

func (v *vocabulary) readCounts(decoder *jsontext.Decoder) error {
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '[' {
		return errors.Join(errors.New("counts must be a list"), err)
	}
	for decoder.PeekKind() == '0' {
		n, err := readNumber(decoder)
		if err != nil {
			return err
		}
		v.counts = append(v.counts, n)
	}
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != ']' {
		return errors.Join(errors.New("counts must be a list of numbers"), err)
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

// find returns how often each class had a word, and how often it was seen at all;
// nothing for a word that the model does not know.
func (v *vocabulary) find(name string) (counts []uint32, seen uint32) {
	for at := v.home(name); v.slots[at] != 0; at = (at + 1) % uint64(len(v.slots)) {
		if i := int(v.slots[at] - 1); v.name(i) == name {
			return v.counts[i*v.classes : (i+1)*v.classes], v.words[i].seen
		}
	}
	return nil, 0
}
