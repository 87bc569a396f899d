//go:build race && !external

package main

// underRace says that the race detector is on. It makes the MongoDB stand-in, which
// is none of our code, a hundred times slower: the whole program is then tested
// without it, and services/mongo tests the sink with it.
const underRace = true
