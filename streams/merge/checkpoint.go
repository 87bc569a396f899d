package merge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cashtag/schemas"
	"cashtag/streams"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go/jetstream"
)

// chunkBytes is what one key of the bucket holds of a checkpoint.
const chunkBytes = 512 << 10

// maxPlain bounds a checkpoint when it is unpacked.
const maxPlain = 1 << 30

// head is the key that says what the checkpoint is. It is replaced last, and so
// makes all of it valid at once.
type head struct {
	Generation uint64           `json:"generation"`
	Worker     string           `json:"worker"` // who wrote the chunks
	Chunks     int              `json:"chunks"`
	SHA256     string           `json:"sha256"` // of the chunks together
	Snapshot   int              `json:"snapshot"`
	Events     int              `json:"events"`
	Streams    map[string]place `json:"streams"`
}

// place is how far a stream is covered.
type place struct {
	CreatedAt time.Time `json:"created_at"`
	Sequence  uint64    `json:"sequence"`
}

// checkpoint is what a session goes on from.
type checkpoint struct {
	head
	revision uint64 // of the head's key, 0 where there is none
	snapshot []byte // nil where there is none
	events   []schemas.Event
}

// store keeps the checkpoint of one service.
type store struct {
	kv      jetstream.KeyValue
	service string
	limit   int
}

func (s *store) headKey() string { return s.service + ".head" }

// chunkKey alternates between two sets of each worker, so that the one that is valid
// stays whole whoever writes the next.
func (s *store) chunkKey(worker string, generation uint64, n int) string {
	return s.service + "." + worker + "." + strconv.FormatUint(generation%2, 10) + "." + strconv.Itoa(n)
}

// take loads the checkpoint and makes it this worker's to replace: whoever went on
// from it before will find that it is taken. What others left behind is removed.
func (s *store) take(ctx context.Context) (checkpoint, error) {
	c, err := s.load(ctx)
	if err != nil || c.revision == 0 {
		return c, err
	}
	if err := s.saveHead(ctx, &c); err != nil {
		return c, err
	}
	watcher, err := s.kv.Watch(ctx, s.service+".>", jetstream.MetaOnly(), jetstream.IgnoreDeletes())
	if err != nil {
		return c, fmt.Errorf("list checkpoints: %w", err)
	}
	defer watcher.Stop() //nolint:errcheck // nothing more is read
	valid := map[string]bool{s.headKey(): true}
	for n := range c.Chunks {
		valid[s.chunkKey(c.Worker, c.Generation, n)] = true
	}
	for {
		select {
		case entry := <-watcher.Updates():
			if entry == nil {
				return c, nil
			}
			if valid[entry.Key()] || entry.Revision() > c.revision {
				continue
			}
			if err := s.kv.Purge(ctx, entry.Key()); err != nil {
				return c, fmt.Errorf("remove old checkpoint: %w", err)
			}
		case <-ctx.Done():
			return c, fmt.Errorf("list checkpoints: %w", ctx.Err())
		}
	}
}

// load reads the checkpoint; an empty one where there is none. Should another worker
// replace it meanwhile, it is read again.
func (s *store) load(ctx context.Context) (checkpoint, error) {
	for {
		c, err := s.read(ctx)
		if err == nil || c.revision == 0 || ctx.Err() != nil {
			return c, err
		}
		entry, again := s.kv.Get(ctx, s.headKey())
		if again != nil || entry.Revision() == c.revision {
			return c, err
		}
	}
}

func (s *store) read(ctx context.Context) (checkpoint, error) {
	var c checkpoint
	entry, err := s.kv.Get(ctx, s.headKey())
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read checkpoint: %w", err)
	}
	if err := json.Unmarshal(entry.Value(), &c.head); err != nil {
		return c, fmt.Errorf("%w: key %s: %w", ErrCheckpoint, s.headKey(), err)
	}
	c.revision = entry.Revision()
	var packed bytes.Buffer
	for n := range c.Chunks {
		chunk, err := s.kv.Get(ctx, s.chunkKey(c.Worker, c.Generation, n))
		if err != nil {
			return c, fmt.Errorf("read checkpoint: chunk %d: %w", n, err)
		}
		packed.Write(chunk.Value())
	}
	sum := sha256.Sum256(packed.Bytes())
	if hex.EncodeToString(sum[:]) != c.SHA256 {
		return c, fmt.Errorf("%w: has another sum than its head says", ErrCheckpoint)
	}
	return c, c.unpack(packed.Bytes())
}

func (c *checkpoint) unpack(packed []byte) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		return fmt.Errorf("open decoder: %w", err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(packed, nil)
	if err != nil || c.Snapshot > len(plain) {
		return fmt.Errorf("%w: %w", ErrCheckpoint, errors.Join(err, errors.New("cannot be unpacked")))
	}
	c.snapshot = plain[:c.Snapshot:c.Snapshot]
	for line := range bytes.Lines(plain[c.Snapshot:]) {
		event, err := schemas.Decode(line)
		if err != nil {
			return fmt.Errorf("%w: event %d: %w", ErrCheckpoint, len(c.events), err)
		}
		c.events = append(c.events, event)
	}
	if len(c.events) != c.Events {
		return fmt.Errorf("%w: has %d events, its head says %d", ErrCheckpoint, len(c.events), c.Events)
	}
	return nil
}

// save replaces the checkpoint that c.revision stands for. It returns errTaken where
// another worker has replaced it.
func (s *store) save(ctx context.Context, c *checkpoint) error {
	plain := bytes.NewBuffer(bytes.Clone(c.snapshot))
	for _, event := range c.events {
		line, err := event.Encode()
		if err != nil {
			return err
		}
		plain.Write(line)
		plain.WriteByte('\n')
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("make encoder: %w", err)
	}
	packed := encoder.EncodeAll(plain.Bytes(), nil)
	if len(packed) > s.limit {
		return fmt.Errorf("checkpoint of %d bytes: must be at most %d: keep less, or allow more", len(packed), s.limit)
	}
	sum := sha256.Sum256(packed)
	c.SHA256, c.Snapshot, c.Events, c.Chunks = hex.EncodeToString(sum[:]), len(c.snapshot), len(c.events), 0
	for len(packed) > 0 {
		n := min(len(packed), chunkBytes)
		if _, err := s.kv.Put(ctx, s.chunkKey(c.Worker, c.Generation, c.Chunks), packed[:n]); err != nil {
			return fmt.Errorf("store checkpoint: %w", err)
		}
		packed = packed[n:]
		c.Chunks++
	}
	return s.saveHead(ctx, c)
}

func (s *store) saveHead(ctx context.Context, c *checkpoint) error {
	value, err := json.Marshal(c.head)
	if err != nil {
		return fmt.Errorf("store checkpoint: %w", err)
	}
	revision, err := s.kv.Update(ctx, s.headKey(), value, c.revision)
	if taken(err) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("store checkpoint: %w", err)
	}
	c.revision = revision
	return nil
}

func taken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// openStore opens the bucket of checkpoints.
func openStore(ctx context.Context, client *streams.Client, cfg Config) (*store, error) {
	kv, err := client.JS.KeyValue(ctx, streams.BucketCheckpoints)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", streams.BucketCheckpoints, err)
	}
	return &store{kv: kv, service: cfg.Service, limit: cfg.MaxCheckpoint}, nil
}
