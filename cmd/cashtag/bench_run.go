//go:build !external

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Who does the work of a run.
const (
	benchCashtag = "cashtag" // the services as they are
	benchMinimum = "minimum" // package minimum
)

// benchTask tells a worker what to do. It travels on the worker's standard input.
type benchTask struct {
	Who    string   `json:"who"`
	Paths  []string `json:"paths,omitempty"` // services to run
	Way    string   `json:"way,omitempty"`   // to publish
	Events int      `json:"events"`

	NATSURL         string `json:"nats_url"`
	KinesisEndpoint string `json:"kinesis_endpoint"`
	MongoURI        string `json:"mongo_uri"`
	S3Endpoint      string `json:"s3_endpoint"`

	Profile string `json:"profile,omitempty"` // path that the profiles' names begin with
}

// benchResult is what a worker measured.
type benchResult struct {
	ElapsedS float64 `json:"elapsed_s"`
	CPUS     float64 `json:"cpu_s"`
	PeakRSS  uint64  `json:"peak_rss_bytes"`
	Program  uint64  `json:"program_bytes"`
	Events   int     `json:"events"`
	P50MS    float64 `json:"p50_ms,omitempty"` // of a call, where calls are measured
	P99MS    float64 `json:"p99_ms,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// rate is events a second.
func (r benchResult) rate() float64 { return float64(r.Events) / r.ElapsedS }

const (
	// benchStart and benchSlowest bound a run: a start, and then the slowest rate
	// in events a second that is waited for.
	benchStart   = time.Minute
	benchSlowest = 200
)

// run has a process of its own do the task, so that CPU time and memory are its
// own: the servers are in this one.
func (b *benchmark) run(ctx context.Context, task benchTask, label string) (benchResult, error) {
	ctx, cancel := context.WithTimeout(ctx, benchStart+time.Duration(task.Events)*time.Second/benchSlowest)
	defer cancel()
	task.NATSURL = b.world.nats.ClientURL()
	task.KinesisEndpoint, task.MongoURI, task.S3Endpoint = b.world.kinesis.Endpoint(), b.world.mongo.URI(), b.world.s3.Endpoint()
	if b.options.Profile != "" {
		task.Profile = filepath.Join(b.options.Profile, label)
	}
	result, err := b.start(ctx, task)
	switch {
	case err != nil && ctx.Err() != nil:
		return result, fmt.Errorf("run %s: %w", label, context.Cause(ctx))
	case err != nil:
		return result, fmt.Errorf("run %s: %w", label, err)
	case result.Error != "":
		return result, fmt.Errorf("run %s: %s", label, result.Error)
	case result.Events != task.Events:
		return result, fmt.Errorf("run %s: %d events done, not %d", label, result.Events, task.Events)
	}
	return result, nil
}

// start runs the worker. Its standard input stays open until it ends, and its end
// ends it: so it does not outlive this process.
func (b *benchmark) start(ctx context.Context, task benchTask) (result benchResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return result, fmt.Errorf("find this program: %w", err)
	}
	worker := exec.CommandContext(ctx, self, "bench", "worker")
	worker.Env = slices.DeleteFunc(os.Environ(), steersClients)
	worker.Stderr = b.notes
	in, err := worker.StdinPipe()
	if err != nil {
		return result, fmt.Errorf("open worker: %w", err)
	}
	out, err := worker.StdoutPipe()
	if err != nil {
		return result, fmt.Errorf("open worker: %w", err)
	}
	if err := worker.Start(); err != nil {
		return result, fmt.Errorf("start worker: %w", err)
	}
	err = json.NewEncoder(in).Encode(task)
	if err == nil {
		err = json.NewDecoder(out).Decode(&result)
	}
	return result, errors.Join(err, in.Close(), worker.Wait())
}

// steersClients reports whether an environment variable would send a client of the
// worker elsewhere, or as somebody else.
func steersClients(variable string) bool {
	return strings.HasPrefix(variable, "NATS_") || strings.HasPrefix(variable, "MONGO_") || strings.HasPrefix(variable, "AWS_")
}
