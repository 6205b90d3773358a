// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"log/slog"
	"sync"
)

// Log collects what is logged, so that a test can look for secrets in it.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger writes every level to l.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
