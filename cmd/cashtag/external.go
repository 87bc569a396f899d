//go:build external

package main

// LocalCommands are those of a build that holds the stand-ins: none here.
type LocalCommands struct{}

// runAsChild does nothing: this build starts no children.
func runAsChild() {}
