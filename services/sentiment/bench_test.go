package sentiment_test

import (
	"context"
	"testing"

	"cashtag/schemas"
	"cashtag/services/sentiment"
	"cashtag/streams/durable"
)

type discard struct{}

func (discard) Publish(context.Context, ...schemas.Event) error { return nil }

// BenchmarkWrite writes batches of 500 posts of about 600 bytes to a publisher
// that does nothing. One op is one post.
func BenchmarkWrite(b *testing.B) {
	const size = 500
	batch := make([]durable.Message, size)
	for i := range batch {
		batch[i] = message(b, uint64(i+1), newPost(
			"RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE &amp; more -- http://t.co/MCOrGiuJ4O", "AAPL"))
	}
	sink := sentiment.New(scorer(b), discard{})
	b.SetBytes(int64(len(batch[0].Data)))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%size != 0 {
			continue
		}
		if errs := sink.Write(b.Context(), batch); errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	c := scorer(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Score(b.Context(), "RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE &amp; more -- http://t.co/MCOrGiuJ4O"); err != nil {
			b.Fatal(err)
		}
	}
}
