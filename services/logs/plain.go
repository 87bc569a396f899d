package logs

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// plain turns a value of any Go type into one that JSON has and that shares
// nothing with it: an error, a text marshaler and a stringer into what they say,
// anything else into what it marshals to, without its secrets.
func plain(value any) (clean slog.Value) {
	defer func() {
		if cause := recover(); cause != nil {
			clean = text(fmt.Sprintf("(%T panicked: %v)", value, cause))
		}
	}()
	switch value := value.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return text(value.Error())
	case encoding.TextMarshaler:
		said, err := value.MarshalText()
		if err != nil {
			return text(fmt.Sprintf("(%T: %v)", value, err))
		}
		return text(string(said))
	case fmt.Stringer:
		return text(value.String())
	case []byte:
		return text(string(value))
	}
	object, err := marshaled(value)
	if err != nil {
		return text(fmt.Sprintf("(%T: %v)", value, err)) // not the value: it may hold secrets
	}
	if sizeOf(object) <= maxStringBytes {
		return slog.AnyValue(object)
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return text(fmt.Sprintf("(%T: %v)", value, err))
	}
	return slog.StringValue(cut(string(encoded), maxStringBytes))
}

// marshaled is what a value marshals to, with its numbers as they are written and
// without its secrets.
func marshaled(value any) (any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var object any
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	return withoutSecrets(object), nil
}

func text(s string) slog.Value { return slog.StringValue(cut(mask(s), maxStringBytes)) }

// withoutSecrets masks what JSON has, all the way down.
func withoutSecrets(value any) any {
	switch value := value.(type) {
	case string:
		return cut(mask(value), maxStringBytes)
	case []any:
		for i, one := range value {
			value[i] = withoutSecrets(one)
		}
	case map[string]any:
		for key, one := range value {
			if isSecret(key) {
				value[key] = redacted
			} else {
				value[key] = withoutSecrets(one)
			}
		}
	}
	return value
}

// cut returns s as valid UTF-8 of at most limit bytes, and says so where it had
// more.
func cut(s string, limit int) string {
	const more = "..."
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit-len(more)], "") + more
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
