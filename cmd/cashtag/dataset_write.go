package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cashtag/services/features/dataset"
)

// datasetFile is what stands beside a data set: what it is and how to know it again.
type datasetFile struct {
	Cutoff        string   `json:"cutoff"`
	Window        string   `json:"window"`
	Schema        string   `json:"schema"`
	Scorer        string   `json:"scorer"`
	ScorerVersion string   `json:"scorer_version"`
	Source        string   `json:"source"`
	Rows          int      `json:"rows"`
	Tickers       int      `json:"tickers"`
	FirstDate     string   `json:"first_date"`
	LastDate      string   `json:"last_date"`
	Features      []string `json:"features"`
	SHA256        string   `json:"sha256"` // of the table as CSV, whatever was written

	table *dataset.Table
}

func newDatasetFile(table *dataset.Table, source string) datasetFile {
	tickers := make(map[string]bool)
	for _, row := range table.Rows {
		tickers[row.Feature.Ticker] = true
	}
	return datasetFile{
		Cutoff: table.Cutoff, Window: table.Window, Schema: table.Schema,
		Scorer: table.Scorer, ScorerVersion: table.ScorerVersion, Source: source,
		Rows: len(table.Rows), Tickers: len(tickers),
		FirstDate: table.Rows[0].Date, LastDate: table.Rows[len(table.Rows)-1].Date,
		Features: table.Names, table: table,
	}
}

// writeDataset makes a folder under another name and gives it its own once all is
// in it.
func writeDataset(out string, formats []string, file datasetFile) (err error) {
	if err := os.MkdirAll(filepath.Dir(out), 0o750); err != nil {
		return fmt.Errorf("write data set: %w", err)
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(out), "."+filepath.Base(out)+".unfinished-*")
	if err != nil {
		return fmt.Errorf("write data set: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(unfinished))
		}
	}()
	sum := sha256.New()
	if err := file.table.WriteCSV(sum); err != nil {
		return err
	}
	file.SHA256 = hex.EncodeToString(sum.Sum(nil))
	writers := map[string]func(io.Writer) error{"csv": file.table.WriteCSV, "parquet": file.table.WriteParquet}
	for _, format := range formats {
		if err := writeDatasetFile(filepath.Join(unfinished, "dataset."+format), writers[format]); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("write data set: %w", err)
	}
	err = writeDatasetFile(filepath.Join(unfinished, "dataset.json"), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(append(text, '\n')))
		return err
	})
	if err != nil {
		return err
	}
	if err := os.Chmod(unfinished, 0o750); err != nil { //nolint:gosec // a folder that its group may read
		return fmt.Errorf("write data set: %w", err)
	}
	if err := os.Rename(unfinished, out); err != nil {
		return fmt.Errorf("write data set: %w", err)
	}
	return nil
}

// writeDatasetFile makes a file that is on disk when it returns.
func writeDatasetFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write data set: %w", err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	return nil
}
