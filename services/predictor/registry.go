package predictor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"cashtag/schemas"
)

// maxPromotions bounds how many promotions of a name are remembered to fall back on.
const maxPromotions = 8

// Version is one version of a model as the registry knows it.
type Version struct {
	Model    schemas.Model // as it was last stated
	Promoted bool          // this is the one that is to predict
	By       string        // who promoted or retired it last, or stored it
	At       time.Time     // when that was
}

// Registry is what the events of MODELS, applied in order, come to.
type Registry struct {
	names map[string]*line
}

// line is the versions of one name.
type line struct {
	versions  map[string]*Version
	promotion []schemas.Model // since the last retirement, the newest first
}

// NewRegistry returns a Registry without models.
func NewRegistry() *Registry { return &Registry{names: make(map[string]*line)} }

// Apply takes in the next event of MODELS and returns the name that it is about, or
// "" for an event that is of no use.
func (r *Registry) Apply(event schemas.Event) string {
	m, ok := event.Data.(*schemas.Model)
	if !ok || event.Validate() != nil {
		return ""
	}
	l := r.names[m.Name]
	if l == nil {
		l = &line{versions: make(map[string]*Version)}
		r.names[m.Name] = l
	}
	v := l.versions[m.Version]
	if v == nil {
		v = &Version{By: m.By, At: m.StatedAt}
		l.versions[m.Version] = v
	}
	v.Model = *m
	switch m.Verb {
	case schemas.VerbPromoted:
		l.turn(v, m)
		v.Promoted = true
		l.promotion = slices.Insert(l.promotion, 0, *m)
		l.promotion = l.promotion[:min(len(l.promotion), maxPromotions)]
	case schemas.VerbRetired:
		l.turn(v, m)
		l.promotion = nil
	}
	return m.Name
}

func (l *line) turn(v *Version, m *schemas.Model) {
	for _, other := range l.versions {
		other.Promoted = false
	}
	v.By, v.At = m.By, m.StatedAt
}

// Names lists every name in order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.names)) }

// Versions lists the versions of a name, the one that was stated on last first.
func (r *Registry) Versions(name string) []Version {
	l := r.names[name]
	if l == nil {
		return nil
	}
	var list []Version
	for _, v := range l.versions {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b Version) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Model.Version, b.Model.Version))
	})
	return list
}

// Promoted returns the promoted version of a name, false where there is none.
func (r *Registry) Promoted(name string) (Version, bool) {
	for _, v := range r.Versions(name) {
		if v.Promoted {
			return v, true
		}
	}
	return Version{}, false
}

// promotions are those of a name since it was retired, the newest first.
func (r *Registry) promotions(name string) []schemas.Model {
	if l := r.names[name]; l != nil {
		return l.promotion
	}
	return nil
}
