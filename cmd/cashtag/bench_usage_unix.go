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

// processUsage is the CPU time and the largest resident set of this process up to
// now.
func processUsage() (cpu time.Duration, peak uint64, err error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0, fmt.Errorf("getrusage: %w", err)
	}
	cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	switch runtime.GOOS {
	case "linux":
		// ru_maxrss would be that of the process which started this one, where that
		// was larger: a child begins in its parent's memory, and exec keeps the mark.
		peak, err = highWaterMark()
	case "darwin", "ios":
		peak = uint64(usage.Maxrss) // bytes
	default:
		peak = uint64(usage.Maxrss) << 10
	}
	return cpu, peak, err
}

// highWaterMark reads VmHWM of this process: see proc_pid_status(5).
func highWaterMark() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read memory use: %w", err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kilobytes uint64
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read memory use: no VmHWM in /proc/self/status: %w", err)
	}
	return kilobytes << 10, nil
}
