package main

import (
	"context"
	"fmt"

	"cashtag/schemas"
	"cashtag/services/predictor"
	"cashtag/streams"
)

type modelsPromoteCommand struct {
	modelAuthor

	Name    string `arg:"" help:"The model's name."`
	Version string `arg:"" help:"The version that is to predict."`
}

// Help implements kong.HelpProvider.
func (modelsPromoteCommand) Help() string {
	return `
A running predictor follows within a second.

  cashtag models promote direction 20140731-4f2c0c1f`
}

// Run promotes a version.
func (c modelsPromoteCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withModels(ctx, console, connection, func(ctx context.Context, client *streams.Client, registry *predictor.Registry) error {
		v, err := versionNamed(registry, c.Name, c.Version)
		if err != nil {
			return err
		}
		if err := predictor.CheckJudged(&v.Model); err != nil {
			return fmt.Errorf("model %s %s: %w", c.Name, c.Version, err)
		}
		before := "none"
		if now, ok := registry.Promoted(c.Name); ok {
			before = now.Model.Version
		}
		if err := state(ctx, client, v.Model, schemas.VerbPromoted, c.By); err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.Out, "model %s: %s -> %s, promoted by %s\n", c.Name, before, c.Version, c.By)
		return err
	})
}

type modelsRetireCommand struct {
	modelAuthor

	Name string `arg:"" help:"The model's name."`
}

// Help implements kong.HelpProvider.
func (modelsRetireCommand) Help() string {
	return `
A version that was promoted before does not come back by itself.

  cashtag models retire direction`
}

// Run retires the promoted version.
func (c modelsRetireCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withModels(ctx, console, connection, func(ctx context.Context, client *streams.Client, registry *predictor.Registry) error {
		if _, err := versionNamed(registry, c.Name, ""); err != nil {
			return err
		}
		v, ok := registry.Promoted(c.Name)
		if !ok {
			return usageError("no version of model %s is promoted", c.Name)
		}
		if err := state(ctx, client, v.Model, schemas.VerbRetired, c.By); err != nil {
			return err
		}
		_, err := fmt.Fprintf(console.Out, "model %s: %s -> none, retired by %s\n", c.Name, v.Model.Version, c.By)
		return err
	})
}
