// Package ingest is the engine in: it runs a Source and stores what it yields.
//
// A Runner asks its Source for events while the source's flag is on and its hours
// say so, stores them together with the source's place, drops what the stream
// holds already, and waits between attempts as the source asks. The place travels
// with the events, so that it cannot disagree with the stream, however long the
// pause after a kill.
//
// The package knows no vendor: what a post looks like, when to reconnect and how
// to fill a gap is the source's.
package ingest
