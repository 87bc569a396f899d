package archive

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cashtag/streams"
	"cashtag/streams/durable"
)

// Config says which streams go where. The zero value is not usable: start from
// DefaultConfig.
type Config struct {
	// Streams are archived.
	Streams []string
	// Bucket keeps the blocks.
	Bucket string
	// Prefix is put before every object's name: "" or a path that ends in a slash.
	Prefix string
	// Region is the bucket's; "" leaves it to the environment and the shared AWS
	// configuration.
	Region string
	// Endpoint is the URL of a server other than Amazon's; "" is Amazon's.
	Endpoint string
	// PathStyle puts the bucket into the path rather than the host name, as most
	// servers other than Amazon's want it.
	PathStyle bool
	// AccessKey and SecretKey are static credentials; both empty leaves them to
	// the SDK's chain: environment, shared files, web identity, container, host.
	AccessKey, SecretKey string
	// Create makes Ensure create a bucket that does not exist.
	Create bool
	// BlockEvents, BlockBytes and BlockAge say when a block is full.
	BlockEvents uint64
	BlockBytes  uint64
	BlockAge    time.Duration
	// Takeover and Alone say when a standby takes over: see durable.BlockConfig.
	Takeover time.Duration
	Alone    bool
	// CallTimeout bounds one call, with all that it sends.
	CallTimeout time.Duration
}

// DefaultConfig archives every stream that the topology has archived, in a bucket
// that exists already.
func DefaultConfig() Config {
	blocks := durable.DefaultBlockConfig(streams.Consumer{})
	cfg := Config{
		Bucket:      "cashtag-archive",
		BlockEvents: blocks.Events,
		BlockBytes:  blocks.Bytes,
		BlockAge:    blocks.Age,
		Takeover:    blocks.Takeover,
		CallTimeout: time.Minute,
	}
	for _, consumer := range streams.Consumers() {
		if consumer.Service == streams.ServiceArchive {
			cfg.Streams = append(cfg.Streams, consumer.Stream)
		}
	}
	return cfg
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// prefixPath keeps to characters that need no escaping anywhere.
var prefixPath = regexp.MustCompile(`^([A-Za-z0-9!_.*'()-]+/)*$`)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if len(c.Streams) == 0 {
		return errors.New("streams is empty: must name at least one stream")
	}
	for _, stream := range c.Streams {
		if err := c.blocks(stream).Validate(); err != nil {
			return err
		}
	}
	switch {
	case !bucketName.MatchString(c.Bucket):
		return fmt.Errorf("bucket is %q: must be 3 to 63 lower case letters, digits, dots or hyphens", c.Bucket)
	case !prefixPath.MatchString(c.Prefix) || strings.Contains(c.Prefix, "./"):
		return fmt.Errorf("prefix is %q: must be empty or a path such as cashtag/prod/", c.Prefix)
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return errors.New("access key and secret key: must be given both or neither")
	case c.CallTimeout < time.Millisecond:
		return fmt.Errorf("call timeout is %s: must be at least 1ms", c.CallTimeout)
	case c.Endpoint == "":
		return nil
	}
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		return fmt.Errorf("endpoint is %q: must be a URL such as http://127.0.0.1:9000", c.Endpoint)
	}
	return nil
}

// blocks says how a stream is cut.
func (c Config) blocks(stream string) durable.BlockConfig {
	blocks := durable.DefaultBlockConfig(streams.Consumer{Service: streams.ServiceArchive, Stream: stream, Ordered: true})
	blocks.Events, blocks.Bytes, blocks.Age, blocks.Takeover = c.BlockEvents, c.BlockBytes, c.BlockAge, c.Takeover
	blocks.Alone = c.Alone
	return blocks
}
