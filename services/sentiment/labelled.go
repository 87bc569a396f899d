package sentiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cashtag/schemas"
)

// The classes of labelled texts, in the order of labels: a label file has their
// numbers or one of their names.
var classLabels = []string{schemas.LabelNegative, schemas.LabelPositive, schemas.LabelNeutral}

// labelNames is what a label file may say, by class.
var labelNames = [][]string{
	{"0", schemas.LabelNegative, "bearish"},
	{"1", schemas.LabelPositive, "bullish"},
	{"2", schemas.LabelNeutral},
}

// The bounds of a label file.
const (
	maxLabelBytes = 1 << 30
	maxTextBytes  = 64 << 10
)

// Labelled is a text with the class that somebody gave it.
type Labelled struct {
	Text  string
	Class int // of negative, positive and neutral, from 0
}

// Labels is the labelled texts of one source.
type Labels struct {
	Name   string // of the file, without its directory
	Digest string // SHA-256 of its bytes, in hexadecimal
	Rows   []Labelled
}

// ReadLabels reads a CSV file with the columns text and label, in any order, among
// others that it passes over. A label is 0, negative or bearish; 1, positive or
// bullish; 2 or neutral. An error names the file, the line and what is allowed.
func ReadLabels(name string, r io.Reader) (*Labels, error) {
	digest := sha256.New()
	limited := &io.LimitedReader{R: r, N: maxLabelBytes + 1}
	lines := csv.NewReader(&withoutMark{r: io.TeeReader(limited, digest)})
	lines.ReuseRecord = true
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty: must have the columns text and label", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text, label := slices.Index(header, "text"), slices.Index(header, "label")
	if text < 0 || label < 0 {
		return nil, fmt.Errorf("%s:1: columns are %q: must have text and label", name, header)
	}
	labels := &Labels{Name: name}
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := lines.FieldPos(label)
		class, ok := classOf(record[label])
		if !ok {
			return nil, fmt.Errorf("%s:%d: unknown class %q: must be 0 (negative), 1 (positive) or 2 (neutral)", name, line, record[label])
		}
		if len(record[text]) > maxTextBytes {
			return nil, fmt.Errorf("%s:%d: text has %d bytes: must have at most %d", name, line, len(record[text]), maxTextBytes)
		}
		labels.Rows = append(labels.Rows, Labelled{Text: strings.Clone(record[text]), Class: class})
	}
	if limited.N == 0 {
		return nil, fmt.Errorf("%s: is longer than %d bytes: split it", name, maxLabelBytes)
	}
	if len(labels.Rows) == 0 {
		return nil, fmt.Errorf("%s: has no rows", name)
	}
	labels.Digest = hex.EncodeToString(digest.Sum(nil))
	return labels, nil
}

func classOf(label string) (int, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	for class, names := range labelNames {
		if slices.Contains(names, label) {
			return class, true
		}
	}
	return 0, false
}

// withoutMark takes the byte order mark off that some programs begin a file with.
type withoutMark struct {
	r     io.Reader
	begun bool
}

func (w *withoutMark) Read(p []byte) (int, error) {
	if w.begun || len(p) < 3 {
		return w.r.Read(p)
	}
	w.begun = true
	n, err := io.ReadFull(w.r, p[:3])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	if bytes.Equal(p[:n], []byte("\xef\xbb\xbf")) {
		return 0, err
	}
	return n, err
}
