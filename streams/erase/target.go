package erase

import (
	"fmt"
	"slices"
	"strings"

	"cashtag/schemas"
	"cashtag/streams"
	"cashtag/streams/durable"

	"github.com/nats-io/nats.go/jetstream"
)

// target is a post to be found: its event id, and the subjects that it may have
// been published on.
type target struct {
	id, platform, postID string
	demo                 bool
	subject              string
}

// parse reads the event id of a post, such as x:123 or demo:bluesky:did:plc:a/3k.
// Its subject is that of all posts of the platform.
func parse(id string) (target, error) {
	rest, demo := strings.CutPrefix(id, schemas.DemoPrefix)
	platform, postID, _ := strings.Cut(rest, ":")
	if (platform != schemas.PlatformX && platform != schemas.PlatformBluesky) || postID == "" || strings.ContainsAny(postID, " \t\r\n") {
		return target{}, fmt.Errorf("post %.80q: must be x:<post id> or bluesky:<did>/<record key>", id)
	}
	return target{id: id, platform: platform, postID: postID, demo: demo, subject: subjectOf(platform, "*")}, nil
}

// CheckID returns an error that says what is wrong with the event id of a post, or
// nil.
func CheckID(id string) error {
	_, err := parse(id)
	return err
}

// targetOf is the post that a deletion is about.
func targetOf(event schemas.Event, deleted *schemas.TweetDeleted) target {
	token := "*"
	if len(deleted.Tickers) > 0 {
		token = streams.TickerToken(deleted.Tickers[0])
	}
	return target{
		id: deleted.TweetID(event.Source), platform: deleted.Platform, postID: deleted.PostID,
		demo: schemas.IsDemo(event.Source), subject: subjectOf(deleted.Platform, token),
	}
}

// source is the CloudEvents source that states a deletion that nobody else did.
func (t target) source() string {
	switch {
	case t.platform == schemas.PlatformX && t.demo:
		return schemas.SourceDemoX
	case t.platform == schemas.PlatformX:
		return schemas.SourceX
	case t.demo:
		return schemas.SourceDemoBluesky
	default:
		return schemas.SourceBluesky
	}
}

func subjectOf(platform, token string) string { return "tweets." + platform + "." + token }

// subjectsOf lists the subjects of targets, each once, and none that another one of
// them covers.
func subjectsOf(targets []target) []string {
	var subjects []string
	for _, t := range targets {
		subjects = append(subjects, t.subject)
	}
	slices.Sort(subjects)
	subjects = slices.Compact(subjects)
	all := slices.Clone(subjects)
	return slices.DeleteFunc(subjects, func(subject string) bool {
		wide := subject[:strings.LastIndexByte(subject, '.')+1] + "*"
		return subject != wide && slices.Contains(all, wide)
	})
}

// idOf is the event id of a message: from its headers, or from its payload where
// its publisher set none.
func idOf(headers map[string][]string, data []byte) string {
	for _, name := range []string{durable.HeaderMsgID, jetstream.MsgIDHeader} {
		if values := headers[name]; len(values) > 0 && values[0] != "" {
			return values[0]
		}
	}
	event, err := schemas.Decode(data)
	if err != nil {
		return ""
	}
	return event.ID
}

// letterID is the event id of the message that a dead letter holds.
func letterID(data []byte) string {
	event, err := schemas.Decode(data)
	if err != nil {
		return ""
	}
	dead, ok := event.Data.(*schemas.Dead)
	if !ok {
		return ""
	}
	return idOf(dead.Headers, dead.Payload)
}
