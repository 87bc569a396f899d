package main

import "cashtag/services/alerts"

// buildAlerts watches the vectors for tickers that stand out.
func (p *platform) buildAlerts(s *service, cfg alerts.Config) error {
	handler, err := alerts.NewHandler(cfg, s.logger)
	if err != nil {
		return err
	}
	return p.merged(s, handler, alerts.Reading())
}
