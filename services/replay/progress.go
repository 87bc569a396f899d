package replay

import (
	"sync/atomic"
	"time"
)

// Progress is how far a player has come in this process.
type Progress struct {
	Played  uint64    // events published
	Skipped uint64    // events that were stored before
	At      time.Time // event time of the newest published event; zero for none
	Done    bool      // the tape is at its end
}

type progress struct {
	played, skipped atomic.Uint64
	at              atomic.Int64
	done            atomic.Bool
}

func (p *progress) published(n int, at time.Time) {
	p.played.Add(uint64(n))
	p.at.Store(at.UnixNano())
}

// Progress may be asked while the player runs.
func (p *Player) Progress() Progress {
	progress := Progress{
		Played:  p.progress.played.Load(),
		Skipped: p.progress.skipped.Load(),
		Done:    p.progress.done.Load(),
	}
	if at := p.progress.at.Load(); at != 0 {
		progress.At = time.Unix(0, at).UTC()
	}
	return progress
}
