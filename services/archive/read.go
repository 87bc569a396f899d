package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
)

// Manifests yields the blocks of a stream in order. Where blocks are missing
// between two it yields a *HoleError, after which the caller may go on; any other
// error is the last.
//
// A block that starts inside of the one before it is left out: it is what an
// earlier cut of the stream left behind.
func (s *Store) Manifests(ctx context.Context, stream string) iter.Seq2[Manifest, error] {
	return func(yield func(Manifest, error) bool) {
		var next uint64 // 0 before the first block
		for first, err := range s.firsts(ctx, stream) {
			if err != nil {
				yield(Manifest{}, err)
				return
			}
			if first < next {
				continue
			}
			if next != 0 && first > next {
				if !yield(Manifest{}, &HoleError{Stream: stream, First: next, Last: first - 1}) {
					return
				}
			}
			manifest, err := s.manifest(ctx, stream, first)
			if !yield(manifest, err) || err != nil {
				return
			}
			next = manifest.Last + 1
		}
	}
}

// firsts yields the first sequences of the stream's blocks, ascending.
func (s *Store) firsts(ctx context.Context, stream string) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		folder := s.cfg.folder(stream)
		pages := s3.NewListObjectsV2Paginator(s.api, &s3.ListObjectsV2Input{Bucket: &s.cfg.Bucket, Prefix: &folder})
		for pages.HasMorePages() {
			call, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
			page, err := pages.NextPage(call)
			cancel()
			if err != nil {
				yield(0, s.failure("list", folder, err))
				return
			}
			for _, object := range page.Contents {
				if object.Key == nil {
					continue
				}
				if first, ok := s.cfg.firstOf(stream, *object.Key); ok && !yield(first, nil) {
					return
				}
			}
		}
	}
}

// Read yields the lines of a stream's archive in order, without their ends; a line
// is valid until the next. A block is checked against its manifest before its first
// line. Errors come as from Manifests; one that wraps ErrCorrupt says that a block
// is not what its manifest says.
func (s *Store) Read(ctx context.Context, stream string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for manifest, err := range s.Manifests(ctx, stream) {
			if _, ok := errors.AsType[*HoleError](err); ok {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for line, err := range s.ReadBlock(ctx, manifest) {
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

// ReadBlock yields the lines of one block: see Read.
func (s *Store) ReadBlock(ctx context.Context, manifest Manifest) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		compressed, err := s.get(ctx, manifest.Object, maxObjectBytes)
		if err != nil {
			yield(nil, err)
			return
		}
		sum := sha256.Sum256(compressed)
		if hex.EncodeToString(sum[:]) != manifest.CompressedSHA256 {
			yield(nil, corrupt(manifest, "has another sum"))
			return
		}
		// The sum of the object vouches for its lines, but for a program that wrote
		// it wrong: so they are checked, too, as they go by.
		decoder, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
		if err != nil {
			yield(nil, fmt.Errorf("open decoder: %w", err))
			return
		}
		defer decoder.Close()
		plain := sha256.New()
		lines := bufio.NewReaderSize(io.TeeReader(decoder, plain), 64<<10)
		var events uint64
		for {
			line, err := lines.ReadBytes('\n')
			if err == io.EOF && len(line) == 0 {
				break
			}
			if err != nil {
				yield(nil, corrupt(manifest, err.Error()))
				return
			}
			events++
			if !yield(line[:len(line)-1], nil) {
				return
			}
		}
		if events != manifest.Events || hex.EncodeToString(plain.Sum(nil)) != manifest.SHA256 {
			yield(nil, corrupt(manifest, fmt.Sprintf("has other lines, %d of them", events)))
		}
	}
}

func corrupt(manifest Manifest, how string) error {
	return fmt.Errorf("object %s: %w: it %s", manifest.Object, ErrCorrupt, how)
}
