package s3d_test

import (
	"bytes"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"cashtag/embedded/child"
	"cashtag/embedded/s3d"
	"cashtag/embedded/s3d/s3dtest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

func TestMain(m *testing.M) {
	child.Main(s3d.Child())
	os.Exit(m.Run())
}

const bucket = "archive"

// stores are the ways to keep the attributes of objects. A directory for them
// that is there at the start is used.
var stores = []struct {
	name, dir string
}{
	{"attributes with the objects", ""},
	{"attributes beside the objects", "metadata"},
}

func TestObjects(t *testing.T) {
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			client := connect(start(t, prepare(t, store.dir)))
			makeBucket(t, client)
			body := []byte("0123456789")
			sum := digest(body)

			out, err := client.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("tweets/1.zst"), Body: bytes.NewReader(body),
				ChecksumSHA256: aws.String(sum), ContentType: aws.String("application/zstd"),
				Metadata: map[string]string{"last": "42"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := aws.ToString(out.ChecksumSHA256); got != sum {
				t.Errorf("put: got checksum %s, want %s", got, sum)
			}

			whole := get(t, client, "tweets/1.zst", "")
			if got := read(t, whole); !bytes.Equal(got, body) {
				t.Errorf("get: got %q, want %q", got, body)
			}
			if got := aws.ToString(whole.ChecksumSHA256); got != sum {
				t.Errorf("get: got checksum %s, want %s", got, sum)
			}
			if got, want := aws.ToString(whole.ContentType), "application/zstd"; got != want {
				t.Errorf("get: got content type %s, want %s", got, want)
			}
			if got, want := whole.Metadata["last"], "42"; got != want {
				t.Errorf("get: got metadata %s, want %s", got, want)
			}
			if got, want := read(t, get(t, client, "tweets/1.zst", "bytes=2-4")), "234"; string(got) != want {
				t.Errorf("get range: got %q, want %q", got, want)
			}
		})
	}
}

func TestPutIsRefused(t *testing.T) {
	client := connect(s3dtest.Start(t))
	makeBucket(t, client)
	put(t, client, "taken", "first")

	tests := []struct {
		name, key string
		change    func(in *s3.PutObjectInput)
		want      string
	}{
		{"wrong SHA-256", "new", func(in *s3.PutObjectInput) { in.ChecksumSHA256 = aws.String(digest([]byte("other"))) }, "BadDigest"},
		{"wrong CRC-32", "new", func(in *s3.PutObjectInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") }, "BadDigest"},
		{"name is taken", "taken", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }, "PreconditionFailed"},
		{"no such bucket", "new", func(in *s3.PutObjectInput) { in.Bucket = aws.String("nobody") }, "NoSuchBucket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(tt.key), Body: strings.NewReader("second")}
			tt.change(in)
			_, err := client.PutObject(t.Context(), in)
			if got := code(err); got != tt.want {
				t.Errorf("got error %v with code %q, want %q", err, got, tt.want)
			}
		})
	}
	if got, want := keys(t, client, ""), []string{"taken"}; !slices.Equal(got, want) {
		t.Errorf("got objects %v, want %v", got, want)
	}
	if got, want := read(t, get(t, client, "taken", "")), "first"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIfNoneMatchHasOneWinner(t *testing.T) {
	client := connect(s3dtest.Start(t))
	makeBucket(t, client)
	var won, lost atomic.Int64
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("cut"), IfNoneMatch: aws.String("*"),
				Body: strings.NewReader(strconv.Itoa(i)),
			})
			switch code(err) {
			case "":
				won.Add(1)
			case "PreconditionFailed":
				lost.Add(1)
			default:
				return err
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("got %d winners and %d losers, want 1 and 15", won.Load(), lost.Load())
	}
}

func TestList(t *testing.T) {
	client := connect(s3dtest.Start(t))
	makeBucket(t, client)
	all := []string{"quotes/1", "tweets/1", "tweets/2", "tweets/3"}
	for _, key := range all {
		put(t, client, key, key)
	}
	if got := keys(t, client, ""); !slices.Equal(got, all) {
		t.Errorf("got objects %v, want %v", got, all)
	}
	if got, want := keys(t, client, "tweets/"), all[1:]; !slices.Equal(got, want) {
		t.Errorf("got objects %v, want %v", got, want)
	}
}

func TestMultipart(t *testing.T) {
	client := connect(s3dtest.Start(t))
	makeBucket(t, client)
	parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("end")}
	key := &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: aws.String("large")}
	upload, err := client.CreateMultipartUpload(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var done []types.CompletedPart
	for i, part := range parts {
		number := aws.Int32(int32(i + 1))
		out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: key.Bucket, Key: key.Key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(part),
		})
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
	}
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: key.Bucket, Key: key.Key, UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, get(t, client, "large", "")), bytes.Join(parts, nil); !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, want the %d that were uploaded", len(got), len(want))
	}
}

func TestWrongKeyIsRefused(t *testing.T) {
	server := s3dtest.Start(t)
	keys := server.Credentials()
	tests := []struct {
		name         string
		access, hide string
		want         string
	}{
		{"right", keys.AccessKey, keys.SecretKey, ""},
		{"wrong secret", keys.AccessKey, "wrong", "SignatureDoesNotMatch"},
		{"wrong user", "wrong", keys.SecretKey, "InvalidAccessKeyId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := connectAs(server, tt.access, tt.hide)
			if _, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{}); code(err) != tt.want {
				t.Errorf("got error %v with code %q, want %q", err, code(err), tt.want)
			}
		})
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	endpoint, err := url.Parse(s3dtest.Start(t).Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := endpoint.Hostname(), "127.0.0.1"; got != want {
		t.Errorf("got host %s, want %s", got, want)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		network, ok := addr.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.To4() == nil {
			continue
		}
		outside := net.JoinHostPort(network.IP.String(), endpoint.Port())
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", outside)
		if err == nil {
			_ = conn.Close()
			t.Errorf("got a connection to %s, want none", outside)
		}
	}
}

func TestStartFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	busy := listener.Addr().String()

	tests := []struct {
		name string
		cfg  s3d.Config
		want string
	}{
		{"no directory", s3d.Config{}, `s3d: Dir is "", want a directory for the objects`},
		{"all interfaces", s3d.Config{Dir: file, Addr: ":0"}, `s3d: Addr is ":0", want a loopback host and port`},
		{"half a key", s3d.Config{Dir: file, AccessKey: "me"}, `s3d: AccessKey is "me" and SecretKey has 0 characters, want both or neither`},
		{"directory is a file", s3d.Config{Dir: file}, "start s3d: s3d: make directory: mkdir " + file + ": not a directory"},
		{"address in use", s3d.Config{Dir: t.TempDir(), Addr: busy}, "start s3d: s3d: listen tcp " + busy + ": bind: address already in use"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, err := s3d.Start(t.Context(), tt.cfg)
			if err == nil {
				_ = server.Close()
				t.Fatalf("got no error, want %q", tt.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("got error %q, want one line that begins with %q", got, tt.want)
			}
		})
	}
}
