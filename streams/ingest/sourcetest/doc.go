// Package sourcetest is the conformance suite of ingest.Source: every source runs
// it against a stand-in of its vendor that speaks the real protocol.
//
// It runs the real engine on a real nats-server. What it proves of a source, beside
// the source's own tests: each event is stored once and in order; a connection that
// is cut, a kill and closed gates leave neither gaps nor doubles; a source lets go
// within two seconds of the market's close; a change of the followed list loses
// nothing; what cannot be decoded is counted and passed over; a refusal ends it.
//
// To use it, implement Vendor over the stand-in and call Run:
//
//	type vendor struct{ server *xd.Server }
//
//	func (v vendor) Source(t *testing.T, tickers ingest.Tickers, tally ingest.Tally) ingest.Source {
//		cfg := twitter.DefaultConfig()
//		cfg.BaseURL = v.server.URL()
//		... // schedules in milliseconds, silence in seconds
//		source, err := twitter.New(cfg, tickers, tally, logger)
//		...
//	}
//
//	func TestSource(t *testing.T) {
//		sourcetest.Run(t, sourcetest.Suite{
//			Subjects: []string{"tweets.x.>"},
//			Tickers:  []string{"AAPL", "AMZN", "MSFT"},
//			Event:    post, // the i-th event about a ticker
//			Open:     func(t *testing.T) sourcetest.Vendor { ... },
//		})
//	}
//
// A subtest takes well under a second if the schedules that the source follows are
// set to milliseconds.
package sourcetest
