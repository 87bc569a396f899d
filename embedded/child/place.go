package child

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

// lockName is the file by which a process owns a directory.
const lockName = ".lock"

// lockPoll is how often a lock that another process holds is tried again.
const lockPoll = 20 * time.Millisecond

// CheckLoopback refuses an address that other machines could reach: a stand-in
// has no users and no encryption of its own. Port 0 means any free port.
func CheckLoopback(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("host %q is not a loopback address such as 127.0.0.1", host)
	}
	return nil
}

// OwnDir makes dir if it is missing, sees that files can be made in it, and
// locks it for this process until release is called or the process ends.
// A lock that another process holds is awaited for as long as wait, since the
// child of a parent that was killed needs a moment to end.
func OwnDir(ctx context.Context, dir string, wait time.Duration) (release func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return nil, fmt.Errorf("write to directory: %w", err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("write to directory: %w", err)
	}

	lock := flock.New(filepath.Join(dir, lockName))
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	_, err = lock.TryLockContext(waiting, lockPoll)
	switch {
	case err == nil:
		return lock.Unlock, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("directory %s is in use by another process", dir)
	default:
		return nil, fmt.Errorf("lock directory: %w", err)
	}
}
