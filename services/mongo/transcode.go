package mongo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"cashtag/streams/durable"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// maxDepth is how deep an event may be nested; a server takes 100 levels.
const maxDepth = 90

var (
	errNoObject = errors.New("the event is not a JSON object")
	errTrailing = errors.New("there is something behind the event")
	errNoID     = errors.New("field id is missing")
	errDepth    = fmt.Errorf("nested deeper than %d levels", maxDepth)
	errNUL      = errors.New("a key holds a NUL character")
)

// transcoder turns the JSON of an event into a document, token by token, without
// any value in between.
type transcoder struct {
	input   bytes.Buffer
	decoder *jsontext.Decoder
	scratch []byte
}

// start points the decoder at an event. The decoder reads the bytes of a
// bytes.Buffer where they are and does not change them.
func (t *transcoder) start(data []byte) {
	t.input = *bytes.NewBuffer(data)
	if t.decoder == nil {
		t.decoder = jsontext.NewDecoder(&t.input)
		return
	}
	t.decoder.Reset(&t.input)
}

// appendDocument appends the document of a message to dst. On an error what it
// returns is dst with bytes behind it that mean nothing.
func (t *transcoder) appendDocument(dst []byte, message *durable.Message) ([]byte, error) {
	id := message.ID
	if id == "" {
		var err error
		if id, err = t.findID(message.Data); err != nil {
			return dst, err
		}
	}
	return t.appendEvent(dst, message, id, id)
}

// appendDocumentAs appends the document of a message under another _id than the
// message's own.
func (t *transcoder) appendDocumentAs(dst []byte, message *durable.Message, key string) ([]byte, error) {
	return t.appendEvent(dst, message, message.ID, key)
}

func (t *transcoder) appendEvent(dst []byte, message *durable.Message, id, key string) ([]byte, error) {
	t.start(message.Data)
	start, dst := bsoncore.AppendDocumentStart(dst)
	dst = bsoncore.AppendStringElement(dst, fieldID, key)
	dst, err := t.appendEnvelope(dst, id)
	if err != nil {
		return dst, err
	}
	dst = bsoncore.AppendStringElement(dst, fieldStream, message.Stream)
	dst = bsoncore.AppendInt64Element(dst, fieldSequence, int64(message.Sequence))
	dst = bsoncore.AppendDateTimeElement(dst, fieldStoredAt, message.StoredAt.UnixMilli())
	return endDocument(dst, start), nil
}

// findID is the id of an event that was published without a header for it.
func (t *transcoder) findID(data []byte) (string, error) {
	t.start(data)
	if err := t.open(); err != nil {
		return "", err
	}
	for t.decoder.PeekKind() != '}' {
		key, err := t.readKey()
		if err != nil {
			return "", err
		}
		if string(key) != "id" {
			if err := t.decoder.SkipValue(); err != nil {
				return "", err
			}
			continue
		}
		id, err := t.readID()
		return string(id), err
	}
	return "", errNoID
}

func (t *transcoder) open() error {
	if kind := t.decoder.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return errNoObject
	}
	_, err := t.decoder.ReadToken()
	if errors.Is(err, io.EOF) {
		return errNoObject
	}
	return err
}

// readID reads the value of the field id, valid until the next read.
func (t *transcoder) readID() ([]byte, error) {
	if kind := t.decoder.PeekKind(); kind != '"' && kind != jsontext.KindInvalid {
		return nil, fmt.Errorf("field id is a %s: must be a string", kind)
	}
	quoted, err := t.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	id, err := t.plain(quoted)
	if err == nil && len(id) == 0 {
		return nil, errors.New("field id is empty")
	}
	return id, err
}

// appendEnvelope appends the members of the event, but for its id, and looks that
// nothing stands behind it.
func (t *transcoder) appendEnvelope(dst []byte, want string) ([]byte, error) {
	if err := t.open(); err != nil {
		return dst, err
	}
	found := false
	for t.decoder.PeekKind() != '}' {
		key, err := t.readKey()
		if err != nil {
			return dst, err
		}
		if string(key) == "id" {
			id, err := t.readID()
			if err != nil {
				return dst, err
			}
			if string(id) != want {
				return dst, fmt.Errorf("field id is %.80q: must be the message id %.80q", id, want)
			}
			found = true
			continue
		}
		if dst, err = t.appendMember(dst, key, 1); err != nil {
			return dst, err
		}
	}
	if _, err := t.decoder.ReadToken(); err != nil {
		return dst, err
	}
	if !found {
		return dst, errNoID
	}
	if _, err := t.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return dst, errTrailing
	}
	return dst, nil
}

// readKey reads the name of a member, valid until the next read.
func (t *transcoder) readKey() ([]byte, error) {
	quoted, err := t.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	return t.plain(quoted)
}

// appendMember appends the member whose key was just read.
func (t *transcoder) appendMember(dst, key []byte, depth int) ([]byte, error) {
	element := len(dst)
	dst = append(dst, 0) // the type, once the value is known
	isDate := isDateKey(key)
	dst, err := appendKey(dst, key, depth == 1)
	if err != nil {
		return dst, err
	}
	return t.appendValue(dst, element, isDate, depth)
}

// appendValue appends the next value and sets the type of its element.
func (t *transcoder) appendValue(dst []byte, element int, isDate bool, depth int) ([]byte, error) {
	var kind bsoncore.Type
	var err error
	switch t.decoder.PeekKind() {
	case '{':
		kind = bsoncore.TypeEmbeddedDocument
		dst, err = t.appendObject(dst, depth+1)
	case '[':
		kind = bsoncore.TypeArray
		dst, err = t.appendArray(dst, depth+1)
	case '"':
		dst, kind, err = t.appendText(dst, isDate)
	case '0':
		dst, kind, err = t.appendNumber(dst)
	case 't', 'f':
		kind = bsoncore.TypeBoolean
		var token jsontext.Token
		token, err = t.decoder.ReadToken()
		dst = bsoncore.AppendBoolean(dst, err == nil && token.Kind() == 't')
	default: // null, or nothing that is JSON
		kind = bsoncore.TypeNull
		_, err = t.decoder.ReadToken()
	}
	dst[element] = byte(kind)
	return dst, err
}

func (t *transcoder) appendObject(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDepth
	}
	if _, err := t.decoder.ReadToken(); err != nil {
		return dst, err
	}
	start, dst := bsoncore.ReserveLength(dst)
	for t.decoder.PeekKind() != '}' {
		key, err := t.readKey()
		if err != nil {
			return dst, err
		}
		if dst, err = t.appendMember(dst, key, depth); err != nil {
			return dst, err
		}
	}
	_, err := t.decoder.ReadToken()
	return endDocument(dst, start), err
}

func (t *transcoder) appendArray(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, errDepth
	}
	if _, err := t.decoder.ReadToken(); err != nil {
		return dst, err
	}
	start, dst := bsoncore.ReserveLength(dst)
	for n := int64(0); t.decoder.PeekKind() != ']'; n++ {
		element := len(dst)
		dst = append(dst, 0)
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(dst, 0)
		var err error
		if dst, err = t.appendValue(dst, element, false, depth); err != nil {
			return dst, err
		}
	}
	_, err := t.decoder.ReadToken()
	return endDocument(dst, start), err
}

// endDocument closes a document or array that was begun at start.
func endDocument(dst []byte, start int32) []byte {
	dst = append(dst, 0)
	return bsoncore.UpdateLength(dst, start, int32(len(dst))-start)
}
