package schemas

import "strings"

// The sources of real events: who states them. A recorded tape keeps the source
// of what it recorded; what the tape's maker worked out is the tape's own.
const (
	SourceX        = "/x"
	SourceBluesky  = "/bluesky"
	SourceStockNet = "/stocknet"
	SourceIEX      = "/iex"
	SourceCboe     = "/cboe"
	SourceXNYS     = "/xnys" // the market's calendar and clock
)

// The sources of synthetic events, each named after what it imitates.
const (
	SourceDemoX         = demoRoot + SourceX
	SourceDemoBluesky   = demoRoot + SourceBluesky
	SourceDemoIEX       = demoRoot + SourceIEX
	SourceDemoXNYS      = demoRoot + SourceXNYS
	SourceDemoCounts    = demoRoot + "/counts"    // counts of synthetic events
	SourceDemoSentiment = demoRoot + "/sentiment" // scores of synthetic posts
)

// DemoPrefix starts the id of every synthetic event, and no other.
const DemoPrefix = "demo:"

const demoRoot = "/demo"

// IsDemo reports whether a source states synthetic events.
func IsDemo(source string) bool {
	return source == demoRoot || strings.HasPrefix(source, demoRoot+"/")
}

// ServiceSource is the source of what a service states itself: its log events,
// its scores, its dead letters.
func ServiceSource(service string) string { return "/services/" + service }
