package bluesky

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxDictionary bounds a dictionary in bytes; the network's has 64 KiB.
	maxDictionary = 1 << 20
	// dictionaryV1 is the id of the one dictionary that v1 compresses with.
	dictionaryV1 = 1612007021

	pathDictionary = "/xrpc/network.bsky.jetstream.getZstdDictionary"
)

// dictionary is a zstd dictionary; the zero value is none.
type dictionary struct {
	id    uint32
	bytes []byte
}

func (d dictionary) there() bool { return len(d.bytes) > 0 }

// decoder decompresses with the dictionary.
func (d dictionary) decoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderDicts(d.bytes),
		zstd.WithDecoderMaxMemory(MaxFrame),
		zstd.WithDecoderConcurrency(1),
	)
}

// dictionaryFor returns the dictionary of an instance, read once. Without one the
// connection is not compressed, which is said once there is one.
func (s *Source) dictionaryFor(ctx context.Context, in instance) dictionary {
	s.plain = nil
	if !s.cfg.Compress || in.version == V1 && s.cfg.DictionaryV1 == "" {
		return dictionary{}
	}
	where := s.cfg.DictionaryV1
	if in.version == V2 {
		where = in.dictionaryURL()
	}
	if d, ok := s.dictionaries[where]; ok {
		return d
	}
	d, err := s.readDictionary(ctx, where)
	if err == nil && in.version == V1 && d.id != dictionaryV1 {
		err = fmt.Errorf("dictionary %s: its id is %d: want %d", where, d.id, dictionaryV1)
	}
	if err != nil {
		s.plain = func() {
			s.once("dictionary "+where, func() {
				s.cfg.Logger.WarnContext(ctx, "bluesky is read uncompressed", "instance", in.base, "error", err)
			})
		}
		return dictionary{}
	}
	s.dictionaries[where] = d
	return d
}

// readDictionary reads a dictionary from a file or from an http or https URL.
func (s *Source) readDictionary(ctx context.Context, where string) (dictionary, error) {
	open := s.fetch
	if !strings.HasPrefix(where, "http://") && !strings.HasPrefix(where, "https://") {
		open = openFile
	}
	r, err := open(ctx, where)
	if err != nil {
		return dictionary{}, fmt.Errorf("dictionary %s: %w", where, err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxDictionary+1))
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return dictionary{}, fmt.Errorf("dictionary %s: %w", where, err)
	}
	if len(raw) > maxDictionary {
		return dictionary{}, fmt.Errorf("dictionary %s: it has more than %d bytes", where, maxDictionary)
	}
	about, err := zstd.InspectDictionary(raw)
	if err != nil {
		return dictionary{}, fmt.Errorf("dictionary %s: it is no zstd dictionary: %w", where, err)
	}
	return dictionary{id: about.ID(), bytes: raw}, nil
}

func openFile(_ context.Context, path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, wrong.Err // the caller names the path
	}
	return f, err
}

func (s *Source) fetch(ctx context.Context, url string) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		cancel()
		return nil, err
	}
	answer, err := s.cfg.Client.Do(request)
	if err != nil {
		cancel()
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		cancel()
		_ = answer.Body.Close()
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	return &canceling{answer.Body, cancel}, nil
}

// canceling ends a request's context when its body is closed.
type canceling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body and ends the request.
func (c *canceling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}
