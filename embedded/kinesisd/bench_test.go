package kinesisd_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func BenchmarkPutRecords(b *testing.B) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			_, c := start(b)
			create(b, c, "tweets", 4)
			entries := make([]types.PutRecordsRequestEntry, 500)
			for i := range entries {
				entries[i] = entry(fmt.Sprintf("KEY%d", i%100), strings.Repeat("x", 600))
			}
			calls := make(chan struct{})
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for range calls {
						out, err := c.PutRecords(b.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("tweets"), Records: entries})
						if err != nil || aws.ToInt32(out.FailedRecordCount) != 0 {
							b.Errorf("put: %v", err)
						}
					}
				})
			}
			for range b.N {
				calls <- struct{}{}
			}
			close(calls)
			wg.Wait()
			b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "records/s")
		})
	}
}
