package blueskyd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// noiseTexts are posts that nobody follows, some of them with a dollar sign.
var noiseTexts = []struct{ text, lang string }{
	{"good morning, the coffee is on", "en"},
	{"two for $5 at the corner shop", "en"},
	{"heute regnet es schon wieder", "de"},
	{"US$100 for a book? no thanks", "en"},
	{"listening to Ke$ha all day", "en"},
	{"$ZZZQ to the moon", "en"},
	{"今日は静かな一日だった", "ja"},
	{"photos from the harbour 🚢 more soon", "en"},
}

// Noise plays n frames that no follower of a ticker wants: posts, likes, deletions
// of posts that nobody stored, edits, identity and account frames. It is the same
// noise every time.
func (s *Server) Noise(n int) error {
	for range n {
		i := s.noise.Add(1)
		e, err := noiseEntry(i, s.ring.clock())
		if err != nil {
			return err
		}
		s.ring.add(e, 0)
	}
	return nil
}

func noiseEntry(i, clock int64) (entry, error) {
	did, rkey := fmt.Sprintf("did:plc:noise%019d", i%977), tid(i)
	at := time.UnixMicro(clock).UTC().Format(time.RFC3339Nano)
	switch i % 16 {
	case 3:
		return entry{kind: kindIdentity, did: did, record: fmt.Appendf(nil, `{"did":%q,"seq":%d,"time":%q}`, did, 31_000_000_000+i, at)}, nil
	case 7:
		return entry{kind: kindAccount, did: did, record: fmt.Appendf(nil, `{"active":true,"did":%q,"seq":%d,"time":%q}`, did, 31_000_000_000+i, at)}, nil
	case 9:
		return entry{kind: kindCommit, did: did, operation: "delete", collection: posts, rkey: rkey}, nil
	case 12:
		subject := "at://" + did + "/" + posts + "/" + rkey
		like, err := json.Marshal(map[string]any{"$type": likes, "createdAt": at, "subject": map[string]string{"cid": "bafyreinoise", "uri": subject}})
		return entry{kind: kindCommit, did: did, operation: "create", collection: likes, rkey: rkey, record: like}, err
	}
	said := noiseTexts[i%int64(len(noiseTexts))]
	e, err := commitOf(did, rkey, record{
		Type: posts, CreatedAt: at, Langs: []string{said.lang}, Text: said.text + " #" + strconv.FormatInt(i, 10),
	})
	if i%16 == 14 {
		e.operation = "update"
	}
	return e, err
}
