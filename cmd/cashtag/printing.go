package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"
)

// tone is how a cell looks on a terminal that shows colours.
type tone string

const (
	tonePlain tone = ""
	toneHead  tone = "\x1b[1m"
	toneAlarm tone = "\x1b[31m"
	toneQuiet tone = "\x1b[33m"
	toneEnd        = "\x1b[0m"
)

// cell is one field of a grid. Numbers stand to the right.
type cell struct {
	text  string
	right bool
	tone  tone
}

// said is a cell of text. What would move a terminal's cursor is taken out of it.
func said(text string) cell { return cell{text: printable(text)} }

// toned is the cell in another tone.
func (c cell) toned(t tone) cell {
	c.tone = t
	return c
}

// counted is a cell with a number.
func counted(n uint64) cell { return cell{text: strconv.FormatUint(n, 10), right: true} }

// decimal is a cell with a number of few digits.
func decimal(format string, value float64) cell {
	return cell{text: fmt.Sprintf(format, value), right: true}
}

// alarming is a cell with a number that should be 0.
func alarming(n uint64) cell {
	if n > 0 {
		return counted(n).toned(toneAlarm)
	}
	return counted(n)
}

// sized is a cell with a number of bytes.
func sized(n uint64) cell { return cell{text: humanize.IBytes(n), right: true} }

// limited is a cell with the most bytes that a stream may have.
func limited(n int64) cell {
	if n <= 0 {
		return cell{text: "unlimited", right: true}
	}
	return sized(uint64(n))
}

// timed is a cell with a time, in UTC.
func timed(t time.Time) cell { return cell{text: timeText(t)} }

func timeText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// grid is an aligned table.
type grid struct {
	heads []string
	rows  [][]cell
}

func newGrid(heads ...string) *grid { return &grid{heads: heads} }

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

// print writes the grid, in colours and no wider than the screen on a terminal.
func (g *grid) print(console Console) error {
	_, err := fmt.Fprint(console.Out, g.render(console.width(), console.colours()))
	return err
}

// render cuts the last column so that a line is at most width characters; 0 cuts
// nothing.
func (g *grid) render(width int, colours bool) string {
	heads := make([]cell, len(g.heads))
	for i, head := range g.heads {
		heads[i] = cell{text: head, tone: toneHead, right: len(g.rows) > 0 && g.rows[0][i].right}
	}
	lines := append([][]cell{heads}, g.rows...)
	widths := make([]int, len(heads))
	for _, line := range lines {
		for i, c := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	var out strings.Builder
	for _, line := range lines {
		writeLine(&out, line, widths, width, colours)
	}
	return out.String()
}

const gutter = "  "

func writeLine(out *strings.Builder, line []cell, widths []int, width int, colours bool) {
	used := 0
	for i, c := range line {
		last := i == len(line)-1
		if last && width > 0 {
			c.text = shortened(c.text, max(width-used, 8))
		}
		pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(c.text)))
		if c.right {
			out.WriteString(pad)
		}
		if colours && c.tone != tonePlain {
			out.WriteString(string(c.tone) + c.text + toneEnd)
		} else {
			out.WriteString(c.text)
		}
		if last {
			break
		}
		if !c.right {
			out.WriteString(pad)
		}
		out.WriteString(gutter)
		used += widths[i] + len(gutter)
	}
	out.WriteByte('\n')
}

// shortened cuts text to at most width characters and shows that it did.
func shortened(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// printable replaces what a terminal would obey, line ends among it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsGraphic(r) {
			return '·'
		}
		return r
	}, text)
}

// width is how many characters fit a line of the output, or 0 where that is no
// terminal.
func (c Console) width() int {
	file, ok := c.Out.(*os.File)
	if !c.Live || !ok {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colours says whether the output may be coloured: see https://no-color.org.
func (c Console) colours() bool { return c.Live && os.Getenv("NO_COLOR") == "" }
