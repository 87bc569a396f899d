//go:build external

package main

// localCommands are those of a build that holds the stand-ins: none here.
type localCommands struct{}

// runAsChild does nothing: this build starts no children.
func runAsChild() {}
