package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"sync"

	"cashtag/streams/durable"

	"github.com/klauspost/compress/zstd"
)

const (
	// chunkBytes is what is hashed and compressed at once.
	chunkBytes = 32 << 10
	// windowBytes is how far back the encoder looks. At its fastest level it finds
	// no more in a larger window, which costs memory and twice the time.
	windowBytes = 256 << 10
	// keptBytes is the largest buffer that is kept for the next block.
	keptBytes = 4 << 20
)

// compressor is what it takes to make an object, kept for the next one.
type compressor struct {
	encoder *zstd.Encoder
	plain   hash.Hash
	chunk   []byte
}

var (
	compressors sync.Pool // of *compressor
	buffers     = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

func newCompressor() (*compressor, error) {
	if c, ok := compressors.Get().(*compressor); ok {
		return c, nil
	}
	// One goroutine and a fixed level: the same lines give the same bytes.
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(windowBytes),
		zstd.WithLowerEncoderMem(true),
	)
	if err != nil {
		return nil, fmt.Errorf("make compressor: %w", err)
	}
	return &compressor{encoder: encoder, plain: sha256.New(), chunk: make([]byte, 0, chunkBytes)}, nil
}

// object is a block's object while it is made, and until it is stored. Of a block
// only the compressed bytes are kept in memory.
type object struct {
	store      *Store
	compressor *compressor // nil once sealed
	compressed *bytes.Buffer

	bytes, invalid uint64
	deleted        []deletion // what the block says was deleted
	block          durable.Block
	names          names
	sum            [sha256.Size]byte
	manifest       []byte
}

var _ durable.BlockWriter = (*object)(nil)

func newObject(store *Store) (*object, error) {
	compressor, err := newCompressor()
	if err != nil {
		return nil, err
	}
	compressed, _ := buffers.Get().(*bytes.Buffer)
	compressed.Reset()
	compressor.plain.Reset()
	compressor.chunk = compressor.chunk[:0]
	compressor.encoder.Reset(compressed)
	return &object{store: store, compressor: compressor, compressed: compressed}, nil
}

// Append adds a message as one line.
func (o *object) Append(message durable.Message) error {
	line, valid, err := lineOf(message)
	if err != nil {
		return err
	}
	if !valid {
		o.invalid++
	}
	if gone, ok := deletionIn(message); ok {
		o.deleted = append(o.deleted, gone)
	}
	return o.appendLine(line)
}

func (o *object) appendLine(line []byte) error {
	c := o.compressor
	if len(c.chunk)+len(line)+1 > cap(c.chunk) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	c.chunk = append(append(c.chunk, line...), '\n')
	o.bytes += uint64(len(line)) + 1
	return nil
}

// flush hashes and compresses the chunk. How lines fall into chunks makes no
// difference to either.
func (c *compressor) flush() error {
	_, _ = c.plain.Write(c.chunk) // a hash never fails
	if _, err := c.encoder.Write(c.chunk); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	c.chunk = c.chunk[:0]
	if cap(c.chunk) > 2*chunkBytes { // grown by a long line
		c.chunk = make([]byte, 0, chunkBytes)
	}
	return nil
}

// Seal ends the object and makes its manifest.
func (o *object) Seal(block durable.Block) error {
	if err := o.end(); err != nil {
		return err
	}
	if len(o.deleted) > 0 {
		dropped, err := o.drop(idsOf(o.deleted))
		if err != nil {
			return err
		}
		block.Events -= dropped
	}
	o.block = block
	manifest := newManifest(block)
	manifest.Invalid = o.invalid
	return o.describe(manifest)
}

// end compresses what is left. Nothing is appended after it.
func (o *object) end() error {
	if err := o.compressor.flush(); err != nil {
		return err
	}
	if err := o.compressor.encoder.Close(); err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	return nil
}

// describe makes the manifest of an object that ended.
func (o *object) describe(manifest Manifest) error {
	o.names = o.store.cfg.names(manifest.Stream, manifest.First)
	o.sum = sha256.Sum256(o.compressed.Bytes())
	manifest.Object = o.names.object
	manifest.Bytes = o.bytes
	manifest.SHA256 = hex.EncodeToString(o.compressor.plain.Sum(nil))
	manifest.CompressedBytes = uint64(o.compressed.Len())
	manifest.CompressedSHA256 = hex.EncodeToString(o.sum[:])
	o.releaseCompressor()
	var err error
	o.manifest, err = manifest.encode()
	return err
}

// Store uploads the object, takes what it says was deleted out of the blocks before
// it, and then uploads the manifest, which says that all of that is done.
func (o *object) Store(ctx context.Context) error {
	if err := o.store.put(ctx, o.names.object, "application/zstd", o.compressed.Bytes(), o.sum); err != nil {
		return err
	}
	if len(o.deleted) > 0 {
		if err := o.store.eraseBefore(ctx, o.block.Stream, o.block.First, o.deleted); err != nil {
			return err
		}
	}
	return o.store.put(ctx, o.names.manifest, "application/json", o.manifest, sha256.Sum256(o.manifest))
}

// Discard gives the buffers back.
func (o *object) Discard() {
	o.releaseCompressor()
	if o.compressed.Cap() <= keptBytes {
		buffers.Put(o.compressed)
	}
	o.compressed = nil
}

func (o *object) releaseCompressor() {
	if o.compressor == nil {
		return
	}
	o.compressor.encoder.Reset(nil)
	compressors.Put(o.compressor)
	o.compressor = nil
}
