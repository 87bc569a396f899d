package archive_test

import (
	"bytes"
	"errors"
	"testing"

	"cashtag/services/archive"
)

func TestObjects(t *testing.T) {
	t.Parallel()
	cfg := onFakeS3(t)
	cfg.Prefix = "cashtag/"
	objects := archive.NewObjects(open(t, cfg))
	ctx := t.Context()
	if _, err := objects.Get(ctx, "models/a/1", 10); !errors.Is(err, archive.ErrNoObject) {
		t.Errorf("get what is not there: got %v, want %v", err, archive.ErrNoObject)
	}
	for _, body := range [][]byte{[]byte("first"), []byte("second")} {
		if err := objects.Put(ctx, "models/a/1", body); err != nil {
			t.Fatalf("put: %v", err)
		}
		got, err := objects.Get(ctx, "models/a/1", 10)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("get: got %q and %v, want %q", got, err, body)
		}
	}
	if _, err := objects.Get(ctx, "models/a/1", 5); err == nil {
		t.Error("get more than the limit: got no error")
	}
}
