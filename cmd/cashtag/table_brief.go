//go:build !external

package main

import (
	"fmt"
	"strings"
	"time"

	"cashtag/streams/durable"
)

// briefly lists a row for each service, of all the streams that it reads: for a
// terminal that has no room for a row of each consumer.
func (v view) briefly() *grid {
	table := newGrid("SERVICE", "STREAMS", "STORED", "LAG", "AGE", "REDELIVERED", "RETRIES", "BURIED", "MISSING", "FLAG", "STATE")
	for _, all := range v.byService() {
		var sum consumerFigures
		var retries uint64
		var age time.Duration
		worst := all[0]
		for _, row := range all {
			at := v.figures.Consumers[row.key]
			sum.Stored, sum.Pending, sum.Redelivered = sum.Stored+at.Stored, sum.Pending+at.Pending, sum.Redelivered+at.Redelivered
			sum.Buried, sum.missing, retries = sum.Buried+at.Buried, sum.missing+at.missing, retries+row.stats.Retries
			if at.Pending > 0 && !row.stats.StoredAt.IsZero() {
				age = max(age, time.Since(row.stats.StoredAt))
			}
			if row.concern() > worst.concern() {
				worst = row
			}
		}
		since := "-"
		if age > 0 {
			since = age.Round(100 * time.Millisecond).String()
		}
		name, _, _ := strings.Cut(worst.key, "/")
		table.add(said(name), counted(uint64(len(all))), counted(sum.Stored), counted(sum.Pending), cell{text: since, right: true},
			counted(sum.Redelivered), counted(retries), alarming(sum.Buried), alarming(sum.missing),
			said(worst.flag), said(worst.saying()).toned(toneOf(worst.state)))
	}
	return table
}

// byService groups the rows by what stands before the stream, in their order.
func (v view) byService() [][]viewRow {
	var groups [][]viewRow
	at := map[string]int{}
	for _, row := range v.rows {
		name, _, _ := strings.Cut(row.key, "/")
		i, ok := at[name]
		if !ok {
			i = len(groups)
			at[name], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], row)
	}
	return groups
}

// saying is the state, and the error that it is about.
func (r viewRow) saying() string {
	if r.stats.LastError != "" && r.state != durable.StatePaused {
		return fmt.Sprintf("%s: %s", r.state, r.stats.LastError)
	}
	return r.state
}

// concern is how much a row wants to be seen among those of its service.
func (r viewRow) concern() int {
	switch r.state {
	case stateEnded:
		return 4
	case durable.StateRetrying:
		return 3
	case durable.StatePaused:
		return 2
	case durable.StateRunning:
		return 1
	default:
		return 0
	}
}
