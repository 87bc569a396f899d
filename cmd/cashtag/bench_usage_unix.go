//go:build !external && unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// processUsage is what this process has used up to now.
func processUsage() (usage, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return usage{}, fmt.Errorf("getrusage: %w", err)
	}
	used := usage{cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano())}
	switch runtime.GOOS {
	case "linux":
		return used, readMemory(&used)
	case "darwin", "ios":
		used.peak = uint64(u.Maxrss) // bytes
	default:
		used.peak = uint64(u.Maxrss) << 10
	}
	return used, nil
}

// readMemory reads what Linux says of this process: see proc_pid_status(5).
//
// The ru_maxrss of getrusage would be that of the process which started this one,
// where that was larger: a child begins in its parent's memory, and exec keeps the
// mark.
func readMemory(used *usage) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("read memory use: %w", err)
	}
	for field, bytesOf := range map[string]*uint64{"VmHWM:": &used.peak, "RssFile:": &used.program} {
		_, rest, _ := bytes.Cut(status, []byte(field))
		var kilobytes uint64
		if _, err := fmt.Sscanf(string(rest), "%d kB", &kilobytes); err != nil {
			return fmt.Errorf("read memory use: no %s in /proc/self/status: %w", field, err)
		}
		*bytesOf = kilobytes << 10
	}
	return nil
}
