package bluesky

import (
	"net/url"
	"strconv"
	"strings"
)

const (
	pathV1 = "/subscribe"
	pathV2 = "/xrpc/network.bsky.jetstream.subscribeEvents"

	// subprotocol is how v2 frames its messages.
	subprotocol = "xrpc.v1.json"
)

// instance is a server that speaks one version.
type instance struct {
	version Version
	base    string
	host    string
}

func newInstance(version Version, base string) instance {
	base = strings.TrimSuffix(base, "/")
	_, host, _ := strings.Cut(base, "://")
	return instance{version: version, base: base, host: host}
}

// subscription is the URL to connect to: cursor 0 begins with what comes next,
// dictionary 0 is uncompressed.
func (in instance) subscription(cursor int64, dictionary uint32) string {
	query := url.Values{"maxMessageSizeBytes": {strconv.Itoa(MaxFrame)}}
	path := pathV2
	if in.version == V1 {
		path = pathV1
		query.Set("wantedCollections", collection)
		if dictionary != 0 {
			query.Set("compress", "true")
		}
	} else {
		query.Set("kinds", kindCommit)
		query.Set("collections", collection)
		if dictionary != 0 {
			query.Set("zstdDictionary", strconv.FormatUint(uint64(dictionary), 10))
		}
	}
	if cursor != 0 {
		query.Set("cursor", strconv.FormatInt(cursor, 10))
	}
	return in.base + path + "?" + query.Encode()
}

// dictionaryURL is where a v2 instance serves its dictionary.
func (in instance) dictionaryURL() string {
	return "http" + strings.TrimPrefix(in.base, "ws") + pathDictionary
}
