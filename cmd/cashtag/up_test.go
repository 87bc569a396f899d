//go:build !external

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/loopback/loopbacktest"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/streams"
)

// process is the real program, run by this test binary as TestMain says.
type process struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr bytes.Buffer
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0], args...)}
	p.cmd.Env = append(os.Environ(), "CASHTAG_TEST_MAIN=1")
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %q: %v", args, err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("%q wrote\n%s", args, p.stderr.String())
		}
	})
	return p
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	watchdog := time.AfterFunc(5*time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer watchdog.Stop()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("wait: %v", err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// raceServices are those that run under the race detector, which the MongoDB
// stand-in does not stand.
var raceServices = []string{"replay", "kinesis", "archive", "sentiment", "features"}

// upArgs is `cashtag up` on ports and a directory of its own.
func upArgs(t *testing.T, dir string, more ...string) []string {
	t.Helper()
	if underRace && !slices.Contains(more, "--only") {
		more = append(more, "--only", strings.Join(raceServices, ","))
	}
	return append([]string{"up", "--data", dir, "--nats-port", loopbacktest.Port(t), "--http-port", loopbacktest.Port(t)}, more...)
}

// demoIDs lists the ids of the demo day, by stream.
func demoIDs(t *testing.T) map[string][]string {
	t.Helper()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	return idsOf(t, day.Events())
}

// idsOf lists the ids of the events, by stream, and of the scores of their posts.
func idsOf(t *testing.T, events iter.Seq2[schemas.Event, error]) map[string][]string {
	t.Helper()
	ids := make(map[string][]string)
	for event, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		subject, err := streams.Subject(event)
		if err != nil {
			t.Fatal(err)
		}
		stream := streams.StreamOf(subject)
		ids[stream] = append(ids[stream], event.ID)
		if post, ok := event.Data.(*schemas.Tweet); ok {
			for _, ticker := range post.Tickers {
				ids[streams.Sentiment] = append(ids[streams.Sentiment], scoreID(event.ID, ticker))
			}
		}
	}
	return ids
}

// checkFigures compares the final JSON with what was to be stored.
func checkFigures(t *testing.T, stdout []byte, want map[string][]string) {
	t.Helper()
	var got figures
	if err := json.Unmarshal(stdout, &got); err != nil {
		t.Fatalf("standard output is no JSON object: %v\n%s", err, stdout)
	}
	for stream, ids := range want {
		if got.Streams[stream].Messages != uint64(len(ids)) {
			t.Errorf("stream %s holds %d messages, want %d", stream, got.Streams[stream].Messages, len(ids))
		}
	}
	if got.Streams[streams.Features].Messages == 0 {
		t.Error("stream FEATURES is empty")
	}
	for _, consumer := range streams.Consumers() {
		if underRace && !slices.Contains(raceServices, consumer.Service) {
			continue
		}
		if consumer.Service != consumer.Owner() || !slices.Contains(serviceNames(), consumer.Owner()) {
			continue // a scorer that nobody chose, or what cannot run here
		}
		at, ok := got.Consumers[consumer.Key()]
		if !ok {
			t.Errorf("consumer %s is not in the figures", consumer.Key())
		}
		ids, ours := want[consumer.Stream]
		if !ours {
			continue // LOGS feeds itself
		}
		if at.Stored != uint64(len(ids)) || at.Pending != 0 || at.Buried != 0 {
			t.Errorf("consumer %s: got %+v, want %d stored and nothing else", consumer.Key(), at, len(ids))
		}
	}
}

func TestDemoDay(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	want := demoIDs(t)
	p := startProcess(t, upArgs(t, dir, "--speed", "max", "--drain", "--json")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	checkFigures(t, p.stdout.Bytes(), want)
	checkFarEnds(t, dir, want)

	p = startProcess(t, upArgs(t, dir, "--speed", "max", "--drain", "--json")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("second run: exit code %d, want %d", code, exitDone)
	}
	if !strings.Contains(p.stderr.String(), "nothing new") {
		t.Errorf("second run: standard error does not say that there is nothing new")
	}
	checkFigures(t, p.stdout.Bytes(), want)
}

// TestKilledDemoDay kills the program several times and lets it finish.
func TestKilledDemoDay(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for _, share := range []float64{0.1, 0.5, 0.9} {
		p := startProcess(t, upArgs(t, dir, "--speed", "20000", "--drain", "--json")...)
		p.killAt(t, share, len(demoIDs(t)[streams.Tweets]))
	}
	p := startProcess(t, upArgs(t, dir, "--speed", "max", "--drain", "--json")...)
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	want := demoIDs(t)
	checkFigures(t, p.stdout.Bytes(), want)
	checkFarEnds(t, dir, want)
}

// killAt kills the program with signal 9 once TWEETS holds the share of n.
func (p *process) killAt(t *testing.T, share float64, n int) {
	t.Helper()
	target := uint64(share * float64(n))
	status := "http://127.0.0.1:" + p.httpPort() + "/status"
	await(t, fmt.Sprintf("%d tweets in the stream", target), func() bool {
		if p.cmd.ProcessState != nil {
			t.Fatal("the program ended before it was killed")
		}
		return messagesAt(t, status, streams.Tweets) >= target
	})
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
}

// httpPort is the port that the program was told to answer on.
func (p *process) httpPort() string {
	for i, arg := range p.cmd.Args {
		if arg == "--http-port" {
			return p.cmd.Args[i+1]
		}
	}
	return ""
}

func TestInterruptSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, upArgs(t, dir, "--json")...)
	status := "http://127.0.0.1:" + p.httpPort() + "/status"
	await(t, "the market's opening", func() bool { return messagesAt(t, status, streams.Market) > 0 })
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit code %d, want %d", code, exitDone)
	}
	var got figures
	if err := json.Unmarshal(p.stdout.Bytes(), &got); err != nil {
		t.Errorf("standard output is no JSON object: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	busy := loopbacktest.Port(t)
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:"+busy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"busy port", []string{"--nats-port", busy}, exitFailed, "port " + busy},
		{"busy http port", []string{"--http-port", busy, "--only", "sentiment"}, exitFailed, busy},
		{"data is a file", []string{"--data", file}, exitFailed, file},
		{"no such tape", []string{"--tape", file + "-none"}, exitUsage, "no such directory"},
		{"empty tape", []string{"--tape", filepath.Dir(file)}, exitUsage, "no tape"},
		{"speed", []string{"--speed", "fast"}, exitUsage, `--speed is "fast"`},
		{"service", []string{"--only", "redis"}, exitUsage, `service "redis" is not known`},
		{"password in a flag", []string{"--mongo-uri", "mongodb://user:hunter2@127.0.0.1/"}, exitUsage, "MONGO_URI"},
		{"unreachable mongo", []string{"--mongo-uri", "mongodb://127.0.0.1:1/", "--only", "mongo"}, exitFailed, "127.0.0.1:1"},
		{"unreachable kinesis", []string{"--kinesis-endpoint", "http://127.0.0.1:1"}, exitFailed, "127.0.0.1:1"},
		{"unreachable s3", []string{"--s3-endpoint", "http://127.0.0.1:1"}, exitFailed, "127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, upArgs(t, filepath.Join(t.TempDir(), "data"), test.args...)...)
			code := p.wait(t)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
			last := lines[len(lines)-1]
			if !strings.HasPrefix(last, "cashtag: ") || !strings.Contains(last, test.want) {
				t.Errorf("got the last line %q, want one line with %q", last, test.want)
			}
			if strings.Contains(p.stderr.String(), "hunter2") {
				t.Error("a password is in the output")
			}
		})
	}
}

func TestDirectoryInUse(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first := startProcess(t, upArgs(t, dir)...)
	status := "http://127.0.0.1:" + first.httpPort() + "/status"
	await(t, "the first one runs", func() bool { return messagesAt(t, status, streams.Market) > 0 })
	second := startProcess(t, upArgs(t, dir)...)
	if code := second.wait(t); code != exitFailed || !strings.Contains(second.stderr.String(), "in use by another cashtag") {
		t.Errorf("exit code %d and %q, want %d and that the directory is in use", code, second.stderr.String(), exitFailed)
	}
}
