package natsd_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
)

func TestStartErrors(t *testing.T) {
	running := natsdtest.Start(t)
	u, err := url.Parse(running.ClientURL())
	if err != nil {
		t.Fatalf("client url: %v", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatalf("port of %s: %v", u, err)
	}
	shared := t.TempDir()
	natsdtest.Start(t, func(c *natsd.Config) { c.Dir = shared })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatalf("write file: %v", err)
	}
	cases := []struct {
		name   string
		change func(*natsd.Config)
		want   string
	}{
		{"no dir", func(c *natsd.Config) { c.Dir = "" }, "nats: dir is empty"},
		{"no host", func(c *natsd.Config) { c.Host = "" }, "nats: host is empty"},
		{"port zero", func(c *natsd.Config) { c.Port = 0 }, "nats: port 0: want 1 to 65535, or -1"},
		{"small store", func(c *natsd.Config) { c.MaxStore = 1 }, "nats: max store 1 bytes: want at least 67108864"},
		{"user without password", func(c *natsd.Config) { c.Users = []natsd.User{{Name: "a"}} }, `nats: user "a": want a name and a password`},
		{"internal name", func(c *natsd.Config) { c.Users = []natsd.User{{Name: "local", Password: "a"}} }, `nats: user "local": the name is taken`},
		{
			"busy port", func(c *natsd.Config) { c.Port = port },
			fmt.Sprintf("nats: port %d on 127.0.0.1 is in use: stop what listens there or choose another with --nats-port", port),
		},
		{"foreign host", func(c *natsd.Config) { c.Host, c.Port = "192.0.2.1", 4222 }, "nats: cannot listen on port 4222 of 192.0.2.1"},
		{"foreign host, any port", func(c *natsd.Config) { c.Host = "192.0.2.1" }, "start nats server in"},
		{"file in the way", func(c *natsd.Config) { c.Dir = file }, "nats: cannot create " + file + ": choose a directory you may write to"},
		{"busy dir", func(c *natsd.Config) { c.Dir = shared }, "nats: " + shared + " is in use by another server"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := natsd.DefaultConfig()
			cfg.Dir, cfg.Port = t.TempDir(), -1
			c.change(&cfg)
			s, err := natsd.Start(cfg)
			if err == nil {
				s.Close()
			}
			if got := fmt.Sprint(err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want prefix %q", got, c.want)
			}
		})
	}
}

func TestPortIsFreeAfterClose(t *testing.T) {
	s := natsdtest.Start(t)
	u, err := url.Parse(s.ClientURL())
	if err != nil {
		t.Fatalf("client url: %v", err)
	}
	s.Close()
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host); err == nil {
		conn.Close()
		t.Errorf("dial %s after close: got a connection, want none", u.Host)
	}
}
