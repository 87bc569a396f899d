package archive_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/child"
	"cashtag/embedded/s3d"
	"cashtag/embedded/s3d/s3dtest"
	"cashtag/services/archive"
	"cashtag/streams"
	"cashtag/streams/streamstest"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/zstd"
)

func TestMain(m *testing.M) {
	child.Main(s3d.Child())
	os.Exit(m.Run())
}

// onStandIn points a configuration at the S3 stand-in.
func onStandIn(t *testing.T) archive.Config {
	t.Helper()
	return configFor(s3dtest.Start(t))
}

func configFor(server *s3d.Server) archive.Config {
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.Region, cfg.PathStyle, cfg.Create = server.Endpoint(), server.Region(), true, true
	cfg.AccessKey, cfg.SecretKey = server.Credentials().AccessKey, server.Credentials().SecretKey
	return small(cfg)
}

// onFakeS3 points a configuration at another author's server.
func onFakeS3(t *testing.T) archive.Config {
	t.Helper()
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.PathStyle, cfg.Create = server.URL, true, true
	cfg.AccessKey, cfg.SecretKey = "key", "secret"
	return small(cfg)
}

func small(cfg archive.Config) archive.Config {
	cfg.Streams = []string{streams.Tweets}
	cfg.BlockEvents = 10
	cfg.Takeover = 2 * time.Second
	return cfg
}

func open(t *testing.T, cfg archive.Config) *archive.Store {
	t.Helper()
	store, err := archive.NewStore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

// client is the SDK's own, to look at what the archive wrote.
func client(cfg archive.Config) *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &cfg.Endpoint, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, ""),
	})
}

func names(t *testing.T, cfg archive.Config) []string {
	t.Helper()
	page, err := client(cfg).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &cfg.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, object := range page.Contents {
		names = append(names, *object.Key)
	}
	return names
}

func fetch(t *testing.T, cfg archive.Config, name string) []byte {
	t.Helper()
	out, err := client(cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: &cfg.Bucket, Key: &name})
	if err != nil {
		t.Fatalf("get %s: %v", name, err)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func put(t *testing.T, cfg archive.Config, name string, data []byte) {
	t.Helper()
	_, err := client(cfg).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &cfg.Bucket, Key: &name, Body: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, cfg archive.Config, name string) {
	t.Helper()
	if _, err := client(cfg).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &cfg.Bucket, Key: &name}); err != nil {
		t.Fatal(err)
	}
}

// checkBlock checks a block as a stranger would: with the manifest, a decoder and
// nothing of this package's reader. It returns the manifest and the lines.
func checkBlock(t *testing.T, cfg archive.Config, base string) (archive.Manifest, string) {
	t.Helper()
	var manifest archive.Manifest
	if err := json.Unmarshal(fetch(t, cfg, base+".manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	compressed := fetch(t, cfg, base+".ndjson.zst")
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	plain, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := manifest.SHA256, sum(plain); got != want {
		t.Errorf("%s: sha256: got %s, want %s", base, got, want)
	}
	if got, want := manifest.CompressedSHA256, sum(compressed); got != want {
		t.Errorf("%s: compressed_sha256: got %s, want %s", base, got, want)
	}
	if manifest.Bytes != uint64(len(plain)) || manifest.CompressedBytes != uint64(len(compressed)) {
		t.Errorf("%s: got %d and %d bytes, want %d and %d", base, manifest.Bytes, manifest.CompressedBytes, len(plain), len(compressed))
	}
	lines := bytes.Split(bytes.TrimSuffix(plain, []byte("\n")), []byte("\n"))
	if manifest.Events != uint64(len(lines)) {
		t.Errorf("%s: events: got %d, want %d", base, manifest.Events, len(lines))
	}
	for i, line := range lines {
		if !json.Valid(line) {
			t.Errorf("%s: line %d is no JSON: %q", base, i, line)
		}
	}
	return manifest, string(plain)
}

func sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// source is a server with the topology, and who reads TWEETS.
type source struct {
	*streamstest.Server

	reader *streams.Client
}

func newSource(t *testing.T) *source {
	t.Helper()
	server := streamstest.Start(t)
	return &source{server, server.Client}
}

func (s *source) publish(t *testing.T, payloads ...string) {
	t.Helper()
	for _, payload := range payloads {
		if _, err := s.Client.JS.Publish(t.Context(), "tweets.x.AAPL", []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
}

// running is a service that runs.
type running struct {
	*archive.Service
	*streamstest.Running
}

func (s *source) start(t *testing.T, cfg archive.Config) *running {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	service, err := archive.New(t.Context(), cfg, s.reader, streamstest.NewSwitch(true), logger)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &running{service, streamstest.Run(t, service.Run)}
}

func (r *running) flush(t *testing.T, upTo uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), streamstest.Patience)
	defer cancel()
	if err := r.Readers()[0].Flush(ctx, upTo); err != nil {
		t.Fatal(err)
	}
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	if err := r.Stop(t); err != nil {
		t.Fatal(err)
	}
}

// read is everything that Read yields: lines, and errors as text.
func read(t *testing.T, store *archive.Store) (lines, problems []string) {
	t.Helper()
	for line, err := range store.Read(t.Context(), streams.Tweets) {
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		lines = append(lines, string(line))
	}
	return lines, problems
}

func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
