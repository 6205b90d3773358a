// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/redact"
)

// Secret is a text that does not show when it is printed, logged or marshalled.
// The zero value is the empty text. Compare with Equal, not with ==.
type Secret struct {
	// A pointer, because methods do not protect everywhere: fmt ignores them for
	// %p, for %w outside Errorf and for fields that are not exported, and prints
	// what reflection shows. There it now shows an address.
	text *string
}

// NewSecret returns a Secret that holds text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether both hold the same text.
func (s Secret) Equal(o Secret) bool { return s.Reveal() == o.Reveal() }

// String returns a placeholder, or "" for the empty text.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redact.Placeholder
}

// Format writes String under every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue returns String for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns String, for JSON, XML and their like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String describes the config without its secrets.
func (c Config) String() string {
	var b strings.Builder
	b.WriteString("kubeconfig{name: " + strconv.Quote(c.Name))
	b.WriteString(", server: " + strconv.Quote(c.shownServer()))
	if c.Namespace != "" {
		b.WriteString(", namespace: " + strconv.Quote(c.Namespace))
	}
	if c.CAData != "" {
		b.WriteString(", ca: " + strconv.Itoa(len(c.CAData)) + " bytes")
	}
	b.WriteString(", user: " + c.shownUser() + "}")
	return b.String()
}

// Format writes String under every verb.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// LogValue returns the facts of String as a group for slog.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("name", c.Name),
		slog.String("server", c.shownServer()),
		slog.String("user", c.shownUser()),
	)
}

// MarshalText returns String, so that a config inside another value is not
// written out by a JSON log handler.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// shownServer hides a URL that was not checked: it may hold a password.
func (c Config) shownServer() string {
	if c.Server != "" && serverFault(c.Server) != "" {
		return "[invalid]"
	}
	return c.Server
}

func (c Config) shownUser() string {
	var kinds []string
	if c.ClientCertificate != "" || !c.ClientKey.IsZero() {
		kinds = append(kinds, "client certificate "+redact.Placeholder)
	}
	if !c.Token.IsZero() {
		kinds = append(kinds, "token "+redact.Placeholder)
	}
	if c.Exec != nil {
		kinds = append(kinds, c.Exec.String())
	}
	if kinds == nil {
		return "none"
	}
	return strings.Join(kinds, ", ")
}

// String describes the plugin; arguments are counted and of the environment only
// the names are shown.
func (e Exec) String() string {
	names := make([]string, 0, len(e.Env))
	for _, v := range e.Env {
		names = append(names, v.Name)
	}
	return fmt.Sprintf("exec{command: %q, args: %d, env: %q}", e.Command, len(e.Args), names)
}

// Format writes String under every verb.
func (e Exec) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.String()) }

// LogValue returns String for slog.
func (e Exec) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalText returns String, for JSON, XML and their like.
func (e Exec) MarshalText() ([]byte, error) { return []byte(e.String()), nil }
