// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"encoding/base64"
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

const (
	// credentialHelper is the plugin of this module.
	credentialHelper = "pmks-credential"
	// installHint is what kubectl prints where that plugin is not found. The tags keep
	// it small: see internal/sizereport.
	installHint = "pmks-credential gets the credentials of this cluster, and is not in PATH. With Go it is installed by:\n\n" +
		"    go install -tags grpcnotrace,pmks_novendor github.com/pmks-go/pmks/cmd/pmks-credential@latest\n"
)

// Build returns the text of a kubeconfig. The same config gives the same bytes.
// Every value is a double-quoted scalar, so that names such as 100012345678,
// true or "a: b" stay strings in any reader. It fails with an [*Error] as
// [Config.Validate] does, and when the text would be larger than [MaxSize].
func Build(c Config) (string, error) {
	if err := c.Validate(); err != nil {
		return "", err
	}
	var w writer
	w.line("apiVersion: v1")
	w.line("kind: Config")
	w.line("clusters:")
	w.value("- name", c.Name)
	w.line("  cluster:")
	w.value("    server", c.Server)
	if c.CAData != "" {
		w.data("    certificate-authority-data", c.CAData)
	}
	w.line("contexts:")
	w.value("- name", c.Name)
	w.line("  context:")
	w.value("    cluster", c.Name)
	if c.Namespace != "" {
		w.value("    namespace", c.Namespace)
	}
	w.value("    user", c.Name)
	w.value("current-context", c.Name)
	w.line("users:")
	w.value("- name", c.Name)
	w.line("  user:")
	switch {
	case c.Exec != nil:
		w.exec(c.Exec.withDefaults())
	case !c.Token.IsZero():
		w.value("    token", c.Token.Reveal())
	default:
		w.data("    client-certificate-data", c.ClientCertificate)
		w.data("    client-key-data", c.ClientKey.Reveal())
	}
	if w.Len() > MaxSize {
		return "", &Error{"file", "larger than 1 MiB"}
	}
	return w.String(), nil
}

// writer is a strings.Builder that writes lines of YAML.
type writer struct{ strings.Builder }

func (w *writer) line(s string) {
	w.WriteString(s)
	w.WriteByte('\n')
}

func (w *writer) value(key, value string) {
	w.WriteString(key)
	w.WriteString(": ")
	w.quoted(value)
	w.WriteByte('\n')
}

func (w *writer) data(key, value string) {
	w.value(key, base64.StdEncoding.EncodeToString([]byte(value)))
}

func (w *writer) exec(e Exec) {
	w.line("    exec:")
	w.value("      apiVersion", e.APIVersion)
	w.value("      command", e.Command)
	if strings.TrimSuffix(path.Base(filepath.ToSlash(e.Command)), ".exe") == credentialHelper {
		w.value("      installHint", installHint)
	}
	if len(e.Args) > 0 {
		w.line("      args:")
		for _, arg := range e.Args {
			w.WriteString("      - ")
			w.quoted(arg)
			w.WriteByte('\n')
		}
	}
	if len(e.Env) > 0 {
		w.line("      env:")
		for _, v := range e.Env {
			w.value("      - name", v.Name)
			w.value("        value", v.Value.Reveal())
		}
	}
	w.value("      interactiveMode", e.InteractiveMode)
	w.line("      provideClusterInfo: " + strconv.FormatBool(e.ProvideClusterInfo))
}

// quoted writes a double-quoted scalar that YAML and JSON read alike. Only the
// escapes that both have are used. What YAML readers refuse or fold when it
// stands there as it is (control characters, U+0085, U+2028, U+FEFF) is escaped;
// characters beyond U+FFFF stand as they are, because YAML has no surrogate
// pairs.
func (w *writer) quoted(s string) {
	w.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\r':
			w.WriteString(`\r`)
		case r == '\t':
			w.WriteString(`\t`)
		case r <= 0xFFFF && !unicode.IsPrint(r):
			fmt.Fprintf(w, `\u%04x`, r)
		default:
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}
