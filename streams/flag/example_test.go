package flag_test

import (
	"context"
	"fmt"
	"os"

	"cashtag/embedded/natsd"
	"cashtag/streams"
	"cashtag/streams/flag"
)

// A service asks its gate before each batch; whoever edits the bucket decides.
func ExampleSet_Gate() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "flag")
	defer func() { _ = os.RemoveAll(dir) }()
	cfg := natsd.DefaultConfig()
	cfg.Dir, cfg.Port = dir, -1
	server, err := natsd.Start(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	conn, _ := server.Connect()
	defer conn.Close()
	client, _ := streams.NewClient(conn)
	topology, _ := streams.NewTopology(streams.DefaultSize())
	_, _ = client.JS.CreateKeyValue(ctx, topology.Buckets[0])

	flags, err := flag.Open(ctx, client, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer flags.Close()
	gate := flags.Gate("mongo", true)
	fmt.Println("on:", gate.On())

	changed := gate.Changed()
	_ = flags.Put(ctx, "mongo", "OFF")
	<-changed
	fmt.Println("on:", gate.On())
	// Output:
	// on: true
	// on: false
}
