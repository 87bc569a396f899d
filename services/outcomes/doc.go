// Package outcomes joins predictions with what happened once their horizon has
// passed: an event on outcomes.<model>.<TICKER> for each prediction.
//
// # What happened
//
// The definitions are those of the labels that models are trained on, see
// docs/features.md. A prediction of a day's or a session's vector is about adjusted
// closes, from the close that it was made at to the one that it is due at; one of a
// preopen vector about open to close; one of a shorter window about the last prices at
// both moments. Prices come from bars of the best feed, and of it the shortest
// interval.
//
//   - direction: whether the movement is above 0; neither where it is 0.
//   - large_move: whether it is above two deviations of the 20 sessions before.
//   - relative_direction: whether it is above the median of all tickers, of which
//     three must be known.
//   - abnormal_volume: the logarithm of the session's volume over the mean of the 20
//     before.
//
// # What it guarantees
//
// Time is that of the events: a horizon has passed when the market's clock says so,
// and the bar that ends with it is there or Config.Settle has passed too. What is not
// known then is asked for again for Config.Patience, and then given up, which is
// counted and logged. Predictions, prices and clock are read by streams/merge, so that
// a restart loses no outcome and makes none twice; a second replay of the same events
// makes the same bytes.
//
// # What it does not do
//
// It does not score models: Score does, for `cashtag models scores`, from OUTCOMES. It
// warns in the log, at most once a trading day, of a model whose loss over the last 60
// days is above its baseline's beyond the interval, and of a feature that is spread
// otherwise than in training (see Drift), from 20 days on. An outcome is what
// was known when it was made; a price that is corrected later changes none. Of windows
// shorter than a session only the directions are known, since no deviations and
// volumes of such windows are kept.
package outcomes
