package main

import (
	"context"
	"time"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/ingest"

	"github.com/nats-io/nats.go/jetstream"
)

// sourcesSince is how far back the log is read for what the sources said.
const sourcesSince = 7 * 24 * time.Hour

// sourceStatus is what a source said last about its connection, in the stream LOGS:
// every change and, of an outage, its beginning.
type sourceStatus struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"`
	Flag  string    `json:"flag,omitempty"`
}

// vendorNames lists the services that read from a vendor.
func vendorNames() []string {
	return []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks}
}

// readSources is where each source stood when it last said so. One that said
// nothing is left out.
func readSources(ctx context.Context, client *streams.Client, since time.Time) (map[string]sourceStatus, error) {
	subjects := make([]string, 0, len(vendorNames()))
	for _, name := range vendorNames() {
		subjects = append(subjects, "logs."+name+".>")
	}
	all := map[string]sourceStatus{}
	recent := jetstream.OrderedConsumerConfig{
		FilterSubjects: subjects,
		DeliverPolicy:  jetstream.DeliverByStartTimePolicy,
		OptStartTime:   &since,
	}
	err := eachMessage(ctx, client, streams.Logs, recent, func(data []byte) error {
		if event, err := schemas.Decode(data); err == nil { // the subject takes any bytes
			noteSource(all, event)
		}
		return nil
	})
	return all, err
}

// noteSource takes a log record for what it says of a source's connection.
func noteSource(all map[string]sourceStatus, event schemas.Event) {
	record, ok := event.Data.(*schemas.Log)
	if !ok {
		return
	}
	text := func(key string) string {
		value, _ := record.Attributes[key].(string)
		return value
	}
	switch record.Message {
	case "source connected", "source reconnected":
		all[record.Service] = sourceStatus{State: ingest.StateConnected, Since: event.Time}
	case "source disconnected":
		all[record.Service] = sourceStatus{State: text("reason"), Since: event.Time, Error: text("error")}
	case "service ended":
		all[record.Service] = sourceStatus{State: ingest.StateEnded, Since: event.Time, Error: text("error")}
	}
}

// origins is the table of the sources.
func (s platformStatus) origins() *grid {
	table := newGrid("SOURCE", "STATE", "SINCE", "FLAG", "WHY")
	for _, name := range vendorNames() {
		if source, ok := s.Sources[name]; ok {
			table.add(said(name), said(source.State), timed(source.Since), said(source.Flag).toned(flagTone(source.Flag)), said(source.Error))
		}
	}
	return table
}
