// Package text prepares the text of posts for reading by a machine.
//
// It guarantees that equal texts come out equal: it is pure arithmetic on
// strings, takes time linear in their length, and knows no language.
//
// It does not judge what a post says: see services/sentiment.
package text
