package bluesky

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// refusal is an answer to a connect that is no websocket.
type refusal struct {
	instance instance
	status   int
	name     string
	message  string
	until    time.Time // when to come again; zero where it does not say
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s answered %d %s %.200q", r.instance.base, r.status, r.name, r.message)
}

// refusalOf reads what a server said instead of opening a websocket.
func refusalOf(in instance, answer *http.Response) error {
	refused := &refusal{instance: in, status: answer.StatusCode, until: until(answer, time.Now())}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1024))
	if err != nil {
		return refused
	}
	var said struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil && said.Error != "" {
		refused.name, refused.message = said.Error, said.Message
	} else {
		refused.message = strings.TrimSpace(string(body))
	}
	return refused
}

// longestRest bounds what a Retry-After may ask of us.
const longestRest = 5 * time.Minute

// until is when a busy server wants to be asked again, after seconds or at a time;
// zero where it does not say.
func until(answer *http.Response, now time.Time) time.Time {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return time.Time{}
	}
	said := answer.Header.Get("Retry-After")
	at, err := http.ParseTime(said)
	if seconds, wrong := strconv.ParseUint(said, 10, 31); wrong == nil {
		at, err = now.Add(time.Duration(seconds)*time.Second), nil
	}
	if err != nil || !at.After(now) {
		return time.Time{}
	}
	if longest := now.Add(longestRest); at.After(longest) {
		return longest
	}
	return at
}
