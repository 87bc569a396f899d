package mongo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/go-json-experiment/json/jsontext"
	"go.mongodb.org/mongo-driver/v2/bson"
)

var storedAt = time.Date(2026, 3, 18, 14, 30, 0, 123_000_000, time.UTC)

func message(id, data string) durable.Message {
	return durable.Message{ID: id, Data: []byte(data), Stream: streams.Tweets, Sequence: 7, StoredAt: storedAt}
}

func TestDocumentOfATweet(t *testing.T) {
	at := time.Date(2026, 3, 18, 13, 30, 0, 987_654_321, time.UTC)
	event := schemas.New("x:1", schemas.SourceX, "BRK.B", at, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: "1", CreatedAt: at, Text: "to the \"moon\" \u2028 é 🚀 \x00",
		Tickers: []string{"BRK.B", "T"}, Cashtags: []string{}, Likes: 1 << 60,
		Author: schemas.Author{ID: "9", CreatedAt: &at, Verified: true},
	})
	data, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, message("x:1", string(data)))
	millis := bson.NewDateTimeFromTime(at)
	want := bson.D{
		{Key: "_id", Value: "x:1"},
		{Key: "specversion", Value: "1.0"},
		{Key: "source", Value: "/x"},
		{Key: "type", Value: "cashtag.tweet.v1"},
		{Key: "subject", Value: "BRK.B"},
		{Key: "time", Value: millis},
		{Key: "datacontenttype", Value: "application/json"},
		{Key: "dataschema", Value: "urn:cashtag:schema:tweet.v1"},
		{Key: "data", Value: bson.D{
			{Key: "platform", Value: "x"},
			{Key: "post_id", Value: "1"},
			{Key: "created_at", Value: millis},
			{Key: "text", Value: "to the \"moon\" \u2028 é 🚀 \x00"},
			{Key: "tickers", Value: bson.A{"BRK.B", "T"}},
			{Key: "cashtags", Value: bson.A{}},
			{Key: "author", Value: bson.D{
				{Key: "id", Value: "9"},
				{Key: "created_at", Value: millis},
				{Key: "followers", Value: int64(0)},
				{Key: "following", Value: int64(0)},
				{Key: "posts", Value: int64(0)},
				{Key: "listed", Value: int64(0)},
				{Key: "verified", Value: true},
			}},
			{Key: "reposts", Value: int64(0)},
			{Key: "replies", Value: int64(0)},
			{Key: "likes", Value: int64(1 << 60)},
			{Key: "quotes", Value: int64(0)},
		}},
		{Key: "stream", Value: "TWEETS"},
		{Key: "sequence", Value: int64(7)},
		{Key: "stored_at", Value: bson.NewDateTimeFromTime(storedAt)},
	}
	if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestValues(t *testing.T) {
	date := func(s string) bson.DateTime {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return bson.NewDateTimeFromTime(at)
	}
	tests := []struct {
		name, json string
		want       any
	}{
		{"integer", `{"n":42}`, bson.D{{Key: "n", Value: int64(42)}}},
		{"smallest integer", `{"n":-9223372036854775808}`, bson.D{{Key: "n", Value: int64(math.MinInt64)}}},
		{"integer of 65 bits", `{"n":18446744073709551616}`, bson.D{{Key: "n", Value: float64(1 << 64)}}},
		{"fraction", `{"n":1.50}`, bson.D{{Key: "n", Value: 1.5}}},
		{"exponent", `{"n":1e3}`, bson.D{{Key: "n", Value: 1000.0}}},
		{"null and booleans", `[null,true,false]`, bson.A{nil, true, false}},
		{"a date", `{"quoted_at":"2026-03-18T09:30:00.5-04:00"}`, bson.D{{Key: "quoted_at", Value: date("2026-03-18T13:30:00.5Z")}}},
		{"a date before 1970", `{"time":"1969-12-31T23:59:59.999Z"}`, bson.D{{Key: "time", Value: bson.DateTime(-1)}}},
		{"no date by value", `{"created_at":"yesterday"}`, bson.D{{Key: "created_at", Value: "yesterday"}}},
		{"no date by type", `{"created_at":5}`, bson.D{{Key: "created_at", Value: int64(5)}}},
		{"no date by key", `{"date":"2026-03-18T13:30:00Z"}`, bson.D{{Key: "date", Value: "2026-03-18T13:30:00Z"}}},
		{"dates of a list are text", `{"time":["2026-03-18T13:30:00Z"]}`, bson.D{{Key: "time", Value: bson.A{"2026-03-18T13:30:00Z"}}}},
		{"dotted key", `{"http.status":1,"a%2Eb":2,"%":3}`, bson.D{{Key: "http%2Estatus", Value: int64(1)}, {Key: "a%252Eb", Value: int64(2)}, {Key: "%25", Value: int64(3)}}},
		{"dollar key", `{"$set":1,"a$b":2}`, bson.D{{Key: "%24set", Value: int64(1)}, {Key: "a$b", Value: int64(2)}}},
		{"escaped key", `{"tim\u0065":"2026-03-18T13:30:00Z","":1}`, bson.D{{Key: "time", Value: date("2026-03-18T13:30:00Z")}, {Key: "", Value: int64(1)}}},
		{"reserved names inside data", `{"_id":1,"stream":2,"id":3}`, bson.D{{Key: "_id", Value: int64(1)}, {Key: "stream", Value: int64(2)}, {Key: "id", Value: int64(3)}}},
		{"surrogate pair", `"\ud83d\ude80"`, "🚀"},
		{"long list", "[" + strings.Repeat("1,", 1000) + "1]", bson.A(slicesRepeat(int64(1), 1001))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document := decode(t, message("a", `{"id":"a","data":`+test.json+`}`))
			if got := document[1].Value; fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func slicesRepeat(value any, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = value
	}
	return list
}

func TestReservedNamesOfTheEnvelope(t *testing.T) {
	document := decode(t, message("a", `{"_id":1,"stream":2,"sequence":3,"stored_at":4,"id":"a"}`))
	var got []string
	for _, element := range document {
		got = append(got, element.Key)
	}
	if want := "[_id %5Fid %73tream %73equence %73tored_at stream sequence stored_at]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIDWithoutAHeader(t *testing.T) {
	for _, data := range []string{`{"id":"x:1"}`, `{"data":{"id":"no"},"i\u0064":"x:1"}` + "\n"} {
		document := decode(t, message("", data))
		if got := document[0].Value; got != "x:1" {
			t.Errorf("%s: got id %v, want x:1", data, got)
		}
	}
}

func TestPoison(t *testing.T) {
	tests := []struct {
		name, id, data, want string
	}{
		{"empty", "a", ``, "not a JSON object"},
		{"text", "a", `no event at all`, "not a JSON object"},
		{"a list", "a", `[]`, "not a JSON object"},
		{"a string without a header", "", `"x"`, "not a JSON object"},
		{"cut short", "a", `{"id":"a","data":{"x":1`, "unexpected EOF"},
		{"cut short without a header", "", `{"data":`, "unexpected EOF"},
		{"two events", "a", `{"id":"a"}{"id":"b"}`, "behind the event"},
		{"text behind it", "a", `{"id":"a"} x`, "behind the event"},
		{"the same key twice", "a", `{"id":"a","data":{"x":1,"x":2}}`, "duplicate"},
		{"the same key twice, once escaped", "a", `{"id":"a","x":1,"\u0078":2}`, "duplicate"},
		{"two ids", "a", `{"id":"a","id":"a"}`, "duplicate"},
		{"no id", "a", `{"data":{"id":"a"}}`, "field id is missing"},
		{"no id and no header", "", `{"data":{"id":"a"}}`, "field id is missing"},
		{"empty id", "", `{"id":""}`, "field id is empty"},
		{"id of another type", "a", `{"id":1}`, "must be a string"},
		{"id of another event", "a", `{"id":"b"}`, `"b": must be the message id "a"`},
		{"NUL in a key", "a", `{"id":"a","data":{"a\u0000b":1}}`, "NUL"},
		{"a number that no double holds", "a", `{"id":"a","n":1e999}`, "out of the range"},
		{"no JSON inside", "a", `{"id":"a","data":nope}`, "invalid character"},
		{"half a surrogate", "a", `{"id":"a","text":"\ud800"}`, "surrogate"},
		{"not UTF-8", "a", "{\"id\":\"a\",\"text\":\"\xff\"}", "UTF-8"},
		{"too deep a list", "a", `{"id":"a","data":` + nested(mongo.MaxDepth) + `}`, "nested deeper"},
		{"too deep an object", "a", `{"id":"a","data":` + strings.Repeat(`{"a":`, 5000), "nested deeper"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := message(test.id, test.data)
			_, err := new(mongo.Transcoder).Document(nil, &bad)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	decode(t, message("a", `{"id":"a","data":`+nested(mongo.MaxDepth-1)+`}`)) // as deep as allowed
}

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

// decode makes a document behind other bytes and reads it back.
func decode(t *testing.T, m durable.Message) bson.D {
	t.Helper()
	before := bytes.Clone(m.Data)
	dst, err := new(mongo.Transcoder).Document([]byte("before"), &m)
	if err != nil {
		t.Fatalf("%.200s: %v", m.Data, err)
	}
	if !bytes.Equal(m.Data, before) {
		t.Fatalf("the message's bytes were changed to %q", m.Data)
	}
	raw, ok := bytes.CutPrefix(dst, []byte("before"))
	if !ok {
		t.Fatalf("got %.20q, want what stood before kept", dst)
	}
	if err := bson.Raw(raw).Validate(); err != nil {
		t.Fatalf("validate %x: %v", raw, err)
	}
	var document bson.D
	if err := bson.Unmarshal(raw, &document); err != nil {
		t.Fatalf("decode %x: %v", raw, err)
	}
	return document
}

// FuzzDocument holds a document against what encoding/json reads in the same
// bytes: there is one of nothing but JSON, and it says the same.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a"}`, `{"id":"a","time":"2026-03-18T13:30:00Z","data":{"a.b":[1,-0,1.5,1e2,null,true,{}]}}`,
		`{"id":"a","$x":{"%":"\u0000\ud83d\ude80"}}`, `{"id":"a","data":[[[]],{"":""}]} `, `{"id":"a","x":1,"x":2}`,
		`{"id":"a","_id":"\\","stream":"\"","n":18446744073709551615}`, `[`, "", "{\"id\":\"a\",\"\xff\":1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		transcoder := new(mongo.Transcoder)
		m := message("", string(data))
		raw, err := transcoder.Document(nil, &m)
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) && jsontext.Value(data).IsValid() {
			t.Fatalf("%q: got %v, want what is JSON taken for it", data, err)
		}
		if err != nil {
			return
		}
		if err := bson.Raw(raw).Validate(); err != nil {
			t.Fatalf("%q: validate: %v", data, err)
		}
		if !jsontext.Value(data).IsValid() {
			t.Fatalf("%q: got a document of what is no JSON", data)
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.UseNumber()
		var want map[string]any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q: got a document of what is no object: %v", data, err)
		}
		var got bson.D
		if err := bson.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%q: decode: %v", data, err)
		}
		if got[0].Key != "_id" || got[0].Value != want["id"] {
			t.Errorf("%q: got _id %v, want %v", data, got[0].Value, want["id"])
		}
		delete(want, "id")
		if err := same(got[1:len(got)-3], want); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	})
}

// same compares a document with the JSON that it was made of.
func same(got, want any) error {
	switch want := want.(type) {
	case map[string]any:
		document, ok := got.(bson.D)
		if !ok || len(document) != len(want) {
			return fmt.Errorf("got %v, want %d members", got, len(want))
		}
		for _, element := range document {
			key, err := url.PathUnescape(element.Key)
			if err != nil {
				return err
			}
			if err := same(element.Value, want[key]); err != nil {
				return fmt.Errorf("%q: %w", key, err)
			}
		}
		return nil
	case []any:
		list, ok := got.(bson.A)
		if !ok || len(list) != len(want) {
			return fmt.Errorf("got %v, want %d values", got, len(want))
		}
		for i := range list {
			if err := same(list[i], want[i]); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
		return nil
	case json.Number:
		return sameNumber(got, want)
	case string:
		if at, ok := got.(bson.DateTime); ok {
			parsed, err := time.Parse(time.RFC3339, want)
			if err != nil || parsed.UnixMilli() != int64(at) {
				return fmt.Errorf("got date %v of %q", at, want)
			}
			return nil
		}
	}
	if got != want {
		return fmt.Errorf("got %#v, want %#v", got, want)
	}
	return nil
}

func sameNumber(got any, want json.Number) error {
	switch got := got.(type) {
	case int64:
		if n, err := want.Int64(); err == nil && n == got {
			return nil
		}
	case float64:
		if f, err := want.Float64(); err == nil && f == got {
			return nil
		}
	}
	return fmt.Errorf("got %#v, want %s", got, want)
}

func BenchmarkDocument(b *testing.B) {
	batch := tweets(b, 1000)
	b.SetBytes(int64(len(batch[0].Data)))
	b.ReportAllocs()
	transcoder, dst := new(mongo.Transcoder), []byte(nil)
	for i := 0; b.Loop(); i++ {
		var err error
		if dst, err = transcoder.Document(dst[:0], &batch[i%len(batch)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}

// tweets makes messages of tweets of about 650 bytes.
func tweets(tb testing.TB, n int) []durable.Message {
	tb.Helper()
	batch := make([]durable.Message, n)
	for i := range batch {
		at := storedAt.Add(time.Duration(i) * time.Second)
		id := fmt.Sprintf("%019d", i)
		event := schemas.New(schemas.TweetID(schemas.PlatformX, id), schemas.SourceX, "AAPL", at, &schemas.Tweet{
			Platform: schemas.PlatformX, PostID: id, CreatedAt: at, Lang: "en",
			Text:    "rally time, the quarter is better than anybody thought and $AAPL says so itself; " + id,
			Tickers: []string{"AAPL"}, Cashtags: []string{"AAPL"},
			Author: schemas.Author{ID: "1234567", Followers: 4321, Following: 100, Posts: 9999, Listed: 12},
		})
		data, err := event.Encode()
		if err != nil {
			tb.Fatal(err)
		}
		batch[i] = message(event.ID, string(data))
		batch[i].Sequence = uint64(i + 1)
	}
	return batch
}
