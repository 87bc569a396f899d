// Package embedded gathers the stand-ins that make Cashtag run whole on one
// machine: each folder is one party that in production is somebody else's
// server.
//
//   - natsd is the real nats-server with JetStream, in this process.
//   - kinesisd speaks the Amazon Kinesis Data Streams protocol.
//   - mongod speaks the MongoDB wire protocol, s3d the Amazon S3 protocol.
//   - xd, alpacad and blueskyd speak the protocols of the posts' and quotes'
//     providers and play recorded tapes; world has them say what a tape holds.
//   - child runs those that need a process of their own, and loopback opens the
//     listeners of the others.
//
// Every stand-in speaks the wire protocol of what it stands for, so that the
// services that talk to it are the same code, with the same vendor SDK, that
// runs in production: nothing outside cmd knows whether an end is embedded.
// What it says is stored is stored on disk, it enforces the limits of the
// original, and it can be told to fail as the original does.
//
// A stand-in is no production server: it listens on loopback unless told
// otherwise, checks no signatures, and is left out of the binary by the build
// tag external. Nothing in schemas, internal, streams or services imports
// these packages; their tests may.
package embedded
