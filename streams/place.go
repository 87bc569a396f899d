package streams

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cashtag/schemas"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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

// firstLook is how many of the last messages of a stream are searched first.
// Each look is twice as far back as the one before, so that a place far back costs
// one pass over the stream.
const firstLook = 1024

// LastPlace is the last place that source left in stream, or "" where it left
// none. Messages of other publishers, and gaps that deleted messages left, do not
// matter; a place whose own message was deleted is gone, and the one before it is
// the last.
func LastPlace(ctx context.Context, client *Client, stream, source string) (string, error) {
	s, err := client.JS.Stream(ctx, stream)
	if err != nil {
		return "", fmt.Errorf("last place of %s in %s: %w", source, stream, err)
	}
	state := s.CachedInfo().State
	if state.Msgs == 0 {
		return "", nil
	}
	last, err := s.GetMsg(ctx, state.LastSeq)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
	case err != nil:
		return "", fmt.Errorf("last place of %s in %s: %w", source, stream, err)
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
		value, err := lastPlaceWithin(ctx, client.JS, stream, source, start, end)
		if err != nil {
			return "", fmt.Errorf("last place of %s in %s: %w", source, stream, err)
		}
		if value != "" || start == state.FirstSeq {
			return value, nil
		}
		end, look = start-1, look*2
	}
}

// lastPlaceWithin reads the headers of the sequences start to end.
func lastPlaceWithin(ctx context.Context, js jetstream.JetStream, stream, source string, start, end uint64) (string, error) {
	consumer, err := js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   start,
		HeadersOnly:   true,
	})
	if err != nil {
		return "", err
	}
	if consumer.CachedInfo().NumPending == 0 {
		return "", nil
	}
	messages, err := consumer.Messages()
	if err != nil {
		return "", err
	}
	defer messages.Stop()
	found := ""
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return "", err
		}
		meta, err := message.Metadata()
		if err != nil {
			return "", err
		}
		if meta.Sequence.Stream > end {
			return found, nil
		}
		if value := placeIn(message.Headers(), source); value != "" {
			found = value
		}
		if meta.Sequence.Stream == end || meta.NumPending == 0 {
			return found, nil
		}
	}
}
