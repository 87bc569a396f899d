package schemas

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// The levels of a log event. A level is its subject token.
const (
	LevelDebug = "debug"
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// Log is one log record of a service. Stream LOGS, subject
// logs.<service>.<level>; its id is a ULID.
type Log struct {
	Service    string         `json:"service"`
	Level      string         `json:"level"`
	Message    string         `json:"message"`
	Attributes map[string]any `json:"attributes,omitempty"` // keys in snake_case; groups are joined by a dot
}

// UnmarshalJSON reads a record. A number among the attributes becomes a
// json.Number, so that no digit of it is lost.
func (l *Log) UnmarshalJSON(data []byte) error {
	type plain Log
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode((*plain)(l))
}

var servicePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// EventType implements Data.
func (*Log) EventType() Type { return TypeLog }

// Validate implements Data.
func (l *Log) Validate() error {
	if !servicePattern.MatchString(l.Service) {
		return fieldError("service", l.Service, "must be a service's name in lower case")
	}
	if l.Message == "" {
		return fieldError("message", l.Message, "must not be empty")
	}
	return validOneOf("level", l.Level, LevelDebug, LevelInfo, LevelWarn, LevelError)
}
