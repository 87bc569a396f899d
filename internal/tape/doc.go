// Package tape decodes recorded market data into events.
//
// A tape is a set of files under an fs.FS, in one of two layouts:
//
//   - StockNet: tweet/raw/TICKER/DATE with one Twitter API v1.1 status a line,
//     and price/raw/TICKER.csv with daily prices (github.com/yumoxu/stocknet-dataset);
//   - events: NDJSON files of our own events, one CloudEvent a line.
//
// Every tape yields valid events only, in one order that never changes, so that
// "the first n events" means the same on every reading. What cannot be decoded
// (a broken line, a status without an id, text in a number) is counted and
// reported with file, line and reason, and the rest plays. A line may hold
// schemas.MaxEventBytes and is a bad row beyond that.
//
// # What a StockNet tape says
//
// A status becomes one tweet event, whatever number of folders it stands in.
// Its time is created_at, since the name of its file is not its UTC date. Its
// tickers are the cashtags of its text that have a folder or a price file in
// the tape, in the order of the text, then the folders that the text does not
// name, in alphabetical order; the first is the event's subject. Text is what
// the status itself says (the full text where the record has it), verbatim:
// HTML entities stay escaped, and a retweet keeps the shortened text that it
// was recorded with.
//
// A row of daily prices becomes one bar event at the session's close. Rows are
// played for the dates, as New York counts them, from the first tweet to the
// last; Options.AllPrices plays every row instead.
//
// The calendar adds the MARKET events of those dates: each session's opening
// and close, and ticks of the market's clock, each minute of a session (both
// ends included) and each full hour outside of it. Ticks stop where the tape
// says nothing for a week: by then they have closed every window, and one stray
// date cannot fill a stream with them.
//
// Events are in order of event time; at the same instant openings come first,
// then posts by id, quotes by ticker, closes, and the tick last, so that a tick
// follows all that happened up to it.
//
// # What a tape of events says
//
// Each file is played in its own order, which is the order of the stream it was
// recorded from. Several files are merged by event time.
//
// The package does not pace, publish or remember anything, and reads only what
// it is given.
package tape
