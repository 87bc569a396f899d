package kinesisd

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// iteratorLife is how long an iterator or a paging token can be used.
const iteratorLife = 5 * time.Minute

// A sequence number has 56 digits, as real ones do: "49", the millisecond in
// which the stream was created (13), the JetStream sequence (29), the shard
// (12). It so increases within a shard, is unique within a stream, and is never
// that of a former stream of the same name.
const (
	seqPrefix = "49"
	seqFrom   = len(seqPrefix) + 13
	seqTo     = seqFrom + 29
	seqLen    = seqTo + 12
)

func formatSequence(born int64, seq uint64, shard int) string {
	return fmt.Sprintf("%s%013d%029d%012d", seqPrefix, born, seq, shard)
}

// parseSequence returns the JetStream sequence if s is a sequence number of
// this shard of this stream.
func parseSequence(s string, born int64, shard int) (uint64, bool) {
	if len(s) != seqLen {
		return 0, false
	}
	seq, err := strconv.ParseUint(s[seqFrom:seqTo], 10, 64)
	if err != nil || formatSequence(born, seq, shard) != s {
		return 0, false
	}
	return seq, true
}

// place is where an iterator stands: at a JetStream sequence or, if At is set,
// at the first record stored at that time or later.
type place struct {
	Stream string    `json:"s"`
	Born   int64     `json:"b"`
	Shard  int       `json:"n"`
	Seq    uint64    `json:"q"`
	At     time.Time `json:"a,omitzero"`
	Issued time.Time `json:"i"`
}

// page is where a paged listing of shards goes on.
type page struct {
	Stream string    `json:"s"`
	After  string    `json:"a"`
	Issued time.Time `json:"i"`
}

// formatToken makes an opaque string of a place or a page.
func formatToken(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write token: %w", err)
	}
	return base64.URLEncoding.EncodeToString(b), nil
}

func parseToken[T any](s string) (T, bool) {
	var v T
	b, err := base64.URLEncoding.DecodeString(s)
	if err != nil {
		return v, false
	}
	return v, json.Unmarshal(b, &v, json.RejectUnknownMembers(true)) == nil
}

// epoch is a time on the wire: seconds since 1970 with milliseconds.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads a number of seconds since 1970.
func (e *epoch) UnmarshalJSON(b []byte) error {
	s, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("read time %s: %w", b, err)
	}
	*e = epoch(time.UnixMilli(int64(s*1000 + 0.5)))
	return nil
}
