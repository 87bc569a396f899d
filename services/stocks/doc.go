// Package stocks reads what US stocks are worth: a Source for the engine in.
//
// With keys it is Alpaca, a client of Alpaca's IEX feed: trades, quotes, minute
// bars and trading statuses from the websocket, and from the REST API what was
// missed while nobody listened. Without keys it is Cboe, which polls Cboe's quotes
// of about a quarter of an hour ago. New chooses.
//
// What comes out: schemas.Quote of feed iex or cboe, schemas.Symbol when trading
// in one ticker stops or goes on, and schemas.Session when the whole market's
// does. Ids follow from what the vendor says, so that an event that comes twice,
// by the websocket and by a gap's filling, is the same event.
//
// Three kinds of bar share QUOTES, told apart by their interval: 60 seconds is a
// minute; the length of a session is a day that is over, stated at its close; any
// other is a day that still runs, from the opening to the moment at which it was
// asked for. The latter two come with a snapshot, at every connect, and say what
// no minute says: the previous close, and open, high, low and volume of a day that
// began before we did. Whoever sums volumes up takes minutes alone. Their ids end
// in the interval, since the last minute of a day ends when the day does.
//
// Not done: trades and quotes of a gap are not fetched, minutes are; a status that
// came while nobody was connected is not told again by anybody; a correction
// or a cancellation of a trade is counted and passed over; orders are never sent.
//
// Limits: a frame of 1 MiB, 10,000 messages in it, nesting of 8, strings of 512
// bytes, 64 conditions a trade, 1,024 frames and 16 MiB that wait, 1,000 events a batch, a
// REST answer of 16 MiB.
package stocks
