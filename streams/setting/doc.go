// Package setting gives services what may change while they run: the followed
// tickers, the hours of the sources, the scorers, what becomes of models that are
// trained again. The settings stand in the key-value bucket config, and anybody may
// edit them by hand:
//
//	nats kv put config tickers "AAPL, MSFT"
//	nats kv put config hours extended
//	nats kv put config hours.bluesky always
//	nats kv put config scorer "vader, cashtag"
//	nats kv put config promote better
//	nats kv put config retrain 5
//
// It promises what streams/bucket does: a change is effective within a second in
// every process, a value that is not allowed leaves the setting as it was and is
// logged in one line that says what is allowed, a deleted key means the caller's
// default, and every change is logged with the value before and after.
package setting
