package sentiment

// ReadCdipaolo reads the shipped model anew.
func ReadCdipaolo() (any, error) { return readEnglish() }
