package kinesis_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cashtag/services/kinesis"
	"cashtag/streams"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*kinesis.Config)
		want   string // "" is valid
	}{
		{"default", func(*kinesis.Config) {}, ""},
		{"endpoint", func(c *kinesis.Config) { c.Endpoint = "http://127.0.0.1:4567" }, ""},
		{"no streams", func(c *kinesis.Config) { c.Streams = nil }, "streams is empty"},
		{"stream name", func(c *kinesis.Config) { c.Streams[streams.Tweets] = "my tweets" }, `streams.TWEETS is "my tweets"`},
		{"endpoint without a scheme", func(c *kinesis.Config) { c.Endpoint = "127.0.0.1:4567" }, "endpoint is"},
		{"half a credential", func(c *kinesis.Config) { c.AccessKey = "key" }, "both or neither"},
		{"shards", func(c *kinesis.Config) { c.Shards = 0 }, "shards is 0"},
		{"lanes", func(c *kinesis.Config) { c.Lanes = 17 }, "lanes is 17"},
		{"call timeout", func(c *kinesis.Config) { c.CallTimeout = 0 }, "call timeout is 0s"},
		{"ready timeout", func(c *kinesis.Config) { c.ReadyTimeout = 0 }, "ready timeout is 0s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := kinesis.DefaultConfig()
			test.change(&cfg)
			err := cfg.Validate()
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if _, err := kinesis.NewClient(t.Context(), cfg); err == nil {
				t.Error("new client: got nil, want the same error")
			}
		})
	}
}

func TestNewWantsAKnownStream(t *testing.T) {
	_, err := kinesis.New(nil, kinesis.DefaultConfig(), streams.Logs, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "LOGS") {
		t.Errorf("got %v, want an error that names LOGS", err)
	}
}

func TestNewClientWithoutARegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := kinesis.NewClient(t.Context(), kinesis.DefaultConfig())
	if err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("got %v, want an error that says AWS_REGION", err)
	}
}

func TestSecretsStayIn(t *testing.T) {
	cfg := kinesis.DefaultConfig()
	cfg.AccessKey, cfg.SecretKey = "hunter1", "hunter2"
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "opened", "config", cfg)
	for _, got := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), string(encoded), log.String()} {
		if strings.Contains(got, "hunter") || !strings.Contains(got, "cashtag-tweets") {
			t.Errorf("got %q, want the streams and no secret", got)
		}
	}
}
