package bluesky

import (
	"bytes"
	"errors"
	"time"

	"cashtag/schemas"
	"cashtag/streams/ingest"
)

// recentPosts is how many posts that were yielded are remembered, so that a
// deletion is seen though the post is not stored yet.
const recentPosts = 4096

var errNotJSON = errors.New("frame is no JSON object")

// Reading is what one frame says.
type Reading struct {
	// Event is the event that the frame became, if Found.
	Event schemas.Event
	Found bool
	// Outcome is ingest.Filtered for a post that is not wanted, and empty for a
	// frame that is no new post.
	Outcome ingest.Outcome
	// Decoded tells a frame that was decoded, and so has a place, from one that
	// was passed over.
	Decoded bool

	place  place
	advice string
	text   string
}

// Decoder turns frames into events. It is not safe for concurrent use.
type Decoder struct {
	source    string
	prefix    string
	languages []string
	maxAge    time.Duration
	known     Known
	deleted   func(postID string, at time.Time) (schemas.Event, bool)

	list     ingest.Tickers
	changed  <-chan struct{}
	followed map[string]struct{}

	recent     map[string]struct{}
	recentList []string // the same, as a ring
	recentAt   int
}

// NewDecoder returns a Decoder of what cfg wants.
func NewDecoder(cfg Config) *Decoder {
	d := &Decoder{
		source:    cfg.Source,
		languages: cfg.Languages,
		maxAge:    cfg.MaxAge,
		list:      cfg.Tickers,
	}
	if schemas.IsDemo(cfg.Source) {
		d.prefix = schemas.DemoPrefix
	}
	if cfg.Known != nil && cfg.Deleted != nil {
		d.known, d.deleted = cfg.Known, cfg.Deleted
		d.recent = make(map[string]struct{}, recentPosts)
		d.recentList = make([]string, recentPosts)
	}
	d.follow()
	return d
}

// Decode reads one decompressed frame. A frame that holds neither a cashtag nor a
// deletion is passed over without an allocation. raw is not kept.
func (d *Decoder) Decode(version Version, raw []byte) (Reading, error) {
	if !looksWhole(raw) {
		return Reading{}, errNotJSON
	}
	if !d.worthReading(version, raw) {
		return Reading{Outcome: passedOver(raw)}, nil
	}
	f, err := readFrame(version, raw)
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{Decoded: true, place: f.place()}
	switch {
	case f.kind == kindInfo:
		reading.advice, reading.text = f.name, f.text
		reading.Decoded = false
	case f.kind != kindCommit || f.commit.Collection != collection:
	case f.commit.Operation == operationCreate:
		event, ok, err := d.post(&f)
		if err != nil {
			return reading, err
		}
		reading.Event, reading.Found = event, ok
		if !ok {
			reading.Outcome = ingest.Filtered
			break
		}
		d.remember(postID(&f))
	case f.commit.Operation == operationDelete && d.known != nil:
		reading.Event, reading.Found = d.deletion(postID(&f), time.UnixMicro(f.micros).UTC())
	}
	return reading, nil
}

// worthReading reports whether a frame must be decoded to know what it says.
func (d *Decoder) worthReading(version Version, raw []byte) bool {
	return mayName(raw) ||
		d.known != nil && bytes.Contains(raw, quotedDelete) ||
		version == V2 && isNotice(raw)
}

// passedOver tells a post that nobody decoded from what is no new post.
func passedOver(raw []byte) ingest.Outcome {
	if bytes.Contains(raw, quotedCreate) {
		return ingest.Filtered
	}
	return ""
}

var (
	typeError = []byte(`"$type":"error"`)
	typeInfo  = []byte(`#info"`)
)

// noticeBytes bounds where a notice says that it is one: its type comes first.
const noticeBytes = 200

// isNotice reports whether a v2 frame may be an error or an advice.
func isNotice(raw []byte) bool {
	head := raw[:min(len(raw), noticeBytes)]
	return bytes.Contains(head, typeError) || bytes.Contains(head, typeInfo)
}

func (d *Decoder) deletion(id string, at time.Time) (schemas.Event, bool) {
	if _, lately := d.recent[id]; !lately && !d.known.Has(id) {
		return schemas.Event{}, false
	}
	return d.deleted(id, at)
}

// remember keeps the id of a post that was yielded, for the oldest one.
func (d *Decoder) remember(id string) {
	if d.recent == nil {
		return
	}
	delete(d.recent, d.recentList[d.recentAt])
	d.recentList[d.recentAt] = id
	d.recent[id] = struct{}{}
	d.recentAt = (d.recentAt + 1) % len(d.recentList)
}

// refresh reads the followed list again after a change.
func (d *Decoder) refresh() {
	select {
	case <-d.changed:
		d.follow()
	default:
	}
}

func (d *Decoder) follow() {
	d.changed = d.list.Changed()
	list := d.list.List()
	d.followed = make(map[string]struct{}, len(list))
	for _, ticker := range list {
		d.followed[ticker] = struct{}{}
	}
}
