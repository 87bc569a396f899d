package kinesisd

import (
	"fmt"
	"net/http"
)

// Codes of the service; the SDKs make types of them.
const (
	codeExpiredIterator = "ExpiredIteratorException"
	codeExpiredToken    = "ExpiredNextTokenException"
	codeIncompleteSig   = "IncompleteSignatureException"
	codeInternal        = "InternalFailure"
	codeInvalidArgument = "InvalidArgumentException"
	codeLimitExceeded   = "LimitExceededException"
	codeMissingAuth     = "MissingAuthenticationTokenException"
	codeNotFound        = "ResourceNotFoundException"
	codeInUse           = "ResourceInUseException"
	codeSerialization   = "SerializationException"
	codeThroughput      = "ProvisionedThroughputExceededException"
	codeTooLarge        = "RequestEntityTooLargeException"
	codeUnknownOp       = "UnknownOperationException"
	codeValidation      = "ValidationException"
)

// apiError is an answer that is an error, as the service words it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func refuse(code, format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// invalid words a broken constraint as the service does. A value too long to
// print is left to the caller to shorten.
func invalid(value any, field, constraint string) error {
	return refuse(codeValidation, "1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, field, constraint)
}

func notFound(stream string) error {
	return refuse(codeNotFound, "Stream %s under account %s not found.", stream, accountID)
}
