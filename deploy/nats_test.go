package deploy_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cashtag/streams"

	"github.com/nats-io/nats-server/v2/server"
)

var update = flag.Bool("update", false, "rewrite the files that are made from Go values")

// authorization is the part of the server's configuration that streams renders.
var authorization = filepath.Join("nats", "authorization.conf")

func TestAuthorizationIsTheOneOfStreams(t *testing.T) {
	want, err := streams.ServerAuthorization()
	if err != nil {
		t.Fatal(err)
	}
	want = "# Made by `go test ./deploy -update` from the permissions in streams.\n" + want
	if *update {
		if err := os.WriteFile(authorization, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(authorization)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what streams renders: `go test ./deploy -update` rewrites it\ngot:\n%s\nwant:\n%s", authorization, got, want)
	}
}

// natsOptions reads the server's configuration with the environment of its
// container.
func natsOptions(t *testing.T) *server.Options {
	t.Helper()
	for name, value := range project(t).Services["nats"].Environment {
		t.Setenv(name, *value)
	}
	options, err := server.ProcessConfigFile(filepath.Join("nats", "nats.conf"))
	if err != nil {
		t.Fatalf("read nats.conf: %v", err)
	}
	return options
}

func TestNATSKeepsWhatItAcknowledges(t *testing.T) {
	options := natsOptions(t)
	if !options.JetStream || !options.SyncAlways || options.StoreDir != "/data" {
		t.Errorf("got jetstream %t, sync always %t in %q, want true, true in /data", options.JetStream, options.SyncAlways, options.StoreDir)
	}
	if options.MaxPayload < streams.MaxPayload {
		t.Errorf("got max_payload %d, want at least %d", options.MaxPayload, streams.MaxPayload)
	}
	if size := streams.DefaultSize(); options.JetStreamMaxStore < size.TotalBytes {
		t.Errorf("got max_file_store %d, want at least the %d of the topology", options.JetStreamMaxStore, size.TotalBytes)
	}
}

func TestNATSKnowsEachServiceByItsPassword(t *testing.T) {
	options := natsOptions(t)
	var got []string
	passwords := map[string]bool{}
	for _, user := range options.Users {
		got = append(got, user.Username)
		passwords[user.Password] = true
		if unrestricted := user.Permissions == nil; unrestricted != (user.Username == streams.UserOperator) {
			t.Errorf("%s: got every right: %t, want that for %s alone", user.Username, unrestricted, streams.UserOperator)
		}
	}
	want := append([]string{streams.UserOperator}, streams.Services()...)
	if !slices.Equal(got, want) {
		t.Errorf("got users %q, want %q", got, want)
	}
	all := secrets(t)
	for _, name := range want {
		if secret := all[streams.PasswordVariable(name)]; secret == "" || !passwords[secret] {
			t.Errorf("%s: got no user with the password in %s", name, streams.PasswordVariable(name))
		}
	}
	if options.NoAuthUser != "" {
		t.Errorf("got no_auth_user %q, want none", options.NoAuthUser)
	}
}
