package api

import (
	"context"

	"cashtag/streams/ingest"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	consumerLabels = []string{"service", "stream"}

	streamMessages = prometheus.NewDesc("cashtag_stream_messages", "Messages that a stream holds.", []string{"stream"}, nil)
	streamBytes    = prometheus.NewDesc("cashtag_stream_bytes", "Bytes that a stream holds.", []string{"stream"}, nil)

	consumerStored      = prometheus.NewDesc("cashtag_consumer_stored_total", "Messages settled in the sink since the durable's creation.", consumerLabels, nil)
	consumerPending     = prometheus.NewDesc("cashtag_consumer_pending", "Messages that wait for the sink.", consumerLabels, nil)
	consumerLag         = prometheus.NewDesc("cashtag_consumer_lag_seconds", "Age of the newest stored message while others wait.", consumerLabels, nil)
	consumerRetries     = prometheus.NewDesc("cashtag_consumer_retries_total", "Messages written again since the process started.", consumerLabels, nil)
	consumerRedelivered = prometheus.NewDesc("cashtag_consumer_redelivered_total", "Messages delivered again since the process started.", consumerLabels, nil)
	consumerBuried      = prometheus.NewDesc("cashtag_consumer_buried", "Dead letters that wait for a decision.", consumerLabels, nil)
	consumerMissing     = prometheus.NewDesc("cashtag_consumer_missing_total", "Messages that the stream dropped before they were read.", consumerLabels, nil)
	sourceConnected     = prometheus.NewDesc("cashtag_source_connected", "1 while the source is connected.", []string{"source"}, nil)
	sourceSeen          = prometheus.NewDesc("cashtag_source_seen_total", "Events that the source yielded since the process started.", []string{"source"}, nil)
	sourceAccepted      = prometheus.NewDesc("cashtag_source_accepted_total", "Events of the source that were stored.", []string{"source"}, nil)
	sourceDuplicates    = prometheus.NewDesc("cashtag_source_duplicates_total", "Events of the source that the stream held already.", []string{"source"}, nil)
	sourceMalformed     = prometheus.NewDesc("cashtag_source_malformed_total", "Events of the source that broke their schema.", []string{"source"}, nil)
	sourceReconnects    = prometheus.NewDesc("cashtag_source_reconnects_total", "Reconnects of the source.", []string{"source"}, nil)
	sourceAge           = prometheus.NewDesc("cashtag_source_event_age_seconds", "How long ago the newest event arrived.", []string{"source"}, nil)
	sourceGap           = prometheus.NewDesc("cashtag_source_gap_seconds", "Event time between the last event before the last reconnect and the first after it.", []string{"source"}, nil)

	consumerOn = prometheus.NewDesc("cashtag_consumer_on", "1 while the consumer's flag is on.", consumerLabels, nil)
)

// collector asks the reporter at each scrape, so that metrics and status never
// disagree.
type collector struct{ reporter Reporter }

// Describe implements prometheus.Collector.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{
		streamMessages, streamBytes, consumerStored, consumerPending, consumerLag,
		sourceConnected, sourceSeen, sourceAccepted, sourceDuplicates, sourceMalformed, sourceReconnects, sourceAge, sourceGap,
		consumerRetries, consumerRedelivered, consumerBuried, consumerMissing, consumerOn,
	} {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout) //nolint:forbidigo // the interface gives no context
	defer cancel()
	status, err := c.reporter.Status(ctx)
	if err != nil {
		metrics <- prometheus.NewInvalidMetric(consumerPending, err)
		return
	}
	for _, stream := range status.Streams {
		metrics <- prometheus.MustNewConstMetric(streamMessages, prometheus.GaugeValue, float64(stream.Messages), stream.Name)
		metrics <- prometheus.MustNewConstMetric(streamBytes, prometheus.GaugeValue, float64(stream.Bytes), stream.Name)
	}
	for _, consumer := range status.Consumers {
		consumer.collect(metrics)
	}
	for _, source := range status.Sources {
		source.collect(metrics)
	}
}

func (s Source) collect(metrics chan<- prometheus.Metric) {
	var connected float64
	if s.State == ingest.StateConnected {
		connected = 1
	}
	for _, metric := range []struct {
		description *prometheus.Desc
		kind        prometheus.ValueType
		value       float64
	}{
		{sourceConnected, prometheus.GaugeValue, connected},
		{sourceSeen, prometheus.CounterValue, float64(s.Seen)},
		{sourceAccepted, prometheus.CounterValue, float64(s.Accepted)},
		{sourceDuplicates, prometheus.CounterValue, float64(s.Duplicates)},
		{sourceMalformed, prometheus.CounterValue, float64(s.Malformed)},
		{sourceReconnects, prometheus.CounterValue, float64(s.Reconnects)},
		{sourceAge, prometheus.GaugeValue, s.AgeS},
		{sourceGap, prometheus.GaugeValue, s.GapS},
	} {
		metrics <- prometheus.MustNewConstMetric(metric.description, metric.kind, metric.value, s.Name)
	}
}

func (c Consumer) collect(metrics chan<- prometheus.Metric) {
	var on float64
	if c.On {
		on = 1
	}
	for _, metric := range []struct {
		description *prometheus.Desc
		kind        prometheus.ValueType
		value       float64
	}{
		{consumerStored, prometheus.CounterValue, float64(c.Stored)},
		{consumerPending, prometheus.GaugeValue, float64(c.Pending)},
		{consumerLag, prometheus.GaugeValue, c.LagS},
		{consumerRetries, prometheus.CounterValue, float64(c.Retries)},
		{consumerRedelivered, prometheus.CounterValue, float64(c.Redelivered)},
		{consumerBuried, prometheus.GaugeValue, float64(c.Buried)},
		{consumerMissing, prometheus.CounterValue, float64(c.Missing)},
		{consumerOn, prometheus.GaugeValue, on},
	} {
		metrics <- prometheus.MustNewConstMetric(metric.description, metric.kind, metric.value, c.Service, c.Stream)
	}
}
