package twitter

import (
	"context"
	"fmt"
	"strings"
)

// Check reads the rules, the cheapest read that needs the token: no post is paid.
// It says in one line what answered, or what is wrong and what to do.
func Check(ctx context.Context, cfg Config) (string, error) {
	if err := cfg.Validate(); err != nil {
		return "", err
	}
	client := newClient(cfg)
	defer client.http.CloseIdleConnections()
	present, err := client.rules(ctx)
	if err != nil {
		return "", err
	}
	ours := 0
	for _, r := range present {
		if strings.HasPrefix(r.Tag, tagPrefix) {
			ours++
		}
	}
	return fmt.Sprintf("x %s: the token is taken, %d rules, %d of them ours", client.base, len(present), ours), nil
}
