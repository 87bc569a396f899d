package main

import (
	"fmt"
	"strconv"
)

type tapeCommand struct {
	Record tapeRecordCommand `cmd:"" help:"Write the stored events of a stream to standard output, one a line."`
	Play   tapePlayCommand   `cmd:"" help:"Publish the events of a file again."`
}

// Help implements kong.HelpProvider.
func (tapeCommand) Help() string {
	return `
A tape of events is NDJSON: one event a line, as the stream has it.

  cashtag tape record --stream TWEETS > day.ndjson
  cashtag tape play day.ndjson --speed 60`
}

// tapeSpeed is how many seconds of event time pass in one second; 0 is as fast as
// events can be stored.
type tapeSpeed float64

// UnmarshalText reads max or a number, such as 60.
func (s *tapeSpeed) UnmarshalText(text []byte) error {
	if string(text) == "max" {
		*s = 0
		return nil
	}
	speed, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(speed > 0 && speed <= 1e6) {
		return fmt.Errorf("%q: must be max, or a number above 0 and up to 1000000, such as 60", text)
	}
	*s = tapeSpeed(speed)
	return nil
}
