// Package stub serves the cheapest far ends that real clients accept, for
// benchmarks: it speaks Kinesis, MongoDB and S3 over loopback, counts what
// arrives and forgets it.
//
// What is measured against a stub is the client and nothing else, so a stub
// parses no more than it must to answer: records are counted by scanning the
// bytes of a request, documents by their length prefixes, objects by their size.
// Every answer has the shape and about the size of the original's.
//
// A stub stores nothing, enforces no limit, checks no signature and never fails.
// Whoever wants any of that wants kinesisd, mongod or s3d.
package stub
