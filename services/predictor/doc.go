// Package predictor keeps the registry of models and predicts with those that are
// promoted: a Sink that reads the stream FEATURES and publishes one event to the
// stream PREDICTIONS for each vector and each promoted model that the vector is for.
//
// # The registry
//
// A model is a file under models/<name>/<version> in the object store and what the
// stream MODELS says of it. Its version is made of the last day it was trained on
// and of the file's hash, so that storing a file again is the same version. Which
// version of a name predicts is what the last promoted or retired event of the name
// says: Registry reads that out of the events, and who stated it.
//
// # Predicting
//
// It guarantees that a vector counts as stored only once its predictions are, and
// that a prediction is a function of the vector and the model alone: ids are made of
// model, version, target, ticker, time, horizon and the vector's revision, so that
// the same vectors give the same bytes, live and on replay. A later revision of a
// vector has a prediction of its own; the one of the highest revision stands.
//
// Vectors of 20 minutes, or of one, are predicted from while the market is open by
// the calendar, those of preopen at the open, those of a session or a day at the
// close. The predicted time is the window's end. Nothing here reads a wall clock.
//
// A promotion holds for the vectors that are read after it. The promoted file is
// loaded whole and checked before it takes over, and until then the version before
// it predicts. A file whose hash is not the one that was promoted, or whose feature
// schema is not that of the vectors, is refused: one log record says so, and the
// promotion before it stays, in this run and in the next.
//
// It does not promote, train or judge models, and does not look at what happened.
package predictor
