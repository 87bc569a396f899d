package s3d

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cashtag/embedded/child"

	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

// Bounds of the server.
const (
	maxConnections = 1024
	maxRequests    = 512
	maxParts       = 10_000  // of one multipart upload, as on S3
	maxCopy        = 5 << 30 // bytes of one copy, as on S3
)

// stopGrace bounds the wait for requests in hand. Without it the gateway waits
// for every connection that has not sent its first request, which HTTP clients
// keep in reserve.
const stopGrace = 2 * time.Second

// bindTries bounds the search for a free port.
const bindTries = 5

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

	// The gateway takes an address but does not tell which port it got, so a
	// free one is found first. Another process may take it in between.
	for range bindTries {
		var addr string
		if addr, err = freeAddr(ctx, cfg.Addr); err != nil {
			return err
		}
		err = serve(ctx, cfg, addr, logger, ready)
		if addr == cfg.Addr || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return err
}

// freeAddr sees that an address can be listened on, and gives it a port if it
// has none.
func freeAddr(ctx context.Context, addr string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := errors.Join(err, listener.Close()); err != nil {
		return "", fmt.Errorf("find free port: %w", err)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("find free port: %w", err)
	}
	return net.JoinHostPort(host, port), nil
}

// serve runs the gateway on an address until ctx ends.
func serve(ctx context.Context, cfg settings, addr string, logger *slog.Logger, ready func(addr string) error) error {
	objects := filepath.Join(cfg.Dir, "objects")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return fmt.Errorf("make directory of objects: %w", err)
	}
	store, sidecar, err := metadata(objects, filepath.Join(cfg.Dir, "metadata"))
	if err != nil {
		return err
	}
	opts := posix.PosixOpts{SideCarDir: sidecar, CopyObjectThreshold: maxCopy, Concurrency: maxRequests}
	opts.SetNewDirPerm(0o700)
	opts.SetNewFilePerm(0o600)
	files, err := posix.New(objects, store, opts) // it enters the directory
	if err != nil {
		return fmt.Errorf("open directory of objects: %w", err)
	}
	if err := repair(ctx, store, logger); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		ended <- embedgw.RunVersityGW(ctx, synced{files}, gateway(cfg, addr, func() {
			if err := ready(addr); err != nil {
				cancel(err)
			}
		}))
	}()
	err = wait(ctx, ended)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

// gateway is the gateway's configuration.
func gateway(cfg settings, addr string, listening func()) *embedgw.Config {
	return &embedgw.Config{
		RootUserAccess:    cfg.AccessKey,
		RootUserSecret:    cfg.SecretKey,
		IAMService:        newOneUser(cfg),
		Region:            cfg.Region,
		Ports:             []string{addr},
		MaxConnections:    maxConnections,
		MaxRequests:       maxRequests,
		MultipartMaxParts: maxParts,
		KeepAlive:         true,
		Quiet:             true,
		S3Options:         []s3api.Option{s3api.WithOnListen(listening)},
	}
}

// wait waits for the end of the gateway, and no longer than stopGrace once it
// was asked to stop: the end of the process then closes what is open.
func wait(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return nil
	}
}
