package mongo

import "bytes"

// The fields that a document has beside those of the event.
const (
	fieldID       = "_id"
	fieldStream   = "stream"
	fieldSequence = "sequence"
	fieldStoredAt = "stored_at"
)

// isDateKey reports whether the schemas call a field of that name a date.
func isDateKey(key []byte) bool {
	return string(key) == "time" || bytes.HasSuffix(key, []byte("_at"))
}

// isReserved reports whether a field of the envelope bears the name of one that
// every document has.
func isReserved(key []byte) bool {
	switch string(key) {
	case fieldID, fieldStream, fieldSequence, fieldStoredAt:
		return true
	default:
		return false
	}
}

// appendKey appends a key and its end. What cannot stand in a key is
// percent-encoded, and so are percent signs, so that no two keys become one.
func appendKey(dst, key []byte, ofEnvelope bool) ([]byte, error) {
	plain := true
	for _, b := range key {
		if b == 0 {
			return dst, errNUL
		}
		plain = plain && b != '.' && b != '%'
	}
	if (ofEnvelope && isReserved(key)) || (len(key) > 0 && key[0] == '$') {
		dst = appendPercent(dst, key[0])
		key = key[1:]
	}
	if plain {
		dst = append(dst, key...)
		return append(dst, 0), nil
	}
	for _, b := range key {
		if b == '.' || b == '%' {
			dst = appendPercent(dst, b)
			continue
		}
		dst = append(dst, b)
	}
	return append(dst, 0), nil
}

func appendPercent(dst []byte, b byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[b>>4], digits[b&15])
}
