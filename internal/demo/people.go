package demo

import (
	"strconv"
	"time"

	"cashtag/schemas"
)

const (
	crowdSize = 1200 // people who post
	deskCount = 8    // of them news desks, which write the headlines
)

// person is somebody who posts.
type person struct {
	handle string // begins with demo_
	author schemas.Author
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
		people[i] = person{handle: handle, author: schemas.Author{
			ID:        strconv.Itoa(900_000_000 + i),
			CreatedAt: &joined,
			Followers: int64(followers),
			Following: int64(d.between(10, 1500)),
			Posts:     int64(d.between(20, 60_000)),
			Listed:    int64(followers / 150),
			Verified:  verified,
		}}
	}
	return people
}

// anyone returns somebody who is no desk; low numbers post most.
func anyone(d dice, people []person) person {
	others := people[deskCount:]
	return others[d.below(1+d.below(len(others)))]
}
