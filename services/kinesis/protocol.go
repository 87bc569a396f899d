package kinesis

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/go-json-experiment/json/jsontext"
)

// protocol encodes PutRecords into a buffer that is used again call after call,
// and leaves everything else, answers included, to the SDK's own protocol. That
// one grows a new buffer for every call and then copies it, which costs more than
// the base64 of the data itself.
//
// The format is AWS JSON 1.1:
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
type protocol struct{ smithyhttp.ClientProtocol }

type bufferKey struct{}

// withBuffer lends a buffer to the one call that ctx is given to. It is free
// again when that call has returned: the SDK closes the body before.
func withBuffer(ctx context.Context, buffer *[]byte) context.Context {
	return context.WithValue(ctx, bufferKey{}, buffer)
}

// SerializeRequest implements smithyhttp.ClientProtocol.
func (p protocol) SerializeRequest(ctx context.Context, operation *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	buffer, lent := ctx.Value(bufferKey{}).(*[]byte)
	put, ok := in.(*sdk.PutRecordsInput)
	if !ok || !lent {
		return p.ClientProtocol.SerializeRequest(ctx, operation, in, req)
	}
	// An empty call sets method, path and headers as the SDK wants them.
	if err := p.ClientProtocol.SerializeRequest(ctx, operation, &sdk.PutRecordsInput{}, req); err != nil {
		return err
	}
	*buffer = appendPutRecords((*buffer)[:0], put)
	filled, err := req.SetStream(body{bytes.NewReader(*buffer)})
	if err != nil {
		return fmt.Errorf("set request body: %w", err)
	}
	*req = *filled
	return nil
}

// body hides that a bytes.Reader writes itself. The SDK closes a body as soon as
// the answer is there; one that writes itself then answers the transport, which
// looks whether the body has ended, with an error instead of an end, and the
// transport drops the connection while the answer is being read.
type body struct{ io.ReadSeeker }

// appendPutRecords appends the body of a call: stream name, and key and data of
// each record. A Sink sets no other member.
func appendPutRecords(dst []byte, in *sdk.PutRecordsInput) []byte {
	const head, middle, tail = `{"PartitionKey":`, `,"Data":"`, `"},`
	size := len(`{"StreamName":,"Records":[]}`) + len(*in.StreamName) + 2
	for i := range in.Records {
		record := &in.Records[i]
		size += len(head) + len(*record.PartitionKey) + 2 + len(middle) + base64.StdEncoding.EncodedLen(len(record.Data)) + len(tail)
	}
	dst = slices.Grow(dst, size)
	dst = append(dst, `{"StreamName":`...)
	dst = appendString(dst, *in.StreamName)
	dst = append(dst, `,"Records":[`...)
	for i := range in.Records {
		record := &in.Records[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, head...)
		dst = appendString(dst, *record.PartitionKey)
		dst = append(dst, middle...)
		dst = base64.StdEncoding.AppendEncode(dst, record.Data)
		dst = append(dst, `"}`...)
	}
	return append(dst, `]}`...)
}

// appendString appends s as a JSON string; bytes that are not UTF-8 become the
// replacement character.
func appendString(dst []byte, s string) []byte {
	quoted, _ := jsontext.AppendQuote(dst, s) // the error only reports a replacement
	return quoted
}
