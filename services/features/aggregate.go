package features

import "slices"

// heavyPosts is how many posts in one window make their user a heavy one.
const heavyPosts = 5

// aggregate is the sums over the posts of one window.
type aggregate struct {
	posts, users, heavy, reposts, exclusive, texts int64
	followersE4                                    int64
	scored, known, positive, negative              int64
	scoreE4, squaredE8                             int64
}

// scratch is memory that one aggregate after the other works in.
type scratch struct{ keys []uint64 }

// sum adds the posts up. Order makes no difference: every sum is one of integers.
func (w *scratch) sum(posts []post) aggregate {
	a := aggregate{posts: int64(len(posts))}
	for i := range posts {
		p := &posts[i]
		a.followersE4 += int64(p.followersE4)
		if p.traits&isRepost != 0 {
			a.reposts++
		}
		if p.traits&isExclusive != 0 {
			a.exclusive++
		}
		if p.opinion == unscored {
			continue
		}
		a.scored++
		switch p.opinion {
		case positive:
			a.positive++
		case negative:
			a.negative++
		default:
		}
		if p.opinion == unknown {
			continue
		}
		a.known++
		a.scoreE4 += int64(p.scoreE4)
		a.squaredE8 += int64(p.scoreE4) * int64(p.scoreE4)
	}
	a.users, a.heavy = w.distinct(posts, func(p *post) uint64 { return p.user })
	a.texts, _ = w.distinct(posts, func(p *post) uint64 { return p.text })
	return a
}

// distinct counts the different keys, and the posts of keys that come often.
func (w *scratch) distinct(posts []post, key func(*post) uint64) (different, heavy int64) {
	w.keys = w.keys[:0]
	for i := range posts {
		w.keys = append(w.keys, key(&posts[i]))
	}
	slices.Sort(w.keys)
	for i := 0; i < len(w.keys); {
		j := i + 1
		for j < len(w.keys) && w.keys[j] == w.keys[i] {
			j++
		}
		different++
		if j-i >= heavyPosts {
			heavy += int64(j - i)
		}
		i = j
	}
	return different, heavy
}
