package mongod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"

	"cashtag/embedded/child"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// sqliteURL is the child's working directory, with settings for every
// connection: writers wait for each other, every commit is synced before it is
// acknowledged, and the write-ahead log shrinks to 64 MiB after a large one.
const sqliteURL = "file:./?" +
	"_pragma=busy_timeout(10000)&" +
	"_pragma=journal_mode(wal)&" +
	"_pragma=synchronous(full)&" +
	"_pragma=journal_size_limit(67108864)"

// Child is the server's part in a child process, for child.Main.
func Child() child.Func { return child.Func{Name: childName, Run: run} }

// run serves in the child process until ctx ends.
func run(ctx context.Context, config []byte, logger *slog.Logger, ready func(addr string) error) error {
	var cfg settings
	if err := json.Unmarshal(config, &cfg); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	release, err := child.OwnDir(ctx, cfg.Dir, child.DefaultStopTimeout)
	if err != nil {
		return err
	}
	defer func() { _ = release() }() // the end of the process releases it too

	// Paths below are relative, since FerretDB takes the directory as a URL
	// and as a pattern, where a path may hold characters of either.
	if err := os.Chdir(cfg.Dir); err != nil {
		return fmt.Errorf("enter directory: %w", err)
	}
	if err := checkFree(ctx, cfg.Addr); err != nil {
		return err
	}
	if err := repair(ctx, logger); err != nil {
		return err
	}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: cfg.Addr},
		Logger:    slog.New(quieter{logger.Handler()}),
		Handler:   "sqlite",
		SQLiteURL: sqliteURL,
	})
	if err != nil {
		return fmt.Errorf("open FerretDB: %w", err)
	}
	uri, err := url.Parse(server.MongoDBURI())
	if err != nil {
		return fmt.Errorf("read address of FerretDB: %w", err)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	indexed := make(chan struct{})
	go func() {
		defer close(indexed)
		keepLookups(ctx, logger)
	}()
	if err := ready(uri.Host); err != nil {
		cancel(err)
	}
	err = server.Run(ctx)
	<-indexed
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

// checkFree sees that an address can be listened on, for the plain error that
// FerretDB hides among its own.
func checkFree(ctx context.Context, addr string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return listener.Close()
}

// quieter lowers what FerretDB says of each connection and of each command
// that it refuses, which its client hears too, to debug level, and drops its
// own debug records, which copy every document.
type quieter struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quieter) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo && q.Handler.Enabled(ctx, lowered(level))
}

// Handle implements slog.Handler.
func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lowered(r.Level)
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }

// lowered is the level under which a record of FerretDB is kept.
func lowered(level slog.Level) slog.Level {
	if level < slog.LevelError {
		return slog.LevelDebug
	}
	return level
}
