package main

import (
	"context"

	"cashtag/services/alerts"
)

// buildAlerts watches the vectors for tickers that stand out.
func (p *platform) buildAlerts(_ context.Context, s *service) error {
	handler, err := alerts.NewHandler(alerts.DefaultConfig(), s.logger)
	if err != nil {
		return err
	}
	return p.merged(s, handler, alerts.Reading())
}
