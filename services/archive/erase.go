package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"cashtag/schemas"
	"cashtag/streams/durable"

	"github.com/klauspost/compress/zstd"
)

// deletion is a post that was deleted, and where the stream had it.
type deletion struct {
	id        string
	sequences []uint64
}

// deletionIn is what a message says was deleted, if it says so.
func deletionIn(message durable.Message) (deletion, bool) {
	if message.Key != schemas.NoTicker {
		return deletion{}, false
	}
	event, err := schemas.Decode(message.Data)
	if err != nil {
		return deletion{}, false
	}
	deleted, ok := event.Data.(*schemas.TweetDeleted)
	if !ok {
		return deletion{}, false
	}
	return deletion{id: deleted.TweetID(event.Source), sequences: deleted.FromSequences}, true
}

func idsOf(deleted []deletion) map[string]bool {
	ids := make(map[string]bool, len(deleted))
	for _, one := range deleted {
		ids[one.id] = true
	}
	return ids
}

// Erase takes posts out of the block that holds a sequence of a stream, and stores
// the block again: the same block without the lines of those ids. Where there is no
// such block, or none of the posts in it, nothing is stored. Interrupted, it may be
// called again with the same ids.
func (s *Store) Erase(ctx context.Context, stream string, sequence uint64, ids ...string) error {
	found, ok, err := s.blockOf(ctx, stream, sequence)
	if err != nil || !ok {
		return err
	}
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	return s.rewrite(ctx, stream, found, wanted)
}

// blockOf is the first sequence of the last block that begins at a sequence or
// before it.
func (s *Store) blockOf(ctx context.Context, stream string, sequence uint64) (first uint64, ok bool, err error) {
	for at, err := range s.firsts(ctx, stream) {
		if err != nil {
			return 0, false, err
		}
		if at > sequence {
			break
		}
		first, ok = at, true
	}
	return first, ok, nil
}

// eraseBefore takes posts out of the blocks before one: those that the deletions
// name, and the one right before it, which has the posts that were deleted so soon
// that nobody knew where the stream had them.
func (s *Store) eraseBefore(ctx context.Context, stream string, before uint64, deleted []deletion) error {
	var firsts []uint64
	for first, err := range s.firsts(ctx, stream) {
		if err != nil {
			return err
		}
		if first >= before {
			break
		}
		firsts = append(firsts, first)
	}
	if len(firsts) == 0 {
		return nil
	}
	wanted := map[uint64]map[string]bool{firsts[len(firsts)-1]: idsOf(deleted)}
	for _, one := range deleted {
		for _, sequence := range one.sequences {
			for i := len(firsts) - 1; i >= 0 && sequence < before; i-- {
				if firsts[i] > sequence {
					continue
				}
				if wanted[firsts[i]] == nil {
					wanted[firsts[i]] = map[string]bool{}
				}
				wanted[firsts[i]][one.id] = true
				break
			}
		}
	}
	for first, ids := range wanted {
		if err := s.rewrite(ctx, stream, first, ids); err != nil {
			return err
		}
	}
	return nil
}

// rewrite stores a block without some posts. An earlier call may have been killed
// between object and manifest: then the object has fewer lines than the manifest
// says, by no more than the posts.
func (s *Store) rewrite(ctx context.Context, stream string, first uint64, ids map[string]bool) error {
	manifest, err := s.manifest(ctx, stream, first)
	if errors.Is(err, errNotStored) {
		return nil
	}
	if err != nil {
		return err
	}
	compressed, err := s.get(ctx, manifest.Object, maxObjectBytes)
	if err != nil {
		return err
	}
	kept, had, dropped, err := s.without(compressed, ids)
	if err != nil {
		return durable.Fatal(fmt.Errorf("erase from object %s: %w: %w: put a good copy in its place", manifest.Object, ErrCorrupt, err))
	}
	defer kept.Discard()
	sum := sha256.Sum256(compressed)
	whole := hex.EncodeToString(sum[:]) == manifest.CompressedSHA256
	if whole && dropped == 0 {
		return nil
	}
	halfway := had < manifest.Events && had+uint64(len(ids)) >= manifest.Events
	if !whole && !halfway {
		return durable.Fatal(fmt.Errorf("erase from %w: put a good copy in its place", corrupt(manifest, "has another sum")))
	}
	if err := kept.end(); err != nil {
		return err
	}
	manifest.Gaps += manifest.Events - (had - dropped)
	manifest.Events = had - dropped
	if err := kept.describe(manifest); err != nil {
		return err
	}
	return kept.Store(ctx)
}

// drop takes the lines of some posts out of an object that ended.
func (o *object) drop(ids map[string]bool) (uint64, error) {
	kept, _, dropped, err := o.store.without(o.compressed.Bytes(), ids)
	if err != nil {
		return 0, err
	}
	defer func() { kept.Discard() }()
	if dropped == 0 {
		return 0, nil
	}
	if err := kept.end(); err != nil {
		return 0, err
	}
	o.compressor, kept.compressor = kept.compressor, o.compressor
	o.compressed, kept.compressed = kept.compressed, o.compressed
	o.bytes = kept.bytes
	return dropped, nil
}

// without is an object, not ended yet, that has the lines of compressed but for
// those of some posts; had is how many lines there were. The caller discards it.
func (s *Store) without(compressed []byte, ids map[string]bool) (kept *object, had, dropped uint64, err error) {
	decoder, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, 0, 0, fmt.Errorf("open decoder: %w", err)
	}
	defer decoder.Close()
	kept, err = newObject(s)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() {
		if err != nil {
			kept.Discard()
		}
	}()
	lines := bufio.NewReaderSize(decoder, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return kept, had, dropped, nil
		}
		if err != nil {
			return kept, had, dropped, err
		}
		had++
		if isPost(line, ids) {
			dropped++
			continue
		}
		if err := kept.appendLine(line[:len(line)-1]); err != nil {
			return kept, had, dropped, err
		}
	}
}

// isPost reports whether a line is a post of one of the ids.
func isPost(line []byte, ids map[string]bool) bool {
	var event struct {
		ID   string       `json:"id"`
		Type schemas.Type `json:"type"`
	}
	err := json.Unmarshal(line, &event)
	return err == nil && event.Type == schemas.TypeTweet && ids[event.ID]
}
