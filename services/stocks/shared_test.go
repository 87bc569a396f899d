//go:build shared

package stocks_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/stocks"
)

// lines reads a recorded file.
func lines(t *testing.T, name string) [][]byte {
	t.Helper()
	root := cmp.Or(os.Getenv("CASHTAG_SHARED"), filepath.Join("..", "..", "..", "shared", "data"))
	file, err := os.Open(filepath.Join(root, "fixtures", "alpaca", name))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer file.Close()
	var all [][]byte
	for scan := bufio.NewScanner(file); scan.Scan(); {
		all = append(all, slices.Clone(scan.Bytes()))
	}
	return all
}

// wire is what Alpaca's fields say, read by other means.
type wire struct {
	Type       string    `json:"T"`
	Symbol     string    `json:"S"`
	At         time.Time `json:"t"`
	ID         any       `json:"i"`
	Exchange   string    `json:"x"`
	Price      float64   `json:"p"`
	Size       int64     `json:"s"`
	C          any       `json:"c"`
	Bid        float64   `json:"bp"`
	BidLots    int64     `json:"bs"`
	Ask        float64   `json:"ap"`
	AskLots    int64     `json:"as"`
	Open       float64   `json:"o"`
	High       float64   `json:"h"`
	Low        float64   `json:"l"`
	Volume     int64     `json:"v"`
	Trades     int64     `json:"n"`
	VWAP       float64   `json:"vw"`
	ReasonCode string    `json:"rc"`
	Reason     string    `json:"rm"`
}

// TestDocumentedStreamLosesNoField compares each field that is kept.
func TestDocumentedStreamLosesNoField(t *testing.T) {
	kept := 0
	for _, line := range lines(t, "stream_documented.jsonl") {
		var recorded struct {
			Dir   string          `json:"dir"`
			Frame json.RawMessage `json:"frame"`
		}
		if err := json.Unmarshal(line, &recorded); err != nil {
			t.Fatalf("line: %v", err)
		}
		if recorded.Dir != "<" {
			continue
		}
		var messages []wire
		var want []string
		if err := json.Unmarshal(recorded.Frame, &messages); err != nil {
			t.Fatalf("frame: %v", err)
		}
		if messages[0].Type == "error" {
			continue
		}
		for _, m := range messages {
			if said := m.says(); said != "" {
				want = append(want, said)
			}
		}
		read := decode(t, recorded.Frame, "AAPL", "AMD", "CLDR", "FAKEPACA", "SPY", "IONM", "EEM", "GOOGL", "INAQU")
		var got []string
		for _, event := range read.events {
			got = append(got, says(event))
		}
		if !slices.Equal(got, want) || read.malformed > 0 {
			t.Errorf("frame %s\ngot  %v\nwant %v, %d malformed", recorded.Frame, got, want, read.malformed)
		}
		kept += len(got)
	}
	if kept != 9 {
		t.Errorf("got %d events, want 9", kept)
	}
}

func (m wire) says() string {
	at := m.At.UTC()
	switch m.Type {
	case "t":
		return fmt.Sprintln("trade", m.Symbol, at, int64(m.ID.(float64)), m.Exchange, m.Price, m.Size, m.C)
	case "q":
		return fmt.Sprintln("quote", m.Symbol, at, m.Bid, m.BidLots*100, m.Ask, m.AskLots*100)
	case "b":
		return fmt.Sprintln("bar", m.Symbol, at.Add(time.Minute), m.Open, m.High, m.Low, m.C, m.Volume, m.Trades, m.VWAP)
	case "s":
		return fmt.Sprintln("status", m.Symbol, at, m.ReasonCode, m.Reason)
	default:
		return ""
	}
}

func says(event schemas.Event) string {
	if s, ok := event.Data.(*schemas.Symbol); ok {
		return fmt.Sprintln("status", s.Ticker, s.ChangedAt, s.Code, s.Reason)
	}
	q := event.Data.(*schemas.Quote)
	switch q.Kind {
	case schemas.KindTrade:
		return fmt.Sprintln("trade", q.Ticker, q.QuotedAt, q.Trade.ID, q.Trade.Exchange, q.Price, q.Trade.Size, q.Trade.Conditions)
	case schemas.KindQuote:
		return fmt.Sprintln("quote", q.Ticker, q.QuotedAt, q.Book.Bid, q.Book.BidSize, q.Book.Ask, q.Book.AskSize)
	default:
		b := q.Bar
		return fmt.Sprintln("bar", q.Ticker, q.QuotedAt, b.Open, b.High, b.Low, b.Close, b.Volume, b.Trades, b.VWAP)
	}
}

// TestRecordedAnswersLoseNoBar reads the REST answers that were recorded.
func TestRecordedAnswersLoseNoBar(t *testing.T) {
	tickers := []string{"AAPL", "AMZN", "META", "MSFT", "NIO"}
	bars, days := 0, 0
	for _, line := range lines(t, "rest_responses_sdk_tests.jsonl") {
		var recorded struct {
			Body json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(line, &recorded); err != nil {
			t.Fatalf("line: %v", err)
		}
		var pages struct {
			Bars map[string]json.RawMessage `json:"bars"`
		}
		_ = json.Unmarshal(recorded.Body, &pages) // snapshots are something else
		want := map[string]int{}
		for ticker, raw := range pages.Bars {
			var list []wire
			if json.Unmarshal(raw, &list) == nil {
				want[ticker] = len(list)
			}
		}
		got := map[string]int{}
		for _, event := range stocks.Answers(t.Context(), recorded.Body, tickers...) {
			q := event.Data.(*schemas.Quote)
			switch {
			case q.Bar == nil:
			case q.Bar.IntervalS == 60:
				got[q.Ticker]++
				bars++
			default:
				days++
			}
		}
		for ticker, n := range want {
			if got[ticker] != n {
				t.Errorf("bars of %s: got %d, want %d", ticker, got[ticker], n)
			}
		}
	}
	if bars != 15 {
		t.Errorf("got %d bars, want 15", bars)
	}
	// Two answers: of AAPL the day and the one before twice, of MSFT, which has no
	// day before, the day once.
	if days != 5 {
		t.Errorf("got %d bars of days, want 5", days)
	}
}
