package twitter

import "log/slog"

const redacted = "[redacted]"

// Token is an app-only bearer token. It prints, logs and encodes as [redacted].
type Token string

var _ slog.LogValuer = Token("")

// String implements fmt.Stringer without the token.
func (Token) String() string { return redacted }

// GoString implements fmt.GoStringer without the token.
func (Token) GoString() string { return redacted }

// LogValue implements slog.LogValuer without the token.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler without the token.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }
