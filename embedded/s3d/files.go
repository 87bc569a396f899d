package s3d

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3response"
)

// ownerAttribute is what the gateway writes last enough to call a directory a
// bucket; without it every request for the bucket fails, its making included.
const ownerAttribute = "acl"

// metadata chooses where the attributes of objects are kept: with the objects,
// or under sidecar where the file system has no extended attributes, or where
// an earlier run has begun so. It returns the sidecar that is in use, if any.
func metadata(objects, sidecar string) (store meta.MetadataStorer, used string, err error) {
	_, err = os.Stat(sidecar)
	if errors.Is(err, os.ErrNotExist) && hasAttributes(objects) {
		return meta.XattrMeta{}, "", nil
	}
	if err := os.MkdirAll(sidecar, 0o700); err != nil {
		return nil, "", fmt.Errorf("make directory of metadata: %w", err)
	}
	store, err = meta.NewSideCar(sidecar)
	if err != nil {
		return nil, "", fmt.Errorf("open directory of metadata: %w", err)
	}
	return store, sidecar, nil
}

// hasAttributes says whether files in a directory take extended attributes.
func hasAttributes(dir string) bool {
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return false
	}
	err = meta.XattrMeta{}.StoreAttribute(probe, "", "", "probe", []byte("probe"))
	return errors.Join(err, probe.Close(), os.Remove(probe.Name())) == nil
}

// repair undoes what a kill left half made in the working directory: buckets
// without an owner, which are empty, and the temporary files of uploads.
func repair(ctx context.Context, store meta.MetadataStorer, logger *slog.Logger) error {
	entries, err := os.ReadDir(".")
	if err != nil {
		return fmt.Errorf("list buckets: %w", err)
	}
	for _, entry := range entries {
		bucket := entry.Name()
		if !entry.IsDir() || strings.HasPrefix(bucket, ".") {
			continue
		}
		_, err := store.RetrieveAttribute(nil, bucket, "", ownerAttribute)
		if errors.Is(err, meta.ErrNoSuchKey) && os.Remove(bucket) == nil {
			logger.WarnContext(ctx, "bucket half made by a process that was killed, undone", "bucket", bucket)
			continue
		}
		if err := removeFiles(filepath.Join(bucket, posix.MetaTmpDir)); err != nil {
			return fmt.Errorf("remove temporary files of bucket %s: %w", bucket, err)
		}
	}
	return nil
}

// removeFiles removes the files of a directory, not what is below it.
func removeFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// synced acknowledges an object only when its data and its name are on disk.
type synced struct{ *posix.Posix }

var _ backend.Backend = synced{}

// PutObject implements backend.Backend.
func (s synced) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	out, err := s.Posix.PutObject(ctx, in)
	if err == nil {
		err = syncObject(*in.Bucket, *in.Key)
	}
	return out, err
}

// CompleteMultipartUpload implements backend.Backend.
func (s synced) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	out, version, err := s.Posix.CompleteMultipartUpload(ctx, in)
	if err == nil {
		err = syncObject(*in.Bucket, *in.Key)
	}
	return out, version, err
}

// syncObject writes a file, and the directories that lead to it, to the disk.
// What was deleted meanwhile needs no more.
func syncObject(bucket, key string) error {
	for name := filepath.Join(bucket, key); ; name = filepath.Dir(name) {
		if err := syncFile(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("sync object: %w", err)
		}
		if name == "." {
			return nil
		}
	}
}

// syncFile writes one file or directory to the disk.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
