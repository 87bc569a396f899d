package archive_test

import (
	"slices"
	"strings"
	"testing"

	"cashtag/services/archive"
	"cashtag/streams"
)

func TestDefaultConfigArchivesTheTopology(t *testing.T) {
	t.Parallel()
	want := []string{
		streams.Tweets, streams.Quotes, streams.Market, streams.Counts, streams.Sentiment, streams.Features,
		streams.Predictions, streams.Outcomes, streams.Alerts, streams.Models, streams.Logs,
	}
	if got := archive.DefaultConfig().Streams; !slices.Equal(got, want) {
		t.Errorf("streams: got %v, want %v", got, want)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*archive.Config)
		want   string
	}{
		{"default", func(*archive.Config) {}, ""},
		{"endpoint", func(c *archive.Config) { c.Endpoint = "http://127.0.0.1:9000" }, ""},
		{"prefix", func(c *archive.Config) { c.Prefix = "cashtag/prod/" }, ""},
		{"no streams", func(c *archive.Config) { c.Streams = nil }, "streams is empty"},
		{"bucket", func(c *archive.Config) { c.Bucket = "My_Bucket" }, `bucket is "My_Bucket"`},
		{"prefix without a slash", func(c *archive.Config) { c.Prefix = "cashtag" }, `prefix is "cashtag"`},
		{"prefix that climbs", func(c *archive.Config) { c.Prefix = "../" }, `prefix is "../"`},
		{"prefix from the root", func(c *archive.Config) { c.Prefix = "/a/" }, `prefix is "/a/"`},
		{"endpoint without a scheme", func(c *archive.Config) { c.Endpoint = "127.0.0.1:9000" }, "endpoint is"},
		{"half of the credentials", func(c *archive.Config) { c.AccessKey = "key" }, "must be given both or neither"},
		{"block events", func(c *archive.Config) { c.BlockEvents = 0 }, "block events is 0"},
		{"block bytes", func(c *archive.Config) { c.BlockBytes = 0 }, "block bytes is 0"},
		{"block age", func(c *archive.Config) { c.BlockAge = 0 }, "block age is 0s"},
		{"takeover", func(c *archive.Config) { c.Takeover = 1 }, "takeover is 1ns"},
		{"call timeout", func(c *archive.Config) { c.CallTimeout = 0 }, "call timeout is 0s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := archive.DefaultConfig()
			c.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
