// SPDX-License-Identifier: Apache-2.0

package kubeconfigfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// ours is an entry as Build writes it.
func ours(t testing.TB, name string) *Document {
	t.Helper()
	text, err := kubeconfig.Build(kubeconfig.Config{Name: name, Server: "https://203.0.113.7", Token: kubeconfig.NewSecret("new.token")})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t testing.TB, d *Document, name string) string {
	t.Helper()
	from := ours(t, name)
	for _, section := range []string{Clusters, Users, Contexts} {
		if err := d.Put(section, from, name, name, []string{"token", "tokenFile"}); err != nil {
			t.Fatal(err)
		}
	}
	d.SetExtension(Contexts, name, "pmks", [][2]string{{"id", "1"}})
	out, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

const foreign = `# my file
apiVersion: v1
kind: Config
future: {a: [1, 0x10]} # unknown
preferences:
  colors: true
clusters:
- cluster: &c
    server: https://old
    proxy-url: socks5://localhost:1
  name: other
contexts: []
users:
- name: demo
  user:
    tokenFile: /x
    as: me
    unknown: 0100 # stays
- name: 100012345678
  user: {token: "1_000"}
current-context: other
`

func TestDocument_Put(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	const merged = `# my file
apiVersion: v1
kind: Config
future: {a: [1, 0x10]} # unknown
preferences:
  colors: true
clusters:
- cluster: &c
    server: https://old
    proxy-url: socks5://localhost:1
  name: other
- name: "demo"
  cluster:
    server: "https://203.0.113.7"
contexts:
- name: "demo"
  context:
    cluster: "demo"
    user: "demo"
    extensions:
    - extension:
        id: "1"
      name: "pmks"
users:
- name: demo
  user:
    as: me
    unknown: 0100 # stays
    token: "new.token"
- name: 100012345678
  user: {token: "1_000"}
current-context: other
`
	if got := put(t, d, "demo"); got != merged {
		t.Errorf("got:\n%s\nwant:\n%s", got, merged)
	}
	if got := put(t, d, "demo"); got != merged {
		t.Errorf("the second time it differs:\n%s", got)
	}
	if got := d.Extension(Contexts, "demo", "pmks")["id"]; got != "1" {
		t.Errorf("extension %q", got)
	}
	d.Delete(Contexts, "demo")
	d.SetCurrent("")
	if d.Has(Contexts, "demo") || d.Current() != "" || d.Get(Clusters, "other", "server") != "https://old" {
		t.Error("not deleted")
	}
}

func TestParse_Strange(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n# nothing\n", "null", "---\n", "\ufeffkind: Config", `{"kind":"Config","users":null,"x":"\ud83d\ude00\/"}`, `{}`, "clusters:\n", "clusters: null",
		"a: &a [x]\nb: *a\n", "contexts: &x []\nusers: *x\n"} {
		d, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		out := put(t, d, "true: \"x\"\n- y")
		again, err := Parse([]byte(out))
		if err != nil || !again.Has(Clusters, "true: \"x\"\n- y") {
			t.Errorf("%q: written and read: %v\n%s", text, err, out)
		}
	}
	for _, text := range []string{"[]", "x", "a: b: c", "a: 1\na: 2", "clusters: {}", "clusters: [1]", "---\na: 1\n---\nb: 2\n", "\xff", "\t", "a: *b", "{", `{"a":`, strings.Repeat("a", MaxSize+1)} {
		d, err := Parse([]byte(text))
		var e *kubeconfig.Error
		if !errors.As(err, &e) {
			t.Errorf("%.20q: %v, %v, want a *kubeconfig.Error", text, d, err)
		}
	}
}
