package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"cashtag/streams"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// The exit codes of the program.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Console is where the program reads and writes.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	// Live says that Out is a terminal: a table may be redrawn and coloured.
	Live bool
	// Interrupts carries the user's Ctrl-C and the system's request to end.
	Interrupts <-chan os.Signal
}

// Terminal is the console of this process.
func Terminal() Console {
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, endSignals...)
	return Console{
		In:         os.Stdin,
		Out:        os.Stdout,
		Err:        os.Stderr,
		Live:       term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb",
		Interrupts: interrupts,
	}
}

// exitError ends the program with a code of its own. An empty text is not shown.
type exitError struct {
	code int
	text string
}

func (e exitError) Error() string { return e.text }

// usageError is a mistake in how a command was called.
func usageError(format string, args ...any) error {
	return exitError{exitUsage, fmt.Sprintf(format, args...)}
}

// exited unwinds the stack when kong wants to end the program.
type exited int

// Main runs the program and returns its exit code.
func Main(ctx context.Context, args []string, console Console) (code int) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case exited:
			code = int(ended)
		default:
			panic(ended)
		}
	}()
	var cli CLI
	parser, err := newParser(&cli, console)
	if err != nil {
		_, _ = fmt.Fprintln(console.Err, "cashtag:", err)
		return exitFailed
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(console.Err, "cashtag: %v\nTry: cashtag --help\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(console, &cli.Connection)
	return report(console, command.Run())
}

// newParser makes what reads the command line into cli.
func newParser(cli *CLI, console Console) (*kong.Kong, error) {
	return kong.New(cli,
		kong.Name("cashtag"),
		kong.Description(description),
		kong.Writers(console.Out, console.Err),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.UsageOnError(),
		kong.Vars{
			"version":      version(),
			"run_services": strings.Join(runNames(), ", "),
			"up_services":  strings.Join(append(runNames(), streams.ServiceReplay), ", "),
		},
	)
}

// report turns an error into one line and an exit code.
func report(console Console, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	if exit, ok := errors.AsType[exitError](err); ok {
		code = exit.code
	}
	if text := strings.TrimSpace(err.Error()); text != "" {
		_, _ = fmt.Fprintln(console.Err, "cashtag:", strings.ReplaceAll(text, "\n", "; "))
	}
	return code
}
