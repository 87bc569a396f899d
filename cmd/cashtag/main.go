// Command cashtag starts, inspects and steers Cashtag, an event-sourced
// market-sentiment platform on NATS JetStream.
//
// It is the only place that starts, stops or chooses things: `cashtag up` runs
// everything on one machine, `cashtag run` some services against a cluster, and
// the other commands look at the streams or change what a service does.
//
// Exit codes: 0 done; 1 failed, or something was buried or is missing; 2 wrong
// use; 130 interrupted twice.
package main

import (
	"context"
	"os"
)

func main() {
	runAsChild()
	os.Exit(Main(context.Background(), os.Args[1:], Terminal()))
}
