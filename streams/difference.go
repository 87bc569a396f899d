package streams

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// differences compares two configurations of one stream, setting by setting.
func differences(is, want jetstream.StreamConfig) []Change {
	var changes []Change
	before, after := reflect.ValueOf(is), reflect.ValueOf(want)
	for i := range before.NumField() {
		tag, _, _ := strings.Cut(before.Type().Field(i).Tag.Get("json"), ",")
		from, to := before.Field(i), after.Field(i)
		if ignored(tag) || equal(from, to) {
			continue
		}
		changes = append(changes, Change{
			Action: actionOf(tag, is, want),
			Field:  strings.ReplaceAll(tag, "_", " "),
			From:   show(tag, from),
			To:     show(tag, to),
			Loses:  loses(tag, is, want),
		})
	}
	return changes
}

// ignored settings never change: a stream is found by its name, and its first
// sequence means something at its creation only.
func ignored(tag string) bool { return tag == "name" || tag == "first_seq" }

func equal(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice || a.Kind() == reflect.Map {
		if a.Len() == 0 && b.Len() == 0 {
			return true // nil or not
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// actionOf knows what a server refuses to update.
func actionOf(tag string, is, want jetstream.StreamConfig) string {
	fixed := false
	switch tag {
	case "storage", "persist_mode", "allow_msg_counter":
		fixed = true
	case "retention":
		fixed = is.Retention == jetstream.WorkQueuePolicy || want.Retention == jetstream.WorkQueuePolicy
	case "sealed":
		fixed = is.Sealed
	case "deny_delete":
		fixed = is.DenyDelete
	case "deny_purge":
		fixed = is.DenyPurge
	case "allow_msg_ttl":
		fixed = is.AllowMsgTTL
	case "allow_msg_schedules":
		fixed = is.AllowMsgSchedules
	case "mirror":
		fixed = want.Mirror != nil
	}
	if fixed {
		return ActionReplace
	}
	return ActionUpdate
}

// loses reports whether a change drops messages that are stored, or would be kept
// by the stream as it is.
func loses(tag string, is, want jetstream.StreamConfig) bool {
	switch tag {
	case "subjects":
		return narrows(is.Subjects, want.Subjects)
	case "retention":
		return want.Retention != jetstream.LimitsPolicy || is.Retention == jetstream.WorkQueuePolicy
	case "max_age":
		return shrinks(int64(is.MaxAge), int64(want.MaxAge))
	case "max_bytes":
		return shrinks(is.MaxBytes, want.MaxBytes)
	case "max_msgs":
		return shrinks(is.MaxMsgs, want.MaxMsgs)
	case "max_msgs_per_subject":
		return shrinks(is.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	}
	return actionOf(tag, is, want) == ActionReplace
}

// narrows reports whether a subject of is would no longer be kept.
func narrows(is, want []string) bool {
	return slices.ContainsFunc(is, func(subject string) bool {
		return !slices.ContainsFunc(want, func(filter string) bool { return covers(filter, subject) })
	})
}

// covers reports whether every subject that matches pattern matches filter too.
func covers(filter, pattern string) bool {
	wanted, tokens := strings.Split(filter, "."), strings.Split(pattern, ".")
	for i, token := range wanted {
		if token == ">" {
			return len(tokens) > i
		}
		if i >= len(tokens) || tokens[i] == ">" || (token != "*" && token != tokens[i]) {
			return false
		}
	}
	return len(wanted) == len(tokens)
}

// shrinks compares limits, of which 0 and less mean none.
func shrinks(is, want int64) bool { return want > 0 && (is <= 0 || want < is) }

// show writes one setting for people.
func show(tag string, value reflect.Value) string {
	switch v := value.Interface().(type) {
	case time.Duration:
		if v <= 0 && tag == "max_age" {
			return "unlimited"
		}
		return v.String()
	case fmt.Stringer:
		return v.String()
	case []string:
		return strings.Join(v, ",")
	case string:
		return strconv.Quote(v)
	case int, int32, int64:
		if value.Int() <= 0 && strings.HasPrefix(tag, "max_") {
			return "unlimited"
		}
	}
	if value.Kind() == reflect.Pointer && value.IsNil() {
		return "none"
	}
	text, err := json.Marshal(value.Interface())
	if err != nil {
		return fmt.Sprint(value.Interface())
	}
	return string(text)
}
