package bluesky

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeCursor is the smallest cursor that v2 takes for a time.
const timeCursor = 1_000_000_000_000_000

// place is a position in the stream. The zero value is the beginning.
type place struct {
	seq    int64  // v2: the last sequence number taken, 0 where there is none
	micros int64  // the latest time of a frame, Unix time in microseconds
	host   string // v2: whose sequence number it is
}

func (f *frame) place() place { return place{seq: f.seq, micros: f.micros} }

// String is the cursor as it is stored: v2:<seq>:<microseconds>:<host> or
// v1:<microseconds>.
func (p place) String() string {
	switch {
	case p.seq > 0:
		return fmt.Sprintf("v2:%d:%d:%s", p.seq, p.micros, p.host)
	case p.micros > 0:
		return "v1:" + strconv.FormatInt(p.micros, 10)
	default:
		return ""
	}
}

// parsePlace reads a cursor. v2:<seq> alone is a place in whatever instance
// answers.
func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	bad := func() (place, error) {
		return place{}, fmt.Errorf("cursor %.80q: want v1:<microseconds> or v2:<seq>:<microseconds>:<host>", cursor)
	}
	version, rest, _ := strings.Cut(cursor, ":")
	first, rest, more := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil || n <= 0 {
		return bad()
	}
	switch {
	case version == "v1" && !more:
		return place{micros: n}, nil
	case version == "v2" && !more:
		return place{seq: n}, nil
	case version != "v2":
		return bad()
	}
	micros, host, _ := strings.Cut(rest, ":")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || at < 0 || host == "" {
		return bad()
	}
	return place{seq: n, micros: at, host: host}, nil
}

// after returns the place once next was taken too. Times go back now and then, a
// place does not.
func (p place) after(next place, host string) place {
	p.micros = max(p.micros, next.micros)
	if next.seq > 0 {
		p.seq, p.host = max(next.seq, p.seqAt(host)), host
	} else {
		p.seq, p.host = 0, ""
	}
	return p
}

// seqAt is the place's sequence number in an instance, 0 where it has none there.
func (p place) seqAt(host string) int64 {
	if p.host != "" && p.host != host {
		return 0
	}
	return p.seq
}

// byTime is the cursor of the place less rewind. Without a time it is the oldest
// that there is.
func (p place) byTime(rewind time.Duration) int64 {
	return max(timeCursor, p.micros-rewind.Microseconds())
}

func (p place) time() time.Time { return time.UnixMicro(p.micros).UTC() }
