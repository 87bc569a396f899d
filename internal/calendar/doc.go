// Package calendar knows when the New York Stock Exchange (MIC XNYS) and
// Nasdaq hold their core session.
//
// It is a small rule engine: the published holiday and early-close rules, each
// with the years it was in force, and a table of dated exceptions for what no
// rule foresees (days of mourning, storms, the attacks of September 2001). The
// core session runs from 09:30 to 16:00 New York time, or to the hour of an
// early close; times are returned in UTC.
//
// Guaranteed: for every date of 1990 to 2100 it says whether there is a
// session and when it opens and closes, as a pure function of the date. The
// time zone rules are compiled in, so the answer needs no file of the machine.
//
// Not covered: pre-market and late trading, the minutes by which an opening
// was delayed, and trading halts within a session; those days count as
// ordinary sessions. A closure that is announced after this table was written
// needs a row in exceptions.go, and until then the operator's override.
package calendar
