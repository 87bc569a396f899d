package xd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minResults     = 10
	maxResults     = 100
	defaultResults = 10
	// tokenPrefix makes a next_token what it is for a client: opaque.
	tokenPrefix = "b26v89c19zqg8o3f"

	snowflakeEpoch = 1288834974657
	snowflakeBits  = 22
	snowflakeFirst = 30_000_000_000 // ids below tell no time
)

// searchFor is an understood call of recent search.
type searchFor struct {
	matches    query
	results    int
	after      uint64 // ids greater than this
	before     uint64 // ids less than this, 0 for no bound
	start, end time.Time
}

// search answers with the newest posts that match, and a token for the older ones.
func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	if s.answered(w, s.take(OnSearch)) {
		return
	}
	parameters := r.URL.Query()
	wants, bad := s.understand(parameters)
	if bad != nil {
		refuseParameter(w, bad.name, parameters.Get(bad.name), bad.message)
		return
	}
	found, more := s.find(wants)
	meta := object{"result_count": len(found)}
	body := object{"meta": meta}
	if len(found) > 0 {
		fields := wantedOf(parameters, s.cfg.Renamed)
		data, users := fields.page(found)
		body["data"] = json.RawMessage(data)
		if fields.author {
			body["includes"] = object{"users": json.RawMessage(users)}
		}
		meta["newest_id"], meta["oldest_id"] = found[0].tweet.PostID, found[len(found)-1].tweet.PostID
		if more {
			meta["next_token"] = tokenPrefix + strconv.FormatUint(found[len(found)-1].id, 36)
		}
	}
	answer(w, http.StatusOK, body)
}

// find returns the newest matching posts, and whether there are older ones.
func (s *Server) find(wants searchFor) (found []post, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.kept.all)
	if wants.before > 0 {
		last, _ = s.kept.find(wants.before)
	}
	for _, p := range slices.Backward(s.kept.all[:last]) {
		if p.id <= wants.after {
			break
		}
		at := p.tweet.CreatedAt
		if at.Before(wants.start) || (!wants.end.IsZero() && !at.Before(wants.end)) || !wants.matches(p.tweet, p.tags) {
			continue
		}
		if len(found) == wants.results {
			return found, true
		}
		found = append(found, p)
	}
	return found, false
}

// parameterError is a parameter that X refuses.
type parameterError struct{ name, message string }

// understand reads the parameters as X does: it knows no others.
func (s *Server) understand(parameters url.Values) (wants searchFor, bad *parameterError) {
	now := s.cfg.Now()
	wants.results = defaultResults
	if s.cfg.SearchWindow > 0 {
		wants.start = now.Add(-s.cfg.SearchWindow)
	}
	if s.cfg.SearchDelay > 0 {
		wants.end = now.Add(-s.cfg.SearchDelay)
	}
	var err error
	if wants.matches, err = parseQuery(parameters.Get("query"), maxQueryChars); err != nil {
		return wants, &parameterError{"query", err.Error()}
	}
	for name := range parameters {
		value := parameters.Get(name)
		switch name {
		case "query", "tweet.fields", "user.fields", "expansions":
		case "max_results":
			wants.results, err = strconv.Atoi(value)
			if err == nil && (wants.results < minResults || wants.results > maxResults) {
				err = fmt.Errorf("the 'max_results' query parameter value [%s] is not between %d and %d", value, minResults, maxResults)
			}
		case "since_id":
			wants.after, err = s.sinceID(value, now)
		case "start_time":
			wants.start, err = s.startTime(value, wants.start)
		case "end_time":
			wants.end, err = time.Parse(time.RFC3339, value)
		case "next_token":
			token, ok := strings.CutPrefix(value, tokenPrefix)
			if wants.before, err = strconv.ParseUint(token, 36, 64); err != nil || !ok {
				err = fmt.Errorf("the 'next_token' query parameter value [%s] is not valid", value)
			}
		default:
			err = fmt.Errorf("the query parameter [%s] is not one of those that are known", name)
		}
		if err != nil {
			return wants, &parameterError{name, err.Error()}
		}
	}
	return wants, nil
}

// sinceID refuses an id from before the window, as X does.
func (s *Server) sinceID(value string, now time.Time) (uint64, error) {
	id, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("'since_id' must be a number, not %s", value)
	}
	written := time.UnixMilli(int64(id>>snowflakeBits) + snowflakeEpoch)
	if oldest := now.Add(-s.cfg.SearchWindow); s.cfg.SearchWindow > 0 && id >= snowflakeFirst && written.Before(oldest) {
		return 0, fmt.Errorf("'since_id' must be a tweet id created after [%s]", oldest.UTC().Format(time.RFC3339))
	}
	return id, nil
}

func (s *Server) startTime(value string, oldest time.Time) (time.Time, error) {
	start, err := time.Parse(time.RFC3339, value)
	if err == nil && start.Before(oldest) {
		err = fmt.Errorf("'start_time' must be on or after %s", oldest.UTC().Format(time.RFC3339))
	}
	return start, err
}
