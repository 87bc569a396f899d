package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// environment is where secrets come from.
type environment struct {
	getenv   func(name string) string
	readFile func(path string) ([]byte, error)
}

// processEnvironment is that of this process.
func processEnvironment() environment {
	return environment{getenv: os.Getenv, readFile: readBounded}
}

// secret reads a secret from the environment variable name, or from the file that
// name_FILE names, without the white space around it. It returns "" when neither is
// set. An error names the variable and never what is in it, since people put a
// secret where the name of a file belongs.
func (e environment) secret(name string) (string, error) {
	value, file := e.getenv(name), e.getenv(name+"_FILE")
	if value != "" && file != "" {
		return "", usageError("both %s and %s_FILE are set: keep one", name, name)
	}
	if file == "" {
		return strings.TrimSpace(value), nil
	}
	content, err := e.readFile(file)
	if err != nil {
		return "", usageError("%s_FILE names a file that cannot be read (%s): check its path and who may read it", name, causeOf(err))
	}
	if value = strings.TrimSpace(string(content)); value == "" {
		return "", usageError("%s_FILE names a file that is empty: put the secret into it, or unset the variable", name)
	}
	return value, nil
}

// secret reads a secret of this process.
func secret(name string) (string, error) { return processEnvironment().secret(name) }

// readBounded reads a file of at most maxSecret bytes.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(content) > maxSecret {
		err = fmt.Errorf("more than %d bytes", maxSecret)
	}
	return content, err
}

// causeOf is an error of a file without the file's name.
func causeOf(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}
