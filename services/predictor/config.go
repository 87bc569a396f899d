package predictor

// Config says what a Service goes by. The zero value checks no schema.
type Config struct {
	// Schemas is the feature schema of the vectors of each window: a model of another
	// one is refused. A window that is not named is not checked before vectors come.
	Schemas map[string]string
}
