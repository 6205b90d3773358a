// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	secretToken = "tok-7f3a.secret_part"
	secretKey   = "MAECAwQFBgcICQ=="
	secretEnv   = "env-secret-91"
	secretArg   = "--arg-secret=55"

	certPEM = "-----BEGIN CERTIFICATE-----\nAQIDBA==\n-----END CERTIFICATE-----\n"
)

// The begin line is put together so that no scanner takes it for a real key.
var keyPEM = "-----BEGIN EC PRIVATE" + " KEY-----\n" + secretKey + "\n-----END EC PRIVATE" + " KEY-----\n"

func base() Config {
	return Config{Name: "demo", Server: "https://203.0.113.7:6443", CAData: certPEM}
}

func withToken() Config {
	c := base()
	c.Token = NewSecret(secretToken)
	return c
}

func withCertificate() Config {
	c := base()
	c.Namespace = "kube-system"
	c.ClientCertificate, c.ClientKey = certPEM, NewSecret(keyPEM)
	return c
}

func withExec() Config {
	c := base()
	c.Exec = &Exec{
		Command: "pmks-credential",
		Args:    []string{"token", secretArg, "a: b", ""},
		Env:     []EnvVar{{"PMKS_REGION", NewSecret("eu-1")}, {"PMKS_SECRET", NewSecret(secretEnv)}, {"EMPTY", Secret{}}},
	}
	return c
}

func TestBuild_Golden(t *testing.T) {
	t.Parallel()
	strange := withToken()
	strange.Name = "true\n- x: \"y\" \\ \t\r\u00e9\u2028\ufeff\x7f\u0085\U0001F680\x00'#&*"
	strange.Namespace = "100012345678"
	bare := withExec()
	bare.CAData, bare.Server = "", "http://[::1]:8080/base"
	atPath := withExec()
	atPath.Exec = &Exec{Command: "/opt/a b/pmks-credential"}
	bare.Exec = &Exec{Command: "/opt/a b/c", APIVersion: ExecV1Beta1, InteractiveMode: InteractiveIfAvailable, ProvideClusterInfo: true}
	tests := []struct {
		name string
		in   Config
	}{
		{"token", withToken()},
		{"certificate", withCertificate()},
		{"exec", withExec()},
		{"exec-bare", bare},
		{"exec-path", atPath},
		{"strange-names", strange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Build(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", tt.name+".yaml")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("differs from %s (rewrite with -update)\n got:\n%s\nwant:\n%s", path, got, want)
			}
			if again, _ := Build(tt.in); again != got {
				t.Error("the second build differs from the first")
			}
		})
	}
}

func TestBuild_Refused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		from  func() Config
		spoil func(*Config)
		field string
	}{
		{"no-name", withToken, func(c *Config) { c.Name = "" }, "name"},
		{"blank-name", withToken, func(c *Config) { c.Name = " \n" }, "name"},
		{"name-not-utf8", withToken, func(c *Config) { c.Name = "\xff" }, "name"},
		{"namespace-not-utf8", withToken, func(c *Config) { c.Namespace = "\xff" }, "namespace"},
		{"no-server", withToken, func(c *Config) { c.Server = "" }, "server"},
		{"bare-host", withToken, func(c *Config) { c.Server = "203.0.113.7" }, "server"},
		{"bare-host-and-port", withToken, func(c *Config) { c.Server = "example.com:6443" }, "server"},
		{"plain-http", withToken, func(c *Config) { c.Server = "http://203.0.113.7" }, "server"},
		{"plain-http-like-localhost", withToken, func(c *Config) { c.Server = "http://localhost.example.com" }, "server"},
		{"other-scheme", withToken, func(c *Config) { c.Server = "ftp://127.0.0.1" }, "server"},
		{"no-host", withToken, func(c *Config) { c.Server = "https:///x" }, "server"},
		{"opaque", withToken, func(c *Config) { c.Server = "https:example.com" }, "server"},
		{"empty-port", withToken, func(c *Config) { c.Server = "https://example.com:" }, "server"},
		{"large-port", withToken, func(c *Config) { c.Server = "https://example.com:65536" }, "server"},
		{"password-in-url", withToken, func(c *Config) { c.Server = "https://u:" + secretEnv + "@example.com" }, "server"},
		{"password-in-broken-url", withToken, func(c *Config) { c.Server = "https://u:" + secretEnv + "@exa mple.com" }, "server"},
		{"query", withToken, func(c *Config) { c.Server += "?token=" + secretEnv }, "server"},
		{"fragment", withToken, func(c *Config) { c.Server += "#" }, "server"},
		{"control-character", withToken, func(c *Config) { c.Server += "\n" }, "server"},
		{"ca-is-base64", withToken, func(c *Config) { c.CAData = base64.StdEncoding.EncodeToString([]byte(certPEM)) }, "certificate-authority-data"},
		{"ca-holds-key", withToken, func(c *Config) { c.CAData += keyPEM }, "certificate-authority-data"},
		{"no-credential", base, func(*Config) {}, "user"},
		{"two-credentials", withCertificate, func(c *Config) { c.Token = NewSecret(secretToken) }, "user"},
		{"token-and-exec", withExec, func(c *Config) { c.Token = NewSecret(secretToken) }, "user"},
		{"no-key", withCertificate, func(c *Config) { c.ClientKey = Secret{} }, "client-key-data"},
		{"no-certificate", withCertificate, func(c *Config) { c.ClientCertificate = "" }, "client-certificate-data"},
		{"swapped", withCertificate, func(c *Config) { c.ClientCertificate, c.ClientKey = keyPEM, NewSecret(certPEM) }, "client-certificate-data"},
		{"key-is-certificate", withCertificate, func(c *Config) { c.ClientKey = NewSecret(certPEM) }, "client-key-data"},
		{"encrypted-key", withCertificate, func(c *Config) {
			c.ClientKey = NewSecret(strings.ReplaceAll(keyPEM, "EC PRIVATE", "ENCRYPTED PRIVATE"))
		}, "client-key-data"},
		{"token-with-newline", withToken, func(c *Config) { c.Token = NewSecret(secretToken + "\n") }, "token"},
		{"token-not-ascii", withToken, func(c *Config) { c.Token = NewSecret(secretToken + "é") }, "token"},
		{"no-command", withExec, func(c *Config) { c.Exec.Command = "" }, "exec.command"},
		{"nul-in-command", withExec, func(c *Config) { c.Exec.Command += "\x00" }, "exec.command"},
		{"nul-in-argument", withExec, func(c *Config) { c.Exec.Args[1] += "\x00" }, "exec.args"},
		{"argument-not-utf8", withExec, func(c *Config) { c.Exec.Args[1] += "\xff" }, "exec.args"},
		{"variable-without-name", withExec, func(c *Config) { c.Exec.Env[1].Name = "" }, "exec.env"},
		{"variable-with-equals", withExec, func(c *Config) { c.Exec.Env[1].Name = "A=B" }, "exec.env"},
		{"nul-in-variable", withExec, func(c *Config) { c.Exec.Env[1].Value = NewSecret(secretEnv + "\x00") }, "exec.env"},
		{"old-exec-version", withExec, func(c *Config) { c.Exec.APIVersion = "client.authentication.k8s.io/v1alpha1" }, "exec.apiVersion"},
		{"unknown-mode", withExec, func(c *Config) { c.Exec.InteractiveMode = "never" }, "exec.interactiveMode"},
		{"too-large", withExec, func(c *Config) { c.Exec.Args[0] = strings.Repeat("x", MaxSize) }, "file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := tt.from()
			tt.spoil(&c)
			got, err := Build(c)
			var e *Error
			if !errors.As(err, &e) || got != "" {
				t.Fatalf("Build = %d bytes, %v, want an *Error", len(got), err)
			}
			if e.Field != tt.field {
				t.Errorf("field %q, want %q (%v)", e.Field, tt.field, err)
			}
			noSecret(t, "error", err.Error())
			noSecret(t, "String", c.String())
		})
	}
}

func TestBuild_Servers(t *testing.T) {
	t.Parallel()
	for _, server := range []string{
		"https://example.com", "HTTPS://example.com:443/", "https://[2001:db8::1]:6443", "https://example.com/k8s/c-1",
		"http://localhost:8080", "http://127.0.0.1:1", "http://127.8.8.8", "http://[::1]:65535", "http://[::ffff:127.0.0.1]",
	} {
		c := withToken()
		c.Server = server
		if _, err := Build(c); err != nil {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func TestDecodePEM(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(certPEM))
	tests := []struct {
		name string
		in   string
		ok   bool
	}{
		{"pem", certPEM, true},
		{"base64", encoded, true},
		{"folded", " " + encoded[:10] + "\n  " + encoded[10:] + "\n", true},
		{"empty", "", false},
		{"not-base64", "*" + secretToken, false},
		{"base64-of-something", base64.StdEncoding.EncodeToString([]byte(secretToken)), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodePEM(tt.in)
			if tt.ok != (err == nil) || tt.ok != (got == certPEM) {
				t.Errorf("DecodePEM = %q, %v", got, err)
			}
			if err != nil {
				noSecret(t, "error", err.Error())
			}
		})
	}
}

func TestConfig_Equal(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*Config){
		"name":        func(c *Config) { c.Name += "x" },
		"server":      func(c *Config) { c.Server += "x" },
		"ca":          func(c *Config) { c.CAData = "" },
		"namespace":   func(c *Config) { c.Namespace += "x" },
		"certificate": func(c *Config) { c.ClientCertificate += "x" },
		"key":         func(c *Config) { c.ClientKey = NewSecret("x") },
		"token":       func(c *Config) { c.Token = NewSecret("x") },
		"no-exec":     func(c *Config) { c.Exec = nil },
		"command":     func(c *Config) { c.Exec.Command += "x" },
		"args":        func(c *Config) { c.Exec.Args[0] += "x" },
		"env-name":    func(c *Config) { c.Exec.Env[0].Name += "x" },
		"env-value":   func(c *Config) { c.Exec.Env[0].Value = NewSecret("x") },
		"version":     func(c *Config) { c.Exec.APIVersion = ExecV1Beta1 },
		"mode":        func(c *Config) { c.Exec.InteractiveMode = InteractiveAlways },
		"info":        func(c *Config) { c.Exec.ProvideClusterInfo = true },
	}
	for name, change := range changes {
		c := withExec()
		change(&c)
		if c.Equal(withExec()) || withExec().Equal(c) {
			t.Errorf("equal in spite of another %s", name)
		}
	}
	c := withExec()
	c.Exec.APIVersion, c.Exec.InteractiveMode = ExecV1, InteractiveNever
	if !c.Equal(withExec()) || !withToken().Equal(withToken()) {
		t.Error("the same, but not equal")
	}
}

// TestRedaction_Everywhere prints every type under every verb, also the wrong
// ones, and through both log handlers, alone and inside other values.
func TestRedaction_Everywhere(t *testing.T) {
	t.Parallel()
	type hidden struct{ c Config } // fmt calls no methods on fields that are not exported
	// Under a verb that is wrong for every type fmt goes past the methods, so only
	// what is a Secret is safe; arguments are documented not to be.
	plain := withExec()
	plain.Exec.Args = nil
	for _, c := range []Config{withToken(), withCertificate(), withExec(), plain} {
		safe := []any{c, &c, []Config{c}, map[string]Config{"k": c}, struct{ C Config }{c}, c.Token, c.ClientKey, &c.ClientKey, []any{c.Token}}
		if c.Exec != nil {
			safe = append(safe, *c.Exec, c.Exec, c.Exec.Env, c.Exec.Env[1])
		}
		var reflected []any
		if c.Exec == nil || c.Exec.Args == nil {
			reflected = append([]any{hidden{c}, &hidden{c}}, safe...)
		}
		for _, v := range safe {
			for verb := 'A'; verb <= 'z'; verb++ {
				if verb == 'p' || verb == 'w' {
					continue
				}
				for _, flags := range []string{"", "+", "#", "-20", "020", ".3"} {
					format := "%" + flags + string(verb)
					noSecret(t, format, fmt.Sprintf(format, v))
				}
			}
			var buf bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
				slog.New(h).With("with", v).Info("x", "v", v, slog.Group("g", "v", v))
			}
			noSecret(t, "slog", buf.String())
			if j, err := json.Marshal(v); err != nil {
				t.Errorf("json.Marshal(%T): %v", v, err)
			} else {
				noSecret(t, "json", string(j))
			}
		}
		for _, v := range reflected {
			for _, format := range []string{"%p", "%w", "%v", "%+v", "%#v", "%s", "%d", "%!"} {
				noSecret(t, format, fmt.Sprintf(format, v))
			}
		}
	}
}

func TestConfig_String(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   Config
		want string
	}{
		{"zero", Config{}, `kubeconfig{name: "", server: "", user: none}`},
		{"token", withToken(), `kubeconfig{name: "demo", server: "https://203.0.113.7:6443", ca: 63 bytes, user: token [redacted]}`},
		{"certificate", withCertificate(), `kubeconfig{name: "demo", server: "https://203.0.113.7:6443", namespace: "kube-system", ca: 63 bytes, user: client certificate [redacted]}`},
		{"exec", withExec(), `kubeconfig{name: "demo", server: "https://203.0.113.7:6443", ca: 63 bytes, user: exec{command: "pmks-credential", args: 4, env: ["PMKS_REGION" "PMKS_SECRET" "EMPTY"]}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprintf("%#v", tt.in); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func noSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range []string{secretToken, secretKey, secretEnv, secretArg} {
		if strings.Contains(text, s) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(s))) ||
			strings.Contains(text, fmt.Sprintf("%x", s)) || strings.Contains(text, fmt.Sprintf("%X", s)) {
			t.Errorf("%s shows a secret: %s", where, text)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	c := withCertificate()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(c); err != nil {
			b.Fatal(err)
		}
	}
}
