package twitter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// tagPrefix starts the tag of every rule of ours. Rules with another are none of
// our business.
const tagPrefix = "cashtag:"

// rule is a rule of the stream. A tag cannot be edited.
type rule struct {
	ID    string `json:"id,omitzero"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitzero"`
}

type rulesAnswer struct {
	Data []rule `json:"data"`
	Meta struct {
		Summary struct {
			Created    int `json:"created"`
			NotCreated int `json:"not_created"`
			Invalid    int `json:"invalid"`
		} `json:"summary"`
	} `json:"meta"`
	Errors []problem `json:"errors"`
}

// rules reads every rule of the app.
func (c *client) rules(ctx context.Context) ([]rule, error) {
	var answer rulesAnswer
	if err := c.call(ctx, http.MethodGet, rulesPath, nil, nil, &answer); err != nil {
		return nil, err
	}
	return answer.Data, nil
}

// change adds or deletes rules.
func (c *client) change(ctx context.Context, body any) (rulesAnswer, error) {
	var answer rulesAnswer
	encoded, err := json.Marshal(body)
	if err != nil {
		return answer, fmt.Errorf("encode rules: %w", err)
	}
	err = c.call(ctx, http.MethodPost, rulesPath, nil, encoded, &answer)
	return answer, err
}

// reconcile makes the rules of ours those of the tickers: it adds what is missing
// before it deletes what is left over, so that no post falls between. Where X
// refuses a rule nothing is deleted, and it is an error only where no rule of ours
// is left to stream by.
func (c *client) reconcile(ctx context.Context, want []string, log *slog.Logger) error {
	if len(want) > maxRules {
		return fmt.Errorf("%d rules of X: at most %d: follow fewer tickers", len(want), maxRules)
	}
	present, err := c.rules(ctx)
	if err != nil {
		return err
	}
	plan := planRules(present, want)
	if len(plan.add) > 0 {
		answer, err := c.change(ctx, map[string][]rule{"add": plan.add})
		if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusBadRequest && len(status.problems) > 0 {
			answer, err = rulesAnswer{Errors: status.problems}, nil // how X refuses all of them
		}
		if err != nil {
			return err
		}
		if refused := answer.refused(); refused != "" {
			log.ErrorContext(ctx, "rules refused by X", "refused", refused, "created", len(answer.Data))
			if len(answer.Data)+plan.kept == 0 {
				return fmt.Errorf("add rules of X: all refused: %s: mend the list of tickers", refused)
			}
			return nil
		}
	}
	if len(plan.remove) == 0 {
		return nil
	}
	_, err = c.change(ctx, map[string]map[string][]string{"delete": {"ids": plan.remove}})
	return err
}

// refused is what X says of the rules that it did not add. A rule that is there
// already, whoever added it, streams as well as ours.
func (a rulesAnswer) refused() string {
	var said []string
	for _, each := range a.Errors {
		if each.Title != "DuplicateRule" {
			said = append(said, joined(each.Title, each.Value, each.Detail, each.Message))
		}
	}
	return joined(said...)
}

type rulePlan struct {
	add    []rule
	remove []string // ids
	kept   int
}

// planRules compares values. A value that is there twice is there once too often.
func planRules(present []rule, want []string) rulePlan {
	wanted := make(map[string]bool, len(want))
	for _, value := range want {
		wanted[value] = true
	}
	var plan rulePlan
	used := make(map[string]bool) // tags
	for _, r := range present {
		switch {
		case !strings.HasPrefix(r.Tag, tagPrefix):
		case wanted[r.Value]:
			delete(wanted, r.Value)
			used[r.Tag] = true
			plan.kept++
		default:
			used[r.Tag] = true
			plan.remove = append(plan.remove, r.ID)
		}
	}
	number := 0
	for _, value := range want {
		if !wanted[value] {
			continue
		}
		delete(wanted, value)
		for used[tagPrefix+strconv.Itoa(number)] {
			number++
		}
		tag := tagPrefix + strconv.Itoa(number)
		used[tag] = true
		plan.add = append(plan.add, rule{Value: value, Tag: tag})
	}
	return plan
}
