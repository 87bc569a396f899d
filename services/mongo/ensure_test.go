package mongo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func withTTL(cfg *mongo.Config) { cfg.TTL = map[string]time.Duration{streams.Tweets: 48 * time.Hour} }

func TestEnsureCreatesIndexes(t *testing.T) {
	var got []string
	far := &farEnd{answer: func(name string, command bson.Raw) bson.D {
		if name == "createIndexes" {
			got = append(got, command.Lookup("createIndexes").StringValue()+" "+command.Lookup("indexes", "0", "name").StringValue())
		}
		return nil
	}}
	store := newStore(t, "mongodb://"+far.start(t).addr+"/?directConnection=true", slog.New(slog.DiscardHandler), withTTL)
	for _, stream := range []string{streams.Tweets, streams.Logs} {
		if err := store.Sink(stream).Ensure(t.Context()); err != nil {
			t.Fatalf("%s: %v", stream, err)
		}
	}
	want := []string{"tweets subject_1_time_1", "tweets data.tickers_1_time_1", "tweets stored_at_1", "logs subject_1_time_1"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExpiry(t *testing.T) {
	tests := []struct {
		name    string
		code    int // of the refusal of the index
		changes int // of the index that is there
		wantLog string
		wantErr string
	}{
		{"there already with another time", 85, 1, "", ""},
		{"not supported", 238, 0, "cannot expire", ""},
		{"not allowed", 13, 0, "", "set expiry"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			far := &farEnd{answer: func(name string, command bson.Raw) bson.D {
				if name == "createIndexes" && strings.Contains(command.String(), "expireAfterSeconds") {
					return refusal(test.code, "no")
				}
				if name == "collMod" && !strings.Contains(command.String(), "172800") {
					return refusal(2, "want the seconds of two days")
				}
				return nil
			}}
			store := newStore(t, "mongodb://"+far.start(t).addr+"/?directConnection=true", slog.New(slog.NewTextHandler(&log, nil)), withTTL)
			err := store.Sink(streams.Tweets).Ensure(t.Context())
			if (err == nil) != (test.wantErr == "") || (err != nil && !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("got %v, want %q", err, test.wantErr)
			}
			if got := far.asked("collMod"); got != test.changes {
				t.Errorf("got %d changes of the index, want %d", got, test.changes)
			}
			if (log.Len() > 0) != (test.wantLog != "") || !strings.Contains(log.String(), test.wantLog) {
				t.Errorf("got log %q, want %q", log.String(), test.wantLog)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	quick := func(cfg *mongo.Config) { cfg.ConnectTimeout = 100 * time.Millisecond }
	sink := newSink(t, "mongodb://me:hunter2@127.0.0.1:1/", quick)
	err := sink.Ensure(t.Context())
	if err == nil {
		t.Fatal("got nil, want an error")
	}
	if got := err.Error(); !strings.Contains(got, "127.0.0.1:1 is not reachable") || strings.Contains(got, "hunter2") || strings.Contains(got, "\n") {
		t.Errorf("got %q, want one line that names the host and no password", got)
	}
	sinktest.WantKinds(t, sink.Write(t.Context(), events("a")), "unavailable")
}

func TestRefusedUser(t *testing.T) {
	far := &farEnd{answer: func(name string, _ bson.Raw) bson.D {
		if name == "saslStart" {
			return refusal(18, "Authentication failed.")
		}
		return nil
	}}
	sink := newSink(t, "mongodb://me:hunter2@"+far.start(t).addr+"/?directConnection=true&authMechanism=SCRAM-SHA-256")
	err := sink.Ensure(t.Context())
	if err == nil || !strings.Contains(err.Error(), "refuses the user") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want that the user is refused, and no password", err)
	}
	// The first connection that is refused makes the driver drop the others, and
	// calls that wait for one of them do not learn why.
	var errs []error
	for range 10 {
		if errs = sink.Write(t.Context(), events("a", "b")); durable.IsFatal(sinktest.First(errs)) {
			break
		}
	}
	sinktest.WantKinds(t, errs, "fatal", "fatal")
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*mongo.Config)
		want   string // "" is valid
	}{
		{"default with a uri", func(*mongo.Config) {}, ""},
		{"no uri", func(c *mongo.Config) { c.URI = "" }, "uri is empty"},
		{"no database", func(c *mongo.Config) { c.Database = "" }, "database is"},
		{"database with a dot", func(c *mongo.Config) { c.Database = "a.b" }, `database is "a.b"`},
		{"ttl", func(c *mongo.Config) { c.TTL = map[string]time.Duration{"LOGS": time.Second} }, "ttl of LOGS is 1s"},
		{"call timeout", func(c *mongo.Config) { c.CallTimeout = 0 }, "call timeout is 0s"},
		{"connect timeout", func(c *mongo.Config) { c.ConnectTimeout = 0 }, "connect timeout is 0s"},
		{"index timeout", func(c *mongo.Config) { c.IndexTimeout = 0 }, "index timeout is 0s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := mongo.DefaultConfig()
			cfg.URI = "mongodb://127.0.0.1"
			test.change(&cfg)
			err := cfg.Validate()
			if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestPasswordAloneStaysIn(t *testing.T) {
	got := mongo.Redacted(errors.New(`password "hunter/2" or hunter%2F2`), "mongodb://me:hunter%2F2@host").Error()
	if want := `password "***" or ***`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSecretsStayIn(t *testing.T) {
	uris := []string{
		"mongodb://me:hunter2@host:port/", "mongodb://me:hunter2@", "mongo://me:hunter2@host", "me:hunter2@host",
		"mongodb://me:hun%2Fhunter2@host/?directConnection=perhaps", "mongodb://me:hunter2:x@host/", "mongodb://me:h@hunter2@host/",
		"mongodb://host/?tlsCertificateKeyFilePassword=hunter2&tls=perhaps", "mongodb://host:x/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
		"mongodb+srv://me:hunter2@host:27017/",
	}
	for _, uri := range uris {
		cfg := mongo.DefaultConfig()
		cfg.URI = uri
		if _, err := mongo.Open(cfg, slog.New(slog.DiscardHandler)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the secret", uri, err)
		}
		quoted := errors.New("parse \"" + uri + "\"")
		if got := mongo.Redacted(quoted, uri).Error(); strings.Contains(got, "hunter2") {
			t.Errorf("%s: got %q, want it without the secret", uri, got)
		}
		encoded, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "opened", "config", cfg)
		for _, got := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), string(encoded), log.String()} {
			if strings.Contains(got, "hunter2") || !strings.Contains(got, "cashtag") {
				t.Errorf("got %q, want the database and no secret", got)
			}
		}
	}
}
