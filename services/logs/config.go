package logs

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// Config says whose records a Handler publishes, and which.
type Config struct {
	// Service is the name of the service, a subject token.
	Service string
	// Level is the least level that is published. The other handler has its own.
	Level slog.Level
	// Queue is how many records may wait to be published, about 20 KiB each at the
	// most.
	Queue int
}

// DefaultConfig publishes from level info on and queues 2048 records. Service is
// still to be set.
func DefaultConfig() Config { return Config{Level: slog.LevelInfo, Queue: 2048} }

var servicePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate returns an error that names the field, its value and what is allowed.
func (c Config) Validate() error {
	if !servicePattern.MatchString(c.Service) {
		return fmt.Errorf("service is %q: must be a name in lower case of at most 32 characters", c.Service)
	}
	if c.Queue < 1 || c.Queue > 1<<20 {
		return fmt.Errorf("queue is %d: must be from 1 to %d", c.Queue, 1<<20)
	}
	return nil
}

// Bounds of one record as it is published, and of one call to the Publisher.
const (
	maxMessageBytes = 4 << 10
	maxStringBytes  = 4 << 10 // of one value
	maxKeyBytes     = 256
	maxRecordBytes  = 16 << 10 // of all keys and values together
	maxAttributes   = 64
	maxBatch        = 256
)

const (
	// flushTimeout bounds what Run does after its context ended.
	flushTimeout = 2 * time.Second
	// The pause between tries to publish grows from the first to the second.
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
)
