package ingest

import "context"

// Gate is on or off, such as a flag. It is safe for concurrent use.
type Gate interface {
	// On reports the gate's state now.
	On() bool
	// Changed returns a channel that is closed at the next change. Call it before
	// On so as not to miss one.
	Changed() <-chan struct{}
}

// The words of a source's hours.
const (
	HoursSession  = "session"  // while the market's session is open
	HoursExtended = "extended" // from 04:00 to 20:00 New York time on trading days
	HoursAlways   = "always"   // whatever the market does
)

// Hours is the setting of a source's hours. It is safe for concurrent use.
type Hours interface {
	// Value is one of the words above.
	Value() string
	// Changed returns a channel that is closed at the next change. Call it before
	// Value so as not to miss one.
	Changed() <-chan struct{}
}

// Gates decide together when a source is asked for events: its flag is on, and its
// hours have come. A nil one is always open.
type Gates struct {
	Flag   Gate
	Hours  Hours
	Market *Market // needed where Hours is set
}

// closed says why the gates are closed, as a state of Stats, or is "" where they
// are open.
func (g Gates) closed() string {
	if g.Flag != nil && !g.Flag.On() {
		return StateOff
	}
	if g.Hours == nil {
		return ""
	}
	open := true
	switch g.Hours.Value() {
	case HoursSession:
		open = g.Market.On()
	case HoursExtended:
		open = g.Market.Extended()
	}
	if !open {
		return StateClosed
	}
	return ""
}

// change waits until a gate may have changed since look was called.
type change struct{ flag, hours, market <-chan struct{} }

// look must come before closed so as not to miss a change. A nil channel never
// reports one.
func (g Gates) look() change {
	var c change
	if g.Flag != nil {
		c.flag = g.Flag.Changed()
	}
	if g.Hours != nil {
		c.hours, c.market = g.Hours.Changed(), g.Market.Changed()
	}
	return c
}

// wait returns false when ctx ended first.
func (c change) wait(ctx context.Context) bool {
	select {
	case <-c.flag:
	case <-c.hours:
	case <-c.market:
	case <-ctx.Done():
		return false
	}
	return true
}

// opened waits until the gates are open, and tells each cause of waiting. It
// returns false when ctx ended first.
func (g Gates) opened(ctx context.Context, tell func(state string)) bool {
	for {
		change := g.look()
		state := g.closed()
		if state == "" {
			return ctx.Err() == nil
		}
		tell(state)
		if !change.wait(ctx) {
			return false
		}
	}
}

// while returns a context that ends with ctx or as soon as a gate closes.
func (g Gates) while(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for {
			change := g.look()
			if g.closed() != "" || !change.wait(ctx) {
				return
			}
		}
	}()
	return ctx, cancel
}
