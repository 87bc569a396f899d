//go:build !external

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"cashtag/streams"
)

// lost says what keeps the figures from being all right: buried, missing or
// pending messages. It is empty when all is stored. What is pending of the streams
// that grow to the very end does not count.
func (f figures) lost(skip func(service string) bool) []string {
	var lost []string
	for _, consumer := range streams.Consumers() {
		got, ok := f.Consumers[consumer.Key()]
		if !ok {
			continue
		}
		if got.Buried > 0 {
			lost = append(lost, fmt.Sprintf("%s buried %d (see: cashtag dead ls)", consumer.Key(), got.Buried))
		}
		if got.missing > 0 {
			lost = append(lost, fmt.Sprintf("%s is missing %d", consumer.Key(), got.missing))
		}
		if got.Pending > 0 && !slices.Contains(lastWords(), consumer.Stream) && !skip(consumer.Owner()) {
			lost = append(lost, fmt.Sprintf("%s has %d pending", consumer.Key(), got.Pending))
		}
	}
	return lost
}

// writeJSON writes the figures as one line.
func (f figures) writeJSON(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(f); err != nil {
		return fmt.Errorf("write figures: %w", err)
	}
	return nil
}
