package s3d_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"cashtag/embedded/s3d/s3dtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

func TestRestartKeepsObjects(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			dir := prepare(t, store.dir)
			server := start(t, dir)
			client := connect(server)
			makeBucket(t, client)
			put(t, client, "a/b", "kept")
			before := get(t, client, "a/b", "")
			_ = read(t, before)
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}

			after := get(t, connect(start(t, dir)), "a/b", "")
			if got, want := read(t, after), "kept"; string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := aws.ToString(after.ETag), aws.ToString(before.ETag); got != want || got == "" {
				t.Errorf("got ETag %q, want %q", got, want)
			}
		})
	}
}

func TestCloseDoesNotWaitForSilentClients(t *testing.T) {
	server := start(t, t.TempDir())
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.Endpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	makeBucket(t, connect(server)) // accepted later than the silent one
	if err := server.Close(); err != nil {
		t.Errorf("close: got %v, want nil", err)
	}
}

func TestKillKeepsAcknowledged(t *testing.T) {
	const (
		writers = 4
		enough  = 60   // acknowledged objects before the kill
		most    = 5000 // objects of one writer
	)
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			dir := prepare(t, store.dir)
			server := start(t, dir)
			client := connect(server)
			makeBucket(t, client)

			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-server.Done()
				cancel() // the client would try again
			}()
			var acknowledged atomic.Int64
			done := make([][]string, writers)
			var group errgroup.Group
			for w := range writers {
				group.Go(func() error {
					for i := range most {
						key := fmt.Sprintf("%d/%d", w, i)
						if _, err := client.PutObject(ctx, object(key, strings.Repeat(key, 1000))); err != nil {
							return nil // the server is gone
						}
						done[w] = append(done[w], key)
						if acknowledged.Add(1) == enough {
							return syscall.Kill(server.Pid(), syscall.SIGKILL)
						}
					}
					return errors.New("wrote everything before the kill")
				})
			}
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			<-server.Done()

			again := connect(start(t, dir))
			for _, key := range slices.Concat(done...) {
				out := get(t, again, key, "") // which checks the checksum
				if got, want := read(t, out), strings.Repeat(key, 1000); string(got) != want {
					t.Errorf("object %s: got %d bytes, want the %d that were acknowledged", key, len(got), len(want))
				}
			}
		})
	}
}

// A directory without an owner is what a kill in the middle of CreateBucket
// leaves behind.
func TestKilledCreateBucketIsUndone(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			dir := prepare(t, store.dir)
			server := start(t, dir)
			makeBucket(t, connect(server))
			put(t, connect(server), "kept", "kept")
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(dir, "objects", "half"), 0o700); err != nil {
				t.Fatal(err)
			}
			temporary := filepath.Join(dir, "objects", bucket, ".sgwtmp", "upload.123")
			if err := os.MkdirAll(filepath.Dir(temporary), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(temporary, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}

			client := connect(start(t, dir))
			if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("half")}); err != nil {
				t.Errorf("create bucket: got %v, want nil", err)
			}
			if got, want := keys(t, client, ""), []string{"kept"}; !slices.Equal(got, want) {
				t.Errorf("got objects %v, want %v", got, want)
			}
			if _, err := os.Stat(temporary); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("temporary file: got %v, want %v", err, os.ErrNotExist)
			}
		})
	}
}

// What an archive does: store a block of 4 MiB.
func BenchmarkPut(b *testing.B) {
	client := connect(s3dtest.Start(b))
	if _, err := client.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		b.Fatal(err)
	}
	block := strings.Repeat("x", 4<<20)
	b.SetBytes(int64(len(block)))
	n := 0
	for b.Loop() {
		n++
		put(b, client, strconv.Itoa(n), block)
	}
}
