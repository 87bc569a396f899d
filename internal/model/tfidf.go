package model

import (
	"cmp"
	"math"
	"slices"
)

// TFIDF weighs the words of a text by how few texts have them.
type TFIDF struct {
	columns map[string]int
	idf     []float64
}

// FitTFIDF learns the words of texts: those that at least least of them have, at
// most most, the commonest first and those equally common in alphabetical order.
func FitTFIDF(texts [][]string, least, most int) *TFIDF {
	have := make(map[string]int)
	for _, words := range texts {
		seen := make(map[string]bool, len(words))
		for _, word := range words {
			if !seen[word] {
				seen[word] = true
				have[word]++
			}
		}
	}
	var known []string
	for word, n := range have {
		if n >= least {
			known = append(known, word)
		}
	}
	slices.SortFunc(known, func(a, b string) int { return cmp.Or(cmp.Compare(have[b], have[a]), cmp.Compare(a, b)) })
	known = known[:min(len(known), most)]
	v := &TFIDF{columns: make(map[string]int, len(known)), idf: make([]float64, len(known))}
	for i, word := range known {
		v.columns[word] = i
		v.idf[i] = math.Log(float64(1+len(texts))/float64(1+have[word])) + 1
	}
	return v
}

// Columns returns how many words are known.
func (v *TFIDF) Columns() int { return len(v.idf) }

// Entries returns a text as its known words, each (1 + log count) times its
// inverse document frequency log((1+n)/(1+df)) + 1, scaled to length 1 (Salton
// and Buckley 1988, smoothed as scikit-learn does). Columns count from offset.
func (v *TFIDF) Entries(words []string, offset int) []Entry {
	count := make(map[int]int)
	for _, word := range words {
		if column, ok := v.columns[word]; ok {
			count[column]++
		}
	}
	entries := make([]Entry, 0, len(count))
	for column, n := range count {
		entries = append(entries, Entry{Column: column + offset, Value: (1 + math.Log(float64(n))) * v.idf[column]})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Column, b.Column) })
	var squares float64
	for _, e := range entries {
		squares += e.Value * e.Value
	}
	for i := range entries {
		entries[i].Value /= math.Sqrt(squares)
	}
	return entries
}
