// Package schemas is the vocabulary of Cashtag: every kind of event that its
// services exchange, the envelope they travel in, and what makes one valid.
//
// # The story
//
// People post about stocks; prices move. Cashtag writes both down as they
// happen and lets anybody ask afterwards whether one tells anything about the
// other.
//
// A source (a social network, a quote feed, a recorded tape) turns what it sees
// into events. An event is one immutable fact: somebody posted (Tweet), a price
// was quoted (Quote), the market opened, a symbol was halted, a minute passed
// (Session, Symbol, Clock). Events are published to JetStream, where each kind
// has a stream of its own, and from then on the streams are the truth.
//
// Everything else is an independent durable consumer of those streams. One
// mirrors them to Kinesis, one persists them to MongoDB, one archives them to
// S3, one scores the sentiment of posts and publishes what it thinks as new
// events (Sentiment). Any of them can be turned off, killed, doubled or added
// later: a consumer goes on where it stopped, and a message that it can never
// store is set aside with its reason (Dead) while the rest goes on. Services
// report what they do as events too (Log).
//
// Nothing here is aware of any of that machinery. This package imports no
// broker, no database and no clock; it says what the words mean.
//
// # What an event promises
//
// The envelope is CloudEvents 1.0 in JSON structured mode, so that an event
// means the same in NATS, Kinesis, MongoDB and S3. Its id is deterministic: the
// same fact seen twice has the same id, and so every consumer can tell a
// repetition from news. Its time is when the thing happened, never when it was
// stored, so that a replay of the past gives the same answers as the past did.
// The same event always encodes to the same bytes.
//
// Synthetic events carry demo in their source and in their id (DemoPrefix), both
// or neither, so that they can never pass for real ones.
//
// Every type has a JSON Schema in json/ (see JSON), the contract for other
// languages. The Go types and the schemas are held together by test: whatever is
// valid here is valid there. Two things a schema cannot say and Validate does:
// that a bar's high is not below its low, and that a text is counted in bytes. One
// thing it says for writers alone: it refuses a field of data that it does not
// know, which Decode ignores. A schema never changes once events of it were
// published: a new version is a new type.
//
// In a schema every date is a field called time or ending in _at, and no other
// field is; a consumer may rely on it.
package schemas
