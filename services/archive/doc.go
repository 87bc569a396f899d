// Package archive keeps the streams in S3: every event, as published, in
// compressed blocks that any tool can read.
//
// # Layout
//
// A block is a run of consecutive sequences of one stream. It has two objects,
// named by its first sequence in twenty digits:
//
//	TWEETS/00000000000000000001.ndjson.zst      the events, one a line
//	TWEETS/00000000000000000001.manifest.json   what is in it: see Manifest
//
// A line is an event's bytes as they were stored; line ends inside of JSON are
// taken out. A payload that is no JSON in UTF-8 is kept too, as
//
//	{"invalid":true,"sequence":7,"subject":"tweets.x.AAPL","payload_base64":"..."}
//
// so that every line of every object is JSON.
//
// # What it promises
//
//   - Every event of a stream is in exactly one block, in stream order. A manifest
//     is written after its object: a block that has one is whole.
//   - Storing a block again, after a kill or by another worker, writes the same
//     bytes under the same name: where a block ends is recorded before it is
//     stored, and nothing in an object depends on when or by whom it was made.
//   - What the archive does not have is a hole that reading reports, and that is
//     logged and counted as missing when it comes about.
//   - Blocks of one stream never overwrite those of another one that had its name.
//
// # Deleted posts
//
// A block that says that a post was deleted is stored without it, and the blocks
// before it that hold the post are stored again without it: object first, then
// manifest, which counts it as a gap. Only then is the block itself whole, so that a
// kill in between is made up for. Where a block is cut and which events it has else
// stay as they were. Who reads a block between the two uploads finds it damaged, and
// whole a moment later. In a bucket with versions the old ones are for its lifecycle
// rules to expire.
//
// How blocks are cut, and how workers take turns, is durable.Blocks' business.
//
// # What it does not do
//
// It deletes no object: let the bucket's lifecycle rules do that. It needs the rights
// s3:PutObject, s3:GetObject and s3:ListBucket, and s3:CreateBucket where it is
// asked to create the bucket.
package archive
