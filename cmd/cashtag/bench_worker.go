//go:build !external

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

// benchWorkerCommand does one measured run in a process of its own: the task comes
// as JSON on standard input, the result goes as JSON to standard output.
type benchWorkerCommand struct{}

// Run implements the command.
func (benchWorkerCommand) Run(ctx context.Context, console Console) error {
	in := json.NewDecoder(console.In)
	var task benchTask
	if err := in.Decode(&task); err != nil {
		return usageError("bench worker is started by the other bench commands: %v", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		_, _ = io.Copy(io.Discard, console.In)
		cancel(errors.New("the benchmark ended"))
	}()
	w := &benchWorker{benchTask: task, logger: slog.New(slog.NewTextHandler(console.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	result, err := w.work(ctx)
	if err != nil {
		result.Error = err.Error()
	}
	if err := json.NewEncoder(console.Out).Encode(result); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// benchWorker measures one task.
type benchWorker struct {
	benchTask

	logger  *slog.Logger
	started func() // to be called once everything is made
}

func (w *benchWorker) work(ctx context.Context) (benchResult, error) {
	w.started = func() {} // what is written by hand runs as Go runs it
	if w.Who != benchMinimum {
		w.started = startLean() // as `cashtag run` does
	}
	switch {
	case w.Way != "":
		return w.publish(ctx)
	case w.Who == benchMinimum:
		return w.drainByHand(ctx)
	default:
		return w.drain(ctx)
	}
}

// measure calls do, and says what it took.
func (w *benchWorker) measure(do func() error) (benchResult, error) {
	w.started()
	stopProfile, err := w.startProfile()
	if err != nil {
		return benchResult{}, err
	}
	before, err := processUsage()
	if err != nil {
		return benchResult{}, err
	}
	started := time.Now()
	if err := do(); err != nil {
		return benchResult{}, err
	}
	elapsed := time.Since(started)
	after, err := processUsage()
	if err != nil {
		return benchResult{}, err
	}
	result := benchResult{
		ElapsedS: elapsed.Seconds(), CPUS: (after.cpu - before.cpu).Seconds(),
		PeakRSS: after.peak, Program: after.program, Events: w.Events,
	}
	return result, stopProfile()
}

// startProfile profiles the CPU until the function that it returns is called,
// which also writes a profile of what was allocated.
func (w *benchWorker) startProfile() (stop func() error, err error) {
	if w.Profile == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(w.Profile + ".cpu.pprof")
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		heap, err := os.Create(w.Profile + ".heap.pprof")
		if err != nil {
			return errors.Join(fmt.Errorf("profile: %w", err), cpu.Close())
		}
		runtime.GC()
		return errors.Join(pprof.WriteHeapProfile(heap), heap.Close(), cpu.Close())
	}, nil
}
