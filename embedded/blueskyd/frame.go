package blueskyd

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxRecord bounds what is held of a frame in bytes.
	maxRecord = 16 << 10
	// maxText bounds a post in bytes, by app.bsky.feed.post.
	maxText = 3000
)

// The collections and kinds that are played.
const (
	posts = "app.bsky.feed.post"
	likes = "app.bsky.feed.like"

	kindCommit   = "commit"
	kindIdentity = "identity"
	kindAccount  = "account"
	kindSync     = "sync"
)

// entry is one frame, encoded for a version when it is sent.
type entry struct {
	seq    int64
	micros int64
	kind   string
	did    string

	operation  string
	collection string
	rkey       string
	record     []byte // of a commit; of other kinds the upstream event

	raw []byte // a scripted frame, sent as it stands
}

// v1 is the frame as v1 sends it.
func (e *entry) v1() []byte {
	b := make([]byte, 0, 256+len(e.record))
	b = append(b, `{"did":`...)
	b = quote(b, e.did)
	b = append(b, `,"time_us":`...)
	b = strconv.AppendInt(b, e.micros, 10)
	b = append(b, `,"kind":`...)
	b = quote(b, e.kind)
	b = append(b, ',')
	b = quote(b, e.kind)
	b = append(b, ':')
	if e.kind != kindCommit {
		return append(append(b, e.record...), '}')
	}
	b = append(b, `{"rev":`...)
	b = quote(b, tid(e.seq))
	b = e.appendOperation(b)
	return append(b, '}', '}')
}

// v2 is the frame as v2 sends it.
func (e *entry) v2() []byte {
	b := make([]byte, 0, 384+len(e.record))
	b = append(b, `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#`...)
	b = append(b, e.kind...)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, e.seq, 10)
	b = append(b, `,"did":`...)
	b = quote(b, e.did)
	at := time.UnixMicro(e.micros).UTC().Format("2006-01-02T15:04:05.000000Z")
	b = append(b, `,"time":"`...)
	b = append(b, at...)
	b = append(b, `","witnessedAt":"`...)
	b = append(b, at...)
	b = append(b, '"')
	if e.kind != kindCommit {
		b = append(b, ',')
		b = quote(b, e.kind)
		b = append(b, ':')
		return append(append(b, e.record...), '}', '}')
	}
	b = append(b, `,"rev":`...)
	b = quote(b, tid(e.seq))
	b = e.appendOperation(b)
	return append(b, '}', '}')
}

func (e *entry) appendOperation(b []byte) []byte {
	b = append(b, `,"operation":`...)
	b = quote(b, e.operation)
	b = append(b, `,"collection":`...)
	b = quote(b, e.collection)
	b = append(b, `,"rkey":`...)
	b = quote(b, e.rkey)
	if e.record != nil {
		b = append(b, `,"record":`...)
		b = append(b, e.record...)
		b = append(b, `,"cid":`...)
		b = quote(b, "bafyreidemo"+tid(e.seq))
	}
	return b
}

// adviceFrame is a v2 frame that is about the stream.
func adviceFrame(name, message string) []byte {
	b := append([]byte(nil), `{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#info","name":`...)
	b = quote(b, name)
	b = append(b, `,"message":`...)
	b = quote(b, message)
	return append(b, '}', '}')
}

// errorFrame is the last frame of a v2 stream.
func errorFrame(name, message string) []byte {
	b := append([]byte(nil), `{"$type":"error","error":`...)
	b = quote(b, name)
	b = append(b, `,"message":`...)
	b = quote(b, message)
	return append(b, '}')
}

// quote appends a JSON string. What is quoted is ASCII or was checked before.
func quote(b []byte, s string) []byte {
	quoted, err := jsontext.AppendQuote(b, s)
	if err != nil {
		return append(b, `""`...)
	}
	return quoted
}

// tidAlphabet is base 32 in the order of its characters.
const tidAlphabet = "234567abcdefghijklmnopqrstuvwxyz"

// tid writes a number as a timestamp id: 13 characters.
func tid(n int64) string {
	var b [13]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = tidAlphabet[n&31]
		n >>= 5
	}
	return string(b[:])
}
