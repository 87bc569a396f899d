package alpacad

import (
	"maps"
	"slices"
)

// lists are the channels of a request by the type of their messages.
func (ch channels) lists() map[string][]string {
	return map[string][]string{
		"t": ch.Trades, "q": ch.Quotes, "b": ch.Bars, "u": ch.UpdatedBars, "d": ch.DailyBars,
		"s": ch.Statuses, "l": ch.LULDs,
	}
}

// subscribe changes the channels as a whole or not at all, and answers with all
// that hold.
func (c *client) subscribe(req request) {
	if !c.isAuthenticated() {
		c.fail(401, "not authenticated", false)
		return
	}
	c.mu.Lock()
	next := make(map[string]map[string]bool, len(c.channels))
	for channel, symbols := range c.channels {
		next[channel] = maps.Clone(symbols)
	}
	for channel, symbols := range req.lists() {
		if next[channel] == nil {
			next[channel] = map[string]bool{}
		}
		for _, symbol := range symbols {
			if req.Action == "subscribe" {
				next[channel][symbol] = true
			} else {
				delete(next[channel], symbol)
			}
		}
	}
	if limited(next) > c.server.cfg.SymbolLimit {
		c.mu.Unlock()
		c.fail(405, "symbol limit exceeded", false)
		return
	}
	c.channels = next
	answer := c.subscription()
	c.mu.Unlock()
	// The answer first: who waits for the subscription then finds it known.
	c.send(answer)
	c.server.mu.Lock()
	c.server.signal()
	c.server.mu.Unlock()
}

// limited counts the symbols that the limit is about; all of them are too many.
func limited(channels map[string]map[string]bool) int {
	all := maps.Clone(channels["t"])
	if all == nil {
		all = map[string]bool{}
	}
	maps.Copy(all, channels["q"])
	if all["*"] {
		return maxTickers
	}
	return len(all)
}

// subscription is the answer to a change. The caller holds mu.
func (c *client) subscription() message {
	list := func(channel string) []string {
		symbols := slices.Sorted(maps.Keys(c.channels[channel]))
		if symbols == nil {
			return []string{}
		}
		return symbols
	}
	return message{
		{"T", "subscription"},
		{"trades", list("t")},
		{"quotes", list("q")},
		{"bars", list("b")},
		{"updatedBars", list("u")},
		{"dailyBars", list("d")},
		{"statuses", list("s")},
		{"lulds", list("l")},
		{"corrections", list("t")},
		{"cancelErrors", list("t")},
	}
}

// has reports whether the client gets a channel's messages of a symbol. The caller
// holds mu.
func (c *client) has(channel, symbol string) bool {
	symbols := c.channels[channel]
	return symbols[symbol] || symbols["*"]
}

// follows reports whether the client gets something of each symbol.
func (c *client) follows(symbols []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.authenticated || c.silent {
		return false
	}
	for _, symbol := range symbols {
		if !c.has("b", symbol) && !c.has("t", symbol) && !c.has("q", symbol) && !c.has("s", symbol) {
			return false
		}
	}
	return len(c.channels) > 0
}
