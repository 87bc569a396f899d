package natsd

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// serverLog passes the server's log on to slog and keeps the first fatal
// error, which the server logs instead of returning.
type serverLog struct {
	log *slog.Logger

	mu    sync.Mutex
	fatal error
}

var _ server.Logger = (*serverLog)(nil)

const logMessage = "nats-server"

// Noticef logs at debug: a notice is the server's small talk.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug(logMessage, "text", fmt.Sprintf(format, v...))
}

// plaintextWarning is of no use here: passwords are made for one process and are
// in no file.
const plaintextWarning = "Plaintext passwords detected"

// Warnf logs at warn.
func (l *serverLog) Warnf(format string, v ...any) {
	if strings.HasPrefix(format, plaintextWarning) {
		return
	}
	l.log.Warn(logMessage, "text", fmt.Sprintf(format, v...))
}

// Errorf logs at warn: the clients see their own errors.
func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Warn(logMessage, "text", fmt.Sprintf(format, v...))
}

// Fatalf keeps the error for Start, and does not end the process.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.log.Error(logMessage, "text", text)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fatal == nil {
		l.fatal = errors.New(text)
	}
}

// Debugf logs at debug.
func (l *serverLog) Debugf(format string, v ...any) {
	l.log.Debug(logMessage, "text", fmt.Sprintf(format, v...))
}

// Tracef does nothing: tracing is never turned on.
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) fatalError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}
