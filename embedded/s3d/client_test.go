package s3d_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cashtag/embedded/s3d"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// prepare makes a directory for a server, with a directory in it if one is
// named.
func prepare(tb testing.TB, inner string) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, inner), 0o700); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// start runs a server on a directory until the test ends or kills it.
func start(tb testing.TB, dir string) *s3d.Server {
	tb.Helper()
	server, err := s3d.Start(tb.Context(), s3d.Config{Dir: dir, AccessKey: "cashtag", SecretKey: "swordfish"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return server
}

// connect makes a client of the server's user.
func connect(server *s3d.Server) *s3.Client {
	keys := server.Credentials()
	return connectAs(server, keys.AccessKey, keys.SecretKey)
}

// connectAs makes a client with keys of its own.
func connectAs(server *s3d.Server, access, secret string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(server.Endpoint()),
		Region:       server.Region(),
		Credentials:  credentials.NewStaticCredentialsProvider(access, secret, ""),
		UsePathStyle: true,
	})
}

// makeBucket makes the bucket of a test.
func makeBucket(tb testing.TB, client *s3.Client) {
	tb.Helper()
	if _, err := client.CreateBucket(tb.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		tb.Fatal(err)
	}
}

// object is the request to store a text.
func object(key, text string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(text)}
}

// put stores a text.
func put(tb testing.TB, client *s3.Client, key, text string) {
	tb.Helper()
	if _, err := client.PutObject(tb.Context(), object(key, text)); err != nil {
		tb.Fatal(err)
	}
}

// get opens an object, or the range of it that is given, with its checksum.
func get(tb testing.TB, client *s3.Client, key, bytesRange string) *s3.GetObjectOutput {
	tb.Helper()
	in := &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled}
	if bytesRange != "" {
		in.Range = aws.String(bytesRange)
	}
	out, err := client.GetObject(tb.Context(), in)
	if err != nil {
		tb.Fatalf("get %s: %v", key, err)
	}
	return out
}

// read reads an object, whose checksum the client compares at its end.
func read(tb testing.TB, out *s3.GetObjectOutput) []byte {
	tb.Helper()
	body, err := io.ReadAll(out.Body)
	if err := errors.Join(err, out.Body.Close()); err != nil {
		tb.Fatal(err)
	}
	return body
}

// keys lists the objects under a prefix, two a page.
func keys(tb testing.TB, client *s3.Client, prefix string) []string {
	tb.Helper()
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket), Prefix: aws.String(prefix), MaxKeys: aws.Int32(2),
	})
	var list []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		for _, found := range page.Contents {
			list = append(list, aws.ToString(found.Key))
		}
	}
	return list
}

// digest is the SHA-256 of a body as S3 writes it.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// code is the error code that S3 answered, "" for success.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
