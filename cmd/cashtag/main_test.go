package main

import (
	"context"
	"os"
	"testing"
)

// TestMain lets the test binary be what the tests start: a stand-in, or the
// program itself where CASHTAG_TEST_MAIN is 1.
func TestMain(m *testing.M) {
	runAsChild()
	if os.Getenv("CASHTAG_TEST_MAIN") == "1" {
		os.Exit(Main(context.Background(), os.Args[1:], Terminal()))
	}
	os.Exit(m.Run())
}
