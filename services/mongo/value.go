package mongo

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// appendText appends a string, or a date where the key says that it is one and
// it reads as one.
func (t *transcoder) appendText(dst []byte, isDate bool) ([]byte, bsoncore.Type, error) {
	raw, err := t.decoder.ReadValue()
	if err != nil {
		return dst, bsoncore.TypeString, err
	}
	text, err := t.plain(raw)
	if err != nil {
		return dst, bsoncore.TypeString, err
	}
	if isDate {
		var at time.Time
		if at.UnmarshalText(text) == nil {
			return bsoncore.AppendDateTime(dst, at.UnixMilli()), bsoncore.TypeDateTime, nil
		}
	}
	start, dst := bsoncore.ReserveLength(dst)
	dst = append(dst, text...)
	dst = append(dst, 0)
	return bsoncore.UpdateLength(dst, start, int32(len(dst))-start-4), bsoncore.TypeString, nil
}

// appendNumber appends a number without fraction or exponent as an integer,
// where 64 bits hold it, and any other as a double.
func (t *transcoder) appendNumber(dst []byte) ([]byte, bsoncore.Type, error) {
	raw, err := t.decoder.ReadValue()
	if err != nil {
		return dst, bsoncore.TypeDouble, err
	}
	if isInteger(raw) {
		if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			return bsoncore.AppendInt64(dst, n), bsoncore.TypeInt64, nil
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return dst, bsoncore.TypeDouble, fmt.Errorf("number %.40s is out of the range of a double", raw)
	}
	return bsoncore.AppendDouble(dst, f), bsoncore.TypeDouble, nil
}

func isInteger(number []byte) bool {
	for _, b := range number {
		if b == '.' || b == 'e' || b == 'E' {
			return false
		}
	}
	return true
}

// plain is what a quoted string says, valid until the next call.
func (t *transcoder) plain(quoted jsontext.Value) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	var err error
	t.scratch, err = jsontext.AppendUnquote(t.scratch[:0], quoted)
	return t.scratch, err
}
