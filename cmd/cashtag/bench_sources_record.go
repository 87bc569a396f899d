//go:build !external

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"cashtag/schemas"
	"cashtag/services/bluesky"
	"cashtag/streams/ingest"

	"github.com/coder/websocket"
)

// closingSource is a source that holds a connection.
type closingSource interface {
	ingest.Source
	Close() error
}

// readAll plays, and reads until n events came.
func readAll(ctx context.Context, source closingSource, n int, play func(context.Context) error) (read int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	played := make(chan error, 1)
	go func() {
		err := play(ctx)
		if err != nil {
			cancel(err)
		}
		played <- err
	}()
	cursor := ""
	for read < n {
		events, next, err := source.Next(ctx, cursor)
		if err != nil {
			return 0, errors.Join(fmt.Errorf("after %d of %d events: %w", read, n, errors.Join(err, context.Cause(ctx))), source.Close())
		}
		read, cursor = read+len(events), next
	}
	return read, errors.Join(<-played, source.Close())
}

// inBatches publishes events, some at a time.
func inBatches(events []schemas.Event, publish func(...schemas.Event) error) error {
	for batch := range slices.Chunk(events, sourceBatch) {
		if err := publish(batch...); err != nil {
			return err
		}
	}
	return nil
}

// xFields asks for what the client asks for.
const xFields = "tweet.fields=created_at,author_id,lang,entities,public_metrics,conversation_id,referenced_tweets" +
	"&expansions=author_id&user.fields=created_at,public_metrics,verified_type,verified"

// recordX returns the lines that X's stand-in sends for the day's posts.
func (d *sourceDay) recordX(ctx context.Context) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, sourcePatience)
	defer cancel()
	server, err := d.startX(ctx)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	rule := fmt.Sprintf(`{"add":[{"value":"$%s","tag":"bench"}]}`, strings.Join(d.tickers, " OR $"))
	added, err := d.askX(ctx, http.MethodPost, server.URL()+"/2/tweets/search/stream/rules", rule)
	if err != nil {
		return nil, err
	}
	_ = added.Body.Close()
	stream, err := d.askX(ctx, http.MethodGet, server.URL()+"/2/tweets/search/stream?"+xFields, "")
	if err != nil {
		return nil, err
	}
	defer stream.Body.Close() //nolint:errcheck // read only
	if err := server.Await(ctx); err != nil {
		return nil, err
	}
	if err := inBatches(d.x, server.Publish); err != nil {
		return nil, err
	}
	var lines [][]byte
	scanner := bufio.NewScanner(stream.Body)
	scanner.Buffer(nil, 1<<20)
	for len(lines) < len(d.x) && scanner.Scan() {
		if line := bytes.TrimSpace(scanner.Bytes()); len(line) > 0 {
			lines = append(lines, slices.Clone(line))
		}
	}
	return lines, scanner.Err()
}

func (d *sourceDay) askX(ctx context.Context, method, address, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(d.xConfig().Bearer))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		_ = response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", method, address, response.Status)
	}
	return response, nil
}

// recordBluesky returns the frames of Jetstream v2, without compression.
func (d *sourceDay) recordBluesky(ctx context.Context) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, sourcePatience)
	defer cancel()
	server, err := d.startBluesky(ctx)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	const subscription = "/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&collections=app.bsky.feed.post&cursor=1000000000000000"
	conn, answer, err := websocket.Dial(ctx, server.URL()+subscription, &websocket.DialOptions{Subprotocols: []string{"xrpc.v1.json"}})
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	defer conn.CloseNow() //nolint:errcheck // read only
	conn.SetReadLimit(bluesky.MaxFrame)
	last, ok := d.sky[len(d.sky)-1].Data.(*schemas.Tweet)
	if !ok {
		return nil, errors.New("the last post is none")
	}
	_, key, _ := strings.Cut(last.PostID, "/")
	end := fmt.Appendf(nil, `"rkey":%q`, key)
	var frames [][]byte
	for {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		if frames = append(frames, frame); bytes.Contains(frame, end) {
			return frames, nil
		}
	}
}

// recordAlpaca returns the frames of the day's bars.
func (d *sourceDay) recordAlpaca(ctx context.Context) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, sourcePatience)
	defer cancel()
	server, err := d.startAlpaca(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Close() }()
	conn, answer, err := websocket.Dial(ctx, server.StreamURL(), nil)
	if answer != nil && answer.Body != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return nil, err
	}
	defer conn.CloseNow() //nolint:errcheck // read only
	conn.SetReadLimit(1 << 20)
	cfg := d.stocksConfig()
	for _, said := range []string{
		fmt.Sprintf(`{"action":"auth","key":%q,"secret":%q}`, cfg.Key, cfg.Secret), `{"action":"subscribe","bars":["*"]}`,
	} {
		if _, _, err := conn.Read(ctx); err != nil {
			return nil, err
		}
		if err := conn.Write(ctx, websocket.MessageText, []byte(said)); err != nil {
			return nil, err
		}
	}
	if _, _, err := conn.Read(ctx); err != nil { // subscribed
		return nil, err
	}
	published := make(chan error, 1)
	go func() { published <- inBatches(d.quotes, server.Publish) }()
	var frames [][]byte
	for messages := 0; messages < len(d.quotes); {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		messages += bytes.Count(frame, []byte(`"T":"b"`))
		frames = append(frames, frame)
	}
	return frames, <-published
}
