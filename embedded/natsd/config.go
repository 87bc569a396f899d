package natsd

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
)

// Names of the accounts; the system account is the server's default, $SYS.
const (
	// AccountCashtag is the account of the platform and of its users.
	AccountCashtag = "CASHTAG"
	// AccountKinesis is the account of the Kinesis stand-in.
	AccountKinesis = "KINESISD"
)

const (
	localUser   = "local"
	kinesisUser = "kinesisd"
	// minStore leaves room for at least one file block of each stream.
	minStore = 64 << 20
)

// Config says where the server listens, where it stores and whom it knows.
type Config struct {
	// Dir is where JetStream stores its files; it is created when missing.
	Dir string
	// Host is the address to listen on. A host that is not loopback asks
	// every client for credentials.
	Host string
	// Port is the TCP port to listen on; -1 takes any that is free.
	Port int
	// MaxStore bounds the bytes of all streams together. JetStream reserves a
	// stream's MaxBytes against it when the stream is created.
	MaxStore int64
	// SyncAlways syncs to disk before a publish is acknowledged.
	SyncAlways bool
	// Users are the users of the account CASHTAG, besides the internal one.
	Users []User
	// Logger receives the server's log: warnings and errors as they are,
	// everything else as debug. Nil discards it.
	Logger *slog.Logger
}

// User is a user of the account CASHTAG.
type User struct {
	// Name is the user name, unique in Config.Users.
	Name string
	// Password is compared as it stands; it must not be empty.
	Password string
	// Publish lists the subjects the user may publish to; empty allows all.
	Publish []string
	// Subscribe lists the subjects the user may subscribe to; empty allows all.
	Subscribe []string
	// AllowResponses lets the user answer a request it received although
	// Publish does not list the reply subject.
	AllowResponses bool
}

// DefaultConfig listens on 127.0.0.1:4222, caps the store at 32 GiB and syncs
// before every acknowledgement. Dir is left to the caller.
func DefaultConfig() Config {
	return Config{Host: "127.0.0.1", Port: 4222, MaxStore: 32 << 30, SyncAlways: true}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Dir == "":
		return errors.New("nats: dir is empty: name a directory for the streams")
	case c.Host == "":
		return errors.New("nats: host is empty: name an address such as 127.0.0.1")
	case c.Port != -1 && (c.Port < 1 || c.Port > 65535):
		return fmt.Errorf("nats: port %d: want 1 to 65535, or -1 for any that is free", c.Port)
	case c.MaxStore < minStore:
		return fmt.Errorf("nats: max store %d bytes: want at least %d", c.MaxStore, minStore)
	}
	names := []string{localUser, kinesisUser}
	for _, u := range c.Users {
		if u.Name == "" || u.Password == "" {
			return fmt.Errorf("nats: user %q: want a name and a password", u.Name)
		}
		if slices.Contains(names, u.Name) {
			return fmt.Errorf("nats: user %q: the name is taken: choose another", u.Name)
		}
		names = append(names, u.Name)
	}
	return nil
}

func (c Config) loopback() bool {
	if c.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(c.Host)
	return ip != nil && ip.IsLoopback()
}
