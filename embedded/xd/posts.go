package xd

import (
	"cmp"
	"slices"

	"cashtag/schemas"
)

// posts are kept in the order of their ids, the newest most of them.
type posts struct {
	all  []post
	most int
}

// add keeps a post. One whose id is there is replaced: X edits under a new id.
func (p *posts) add(each post) {
	at, found := p.find(each.id)
	if found {
		p.all[at] = each
		return
	}
	p.all = slices.Insert(p.all, at, each)
	if extra := len(p.all) - p.most; extra > 0 {
		p.all[0] = post{}
		p.all = p.all[extra:]
	}
}

// find is where a post of this id is or would be.
func (p *posts) find(id uint64) (int, bool) {
	if n := len(p.all); n == 0 || p.all[n-1].id < id {
		return n, false
	}
	return slices.BinarySearchFunc(p.all, id, func(each post, id uint64) int { return cmp.Compare(each.id, id) })
}

// Publish takes posts of X in the order in which they are written: each goes to
// the connected client where a rule matches it, and is kept for search. The events
// must not change afterwards. Nothing is published where one of them is no post of
// X.
func (s *Server) Publish(events ...schemas.Event) error {
	published := make([]post, len(events))
	for i, event := range events {
		p, err := newPost(event)
		if err != nil {
			return err
		}
		published[i] = p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range published {
		s.kept.add(p)
		if s.listener != nil && !s.listener.broken {
			s.listener.offer(delivery{post: p, rules: s.matching(p)})
		}
	}
	return nil
}

// last are the last n posts that a rule matches. The caller holds the lock.
func (s *Server) last(n int) []delivery {
	var last []delivery
	for _, p := range s.kept.all[max(0, len(s.kept.all)-n):] {
		if rules := s.matching(p); len(rules) > 0 {
			last = append(last, delivery{post: p, rules: rules})
		}
	}
	return last
}

// matching are the rules that match a post. The caller holds the lock.
func (s *Server) matching(p post) []rule {
	var matching []rule
	for _, r := range s.rules {
		if r.matches(p.tweet, p.tags) {
			matching = append(matching, r)
		}
	}
	return matching
}
