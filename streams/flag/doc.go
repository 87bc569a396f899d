// Package flag gives services their feature flags: which of them run, and whether
// the market's calendar is overridden. The flags stand in the key-value bucket
// flags, one key a flag, and anybody may edit them by hand:
//
//	nats kv put flags kinesis off
//
// # What it promises
//
//   - A change is effective within a second in every process, without a restart,
//     and again soon after a lost connection or a bucket that was made anew.
//   - A value is one of the flag's words, whatever its case, with or without
//     quotes and white space around it. Any other value, an empty one too, leaves
//     the flag as it was, also for a process that starts later, and is logged as
//     a warning that says what is allowed.
//   - A deleted key means the flag's default.
//   - While the server is away every flag stays as it was.
//   - Every change is logged with the value before and after.
//
// It does not stop a service: the engines ask a Gate before they go on.
package flag
