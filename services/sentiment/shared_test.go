//go:build shared

package sentiment_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestCdipaoloAgreesWithTheLibraryOnTheTape scores every post of the recorded
// tape.
func TestCdipaoloAgreesWithTheLibraryOnTheTape(t *testing.T) {
	root := os.Getenv("CASHTAG_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(root, "stocknet", "tweet", "raw", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("tape in %s: %d files, %v", root, len(files), err)
	}
	var posts []string
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var post struct{ Text string }
			if err := json.Unmarshal(lines.Bytes(), &post); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			posts = append(posts, post.Text)
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	known := agree(t, posts)
	t.Logf("%d posts, %d with a word that the model knows", len(posts), known)
	if known < len(posts)*9/10 {
		t.Errorf("got %d of %d posts with a known word, want nine in ten", known, len(posts))
	}
}
