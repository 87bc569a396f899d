package alpacad

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cashtag/internal/calendar"
)

// The headers that carry the keys.
const (
	keyHeader    = "APCA-API-KEY-ID"
	secretHeader = "APCA-API-SECRET-KEY"
)

const maxPage = 10_000

func (s *Server) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/stocks/snapshots", s.keyed(s.snapshots))
	mux.HandleFunc("GET /v2/stocks/bars", s.keyed(s.bars))
	mux.HandleFunc("GET /v2/clock", s.keyed(s.clock))
	mux.HandleFunc("GET /v2/calendar", s.keyed(s.calendar))
	mux.HandleFunc("GET /api/global/delayed_quotes/quotes/{file}", s.cboe)
	mux.HandleFunc("GET /v2/{feed}", func(w http.ResponseWriter, r *http.Request) { s.stream(ctx, w, r) })
	return mux
}

// keyed answers who has the keys and asks no more often than the plan allows.
func (s *Server) keyed(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.faultyREST(w) {
			return
		}
		s.mu.Lock()
		refused := s.faults.refuse
		s.mu.Unlock()
		if refused || r.Header.Get(keyHeader) != s.cfg.Key || r.Header.Get(secretHeader) != s.cfg.Secret {
			refuse(w, http.StatusUnauthorized, 0, "unauthorized")
			return
		}
		if !s.pace.Allow() {
			refuse(w, http.StatusTooManyRequests, time.Second, "too many requests")
			return
		}
		answer(w, r)
	}
}

func refuse(w http.ResponseWriter, status int, retry time.Duration, text string) {
	if retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((retry+time.Second-1)/time.Second)))
	}
	write(w, status, map[string]string{"message": text})
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a client that left needs no answer
}

func symbolsOf(r *http.Request) []string {
	symbols := slices.DeleteFunc(strings.Split(r.URL.Query().Get("symbols"), ","), func(s string) bool { return s == "" })
	slices.Sort(symbols)
	return slices.Compact(symbols)
}

func (s *Server) snapshots(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{}
	for _, symbol := range symbolsOf(r) {
		v, known := s.history.view(symbol)
		if !known {
			answer[symbol] = nil
			continue
		}
		shown := map[string]message{}
		for name, it := range map[string]*item{"latestTrade": v.trade, "latestQuote": v.book, "minuteBar": v.bar} {
			if it != nil {
				shown[name] = it.message[2:] // neither type nor symbol
			}
		}
		for i, name := range []string{"dailyBar", "prevDailyBar"} {
			if n := len(v.days) - 1 - i; n >= 0 {
				shown[name] = barFields(&v.days[n].bar, midnight(v.days[n].date))
			}
		}
		answer[symbol] = shown
	}
	write(w, http.StatusOK, answer)
}

// midnight is when a day begins in New York.
func midnight(date calendar.Date) time.Time {
	return time.Date(date.Year, date.Month, date.Day, 0, 0, 0, 0, zoneOf()).UTC()
}

func (s *Server) bars(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if timeframe := query.Get("timeframe"); timeframe != "1Min" {
		refuse(w, http.StatusBadRequest, 0, "invalid timeframe: "+timeframe)
		return
	}
	start, errStart := optionalTime(query.Get("start"))
	end, errEnd := optionalTime(query.Get("end"))
	from, errPage := parsePage(query.Get("page_token"))
	limit, errLimit := strconv.Atoi(query.Get("limit"))
	if query.Get("limit") == "" {
		limit, errLimit = 1000, nil
	}
	if errStart != nil || errEnd != nil || errPage != nil || errLimit != nil || limit < 1 || limit > maxPage {
		refuse(w, http.StatusBadRequest, 0, "invalid start, end, limit or page_token")
		return
	}
	bars, next := s.history.page(symbolsOf(r), from, start, end, limit)
	shown := map[string][]message{}
	for _, bar := range bars {
		shown[bar.symbol] = append(shown[bar.symbol], bar.message[2:])
	}
	var token *string
	if next != nil {
		token = new(base64.StdEncoding.EncodeToString([]byte(next.symbol + "|" + next.at.Format(time.RFC3339))))
	}
	write(w, http.StatusOK, map[string]any{"bars": shown, "next_page_token": token})
}

func optionalTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}

func parsePage(token string) (place, error) {
	if token == "" {
		return place{}, nil
	}
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return place{}, err
	}
	symbol, at, _ := strings.Cut(string(text), "|")
	begin, err := time.Parse(time.RFC3339, at)
	return place{symbol: symbol, at: begin}, err
}
