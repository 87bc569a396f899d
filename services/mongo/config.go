package mongo

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// Config says where documents go. The zero value is not usable: start from
// DefaultConfig and set URI.
type Config struct {
	// URI is the connection string. It is a secret, since it may hold a password:
	// a Config prints, logs and encodes without it. What goes over the wire is
	// compressed only where the URI names compressors.
	URI string
	// Database holds the collections.
	Database string
	// TTL is how long the documents of a stream, such as LOGS, are kept from when
	// the event was stored; a stream that is not named keeps them for good.
	TTL map[string]time.Duration
	// CallTimeout bounds one insert.
	CallTimeout time.Duration
	// ConnectTimeout bounds the search for a server that can be reached.
	ConnectTimeout time.Duration
	// IndexTimeout bounds the creation of one index, which on a large collection
	// takes minutes.
	IndexTimeout time.Duration
}

// DefaultConfig keeps everything in the database cashtag.
func DefaultConfig() Config {
	return Config{
		Database:       "cashtag",
		CallTimeout:    30 * time.Second,
		ConnectTimeout: 5 * time.Second,
		IndexTimeout:   10 * time.Minute,
	}
}

const (
	maxDatabaseName = 63
	minTTL          = time.Minute // a server looks for expired documents once a minute
)

// Validate returns an error that names the field, its value and what is allowed;
// of the URI it gives no value.
func (c Config) Validate() error {
	switch {
	case c.URI == "":
		return errors.New("uri is empty: must be a connection string such as mongodb://127.0.0.1:27017")
	case c.Database == "" || len(c.Database) > maxDatabaseName || strings.ContainsAny(c.Database, "/\\. \"$*<>:|?\x00"):
		return fmt.Errorf(`database is %q: must be 1 to %d bytes without any of /\. "$*<>:|?`, c.Database, maxDatabaseName)
	case c.CallTimeout < time.Millisecond:
		return fmt.Errorf("call timeout is %s: must be at least 1ms", c.CallTimeout)
	case c.ConnectTimeout < time.Millisecond:
		return fmt.Errorf("connect timeout is %s: must be at least 1ms", c.ConnectTimeout)
	case c.IndexTimeout < time.Millisecond:
		return fmt.Errorf("index timeout is %s: must be at least 1ms", c.IndexTimeout)
	}
	for _, stream := range slices.Sorted(maps.Keys(c.TTL)) {
		if ttl := c.TTL[stream]; ttl < minTTL {
			return fmt.Errorf("ttl of %s is %s: must be at least %s", stream, ttl, minTTL)
		}
	}
	return nil
}

// String gives the configuration without its secret.
func (c Config) String() string {
	return fmt.Sprintf("database %s, ttl %v", c.Database, c.TTL)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue implements slog.LogValuer without the secret.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("database", c.Database), slog.Any("ttl", c.TTL))
}

// MarshalJSON encodes what String gives.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
