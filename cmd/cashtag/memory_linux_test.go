package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestReleaseStartup(t *testing.T) {
	before := filePages(t)
	if err := releaseStartup(); err != nil {
		t.Fatal(err)
	}
	if after := filePages(t); after > before*3/4 {
		t.Errorf("%d kB of the program in memory, and %d kB after the release; want a quarter less", before, after)
	}
}

// filePages is the memory of this process that its files hold, in kB.
func filePages(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	var kilobytes int
	if _, err := fmt.Sscanf(rest, "%d kB", &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes
}

func TestUnchangedRegions(t *testing.T) {
	const smaps = `00400000-00500000 r-xp 00000000 fe:00 7 /opt/my cashtag
Rss:                 800 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00500000-00600000 r--p 00100000 fe:00 7 /opt/my cashtag
Anonymous:             4 kB
00600000-00700000 rw-p 00200000 fe:00 7 /opt/my cashtag
Anonymous:             0 kB
00700000-00800000 r--p 00000000 fe:00 9 /lib/libc.so
Anonymous:             0 kB
00800000-00900000 r--p 00000000 00:00 0
Anonymous:             0 kB
00900000-00a00000 r--p 00300000 fe:00 7 /opt/my cashtag
Anonymous:             0 kB
`
	got := unchangedRegions([]byte(smaps), "/opt/my cashtag")
	want := []region{{0x400000, 0x500000}, {0x900000, 0xa00000}}
	if !slices.Equal(got, want) {
		t.Errorf("regions are %x, want %x", got, want)
	}
}
