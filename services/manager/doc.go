// Package manager states what the market does: it turns the calendar, the flag
// market and a clock into the events of the stream MARKET.
//
// A Manager publishes every transition of the session that the calendar has, at
// its instant, and a tick of the market's clock each full minute. When it starts
// on a stream without a session it states the one that holds, under the id of the
// transition that led to it. While the flag market says open or closed, the
// calendar's transitions are left out: the flag's change is the transition, and so
// is its way back to auto, which states what the calendar has then. The ids of
// both carry the flag's revision.
//
// Guaranteed, for any number of managers of one stream, across restarts, sleep and
// jumps of the clock in either direction:
//   - Each transition is stored once, in order, because it is published only after
//     the event that the manager knows to be the last (see Journal), and event
//     times never go back.
//   - What was slept through is made up for: every transition of the time asleep,
//     as far back as Config.CatchUp; of the ticks the newest full minute's alone.
//   - At one instant an opening comes first and a tick last.
//
// Not done: halts, which the quote feed reports and which change no session; and a
// clock that ran ahead. What was stated too early stays stated, nothing of the time
// until then is stated twice, and a warning says so.
package manager
