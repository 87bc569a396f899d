package mongo

import "cashtag/streams/durable"

// Transcoder makes documents without a server.
type Transcoder struct{ transcoder }

// Document appends the document of a message.
func (t *Transcoder) Document(dst []byte, message *durable.Message) ([]byte, error) {
	return t.appendDocument(dst, message)
}

// Redacted is an error without the secrets of a URI.
var Redacted = redacted

// The bounds of one insert.
const (
	MaxCommandBytes  = maxCommandBytes
	MaxDocumentBytes = maxDocumentBytes
	MaxDepth         = maxDepth
	MaxSplits        = maxSplits
)
