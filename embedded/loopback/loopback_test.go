package loopback_test

import (
	"strings"
	"testing"

	"cashtag/embedded/loopback"
)

func TestListen(t *testing.T) {
	t.Parallel()
	l, err := loopback.Listen(t.Context(), "x", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	taken := l.Addr().String()
	for name, test := range map[string]struct{ addr, want string }{
		"in use":      {taken, "x: " + taken + " is in use: stop what listens there or choose another address"},
		"no port":     {"127.0.0.1", "x: cannot listen on 127.0.0.1: choose another address: "},
		"not of ours": {"192.0.2.1:0", "x: cannot listen on 192.0.2.1:0: choose another address: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again, err := loopback.Listen(t.Context(), "x", test.addr)
			if err == nil {
				_ = again.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that begins with %q", err, test.want)
			}
		})
	}
}
