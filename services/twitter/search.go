package twitter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	minResults = 10 // of a page of recent search
	maxResults = 100
	// maxGapPosts bounds what is held to bring a gap into order: what is more
	// comes in pieces, the newest first.
	maxGapPosts = 10_000
)

// page is one page of recent search, newest post first.
type page struct {
	Data     []jsontext.Value `json:"data"`
	Includes includes         `json:"includes"`
	Meta     struct {
		NextToken string `json:"next_token"`
	} `json:"meta"`
}

// gap is what may be missing since the connection before. It is searched once at
// once, and once more when X's index has caught up with the connection.
type gap struct {
	open      bool
	since     Place     // what was read before it
	connected time.Time // what comes later comes by the stream
	due       time.Time
	began     time.Time // of the search under way
	queries   []string
	query     int    // which of queries
	token     string // of the query's next page
	reads     int    // of the query
	newest    string // post of the search
	capped    bool   // a query was given up because of its reads
	unbounded bool   // X refused the since_id: it is older than its index
	failures  schedule
}

// openGap starts to look for what came between place and the connection.
func (s *Source) openGap(since Place, connected time.Time) {
	if since.nowhere() {
		return
	}
	s.gap = gap{open: true, since: since, connected: connected, due: connected, failures: schedule{backoff: s.cfg.Backoff}}
	if s.cfg.Now().Sub(since.Since) < s.cfg.SearchLag { // X refuses a start later than its index
		s.gap.due = connected.Add(s.cfg.SearchLag)
	}
}

// fill reads the next piece of the gap, in order: a query's posts, or the newest of
// them where they are too many. Where search fails it is tried again later while
// the stream goes on.
func (s *Source) fill(ctx context.Context) ([]schemas.Event, error) {
	g := &s.gap
	if g.began.IsZero() {
		g.began, g.queries = time.Now(), pack(s.cfg, s.followed, maxQueryChars)
		g.query, g.token, g.reads, g.capped = 0, "", 0, false
	}
	var found []Post
	for g.query < len(g.queries) && len(found) < maxGapPosts {
		posts, next, err := s.searchPage(ctx)
		found = append(found, posts...)
		if err != nil {
			return inOrder(found), s.searchFailed(ctx, err)
		}
		if g.token = next; next == "" || s.allowance() < minResults {
			g.capped = g.capped || next != ""
			g.query, g.token, g.reads = g.query+1, "", 0
		}
	}
	if g.query == len(g.queries) {
		s.searched(ctx)
	}
	return inOrder(found), nil
}

// allowance is how many posts the query under way may still read.
func (s *Source) allowance() int {
	if s.cfg.GapReads == 0 {
		return maxReads
	}
	return max(s.cfg.GapReads/len(s.gap.queries), minResults) - s.gap.reads
}

// searched ends a search through all queries, and the gap where X's index reached
// the connection when it began.
func (s *Source) searched(ctx context.Context) {
	g := &s.gap
	if g.capped {
		s.log.WarnContext(ctx, "gap is longer than what may be read to fill it, its older posts are left out",
			"gap_reads", s.cfg.GapReads, "since", g.since.String())
		g.since = Place{PostID: g.newest} // not again what was given up
	}
	if complete := g.connected.Add(s.cfg.SearchLag); g.began.Before(complete) {
		g.due, g.began = complete, time.Time{}
		return
	}
	s.gap = gap{}
}

// searchFailed says when to search again, from the start: the pages before are paid
// once a day.
func (s *Source) searchFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrBudget) {
		return err
	}
	g := &s.gap
	if status, ok := errors.AsType[*StatusError](err); ok && slices.Contains(status.parameters, "since_id") && !g.unbounded {
		s.log.WarnContext(ctx, "gap is older than what X can search, filling what it has", "since_id", g.since.PostID)
		g.unbounded, g.began = true, time.Time{}
		return nil
	}
	err = g.failures.judge(err, time.Now())
	retry, ok := errors.AsType[*ingest.Retry](err)
	if !ok {
		return err
	}
	s.log.WarnContext(ctx, "gap not filled yet", "error", retry.Err, "again_in", retry.After)
	g.due, g.began = time.Now().Add(retry.After), time.Time{}
	return nil
}

// searchPage reads one page and counts it.
func (s *Source) searchPage(ctx context.Context) (posts []Post, next string, err error) {
	left, _, err := s.meter.left(minResults)
	if err != nil {
		return nil, "", err
	}
	g := &s.gap
	query := fields()
	query.Set("query", g.queries[g.query])
	query.Set("max_results", strconv.Itoa(min(left, s.allowance(), maxResults)))
	switch {
	case g.unbounded:
	case g.since.PostID != "":
		query.Set("since_id", before(g.since.PostID, s.cfg.Overlap))
	default:
		query.Set("start_time", g.since.Since.UTC().Format(time.RFC3339))
	}
	if g.token != "" {
		query.Set("next_token", g.token)
	}
	var answer page
	if err := s.client.call(ctx, http.MethodGet, searchPath, query, nil, &answer); err != nil {
		return nil, "", err
	}
	g.reads += len(answer.Data)
	for _, raw := range answer.Data {
		var p post
		if err := json.Unmarshal(raw, &p, tolerant); err != nil {
			s.malformed(ctx, malformed(err))
			continue
		}
		decoded, err := s.decode.post(&p, answer.Includes.Users)
		decoded, ok := s.take(ctx, decoded, err)
		s.advance(decoded.ID)
		if compareIDs(decoded.ID, g.newest) > 0 {
			g.newest = decoded.ID
		}
		if ok {
			posts = append(posts, decoded)
		}
	}
	return posts, answer.Meta.NextToken, nil
}

// inOrder sorts posts by id, which is by time.
func inOrder(posts []Post) []schemas.Event {
	slices.SortStableFunc(posts, func(a, b Post) int { return compareIDs(a.ID, b.ID) })
	events := make([]schemas.Event, len(posts))
	for i := range posts {
		events[i] = posts[i].Event
	}
	return events
}
