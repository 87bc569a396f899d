//go:build !external

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"cashtag/embedded/kinesisd"
	"cashtag/embedded/mongod"
	"cashtag/embedded/natsd"
	"cashtag/embedded/s3d"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// standIns is the world on this machine: NATS, and what is not given of MongoDB,
// S3 and Kinesis.
type standIns struct {
	nats       *natsd.Server
	kinesisNAT *nats.Conn
	kinesis    *kinesisd.Server
	mongo      *mongod.Server
	s3         *s3d.Server
}

// standInPlan says what to start.
type standInPlan struct {
	dir      *dataDir
	natsPort int
	maxStore int64 // what JetStream may set aside, in bytes
	mirror   int64 // what of it one stream of the Kinesis stand-in may take
	// kinesis, mongo and s3 say whether a stand-in is wanted.
	kinesis, mongo, s3 bool
	logger             *slog.Logger
}

// natsUsers is every service, each with its own permissions and a password that
// lives as long as the process.
func natsUsers() ([]natsd.User, error) {
	var users []natsd.User
	for _, service := range streams.Services() {
		publish, subscribe, err := streams.Permissions(service)
		if err != nil {
			return nil, err
		}
		users = append(users, natsd.User{Name: service, Password: rand.Text(), Publish: publish, Subscribe: subscribe})
	}
	return users, nil
}

// startStandIns starts what the plan wants. When one fails, those that run are
// closed again.
func startStandIns(ctx context.Context, plan standInPlan) (*standIns, error) {
	world := &standIns{}
	if err := world.start(ctx, plan); err != nil {
		world.close()
		return nil, err
	}
	return world, nil
}

func (w *standIns) start(ctx context.Context, plan standInPlan) error {
	users, err := natsUsers()
	if err != nil {
		return err
	}
	cfg := natsd.DefaultConfig()
	cfg.Dir, cfg.Port, cfg.MaxStore, cfg.Users, cfg.Logger = plan.dir.sub("nats"), plan.natsPort, plan.maxStore, users, plan.logger
	if w.nats, err = natsd.Start(cfg); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if plan.kinesis {
		group.Go(func() error { return w.startKinesis(ctx, plan) })
	}
	if plan.mongo {
		group.Go(func() (err error) {
			w.mongo, err = mongod.Start(ctx, mongod.Config{Dir: plan.dir.sub("mongo"), Addr: mongod.DefaultAddr, Logger: plan.logger})
			return err
		})
	}
	if plan.s3 {
		group.Go(func() (err error) {
			cfg := s3d.DefaultConfig()
			cfg.Dir, cfg.Logger = plan.dir.sub("s3"), plan.logger
			w.s3, err = s3d.Start(ctx, cfg)
			return err
		})
	}
	return group.Wait()
}

func (w *standIns) startKinesis(ctx context.Context, plan standInPlan) error {
	conn, err := w.nats.ConnectKinesis()
	if err != nil {
		return fmt.Errorf("start kinesis stand-in: %w", err)
	}
	w.kinesisNAT = conn
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("start kinesis stand-in: %w", err)
	}
	cfg := kinesisd.DefaultConfig()
	cfg.JetStream, cfg.MaxBytes, cfg.Logger = js, plan.mirror, plan.logger
	cfg.EnforceShardLimits = false // a tape may be played faster than two shards take
	w.kinesis, err = kinesisd.Start(ctx, cfg)
	return err
}

// use points the sinks at the stand-ins that run.
func (w *standIns) use(ends *farEnds) {
	if w.kinesis != nil {
		ends.kinesis.Endpoint, ends.kinesis.Region = w.kinesis.Endpoint(), standInRegion
		ends.kinesis.AccessKey, ends.kinesis.SecretKey = "stand-in", "stand-in"
	}
	if w.mongo != nil {
		ends.mongo.URI = w.mongo.URI()
	}
	if w.s3 != nil {
		ends.archive.Endpoint, ends.archive.Region, ends.archive.PathStyle = w.s3.Endpoint(), standInRegion, true
		keys := w.s3.Credentials()
		ends.archive.AccessKey, ends.archive.SecretKey = keys.AccessKey, keys.SecretKey
	}
}

const standInRegion = "us-east-1"

// connect is how a service reaches the embedded NATS: with its own permissions.
func (w *standIns) connect(service string) (*streams.Client, error) {
	var conn *nats.Conn
	var err error
	if service == "" {
		conn, err = w.nats.Connect(nats.Name("cashtag"))
	} else {
		conn, err = w.nats.ConnectAs(service, nats.Name("cashtag "+service), nats.CustomInboxPrefix(streams.InboxPrefix(service)))
	}
	if err != nil {
		return nil, fmt.Errorf("connect %s to the embedded NATS: %w", service, err)
	}
	client, err := streams.NewClient(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

// ended is why a child ended before it was asked to, or nil.
func (w *standIns) ended() error {
	var errs []error
	if w.mongo != nil && w.mongo.Err() != nil {
		errs = append(errs, fmt.Errorf("mongodb stand-in: %w", w.mongo.Err()))
	}
	if w.s3 != nil && w.s3.Err() != nil {
		errs = append(errs, fmt.Errorf("s3 stand-in: %w", w.s3.Err()))
	}
	return errors.Join(errs...)
}

// close ends everything, the servers that others stand on last.
func (w *standIns) close() {
	if w.s3 != nil {
		_ = w.s3.Close() // what it acknowledged is on disk
	}
	if w.mongo != nil {
		_ = w.mongo.Close() // what it acknowledged is on disk
	}
	if w.kinesis != nil {
		w.kinesis.Close()
	}
	if w.kinesisNAT != nil {
		w.kinesisNAT.Close()
	}
	if w.nats != nil {
		w.nats.Close()
	}
}

// endpoints lists where everything listens that runs, or that was given.
func (w *standIns) endpoints(ends farEnds, http string) []endpoint {
	list := []endpoint{{"nats", w.nats.ClientURL()}}
	add := func(name, address string) {
		if address != "" {
			list = append(list, endpoint{name, address})
		}
	}
	if w.mongo != nil {
		add("mongodb", w.mongo.URI())
	}
	add("s3", ends.archive.Endpoint)
	add("kinesis", ends.kinesis.Endpoint)
	add("http", http)
	return list
}

// writeEndpoints leaves the addresses, and the keys of the S3 stand-in, where
// other programs of the same user find them.
func (w *standIns) writeEndpoints(dir *dataDir, list []endpoint) error {
	file := struct {
		Endpoints   []endpoint `json:"endpoints"`
		S3AccessKey string     `json:"s3_access_key,omitempty"`
		S3SecretKey string     `json:"s3_secret_key,omitempty"`
	}{Endpoints: list}
	if w.s3 != nil {
		keys := w.s3.Credentials()
		file.S3AccessKey, file.S3SecretKey = keys.AccessKey, keys.SecretKey
	}
	content, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("encode endpoints: %w", err)
	}
	return writeFile(dir.sub("endpoints.json"), append(content, '\n'))
}
