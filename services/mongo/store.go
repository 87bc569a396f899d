package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Store is one connection pool to a MongoDB server, shared by the sinks of all
// streams. Make it with Open.
type Store struct {
	cfg      Config
	client   *mongo.Client
	database *mongo.Database
	hosts    string // for messages
	logger   *slog.Logger
}

// Open returns a Store. It does not wait for a connection: see Sink.Ensure. The
// caller closes it.
func Open(cfg Config, logger *slog.Logger) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("mongo: %w", err)
	}
	opts := options.Client().ApplyURI(cfg.URI).
		SetAppName("cashtag").
		SetConnectTimeout(cfg.ConnectTimeout).
		SetServerSelectionTimeout(cfg.ConnectTimeout)
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("mongo: uri: %w", redacted(err, cfg.URI))
	}
	client, err := mongo.Connect(opts)
	if err != nil {
		return nil, fmt.Errorf("mongo: uri: %w", redacted(err, cfg.URI))
	}
	return &Store{
		cfg:      cfg,
		client:   client,
		database: client.Database(cfg.Database),
		hosts:    strings.Join(opts.Hosts, ","),
		logger:   logger,
	}, nil
}

// Close ends every connection. Nothing may be written after.
func (s *Store) Close(ctx context.Context) error {
	if err := s.client.Disconnect(ctx); err != nil {
		return fmt.Errorf("disconnect from mongodb at %s: %w", s.hosts, err)
	}
	return nil
}

// redacted is err without the secrets of the URI, however err may quote it. The
// cause is not wrapped, since it holds them.
func redacted(err error, uri string) error {
	message := err.Error()
	for _, secret := range secrets(uri) {
		message = strings.ReplaceAll(message, secret, "***")
	}
	return errors.New(message)
}

// secrets lists what must not be shown of a URI that need not be valid: what
// stands before its last @, the password in it, and options that hold a secret.
func secrets(uri string) []string {
	var found []string
	add := func(secret string) {
		if secret == "" {
			return
		}
		found = append(found, secret)
		if plain, err := url.PathUnescape(secret); err == nil && plain != secret {
			found = append(found, plain)
		}
	}
	rest := uri
	if _, after, ok := strings.Cut(uri, "://"); ok {
		rest = after
	}
	if end := strings.LastIndexByte(rest, '@'); end >= 0 {
		_, password, _ := strings.Cut(rest[:end], ":")
		add(rest[:end])
		add(password)
	}
	_, query, _ := strings.Cut(rest, "?")
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(option, "=")
		if name = strings.ToLower(name); strings.Contains(name, "password") || name == "authmechanismproperties" {
			add(value)
		}
	}
	return found
}
