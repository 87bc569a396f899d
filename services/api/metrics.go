package api

import (
	"context"

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
	consumerOn          = prometheus.NewDesc("cashtag_consumer_on", "1 while the consumer's flag is on.", consumerLabels, nil)
)

// collector asks the reporter at each scrape, so that metrics and status never
// disagree.
type collector struct{ reporter Reporter }

// Describe implements prometheus.Collector.
func (c collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{
		streamMessages, streamBytes, consumerStored, consumerPending, consumerLag,
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
