package logs

import (
	"regexp"
	"strings"
)

// redacted stands where a secret stood.
const redacted = "[redacted]"

// secretNames are found in the names of attributes that hold a secret, in lower
// case and without separators.
var secretNames = []string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "authorization", "cookie",
	"credential", "apikey", "accesskey", "privatekey", "bearer",
}

var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// isSecret reports whether an attribute of that name is taken for a secret. It
// rather hides too much.
func isSecret(name string) bool {
	name = separators.Replace(strings.ToLower(name))
	for _, secret := range secretNames {
		if strings.Contains(name, secret) {
			return true
		}
	}
	return false
}

var (
	userPattern   = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s"'<>]*@`)
	bearerPattern = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]{8,}`)
	valuePattern  = regexp.MustCompile(`(?i)\b([a-z_-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key)[a-z_-]*=)[^&\s"']+`)
)

// mask replaces the secrets that can be told in a text: who an address logs in as,
// what an authorization header carries, and values named like secrets.
func mask(s string) string {
	if strings.Contains(s, "://") && strings.Contains(s, "@") {
		s = userPattern.ReplaceAllString(s, "${1}"+redacted+"@")
	}
	if strings.Contains(s, "earer") || strings.Contains(s, "asic") || strings.Contains(s, "EARER") || strings.Contains(s, "ASIC") {
		s = bearerPattern.ReplaceAllString(s, "${1} "+redacted)
	}
	if strings.Contains(s, "=") {
		s = valuePattern.ReplaceAllString(s, "${1}"+redacted)
	}
	return s
}
