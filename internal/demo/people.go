package demo

import (
	"strconv"
	"time"

	"cashtag/schemas"
)

const (
	crowdSize = 1200 // people who post
	deskCount = 8    // of them news desks, which write the headlines

	// Every sixth person posts on Bluesky, among them one desk.
	blueskyEvery, blueskyFirst = 6, 3
)

// person is somebody who posts, on one platform.
type person struct {
	handle   string // begins with demo_
	platform string
	author   schemas.Author
}

var handleWords = []string{
	"bull", "bear", "tape", "chart", "swing", "delta", "theta", "value", "pivot", "candle",
	"macro", "quant", "ticker", "alpha", "breakout", "scalper", "hodl", "margin", "dividend", "float",
}

// crowd makes up those who post: the desks first, then the others, the busy
// ones before the quiet ones.
func crowd(d dice) []person {
	people := make([]person, crowdSize)
	for i := range people {
		handle := "demo_" + pick(d, handleWords) + strconv.Itoa(i)
		followers := d.between(1, 40) * pick(d, []int{1, 1, 5, 5, 25, 25, 100, 400})
		verified := d.chance(20)
		if i < deskCount {
			handle = "demo_desk" + strconv.Itoa(i+1)
			followers = d.between(200_000, 2_000_000)
			verified = true
		}
		joined := time.Date(2009, time.January, 1, 0, 0, 0, 0, time.UTC).
			Add(time.Duration(d.below(6000*24*60)) * time.Minute)
		people[i] = person{handle: handle, platform: schemas.PlatformX, author: schemas.Author{
			ID:        strconv.Itoa(900_000_000 + i),
			CreatedAt: &joined,
			Followers: int64(followers),
			Following: int64(d.between(10, 1500)),
			Posts:     int64(d.between(20, 60_000)),
			Listed:    int64(followers / 150),
			Verified:  verified,
		}}
		if i%blueskyEvery == blueskyFirst {
			// Bluesky's firehose tells nothing about an author.
			people[i].platform, people[i].author = schemas.PlatformBluesky, schemas.Author{ID: did(i)}
		}
	}
	return people
}

// base32 are the digits of Bluesky's ids, in order.
const base32 = "234567abcdefghijklmnopqrstuvwxyz"

// did is the id of a person on Bluesky: 24 characters behind did:plc: as real ones
// have, the first of which are demo.
func did(person int) string { return "did:plc:demo" + digits(person, 20) }

// rkey is the key of a post on Bluesky: 13 characters, in order of writing.
func rkey(post int) string { return "3demo" + digits(post, 8) }

func digits(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = base32[n%len(base32)]
		n /= len(base32)
	}
	return string(b)
}

// anyone returns somebody who is no desk; low numbers post most.
func anyone(d dice, people []person) person {
	others := people[deskCount:]
	return others[d.below(1+d.below(len(others)))]
}
