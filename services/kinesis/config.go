package kinesis

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"

	"cashtag/streams"
)

// Config says where events go and how. The zero value is not usable: start from
// DefaultConfig.
type Config struct {
	// Streams maps a stream of ours, such as TWEETS, to the Kinesis stream that
	// mirrors it.
	Streams map[string]string
	// Region is that of the Kinesis streams; "" leaves it to the environment and
	// the shared AWS configuration.
	Region string
	// Endpoint is the URL of a server other than Amazon's; "" is Amazon's.
	Endpoint string
	// AccessKey and SecretKey are static credentials; both empty leaves them to
	// the SDK's chain: environment, shared files, web identity, container, host. A
	// Config prints, logs and encodes without them.
	AccessKey, SecretKey string
	// Create makes Ensure create a stream that does not exist.
	Create bool
	// Shards is how many shards a stream is created with.
	Shards int
	// Lanes is how many calls of one Sink may be in flight. A ticker keeps to one
	// lane, so that its order is kept.
	Lanes int
	// CallTimeout bounds one call.
	CallTimeout time.Duration
	// ReadyTimeout bounds Ensure, and so how long a created stream may take to
	// become active.
	ReadyTimeout time.Duration
}

// DefaultConfig mirrors tweets and quotes to streams that exist already.
func DefaultConfig() Config {
	return Config{
		Streams:      map[string]string{streams.Tweets: "cashtag-tweets", streams.Quotes: "cashtag-quotes"},
		Shards:       1,
		Lanes:        2,
		CallTimeout:  10 * time.Second,
		ReadyTimeout: time.Minute,
	}
}

const (
	maxLanes  = 16
	maxShards = 10_000
)

var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if len(c.Streams) == 0 {
		return errors.New("streams is empty: must name at least one stream")
	}
	for _, ours := range slices.Sorted(maps.Keys(c.Streams)) {
		if theirs := c.Streams[ours]; !streamName.MatchString(theirs) {
			return fmt.Errorf("streams.%s is %q: must be 1 to 128 letters, digits, underscores, dots or hyphens", ours, theirs)
		}
	}
	if err := c.validEndpoint(); err != nil {
		return err
	}
	switch {
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return errors.New("access key and secret key: must be given both or neither")
	case c.Shards < 1 || c.Shards > maxShards:
		return fmt.Errorf("shards is %d: must be from 1 to %d", c.Shards, maxShards)
	case c.Lanes < 1 || c.Lanes > maxLanes:
		return fmt.Errorf("lanes is %d: must be from 1 to %d", c.Lanes, maxLanes)
	case c.CallTimeout < time.Millisecond:
		return fmt.Errorf("call timeout is %s: must be at least 1ms", c.CallTimeout)
	case c.ReadyTimeout < time.Millisecond:
		return fmt.Errorf("ready timeout is %s: must be at least 1ms", c.ReadyTimeout)
	}
	return nil
}

func (c Config) validEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		return fmt.Errorf("endpoint is %q: must be a URL such as http://127.0.0.1:4567", c.Endpoint)
	}
	return nil
}

// String gives the configuration without its secrets.
func (c Config) String() string {
	return fmt.Sprintf("streams %v, region %q, endpoint %q", c.Streams, c.Region, c.Endpoint)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer without the secrets.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("streams", c.Streams), slog.String("region", c.Region), slog.String("endpoint", c.Endpoint))
}

// MarshalJSON encodes what String gives.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
