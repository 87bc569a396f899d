package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	answer := func(code int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL + "/healthz"
	}
	tests := []struct {
		name, url string
		code      int
		complaint string
	}{
		{"well", answer(http.StatusOK, "ok\n"), exitDone, ""},
		{"ill", answer(http.StatusServiceUnavailable, "service mongo ended\nand more"), exitFailed, "503 Service Unavailable: service mongo ended"},
		{"ill without a word", answer(http.StatusInternalServerError, ""), exitFailed, "500 Internal Server Error"},
		{"another success", answer(http.StatusNoContent, ""), exitFailed, "204 No Content"},
		{"nobody there", "http://127.0.0.1:1/healthz", exitFailed, "is cashtag running there?"},
		{"no URL", "127.0.0.1:8222", exitUsage, `--url is "127.0.0.1:8222": must be an address such as`},
		{"another protocol", "nats://127.0.0.1:8222", exitUsage, "must be an address such as"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out, err bytes.Buffer
			code := Main(t.Context(), []string{"health", "--url", test.url}, Console{Out: &out, Err: &err})
			ended{code, out.String(), err.String()}.want(t, test.code, test.complaint)
			if out.Len() > 0 {
				t.Errorf("got %q, want nothing", out.String())
			}
		})
	}
}
