package twitter

import (
	"bufio"
	"time"
)

// Schedule lets tests ask the schedules without waiting for them.
type Schedule = schedule

// NewSchedule returns schedules of X's own durations.
func NewSchedule() *Schedule { return &Schedule{backoff: DefaultBackoff()} }

// Judge is judge.
func (s *schedule) Judge(err error, now time.Time) error { return s.judge(err, now) }

// Healthy is healthy.
func (s *schedule) Healthy() { s.healthy() }

// Pack packs tickers into rules of the stream.
func Pack(c Config, tickers []string) []string { return pack(c, tickers, maxRuleChars) }

// CompareIDs is compareIDs.
func CompareIDs(a, b string) int { return compareIDs(a, b) }

// Searching reports whether a gap is open.
func (s *Source) Searching() bool { return s.gap.open }

// ReadLine is readLine.
func ReadLine(reader *bufio.Reader) (line []byte, long bool, err error) { return readLine(reader) }
