package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"cashtag/streams/durable"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// standInRegion signs calls to an endpoint that is not Amazon's.
	standInRegion = "us-east-1"
	// maxManifestBytes and maxObjectBytes bound what is read into memory.
	maxManifestBytes = 64 << 10
	maxObjectBytes   = 2 << 30
)

// Store keeps blocks in a bucket and reads them back. It is safe for concurrent
// use.
type Store struct {
	cfg Config
	api *s3.Client
}

var _ durable.BlockSink = (*Store)(nil)

// NewStore returns a Store. It makes no call; it returns an error for a
// configuration that does not validate.
func NewStore(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	var options []func(*config.LoadOptions) error
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	} else if cfg.Endpoint != "" {
		options = append(options, config.WithDefaultRegion(standInRegion))
	}
	if cfg.AccessKey != "" {
		static := credentials.NewStaticCredentialsProvider(cfg.AccessKey, cfg.SecretKey, "")
		options = append(options, config.WithCredentialsProvider(static))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("load aws configuration: %w", err)
	}
	if loaded.Region == "" {
		return nil, errors.New("archive: no aws region: set the region in the configuration or AWS_REGION in the environment")
	}
	api := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = cfg.PathStyle
		// Sums are given where they are known, and checked by Read.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
	})
	return &Store{cfg: cfg, api: api}, nil
}

// Ensure returns once the bucket is there, having created it where Config.Create
// asks for it. It returns an error that wraps ErrNoBucket where it is missing, and
// one line that names the cause for anything else.
func (s *Store) Ensure(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	_, err := s.api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.cfg.Bucket})
	if err == nil {
		return nil
	}
	if !isNotFound(err) {
		return s.failure("look for", s.cfg.Bucket, err)
	}
	if !s.cfg.Create {
		return durable.Fatal(fmt.Errorf("bucket %s%s: %w: create it, or have it created", s.cfg.Bucket, s.where(), ErrNoBucket))
	}
	input := &s3.CreateBucketInput{Bucket: &s.cfg.Bucket}
	// The first region is the default, and may not be named.
	if region := s.api.Options().Region; region != "us-east-1" {
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(region),
		}
	}
	_, err = s.api.CreateBucket(ctx, input)
	var ours *types.BucketAlreadyOwnedByYou
	if err != nil && !errors.As(err, &ours) {
		return s.failure("create", s.cfg.Bucket, err)
	}
	return nil
}

// Open starts the object of a block.
func (s *Store) Open() (durable.BlockWriter, error) { return newObject(s) }

// Stored reports whether the block is stored whole. It returns a Fatal error when
// another stream's block has its place.
func (s *Store) Stored(ctx context.Context, block durable.Block) (bool, error) {
	manifest, err := s.manifest(ctx, block.Stream, block.First)
	if errors.Is(err, errNotStored) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !manifest.StreamCreatedAt.Equal(block.CreatedAt) {
		return false, durable.Fatal(fmt.Errorf("%s of bucket %s%s is a block of another stream %s, made %s: "+
			"choose another prefix or bucket", manifest.Object, s.cfg.Bucket, s.where(),
			manifest.Stream, manifest.StreamCreatedAt.Format("2006-01-02T15:04:05Z")))
	}
	return manifest.Last == block.Last, nil
}

// manifest reads the manifest of a block. It returns errNotStored where there is
// none.
func (s *Store) manifest(ctx context.Context, stream string, first uint64) (Manifest, error) {
	name := s.cfg.names(stream, first).manifest
	data, err := s.get(ctx, name, maxManifestBytes)
	if err != nil {
		return Manifest{}, err
	}
	manifest, err := decodeManifest(data)
	if err == nil && (manifest.Stream != stream || manifest.First != first) {
		err = fmt.Errorf("is that of block %d of stream %s", manifest.First, manifest.Stream)
	}
	if err != nil {
		return Manifest{}, durable.Fatal(fmt.Errorf("manifest %s of bucket %s%s: %w", name, s.cfg.Bucket, s.where(), err))
	}
	return manifest, nil
}

// put stores an object, which the server refuses if it does not have that sum.
func (s *Store) put(ctx context.Context, name, contentType string, data []byte, sum [sha256.Size]byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	_, err := s.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket:         &s.cfg.Bucket,
		Key:            &name,
		Body:           bytes.NewReader(data),
		ContentLength:  aws.Int64(int64(len(data))),
		ContentType:    &contentType,
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	if err != nil {
		return s.failure("put", name, err)
	}
	return nil
}

// get reads an object whole. It returns errNotStored where there is none.
func (s *Store) get(ctx context.Context, name string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.cfg.Bucket, Key: &name})
	if _, ok := errors.AsType[*types.NoSuchKey](err); ok {
		return nil, fmt.Errorf("get %s of bucket %s: %w", name, s.cfg.Bucket, errNotStored)
	}
	if err != nil {
		return nil, s.failure("get", name, err)
	}
	defer func() { _ = out.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(out.Body, limit+1))
	if err != nil {
		return nil, s.failure("get", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("get %s of bucket %s: has more than %d bytes", name, s.cfg.Bucket, limit)
	}
	return data, nil
}

// where names a server that is not Amazon's.
func (s *Store) where() string {
	if s.cfg.Endpoint == "" {
		return ""
	}
	return " at " + s.cfg.Endpoint
}
