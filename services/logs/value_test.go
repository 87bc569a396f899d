package logs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cashtag/schemas"
	"cashtag/services/logs"
)

type (
	valuer  struct{}
	looping struct{}
	broken  struct{}
	account struct {
		User     string `json:"user"`
		Password string `json:"password"`
		Home     string `json:"home"`
	}
)

func (valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("n", 1), slog.String("token", "abc"))
}
func (*broken) Error() string                  { panic("no") }
func (l looping) MarshalJSON() ([]byte, error) { return nil, errors.New("around and around") }

func TestValues(t *testing.T) {
	at := time.Date(2026, 8, 24, 13, 31, 5, 500, time.FixedZone("EDT", -4*60*60))
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"string":         {"up", `{"k":"up"}`},
		"bool":           {true, `{"k":true}`},
		"int":            {-1, `{"k":-1}`},
		"large":          {uint64(math.MaxUint64), `{"k":18446744073709551615}`},
		"float":          {0.25, `{"k":0.25}`},
		"not a number":   {math.NaN(), `{"k":"NaN"}`},
		"infinite":       {math.Inf(-1), `{"k":"-Inf"}`},
		"duration":       {1500 * time.Millisecond, `{"k":"1.5s"}`},
		"time":           {at, `{"k":"2026-08-24T17:31:05.0000005Z"}`},
		"nil":            {nil, `{"k":null}`},
		"error":          {fmt.Errorf("open: %w", errors.New("no")), `{"k":"open: no"}`},
		"stringer":       {http.SameSite(1), `{"k":1}`},
		"address":        {netip.MustParseAddrPort("127.0.0.1:4222"), `{"k":"127.0.0.1:4222"}`},
		"level":          {slog.LevelWarn, `{"k":"WARN"}`},
		"bytes":          {[]byte("up\xff"), `{"k":"up` + "\uFFFD" + `"}`},
		"list":           {[]int{1, 2}, `{"k":[1,2]}`},
		"struct":         {account{"me", "hunter2", "nats://me:hunter2@h"}, `{"k":{"home":"nats://[redacted]@h","password":"[redacted]","user":"me"}}`},
		"header":         {http.Header{"Authorization": {"x"}, "Accept": {"y"}}, `{"k":{"Accept":["y"],"Authorization":"[redacted]"}}`},
		"valuer":         {valuer{}, `{"k.n":1,"k.token":"[redacted]"}`},
		"group":          {slog.GroupValue(slog.Int("a", 1), slog.Group("b", "c", 2)), `{"k.a":1,"k.b.c":2}`},
		"empty group":    {slog.GroupValue(), `null`},
		"channel":        {make(chan int), `{"k":"(chan int: json: unsupported type: chan int)"}`},
		"secret and NaN": {map[string]any{"password": "hunter2", "f": math.NaN()}, `{"k":"(map[string]interface {}: json: unsupported value: NaN)"}`},
		"cannot marshal": {looping{}, `{"k":"(logs_test.looping: json: error calling MarshalJSON for type logs_test.looping: around and around)"}`},
		"panics":         {(*broken)(nil), `{"k":"(*logs_test.broken panicked: no)"}`},
		"broken UTF-8":   {"up\xff", `{"k":"up` + "\uFFFD" + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			events := published(t, config(nil), func(logger *slog.Logger) {
				logger.InfoContext(t.Context(), "m", "k", test.value)
			})
			if got := asJSON(t, onlyLog(t, events).Attributes); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestValuesAreTakenAtOnce(t *testing.T) {
	list := []string{"then"}
	events := published(t, config(nil), func(logger *slog.Logger) {
		logger.InfoContext(t.Context(), "m", "list", list)
		list[0] = "now"
	})
	if got := asJSON(t, onlyLog(t, events).Attributes); got != `{"list":["then"]}` {
		t.Errorf("got %s, want what it was when it was logged", got)
	}
}

func TestSecretsStayHere(t *testing.T) {
	const secret = "hunter2hunter2"
	keys := []string{"DB_PASSWORD", "x-api-key", "accessToken"} // as others write them
	for name, log := range map[string]func(context.Context, *slog.Logger){
		"password":    func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "m", "password", secret) },
		"in capitals": func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "m", keys[0], secret) },
		"api key":     func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "m", keys[1], secret) },
		"camel case":  func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "m", keys[2], secret) },
		"secret key": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "aws_secret_access_key", []byte(secret))
		},
		"error": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "authorization", errors.New(secret))
		},
		"with": func(ctx context.Context, l *slog.Logger) { l.With("token", secret).InfoContext(ctx, "m") },
		"with group": func(ctx context.Context, l *slog.Logger) {
			l.WithGroup("credentials").InfoContext(ctx, "m", "user", secret)
		},
		"with below group": func(ctx context.Context, l *slog.Logger) {
			l.WithGroup("cookie").WithGroup("a").With("b", secret).InfoContext(ctx, "m")
		},
		"group": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", slog.Group("secrets", "first", secret, slog.Group("more", "n", secret)))
		},
		"address": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "uri", "mongodb://me:"+secret+"@127.0.0.1/cashtag?w=1")
		},
		"user of address": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "url", "nats://"+secret+"@127.0.0.1:4222")
		},
		"second address": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "urls", "nats://a:4222,nats://me:"+secret+"@b:4222")
		},
		"odd password": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "uri", "mongodb://me:p@"+secret+"@127.0.0.1")
		},
		"address in error": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "err", fmt.Errorf("dial %q: no", "amqp://me:"+secret+"@h/v"))
		},
		"address in text": func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "dial nats://me:"+secret+"@h") },
		"query": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "url", "https://h/p?a=1&access_token="+secret+"&b=2")
		},
		"bearer": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "header", "Authorization: Bearer "+secret)
		},
		"list": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "urls", []string{"nats://me:" + secret + "@h"})
		},
		"map": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "m", "env", map[string]any{"a": []any{map[string]string{"PASSWD": secret}}})
		},
		"valuer": func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "m", "v", hidden(secret)) },
	} {
		t.Run(name, func(t *testing.T) {
			var out output
			p := &publisher{}
			h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
			log(t.Context(), slog.New(h))
			flush(t, h, p)
			line, err := p.stored()[0].Encode()
			if err != nil {
				t.Fatal(err)
			}
			for where, text := range map[string]string{"published": string(line), "handed on": out.String()} {
				if strings.Contains(text, secret) || !strings.Contains(text, "[redacted]") {
					t.Errorf("%s: got %s, want the secret redacted", where, text)
				}
			}
		})
	}
}

type hidden string

func (h hidden) LogValue() slog.Value { return slog.GroupValue(slog.String("api_key", string(h))) }

func TestWhatIsNoSecretStays(t *testing.T) {
	for key, value := range map[string]string{
		"uri": "mongodb://127.0.0.1:27017/cashtag?w=1", "subject": "tweets.x.AAPL", "mail": "a@example.com", "key": "AAPL",
		"text": "a basic idea: bearer of news", "query": "a=1&b=2", "mixed": "see https://example.com/@me",
	} {
		events := published(t, config(nil), func(logger *slog.Logger) { logger.InfoContext(t.Context(), "m", key, value) })
		if got := onlyLog(t, events).Attributes[key]; got != value {
			t.Errorf("%s: got %q, want %q", key, got, value)
		}
	}
}

func TestRecordsAreBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	events := published(t, config(nil), func(logger *slog.Logger) {
		record := slog.NewRecord(time.Now(), slog.LevelInfo, long, 0)
		record.Add("text", long, "list", []string{long}, long, 1)
		if err := logger.Handler().Handle(t.Context(), record); err != nil {
			t.Error(err)
		}
		many := logger
		for i := range 1000 {
			many = many.With(fmt.Sprint("k", i), i)
		}
		many.InfoContext(t.Context(), "many")
		many = logger
		for i := range 60 {
			many = many.With(fmt.Sprint("k", i), strings.Repeat("\x01", 4000))
		}
		many.InfoContext(t.Context(), "large")
		logger.InfoContext(t.Context(), "")
	})
	if len(events) != 4 {
		t.Fatalf("got %d events, want 4", len(events))
	}
	for i, limit := range []int{15_000, 2_000, 100_000, 1_000} {
		line, err := events[i].Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := events[i].Validate(); err != nil || len(line) > limit || !utf8.Valid(line) {
			t.Errorf("event %d: got %d bytes and %v, want at most %d valid ones", i, len(line), err, limit)
		}
	}
	log := events[0].Data.(*schemas.Log)
	if got := log.Message; len(got) > 4<<10 || !strings.HasSuffix(got, "é...") {
		t.Errorf("message: got %d bytes, want at most 4096 that end in dots", len(got))
	}
	if got := events[1].Data.(*schemas.Log).Attributes["attributes_left_out"]; got != 1000-64 {
		t.Errorf("attributes left out of many: got %v, want %d", got, 1000-64)
	}
	if got := events[2].Data.(*schemas.Log).Attributes["attributes_left_out"]; got != 56 {
		t.Errorf("attributes left out of large: got %v, want 56", got)
	}
	if got := events[3].Data.(*schemas.Log).Message; got != "(no message)" {
		t.Errorf("empty message: got %q, want (no message)", got)
	}
}

func TestTimesThatAnEventCannotHave(t *testing.T) {
	for name, at := range map[string]time.Time{
		"zero": {}, "before 1970": time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), "far": time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			events := published(t, config(nil), func(logger *slog.Logger) {
				if err := logger.Handler().Handle(t.Context(), slog.NewRecord(at, slog.LevelInfo, "m", 0)); err != nil {
					t.Error(err)
				}
			})
			onlyLog(t, events)
			if got := events[0].Time; got.Before(before.Add(-time.Second)) || got.After(time.Now().Add(time.Second)) {
				t.Errorf("time: got %v, want now", got)
			}
		})
	}
}

// FuzzRecord holds that whatever is logged becomes a valid event.
func FuzzRecord(f *testing.F) {
	f.Add("m", "k", "v", int64(0), "g", 0)
	f.Add("", "", "\xff", int64(-1), "", 12)
	f.Add("nats://a:b@c", "token=1&password=2", "Bearer abcdefghij", int64(1<<60), "a.b", -100)
	f.Fuzz(func(t *testing.T, message, key, value string, unix int64, group string, level int) {
		events := published(t, config(func(c *logs.Config) { c.Level = -1 << 30 }), func(logger *slog.Logger) {
			record := slog.NewRecord(time.Unix(unix, 0), slog.Level(max(level, -1<<30)), message, 0)
			record.AddAttrs(slog.String(key, value), slog.Group(group, slog.Any(value, map[string]string{key: value})))
			if err := logger.WithGroup(group).With(value, key).Handler().Handle(t.Context(), record); err != nil {
				t.Fatal(err)
			}
		})
		onlyLog(t, events) // the publisher validates it
		if _, err := events[0].Encode(); err != nil {
			t.Fatal(err)
		}
	})
}
