package sentiment_test

import (
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cashtag/services/sentiment"

	model "github.com/cdipaolo/sentiment"
)

// TestCdipaoloAgreesWithTheLibraryOnEveryWord goes through the whole vocabulary,
// shuffled, twelve words a text and every text with a word that is not in it.
func TestCdipaoloAgreesWithTheLibraryOnEveryWord(t *testing.T) {
	data, err := model.Asset("model.json")
	if err != nil {
		t.Fatal(err)
	}
	var stored map[string]struct{ Words map[string]any }
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	var words []string
	for word := range stored[string(model.English)].Words {
		words = append(words, word)
	}
	slices.Sort(words)
	if len(words) != 117_448 {
		t.Fatalf("words: got %d, want 117448", len(words))
	}
	dice := rand.New(rand.NewPCG(1, 2))
	dice.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	var texts []string
	for some := range slices.Chunk(words, 12) {
		texts = append(texts, strings.Join(append(slices.Clip(some), "xqzzy"), " "))
	}
	if known := agree(t, texts); known < len(texts)*99/100 {
		t.Errorf("got %d of %d texts with a known word, want nearly all", known, len(texts))
	}
}

// TestCdipaoloIsSmall holds the model to the memory that the package promises.
func TestCdipaoloIsSmall(t *testing.T) {
	c := scorer(t) // read already, so that what is freed below is not its garbage
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	fresh, err := sentiment.ReadCdipaolo()
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if live := int64(after.HeapAlloc) - int64(before.HeapAlloc); live > 5<<20 {
		t.Errorf("model: got %d bytes alive, want at most 5 MiB", live)
	}
	runtime.KeepAlive(fresh)
	runtime.KeepAlive(c)
}
