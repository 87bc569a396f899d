package xd_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cashtag/embedded/xd/xdtest"
)

func TestRules(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	for _, step := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"none", http.MethodGet, rulesPath, "", 200, `{"meta":{"result_count":0}}`},
		{"dry run", http.MethodPost, rulesPath + "?dry_run=true", `{"add":[{"value":"$AAPL"}]}`, 201, `{"data":[{"id":"1273026480692322305","value":"$AAPL"}],"meta":{"summary":{"created":1,"invalid":0,"not_created":0,"valid":1}}}`},
		{"none yet", http.MethodGet, rulesPath, "", 200, `{"meta":{"result_count":0}}`},
		{"add", http.MethodPost, rulesPath, `{"add":[{"value":"$AAPL","tag":"a"}]}`, 201, `{"data":[{"id":"1273026480692322306","tag":"a","value":"$AAPL"}],"meta":{"summary":{"created":1,"invalid":0,"not_created":0,"valid":1}}}`},
		{"again", http.MethodPost, rulesPath, `{"add":[{"value":"$AAPL"}]}`, 400, `{"errors":[{"id":"1273026480692322306","title":"DuplicateRule","type":"https://api.x.com/2/problems/duplicate-rules","value":"$AAPL"}],"meta":{"summary":{"created":0,"invalid":0,"not_created":1,"valid":1}}}`},
		{"one of two", http.MethodPost, rulesPath, `{"add":[{"value":"lang:en"},{"value":"$MSFT"}]}`, 201, `{"data":[{"id":"1273026480692322307","value":"$MSFT"}],"errors":[{"detail":"the query has only operators that cannot stand alone: lang: and is:retweet need a cashtag or a word beside them","details":["the query has only operators that cannot stand alone: lang: and is:retweet need a cashtag or a word beside them"],"title":"UnprocessableEntity","type":"https://api.x.com/2/problems/invalid-rules","value":"lang:en"}],"meta":{"summary":{"created":1,"invalid":1,"not_created":1,"valid":1}}}`},
		{"neither", http.MethodPost, rulesPath, `{}`, 400, `{"detail":"want either add or delete","status":400,"title":"Invalid Request","type":"about:blank"}`},
		{"dry delete", http.MethodPost, rulesPath + "?dry_run=true", `{"delete":{"values":["$MSFT"]}}`, 200, `{"meta":{"summary":{"deleted":1,"not_deleted":0}}}`},
		{"delete", http.MethodPost, rulesPath, `{"delete":{"ids":["1273026480692322306","5"]}}`, 200, `{"meta":{"summary":{"deleted":1,"not_deleted":1}}}`},
		{"what is left", http.MethodGet, rulesPath, "", 200, `{"data":[{"id":"1273026480692322307","value":"$MSFT"}],"meta":{"result_count":1}}`},
	} {
		status, answer := ask(t, server, step.method, step.path, step.body)
		if got := compact(t, answer); status != step.status || got != step.want {
			t.Errorf("%s: got %d %s\nwant %d %s", step.name, status, got, step.status, step.want)
		}
	}
}

func TestRuleLimits(t *testing.T) {
	t.Parallel()
	server := xdtest.Start(t)
	long := "$AAPL" + strings.Repeat(" OR $AAPL", 200)
	if status, _ := ask(t, server, http.MethodPost, rulesPath, `{"add":[{"value":"`+long+`"}]}`); status != http.StatusBadRequest {
		t.Errorf("a rule of %d characters: got %d, want it refused", len(long), status)
	}
	var add []string
	for i := range 1000 {
		add = append(add, fmt.Sprintf(`{"value":"$A%d"}`, i))
	}
	if status, _ := ask(t, server, http.MethodPost, rulesPath, `{"add":[`+strings.Join(add, ",")+`]}`); status != http.StatusCreated {
		t.Errorf("1000 rules: got %d, want them added", status)
	}
	if status, _ := ask(t, server, http.MethodPost, rulesPath, `{"add":[{"value":"$B"}]}`); status != http.StatusUnprocessableEntity {
		t.Errorf("rule 1001: got %d, want it refused", status)
	}
}
