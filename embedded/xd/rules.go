package xd

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Bounds of X.
const (
	maxRules      = 1000
	maxRuleChars  = 1024
	maxQueryChars = 512
	maxBodyBytes  = 4 << 20
)

// rule is a rule of the stream.
type rule struct {
	ID      string `json:"id"`
	Value   string `json:"value"`
	Tag     string `json:"tag,omitempty"`
	matches query
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) {
	if s.answered(w, s.take(OnRules)) {
		return
	}
	s.mu.Lock()
	rules := slices.Clone(s.rules)
	s.mu.Unlock()
	body := object{"meta": object{"sent": stamp(s.cfg.Now()), "result_count": len(rules)}}
	if len(rules) > 0 {
		body["data"] = rules
	}
	answer(w, http.StatusOK, body)
}

// rulesChange is the body of a change: rules to add, or to delete by id or value.
type rulesChange struct {
	Add []struct {
		Value string `json:"value"`
		Tag   string `json:"tag"`
	} `json:"add"`
	Delete *struct {
		IDs    []string `json:"ids"`
		Values []string `json:"values"`
	} `json:"delete"`
}

func (s *Server) changeRules(w http.ResponseWriter, r *http.Request) {
	if s.answered(w, s.take(OnRules)) {
		return
	}
	var change rulesChange
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err == nil {
		err = json.Unmarshal(body, &change)
	}
	if err != nil || (len(change.Add) == 0) == (change.Delete == nil) {
		refuse(w, http.StatusBadRequest, "Invalid Request", "want either add or delete")
		return
	}
	dry := r.URL.Query().Get("dry_run") == "true"
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.Delete != nil {
		s.deleteRules(w, change, dry)
		return
	}
	s.addRules(w, change, dry)
}

// addRules adds what is valid and says of the rest why not.
func (s *Server) addRules(w http.ResponseWriter, change rulesChange, dry bool) {
	if len(s.rules)+len(change.Add) > maxRules {
		answer(w, http.StatusUnprocessableEntity, object{
			"title": "RulesCapExceeded", "detail": "Rules cap exceeded: at most " + strconv.Itoa(maxRules),
			"type": "https://api.x.com/2/problems/rule-cap",
		})
		return
	}
	var added []rule
	var problems []object
	invalid := 0
	for _, each := range change.Add {
		matches, err := parseQuery(each.Value, maxRuleChars)
		if err != nil {
			invalid++
			problems = append(problems, object{
				"value": each.Value, "title": "UnprocessableEntity", "detail": err.Error(), "details": []string{err.Error()},
				"type": "https://api.x.com/2/problems/invalid-rules",
			})
			continue
		}
		same := func(r rule) bool { return r.Value == each.Value }
		if i := slices.IndexFunc(slices.Concat(s.rules, added), same); i >= 0 {
			problems = append(problems, object{
				"value": each.Value, "id": slices.Concat(s.rules, added)[i].ID, "title": "DuplicateRule",
				"type": "https://api.x.com/2/problems/duplicate-rules",
			})
			continue
		}
		s.ruleIDs++
		id := strconv.FormatUint(1273026480692322304+s.ruleIDs, 10)
		added = append(added, rule{ID: id, Value: each.Value, Tag: each.Tag, matches: matches})
	}
	body := object{"meta": object{"sent": stamp(s.cfg.Now()), "summary": map[string]int{
		"created": len(added), "not_created": len(change.Add) - len(added),
		"valid": len(change.Add) - invalid, "invalid": invalid,
	}}}
	status := http.StatusCreated
	if len(added) > 0 {
		body["data"] = added
	} else {
		status = http.StatusBadRequest
	}
	if len(problems) > 0 {
		body["errors"] = problems
	}
	if !dry {
		s.rules = append(s.rules, added...)
	}
	answer(w, status, body)
}

func (s *Server) deleteRules(w http.ResponseWriter, change rulesChange, dry bool) {
	left := slices.DeleteFunc(slices.Clone(s.rules), func(r rule) bool {
		return slices.Contains(change.Delete.IDs, r.ID) || slices.Contains(change.Delete.Values, r.Value)
	})
	deleted := len(s.rules) - len(left)
	if !dry {
		s.rules = left
	}
	answer(w, http.StatusOK, object{"meta": object{"sent": stamp(time.Now()), "summary": map[string]int{
		"deleted": deleted, "not_deleted": len(change.Delete.IDs) + len(change.Delete.Values) - deleted,
	}}})
}
