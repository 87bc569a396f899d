package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Options.
const (
	DefaultReadyTimeout = 30 * time.Second
	DefaultStopTimeout  = 10 * time.Second
)

// drainDelay bounds the wait for the last output of a child that ended.
const drainDelay = 5 * time.Second

// Options say how a child is run. The zero value is ready to use.
type Options struct {
	// Logger receives what the child logs; nil drops it.
	Logger *slog.Logger
	// ReadyTimeout bounds the wait for the child to be ready;
	// 0 means DefaultReadyTimeout.
	ReadyTimeout time.Duration
	// StopTimeout bounds a clean end: a child that has not stopped by then is
	// killed, or ends itself if its parent is gone; 0 means DefaultStopTimeout.
	StopTimeout time.Duration
}

// Process is a running child. Its methods may be called concurrently.
type Process struct {
	name        string
	stopTimeout time.Duration
	process     *os.Process
	input       io.Closer
	output      *output
	ready       chan string

	closing atomic.Bool
	killed  atomic.Bool
	done    chan struct{}
	err     error // set before done is closed

	closeInput sync.Once
}

// Start runs the function of that name, which must be among those given to
// Main, in a child process and returns once it is ready. config reaches it as
// JSON. ctx bounds the start alone: the child lives until Close is called or
// this process ends. When the child ends before it is ready, its reason is
// the error.
func Start(ctx context.Context, name string, config any, opts Options) (*Process, error) {
	opts = opts.withDefaults()
	first, err := prepare(ctx, name, config, opts)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p, err := launch(ctx, name, first, opts)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}

	timer := time.NewTimer(opts.ReadyTimeout)
	defer timer.Stop()
	select {
	case <-p.ready:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("start %s: %w", name, p.err)
	case <-timer.C:
		err = fmt.Errorf("not ready within %s", opts.ReadyTimeout)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.kill()
	<-p.done
	return nil, fmt.Errorf("start %s: %w", name, err)
}

// Addr is the address that the child reported.
func (p *Process) Addr() string { return p.output.addr() }

// Pid is the process id of the child.
func (p *Process) Pid() int { return p.process.Pid }

// Done is closed when the child has ended and its last log record was read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is nil while the child runs and after a clean Close; after any other
// end it says what happened.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Close asks the child to stop, waits for it, and kills it when it has not
// stopped within Options.StopTimeout. It returns what Err returns, also when
// the child had ended before. It may be called more than once.
func (p *Process) Close() error {
	p.closing.Store(true)
	p.closeInput.Do(func() { _ = p.input.Close() })

	timer := time.NewTimer(p.stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
		<-p.done
	}
	return p.err
}

// kill ends the child at once.
func (p *Process) kill() {
	p.killed.Store(true)
	_ = p.process.Kill() // it may have ended by itself
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ReadyTimeout <= 0 {
		o.ReadyTimeout = DefaultReadyTimeout
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = DefaultStopTimeout
	}
	return o
}

// prepare checks that the child can run and encodes its first message.
// Without the first check a test binary whose TestMain forgot Main would run
// its tests again in every child, without end.
func prepare(ctx context.Context, name string, config any, opts Options) ([]byte, error) {
	table := known.Load()
	if table == nil {
		return nil, errors.New("child.Main was not called: make it the first call of main and of TestMain")
	}
	if (*table)[name] == nil {
		return nil, errors.New("not among the functions given to child.Main")
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	first, err := json.Marshal(hello{
		LogLevel:    lowestLevel(ctx, opts.Logger),
		StopTimeout: opts.StopTimeout,
		Config:      encoded,
	})
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	if len(first) > maxHello {
		return nil, fmt.Errorf("configuration is %d bytes, at most %d are allowed", len(first), maxHello)
	}
	return first, nil
}

// launch starts the process and the goroutines that serve its pipes. They end
// with the process.
func launch(ctx context.Context, name string, first []byte, opts Options) (*Process, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find executable: %w", err)
	}
	lifetime := context.WithoutCancel(ctx)
	cmd := exec.CommandContext(lifetime, executable)
	cmd.Env = append(os.Environ(), marker+"="+name)
	cmd.WaitDelay = drainDelay
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open pipe: %w", err)
	}

	ready := make(chan string, 1)
	out := &output{name: name, logger: opts.Logger, ready: ready}
	lines := &lineWriter{emit: out.status}
	logs := &lineWriter{emit: func(line []byte) { out.log(lifetime, line) }}
	cmd.Stdout, cmd.Stderr = lines, logs
	if err := cmd.Start(); err != nil {
		return nil, err
	}

	p := &Process{
		name:        name,
		stopTimeout: opts.StopTimeout,
		process:     cmd.Process,
		input:       input,
		output:      out,
		ready:       ready,
		done:        make(chan struct{}),
	}
	go func() { _, _ = input.Write(first) }() // a child that ended says why itself
	go func() {
		err := cmd.Wait()
		lines.flush()
		logs.flush()
		p.err = p.reason(cmd.ProcessState, err)
		close(p.done)
	}()
	return p, nil
}

// reason says why the child ended, nil for a clean end that was asked for.
func (p *Process) reason(state *os.ProcessState, wait error) error {
	reported, crash := p.output.last()
	stuck := p.killed.Load() || state.ExitCode() == exitStuck
	switch {
	case p.closing.Load() && stuck:
		return fmt.Errorf("%s did not stop within %s and was killed", p.name, p.stopTimeout)
	case reported != "":
		return fmt.Errorf("%s: %s", p.name, reported)
	case p.closing.Load() && wait == nil:
		return nil
	case crash != "" && state.Exited():
		return fmt.Errorf("%s ended: %s: %s", p.name, state, crash)
	default:
		return fmt.Errorf("%s ended: %s", p.name, state)
	}
}
