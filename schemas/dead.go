package schemas

import (
	"strconv"
	"time"
)

// Dead is a message that a consumer could not store: what it was, byte for
// byte, and why it was buried. Stream DEAD, subject
// dead.<consumer>.<original subject>.
type Dead struct {
	Consumer string              `json:"consumer"`
	Stream   string              `json:"stream"`
	Sequence uint64              `json:"sequence"` // position in the stream
	Subject  string              `json:"subject"`  // where it was published
	Headers  map[string][]string `json:"headers,omitempty"`
	Payload  []byte              `json:"payload"` // base64 in JSON
	Reason   string              `json:"reason"`
	Tries    int64               `json:"tries"` // of this message, not of its batch
	BuriedAt time.Time           `json:"buried_at"`
}

// DeadID is the deterministic event id of a dead letter.
func DeadID(consumer, stream string, sequence uint64) string {
	return consumer + ":" + stream + ":" + strconv.FormatUint(sequence, 10)
}

// EventType implements Data.
func (*Dead) EventType() Type { return TypeDead }

// Validate implements Data.
func (d *Dead) Validate() error {
	switch {
	case !servicePattern.MatchString(d.Consumer):
		return fieldError("consumer", d.Consumer, "must be a consumer's name in lower case")
	case d.Stream == "":
		return fieldError("stream", d.Stream, "must not be empty")
	case d.Sequence == 0:
		return fieldError("sequence", d.Sequence, "must be a stream sequence from 1 on")
	case d.Subject == "":
		return fieldError("subject", d.Subject, "must not be empty")
	case d.Payload == nil:
		return fieldError("payload", nil, "must be there, empty where the message was")
	case d.Reason == "":
		return fieldError("reason", d.Reason, "must not be empty")
	case d.Tries < 1:
		return fieldError("tries", d.Tries, "must be at least 1")
	}
	for key, values := range d.Headers {
		if values == nil {
			return fieldError("headers."+key, nil, "must be a list, empty where there is none")
		}
	}
	return validTime("buried_at", d.BuriedAt)
}
