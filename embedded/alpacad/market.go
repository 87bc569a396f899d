package alpacad

import (
	"net/http"
	"strings"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
)

// clock serves /v2/clock.
func (s *Server) clock(w http.ResponseWriter, _ *http.Request) {
	now := s.cfg.Now()
	cal := calendar.XNYS()
	session, open := cal.At(now)
	next, _ := cal.Next(now)
	closes := next.Close
	if open {
		closes = session.Close
	}
	write(w, http.StatusOK, map[string]any{
		"timestamp": now.Format(time.RFC3339Nano), "is_open": open,
		"next_open": next.Open.Format(time.RFC3339), "next_close": closes.Format(time.RFC3339),
	})
}

// calendar serves /v2/calendar, at most ten years of it.
func (s *Server) calendar(w http.ResponseWriter, r *http.Request) {
	const longest = 3660 // days
	cal := calendar.XNYS()
	from := cal.Day(s.cfg.Now())
	to := from.AddDays(30)
	for name, date := range map[string]*calendar.Date{"start": &from, "end": &to} {
		text := r.URL.Query().Get(name)
		if text == "" {
			continue
		}
		parsed, err := calendar.ParseDate(text)
		if err != nil {
			refuse(w, http.StatusBadRequest, 0, "invalid "+name)
			return
		}
		*date = parsed
	}
	if last := from.AddDays(longest); to.Compare(last) > 0 {
		to = last
	}
	days := []map[string]string{}
	zone := zoneOf()
	for session := range cal.Range(from, to) {
		days = append(days, map[string]string{
			"date": session.Date.String(), "open": session.Open.In(zone).Format("15:04"), "close": session.Close.In(zone).Format("15:04"),
		})
	}
	write(w, http.StatusOK, days)
}

func zoneOf() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		return time.UTC // cannot be: internal/calendar compiles the zone in
	}
	return zone
}

// cboe serves Cboe's quote of one ticker, from the same events.
func (s *Server) cboe(w http.ResponseWriter, r *http.Request) {
	if s.faultyREST(w) {
		return
	}
	ticker, isJSON := strings.CutSuffix(r.PathValue("file"), ".json")
	v, known := s.history.view(ticker)
	latest := v.latest()
	if !isJSON || !known || latest == nil {
		refuse(w, http.StatusNotFound, 0, "not found")
		return
	}
	zone := zoneOf()
	data := map[string]any{
		"symbol": ticker, "security_type": "stock", "current_price": latest.Price, "close": latest.Price,
		"last_trade_time": latest.QuotedAt.In(zone).Format("2006-01-02T15:04:05"),
	}
	if v.book != nil {
		b := v.book.quote.Book
		data["bid"], data["bid_size"], data["ask"], data["ask_size"] = b.Bid, b.BidSize, b.Ask, b.AskSize
	}
	if n := len(v.days); n > 0 {
		b := v.days[n-1].bar
		data["open"], data["high"], data["low"], data["volume"] = b.Open, b.High, b.Low, b.Volume
		if n > 1 {
			data["prev_day_close"] = v.days[n-2].bar.Close
			data["price_change"] = latest.Price - v.days[n-2].bar.Close
		}
	}
	write(w, http.StatusOK, map[string]any{
		"timestamp": s.cfg.Now().UTC().Format(time.DateTime), "symbol": ticker, "data": data,
	})
}

// latest is the trade or the bar that says the price last.
func (v view) latest() *schemas.Quote {
	switch {
	case v.trade == nil && v.bar == nil:
		return nil
	case v.bar == nil:
		return v.trade.quote
	case v.trade == nil || v.trade.quote.QuotedAt.Before(v.bar.quote.QuotedAt):
		return v.bar.quote
	default:
		return v.trade.quote
	}
}
