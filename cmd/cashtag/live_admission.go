package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cashtag/services/stocks"
	"cashtag/services/twitter"
	"cashtag/streams"

	"golang.org/x/sync/errgroup"
)

// admissionWithin bounds what is asked of all vendors before anything starts.
const admissionWithin = 5 * time.Second

// admit asks the vendors of the named services whether they take our token and
// keys, before anything starts. That one refuses them is an error of one line;
// that one cannot be reached is a note, since its source tries again by itself.
func (e liveEnds) admit(ctx context.Context, names []string) (notes []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, admissionWithin)
	defer cancel()
	asks := e.admissions(names)
	said := make([]string, len(asks))
	var group errgroup.Group
	for i, ask := range asks {
		group.Go(func() error {
			err := ask.try(ctx)
			if refused(err) {
				return usageError("%s: %s", ask.source, oneLine(err))
			}
			if err != nil {
				said[i] = fmt.Sprintf("%s cannot be read now, and is tried again while its hours last: %s", ask.source, oneLine(err))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(said, func(line string) bool { return line == "" }), nil
}

// refused reports whether a vendor answered that it will not have us.
func refused(err error) bool {
	if status, ok := errors.AsType[*twitter.StatusError](err); ok {
		return slices.Contains([]int{http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden}, status.Status)
	}
	return errors.Is(err, stocks.ErrRefused) || errors.Is(err, stocks.ErrPlan)
}

// admission asks one vendor.
type admission struct {
	source string
	try    func(ctx context.Context) error
}

func (e liveEnds) admissions(names []string) []admission {
	var asks []admission
	if slices.Contains(names, streams.ServiceTwitter) && e.twitter != nil {
		asks = append(asks, admission{"x", func(ctx context.Context) error {
			if err := reach(ctx, e.twitter.BaseURL); err != nil {
				return err
			}
			_, err := twitter.Check(ctx, *e.twitter)
			return err
		}})
	}
	if slices.Contains(names, streams.ServiceBluesky) {
		asks = append(asks, admission{"bluesky", func(ctx context.Context) error {
			return reachAny(ctx, slices.Concat(e.bluesky.V2, e.bluesky.V1))
		}})
	}
	if slices.Contains(names, streams.ServiceStocks) {
		asks = append(asks, e.admissionOfStocks())
	}
	return asks
}

// admissionOfStocks asks Alpaca by its API of prices, which takes the keys of every
// account and is no connection that the source would have to wait for.
func (e liveEnds) admissionOfStocks() admission {
	if e.stocks.Key == "" {
		return admission{"cboe", func(ctx context.Context) error { return reach(ctx, e.stocks.CboeURL) }}
	}
	return admission{"alpaca", func(ctx context.Context) error {
		if err := reach(ctx, e.stocks.DataURL); err != nil {
			return err
		}
		for _, check := range stocks.Checks(*e.stocks) {
			if check.URL == e.stocks.DataURL && check.Name == "alpaca prices" {
				return check.Run(ctx)
			}
		}
		return nil
	}}
}

// reachAny is nil where one of the addresses can be reached, and says of the first
// why not where none can.
func reachAny(ctx context.Context, addresses []string) error {
	var first error
	for _, address := range addresses {
		err := reach(ctx, address)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}
