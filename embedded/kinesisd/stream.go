package kinesisd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	accountID       = "000000000000"
	arnPrefix       = "arn:aws:kinesis:us-east-1:" + accountID + ":stream/"
	retention       = 24 * time.Hour
	onDemandShards  = 4
	maxShards       = 500
	maxStreams      = 1000
	modeProvisioned = "PROVISIONED"
	modeOnDemand    = "ON_DEMAND"

	metaName   = "kinesis-name"
	metaShards = "kinesis-shards"
	metaMode   = "kinesis-mode"
	metaBorn   = "kinesis-created-ms"

	// codeStorage is JetStream's error code for a store without room.
	codeStorage jetstream.ErrorCode = 10047
)

var (
	nameRE = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)
	arnRE  = regexp.MustCompile(`^arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/([a-zA-Z0-9_.-]{1,128})$`)
)

// stream is one Kinesis stream and the JetStream stream behind it.
type stream struct {
	name    string
	mode    string
	created time.Time
	shards  []*shard
	js      jetstream.Stream
	puts    *committer
}

func (st *stream) born() int64 { return st.created.UnixMilli() }

func (st *stream) arn() string { return arnPrefix + st.name }

func (st *stream) subject(shard int) string {
	return "kinesis." + storeName(st.name) + "." + strconv.Itoa(shard)
}

// storeName is the JetStream name of a stream: a dot is not allowed there, and
// a tilde not in Kinesis.
func storeName(name string) string { return strings.ReplaceAll(name, ".", "~") }

// registry knows the streams. JetStream has them on disk; this is its index.
type registry struct {
	js       jetstream.JetStream
	maxBytes int64

	mu     sync.RWMutex
	byName map[string]*stream
}

// load finds the streams that an earlier run left.
func (r *registry) load(ctx context.Context) error {
	infos := r.js.ListStreams(ctx)
	for info := range infos.Info() {
		meta := info.Config.Metadata
		name := meta[metaName]
		if name == "" {
			continue
		}
		n, err := strconv.Atoi(meta[metaShards])
		if err != nil || n < 1 || n > maxShards {
			return fmt.Errorf("open kinesis stream %s: %s shards", name, meta[metaShards])
		}
		ms, err := strconv.ParseInt(meta[metaBorn], 10, 64)
		if err != nil {
			return fmt.Errorf("open kinesis stream %s: read creation time: %w", name, err)
		}
		js, err := r.js.Stream(ctx, info.Config.Name)
		if err != nil {
			return fmt.Errorf("open kinesis stream %s: %w", name, err)
		}
		r.byName[name] = r.newStream(name, meta[metaMode], n, time.UnixMilli(ms), js)
	}
	if err := infos.Err(); err != nil {
		return fmt.Errorf("list kinesis streams: %w", err)
	}
	return nil
}

func (r *registry) newStream(name, mode string, shards int, created time.Time, js jetstream.Stream) *stream {
	return &stream{
		name: name, mode: mode, created: created, shards: newShards(shards), js: js,
		puts: newCommitter(r.js),
	}
}

func (r *registry) create(ctx context.Context, name, mode string, shards int, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[name] != nil {
		return refuse(codeInUse, "Stream %s under account %s already exists.", name, accountID)
	}
	if len(r.byName) >= maxStreams {
		return refuse(codeLimitExceeded, "This account has %d streams already.", maxStreams)
	}
	store := storeName(name)
	js, err := r.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:               store,
		Subjects:           []string{"kinesis." + store + ".*"},
		Storage:            jetstream.FileStorage,
		MaxAge:             retention,
		MaxBytes:           r.maxBytes,
		Discard:            jetstream.DiscardOld,
		AllowDirect:        true,
		AllowAtomicPublish: true,
		Metadata: map[string]string{
			metaName: name, metaMode: mode, metaShards: strconv.Itoa(shards),
			metaBorn: strconv.FormatInt(now.UnixMilli(), 10),
		},
	})
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode == codeStorage:
		return refuse(codeLimitExceeded, "The store has no room for another stream of %d bytes.", r.maxBytes)
	case err != nil:
		return fmt.Errorf("create stream %s: %w", name, err)
	}
	r.byName[name] = r.newStream(name, mode, shards, time.UnixMilli(now.UnixMilli()), js)
	return nil
}

func (r *registry) remove(ctx context.Context, st *stream) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[st.name] != st {
		return notFound(st.name)
	}
	return st.puts.close(ctx, notFound(st.name), func() error {
		if err := r.js.DeleteStream(ctx, storeName(st.name)); err != nil {
			return fmt.Errorf("delete stream %s: %w", st.name, err)
		}
		delete(r.byName, st.name)
		return nil
	})
}

func (r *registry) names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	names := make([]string, 0, len(r.byName))
	for name := range r.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *registry) get(name string) (*stream, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	st := r.byName[name]
	if st == nil {
		return nil, notFound(name)
	}
	return st, nil
}

// target is how a request names its stream.
type target struct {
	StreamName string `json:"StreamName"`
	StreamARN  string `json:"StreamARN"`
}

func (r *registry) find(t target) (*stream, error) {
	name := t.StreamName
	if t.StreamARN != "" {
		m := arnRE.FindStringSubmatch(t.StreamARN)
		if m == nil {
			return nil, invalid(t.StreamARN, "streamARN", "Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+")
		}
		if name != "" && name != m[1] {
			return nil, refuse(codeInvalidArgument, "StreamName %s and StreamARN %s name different streams.", name, t.StreamARN)
		}
		name = m[1]
	}
	switch {
	case name == "":
		return nil, refuse(codeInvalidArgument, "Must specify either StreamName or StreamARN.")
	case !nameRE.MatchString(name):
		return nil, invalid(name, "streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{1,128}")
	}
	return r.get(name)
}
