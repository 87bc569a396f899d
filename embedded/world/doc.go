// Package world plays a recorded market as if it happened: it hands posts, quotes
// and halts to the stand-ins of the vendors, and moves the clock by which the
// market's manager lives.
//
// The clock stands at the last event of the tape's own market clock. It moves only
// after everything that came before is stored, so that a tape played as fast as it
// goes outruns nobody, and the streams hold what the tape holds.
//
// A place says how much of the tape is known to be stored. It is taken after the
// fact and so may lie behind: what is handed out again carries ids that the
// sources know.
//
// The package stores nothing and knows neither vendors nor streams.
package world
