// SPDX-License-Identifier: Apache-2.0

package kubeconfigyaml

import (
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// FuzzBuild writes what it is given, reads it back and compares.
func FuzzBuild(f *testing.F) {
	f.Add("demo", server, "default", byte(0), "abc.def", "get-token", "A", []byte{1})
	f.Add("100012345678", "https://[::1]", "", byte(1), "key", "", "", []byte{})
	f.Add("true\n- x: \"y\" \\", "http://localhost:1", "null", byte(2), "a: b", "~", "B C", []byte("x"))
	f.Add("\u2028\ufeff\u0085\x7f\x00\ufffe\U0001F680\U000E0001", "https://h/p", "#", byte(2), "\u00a0", "- -", "é", []byte{0xff})
	f.Add("---", "https://h", "...", byte(6), "!!binary YQ==", "&a *a", "<<", []byte{})
	f.Add(" lead and trail ", "https://u:p@h", "\t", byte(0), "x y", "%YAML", "=", []byte{})
	f.Fuzz(func(t *testing.T, name, server, namespace string, kind byte, secret, arg, variable string, der []byte) {
		certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		c := kubeconfig.Config{Name: name, Server: server, Namespace: namespace}
		if kind&4 == 0 {
			c.CAData = certificate
		}
		switch kind % 3 {
		case 0:
			c.Token = kubeconfig.NewSecret(secret)
		case 1:
			c.ClientCertificate = certificate
			c.ClientKey = kubeconfig.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(secret)})) + secret)
		case 2:
			c.Exec = &kubeconfig.Exec{Command: arg, Args: []string{arg, name}, Env: []kubeconfig.EnvVar{{Name: variable, Value: kubeconfig.NewSecret(secret)}}, ProvideClusterInfo: kind&8 != 0}
		}
		text, err := kubeconfig.Build(c)
		if err != nil {
			if text != "" {
				t.Fatal("text beside an error")
			}
			checkError(t, err)
			return
		}
		got, err := Parse([]byte(text))
		if err != nil || !got.Equal(c) {
			t.Fatalf("read back: %v\n got %v\nwant %v\n%s", err, got, c, text)
		}
		if again, err := kubeconfig.Build(got); err != nil || again != text {
			t.Fatalf("written again it differs: %v\n%s\n%s", err, text, again)
		}
	})
}

// FuzzParse reads anything; a text that is accepted must be writable.
func FuzzParse(f *testing.F) {
	pair := "client-certificate-data: " + certB64 + ", client-key-data: " + keyB64
	for _, user := range []string{"token: " + secret, pair, "exec: {command: c, args: [" + secret + "], env: [{name: A, value: b}]}", "tokenFile: x", "auth-provider: {name: oidc}"} {
		f.Add([]byte(file("x", goodCluster+", certificate-authority-data: "+certB64, user)))
		f.Add([]byte(file("100012345678", goodCluster, user)))
	}
	f.Add([]byte(`{"contexts":[{"name":1,"context":{"cluster":1,"user":1}}],"clusters":[{"name":1,"cluster":{"server":"https:\/\/h"}}],"users":[{"name":1,"user":{"token":"\ud83d"}}]}`))
	f.Add([]byte("a: &a [*a]\nb: *a"))
	f.Add([]byte("a: &a [x,x]\nclusters: [*a,*a]\n<<: {users: []}"))
	f.Add([]byte("token: [" + secret))
	f.Add([]byte("users: !!binary " + secret))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			checkError(t, err)
			if !c.Equal(kubeconfig.Config{}) {
				t.Fatal("a config beside an error")
			}
		} else {
			out, err := kubeconfig.Build(c)
			if err != nil && len(text) < kubeconfig.MaxSize/2 {
				t.Fatalf("read but not writable: %v", err)
			}
			if again, err2 := Parse([]byte(out)); err == nil && (err2 != nil || !again.Equal(c)) {
				t.Fatalf("read, written and read: %v\n%v\n%v", err2, c, again)
			}
		}
		if _, err := ParseCluster(text); err != nil {
			checkError(t, err)
		}
		if _, err := StaticToken(text); err != nil {
			checkError(t, err)
		}
	})
}

// checkError wants one of the fixed texts: short, ASCII, and free of the seeds'
// secret, which the fuzzer carries about.
func checkError(t *testing.T, err error) {
	t.Helper()
	var e *kubeconfig.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is not a *kubeconfig.Error", err)
	}
	strange := func(r rune) bool { return r < ' ' || r > '~' }
	if text := err.Error(); strings.Contains(text, "s3cr3t") || strings.ContainsFunc(text, strange) || len(text) > 120 {
		t.Fatalf("the error may show the input: %q", text)
	}
}
