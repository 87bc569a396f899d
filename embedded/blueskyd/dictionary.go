package blueskyd

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"
)

const (
	// dictionaryV1 is the id that v1's clients expect.
	dictionaryV1 = 1612007021
	// dictionaryV2 is an id of our own, from the range that is free for private use.
	dictionaryV2 = 20260318

	dictionaryBytes   = 16 << 10
	dictionarySamples = 256
)

// trained is a dictionary made of frames of noise, the same each time.
var trained = sync.OnceValues(func() ([]byte, error) {
	samples := make([][]byte, 0, 2*dictionarySamples)
	for i := range int64(dictionarySamples) {
		e, err := noiseEntry(i, 1_773_840_600_000_000+i*1_000)
		if err != nil {
			return nil, err
		}
		e.seq, e.micros = i, 1_773_840_600_000_000+i*1_000
		samples = append(samples, e.v1(), e.v2())
	}
	made, err := dict.BuildZstdDict(samples, dict.Options{
		MaxDictSize: dictionaryBytes, HashBytes: 6, ZstdDictID: dictionaryV2, ZstdDictCompat: true, ZstdLevel: zstd.SpeedFastest,
	})
	if err != nil {
		return nil, fmt.Errorf("train dictionary: %w", err)
	}
	return made, nil
})

// dictionary returns the dictionary under an id, which stands behind the magic
// number.
func dictionary(id uint32) ([]byte, error) {
	made, err := trained()
	if err != nil {
		return nil, err
	}
	made = append([]byte(nil), made...)
	binary.LittleEndian.PutUint32(made[4:8], id)
	return made, nil
}

// packer compresses frames with a dictionary.
type packer struct {
	id      uint32
	bytes   []byte
	encoder *zstd.Encoder
}

func newPacker(id uint32) (*packer, error) {
	made, err := dictionary(id)
	if err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderDict(made), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return nil, fmt.Errorf("dictionary %d: %w", id, err)
	}
	return &packer{id: id, bytes: made, encoder: encoder}, nil
}

func (p *packer) pack(frame []byte) []byte { return p.encoder.EncodeAll(frame, nil) }
