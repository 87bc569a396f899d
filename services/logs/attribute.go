package logs

import (
	"log/slog"
	"math"
	"strconv"
	"time"
)

// attribute is one attribute of an event: its key with those of its groups before
// it, a value that JSON has, and about how many bytes that takes.
type attribute struct {
	key   string
	value any
	size  int
}

// cleaned resolves an attribute to what may be shown and kept: no LogValuer, no
// secret, nothing but the kinds of slog and what JSON has, no string too long. What
// it holds may so change afterwards, and be read by another goroutine.
func cleaned(attr slog.Attr, secret bool) slog.Attr {
	attr.Value = attr.Value.Resolve()
	secret = secret || isSecret(attr.Key)
	switch attr.Value.Kind() {
	case slog.KindGroup:
		group := make([]slog.Attr, 0, len(attr.Value.Group()))
		for _, member := range attr.Value.Group() {
			group = append(group, cleaned(member, secret))
		}
		attr.Value = slog.GroupValue(group...)
	case slog.KindString:
		attr.Value = slog.StringValue(cut(mask(attr.Value.String()), maxStringBytes))
	case slog.KindAny:
		attr.Value = plain(attr.Value.Any())
	default:
	}
	if secret && attr.Value.Kind() != slog.KindGroup && !attr.Equal(slog.Attr{}) {
		attr.Value = slog.StringValue(redacted)
	}
	return attr
}

// flatten appends a cleaned attribute, or each one of its group.
func flatten(all []attribute, prefix string, attr slog.Attr) []attribute {
	if attr.Equal(slog.Attr{}) {
		return all
	}
	if attr.Value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, member := range attr.Value.Group() {
			all = flatten(all, prefix, member)
		}
		return all
	}
	key := cut(prefix+attr.Key, maxKeyBytes)
	value, size := jsonValue(attr.Value)
	return append(all, attribute{key, value, len(key) + size})
}

// jsonValue is a cleaned value as JSON has it.
func jsonValue(value slog.Value) (any, int) {
	const number = 16 // bytes, about
	switch value.Kind() {
	case slog.KindBool:
		return value.Bool(), number
	case slog.KindInt64:
		return value.Int64(), number
	case slog.KindUint64:
		return value.Uint64(), number
	case slog.KindFloat64:
		f := value.Float64()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return strconv.FormatFloat(f, 'g', -1, 64), number
		}
		return f, number
	case slog.KindTime:
		return value.Time().UTC().Format(time.RFC3339Nano), 2 * number
	case slog.KindAny:
		return value.Any(), sizeOf(value.Any())
	default: // strings and durations
		s := value.String()
		return s, len(s)
	}
}

// sizeOf is about how many bytes a value that JSON has takes.
func sizeOf(value any) int {
	size := 8
	switch value := value.(type) {
	case string:
		size += len(value)
	case []any:
		for _, one := range value {
			size += sizeOf(one)
		}
	case map[string]any:
		for key, one := range value {
			size += len(key) + sizeOf(one)
		}
	default:
		size += 8
	}
	return size
}

// bounded is the attributes of one event. The last of two with one key counts. What
// is beyond a bound is left out and counted.
func bounded(all []attribute) map[string]any {
	if len(all) == 0 {
		return nil
	}
	kept := make(map[string]any, min(len(all), maxAttributes))
	size, left := 0, 0
	for _, one := range all {
		if len(kept) == maxAttributes || size+one.size > maxRecordBytes {
			left++
			continue
		}
		size += one.size
		kept[one.key] = one.value
	}
	if left > 0 {
		kept["attributes_left_out"] = left
	}
	return kept
}
