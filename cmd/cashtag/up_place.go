//go:build !external

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// worldPlace keeps the world's place in a file of the data directory. It is taken
// after all before it was stored, and so needs no agreement with the streams.
type worldPlace struct{ path, tape string }

type worldPlaceFile struct {
	Tape   string `json:"tape"`
	Events uint64 `json:"events"`
}

// Load implements world.Place.
func (p worldPlace) Load() (uint64, error) {
	content, err := os.ReadFile(p.path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", p.path, err)
	}
	var places []worldPlaceFile
	if err := json.Unmarshal(content, &places); err != nil {
		return 0, fmt.Errorf("%s is no place of a tape: %w: take a new directory with --fresh", p.path, err)
	}
	for _, place := range places {
		if place.Tape == p.tape {
			return place.Events, nil
		}
	}
	return 0, nil
}

// Store implements world.Place.
func (p worldPlace) Store(events uint64) error {
	var places []worldPlaceFile
	if content, err := os.ReadFile(p.path); err == nil {
		_ = json.Unmarshal(content, &places) // Load said what is wrong with it
	}
	places = slices.DeleteFunc(places, func(place worldPlaceFile) bool { return place.Tape == p.tape })
	content, err := json.Marshal(append(places, worldPlaceFile{p.tape, events}))
	if err != nil {
		return fmt.Errorf("encode %s: %w", p.path, err)
	}
	return writeFile(p.path, append(content, '\n'))
}
