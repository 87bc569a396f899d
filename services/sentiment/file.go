package sentiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// ErrBadModel is returned for a file that is no trained model of this version, is
// cut short or was changed.
var ErrBadModel = errors.New("bad model file")

const (
	// fileMagic begins every trained model; the version of the format follows.
	fileMagic   = "cashtag sentiment model "
	fileVersion = "1\n"
	// The bounds of a file, before and after it is unpacked.
	maxFileBytes    = 64 << 20
	maxUnpackedFile = 512 << 20
)

// Trained says what a trained model was made from.
type Trained struct {
	Scorer  string          `json:"scorer"`
	Seed    uint64          `json:"seed"`
	Sources []TrainedSource `json:"sources"`
}

// TrainedSource is one file of labels, by name and content.
type TrainedSource struct {
	Name   string `json:"name"`
	Digest string `json:"sha256"`
	Rows   int    `json:"rows"`
}

// On reports whether the model was trained on a file of labels, which it then
// knows by heart.
func (t Trained) On(labels *Labels) bool {
	for _, source := range t.Sources {
		if source.Digest == labels.Digest {
			return true
		}
	}
	return false
}

// pack makes a file: magic and version in a line, the SHA-256 of what follows, and
// behind it, compressed, a length, as many bytes of JSON that say what the model
// was made from, and the model.
func pack(trained Trained, body []byte) ([]byte, error) {
	header, err := json.Marshal(trained)
	if err != nil {
		return nil, fmt.Errorf("encode model's header: %w", err)
	}
	plain := binary.LittleEndian.AppendUint32(nil, uint32(len(header)))
	plain = append(append(plain, header...), body...)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("pack model: %w", err)
	}
	packed := encoder.EncodeAll(plain, nil)
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("pack model: %w", err)
	}
	sum := sha256.Sum256(packed)
	file := append([]byte(fileMagic+fileVersion), sum[:]...)
	return append(file, packed...), nil
}

// unpack is the opposite of pack. The revision is the beginning of the checksum.
func unpack(file []byte) (trained Trained, body []byte, revision string, err error) {
	rest, ok := bytes.CutPrefix(file, []byte(fileMagic))
	if !ok {
		return Trained{}, nil, "", fmt.Errorf("%w: it does not begin with %q", ErrBadModel, fileMagic)
	}
	version, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || len(version) > 8 {
		return Trained{}, nil, "", fmt.Errorf("%w: it is cut short", ErrBadModel)
	}
	if string(version)+"\n" != fileVersion {
		return Trained{}, nil, "", fmt.Errorf("%w: its format has version %q: this program reads %s: train it anew",
			ErrBadModel, version, fileVersion[:1])
	}
	if len(rest) <= sha256.Size {
		return Trained{}, nil, "", fmt.Errorf("%w: it is cut short", ErrBadModel)
	}
	want, packed := rest[:sha256.Size], rest[sha256.Size:]
	if got := sha256.Sum256(packed); !bytes.Equal(got[:], want) {
		return Trained{}, nil, "", fmt.Errorf("%w: its checksum is not that of its content: it is cut short or was changed", ErrBadModel)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpackedFile))
	if err != nil {
		return Trained{}, nil, "", fmt.Errorf("unpack model: %w", err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil {
		return Trained{}, nil, "", fmt.Errorf("%w: %w", ErrBadModel, err)
	}
	if len(plain) < 4 || uint64(binary.LittleEndian.Uint32(plain)) > uint64(len(plain)-4) {
		return Trained{}, nil, "", fmt.Errorf("%w: its header is cut short", ErrBadModel)
	}
	size := binary.LittleEndian.Uint32(plain)
	header, body := plain[4:4+size], plain[4+size:]
	if err := json.Unmarshal(header, &trained); err != nil {
		return Trained{}, nil, "", fmt.Errorf("%w: its header: %w", ErrBadModel, err)
	}
	return trained, body, hex.EncodeToString(want[:4]), nil
}

// ReadModel returns the scorer that a trained model makes. An error matches
// ErrBadModel where the file is at fault.
func ReadModel(r io.Reader) (Scorer, Trained, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, Trained{}, fmt.Errorf("read model: %w", err)
	}
	if len(file) > maxFileBytes {
		return nil, Trained{}, fmt.Errorf("%w: it is longer than %d bytes", ErrBadModel, maxFileBytes)
	}
	trained, body, revision, err := unpack(file)
	if err != nil {
		return nil, Trained{}, err
	}
	var scorer Scorer
	switch trained.Scorer {
	case CashtagName:
		scorer, err = newCashtag(body, revision)
	case CdipaoloName:
		scorer, err = newRetrained(body, revision)
	default:
		err = fmt.Errorf("it is of scorer %q: must be %s or %s", trained.Scorer, CashtagName, CdipaoloName)
	}
	if err != nil {
		return nil, Trained{}, fmt.Errorf("%w: %w", ErrBadModel, err)
	}
	return scorer, trained, nil
}
