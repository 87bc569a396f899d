package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// healthTimeout bounds the whole question.
	healthTimeout = 5 * time.Second
	// healthLine bounds what is repeated of the answer, in bytes.
	healthLine = 300
)

type healthCommand struct {
	URL string `name:"url" default:"http://127.0.0.1:8222/healthz" help:"Where to ask."`
}

// Help implements kong.HelpProvider.
func (healthCommand) Help() string {
	return `
Ends with 0 and prints nothing when the answer is 200, else with 1 and one line that says why. Made for a container's health check.

  cashtag health
  cashtag health --url http://127.0.0.1:9000/healthz`
}

// Run asks a running cashtag whether it is well.
func (c healthCommand) Run(ctx context.Context) error {
	target, err := url.Parse(c.URL)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		return usageError("--url is %q: must be an address such as http://127.0.0.1:8222/healthz", c.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return usageError("--url is %q: %v", c.URL, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%w: is cashtag running there? --url names another place", err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode == http.StatusOK {
		return nil
	}
	line, _ := bufio.NewReader(io.LimitReader(response.Body, healthLine)).ReadString('\n') // why, where it says so
	if line = printable(strings.TrimSpace(line)); line != "" {
		return fmt.Errorf("%s answers %s: %s", c.URL, response.Status, line)
	}
	return fmt.Errorf("%s answers %s", c.URL, response.Status)
}
