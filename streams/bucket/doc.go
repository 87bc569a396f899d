// Package bucket keeps a process up to date with a key-value bucket that people
// edit by hand: it is what flags and settings have in common.
//
// A Value is one key as it stands in this process. Its Parse says which words are
// allowed and how they are written: any other leaves the value as it was, also for
// a process that starts later. A deleted key means the default. A change is
// effective within a second, and again soon after a lost connection or a bucket
// that was made anew; while the server is away every value stays as it was.
//
// The package does not log what happens: see Journal.
package bucket
