package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Compact is a Softmax to be stored and to score by: its weights are whole
// multiples of a step, each relative to that of the last class. Logits are so sums
// of integers, which are the same in any order.
type Compact struct {
	hasher      Hasher
	classes     int
	temperature float64
	bias        []float64 // of all classes but the last
	weights     []int16   // of feature f and class k at f*(classes-1)+k
}

// step is what a weight of 1 stands for. Half of it is the most that a weight is
// off by: far below what one example changes.
const step = 1.0 / 64

// The bounds of a stored model.
const (
	maxClasses = 16
	minClasses = 2
)

// ErrNoCompact is returned for bytes that are not a stored model.
var ErrNoCompact = errors.New("no softmax model")

// Compact rounds the model for scoring at a temperature, which the logits are
// divided by.
func (s *Softmax) Compact(hasher Hasher, temperature float64) (*Compact, error) {
	if err := hasher.Validate(); err != nil {
		return nil, err
	}
	if !(temperature > 0) || math.IsInf(temperature, 0) {
		return nil, fmt.Errorf("temperature is %v: must be a finite number above 0", temperature)
	}
	relative := s.Classes - 1
	c := &Compact{hasher: hasher, classes: s.Classes, temperature: temperature, weights: make([]int16, hasher.Size()*relative)}
	for k := range relative {
		c.bias = append(c.bias, s.Bias[k]-s.Bias[relative])
	}
	for feature := range hasher.Size() {
		own := s.Weights[feature*s.Classes : (feature+1)*s.Classes]
		for k := range relative {
			w := math.Round((own[k] - own[relative]) / step)
			c.weights[feature*relative+k] = int16(min(max(w, math.MinInt16), math.MaxInt16))
		}
	}
	return c, nil
}

// Classes is how many there are.
func (c *Compact) Classes() int { return c.classes }

// Hasher is what a text's features must come from.
func (c *Compact) Hasher() Hasher { return c.hasher }

// Logits writes the logit of each class before the temperature; the last is 0.
// Every feature must be below Hasher.Size.
func (c *Compact) Logits(to []float64, features []uint32) {
	var sums [maxClasses]int64
	relative := c.classes - 1
	if relative == 2 {
		for _, feature := range features {
			w := c.weights[2*feature : 2*feature+2]
			sums[0] += int64(w[0])
			sums[1] += int64(w[1])
		}
	} else {
		for _, feature := range features {
			for k, w := range c.weights[int(feature)*relative : (int(feature)+1)*relative] {
				sums[k] += int64(w)
			}
		}
	}
	scale := rootScale(len(features)) * step
	for k := range relative {
		to[k] = float64(float64(sums[k])*scale) + c.bias[k]
	}
	to[relative] = 0
}

// Probabilities writes the probability of each class.
func (c *Compact) Probabilities(to []float64, features []uint32) {
	c.Logits(to, features)
	Probabilities(to, c.temperature)
}

// AppendBinary appends the model in the form that ReadCompact takes: numbers as
// varints, floats as 8 bytes, the gaps between features that have a weight, and
// the weights of each class one after the other.
func (c *Compact) AppendBinary(to []byte) ([]byte, error) {
	relative := c.classes - 1
	to = binary.AppendUvarint(to, uint64(c.classes))
	to = binary.AppendUvarint(to, uint64(c.hasher.Bits))
	to = binary.LittleEndian.AppendUint64(to, math.Float64bits(c.temperature))
	for _, b := range c.bias {
		to = binary.LittleEndian.AppendUint64(to, math.Float64bits(b))
	}
	var used []int
	for feature := range c.hasher.Size() {
		for _, w := range c.weights[feature*relative : (feature+1)*relative] {
			if w != 0 {
				used = append(used, feature)
				break
			}
		}
	}
	to = binary.AppendUvarint(to, uint64(len(used)))
	next := 0
	for _, feature := range used {
		to = binary.AppendUvarint(to, uint64(feature-next))
		next = feature + 1
	}
	for k := range relative {
		for _, feature := range used {
			to = binary.AppendVarint(to, int64(c.weights[feature*relative+k]))
		}
	}
	return to, nil
}

// ReadCompact reads what AppendBinary wrote, all of it. It returns an error that
// matches ErrNoCompact for anything else.
func ReadCompact(data []byte) (*Compact, error) {
	c, err := readCompact(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCompact, err)
	}
	return c, nil
}

func readCompact(r *bytes.Reader) (*Compact, error) {
	classes, err := bounded(r, "classes", minClasses, maxClasses)
	if err != nil {
		return nil, err
	}
	bits, err := bounded(r, "hash bits", 8, 24)
	if err != nil {
		return nil, err
	}
	c := &Compact{classes: int(classes), hasher: Hasher{Bits: uint8(bits)}, bias: make([]float64, classes-1)}
	if c.temperature, err = finite(r); err != nil {
		return nil, fmt.Errorf("temperature: %w", err)
	}
	if c.temperature <= 0 {
		return nil, fmt.Errorf("temperature is %v: must be positive", c.temperature)
	}
	for k := range c.bias {
		if c.bias[k], err = finite(r); err != nil {
			return nil, fmt.Errorf("bias of class %d: %w", k, err)
		}
	}
	if err := c.readWeights(r); err != nil {
		return nil, err
	}
	if r.Len() > 0 {
		return nil, fmt.Errorf("%d bytes too many", r.Len())
	}
	return c, nil
}

func (c *Compact) readWeights(r *bytes.Reader) error {
	count, err := bounded(r, "features", 0, uint64(min(c.hasher.Size(), r.Len())))
	if err != nil {
		return err
	}
	used := make([]int, count)
	next := 0
	for i := range used {
		gap, err := bounded(r, "gap", 0, uint64(c.hasher.Size()))
		if err != nil {
			return err
		}
		used[i] = next + int(gap)
		if next = used[i] + 1; next > c.hasher.Size() {
			return fmt.Errorf("feature is %d: must be below %d", used[i], c.hasher.Size())
		}
	}
	relative := c.classes - 1
	c.weights = make([]int16, c.hasher.Size()*relative)
	for k := range relative {
		for _, feature := range used {
			w, err := binary.ReadVarint(r)
			if err != nil {
				return cut(err)
			}
			if w < math.MinInt16 || w > math.MaxInt16 {
				return fmt.Errorf("weight is %d: must have 16 bits", w)
			}
			c.weights[feature*relative+k] = int16(w)
		}
	}
	return nil
}

// bounded reads a number from least to most.
func bounded(r *bytes.Reader, name string, least, most uint64) (uint64, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return 0, cut(err)
	}
	if n < least || n > most {
		return 0, fmt.Errorf("%s is %d: must be from %d to %d", name, n, least, most)
	}
	return n, nil
}

func finite(r *bytes.Reader) (float64, error) {
	var bits [8]byte
	if _, err := io.ReadFull(r, bits[:]); err != nil {
		return 0, cut(err)
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(bits[:]))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%v is no finite number", v)
	}
	return v, nil
}

// cut says that the bytes ended early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
