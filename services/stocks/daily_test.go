package stocks_test

import (
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/schemas"
	"cashtag/services/stocks"
)

// TestDayIsDerivable connects in the middle of a day and finds what the day and the
// one before it said: previous close, open, high, low, volume, latest price.
func TestDayIsDerivable(t *testing.T) {
	const dayBefore = -24 * 60
	r := start(t, follow("AAPL"), func(_ *alpacad.Config, cfg *stocks.Config) { cfg.Daily = true })
	r.publish(bar("AAPL", dayBefore+1), bar("AAPL", dayBefore+390), bar("AAPL", 1), bar("AAPL", 2), bar("AAPL", 3))
	r.server.Cut()
	previous := "iex:bar:AAPL:2026-03-17T20:00:00Z:23400"
	running := "iex:bar:AAPL:2026-03-18T13:33:00Z:180"
	came := r.take(previous, running, bar("AAPL", 3).ID)
	was := came[previous].Data.(*schemas.Quote)
	if last := bar("AAPL", dayBefore+390).Data.(*schemas.Quote); was.Price != last.Price || was.Bar.IntervalS != 23400 {
		t.Errorf("previous day: got close %g over %ds, want %g over 23400s", was.Price, was.Bar.IntervalS, last.Price)
	}
	if at := came[previous].Time; !at.Equal(time.Date(2026, time.March, 17, 20, 0, 0, 0, time.UTC)) {
		t.Errorf("previous day: got time %s, want its close", at)
	}
	is := came[running].Data.(*schemas.Quote)
	if is.Bar.Volume != 3006 || is.Bar.Open != 100.01 || is.Price != 100.03 || is.Bar.High != 100.53 || is.Bar.Low != 99.51 {
		t.Errorf("running day: got %g, %+v, want the sum of three minutes", is.Price, is.Bar)
	}
}
