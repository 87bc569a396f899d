package analysis

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed page.html
var pageText string

// page is the report as one file: it loads nothing from elsewhere and runs no
// script.
var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"colour": colour, "roc": drawROC, "calibration": drawCalibration, "blocks": drawBlocks, "equity": drawEquity,
	"figure": func(f Figure, n int) string { return f.decimals(n) },
	"state":  Alarm.state, "metric": metricName, "base": TargetReport.base, "cutoff": (*Report).cutoffText,
	"attention": (*Report).attentionText,
}).Parse(pageText))

// metricName is what people call a metric.
func metricName(name string) string {
	switch name {
	case "auc", "mcc", "mse", "r2":
		return strings.ToUpper(name)
	case "brier":
		return "Brier"
	default:
		return strings.ReplaceAll(name, "_", " ")
	}
}

// HTML returns the report as a page that stands on its own.
func (r *Report) HTML() ([]byte, error) {
	var out bytes.Buffer
	if err := page.Execute(&out, r); err != nil {
		return nil, fmt.Errorf("render report: %w", err)
	}
	return out.Bytes(), nil
}
