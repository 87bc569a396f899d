package outcomes

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"cashtag/internal/model"
	"cashtag/internal/window"
	"cashtag/schemas"
)

const (
	// driftDays is how many trading days of vectors are compared with training.
	driftDays = 60
	// openDays is how many trading days a correction of a vector takes the place of what
	// it corrects. features.Config.Lateness is three days; what came later would count
	// beside it.
	openDays = 5
	// maxOpen bounds the vectors of one version that may still be corrected.
	maxOpen = 50_000
	// unknownBin is where what is not known is counted: after all digits.
	unknownBin = 10
)

// Drift is where the vectors that models predicted from belong in what these saw in
// training. It is made from predictions alone: the same ones give the same, in
// whatever order their revisions come. Its JSON is a snapshot. It keeps the last 60
// trading days, by the predictions' own time, of 64 versions.
type Drift struct {
	Versions map[string]*predicted `json:"versions"` // by model and version
}

// predicted is what one version of a model predicted from.
type predicted struct {
	Model   string                         `json:"model"`
	Version string                         `json:"version"`
	Newest  window.Day                     `json:"newest"`
	Over    []window.Day                   `json:"over"` // days that are over and that it is to be said of what drifted
	Days    map[window.Day][][]int64       `json:"days"` // rows by column and bin
	Open    map[window.Day]map[string]bins `json:"open"` // by ticker and time, not in Days yet
}

// bins is what a prediction says, by the highest revision.
type bins struct {
	Revision int64  `json:"revision"`
	Bins     string `json:"bins"`
}

// NewDrift returns a Drift that has seen nothing.
func NewDrift() *Drift { return &Drift{Versions: make(map[string]*predicted)} }

// Add takes in a prediction. One that does not say where its vector belongs counts
// nothing, nor does one of a day that the model was trained on, as a replay has them.
func (d *Drift) Add(p *schemas.Prediction) {
	if p.Bins == "" || trainedOn(p.Version, p.DueAt) {
		return
	}
	v, day := d.of(p), window.XNYS().Day(p.PredictedAt.UnixNano()-1)
	if day > v.Newest {
		v.Over = over(v.Over, v.Newest)
		v.Newest = day
		v.shut()
	}
	switch {
	case day <= v.Newest-driftDays:
		return
	case day <= v.Newest-openDays || v.open() >= maxOpen:
		v.count(day, p.Bins)
		return
	}
	if v.Open[day] == nil {
		v.Open[day] = make(map[string]bins)
	}
	key := p.Ticker + " " + strconv.FormatInt(p.PredictedAt.Unix(), 10)
	if before, ok := v.Open[day][key]; !ok || p.Revision > before.Revision {
		v.Open[day][key] = bins{Revision: p.Revision, Bins: p.Bins}
	}
}

func versionKey(name, version string) string { return name + ":" + version }

// of is the version that made a prediction. Beyond the bound the one that predicted
// last the longest ago makes room.
func (d *Drift) of(p *schemas.Prediction) *predicted {
	key := versionKey(p.Model, p.Version)
	if v := d.Versions[key]; v != nil {
		return v
	}
	if len(d.Versions) >= maxWatched {
		delete(d.Versions, slices.MinFunc(slices.Sorted(maps.Keys(d.Versions)), func(a, b string) int {
			return cmp.Compare(d.Versions[a].Newest, d.Versions[b].Newest)
		}))
	}
	v := &predicted{
		Model: p.Model, Version: p.Version,
		Days: make(map[window.Day][][]int64), Open: make(map[window.Day]map[string]bins),
	}
	d.Versions[key] = v
	return v
}

// shut counts the days that are corrected no more, and forgets those that are too old.
func (v *predicted) shut() {
	for day, vectors := range v.Open {
		if day > v.Newest-openDays {
			continue
		}
		for _, vector := range vectors {
			v.count(day, vector.Bins)
		}
		delete(v.Open, day)
	}
	maps.DeleteFunc(v.Days, func(day window.Day, _ [][]int64) bool { return day <= v.Newest-driftDays })
}

func (v *predicted) open() int {
	n := 0
	for _, vectors := range v.Open {
		n += len(vectors)
	}
	return n
}

func (v *predicted) count(day window.Day, digits string) { v.Days[day] = counted(v.Days[day], digits) }

// counted adds one vector to the rows of a day.
func counted(columns [][]int64, digits string) [][]int64 {
	for len(columns) < len(digits) {
		columns = append(columns, nil)
	}
	for i := range len(digits) {
		bin := unknownBin
		if digits[i] != '-' {
			bin = int(digits[i] - '0')
		}
		for len(columns[i]) <= bin {
			columns[i] = append(columns[i], 0)
		}
		columns[i][bin]++
	}
	return columns
}

// ColumnDrift is how far one column of live vectors is from training.
type ColumnDrift struct {
	Column string `json:"column"`
	model.Stability
}

// Of compares what a version predicted from with what MODELS says it was trained on,
// column by column in its order. It is nil where either is not known.
func (d *Drift) Of(m *schemas.Model) []ColumnDrift {
	v := d.Versions[versionKey(m.Name, m.Version)]
	if v == nil {
		return nil
	}
	return v.of(m, v.Newest)
}

// of is Drift.Of as it was when a trading day was over.
func (v *predicted) of(m *schemas.Model, until window.Day) []ColumnDrift {
	days := v.days(until)
	var found []ColumnDrift
	for i, column := range m.Columns {
		d := model.Distribution{Cuts: column.Cuts, Rows: column.Rows, Days: int(column.Days), Noise: column.Noise}
		if d.Validate() != nil {
			return nil
		}
		byDay := make([][]int64, len(days))
		for at, columns := range days {
			if i >= len(columns) {
				return nil // of another model than this
			}
			byDay[at] = binned(columns[i], d.Bins())
		}
		found = append(found, ColumnDrift{Column: column.Name, Stability: d.PSI(byDay)})
	}
	return found
}

// days are the rows of the trading days up to one, in order.
func (v *predicted) days(until window.Day) [][][]int64 {
	counts := make(map[window.Day][][]int64)
	for day, columns := range v.Days {
		counts[day] = make([][]int64, len(columns))
		for i, rows := range columns {
			counts[day][i] = slices.Clone(rows)
		}
	}
	for day, vectors := range v.Open {
		for _, vector := range vectors {
			counts[day] = counted(counts[day], vector.Bins)
		}
	}
	days := make([][][]int64, 0, len(counts))
	for _, day := range slices.Sorted(maps.Keys(counts)) {
		if day <= until && day > until-driftDays {
			days = append(days, counts[day])
		}
	}
	return days
}

// binned are the rows of the bins that a column has, that of what is not known last.
func binned(rows []int64, size int) []int64 {
	found := make([]int64, size)
	for bin, n := range rows {
		switch {
		case bin == unknownBin:
			found[size-1] += n
		case bin < size-1:
			found[bin] += n
		}
	}
	return found
}
