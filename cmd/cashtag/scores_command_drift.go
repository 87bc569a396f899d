package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/streams"
)

// featureDrift is how far one feature of live vectors is from training.
type featureDrift struct {
	outcomes.ColumnDrift

	Drifted bool `json:"drifted"` // beyond the bound, and not by chance
}

// stated is what MODELS says of each version of a model, by name and version.
type stated map[string]*schemas.Model

func (s stated) of(m *outcomes.Scored) *schemas.Model { return s[m.Model+" "+m.Version] }

// statedModels reads MODELS.
func statedModels(ctx context.Context, client *streams.Client) (stated, error) {
	found := make(stated)
	err := eachStored(ctx, client, streams.Models, "models.>", func(event schemas.Event) error {
		m, ok := event.Data.(*schemas.Model)
		if !ok || event.Validate() != nil {
			return nil
		}
		key := m.Name + " " + m.Version
		if before := found[key]; before == nil || len(m.Scores) > 0 {
			found[key] = m
		}
		return nil
	})
	return found, err
}

// liveDrift reads PREDICTIONS.
func liveDrift(ctx context.Context, client *streams.Client, filter string) (*outcomes.Drift, error) {
	drift := outcomes.NewDrift()
	err := eachStored(ctx, client, streams.Predictions, filter, func(event schemas.Event) error {
		if p, ok := event.Data.(*schemas.Prediction); ok && event.Validate() == nil {
			drift.Add(p)
		}
		return nil
	})
	return drift, err
}

// undecided adds the versions that predicted and have no outcome yet: what they predict
// from may have drifted all the same.
func undecided(live []outcomes.Scored, models stated, drift *outcomes.Drift) []outcomes.Scored {
	for _, key := range slices.Sorted(maps.Keys(models)) {
		m := models[key]
		has := slices.ContainsFunc(live, func(s outcomes.Scored) bool { return s.Model == m.Name && s.Version == m.Version })
		if !has && drift.Of(m) != nil {
			live = append(live, outcomes.Undecided(m))
		}
	}
	return live
}

// drifts are the features of a model, in its order.
func drifts(m *schemas.Model, drift *outcomes.Drift, most float64) []featureDrift {
	found := []featureDrift{}
	if m == nil {
		return found
	}
	for _, column := range drift.Of(m) {
		found = append(found, featureDrift{ColumnDrift: column, Drifted: column.Drifted(most)})
	}
	return found
}

// printDrift writes a table of the features beyond the bound, where there are any.
func printDrift(console Console, report []scoredModel, most float64) error {
	table, rows := newGrid("MODEL", "VERSION", "FEATURE", "PSI", "CHANCE", "ROWS", "DAYS", "DRIFTED"), 0
	for i := range report {
		for _, f := range report[i].Features {
			if f.Index <= most {
				continue
			}
			says := said("perhaps by chance").toned(toneQuiet)
			switch {
			case f.Drifted:
				says = said("yes").toned(toneHead)
			case f.Days < model.LeastStabilityDays:
				says = said("too few days").toned(toneQuiet)
			}
			table.add(said(report[i].Model), said(report[i].Version), said(f.Column), said(fmt.Sprintf("%.3f", f.Index)),
				said(fmt.Sprintf("%.3f", f.Chance)), counted(uint64(f.Rows)), counted(uint64(f.Days)), says)
			rows++
		}
	}
	if rows == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(console.Out); err != nil {
		return err
	}
	return table.print(console)
}

// features says how many features of a model drifted, "" where that is not known.
func (m *scoredModel) features() string {
	if len(m.Features) == 0 {
		return ""
	}
	drifted := 0
	for _, f := range m.Features {
		if f.Drifted {
			drifted++
		}
	}
	return fmt.Sprintf("; %d of %d features drifted", drifted, len(m.Features))
}
