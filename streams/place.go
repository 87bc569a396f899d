package streams

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"cashtag/schemas"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// HeaderPlace carries a source's place: its name, a space and the value.
const HeaderPlace = "Cashtag-Place"

// Place is where a source stands: what it would go on from after the event that
// carries it.
type Place struct {
	Source string // the source's own name, unique among those that feed a stream
	Value  string // means something to the source alone
}

// Placed is an event and its source's place after it.
type Placed struct {
	Event schemas.Event
	Place string
}

var (
	placeSourcePattern = regexp.MustCompile(`^[!-~]{1,64}$`)
	placeValuePattern  = regexp.MustCompile(`^[!-~]([ -~]{0,510}[!-~])?$`)
)

// Validate returns an error that names the field, its value and what is allowed.
func (p Place) Validate() error {
	if !placeSourcePattern.MatchString(p.Source) {
		return fmt.Errorf("place source is %q: must be 1 to 64 printable ASCII characters without spaces", p.Source)
	}
	if !placeValuePattern.MatchString(p.Value) {
		return fmt.Errorf("place is %q: must be 1 to 512 printable ASCII characters without a space at either end", p.Value)
	}
	return nil
}

func (p Place) header() string { return p.Source + " " + p.Value }

// placeIn is the value of the source's place in headers, "" where there is none.
func placeIn(headers nats.Header, source string) string {
	name, value, _ := strings.Cut(headers.Get(HeaderPlace), " ")
	if name != source {
		return ""
	}
	return value
}

const (
	// firstLook is how many of the last messages of a stream are searched first.
	// Each look is twice as far back as the one before, so that a place far back
	// costs one pass over the stream.
	firstLook = 1024
	// Bounds of one read of a look.
	readMessages = 1024
	readBytes    = 8 << 20
	readTimeout  = 10 * time.Second
)

// LastPlace is the last place that source left in stream, or "" where it left
// none. Messages of other publishers, and gaps that deleted messages left, do not
// matter; a place whose own message was deleted is gone, and the one before it is
// the last.
func LastPlace(ctx context.Context, client *Client, stream, source string) (string, error) {
	place, err := lastPlace(ctx, client.JS, stream, source)
	if err != nil {
		return "", fmt.Errorf("last place of %s in %s: %w", source, stream, err)
	}
	return place, nil
}

func lastPlace(ctx context.Context, js jetstream.JetStream, name, source string) (string, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return "", err
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 {
		return "", nil
	}
	last, err := stream.GetMsg(ctx, state.LastSeq)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound): // deleted
	case err != nil:
		return "", err
	default:
		if value := placeIn(last.Header, source); value != "" {
			return value, nil
		}
	}
	end, look := state.LastSeq, uint64(firstLook)
	for {
		start := state.FirstSeq
		if end-start >= look {
			start = end - look + 1
		}
		value, err := lastPlaceWithin(ctx, js, name, source, start, end)
		if err != nil {
			return "", err
		}
		if value != "" || start == state.FirstSeq {
			return value, nil
		}
		end, look = start-1, look*2
	}
}

// lastPlaceWithin reads the sequences start to end.
func lastPlaceWithin(ctx context.Context, js jetstream.JetStream, stream, source string, start, end uint64) (string, error) {
	found := ""
	for start <= end {
		next, err := readRun(ctx, js, stream, start, func(message *jetstream.RawStreamMsg) {
			if message.Sequence > end {
				return
			}
			if value := placeIn(message.Header, source); value != "" {
				found = value
			}
		})
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			return found, nil // the rest is deleted
		}
		if err != nil {
			return "", err
		}
		start = next
	}
	return found, nil
}

// readRun reads a run of messages from start on and returns the sequence behind
// it. The client ends a read that timed out without a word, so a run may be
// shorter than it was asked for, and an empty one is an error.
func readRun(ctx context.Context, js jetstream.JetStream, stream string, start uint64, each func(*jetstream.RawStreamMsg), opts ...jetstreamext.GetBatchOpt) (next uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	opts = append(opts, jetstreamext.GetBatchSeq(start), jetstreamext.GetBatchMaxBytes(readBytes))
	run, err := jetstreamext.GetBatch(ctx, js, stream, readMessages, opts...)
	if err != nil {
		return 0, err
	}
	next = start
	for message, err := range run {
		if err != nil {
			return 0, err
		}
		each(message)
		next = message.Sequence + 1
	}
	if next == start {
		return 0, fmt.Errorf("read from sequence %d: no answer within %s", start, readTimeout)
	}
	return next, nil
}
