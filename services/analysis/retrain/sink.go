package retrain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/analysis"
	"cashtag/streams/durable"
)

// Close is a session's end after which models are trained again.
type Close struct {
	ID   string // of its event
	Date string // of the session
	At   time.Time
	Demo bool // it is synthetic
}

// Rows builds the rows to learn from.
type Rows interface {
	// Table is made of what had happened by a close, as of a cut-off of analysis.
	// However often it is asked for the same close, whatever came in meanwhile, the
	// rows are the same. An error that wraps ErrRefused comes again.
	Table(ctx context.Context, of Close, cutoff string) (*analysis.Table, error)
}

// Settings are what may change while the Sink works.
type Settings interface {
	// Every is how many sessions lie between two trainings: 1 for each close.
	Every() int
	// Rule is the rule of promotion.
	Rule() string
}

// Sink trains again at each close. See the package for what it guarantees.
type Sink struct {
	cfg      Config
	rows     Rows
	models   Models
	settings Settings
	logger   *slog.Logger

	close string          // the one that was worked on last
	done  map[string]bool // models that are done with it
}

var _ durable.Sink = (*Sink)(nil)

// New returns a Sink. It returns an error for a configuration that does not validate.
func New(cfg Config, rows Rows, models Models, settings Settings, logger *slog.Logger) (*Sink, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Sink{cfg: cfg, rows: rows, models: models, settings: settings, logger: logger}, nil
}

// Write implements durable.Sink. What is no close is passed over.
func (s *Sink) Write(ctx context.Context, batch []durable.Message) []error {
	errs, failed := make([]error, len(batch)), false
	for i, message := range batch {
		errs[i] = s.write(ctx, message.Data)
		failed = failed || errs[i] != nil
	}
	if !failed {
		return nil
	}
	return errs
}

func (s *Sink) write(ctx context.Context, data []byte) error {
	event, err := schemas.Decode(data)
	if err == nil {
		err = event.Validate()
	}
	if err != nil {
		return durable.Poison(err)
	}
	session, ok := event.Data.(*schemas.Session)
	if !ok || !ends(session, event.Time) || !s.due(session) {
		return nil
	}
	of := Close{ID: event.ID, Date: session.Date, At: event.Time, Demo: schemas.IsDemo(event.Source)}
	if s.close != of.ID {
		s.close, s.done = of.ID, make(map[string]bool)
	}
	if err := s.settle(ctx, of); err != nil {
		return durable.Unavailable(err)
	}
	return durable.Unavailable(s.train(ctx, of))
}

// ends reports whether an event ends its session: an override that closes the market
// within the hours of a session does not.
func ends(session *schemas.Session, at time.Time) bool {
	closed := session.State == schemas.SessionClosed || session.State == schemas.SessionEarlyClose
	return closed && !at.Before(session.ClosesAt)
}

// due reports whether it is the session's turn. It is a matter of the calendar alone,
// so that no state of a process decides it.
func (s *Sink) due(session *schemas.Session) bool {
	return int(window.XNYS().Day(session.OpensAt.UnixNano()))%max(s.settings.Every(), 1) == 0
}

// skew is how far ahead of ours the clock of the market may be. A close that is later
// is of a world with a clock of its own.
const skew = time.Minute

// settle waits until late posts and prices are in.
func (s *Sink) settle(ctx context.Context, of Close) error {
	left := s.cfg.Settle - time.Since(of.At)
	if left <= 0 || left > s.cfg.Settle+skew {
		return ctx.Err()
	}
	s.logger.InfoContext(ctx, "models are trained again once the session has settled", "session", of.Date, "wait_ms", left.Milliseconds())
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// train trains every model that is not done yet, file by file. What cannot be learned
// from is logged, and done.
func (s *Sink) train(ctx context.Context, of Close) error {
	tables := make(map[string]built) // by cut-off
	for _, file := range s.cfg.Files {
		for _, kept := range file.Config.Models {
			if s.done[kept.Name] {
				continue
			}
			table, err := s.table(ctx, of, file.Config.Data.Cutoff, tables)
			if err == nil {
				err = s.again(ctx, of, file, kept, table)
			}
			if err != nil && !errors.Is(err, ErrRefused) {
				return fmt.Errorf("model %s: %w", kept.Name, err)
			}
			if err != nil {
				s.logger.WarnContext(ctx, "model was not trained again", "model", kept.Name, "session", of.Date, "file", file.Path, "error", oneLine(err))
			}
			s.done[kept.Name] = true
		}
	}
	return nil
}

// built is what Rows answered.
type built struct {
	table *analysis.Table
	err   error
}

// table builds the rows of a cut-off once for all models.
func (s *Sink) table(ctx context.Context, of Close, cutoff string, tables map[string]built) (*analysis.Table, error) {
	found, ok := tables[cutoff]
	if !ok {
		found.table, found.err = s.rows.Table(ctx, of, cutoff)
		tables[cutoff] = found
	}
	return found.table, found.err
}

func (s *Sink) again(ctx context.Context, of Close, file File, kept analysis.Kept, table *analysis.Table) error {
	rule := s.settings.Rule()
	in := analysis.Input{Table: table, Version: s.cfg.Version}
	result, err := Again(ctx, s.models, in, file.Config, kept, rule, Statement{By: s.cfg.By, At: of.At, Demo: of.Demo})
	if err != nil {
		return err
	}
	log := s.logger.With("model", kept.Name, "version", result.Version, "session", of.Date)
	if !result.Known {
		log.InfoContext(ctx, "model trained again", "rows", result.Artefact.Rows, "days", result.Artefact.Days, "trained_to", result.Artefact.TrainedTo)
	}
	if result.Promoted {
		log.InfoContext(ctx, "model promoted", "before", result.Before, "rule", rule, "why", oneLine(errors.New(result.Why)))
	} else {
		log.InfoContext(ctx, "model not promoted", "promoted", result.Before, "rule", rule, "why", oneLine(errors.New(result.Why)))
	}
	return nil
}

// oneLine is an error without its line ends.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
