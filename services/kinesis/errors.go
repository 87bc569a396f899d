package kinesis

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cashtag/streams/durable"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	// ErrNoStream is returned by Ensure, and ends a Sink, when the Kinesis stream
	// does not exist and is not to be created.
	ErrNoStream = errors.New("kinesis stream does not exist")

	errBehind     = errors.New("not tried: behind a failed record of its ticker")
	errNotTried   = errors.New("not tried: a call before it failed")
	errAllRefused = errors.New("every record of the call was refused alone")
)

const codeNoStream = "ResourceNotFoundException"

// fatalCodes are refusals that last until somebody changes credentials, policies
// or keys. Names with and without Exception are in use.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html
var fatalCodes = map[string]string{
	"AccessDenied":                        "grant kinesis:PutRecords on the stream",
	"AccessDeniedException":               "grant kinesis:PutRecords on the stream",
	"NotAuthorized":                       "grant kinesis:PutRecords on the stream",
	"UnrecognizedClientException":         "check the access key",
	"InvalidClientTokenId":                "check the access key",
	"InvalidSignatureException":           "check the secret key and this machine's clock",
	"SignatureDoesNotMatch":               "check the secret key and this machine's clock",
	"IncompleteSignature":                 "check the credentials",
	"IncompleteSignatureException":        "check the credentials",
	"MissingAuthenticationToken":          "give credentials",
	"MissingAuthenticationTokenException": "give credentials",
	"ExpiredToken":                        "renew the session token",
	"ExpiredTokenException":               "renew the session token",
	"OptInRequired":                       "subscribe the account to kinesis",
	"KMSAccessDeniedException":            "grant the use of the stream's key",
	"KMSDisabledException":                "enable the stream's key",
	"KMSNotFoundException":                "restore the stream's key",
	"KMSInvalidStateException":            "restore the stream's key",
	"KMSOptInRequired":                    "subscribe the account to kms",
}

// invalidCodes say that something in the request can never be accepted.
var invalidCodes = map[string]bool{
	"ValidationException":      true,
	"ValidationError":          true,
	"InvalidArgumentException": true,
	"SerializationException":   true,
}

// isInvalid reports whether the far end refused a whole call for what is in it.
func isInvalid(err error) bool {
	if status, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && status.HTTPStatusCode() == http.StatusRequestEntityTooLarge {
		return true
	}
	return invalidCodes[codeOf(err)]
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// classify turns the failure of a whole call into what the engine acts on.
func (s *Sink) classify(ctx context.Context, err error) error {
	code := codeOf(err)
	if code == codeNoStream {
		return s.absent(ctx, err)
	}
	err = fmt.Errorf("put records to kinesis stream %s: %w", s.name, brief(err))
	if advice, ok := fatalCodes[code]; ok {
		return durable.Fatal(fmt.Errorf("%w: %s", err, advice))
	}
	return durable.Unavailable(err)
}

// recordError is what the engine acts on when one record of a call failed. The
// service documents throttling and internal failure only, and both are its own.
func recordError(stream, code, message string) error {
	err := fmt.Errorf("put record to kinesis stream %s: %s: %s", stream, code, message)
	if invalidCodes[code] {
		return durable.Poison(err)
	}
	return durable.Unavailable(err)
}

// brief strips what the SDK wraps around the cause: the operation, and for an
// answer its status and request id.
func brief(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api
	}
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return send.Err
	}
	return err
}
