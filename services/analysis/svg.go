package analysis

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"cashtag/internal/model"
)

// The size of a drawing in pixels, and what is left free around it.
const (
	drawWidth, drawHeight = 420.0, 300.0
	drawLeft, drawRight   = 52.0, 12.0
	drawTop, drawBottom   = 30.0, 40.0
)

// palette are the colours of curves, told apart without red and green alone.
var palette = []string{"#767676", "#b08400", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000"}

func colour(i int) string { return palette[i%len(palette)] }

// drawing is one SVG with two axes.
type drawing struct {
	out                    strings.Builder
	lowX, highX, lowY, top float64
}

func newDrawing(title, xName, yName string, lowX, highX, lowY, highY float64) *drawing {
	if !(highX > lowX) {
		highX = lowX + 1
	}
	if !(highY > lowY) {
		lowY, highY = lowY-0.5, highY+0.5
	}
	d := &drawing{lowX: lowX, highX: highX, lowY: lowY, top: highY}
	fmt.Fprintf(&d.out, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s"><title>%s</title><text class="title" x="%.1f" y="17" text-anchor="middle">%s</text>`,
		drawWidth, drawHeight, html.EscapeString(title), html.EscapeString(title), (drawLeft+drawWidth)/2, html.EscapeString(title))
	for i := range 5 {
		y := lowY + (highY-lowY)*float64(i)/4
		fmt.Fprintf(&d.out, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`,
			drawLeft, d.y(y), drawWidth-drawRight, d.y(y), drawLeft-5, d.y(y)+4, Figure(y).decimals(2))
	}
	fmt.Fprintf(&d.out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, (drawLeft+drawWidth)/2, drawHeight-6, html.EscapeString(xName))
	fmt.Fprintf(&d.out, `<text transform="translate(12 %.1f) rotate(-90)" text-anchor="middle">%s</text>`, drawHeight/2, html.EscapeString(yName))
	return d
}

func (d *drawing) x(v float64) float64 {
	return drawLeft + (v-d.lowX)/(d.highX-d.lowX)*(drawWidth-drawLeft-drawRight)
}

func (d *drawing) y(v float64) float64 {
	v = min(max(v, d.lowY), d.top)
	return drawHeight - drawBottom - (v-d.lowY)/(d.top-d.lowY)*(drawHeight-drawTop-drawBottom)
}

// tick writes a label below the axis.
func (d *drawing) tick(at float64, text string) {
	fmt.Fprintf(&d.out, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, d.x(at), drawHeight-drawBottom+15, html.EscapeString(text))
}

func (d *drawing) curve(points []model.Point, stroke, dash string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&d.out, `<polyline fill="none" stroke="%s" stroke-width="1.5" stroke-dasharray="%s" points="`, stroke, dash)
	for _, p := range points {
		fmt.Fprintf(&d.out, "%.1f,%.1f ", d.x(p.X), d.y(p.Y))
	}
	d.out.WriteString(`"/>`)
}

func (d *drawing) dot(x, y float64, fill string) {
	fmt.Fprintf(&d.out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, d.x(x), d.y(y), fill)
}

// bar draws an interval.
func (d *drawing) bar(x, low, high float64, stroke string) {
	if math.IsNaN(low) || math.IsNaN(high) {
		return
	}
	fmt.Fprintf(&d.out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="1.5"/>`, d.x(x), d.y(low), d.x(x), d.y(high), stroke)
}

// done returns the drawing. All text in it is escaped.
func (d *drawing) done() template.HTML {
	return template.HTML(d.out.String() + "</svg>") //nolint:gosec // every name in it went through html.EscapeString
}

// drawROC draws a curve for each configuration.
func drawROC(t TargetReport) template.HTML {
	d := newDrawing("ROC of "+string(t.Target), "share of false alarms", "share of hits", 0, 1, 0, 1)
	d.curve([]model.Point{{}, {X: 1, Y: 1}}, "#bbbbbb", "3 3")
	for i, r := range t.Results {
		d.curve(r.ROC, colour(i), "")
	}
	d.tick(0, "0")
	d.tick(1, "1")
	return d.done()
}

// drawCalibration draws what happened over what was forecast. The intervals are wide
// beside the forecasts, so that the axes have scales of their own.
func drawCalibration(t TargetReport) template.HTML {
	low, high, left, right := 1.0, 0.0, 1.0, 0.0
	for _, r := range t.Results {
		for _, b := range r.Calibration {
			left, right = min(left, b.Forecast), max(right, b.Forecast)
			low, high = min(low, b.Forecast, float64(b.Happened.Value)), max(high, b.Forecast, float64(b.Happened.Value))
			if !math.IsNaN(float64(b.Happened.Low)) {
				low, high = min(low, float64(b.Happened.Low)), max(high, float64(b.Happened.High))
			}
		}
	}
	d := newDrawing("Calibration of "+string(t.Target), "probability", "share that happened", left, right, low, high)
	d.curve([]model.Point{{X: left, Y: left}, {X: right, Y: right}}, "#bbbbbb", "3 3")
	for i, r := range t.Results {
		var points []model.Point
		for _, b := range r.Calibration {
			points = append(points, model.Point{X: b.Forecast, Y: float64(b.Happened.Value)})
			d.dot(b.Forecast, float64(b.Happened.Value), colour(i))
			d.bar(b.Forecast, float64(b.Happened.Low), float64(b.Happened.High), colour(i))
		}
		d.curve(points, colour(i), "")
	}
	d.tick(left, Figure(left).decimals(2))
	d.tick(right, Figure(right).decimals(2))
	return d.done()
}

// drawBlocks draws the score of each block with its interval.
func drawBlocks(t TargetReport) template.HTML {
	low, high := math.Inf(1), math.Inf(-1)
	blocks := 0
	for _, r := range t.Results {
		for _, b := range r.Blocks {
			for _, v := range []Figure{b.Score.Value, b.Score.Low, b.Score.High} {
				if !math.IsNaN(float64(v)) {
					low, high = min(low, float64(v)), max(high, float64(v))
				}
			}
		}
		blocks = len(r.Blocks)
	}
	if math.IsInf(low, 0) {
		low, high = 0, 1
	}
	low = max(low, -2) // an R2 has no lower bound
	d := newDrawing(t.measure()+" of "+string(t.Target)+" by block", "block", t.measure(), -0.5, float64(blocks)-0.5, low, high)
	for i, r := range t.Results {
		for at, b := range r.Blocks {
			if math.IsNaN(float64(b.Score.Value)) {
				continue
			}
			x := float64(at) + 0.08*(float64(i)-float64(len(t.Results)-1)/2)
			d.bar(x, float64(b.Score.Low), float64(b.Score.High), colour(i))
			d.dot(x, float64(b.Score.Value), colour(i))
			if i == 0 && (blocks <= 8 || at%(blocks/8+1) == 0) {
				d.tick(float64(at), strings.TrimPrefix(b.Name, "from "))
			}
		}
	}
	return d.done()
}

// drawEquity draws the sum of returns at one cost.
func drawEquity(t TargetReport, cost int) template.HTML {
	low, high := 0.0, 0.0
	days := 0
	for _, r := range t.Results {
		for _, v := range r.Equity[cost].Total {
			low, high = min(low, v), max(high, v)
		}
		days = max(days, len(r.Equity[cost].Total))
	}
	title := fmt.Sprintf("Sum of daily returns at %v bp a trade", t.Results[0].Equity[cost].CostBP)
	d := newDrawing(title, "day", "sum of returns", 0, float64(days), low, high)
	for i, r := range t.Results {
		points := []model.Point{{}}
		for day, v := range r.Equity[cost].Total {
			points = append(points, model.Point{X: float64(day + 1), Y: v})
		}
		d.curve(points, colour(i), "")
	}
	if all := t.Results[0].Equity[cost].Days; len(all) > 0 {
		d.tick(float64(days)*0.1, all[0])
		d.tick(float64(days)*0.9, all[len(all)-1])
	}
	return d.done()
}
