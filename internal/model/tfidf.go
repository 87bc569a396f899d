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
	type count struct{ texts, last int } // last is the text that counted it, from 1
	have := make(map[string]*count)
	for i, words := range texts {
		for _, word := range words {
			switch c := have[word]; {
			case c == nil:
				have[word] = &count{1, i + 1}
			case c.last <= i:
				c.texts, c.last = c.texts+1, i+1
			}
		}
	}
	var known []string
	for word, c := range have {
		if c.texts >= least {
			known = append(known, word)
		}
	}
	slices.SortFunc(known, func(a, b string) int {
		return cmp.Or(cmp.Compare(have[b].texts, have[a].texts), cmp.Compare(a, b))
	})
	known = known[:min(len(known), most)]
	v := &TFIDF{columns: make(map[string]int, len(known)), idf: make([]float64, len(known))}
	for i, word := range known {
		v.columns[word] = i
		v.idf[i] = math.Log(float64(1+len(texts))/float64(1+have[word].texts)) + 1
	}
	return v
}

// Columns returns how many words are known.
func (v *TFIDF) Columns() int { return len(v.idf) }

// Entries returns a text as its known words, each (1 + log count) times its
// inverse document frequency log((1+n)/(1+df)) + 1, scaled to length 1 (Salton
// and Buckley 1988, smoothed as scikit-learn does). Columns count from offset.
func (v *TFIDF) Entries(words []string, offset int) []Entry {
	columns := make([]int, 0, len(words))
	for _, word := range words {
		if column, ok := v.columns[word]; ok {
			columns = append(columns, column)
		}
	}
	slices.Sort(columns)
	entries := make([]Entry, 0, len(columns))
	for from := 0; from < len(columns); {
		to := from + 1
		for to < len(columns) && columns[to] == columns[from] {
			to++
		}
		entries = append(entries, Entry{Column: columns[from] + offset, Value: (1 + math.Log(float64(to-from))) * v.idf[columns[from]]})
		from = to
	}
	var squares float64
	for _, e := range entries {
		squares += e.Value * e.Value
	}
	for i := range entries {
		entries[i].Value /= math.Sqrt(squares)
	}
	return entries
}
