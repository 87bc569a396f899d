package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

const description = `Cashtag turns what people say about stocks into an event-sourced stream.

` + localExamples + `  cashtag status                 where streams, sources and consumers stand
  cashtag flags set mongo off    turn a consumer off; it goes on where it stopped
  cashtag dead ls                messages that could not be stored, and why`

// CLI is every command and flag of the program.
type CLI struct {
	Connection

	LocalCommands

	Run      runCommand      `cmd:"" help:"Run services against an external NATS."`
	Status   statusCommand   `cmd:"" help:"Show streams, sources, consumers and flags."`
	Streams  streamsCommand  `cmd:"" help:"Create, compare and list the streams."`
	Tape     tapeCommand     `cmd:"" help:"Record events to a file and play them again."`
	Dead     deadCommand     `cmd:"" help:"Look at messages that could not be stored, requeue or drop them."`
	Erase    eraseCommand    `cmd:"" help:"Take deleted posts out of the streams for good."`
	Flags    flagsCommand    `cmd:"" help:"Show and turn feature flags."`
	Analysis analysisCommand `cmd:"" help:"Say what a model is worth, honestly."`
	Models   modelsCommand   `cmd:"" help:"Store models, and say which of them predict."`
	Dataset  datasetCommand  `cmd:"" help:"Make a table of features and labels."`
	Train    trainCommand    `cmd:"" help:"Train a scorer of posts on labelled texts."`
	Evaluate evaluateCommand `cmd:"" help:"Compare scorers of posts on labelled texts."`
	Market   marketCommand   `cmd:"" help:"Show whether the market is open, and its sessions."`
	Counts   countsCommand   `cmd:"" help:"Show what became of what the sources saw, by minute."`
	Scores   scoresCommand   `cmd:"" help:"Show what live predictions were worth (the same as models scores)."`
	Health   healthCommand   `cmd:"" help:"Ask a running cashtag whether it is well (exit code 0 or 1)."`
	Doctor   doctorCommand   `cmd:"" help:"Try every endpoint that is configured, and say what to do where one does not work."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// version is what the build knows of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "cashtag (unknown build)"
	}
	revision := "unversioned"
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return fmt.Sprintf("cashtag %s, %s, %s", info.Main.Version, revision, info.GoVersion)
}
