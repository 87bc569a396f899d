package main

import (
	"cashtag/services/alerts"
	"cashtag/services/outcomes"
)

// watchFlags say from which bound on something is said.
type watchFlags struct {
	AlertZ     *float64 `name:"alert-z" env:"ALERT_Z" placeholder:"Z" help:"What the z of a window's posts must be above for an alert of attention. Default: 1."`
	AlertPosts *int64   `name:"alert-posts" env:"ALERT_POSTS" placeholder:"N" help:"Fewest posts in a window for an alert of attention. Default: 5."`
	DriftPSI   *float64 `name:"drift-psi" env:"DRIFT_PSI" placeholder:"PSI" help:"Population stability index from which on a model's feature is said to have drifted. Default: 0.25."`
}

// watching is what the flags say, checked.
type watching struct {
	alerts   alerts.Config
	outcomes outcomes.Config
}

func (f watchFlags) resolve() (watching, error) {
	w := watching{alerts: alerts.DefaultConfig(), outcomes: outcomes.DefaultConfig()}
	if f.AlertZ != nil {
		w.alerts.Z = *f.AlertZ
	}
	if f.AlertPosts != nil {
		w.alerts.Posts = *f.AlertPosts
	}
	if f.DriftPSI != nil {
		w.outcomes.MostPSI = *f.DriftPSI
	}
	if err := w.alerts.Validate(); err != nil {
		return w, usageError("--alert-z, --alert-posts: %v", err)
	}
	if err := w.outcomes.Validate(); err != nil {
		return w, usageError("--drift-psi: %v", err)
	}
	return w, nil
}
