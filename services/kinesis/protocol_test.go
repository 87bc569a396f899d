package kinesis_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"cashtag/services/kinesis"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// FuzzPutRecords holds the body of a call against what a JSON decoder reads back.
func FuzzPutRecords(f *testing.F) {
	f.Add("cashtag-tweets", "AAPL", []byte(`{"id":"x:1"}`))
	f.Add("", "", []byte{})
	f.Add("s", "quote\" slash\\ line\n nul\x00 é \xff", []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, stream, key string, data []byte) {
		in := &sdk.PutRecordsInput{StreamName: aws.String(stream), Records: []types.PutRecordsRequestEntry{
			{PartitionKey: aws.String(key), Data: data}, {PartitionKey: aws.String("second"), Data: []byte("x")},
		}}
		body := kinesis.AppendPutRecords([]byte("kept"), in)
		rest, ok := bytes.CutPrefix(body, []byte("kept"))
		var got put
		if err := json.Unmarshal(rest, &got); err != nil || !ok {
			t.Fatalf("got %q: %v", body, err)
		}
		if utf8.ValidString(stream) && got.StreamName != stream {
			t.Errorf("got stream %q, want %q", got.StreamName, stream)
		}
		if len(got.Records) != 2 || !bytes.Equal(got.Records[0].Data, data) || string(got.Records[1].Data) != "x" {
			t.Fatalf("got %q, want two records with the data", got.Records)
		}
		if utf8.ValidString(key) && got.Records[0].PartitionKey != key {
			t.Errorf("got key %q, want %q", got.Records[0].PartitionKey, key)
		}
	})
}
