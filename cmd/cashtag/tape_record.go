package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"cashtag/streams"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/nats-io/nats.go/jetstream"
)

type tapeRecordCommand struct {
	Stream string `required:"" placeholder:"NAME" help:"The stream to record, such as TWEETS."`
	From   uint64 `default:"1" placeholder:"SEQ" help:"The first sequence to record."`
	To     uint64 `placeholder:"SEQ" help:"The last sequence to record (default: the last that is there at the start)."`
}

// Help implements kong.HelpProvider.
func (tapeRecordCommand) Help() string {
	return `
Events are written as they are stored and in their order, up to the last one that is there at the start. A payload that is not one line of JSON is said on standard error and left out; the exit code is then 1.

  cashtag tape record --stream TWEETS > day.ndjson
  cashtag tape record --stream QUOTES --from 100000 | zstd > quotes.ndjson.zst`
}

// Run records a stream.
func (c tapeRecordCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if c.To != 0 && c.To < c.From {
		return usageError("--to is %d: must not be below --from, %d", c.To, c.From)
	}
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		stream, err := client.JS.Stream(ctx, c.Stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrInvalidStreamName) {
			return usageError("there is no stream %q: must be one of %s", c.Stream, strings.Join(streams.StreamNames(), ", "))
		}
		if err != nil {
			return fmt.Errorf("open stream %s: %w", c.Stream, err)
		}
		r := &recorder{
			js: client.JS, stream: stream, out: bufio.NewWriterSize(console.Out, recordBuffer), notes: newAsides(console),
		}
		return r.record(ctx, c.From, c.To)
	})
}

const (
	recordBuffer   = 256 << 10
	recordMessages = 2000     // requested at once
	recordBytes    = 32 << 20 // and how many bytes these may have
	// recordStall is how long no message may come before the stream is asked
	// whether there is any.
	recordStall = time.Second
	// recordPatience is how long the server may stay away.
	recordPatience = 30 * time.Second
	// recordForgotten is when the server forgets a reader that is gone.
	recordForgotten = time.Minute
)

// errRecorded ends the reading: there is nothing more up to the last sequence.
var errRecorded = errors.New("recorded")

// recorder writes the payloads of one stream.
type recorder struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	out    *bufio.Writer
	notes  *asides

	last     uint64        // sequence to end at
	position atomic.Uint64 // sequence read last
	written  atomic.Uint64
	refused  uint64
}

func (r *recorder) record(ctx context.Context, from, to uint64) error {
	info := r.stream.CachedInfo()
	name, state := info.Config.Name, info.State
	r.last = state.LastSeq
	if to != 0 {
		r.last = min(r.last, to)
	}
	if state.Msgs == 0 || from > r.last || r.last < state.FirstSeq {
		r.notes.say("nothing to record: %s holds sequences %d to %d", name, state.FirstSeq, state.LastSeq)
		return nil
	}
	from = max(from, state.FirstSeq, 1)
	r.position.Store(from - 1)
	stop := r.notes.follow(func() string {
		done := r.position.Load() - from + 1
		return fmt.Sprintf("%d events of %s, %d%%", r.written.Load(), name, done*100/(r.last-from+1))
	})
	err := r.read(ctx, name)
	stop()
	if flushErr := r.out.Flush(); flushErr != nil {
		return fmt.Errorf("write tape: %w", flushErr)
	}
	if err != nil {
		return fmt.Errorf("record %s: %w after %d events: the tape ends at sequence %d; go on with --from %d",
			name, err, r.written.Load(), r.position.Load(), r.position.Load()+1)
	}
	gone := ""
	if n := r.last - from + 1 - r.written.Load() - r.refused; n > 0 {
		gone = fmt.Sprintf(" (%d of them are no longer there)", n)
	}
	r.notes.say("recorded %d events of %s, sequences %d to %d%s", r.written.Load(), name, from, r.last, gone)
	if r.refused > 0 {
		return fmt.Errorf("%d messages of %s are not one line of JSON and were left out", r.refused, name)
	}
	return nil
}

// read writes every message up to the last sequence.
func (r *recorder) read(ctx context.Context, name string) error {
	consumer, err := r.js.OrderedConsumer(ctx, name, jetstream.OrderedConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.position.Load() + 1,
		InactiveThreshold: recordForgotten,
	})
	if err != nil {
		return err
	}
	if consumer.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessagesWithBytesLimit(recordMessages, recordBytes))
	if err != nil {
		return err
	}
	defer messages.Stop()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go r.watch(ctx, end)
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if cause := context.Cause(ctx); cause != nil {
			if errors.Is(cause, errRecorded) {
				return nil
			}
			return cause
		}
		if err != nil {
			return err
		}
		meta, err := message.Metadata()
		if err != nil {
			return err
		}
		sequence := meta.Sequence.Stream
		if sequence <= r.last {
			if err := r.write(sequence, message.Data()); err != nil {
				return err
			}
			r.position.Store(sequence)
		}
		if sequence >= r.last || meta.NumPending == 0 {
			return nil
		}
	}
}

// write writes one payload as a line.
func (r *recorder) write(sequence uint64, payload []byte) error {
	line := bytes.TrimRight(payload, " \t\r\n")
	if bytes.IndexByte(line, '\n') >= 0 || !isJSON(line) {
		r.refused++
		r.notes.say("%s/%d is not one line of JSON: left out", r.stream.CachedInfo().Config.Name, sequence)
		return nil
	}
	r.written.Add(1)
	if _, err := r.out.Write(line); err != nil {
		return fmt.Errorf("write tape: %w", err)
	}
	if err := r.out.WriteByte('\n'); err != nil {
		return fmt.Errorf("write tape: %w", err)
	}
	return nil
}

func isJSON(line []byte) bool {
	return jsontext.Value(line).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// watch ends the reading where no message can come any more: what was left of the
// stream was removed meanwhile, or its server stays away.
func (r *recorder) watch(ctx context.Context, end context.CancelCauseFunc) {
	ticker := time.NewTicker(recordStall)
	defer ticker.Stop()
	seen, answered := r.position.Load(), time.Now()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		position := r.position.Load()
		if position != seen {
			seen, answered = position, time.Now()
			continue
		}
		next, err := r.stream.GetMsg(ctx, position+1, jetstream.WithGetMsgSubject(">"))
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound), err == nil && next.Sequence > r.last:
			end(errRecorded)
			return
		case err == nil:
			answered = time.Now()
		case time.Since(answered) > recordPatience:
			end(fmt.Errorf("server is away: %w", err))
			return
		}
	}
}
