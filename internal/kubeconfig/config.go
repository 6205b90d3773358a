// SPDX-License-Identifier: Apache-2.0

// Package kubeconfig writes kubeconfig files: one cluster, one user, one context,
// with everything inline, for kubectl, Lens and whatever else reads them. Its
// sub-package kubeconfigyaml reads the files that clouds hand out.
//
// The package imports the standard library only and has no state. No error of it
// contains a value of the input, so none can contain a secret.
package kubeconfig

import (
	"encoding/base64"
	"encoding/pem"
	"iter"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxSize is the largest kubeconfig, in bytes, that is written or read.
const MaxSize = 1 << 20

// The versions of the exec credential API that kubectl still speaks, and the
// ways a plugin may use the terminal.
const (
	ExecV1      = "client.authentication.k8s.io/v1"
	ExecV1Beta1 = "client.authentication.k8s.io/v1beta1"

	InteractiveNever       = "Never"
	InteractiveIfAvailable = "IfAvailable"
	InteractiveAlways      = "Always"
)

// Config is what one kubeconfig says. It has exactly one way to authenticate: a
// client certificate with its key, a token, or a plugin.
//
// It prints redacted under every fmt verb, in slog and in JSON.
type Config struct {
	// Name names the cluster, the user and the context alike. It must not be
	// blank. Make it unique per cluster: files are merged by these names.
	Name string
	// Server is the URL of the API server: https, or http on a loopback host.
	Server string
	// CAData holds the certificates to trust, as PEM text, not as base64 of it
	// (see DecodePEM); empty where the server has a publicly trusted one.
	CAData string
	// Namespace is what the context starts in; empty means "default".
	Namespace string

	// ClientCertificate is a PEM text; it goes with ClientKey.
	ClientCertificate string
	// ClientKey is the PEM text of the unencrypted private key.
	ClientKey Secret
	// Token is a bearer token.
	Token Secret
	// Exec is a credential plugin.
	Exec *Exec
}

// Exec is the command that kubectl runs to get a credential.
type Exec struct {
	// Command is the program: an absolute path, or a name looked up in PATH.
	Command string
	// Args are its arguments. Other processes can see them: no secrets here.
	Args []string
	// Env is added to the environment of the plugin.
	Env []EnvVar
	// APIVersion is ExecV1 (also when empty) or ExecV1Beta1.
	APIVersion string
	// InteractiveMode is InteractiveNever (also when empty) or another of the
	// Interactive words.
	InteractiveMode string
	// ProvideClusterInfo hands server and CA to the plugin.
	ProvideClusterInfo bool
}

// EnvVar is one environment variable of a plugin.
type EnvVar struct {
	// Name is the name of the variable.
	Name string
	// Value is redacted when printed, because it often is a secret.
	Value Secret
}

// Error says what is wrong with a kubeconfig. Both fields are fixed texts and
// never hold a value of the input.
type Error struct {
	// Field is the place, in the words of the kubeconfig format where it has one.
	Field string
	// Reason says what is wrong there.
	Reason string
}

// Error returns field and reason.
func (e *Error) Error() string { return "kubeconfig: " + e.Field + ": " + e.Reason }

// Equal reports whether c and o say the same: the empty defaults of Exec count as
// what they stand for.
func (c Config) Equal(o Config) bool {
	if c.Exec == nil || o.Exec == nil {
		return c.Exec == o.Exec && c.equalWithoutExec(o)
	}
	a, b := c.Exec.withDefaults(), o.Exec.withDefaults()
	return c.equalWithoutExec(o) &&
		a.Command == b.Command &&
		a.APIVersion == b.APIVersion &&
		a.InteractiveMode == b.InteractiveMode &&
		a.ProvideClusterInfo == b.ProvideClusterInfo &&
		slices.Equal(a.Args, b.Args) &&
		slices.EqualFunc(a.Env, b.Env, func(x, y EnvVar) bool { return x.Name == y.Name && x.Value.Equal(y.Value) })
}

func (c Config) equalWithoutExec(o Config) bool {
	return c.Name == o.Name && c.Server == o.Server && c.CAData == o.CAData && c.Namespace == o.Namespace &&
		c.ClientCertificate == o.ClientCertificate && c.ClientKey.Equal(o.ClientKey) && c.Token.Equal(o.Token)
}

func (e Exec) withDefaults() Exec {
	if e.APIVersion == "" {
		e.APIVersion = ExecV1
	}
	if e.InteractiveMode == "" {
		e.InteractiveMode = InteractiveNever
	}
	return e
}

// Validate checks everything that can be checked without a network. Its error is
// an [*Error]. Certificates are looked at as PEM only; whether they are good is
// for whoever connects.
func (c Config) Validate() error {
	if err := c.ValidateCluster(); err != nil {
		return err
	}
	if e := c.credentialFault(); e != nil {
		return e
	}
	return nil
}

// ValidateCluster checks what [Config.Validate] checks but for the credential.
func (c Config) ValidateCluster() error {
	switch {
	case strings.TrimSpace(c.Name) == "":
		return &Error{"name", "must not be blank"}
	case !utf8.ValidString(c.Name):
		return &Error{"name", "not valid UTF-8"}
	case !utf8.ValidString(c.Namespace):
		return &Error{"namespace", "not valid UTF-8"}
	}
	if err := CheckServer(c.Server); err != nil {
		return err
	}
	if c.CAData != "" {
		if reason := certificateFault(c.CAData); reason != "" {
			return &Error{"certificate-authority-data", reason}
		}
	}
	return nil
}

func (c Config) credentialFault() *Error {
	certificate := c.ClientCertificate != "" || !c.ClientKey.IsZero()
	count := 0
	for _, given := range []bool{certificate, !c.Token.IsZero(), c.Exec != nil} {
		if given {
			count++
		}
	}
	switch {
	case count == 0:
		return &Error{"user", "no credential: want a client certificate, a token or an exec plugin"}
	case count > 1:
		return &Error{"user", "more than one credential: want a client certificate, a token or an exec plugin"}
	case certificate:
		if reason := certificateFault(c.ClientCertificate); reason != "" {
			return &Error{"client-certificate-data", reason}
		}
		if reason := keyFault(c.ClientKey.Reveal()); reason != "" {
			return &Error{"client-key-data", reason}
		}
	case c.Exec != nil:
		return c.Exec.fault()
	case !isVisible(c.Token.Reveal()):
		return &Error{"token", "holds characters that a header cannot carry"}
	}
	return nil
}

func (e Exec) fault() *Error {
	e = e.withDefaults()
	switch {
	case e.Command == "":
		return &Error{"exec.command", "must not be empty"}
	case !isProcessText(e.Command):
		return &Error{"exec.command", "not text that a process can take"}
	case e.APIVersion != ExecV1 && e.APIVersion != ExecV1Beta1:
		return &Error{"exec.apiVersion", "want " + ExecV1 + " or " + ExecV1Beta1}
	}
	switch e.InteractiveMode {
	case InteractiveNever, InteractiveIfAvailable, InteractiveAlways:
	default:
		return &Error{"exec.interactiveMode", "want Never, IfAvailable or Always"}
	}
	for _, arg := range e.Args {
		if !isProcessText(arg) {
			return &Error{"exec.args", "not text that a process can take"}
		}
	}
	for _, v := range e.Env {
		if v.Name == "" || strings.Contains(v.Name, "=") || !isProcessText(v.Name) || !isProcessText(v.Value.Reveal()) {
			return &Error{"exec.env", "not a variable that a process can take"}
		}
	}
	return nil
}

// CheckServer checks the URL of an API server as [Config.Validate] does. Its error is
// an [*Error].
func CheckServer(server string) error {
	if reason := serverFault(server); reason != "" {
		return &Error{"server", reason}
	}
	return nil
}

// serverFault checks a server URL; "" is a good one.
func serverFault(server string) string {
	if server == "" {
		return "must not be empty"
	}
	// The error of url.Parse repeats its input, which may hold a password.
	u, err := url.Parse(server)
	switch {
	case err != nil || !utf8.ValidString(server):
		return "not a valid URL"
	case u.Scheme != "https" && u.Scheme != "http":
		return "want a URL that starts with https://"
	case u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return "the URL has no host, or an empty port"
	case u.User != nil:
		return "the URL must not hold a user or a password"
	case strings.ContainsAny(server, "?#"):
		return "the URL must not have a query or a fragment"
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "plain http is for loopback hosts only"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "the port is out of range"
		}
	}
	return ""
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// DecodePEM returns a PEM text from data that is either PEM already or base64 of
// PEM, which is how EKS, GKE and every kubeconfig carry certificates. White space
// within the base64 is passed over. The error is an [*Error].
func DecodePEM(data string) (string, error) {
	if block, _ := pem.Decode([]byte(data)); block != nil {
		return data, nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	if err != nil {
		return "", &Error{"data", "neither PEM nor base64"}
	}
	if block, _ := pem.Decode(raw); block == nil {
		return "", &Error{"data", "not PEM inside the base64"}
	}
	return string(raw), nil
}

// certificateFault wants certificates and no private key: unlike a Secret, what
// holds them shows when it is printed.
func certificateFault(text string) string {
	found := false
	for block := range blocks(text) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return "holds a private key, which does not belong here"
		}
		found = found || block.Type == "CERTIFICATE"
	}
	if !found {
		return "want PEM text with a CERTIFICATE block"
	}
	return ""
}

// keyFault wants a private key that can be used without a password.
func keyFault(text string) string {
	found := false
	for block := range blocks(text) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return "the private key is encrypted"
		}
		found = found || strings.HasSuffix(block.Type, "PRIVATE KEY")
	}
	if !found {
		return "want PEM text with a PRIVATE KEY block"
	}
	return ""
}

// blocks goes through the PEM blocks of a text.
func blocks(text string) iter.Seq[*pem.Block] {
	return func(yield func(*pem.Block) bool) {
		block, rest := pem.Decode([]byte(text))
		for block != nil && yield(block) {
			block, rest = pem.Decode(rest)
		}
	}
}

// isVisible reports whether s is made of visible ASCII, as a bearer token must be.
func isVisible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// isProcessText reports whether s can be an argument or in an environment.
func isProcessText(s string) bool {
	return utf8.ValidString(s) && !strings.Contains(s, "\x00")
}
