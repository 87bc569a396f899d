package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// doctorCommand tries every endpoint that is configured.
type doctorCommand struct {
	liveFlags `embed:""`
	FarEnds   `embed:""`

	Within time.Duration `default:"10s" help:"How long one check may take, from 100ms to 5m."`
	JSON   bool          `name:"json" help:"Print one JSON array instead of the table."`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `
Tries what ` + "`cashtag up --live`" + ` and ` + "`cashtag run`" + ` would use with the same flags and environment: that its name has an address, that its certificate is trusted, that it takes our token or keys, and one real read. It reads the cheapest thing there is, of X its rules, and creates and stores nothing.

Each line says ok, or what is wrong and what to do. Exit code 0 when all is well, 1 when something is not.

  cashtag doctor
  X_BEARER_TOKEN_FILE=./x.token cashtag doctor --json`
}

// doctorParallel is how many checks run at once.
const doctorParallel = 4

// The states of a check.
const (
	checkOK    = "ok"
	checkWrong = "wrong"
	checkOff   = "off" // not configured
)

// finding is what came of one check.
type finding struct {
	Check   string `json:"check"`
	Address string `json:"address,omitempty"`
	State   string `json:"state"`
	Says    string `json:"says"`
}

// errNotConfigured is the error of a check that finds that there is nothing to
// check.
var errNotConfigured = errors.New("not configured")

// check tries one endpoint. Without run it only says that there is none.
type check struct {
	name, address string
	says          string // where run is nil
	run           func(ctx context.Context) (says string, err error)
}

// Run implements the command.
func (c doctorCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	if c.Within < 100*time.Millisecond || c.Within > 5*time.Minute {
		return usageError("--within is %s: must be from 100ms to 5m", c.Within)
	}
	if c.Create {
		return usageError("--create: doctor creates nothing; give it to `cashtag run`")
	}
	checks, err := c.checks(connection)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx, console)
	defer stop()
	var done atomic.Int64
	unfollow := newAsides(console).follow(func() string {
		return fmt.Sprintf("cashtag doctor: %d of %d checks done", done.Load(), len(checks))
	})
	findings := examine(ctx, checks, c.Within, &done)
	unfollow()
	if ctx.Err() != nil {
		return exitError{exitInterrupted, errInterrupted.Error()}
	}
	if err := c.print(console, findings); err != nil {
		return err
	}
	states := map[string]int{}
	for _, f := range findings {
		states[f.State]++
	}
	if wrong := states[checkWrong]; wrong > 0 {
		return fmt.Errorf("%d of %d checks failed", wrong, wrong+states[checkOK])
	}
	return nil
}

func (c doctorCommand) print(console Console, findings []finding) error {
	if c.JSON {
		return json.NewEncoder(console.Out).Encode(findings)
	}
	table := newGrid("CHECK", "STATE", "WHERE", "WHAT")
	for _, f := range findings {
		state := said(f.State)
		switch f.State {
		case checkWrong:
			state = state.toned(toneAlarm)
		case checkOff:
			state = state.toned(toneQuiet)
		}
		table.add(said(f.Check), state, said(f.Address), said(f.Says))
	}
	// What to do stands at the end of a line, so none is cut to the screen.
	_, err := fmt.Fprint(console.Out, table.render(0, console.colours()))
	return err
}

// examine runs the checks, a few at a time, and returns what came of them in their
// order.
func examine(ctx context.Context, checks []check, within time.Duration, done *atomic.Int64) []finding {
	findings := make([]finding, len(checks))
	var group errgroup.Group
	group.SetLimit(doctorParallel)
	for i, each := range checks {
		group.Go(func() error {
			findings[i] = each.find(ctx, within)
			done.Add(1)
			return nil
		})
	}
	_ = group.Wait() // none fails
	return findings
}

func (c check) find(ctx context.Context, within time.Duration) finding {
	found := finding{Check: c.name, Address: c.address, State: checkOff, Says: c.says}
	if c.run == nil {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := reach(ctx, c.address)
	if err == nil {
		found.Says, err = c.run(ctx)
	}
	switch {
	case err == nil:
		found.State = checkOK
	case errors.Is(err, errNotConfigured):
		found.Says = err.Error()
	default:
		found.State, found.Says = checkWrong, oneLine(err)
		if ctx.Err() != nil {
			found.Says += fmt.Sprintf(": no answer within %s, check the network or give it longer by --within", within)
		}
	}
	return found
}

// oneLine is an error without line ends.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
