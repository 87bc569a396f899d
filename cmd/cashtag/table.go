//go:build !external

package main

import (
	"fmt"
	"strings"
	"time"

	"cashtag/services/api"
	"cashtag/streams"
	"cashtag/streams/durable"
)

// view is what one picture of the table shows.
type view struct {
	title     string
	progress  string
	figures   figures
	rates     map[string]float64 // events/s by stream, nil in the final table
	rows      []viewRow
	sources   []api.Source
	endpoints []endpoint
	disk      string
	log       []string
	brief     bool // a row for each service instead of each consumer
}

// viewRow is what the table says of a consumer beside its figures.
type viewRow struct {
	key   string
	flag  string
	state string
	stats durable.Stats
}

// render draws the view, at most width columns wide; 0 cuts nothing.
func (v view) render(width int, colours bool) string {
	var out strings.Builder
	line := func(t tone, text string) {
		if text == "" {
			return
		}
		if width > 0 {
			text = shortened(text, width)
		}
		if colours && t != tonePlain {
			text = string(t) + text + toneEnd
		}
		out.WriteString(text + "\n")
	}
	line(toneHead, v.title)
	line(tonePlain, v.progress)
	out.WriteString("\n" + v.streams().render(width, colours))
	if len(v.sources) > 0 {
		out.WriteString("\n" + v.origins().render(width, colours))
	}
	out.WriteString("\n" + v.consumers().render(width, colours))
	out.WriteByte('\n')
	for _, endpoint := range v.endpoints {
		line(tonePlain, fmt.Sprintf("%-8s %s", endpoint.Name, endpoint.Address))
	}
	line(tonePlain, v.disk)
	if len(v.log) > 0 {
		out.WriteByte('\n')
	}
	for _, record := range v.log {
		line(tonePlain, record)
	}
	return out.String()
}

// fitted is the view in at most height lines: with a row for each service where the
// consumers have no room, and cut where that is too long too.
func (v view) fitted(width, height int, colours bool) []string {
	for {
		lines := strings.Split(strings.TrimRight(v.render(width, colours), "\n"), "\n")
		switch {
		case len(lines) <= height:
			return lines
		case v.brief:
			return lines[:height]
		}
		v.brief = true
	}
}

// streams lists the streams that hold or held anything.
func (v view) streams() *grid {
	heads := []string{"STREAM", "EVENTS", "BYTES"}
	if v.rates != nil {
		heads = append(heads, "EVENTS/S")
	}
	table := newGrid(heads...)
	for _, name := range streams.StreamNames() {
		stream := v.figures.Streams[name]
		if stream.last == 0 && name != streams.Tweets && name != streams.Dead {
			continue
		}
		cells := []cell{said(name), counted(stream.Messages), sized(stream.Bytes)}
		if v.rates != nil {
			cells = append(cells, counted(uint64(v.rates[name]+0.5)))
		}
		table.add(cells...)
	}
	return table
}

// origins lists the sources that run here.
func (v view) origins() *grid {
	table := newGrid("SOURCE", "SEEN", "STORED", "DUPLICATES", "MALFORMED", "RECONNECTS", "LAST EVENT", "STATE")
	for _, source := range v.sources {
		age, state := "-", source.State
		if source.AgeS > 0 {
			age = time.Duration(source.AgeS*float64(time.Second)).Round(time.Second).String() + " ago"
		}
		if source.Error != "" {
			state += ": " + source.Error
		}
		table.add(said(source.Name), counted(source.Seen), counted(source.Accepted), counted(source.Duplicates),
			counted(source.Malformed), counted(source.Reconnects), said(age), said(state))
	}
	return table
}

// consumers lists the consumers that run here.
func (v view) consumers() *grid {
	if v.brief {
		return v.briefly()
	}
	table := newGrid("CONSUMER", "STORED", "LAG", "AGE", "REDELIVERED", "RETRIES", "BURIED", "MISSING", "FLAG", "STATE")
	for _, row := range v.rows {
		consumer := v.figures.Consumers[row.key]
		table.add(said(row.key), counted(consumer.Stored), counted(consumer.Pending),
			cell{text: lagAge(consumer, row.stats), right: true},
			counted(consumer.Redelivered), counted(row.stats.Retries),
			alarming(consumer.Buried), alarming(consumer.missing), said(row.flag), said(row.saying()).toned(toneOf(row.state)))
	}
	return table
}

func toneOf(state string) tone {
	switch state {
	case durable.StatePaused, durable.StateRetrying:
		return toneQuiet
	case stateEnded:
		return toneAlarm
	default:
		return tonePlain
	}
}

// stateEnded is the state of a consumer whose service gave up.
const stateEnded = "ended"

// lagAge is how far behind a consumer is in time: the age of the newest message
// that it stored, while others wait.
func lagAge(consumer consumerFigures, stats durable.Stats) string {
	if consumer.Pending == 0 || stats.StoredAt.IsZero() {
		return "-"
	}
	return time.Since(stats.StoredAt).Round(100 * time.Millisecond).String()
}

// endpoint is one address that people can look at.
type endpoint struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}
