package blueskyd

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxCollections = 100

// subscription is what one client asked for.
type subscription struct {
	v2          bool
	kinds       []string // v2: nil is all
	collections []string // nil is all
	maxBytes    int
	cursor      int64
	given       bool
	pack        *packer // nil: text frames
	end         context.CancelFunc
	slow        chan struct{} // closed to drop the subscriber as too slow
}

// wants reports whether a frame is for this subscriber.
func (sub *subscription) wants(e *entry) bool {
	if e.raw != nil {
		return true
	}
	if sub.kinds != nil && !slices.Contains(sub.kinds, e.kind) {
		return false
	}
	return e.kind != kindCommit || sub.collections == nil || slices.ContainsFunc(sub.collections, func(c string) bool {
		prefix, wild := strings.CutSuffix(c, "*")
		return c == e.collection || wild && strings.HasPrefix(e.collection, prefix)
	})
}

// tooSlow reports whether the subscriber is to be dropped.
func (sub *subscription) tooSlow() bool {
	select {
	case <-sub.slow:
		return true
	default:
		return false
	}
}

// encode is the frame as this subscriber reads it; nil is more than it wants.
func (sub *subscription) encode(e *entry) []byte {
	if e.raw != nil {
		return e.raw
	}
	frame := e.v1()
	if sub.v2 {
		frame = e.v2()
	}
	if sub.maxBytes > 0 && len(frame) > sub.maxBytes {
		return nil
	}
	return frame
}

// checkV2 refuses what v2 refuses.
func (sub *subscription) checkV2(query url.Values) error {
	for _, legacy := range []struct{ name, instead string }{
		{"wantedCollections", "use collections"},
		{"wantedDids", "use dids"},
		{"requireHello", "this endpoint is server-push only"},
		{"compress", "use zstdDictionary=<id>"},
	} {
		if query.Has(legacy.name) {
			return fmt.Errorf("%s is the legacy /subscribe parameter; %s", legacy.name, legacy.instead)
		}
	}
	for _, kind := range sub.kinds {
		if !slices.Contains([]string{kindCommit, kindIdentity, kindAccount, kindSync}, kind) {
			return fmt.Errorf("unknown kind %q (valid: commit, identity, account, sync)", kind)
		}
	}
	if sub.kinds != nil && sub.collections != nil && !slices.Contains(sub.kinds, kindCommit) {
		return fmt.Errorf("collections filter can never apply: kinds excludes %s", kindCommit)
	}
	return sub.common(query, "collections")
}

// common reads the parameters that both versions have.
func (sub *subscription) common(query url.Values, collections string) error {
	if n := len(sub.collections); n > maxCollections {
		return fmt.Errorf("too many %s: %d > %d", collections, n, maxCollections)
	}
	for _, c := range sub.collections {
		if !strings.Contains(c, ".") || strings.ContainsAny(c, " /?") {
			return fmt.Errorf("invalid collection: %q", c)
		}
	}
	if raw := query.Get("cursor"); raw != "" {
		n, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("invalid cursor: %q", raw)
		}
		sub.cursor, sub.given = n, true
	}
	if raw := query.Get("maxMessageSizeBytes"); raw != "" {
		n, err := strconv.ParseUint(raw, 10, 32)
		if err != nil && sub.v2 {
			return fmt.Errorf("invalid maxMessageSizeBytes: %q", raw)
		}
		sub.maxBytes = int(n)
	}
	return nil
}
