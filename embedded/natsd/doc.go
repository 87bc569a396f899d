// Package natsd runs a nats-server with JetStream inside this process.
//
// It is the server itself, not an imitation: what works here works on an
// external cluster. It promises that a message whose publish was acknowledged
// is on disk (SyncAlways, the default, syncs before every acknowledgement),
// that a second server never opens the same directory, and that a start that
// cannot succeed fails at once with one error that says what to do.
//
// Three accounts live in it, and none sees the others' subjects or streams:
//
//   - CASHTAG holds the platform's streams and every configured User. An
//     internal user with all rights serves Connect, and on a loopback host
//     also those who connect without credentials, as the nats command does.
//   - KINESISD holds the records of the Kinesis stand-in.
//   - $SYS is the server's own system account, without users.
//
// It does not cluster, does not speak TLS, and does not create streams: the
// streams package does.
package natsd
