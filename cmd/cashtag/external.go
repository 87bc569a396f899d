//go:build external

package main

// LocalCommands are those of a build that holds the stand-ins: none here.
type LocalCommands struct{}

// localExamples are those of the commands of this build.
const localExamples = `  cashtag run kinesis mongo      run services against a NATS of yours
`

// runAsChild does nothing: this build starts no children.
func runAsChild() {}
