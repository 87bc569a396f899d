package mongo

import (
	"errors"
	"fmt"
	"strings"

	"cashtag/streams/durable"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Codes of server errors:
// https://github.com/mongodb/mongo/blob/v8.0/src/mongo/base/error_codes.yml
const (
	codeInternalError        = 1
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
	codeIndexOptionsConflict = 85
	codeNotImplemented       = 238 // of FerretDB
	codeAtlas                = 8000
	codeDuplicateKey         = 11000
)

// poisonCodes say that a document as such can never be stored.
var poisonCodes = map[int]bool{
	2:                  true, // BadValue
	9:                  true, // FailedToParse
	14:                 true, // TypeMismatch
	15:                 true, // Overflow
	22:                 true, // InvalidBSON
	52:                 true, // DollarPrefixedFieldName
	53:                 true, // InvalidIdField
	56:                 true, // EmptyFieldName
	57:                 true, // DottedFieldName
	10334:              true, // BSONObjectTooLarge
	17280:              true, // KeyTooLong
	codeNotImplemented: true,
}

// serverCodes say that the server cannot store anything just now.
var serverCodes = map[int]bool{
	24:    true, // LockTimeout
	50:    true, // MaxTimeMSExpired
	64:    true, // WriteConcernFailed
	91:    true, // ShutdownInProgress
	189:   true, // PrimarySteppedDown
	262:   true, // ExceededTimeLimit
	10107: true, // NotWritablePrimary
	11600: true, // InterruptedAtShutdown
	11602: true, // InterruptedDueToReplStateChange
	14031: true, // OutOfDiskSpace
}

// codeOf is the code of a server's refusal of a whole command, or 0.
func codeOf(err error) int {
	if command, ok := errors.AsType[mongo.CommandError](err); ok {
		return int(command.Code)
	}
	return 0
}

// mayBeOneDocument reports whether a command may have been refused for one of
// its documents.
func mayBeOneDocument(err error) bool {
	code := codeOf(err)
	return poisonCodes[code] || code == codeInternalError
}

// commandError is what the engine acts on when a whole insert failed.
func (s *Sink) commandError(err error) error {
	wrapped := fmt.Errorf("insert into collection %s of mongodb at %s: %w", s.collection, s.store.hosts, err)
	if isRefusal(err) {
		return durable.Fatal(fmt.Errorf("%w: check the user, the password and the user's roles", wrapped))
	}
	return durable.Unavailable(wrapped)
}

// isRefusal reports whether the server does not know or not admit the user.
func isRefusal(err error) bool {
	switch codeOf(err) {
	case codeUnauthorized, codeAuthenticationFailed, codeAtlas:
		return true
	default:
		return false
	}
}

// lonelyError is what the engine acts on when a command with one document was
// refused. An internal error may pass, so it costs the message a try.
func (s *Sink) lonelyError(err error) error {
	wrapped := fmt.Errorf("insert into collection %s: %w", s.collection, err)
	if poisonCodes[codeOf(err)] {
		return durable.Poison(wrapped)
	}
	return wrapped
}

// documentError is what the engine acts on when one document of an insert
// failed: nil where it is there already.
func (s *Sink) documentError(one mongo.WriteError) error {
	if one.Code == codeDuplicateKey && isOfID(one) {
		return nil
	}
	err := fmt.Errorf("insert into collection %s: %w", s.collection, one)
	switch {
	case poisonCodes[one.Code]:
		return durable.Poison(err)
	case serverCodes[one.Code]:
		return durable.Unavailable(err)
	default:
		return err
	}
}

// isOfID reports whether a duplicate is one of _id, and not of some unique index
// that an operator added. Servers name the index in a field, in the message, or
// not at all.
func isOfID(one mongo.WriteError) bool {
	if pattern, ok := one.Raw.Lookup("keyPattern").DocumentOK(); ok {
		elements, err := pattern.Elements()
		return err == nil && len(elements) == 1 && elements[0].Key() == "_id"
	}
	_, index, named := strings.Cut(one.Message, " index: ")
	return !named || strings.HasPrefix(index, "_id_")
}
