// Package alerts raises an alert where a ticker stands out: where far more is posted
// about it before the open, or in 20 minutes of a session, than in the same windows
// of the 20 sessions before.
//
// # What it guarantees
//
//   - What is raised depends on the vectors in FEATURES and their order alone. Time is
//     that of the events: nothing here asks what time it is.
//   - A ticker has at most one alert in Config.Cooldown of event time, and at most one
//     for a window's end. A later revision of a vector never raises an alert again; it
//     raises one where the earlier ones did not, as long as the window ended within
//     Config.Fresh before the newest one that was seen.
//   - The last alert of each ticker is part of the checkpoint that the alerts
//     themselves are stored with, and so a restart neither forgets an alert nor raises
//     one twice: see streams/merge.
//   - Every alert carries its evidence: posts, users, z, what is usual, and what is
//     remarkable about the posts.
//
// # What it does not do
//
// It does not predict: attention says that a large move is more likely and never in
// which direction. It does not count posts itself: a ticker without vectors has no
// alerts, and neither has one of which fewer than five sessions were watched.
package alerts
