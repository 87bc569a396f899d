// Package alpacad stands in for Alpaca's market data, and for the delayed quotes of
// Cboe that are the way without keys.
//
// It is a real HTTP server on loopback. Its websocket at /v2/iex speaks JSON, or
// MessagePack to whoever asks for Content-Type application/msgpack, as Alpaca's own
// Go client does; beside it are the REST paths for snapshots, bars, clock and
// calendar, and Cboe's. It keeps Alpaca's rules: keys by message or header within
// 10 seconds, one connection an account, so many symbols for trades and quotes,
// whoever reads too slowly is cut off, so many REST calls a minute.
//
// It is fed with events. What it sends says all that they say and Alpaca can say;
// an event that Alpaca has no words for is refused with the field that it is about.
// It keeps the last trade and quote and a bounded number of bars of each ticker for
// REST; statuses are kept by nobody, as with Alpaca: who is not connected misses
// them, so wait with Subscribed before publishing one.
//
// Not done: feeds other than iex, adjustments, timeframes other than a minute, and
// orders.
package alpacad
