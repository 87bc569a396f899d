package archive

import (
	"errors"
	"fmt"
	"net/http"

	"cashtag/streams/durable"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	// ErrNoBucket is returned by Ensure when the bucket does not exist and is not
	// to be created.
	ErrNoBucket = errors.New("the bucket does not exist")
	// ErrCorrupt is returned by Read when an object is not what its manifest says.
	ErrCorrupt = errors.New("the block is damaged")

	errNotStored = errors.New("not stored")
)

// HoleError is returned by Read for sequences that the archive does not have.
type HoleError struct {
	Stream      string
	First, Last uint64
}

// Error names the sequences.
func (e *HoleError) Error() string {
	return fmt.Sprintf("the archive of stream %s has no block for the sequences %d to %d", e.Stream, e.First, e.Last)
}

// fatalCodes are refusals that last until somebody changes credentials, policies
// or the configuration, with what to do about them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
var fatalCodes = map[string]string{
	"AccessDenied":                 "grant s3:PutObject, s3:GetObject and s3:ListBucket",
	"AccountProblem":               "see to the account",
	"AllAccessDisabled":            "see to the account",
	"AuthorizationHeaderMalformed": "check the region",
	"BucketAlreadyExists":          "the name is taken by somebody else: choose another",
	"Forbidden":                    "grant s3:PutObject, s3:GetObject and s3:ListBucket", // of a HEAD, whose answers have no body
	"InvalidAccessKeyId":           "check the access key",
	"InvalidBucketName":            "check the bucket's name",
	"NoSuchBucket":                 "create the bucket",
	"PermanentRedirect":            "check the region and the endpoint",
	"SignatureDoesNotMatch":        "check the secret key and this machine's clock",
}

// failure names what was done to what, marks what will not pass by itself as
// fatal, and drops what the SDK wraps around the cause.
func (s *Store) failure(verb, name string, err error) error {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
			err = operation.Err
		}
		return fmt.Errorf("%s %s of bucket %s%s: %w", verb, name, s.cfg.Bucket, s.where(), err)
	}
	hint, fatal := fatalCodes[refusal.ErrorCode()]
	err = fmt.Errorf("%s %s of bucket %s%s: %w", verb, name, s.cfg.Bucket, s.where(), refusal)
	if !fatal {
		return err
	}
	return durable.Fatal(fmt.Errorf("%w: %s", err, hint))
}

func isNotFound(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotFound
}
