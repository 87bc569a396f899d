//go:build !external

package main

import (
	"log/slog"
	"path/filepath"
	"testing"

	"cashtag/streams"

	"github.com/nats-io/nats.go/jetstream"
)

// Everything that JetStream sets aside has room in the cap of the data directory:
// the streams, the buckets, and the mirrors in the Kinesis stand-in.
func TestTheCapHoldsWhatIsSetAside(t *testing.T) {
	t.Parallel()
	for _, disk := range []string{"256MB", "500MB", "700MB", "2GB", "40GB"} {
		t.Run(disk, func(t *testing.T) {
			t.Parallel()
			set, err := upCommand{Speed: "max", MaxDisk: disk, NATSPort: 1, HTTPPort: 1}.check()
			if err != nil {
				t.Fatal(err)
			}
			dir, err := openDataDir(filepath.Join(t.TempDir(), "data"), kindDemo)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(dir.close)
			world, err := startStandIns(t.Context(), standInPlan{
				dir: dir, natsPort: -1, maxStore: set.maxDisk, mirror: set.mirror(), kinesis: true, logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(world.close)
			u := &up{settings: set, world: world, dir: dir}
			if err := u.applyTopology(t.Context()); err != nil {
				t.Fatal(err)
			}
			topology, err := streams.NewTopology(set.size())
			if err != nil {
				t.Fatal(err)
			}
			js, err := jetstream.New(world.kinesisNAT)
			if err != nil {
				t.Fatal(err)
			}
			reserved := topology.Reserved()
			for _, consumer := range streams.Consumers() {
				if consumer.Service != streams.ServiceKinesis {
					continue
				}
				reserved += set.mirror()
				if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: consumer.Stream, MaxBytes: set.mirror()}); err != nil {
					t.Errorf("mirror of %s: %v", consumer.Stream, err)
				}
			}
			if reserved > set.maxDisk {
				t.Errorf("got %d bytes set aside, want at most the cap of %d", reserved, set.maxDisk)
			}
		})
	}
}
