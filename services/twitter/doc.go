// Package twitter reads posts from the X API v2 by its filtered stream.
//
// It guarantees that every post that X delivers for a followed ticker becomes one
// event with an id made from X's own, in the order of the stream; that a gap after
// a reconnect or a restart is filled by recent search as far back as X reaches
// (seven days), the half minute before the connection included, which X's index
// does not show at once; that it reconnects by X's three schedules and never
// before a rate limit ends; that it reads no more posts a day and a month than its
// budgets allow, but for the few on their way when one is spent; and that it
// touches no rule but its own. Its place, which the engine stores with the events,
// holds what was read too, so that budget and stream cannot disagree.
//
// The bearer token stands in the Authorization header and nowhere else: it is not
// logged, printed, or part of an event or an error.
//
// It does not drop posts that came before: the engine does. It does not learn of
// deletes, which X's stream does not send. It does not follow the market's hours:
// the engine closes it.
package twitter
