package flag

import (
	"fmt"
	"slices"
	"strings"

	"cashtag/streams/bucket"
)

// The words of a flag that turns a service on or off.
const (
	On  = "on"
	Off = "off"
)

// Market is the name of the flag that overrides the market's calendar.
const Market = "market"

// The words of the flag Market.
const (
	MarketAuto   = "auto"   // the calendar decides
	MarketOpen   = "open"   // open, whatever the calendar says
	MarketClosed = "closed" // closed, whatever the calendar says
)

// Known is one row of the table of flags.
type Known struct {
	Name    string
	Default string
	Allowed []string
	Says    string // what the flag decides
}

func onOff(name, says string) Known {
	return Known{Name: name, Default: On, Allowed: []string{On, Off}, Says: says}
}

// Table lists every flag.
func Table() []Known {
	return []Known{
		onOff("kinesis", "mirror tweets and quotes to Kinesis"),
		onOff("mongo", "persist events to MongoDB"),
		onOff("archive", "archive events to S3"),
		onOff("sentiment", "score the sentiment of posts"),
		onOff("features", "aggregate windows per ticker"),
		onOff("predictor", "predict from features"),
		onOff("analysis", "train models again after the close"),
		onOff("backup", "back the streams up"),
		onOff("twitter", "take posts from X"),
		onOff("bluesky", "take posts from Bluesky"),
		onOff("stocks", "take quotes"),
		{
			Name: Market, Default: MarketAuto, Allowed: []string{MarketAuto, MarketOpen, MarketClosed},
			Says: "override the market's calendar",
		},
	}
}

// known finds a flag in the table.
func known(name string) (Known, error) {
	table := Table()
	i := slices.IndexFunc(table, func(k Known) bool { return k.Name == name })
	if i >= 0 {
		return table[i], nil
	}
	names := make([]string, len(table))
	for i, k := range table {
		names[i] = k.Name
	}
	return Known{}, fmt.Errorf("%w: %q is none of %s", ErrUnknownFlag, name, strings.Join(names, ", "))
}

// word is the allowed word that a person meant by value.
func (k Known) word(value string) (string, error) {
	word := strings.ToLower(bucket.Plain(value))
	if !slices.Contains(k.Allowed, word) {
		return "", fmt.Errorf("%w: flag %s is %q: must be %s", ErrBadValue, k.Name, bucket.Shorten(value), strings.Join(k.Allowed, " or "))
	}
	return word, nil
}

func (k Known) key() bucket.Key { return bucket.Key{Name: k.Name, Default: k.Default, Parse: k.word} }
