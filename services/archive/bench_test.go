package archive_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/streamstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// BenchmarkArchive drains a stream of 655 B events, over TCP from a server in this
// process, into a far end on loopback that accepts everything: with the service,
// and with the least code that puts the same events there.
func BenchmarkArchive(b *testing.B) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer far.Close()
	server := natsdtest.Start(b, func(c *natsd.Config) { c.SyncAlways = false })
	client := streamstest.Dial(b, server)
	preload(b, client)
	for _, way := range []struct {
		name  string
		drain func(*testing.B, *streams.Client, archive.Config)
	}{{"service", drainByService}, {"minimum", drainByMinimum}} {
		b.Run(way.name, func(b *testing.B) {
			var took, used time.Duration
			for b.Loop() {
				prepare(b, client)
				cfg := archive.DefaultConfig()
				cfg.Streams, cfg.Endpoint, cfg.PathStyle = []string{streams.Tweets}, far.URL, true
				cfg.AccessKey, cfg.SecretKey = "key", "secret"
				before, start := cpu(), time.Now()
				way.drain(b, client, cfg)
				took += time.Since(start)
				used += cpu() - before
			}
			b.ReportMetric(events*float64(b.N)/took.Seconds(), "events/s")
			b.ReportMetric(used.Seconds()/events/float64(b.N)*1e6, "cpu-s/million")
			b.ReportMetric(float64(peakRSS()>>20), "peak-MB")
		})
	}
}

const events = 200_000

func drainByService(b *testing.B, client *streams.Client, cfg archive.Config) {
	b.Helper()
	service, err := archive.New(b.Context(), cfg, client, streamstest.NewSwitch(true), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	running := streamstest.Run(b, service.Run)
	if err := service.Readers()[0].Flush(b.Context(), events); err != nil {
		b.Fatal(err)
	}
	if got := service.Readers()[0].Stats().Stored; got != events {
		b.Fatalf("stored: got %d, want %d", got, events)
	}
	if err := running.Stop(b); err != nil {
		b.Fatal(err)
	}
}

// drainByMinimum has no cuts, sums, checks, manifests, standby or recovery.
func drainByMinimum(b *testing.B, client *streams.Client, cfg archive.Config) {
	b.Helper()
	ctx := b.Context()
	api := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &cfg.Endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
	durable, err := client.JS.CreateConsumer(ctx, streams.Tweets, jetstream.ConsumerConfig{
		Durable: streams.ServiceArchive, AckPolicy: jetstream.AckAllPolicy, MaxAckPending: 40_000,
	})
	if err != nil {
		b.Fatal(err)
	}
	var object bytes.Buffer
	encoder, err := zstd.NewWriter(&object, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	for read := 0; read < events; {
		batch, err := durable.Fetch(500)
		if err != nil {
			b.Fatal(err)
		}
		for msg := range batch.Messages() {
			_, _ = encoder.Write(msg.Data())
			_, _ = encoder.Write([]byte{'\n'})
			if read++; read%10_000 > 0 {
				continue
			}
			_ = encoder.Close()
			_, err := api.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &cfg.Bucket, Key: aws.String(fmt.Sprintf("TWEETS/%020d", read)), Body: bytes.NewReader(object.Bytes()),
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := msg.DoubleAck(ctx); err != nil {
				b.Fatal(err)
			}
			object.Reset()
			encoder.Reset(&object)
		}
	}
}

func preload(tb testing.TB, client *streams.Client) {
	tb.Helper()
	_, err := client.JS.CreateStream(tb.Context(), jetstream.StreamConfig{
		Name: streams.Tweets, Subjects: []string{"tweets.>"}, AllowDirect: true, Compression: jetstream.S2Compression,
	})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range events {
		msg := nats.NewMsg(fmt.Sprintf("tweets.x.T%d", i%100))
		msg.Header.Set(jetstream.MsgIDHeader, fmt.Sprintf("x:%d", i))
		msg.Header.Set("Content-Type", "application/cloudevents+json")
		msg.Data = tweet(i)
		if _, err := client.JS.PublishMsgAsync(msg); err != nil {
			tb.Fatal(err)
		}
		if i%1000 == 999 {
			<-client.JS.PublishAsyncComplete()
		}
	}
	<-client.JS.PublishAsyncComplete()
}

func prepare(tb testing.TB, client *streams.Client) {
	tb.Helper()
	_ = client.JS.DeleteConsumer(tb.Context(), streams.Tweets, streams.ServiceArchive)
	_ = client.JS.DeleteKeyValue(tb.Context(), streams.BucketBlocks)
	if _, err := client.JS.CreateKeyValue(tb.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketBlocks}); err != nil {
		tb.Fatal(err)
	}
}

// tweet is an event of 655 bytes, of words that compress about as posts do.
func tweet(i int) []byte {
	words := strings.Fields("earnings buy sell dip long short calls puts moon bear bull gap chart breakout volume support " +
		"resistance target upgrade downgrade guidance beat miss revenue margin growth")
	var text strings.Builder
	for x, n := uint64(i)*2654435761+1, 0; n < 22; n++ {
		x = x*6364136223846793005 + 1442695040888963407
		text.WriteString(words[(x>>33)%uint64(len(words))])
		text.WriteByte(' ')
	}
	event := fmt.Sprintf(`{"specversion":"1.0","id":"x:%d","source":"/x","type":"cashtag.tweet.v1","subject":"T%d",`+
		`"time":"2015-10-01T13:%02d:%02dZ","datacontenttype":"application/json","dataschema":"cashtag.tweet.v1.json",`+
		`"data":{"platform":"x","author":"%016x","tickers":["T%d"],"text":"%s`,
		i, i%100, i/60%60, i%60, uint64(i)*0x9E3779B97F4A7C15, i%100, text.String())
	return append([]byte(event+strings.Repeat("x", max(0, 655-len(event)-3))), `"}}`...)
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func peakRSS() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss << 10
}
