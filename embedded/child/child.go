// Package child runs a stand-in server as a child process of the same binary.
//
// Some servers that Cashtag embeds cannot share a process with it: one changes
// the working directory, another crashes as a whole on an internal error. Such
// a server is written as a Func, and Start runs it in a second process made
// from the running executable, so there is still one binary to ship.
//
// A program that wants children lists them in its first statement, and so does
// the TestMain of every test binary that starts one:
//
//	func main() {
//		child.Main(mongod.Child(), s3d.Child())
//		...
//	}
//
// Main returns at once in an ordinary process and never returns in a child.
// The list is explicit, with no registration in init: what a binary can become
// is read in its main.
//
// What is promised:
//   - A child ends with its parent however the parent ends, kill -9 included,
//     on every operating system: it holds the read end of a pipe whose only
//     write end is in the parent, and stops when that pipe ends. What has not
//     stopped within Options.StopTimeout ends itself.
//   - Interrupt, hangup and terminate signals, which reach a whole process
//     group, do not end a child: its parent drains first and then closes it.
//   - The configuration travels through that pipe, never in arguments or the
//     environment, so it may hold secrets.
//   - Start returns only when the child has said that it is ready, or with the
//     child's own error in one line.
//   - What a child logs goes record by record to the parent's logger, with its
//     level; a bare line on standard error goes there as a warning.
//
// OwnDir and CheckLoopback are the two promises that every stand-in gives about
// where it lives: a directory of its own, and no door to other machines.
//
// It does not restart a child that crashed: Process.Done and Process.Err tell
// the owner, who decides.
package child

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// RunFunc is the work of a child. It serves until ctx ends, which happens when
// the parent closes the child or ends, and then finishes what it has in hand.
// It calls ready exactly once, with the address that clients shall dial, when
// it can serve. An error that it returns reaches the parent as one line.
// config is the JSON of the value given to Start.
type RunFunc func(ctx context.Context, config []byte, logger *slog.Logger, ready func(addr string) error) error

// Func is a stand-in that a program can run as a child of itself.
type Func struct {
	// Name tells the children of one program apart.
	Name string
	// Run does the work, in the child process.
	Run RunFunc
}

// marker is the environment variable that makes a process a child; its value
// is the name of the Func to run.
const marker = "CASHTAG_CHILD"

// maxHello bounds the first message, which carries the configuration.
const maxHello = 1 << 20

// hello is what a parent tells its child first, on the child's standard input.
// The input then stays open, and silent, for as long as the parent lives.
type hello struct {
	LogLevel    slog.Level      `json:"log_level"`
	StopTimeout time.Duration   `json:"stop_timeout_ns"`
	Config      json.RawMessage `json:"config"`
}

// status is what a child tells its parent, a line each, on its standard
// output: first its address, or else why it ended.
type status struct {
	Addr  string `json:"addr,omitempty"`
	Error string `json:"error,omitempty"`
}

// known holds the functions given to Main, nil until Main was called.
var known atomic.Pointer[map[string]RunFunc]

// Main must be the first call of a program's main, and of the TestMain of a
// test binary, that starts children. In a process that was started as a child
// it runs the function asked for and exits; otherwise it returns at once.
// It panics when two functions share a name or one has none.
func Main(funcs ...Func) {
	table := make(map[string]RunFunc, len(funcs))
	for _, f := range funcs {
		if f.Name == "" || f.Run == nil {
			panic(fmt.Sprintf("child: function %q needs a name and something to run", f.Name))
		}
		if table[f.Name] != nil {
			panic(fmt.Sprintf("child: two functions are named %q", f.Name))
		}
		table[f.Name] = f.Run
	}
	known.Store(&table)

	if name := os.Getenv(marker); name != "" {
		os.Exit(serve(name, table[name]))
	}
}
