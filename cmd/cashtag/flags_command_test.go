package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/streams/flag"
)

func TestFlagsLs(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	fresh := c.cashtag(t, "flags")
	fresh.want(t, exitDone, "")
	for _, known := range flag.Table() {
		got := fresh.row(t, known.Name)[:5]
		if want := []string{known.Name, known.Default, known.Default, "-", "-"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got, want := strings.Count(fresh.out, "\n"), len(flag.Table())+1; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}

	c.put(t, "mongo", " OFF\n")
	c.put(t, "kinesis", "off")
	c.put(t, "kinesis", "halt")
	set := c.cashtag(t, "flags", "ls")
	set.want(t, exitDone, `flag kinesis: stored value "halt" (revision 3) is not allowed, so it stays off: must be on or off`)
	row := set.row(t, "mongo")
	if row[1] != flag.Off || row[2] != flag.On || row[5] != "1" {
		t.Errorf("got %v, want mongo off, default on, revision 1", row)
	}
	since, err := time.Parse(time.DateTime+"Z", row[3]+" "+row[4])
	if err != nil || time.Since(since).Abs() > time.Minute {
		t.Errorf("got since %v (%v), want about now", since, err)
	}
	if row := set.row(t, "kinesis"); row[1] != flag.Off || row[5] != "2" {
		t.Errorf("got %v, want kinesis off since revision 2", row)
	}
}

func TestFlagsSet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		args      []string
		code      int
		out       string
		complaint string
		value     string // of the flag mongo afterwards
	}{
		{"off", []string{"set", "mongo", "off"}, exitDone, "mongo: on -> off (revision 1)\n", "", flag.Off},
		{"in capitals", []string{"set", "mongo", "OFF"}, exitDone, "mongo: on -> off (revision 1)\n", "", flag.Off},
		{"market", []string{"set", "market", "closed"}, exitDone, "market: auto -> closed (revision 1)\n", "", flag.On},
		{"unknown flag", []string{"set", "mango", "off"}, exitUsage, "", `unknown flag "mango": must be one of kinesis, mongo,`, flag.On},
		{"unknown value", []string{"set", "mongo", "paused"}, exitUsage, "", `flag mongo is "paused": must be on or off`, flag.On},
		{"another flag's value", []string{"set", "mongo", "auto"}, exitUsage, "", "must be on or off", flag.On},
		{"reset of what nobody set", []string{"reset", "mongo"}, exitDone, "mongo: on -> on (revision 1)\n", "", flag.On},
		{"reset of an unknown flag", []string{"reset", "mango"}, exitUsage, "", `unknown flag "mango"`, flag.On},
		{"history of an unknown flag", []string{"history", "mango"}, exitUsage, "", `unknown flag "mango"`, flag.On},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			got := c.cashtag(t, append([]string{"flags"}, test.args...)...)
			got.want(t, test.code, test.complaint)
			if got.out != test.out {
				t.Errorf("got %q, want %q", got.out, test.out)
			}
			flags, err := flag.Open(t.Context(), c.client, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer flags.Close()
			if on := flags.Gate("mongo", true).On(); on != (test.value == flag.On) {
				t.Errorf("got mongo on: %t, want %s", on, test.value)
			}
		})
	}
}

func TestFlagsHistory(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.cashtag(t, "flags", "history", "mongo").want(t, exitDone, "flag mongo was never set: it is on")
	c.cashtag(t, "flags", "set", "mongo", "off").want(t, exitDone, "")
	c.put(t, "mongo", "TRUE")
	c.put(t, "mongo", `"On"`)
	c.cashtag(t, "flags", "reset", "mongo").want(t, exitDone, "")
	got := c.cashtag(t, "flags", "history", "mongo")
	got.want(t, exitDone, "")
	for revision, want := range map[string]string{
		"1": `off "off"`,
		"2": `not allowed "TRUE": changed nothing`,
		"3": `on "\"On\""`,
		"4": `on deleted: the default`,
	} {
		row := got.row(t, revision)
		if text := strings.Join(row[3:], " "); text != want {
			t.Errorf("revision %s: got %q, want %q", revision, text, want)
		}
	}
}
