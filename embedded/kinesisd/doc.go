// Package kinesisd stands in for Amazon Kinesis Data Streams.
//
// It speaks the service's JSON 1.1 protocol over HTTP, as the AWS SDKs do:
// CreateStream, DeleteStream, DescribeStream, DescribeStreamSummary,
// ListStreams, ListShards, PutRecord, PutRecords, GetShardIterator and
// GetRecords, by stream name or ARN. Any other operation is refused as unknown.
//
// What it promises is what a producer or consumer of the real service may rely
// on: a record goes to the shard whose hash range holds the MD5 of its
// partition key; sequence numbers have 56 digits and increase within a shard;
// PutRecords may fail in part, record by record; a call answers only when what
// it reports as stored is stored; limits of calls and records, and, with
// EnforceShardLimits, the throughput of a shard, are enforced with the real
// error codes. Records are kept in JetStream, one stream for each Kinesis
// stream and one subject for each shard, and survive a restart. Faults make it
// fail in the ways the real service fails.
//
// It does not verify signatures (only that a request is signed), reshard,
// encrypt, limit the rate of reads, or keep records for longer than 24 hours.
// A stream is active as soon as it is created. When a stream reaches its
// MaxBytes the oldest records go first, as they would at the end of their
// retention; the real service has no such bound.
//
// Wire format and limits:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html and
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
package kinesisd
