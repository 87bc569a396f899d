//go:build !external

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cashtag/cmd/cashtag/minimum"
	"cashtag/streams"

	"golang.org/x/sync/errgroup"
)

const (
	// benchCallers is enough that one batch gathers while another is stored.
	benchCallers = 2 * benchCallSize
	// benchCallSize is the largest atomic batch.
	benchCallSize = minimum.MaxBatch
	// benchPace is events a second.
	benchPace = 5_000
	// benchTick is how often what is due is started.
	benchTick = time.Millisecond
)

// publish stores the task's events in the task's way.
func (w *benchWorker) publish(ctx context.Context) (benchResult, error) {
	client, err := Connection{NATSURL: w.NATSURL}.open("")
	if err != nil {
		return benchResult{}, err
	}
	defer client.Conn.Close()
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		return benchResult{}, err
	}
	defer publisher.Close(context.WithoutCancel(ctx)) //nolint:errcheck // every call has returned

	var calls callTimes
	one := func(ctx context.Context, n int) error { return publisher.Publish(ctx, benchTweet(n)) }
	many := func(ctx context.Context, n int) error {
		return publisher.Publish(ctx, benchTweets(n, min(benchCallSize, w.Events-n))...)
	}
	singly := func(ctx context.Context, n int) error { return minimum.PublishOne(ctx, client.JS, benchTweet(n)) }
	byHand := func(ctx context.Context, n int) error {
		return minimum.PublishBatch(ctx, client.JS, benchTweets(n, min(benchCallSize, w.Events-n)))
	}
	var do func() error
	switch w.Way {
	case wayCallers:
		do = func() error { return w.callers(ctx, &calls, benchCallers, 1, one) }
	case wayCalls:
		do = func() error { return w.callers(ctx, &calls, 1, benchCallSize, many) }
	case wayByHand:
		do = func() error { return w.callers(ctx, &calls, 1, benchCallSize, byHand) }
	case waySingly:
		do = func() error { return w.callers(ctx, &calls, 1, 1, singly) }
	case wayPaced:
		do = func() error { return w.paced(ctx, &calls, one) }
	default:
		return benchResult{}, fmt.Errorf("way %q is not known", w.Way)
	}
	result, err := w.measure(do)
	result.P50MS, result.P99MS = calls.quantile(0.50), calls.quantile(0.99)
	return result, err
}

// callers share the events out, size of them a call: call is given the number of
// the first.
func (w *benchWorker) callers(ctx context.Context, calls *callTimes, callers, size int, call func(context.Context, int) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range callers {
		group.Go(func() error {
			for {
				n := int(next.Add(int64(size))) - size
				if n >= w.Events {
					return nil
				}
				started := time.Now()
				if err := call(ctx, n); err != nil {
					return err
				}
				calls.add(time.Since(started))
			}
		})
	}
	return group.Wait()
}

// paced starts a call whenever one is due.
func (w *benchWorker) paced(ctx context.Context, calls *callTimes, call func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	tick := time.NewTicker(benchTick)
	defer tick.Stop()
	started := time.Now()
	for n := 0; n < w.Events; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return group.Wait()
		}
		for ; n < w.Events && time.Since(started) >= dueAt(n); n++ {
			number, due := n, started.Add(dueAt(n))
			group.Go(func() error {
				err := call(ctx, number)
				calls.add(time.Since(due))
				return err
			})
		}
	}
	return group.Wait()
}

// dueAt is when the n-th paced call is due, from the start.
func dueAt(n int) time.Duration { return time.Duration(n) * time.Second / benchPace }

// callTimes is how long each call took.
type callTimes struct {
	mu    sync.Mutex
	times []time.Duration
}

func (c *callTimes) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.times = append(c.times, d)
}

// quantile is the time within which a share q of the calls returned, in
// milliseconds; 0 for no calls.
func (c *callTimes) quantile(q float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.times) == 0 {
		return 0
	}
	slices.Sort(c.times)
	at := c.times[int(q*float64(len(c.times)-1))]
	return float64(at.Microseconds()) / 1000
}
