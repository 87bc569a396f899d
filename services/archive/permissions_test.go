package archive_test

import (
	"testing"

	"cashtag/streams"
)

// TestArchiveNeedsNoMoreThanItsPermissions archives, erases and goes on as the user
// that a production server has for the service.
func TestArchiveNeedsNoMoreThanItsPermissions(t *testing.T) {
	t.Parallel()
	source := newSource(t)
	source.reader = source.ConnectAs(t, streams.ServiceArchive)
	cfg := onFakeS3(t)
	source.publish(t, payloads(1, 25)...)
	stream, err := source.Client.JS.Stream(t.Context(), streams.Tweets)
	if err != nil {
		t.Fatal(err)
	}
	for _, sequence := range []uint64{1, 5, 25} {
		if err := stream.DeleteMsg(t.Context(), sequence); err != nil {
			t.Fatal(err)
		}
	}
	service := source.start(t, cfg)
	service.flush(t, 25)
	service.stop(t)
	source.publish(t, payloads(26, 32)...)
	service = source.start(t, cfg)
	service.flush(t, 32)
	service.stop(t)
	lines, problems := read(t, service.Store())
	expect(t, "problems", problems, nil)
	want := append(append(payloads(2, 4), payloads(6, 24)...), payloads(26, 32)...)
	expect(t, "lines", lines, want)
}
