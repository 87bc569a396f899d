package archive_test

import (
	"sync"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestArchiveNeedsNoMoreThanItsPermissions archives, erases and goes on as the user
// that a production server has for the service.
func TestArchiveNeedsNoMoreThanItsPermissions(t *testing.T) {
	t.Parallel()
	publish, subscribe, err := streams.Permissions(streams.ServiceArchive)
	if err != nil {
		t.Fatal(err)
	}
	server := natsdtest.Start(t, func(c *natsd.Config) {
		c.SyncAlways = false
		c.Users = []natsd.User{{Name: "archive", Password: "secret", Publish: publish, Subscribe: subscribe}}
	})
	admin, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	all, err := streams.NewClient(admin)
	if err != nil {
		t.Fatal(err)
	}
	source := &source{client: all}
	source.create(t)
	if _, err := all.JS.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: streams.BucketBlocks}); err != nil {
		t.Fatal(err)
	}

	var mu sync.Mutex
	var refused []error
	conn, err := server.ConnectAs("archive",
		nats.CustomInboxPrefix(streams.InboxPrefix(streams.ServiceArchive)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			mu.Lock()
			defer mu.Unlock()
			refused = append(refused, err)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	narrow, err := streams.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	cfg := onFakeS3(t)
	source.publish(t, payloads(1, 25)...)
	stream, err := all.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{1, 5, 25} {
		if err := stream.DeleteMsg(t.Context(), sequence); err != nil {
			t.Fatal(err)
		}
	}
	restricted := *source
	restricted.client = narrow
	service := restricted.start(t, cfg)
	service.flush(t, 25)
	service.stop(t)
	source.publish(t, payloads(26, 32)...)
	service = restricted.start(t, cfg)
	service.flush(t, 32)
	service.stop(t)
	lines, problems := read(t, service.Store())
	expect(t, "problems", problems, nil)
	want := append(append(payloads(2, 4), payloads(6, 24)...), payloads(26, 32)...)
	expect(t, "lines", lines, want)
	mu.Lock()
	defer mu.Unlock()
	if len(refused) > 0 {
		t.Errorf("refused by the server: got %v, want none", refused)
	}
}
