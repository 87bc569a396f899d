package kinesis

// AppendPutRecords is how a request's body is made.
var AppendPutRecords = appendPutRecords
