package kinesisd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/embedded/natsd/natsdtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestProtocol(t *testing.T) {
	s, _ := start(t)
	const auth, target, media = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c", "Kinesis_20131202.ListStreams", "application/x-amz-json-1.1"
	cases := []struct {
		name, method, path, auth, target, media, body string
		status                                        int
		want                                          string
	}{
		{"good", "POST", "/", auth, target, media, `{}`, 200, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`},
		{"no signature", "POST", "/", "", target, media, `{}`, 403, `"__type":"MissingAuthenticationTokenException"`},
		{"other signature", "POST", "/", "Bearer x", target, media, `{}`, 403, `"__type":"IncompleteSignatureException"`},
		{"unknown operation", "POST", "/", auth, "Kinesis_20131202.MergeShards", media, `{}`, 400, `"__type":"UnknownOperationException"`},
		{"other service", "POST", "/", auth, "ListStreams", media, `{}`, 400, `"__type":"UnknownOperationException"`},
		{"other media type", "POST", "/", auth, target, "application/cbor", `{}`, 400, `"__type":"SerializationException"`},
		{"no json", "POST", "/", auth, target, media, `{`, 400, `"__type":"SerializationException"`},
		{"wrong type", "POST", "/", auth, target, media, `{"Limit":"x"}`, 400, `"__type":"SerializationException"`},
		{"unknown member", "POST", "/", auth, target, media, `{"X":1}`, 200, `"StreamNames":[]`},
		{"get", "GET", "/", auth, target, media, ``, 400, `"__type":"UnknownOperationException"`},
		{"path", "POST", "/x", auth, target, media, `{}`, 400, `"__type":"UnknownOperationException"`},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			// A body of unknown length takes the other way of being read.
			for _, body := range []io.Reader{strings.NewReader(tc.body), io.MultiReader(strings.NewReader(tc.body))} {
				r, err := http.NewRequestWithContext(t.Context(), tc.method, s.Endpoint()+tc.path, body)
				if err != nil {
					t.Fatalf("request: %v", err)
				}
				r.Header.Set("Content-Type", tc.media)
				r.Header.Set("X-Amz-Target", tc.target)
				if tc.auth != "" {
					r.Header.Set("Authorization", tc.auth)
				}
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatalf("do: %v", err)
				}
				got, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatalf("read: %v", err)
				}
				if err := resp.Body.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				if resp.StatusCode != tc.status || !strings.Contains(string(got), tc.want) {
					t.Errorf("got %d %s, want %d %s", resp.StatusCode, got, tc.status, tc.want)
				}
				if resp.Header.Get("X-Amzn-Requestid") == "" {
					t.Error("request id: got none")
				}
			}
		})
	}
}

func TestCallFaults(t *testing.T) {
	s, c := start(t)
	create(t, c, "tweets", 1)
	put := func() error {
		_, err := c.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: aws.String("tweets"), PartitionKey: aws.String("k"), Data: []byte("x")})
		return err
	}
	on := func(status int, code string) func(string) (int, string) {
		return func(op string) (int, string) {
			if op != "PutRecord" {
				return 0, ""
			}
			return status, code
		}
	}
	cases := []struct {
		name   string
		faults kinesisd.Faults
		want   string
		stored int
	}{
		{"none", kinesisd.Faults{}, "<nil>", 1},
		{"call refused", kinesisd.Faults{Call: on(500, "InternalFailure")}, "InternalFailure", 1},
		{"unavailable", kinesisd.Faults{Call: on(503, "ServiceUnavailable")}, "ServiceUnavailable", 1},
		{"answer lost", kinesisd.Faults{Answer: on(500, "InternalFailure")}, "InternalFailure", 2},
		{"connection lost", kinesisd.Faults{Answer: on(-1, "")}, "EOF", 3},
		{"connection lost before", kinesisd.Faults{Call: on(-1, "")}, "EOF", 3},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s.SetFaults(tc.faults)
			if got := codeOf(put()); !strings.Contains(got, tc.want) {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			s.SetFaults(kinesisd.Faults{})
			records, err := s.Records(t.Context(), "tweets")
			if err != nil {
				t.Fatalf("records: %v", err)
			}
			if got := len(records); got != tc.stored {
				t.Errorf("stored: got %d, want %d", got, tc.stored)
			}
		})
	}
}

func TestLatency(t *testing.T) {
	const latency = 50 * time.Millisecond
	s, c := start(t, func(cfg *kinesisd.Config) { cfg.Faults.Latency = latency })
	begin := time.Now()
	create(t, c, "tweets", 1)
	if got := time.Since(begin); got < latency {
		t.Errorf("call took %s, want at least %s", got, latency)
	}
	s.SetFaults(kinesisd.Faults{Latency: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), latency)
	defer cancel()
	_, err := c.ListStreams(ctx, &kinesis.ListStreamsInput{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("call with an hour of latency: got %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestCloseFreesTheAddress(t *testing.T) {
	bus := natsdtest.Start(t)
	addr := "127.0.0.1:0"
	for range 50 {
		s := kinesisdtest.StartOn(t, bus, func(c *kinesisd.Config) { c.Addr = addr })
		addr = strings.TrimPrefix(s.Endpoint(), "http://")
		s.Close()
	}
}

func TestStartErrors(t *testing.T) {
	busy, _ := start(t)
	addr := strings.TrimPrefix(busy.Endpoint(), "http://")
	nc, err := natsdtest.Start(t).ConnectKinesis()
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatalf("jetstream: %v", err)
	}
	narrow, err := server.NewServer(&server.Options{Host: "127.0.0.1", DontListen: true, MaxPayload: 1 << 20, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatalf("narrow nats: %v", err)
	}
	narrow.Start()
	t.Cleanup(narrow.Shutdown)
	narrowConn, err := nats.Connect("", nats.InProcessServer(narrow))
	if err != nil {
		t.Fatalf("connect to narrow nats: %v", err)
	}
	t.Cleanup(narrowConn.Close)
	narrowJS, err := jetstream.New(narrowConn)
	if err != nil {
		t.Fatalf("jetstream: %v", err)
	}
	cases := []struct {
		name   string
		change func(*kinesisd.Config)
		want   string
	}{
		{"no address", func(c *kinesisd.Config) { c.Addr = "" }, "kinesis: addr is empty"},
		{"no jetstream", func(c *kinesisd.Config) { c.JetStream = nil }, "kinesis: no jetstream"},
		{"narrow jetstream", func(c *kinesisd.Config) { c.JetStream = narrowJS }, "kinesis: nats max payload 1048576 bytes: want at least 1049602"},
		{"no room", func(c *kinesisd.Config) { c.MaxBytes = 1 }, "kinesis: max bytes 1: want at least 16777216"},
		{"negative latency", func(c *kinesisd.Config) { c.Faults.Latency = -1 }, "kinesis: latency -1ns: want 0 or more"},
		{"busy address", func(c *kinesisd.Config) { c.Addr = addr }, "kinesis: " + addr + " is in use: stop what listens there or choose another address"},
		{"foreign address", func(c *kinesisd.Config) { c.Addr = "192.0.2.1:1" }, "kinesis: cannot listen on 192.0.2.1:1: choose another address"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			cfg := kinesisd.DefaultConfig()
			cfg.JetStream = js
			tc.change(&cfg)
			s, err := kinesisd.Start(t.Context(), cfg)
			if err == nil {
				s.Close()
			}
			if got := fmt.Sprint(err); !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want prefix %q", got, tc.want)
			}
		})
	}
}
