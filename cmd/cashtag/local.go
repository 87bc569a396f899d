//go:build !external

package main

import (
	"cashtag/embedded/child"
	"cashtag/embedded/mongod"
	"cashtag/embedded/s3d"
)

// LocalCommands need the stand-ins, which a build with the tag external leaves
// out.
type LocalCommands struct {
	Up    upCommand    `cmd:"" help:"Start everything on this machine and play the demo day or a tape, or read live."`
	Bench benchCommand `cmd:"" help:"Measure how fast each path is on this machine."`
}

// localExamples are those of the commands of this build.
const localExamples = `  cashtag up                     play the demo day through everything, on this machine
  cashtag up --tape DIR          play recorded tweets and prices
  cashtag up --live --data DIR   read Bluesky and Cboe, and X and Alpaca with keys of yours
`

// runAsChild runs a stand-in and ends the process, in a process that was started
// for that.
func runAsChild() { child.Main(mongod.Child(), s3d.Child()) }
