package stocks

import "slices"

// channels are what a subscription names.
type channels struct {
	Trades   []string `json:"trades,omitempty"`
	Quotes   []string `json:"quotes,omitempty"`
	Bars     []string `json:"bars,omitempty"`
	Statuses []string `json:"statuses,omitempty"`
}

// action is what a client says to the websocket.
type action struct {
	Action string `json:"action"`
	Key    string `json:"key,omitempty"`
	Secret string `json:"secret,omitempty"`
	channels
}

// every stands for all symbols there are.
var every = []string{"*"}

// How much of what we would like the plan lets us have.
const (
	planFull = iota // trades, quotes and statuses of as many as the limit says
	planBars        // minute bars and statuses
	planBare        // minute bars of all symbols there are, sifted here
)

// wanted are the channels for a sorted list of tickers.
func (c Config) wanted(tickers []string, plan int) channels {
	var w channels
	few := tickers[:min(len(tickers), c.SymbolLimit)]
	if plan == planFull && c.Trades {
		w.Trades = few
	}
	if plan == planFull && c.Quotes {
		w.Quotes = few
	}
	if plan < planBare && c.Statuses {
		w.Statuses = few
	}
	switch {
	case len(tickers) == 0:
	case plan == planBare, c.Bars && len(few) < len(tickers):
		w.Bars = every
	case c.Bars, plan == planBars:
		w.Bars = tickers
	}
	return w
}

func (c channels) empty() bool {
	return len(c.Trades)+len(c.Quotes)+len(c.Bars)+len(c.Statuses) == 0
}

// without returns what is in c and not in other, channel by channel.
func (c channels) without(other channels) channels {
	return channels{
		Trades:   missing(c.Trades, other.Trades),
		Quotes:   missing(c.Quotes, other.Quotes),
		Bars:     missing(c.Bars, other.Bars),
		Statuses: missing(c.Statuses, other.Statuses),
	}
}

// widest is how many symbols trades and quotes of both together name.
func (c channels) widest(other channels) int {
	all := slices.Concat(c.Trades, c.Quotes, other.Trades, other.Quotes)
	slices.Sort(all)
	return len(slices.Compact(all))
}

func missing(of, in []string) []string {
	var list []string
	for _, s := range of {
		if !slices.Contains(in, s) {
			list = append(list, s)
		}
	}
	return list
}

// change is how to get from one subscription to another. What both hold is never
// touched, and what is new comes before what goes, except where the limit has no
// room for both.
func change(from, to channels, limit int) []action {
	add := action{Action: "subscribe", channels: to.without(from)}
	drop := action{Action: "unsubscribe", channels: from.without(to)}
	steps := []action{add, drop}
	if from.widest(to) > limit {
		steps = []action{drop, add}
	}
	return slices.DeleteFunc(steps, func(a action) bool { return a.empty() })
}
