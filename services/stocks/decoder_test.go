package stocks_test

import (
	"slices"
	"testing"

	"cashtag/services/stocks"
)

func TestDecoder(t *testing.T) {
	t.Parallel()
	decoder := stocks.NewDecoder(stocks.DefaultConfig(), []string{"AAPL"})
	bar := func(ticker, minute string) string {
		return `{"T":"b","S":"` + ticker + `","o":1,"h":2,"l":1,"c":2,"v":3,"n":1,"vw":1.5,"t":"2026-03-18T14:` + minute + `:00Z"}`
	}
	events, err := decoder.Decode(t.Context(), []byte("["+bar("AAPL", "30")+","+bar("MSFT", "30")+","+bar("AAPL", "31")+"]"))
	want := []string{"AAPL", "AAPL"}
	var got []string
	for _, event := range events {
		got = append(got, event.Subject)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := decoder.Decode(t.Context(), []byte(`[{"T":"error","code":402,"msg":"auth failed"}]`)); err == nil {
		t.Error("got no error of a frame that states one")
	}
}
