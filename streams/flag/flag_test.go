package flag_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/natsd/natsdtest"
	"cashtag/streams"
	"cashtag/streams/flag"
	"cashtag/streams/streamstest"

	"github.com/nats-io/nats.go/jetstream"
)

func start(tb testing.TB) (*streams.Client, jetstream.KeyValue) {
	tb.Helper()
	server := streamstest.Start(tb)
	return server.Client, server.Bucket(tb, streams.BucketFlags)
}

func open(tb testing.TB, client *streams.Client, logger *slog.Logger) *flag.Set {
	tb.Helper()
	set, err := flag.Open(tb.Context(), client, logger)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(set.Close)
	return set
}

func put(tb testing.TB, bucket jetstream.KeyValue, name, value string) {
	tb.Helper()
	if _, err := bucket.PutString(tb.Context(), name, value); err != nil {
		tb.Fatalf("put %s=%q: %v", name, value, err)
	}
}

// within fails unless ok comes true in time.
func within(tb testing.TB, limit time.Duration, what string, ok func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), limit)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tb.Fatalf("%s: not within %s", what, limit)
		}
	}
}

func TestValuesAsTyped(t *testing.T) {
	client, bucket := start(t)
	var log streamstest.Log
	set := open(t, client, log.Logger())
	gate := set.Gate("mongo", true)
	marker, err := set.Choice(flag.Market)
	if err != nil {
		t.Fatalf("choice: %v", err)
	}
	cases := []struct {
		typed  string
		before string
		want   bool
		warns  bool
	}{
		{"off", flag.On, false, false},
		{"OFF", flag.On, false, false},
		{"off\n", flag.On, false, false},
		{"off\r\n", flag.On, false, false},
		{` "Off" `, flag.On, false, false},
		{"'off'", flag.On, false, false},
		{"on", flag.Off, true, false},
		{"\tON ", flag.Off, true, false},
		{"true", flag.Off, false, true},
		{"TRUE\n", flag.Off, false, true},
		{"1", flag.Off, false, true},
		{"false", flag.On, true, true},
		{"", flag.On, true, true},
		{`""`, flag.On, true, true},
		{`"off`, flag.On, true, true},
		{"open", flag.On, true, true},
		{strings.Repeat("off", 1000), flag.On, true, true},
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%.20q", c.typed), func(t *testing.T) {
			put(t, bucket, "mongo", c.before)
			within(t, time.Second, "before", func() bool { return gate.On() == (c.before == flag.On) })
			start := len(log.String())
			put(t, bucket, "mongo", c.typed)
			// A change of another flag behind it shows that it was seen.
			word := []string{flag.MarketOpen, flag.MarketClosed}[i%2]
			put(t, bucket, flag.Market, word)
			within(t, time.Second, "marker", func() bool { return marker.Value() == word })

			if got := gate.On(); got != c.want {
				t.Errorf("on: got %t, want %t", got, c.want)
			}
			text := log.String()[start:]
			if got := strings.Contains(text, "flag value is not allowed"); got != c.warns {
				t.Errorf("warned: got %t, want %t in %q", got, c.warns, text)
			}
			if c.warns && !strings.Contains(text, `flag=mongo`) {
				t.Errorf("warning: got %q, want it to name the flag", text)
			}
			if c.warns && (!strings.Contains(text, `allowed="[on off]"`) || !strings.Contains(text, "kept="+c.before)) {
				t.Errorf("warning: got %q, want it to say what is allowed and kept", text)
			}
			if !c.warns && !strings.Contains(text, `msg="flag changed" flag=mongo before=`+c.before+" after=") {
				t.Errorf("log: got %q, want the change with before and after", text)
			}
			if len(text) > 600 {
				t.Errorf("log: got %d bytes, want a line or two", len(text))
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	client, bucket := start(t)
	set := open(t, client, nil)
	on, off := set.Gate("mongo", true), set.Gate("kinesis", false)
	market, err := set.Choice(flag.Market)
	if err != nil {
		t.Fatalf("choice: %v", err)
	}
	if !on.On() || off.On() {
		t.Errorf("defaults: got %t and %t, want true and false", on.On(), off.On())
	}
	if got, revision := market.Read(); got != flag.MarketAuto || revision != 0 {
		t.Errorf("market: got %s at %d, want auto at 0", got, revision)
	}
	for _, remove := range []struct {
		name string
		call func(context.Context, string, ...jetstream.KVDeleteOpt) error
	}{{"delete", bucket.Delete}, {"purge", bucket.Purge}} {
		put(t, bucket, "mongo", "off")
		put(t, bucket, "kinesis", "on")
		within(t, time.Second, "put", func() bool { return !on.On() && off.On() })
		for _, key := range []string{"mongo", "kinesis"} {
			if err := remove.call(t.Context(), key); err != nil {
				t.Fatalf("%s %s: %v", remove.name, key, err)
			}
		}
		within(t, time.Second, remove.name, func() bool { return on.On() && !off.On() })
	}
}

func TestWaitAndChanged(t *testing.T) {
	client, bucket := start(t)
	put(t, bucket, "archive", "off")
	set := open(t, client, nil)
	gate := set.Gate("archive", true)
	if gate.On() {
		t.Fatal("archive: got on, want off as stored before")
	}
	waiters := make(chan error, 5)
	for range cap(waiters) {
		go func() { waiters <- gate.Wait(t.Context()) }()
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gate.Wait(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("wait with an ended context: got %v, want %v", err, context.Canceled)
	}
	changed := gate.Changed()
	put(t, bucket, "archive", "on")
	select {
	case <-changed:
	case <-time.After(time.Second):
		t.Fatal("changed: not closed within a second")
	}
	for range cap(waiters) {
		if err := <-waiters; err != nil {
			t.Errorf("wait: got %v, want nil", err)
		}
	}
	select {
	case <-gate.Changed():
		t.Error("changed: closed although nothing changed since")
	default:
	}
}

func TestLastGoodValueOutlivesTheProcess(t *testing.T) {
	client, bucket := start(t)
	for _, value := range []string{"on", "off", "false", ""} {
		put(t, bucket, "mongo", value)
	}
	put(t, bucket, "mongos", "off")
	var log streamstest.Log
	set := open(t, client, log.Logger())
	if set.Gate("mongo", true).On() {
		t.Error("mongo: got on, want the last good value, off")
	}
	text := log.String()
	for _, want := range []string{
		`level=INFO msg="flag is set" flag=mongo value=off revision=2`,
		`level=WARN msg="flag value is not allowed" flag=mongo value="" allowed="[on off]" kept=off revision=4`,
		`level=WARN msg="flag is not known" flag=mongos value=off revision=5`,
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("log: got %q, want one %q", text, want)
		}
	}
	if got := strings.Count(text, "\n"); got != 3 {
		t.Errorf("log: got %d lines, want 3: %s", got, text)
	}
}

func TestEdit(t *testing.T) {
	client, bucket := start(t)
	set := open(t, client, nil)
	ctx := t.Context()
	if err := set.Put(ctx, "mongos", "off"); !errors.Is(err, flag.ErrUnknownFlag) {
		t.Errorf("put an unknown flag: got %v, want %v", err, flag.ErrUnknownFlag)
	}
	err := set.Put(ctx, "mongo", "false")
	if got, want := fmt.Sprint(err), `bad value: flag mongo is "false": must be on or off`; got != want || !errors.Is(err, flag.ErrBadValue) {
		t.Errorf("put a bad value: got %q, want %q", got, want)
	}
	if err := set.Put(ctx, "mongo", " OFF\n"); err != nil {
		t.Fatalf("put: %v", err)
	}
	put(t, bucket, "mongo", "no")
	if err := set.Reset(ctx, "mongo"); err != nil {
		t.Fatalf("reset: %v", err)
	}
	if err := set.Put(ctx, flag.Market, "Closed"); err != nil {
		t.Fatalf("put: %v", err)
	}
	history, err := set.History(ctx, "mongo")
	if err != nil {
		t.Fatalf("history: %v", err)
	}
	var got []string
	for _, c := range history {
		got = append(got, fmt.Sprintf("%d %q %q %t", c.Revision, c.Stored, c.Value, c.Deleted))
	}
	if want := `[1 "off" "off" false 2 "no" "" false 3 "" "" true]`; fmt.Sprint(got) != want {
		t.Errorf("history: got %v, want %s", got, want)
	}
	if empty, err := set.History(ctx, "archive"); err != nil || len(empty) != 0 {
		t.Errorf("history of a flag nobody set: got %v, %v, want none", empty, err)
	}
	within(t, time.Second, "market", func() bool {
		list := set.List()
		last := list[len(list)-1]
		return last.Name == flag.Market && last.Value == flag.MarketClosed && last.Explicit && last.Revision == 4
	})
	if first := set.List()[0]; first.Name != "kinesis" || first.Value != flag.On || first.Explicit {
		t.Errorf("list: got %+v, want kinesis on by default", first)
	}
}

func TestOpenWithoutABucket(t *testing.T) {
	client := streamstest.Connect(t, natsdtest.Start(t))
	if _, err := flag.Open(t.Context(), client, nil); !errors.Is(err, jetstream.ErrBucketNotFound) {
		t.Errorf("open: got %v, want %v", err, jetstream.ErrBucketNotFound)
	}
}
