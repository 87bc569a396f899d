package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cashtag/schemas"
	"cashtag/services/archive"
	"cashtag/services/predictor"
	"cashtag/streams"
)

type modelsCommand struct {
	Ls      modelsLsCommand      `cmd:"" default:"1" help:"List every version of every model (the default)."`
	Show    modelsShowCommand    `cmd:"" help:"Show one version: where it came from and what it is worth."`
	Push    modelsPushCommand    `cmd:"" help:"Store a model that cashtag analysis train wrote."`
	Retrain modelsRetrainCommand `cmd:"" help:"Train models again, store them, and compare each with the version that predicts."`
	Promote modelsPromoteCommand `cmd:"" help:"Let a version predict, in place of any other of its name."`
	Retire  modelsRetireCommand  `cmd:"" help:"Let no version of a name predict."`
	Scores  scoresCommand        `cmd:"" help:"Show what live predictions were worth, with intervals, and what drifted (also: cashtag scores)."`
}

// Help implements kong.HelpProvider.
func (modelsCommand) Help() string {
	return `
The predictor follows promotions while it runs, within a second. Nothing is promoted by itself, unless the setting promote says so.

  cashtag models push direction.model --name direction
  cashtag models promote direction 20140731-4f2c0c1f
  cashtag models scores --model direction`
}

type modelsLsCommand struct{}

// Help implements kong.HelpProvider.
func (modelsLsCommand) Help() string {
	return `
The score is the one that says most of the version, beside what a baseline that knows nothing reaches.

  cashtag models`
}

// Run lists every version.
func (modelsLsCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withModels(ctx, console, connection, func(_ context.Context, _ *streams.Client, registry *predictor.Registry) error {
		table := newGrid("NAME", "VERSION", "STATE", "TARGET", "WINDOW", "SCORE", "BASELINE", "BY", "SINCE")
		for _, name := range registry.Names() {
			for _, v := range registry.Versions(name) {
				score, baseline := "-", "-"
				if s, ok := headline(v.Model.Scores); ok {
					score, baseline = s.Metric+" "+scoreText(s), fmt.Sprintf("%.3f", s.Baseline)
				}
				table.add(said(name), said(v.Model.Version), stateOf(v), said(v.Model.Target), said(v.Model.Window),
					said(score), said(baseline), said(v.By), timed(v.At))
			}
		}
		return table.print(console)
	})
}

func stateOf(v predictor.Version) cell {
	if v.Promoted {
		return said(schemas.VerbPromoted)
	}
	if v.Model.Verb == schemas.VerbRetired {
		return said(schemas.VerbRetired).toned(toneQuiet)
	}
	return said("stored").toned(toneQuiet)
}

// headline is the score that says most: the area under the curve, or R2 of a number.
func headline(scores []schemas.ModelScore) (schemas.ModelScore, bool) {
	for _, metric := range []string{"auc", "r2", "accuracy"} {
		if i := slices.IndexFunc(scores, func(s schemas.ModelScore) bool { return s.Metric == metric }); i >= 0 {
			return scores[i], true
		}
	}
	return schemas.ModelScore{}, false
}

func scoreText(s schemas.ModelScore) string {
	if s.Low == nil || s.High == nil {
		return fmt.Sprintf("%.3f", s.Value)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", s.Value, *s.Low, *s.High)
}

type modelsShowCommand struct {
	Name    string `arg:"" help:"The model's name."`
	Version string `arg:"" optional:"" help:"Its version; the promoted one, else the last, where none is named."`
}

// Help implements kong.HelpProvider.
func (modelsShowCommand) Help() string {
	return `
A score has its 95 percent interval where there are days enough for one.

  cashtag models show direction
  cashtag models show direction 20140731-4f2c0c1f`
}

// Run shows a version.
func (c modelsShowCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	return withModels(ctx, console, connection, func(_ context.Context, _ *streams.Client, registry *predictor.Registry) error {
		v, err := versionNamed(registry, c.Name, c.Version)
		if err != nil {
			return err
		}
		table, m := newGrid("FIELD", "VALUE"), v.Model
		for _, row := range [][2]string{
			{"name", m.Name},
			{"version", m.Version},
			{"state", stateOf(v).text},
			{"by", v.By},
			{"since", timeText(v.At)},
			{"target", m.Target},
			{"window", m.Window},
			{"horizon", (time.Duration(m.HorizonS) * time.Second).String()},
			{"object", m.Object},
			{"artefact hash", m.ArtefactHash},
			{"data hash", m.DataHash},
			{"feature schema", m.FeatureSchema},
			{"trained by", m.CodeVersion},
		} {
			table.add(said(row[0]), said(row[1]))
		}
		for _, s := range m.Scores {
			table.add(said(s.Metric), said(fmt.Sprintf("%s, baseline %.3f, %d rows of %d days", scoreText(s), s.Baseline, s.Rows, s.Days)))
		}
		return table.print(console)
	})
}

// modelAuthor is who states something of a model.
type modelAuthor struct {
	By string `env:"USER" default:"operator" help:"Who says so (${env})."`
}

// modelsBucket says where the files of models are.
type modelsBucket struct {
	DataDir    string `name:"data" type:"path" placeholder:"DIR" help:"Data directory of a running cashtag up, for its S3 stand-in."`
	S3Endpoint string `name:"s3-endpoint" env:"S3_ENDPOINT" placeholder:"URL" help:"URL of an S3 server other than Amazon's."`
	S3Bucket   string `name:"s3-bucket" env:"S3_BUCKET" default:"cashtag-archive" help:"Bucket of the archive, where models are too."`
	AWSRegion  string `name:"aws-region" env:"AWS_REGION" placeholder:"REGION" help:"Region of S3."`
	Create     bool   `help:"Create the bucket where it is missing."`
}

type modelsPushCommand struct {
	modelAuthor
	modelsBucket

	File string `arg:"" type:"existingfile" help:"File that cashtag analysis train wrote."`
	Name string `required:"" placeholder:"NAME" help:"Name to store it under, such as direction."`
}

// Help implements kong.HelpProvider.
func (modelsPushCommand) Help() string {
	return `
The file goes into the bucket of the archive, and what it is into the stream MODELS. It predicts nothing until it is promoted.

  cashtag models push direction.model --name direction --data ./data`
}

// Run stores a model.
func (c modelsPushCommand) Run(ctx context.Context, console Console, connection *Connection) error {
	file, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	m, err := predictor.Trained(c.Name, file, c.By, time.Now())
	if err != nil {
		return fmt.Errorf("%s: %w: `cashtag analysis train` writes one", c.File, err)
	}
	cfg, err := c.bucket()
	if err != nil {
		return err
	}
	return withModels(ctx, console, connection, func(ctx context.Context, client *streams.Client, registry *predictor.Registry) error {
		store, err := openModels(ctx, cfg)
		if err != nil {
			return err
		}
		if known, err := versionNamed(registry, c.Name, m.Version); err == nil && known.Model.ArtefactHash == m.ArtefactHash {
			if err := store.Put(ctx, m.Object, file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(console.Out, "model %s %s was stored before: %s\n", m.Name, m.Version, m.Object)
			return err
		}
		err = publishing(ctx, client, func(publisher *streams.Publisher) error {
			return predictor.Push(ctx, store, publisher, m, file)
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(console.Out, "model %s %s is stored: cashtag models promote %s %s lets it predict\n", m.Name, m.Version, m.Name, m.Version)
		return err
	})
}

// bucket is where models are: at the stand-in of a data directory where one is given.
func (c modelsBucket) bucket() (archive.Config, error) {
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.Bucket, cfg.Region, cfg.PathStyle = c.S3Endpoint, c.S3Bucket, c.AWSRegion, c.S3Endpoint != ""
	cfg.Create = c.Create
	if c.DataDir == "" {
		return cfg, nil
	}
	content, err := os.ReadFile(filepath.Join(c.DataDir, "endpoints.json"))
	if err != nil {
		return cfg, fmt.Errorf("read where the stand-ins are: %w: is `cashtag up` running there?", err)
	}
	var file struct {
		Endpoints []struct {
			Name    string `json:"name"`
			Address string `json:"address"`
		} `json:"endpoints"`
		AccessKey string `json:"s3_access_key"`
		SecretKey string `json:"s3_secret_key"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return cfg, fmt.Errorf("read where the stand-ins are: %s: %w", filepath.Join(c.DataDir, "endpoints.json"), err)
	}
	for _, end := range file.Endpoints {
		if end.Name == "s3" {
			cfg.Endpoint, cfg.PathStyle = end.Address, true
		}
	}
	cfg.AccessKey, cfg.SecretKey = file.AccessKey, file.SecretKey
	return cfg, nil
}

// withModels reads what MODELS says for do.
func withModels(
	ctx context.Context, console Console, connection *Connection,
	do func(ctx context.Context, client *streams.Client, registry *predictor.Registry) error,
) error {
	return operate(ctx, console, connection, func(ctx context.Context, client *streams.Client) error {
		registry, notes := predictor.NewRegistry(), newAsides(console)
		_, err := modelsLedger(client)(ctx, 0, func(sequence uint64, data []byte) {
			event, err := schemas.Decode(data)
			if err != nil || registry.Apply(event) == "" {
				notes.say("%s %d is no event of a model and is passed over", streams.Models, sequence)
			}
		})
		if err != nil {
			return err
		}
		return do(ctx, client, registry)
	})
}

// versionNamed finds a version; "" is the promoted one, else the last.
func versionNamed(registry *predictor.Registry, name, version string) (predictor.Version, error) {
	versions := registry.Versions(name)
	if len(versions) == 0 {
		return predictor.Version{}, usageError("there is no model %q: must be one of %s", name,
			cmp.Or(strings.Join(registry.Names(), ", "), "none yet, `cashtag models push` stores one"))
	}
	if version == "" {
		if promoted, ok := registry.Promoted(name); ok {
			return promoted, nil
		}
		return versions[0], nil
	}
	known := make([]string, len(versions))
	for i, v := range versions {
		if v.Model.Version == version {
			return v, nil
		}
		known[i] = v.Model.Version
	}
	return predictor.Version{}, usageError("model %s has no version %q: must be one of %s", name, version, strings.Join(known, ", "))
}

// state publishes what somebody says of a version.
func state(ctx context.Context, client *streams.Client, m schemas.Model, verb, by string) error {
	return publishing(ctx, client, func(publisher *streams.Publisher) error {
		return publisher.Publish(ctx, predictor.Stated(m, verb, by, time.Now()))
	})
}

// publishing makes a publisher for do.
func publishing(ctx context.Context, client *streams.Client, do func(*streams.Publisher) error) error {
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		return err
	}
	defer func() { _ = publisher.Close(ctx) }() // every Publish has returned
	return do(publisher)
}
