package main

import (
	"bytes"
	"testing"
	"time"
)

func TestGrid(t *testing.T) {
	t.Parallel()
	table := newGrid("NAME", "EVENTS", "SAYS")
	table.add(said("TWEETS"), counted(7), said("päpstlich und lang"))
	table.add(said("é"), alarming(12345), said("x"))
	tests := []struct {
		name    string
		width   int
		colours bool
		want    string
	}{
		{"piped", 0, false, "NAME    EVENTS  SAYS\nTWEETS       7  päpstlich und lang\né        12345  x\n"},
		{"narrow", 26, false, "NAME    EVENTS  SAYS\nTWEETS       7  päpstlich…\né        12345  x\n"},
		{"too narrow for anything", 3, false, "NAME    EVENTS  SAYS\nTWEETS       7  päpstli…\né        12345  x\n"},
		{
			"coloured", 0, true,
			"\x1b[1mNAME\x1b[0m    \x1b[1mEVENTS\x1b[0m  \x1b[1mSAYS\x1b[0m\n" +
				"TWEETS       7  päpstlich und lang\né        \x1b[31m12345\x1b[0m  x\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := table.render(test.width, test.colours); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// A message of the far end must not steer the operator's terminal.
func TestPrintable(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"plain", "réponse 503 日本", "réponse 503 日本"},
		{"escape", "a\x1b[2Jb", "a·[2Jb"},
		{"lines", "a\nb\r\tc", "a·b··c"},
		{"C1 control", "a\u009b2Jb", "a·2Jb"},
		{"right to left", "a\u202eb", "a·b"},
		{"not UTF-8", "a\xffb", "a·b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := printable(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAsides(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	notes := &asides{out: &out, live: true}
	notes.show("10%")
	notes.show("20%")
	notes.say("line %d\nis bad", 3)
	notes.show("30%")
	notes.show("")
	notes.say("done")
	want := "10%" + eraseLine + "20%" + eraseLine + "cashtag: line 3; is bad\n30%" + eraseLine + "cashtag: done\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if newAsides(Console{Err: &out}).live {
		t.Error("got a live terminal in a test, want none")
	}
}

func TestTimeText(t *testing.T) {
	t.Parallel()
	if got, want := timeText(time.Time{}), "-"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	local := time.Date(2014, 5, 1, 1, 54, 53, 0, time.FixedZone("EDT", -4*3600))
	if got, want := timeText(local), "2014-05-01 05:54:53Z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
