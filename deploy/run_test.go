//go:build compose

package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cashtag/embedded/blueskyd"
	"cashtag/embedded/child"
	"cashtag/embedded/kinesisd"
	"cashtag/embedded/kinesisd/kinesisdtest"
	"cashtag/embedded/loopback/loopbacktest"
	"cashtag/embedded/mongod"
	"cashtag/embedded/mongod/mongodtest"
	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/embedded/s3d"
	"cashtag/services/api"
	"cashtag/streams"
	"cashtag/streams/durable/sinktest"

	"github.com/compose-spec/compose-go/v2/types"
)

func TestMain(m *testing.M) {
	child.Main(mongod.Child(), s3d.Child())
	os.Exit(m.Run())
}

// posts is how many posts the tape holds. A quiet stream's archive block is cut a
// minute after its first event.
const (
	posts    = 500
	patience = 3 * time.Minute
)

// TestContainersRunAsProcesses runs the command line of each of our containers, in
// the build that the image holds and with the environment that compose gives it, as
// a process. The hosts alone are other ones: stand-ins on loopback.
func TestContainersRunAsProcesses(t *testing.T) {
	w := newWorld(t)
	if code := w.start(t, "topology").wait(t); code != 0 {
		t.Fatalf("topology: exit code %d, want 0", code)
	}
	running := map[string]*container{}
	for _, name := range w.serving(t) {
		if w.project.Services[name].Profiles == nil {
			running[name] = w.start(t, name)
		}
	}
	for _, c := range running {
		await(t, c.name+" is healthy", func() bool { return c.healthy(t) })
	}
	if code := w.start(t, "tape").wait(t); code != 0 {
		t.Fatalf("tape: exit code %d, want 0", code)
	}
	for _, want := range []struct{ container, service, stream string }{
		{"sentiment", streams.ServiceSentiment, streams.Tweets},
		{"features", streams.ServiceFeatures, streams.Tweets},
		{"features", streams.ServiceFeatures, streams.Sentiment},
		{"eraser", streams.ServiceEraser, streams.Tweets},
		{"sinks", streams.ServiceKinesis, streams.Tweets},
		{"sinks", streams.ServiceMongo, streams.Tweets},
		{"sinks", streams.ServiceMongo, streams.Sentiment},
		{"sinks", streams.ServiceArchive, streams.Tweets},
	} {
		await(t, want.service+"/"+want.stream+" has stored all", func() bool {
			return running[want.container].stored(t, want.service, want.stream) == posts
		})
	}
	records, err := w.kinesis.Records(t.Context(), "cashtag-tweets")
	if err != nil || len(records) < posts {
		t.Errorf("got %d records in Kinesis and %v, want at least %d", len(records), err, posts)
	}
	w.goLive(t, running)
	for _, c := range running {
		c.stop(t)
	}
}

// world is what the containers talk to, and the program that they run.
type world struct {
	binary   string
	project  *types.Project
	kinesis  *kinesisd.Server
	nats     *natsd.Server
	sky      *blueskyd.Server
	replaced map[string]string // what compose says, and what it is here
	vendors  map[string]string // addresses that compose leaves to the vendors' own
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{project: project(t), binary: filepath.Join(t.TempDir(), "cashtag")}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "external", "-o", w.binary, "../cmd/cashtag")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	all := secrets(t)
	server := natsdtest.Start(t, func(c *natsd.Config) {
		c.Users = []natsd.User{{Name: streams.UserOperator, Password: all[streams.PasswordVariable(streams.UserOperator)]}}
		for _, service := range streams.Services() {
			publish, subscribe, err := streams.Permissions(service)
			if err != nil {
				t.Fatal(err)
			}
			c.Users = append(c.Users, natsd.User{
				Name: service, Password: all[streams.PasswordVariable(service)], Publish: publish, Subscribe: subscribe,
			})
		}
	})
	w.nats, w.kinesis = server, kinesisdtest.Start(t)
	aws := w.project.Services["sinks"].Environment
	s3, err := s3d.Start(t.Context(), s3d.Config{
		Dir: t.TempDir(), AccessKey: *aws["AWS_ACCESS_KEY_ID"], SecretKey: *aws["AWS_SECRET_ACCESS_KEY"],
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s3.Close() })
	w.replaced = map[string]string{
		"NATS_URL":         server.ClientURL(),
		"MONGO_URI":        mongodtest.Start(t), // the stand-in has no users
		"KINESIS_ENDPOINT": w.kinesis.Endpoint(),
		"S3_ENDPOINT":      s3.Endpoint(),
		"/tape/":           writeTape(t) + "/",
		"/retrain/":        writeRetrain(t) + "/",
		"/run/secrets/":    writeSecrets(t) + "/",
	}
	w.startVendors(t)
	return w
}

// writeTape writes day.ndjson and returns its directory.
func writeTape(t *testing.T) string {
	t.Helper()
	var tape bytes.Buffer
	for i := range posts {
		line, err := sinktest.Tweet(i).Encode()
		if err != nil {
			t.Fatal(err)
		}
		tape.Write(append(line, '\n'))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "day.ndjson"), tape.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// container is a process that runs what a container would.
type container struct {
	name   string
	cmd    *exec.Cmd
	http   string
	output bytes.Buffer
	ended  chan struct{} // closed when the process ended
}

func (w *world) start(t *testing.T, name string) *container {
	t.Helper()
	service, ok := w.project.Services[name]
	if !ok {
		t.Fatalf("docker-compose.yml has no service %s", name)
	}
	var args []string
	for _, arg := range service.Command {
		args = append(args, w.here(arg))
	}
	c := &container{name: name, http: net.JoinHostPort("127.0.0.1", loopbacktest.Port(t))}
	c.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), w.binary, args...)
	for _, key := range slices.Sorted(maps.Keys(service.Environment)) {
		value := w.here(*service.Environment[key])
		if here, ok := w.replaced[key]; ok {
			value = here
		}
		if key == "HTTP_ADDR" {
			value = c.http
		}
		c.cmd.Env = append(c.cmd.Env, key+"="+value)
	}
	for key, value := range w.vendors {
		c.cmd.Env = append(c.cmd.Env, key+"="+value)
	}
	if name == "tape" { // as fast as can be: the test is not about pace
		c.cmd.Args[len(c.cmd.Args)-1] = "max"
	}
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	if err := c.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait() // the exit code says it
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.ended
		if t.Failed() {
			t.Logf("%s %q wrote\n%s", name, args, c.output.String())
		}
	})
	return c
}

// here is a path of a container where it is on this machine.
func (w *world) here(path string) string {
	for _, mount := range []string{"/tape/", "/retrain/", "/run/secrets/"} {
		if rest, ok := strings.CutPrefix(path, mount); ok {
			return w.replaced[mount] + rest
		}
	}
	return path
}

// stop ends the container as compose does.
func (c *container) stop(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := c.wait(t); code != 0 {
		t.Errorf("%s: exit code %d after SIGTERM, want 0", c.name, code)
	}
}

// wait returns the exit code.
func (c *container) wait(t *testing.T) int {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer watchdog.Stop()
	<-c.ended
	return c.cmd.ProcessState.ExitCode()
}

// healthy runs the image's health check.
func (c *container) healthy(t *testing.T) bool {
	t.Helper()
	select {
	case <-c.ended:
		t.Fatalf("%s ended by itself with exit code %d", c.name, c.cmd.ProcessState.ExitCode())
	default:
	}
	check := exec.CommandContext(t.Context(), c.cmd.Path, "health", "--url", "http://"+c.http+"/healthz")
	return check.Run() == nil
}

// stored asks the container how much a consumer has stored.
func (c *container) stored(t *testing.T, service, stream string) uint64 {
	t.Helper()
	for _, consumer := range c.status(t).Consumers {
		if consumer.Service == service && consumer.Stream == stream {
			return consumer.Stored
		}
	}
	return 0
}

// status asks the container where all stands: nothing while it does not answer.
func (c *container) status(t *testing.T) (status api.Status) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.http+"/status", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return status
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&status); err != nil {
		return api.Status{}
	}
	return status
}

func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited %s for: %s", patience, what)
		}
	}
}
