package tape

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
)

// formatVersion changes whenever the same files would yield other events, or
// the same in another order: a place in the old sequence means nothing then.
const formatVersion = "tape/1"

// fingerprint hashes the names and sizes of files with the way they are read.
func fingerprint(fsys fs.FS, files []string, mode string) (string, error) {
	sorted := slices.Clone(files)
	slices.Sort(sorted)
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n", formatVersion, mode)
	for _, name := range sorted {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return "", fmt.Errorf("fingerprint tape: %w", err)
		}
		fmt.Fprintf(hash, "%q %d\n", name, info.Size())
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
