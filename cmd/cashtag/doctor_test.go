package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/embedded/blueskyd"
	"cashtag/embedded/kinesisd"
	"cashtag/embedded/xd"
	"cashtag/embedded/xd/xdtest"
	"cashtag/schemas"
)

// nobody is an address on which nothing listens.
const nobody = "127.0.0.1:1"

// vendorServers are stand-ins of the vendors, and how to reach them.
type vendorServers struct {
	x      *xd.Server
	sky    *blueskyd.Server
	market *alpacad.Server
	flags  map[string]string
	env    map[string]string
}

// vendors are the flags and environment to reach stand-ins.
func vendors(t *testing.T) (flags, env map[string]string) {
	t.Helper()
	v := startVendors(t)
	return v.flags, v.env
}

func startVendors(t *testing.T) *vendorServers {
	t.Helper()
	v := &vendorServers{x: xdtest.Start(t)}
	var err error
	if v.sky, err = blueskyd.Start(t.Context(), blueskyd.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.sky.Close)
	at := time.Date(2026, time.March, 18, 14, 31, 0, 0, time.UTC)
	post := &schemas.Tweet{
		Platform: schemas.PlatformBluesky, PostID: "did:plc:demoaaaaaaaaaaaaaaaaaaaa/3demo", CreatedAt: at, Text: "$AAPL", Lang: "en",
		Tickers: []string{"AAPL"}, Cashtags: []string{"AAPL"}, Author: schemas.Author{ID: "did:plc:demoaaaaaaaaaaaaaaaaaaaa"},
	}
	// Starts the clock of what is played.
	if err := v.sky.Publish(schemas.New(schemas.DemoPrefix+schemas.TweetID(post.Platform, post.PostID), schemas.SourceDemoBluesky, "AAPL", at, post)); err != nil {
		t.Fatal(err)
	}
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go talk(t, v.sky, stopping, stopped)
	t.Cleanup(func() { close(stopping); <-stopped })
	if v.market, err = alpacad.Start(t.Context(), alpacad.DefaultConfig()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.market.Close() })
	if err := v.market.Publish(minuteBar(at)); err != nil {
		t.Fatal(err)
	}
	v.flags = map[string]string{
		"--x-url": v.x.URL(), "--bluesky-url": v.sky.URL(), "--alpaca-stream-url": v.market.StreamURL(),
		"--alpaca-data-url": v.market.URL(), "--alpaca-trading-url": v.market.URL(), "--cboe-url": v.market.URL(),
	}
	keys := alpacad.DefaultConfig()
	v.env = map[string]string{"X_BEARER_TOKEN": xdtest.Bearer, "APCA_API_KEY_ID": keys.Key, "APCA_API_SECRET_KEY": keys.Secret}
	return v
}

// minuteBar is a bar of AAPL.
func minuteBar(at time.Time) schemas.Event {
	quote := &schemas.Quote{
		Feed: schemas.FeedIEX, Kind: schemas.KindBar, Ticker: "AAPL", Delay: schemas.DelayRealTime, QuotedAt: at, Price: 100,
		Bar: &schemas.Bar{IntervalS: 60, Open: 100, High: 101, Low: 99, Close: 100, Volume: 7, Trades: 2, VWAP: 100},
	}
	return schemas.New(schemas.QuoteID(quote), schemas.SourceIEX, "AAPL", at, quote)
}

// talk plays frames to whoever listens.
func talk(t *testing.T, sky *blueskyd.Server, stopping <-chan struct{}, stopped chan<- struct{}) {
	t.Helper()
	defer close(stopped)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-stopping:
			return
		case <-ticker.C:
			if err := sky.Noise(10); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

func TestDoctor(t *testing.T) {
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // of handshakes that end early
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	buckets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || r.URL.Path != "/ours" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(buckets.Close)
	tests := []struct {
		name       string
		flags, env map[string]string // beside the stand-ins
		code       int
		want       map[string]string // a part of each line but those that are ok
	}{
		{name: "all well", want: map[string]string{"mongodb": "are not set", "kinesis": "neither", "s3": "neither"}},
		{
			name: "wrong secrets", env: map[string]string{"X_BEARER_TOKEN": "hunter2", "APCA_API_SECRET_KEY": "hunter2"}, code: exitFailed,
			want: map[string]string{
				"x": "the bearer token is refused: make a new one", "alpaca account": "check APCA_API_KEY_ID",
				"alpaca stream": "check APCA_API_KEY_ID", "alpaca prices": "check APCA_API_KEY_ID",
			},
		},
		{
			name: "nobody there", code: exitFailed,
			flags: map[string]string{
				"--x-url": "http://" + nobody, "--bluesky-url": "ws://" + nobody, "--alpaca-stream-url": "ws://" + nobody,
				"--mongo-uri": "mongodb://" + nobody, "--kinesis-endpoint": "http://" + nobody, "--s3-endpoint": "http://" + nobody,
			},
			want: map[string]string{
				"x": "connect: " + nobody + " cannot be reached", "bluesky": "connect: ", "alpaca stream": "connect: ", "mongodb": "check that it runs",
				"kinesis cashtag-tweets": "connect: ", "kinesis cashtag-quotes": "connect: ", "s3 cashtag-archive": "connect: ",
			},
		},
		{
			name: "no such name", code: exitFailed,
			flags: map[string]string{"--x-url": "https://nowhere.invalid", "--bluesky-url": "wss://nowhere.invalid", "--alpaca-data-url": "https://nowhere.invalid"},
			want:  map[string]string{"x": "dns: nowhere.invalid has no address", "bluesky": "dns: ", "alpaca prices": "dns: "},
		},
		{
			name: "no certificate to trust", code: exitFailed, env: map[string]string{"APCA_API_KEY_ID": "", "APCA_API_SECRET_KEY": ""},
			flags: map[string]string{"--x-url": strings.Replace(plain.URL, "http:", "https:", 1), "--cboe-url": untrusted.URL},
			want:  map[string]string{"x": "it does not speak TLS", "alpaca": "quotes are Cboe's", "cboe quote": "its certificate is not trusted"},
		},
		{
			name: "another server", code: exitFailed, flags: map[string]string{"--x-url": plain.URL, "--bluesky-url": "ws" + strings.TrimPrefix(plain.URL, "http")},
			want: map[string]string{"x": "X answered 404", "bluesky": "try another instance"},
		},
		{name: "a bucket that is there", flags: map[string]string{"--s3-endpoint": buckets.URL, "--s3-bucket": "ours"}, want: map[string]string{"s3 ours": ""}},
		{name: "no bucket", code: exitFailed, flags: map[string]string{"--s3-endpoint": buckets.URL}, want: map[string]string{"s3 cashtag-archive": "create it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			flags, env := vendors(t)
			findings, ended := doctor(t, newCluster(t), flags, env, test.flags, test.env)
			if ended.code != test.code || (test.code == exitFailed) != strings.Contains(ended.err, "checks failed") {
				t.Errorf("got exit code %d and %q, want %d", ended.code, ended.err, test.code)
			}
			for name, want := range test.want {
				if f, ok := findings[name]; !ok || !strings.Contains(f.Says, want) {
					t.Errorf("%s: got %+v, want %q", name, f, want)
				}
			}
			for name, f := range findings {
				if _, expected := test.want[name]; !expected && f.State == checkWrong {
					t.Errorf("%s: got %+v, want no complaint", name, f)
				}
			}
		})
	}
}

// doctor runs the command with flags and environment, the later before the earlier.
func doctor(t *testing.T, c *cluster, flags, env, otherFlags, otherEnv map[string]string) (map[string]finding, ended) {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "test")
	}
	t.Setenv("AWS_REGION", "")
	for _, list := range []map[string]string{env, otherEnv} {
		for name, value := range list {
			t.Setenv(name, value)
		}
	}
	args := []string{"doctor", "--json", "--within", "5s"}
	if otherFlags["--mongo-uri"] != "" {
		args[3] = "500ms"
	}
	for name, value := range flags {
		if otherFlags[name] == "" {
			args = append(args, name, value)
		}
	}
	for name, value := range otherFlags {
		args = append(args, name, value)
	}
	ended := c.cashtag(t, args...)
	var list []finding
	if err := json.Unmarshal([]byte(ended.out), &list); err != nil {
		t.Fatalf("decode %q: %v; it said %s", ended.out, err, ended.err)
	}
	for _, value := range []map[string]string{env, otherEnv} {
		for name, value := range value {
			if value != "" && strings.Contains(ended.out+ended.err, value) {
				t.Errorf("got the value of %s in %s%s", name, ended.out, ended.err)
			}
		}
	}
	findings := make(map[string]finding, len(list))
	for _, f := range list {
		findings[f.Check] = f
		if strings.Contains(f.Says, "\n") || f.Says == "" {
			t.Errorf("%s says %q, want one line", f.Check, f.Says)
		}
	}
	return findings, ended
}

func TestDoctorTable(t *testing.T) {
	flags, env := vendors(t)
	for name, value := range env {
		t.Setenv(name, value)
	}
	args := []string{"doctor"}
	for name, value := range flags {
		args = append(args, name, value)
	}
	t.Run("all well", func(t *testing.T) {
		ended := newCluster(t).cashtag(t, args...)
		ended.want(t, exitDone, "")
		if got := strings.Join(ended.row(t, "x")[:2], " "); got != "x ok" {
			t.Errorf("got %q, want x to be ok in\n%s", got, ended.out)
		}
	})
	t.Run("no streams", func(t *testing.T) {
		ended := bareCluster(t).cashtag(t, args...)
		ended.want(t, exitFailed, "1 of 6 checks failed")
		if got := strings.Join(ended.row(t, "nats"), " "); !strings.Contains(got, "`cashtag streams apply`") {
			t.Errorf("got %q, want what to do", got)
		}
	})
	t.Run("wrong use", func(t *testing.T) {
		for want, flag := range map[string]string{"--within is 1ms": "--within=1ms", "--create: doctor creates nothing": "--create", "must be https": "--x-url=http://api.x.com"} {
			bareCluster(t).cashtag(t, "doctor", flag).want(t, exitUsage, want)
		}
	})
}

func TestDoctorKinesis(t *testing.T) {
	c := newCluster(t)
	cfg := kinesisd.DefaultConfig()
	cfg.JetStream = c.client.JS
	server, err := kinesisd.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	flags, env := vendors(t)
	flags["--kinesis-endpoint"], flags["--aws-region"], flags["--s3-endpoint"] = server.Endpoint(), "us-east-1", "http://"+nobody
	findings, ended := doctor(t, c, flags, env, nil, nil)
	if f := findings["kinesis cashtag-quotes"]; ended.code != exitFailed || f.State != checkWrong || !strings.Contains(f.Says, "does not exist") {
		t.Errorf("got exit code %d and %+v, want a stream that does not exist", ended.code, f)
	}
}
