// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/pmks-go/pmks"
)

const foreignFile = `# my file
apiVersion: v1
kind: Config
future: {a: [1, 0x10]} # unknown
clusters:
- cluster:
    server: https://old
    proxy-url: socks5://localhost:1
  name: other
contexts:
- context: {cluster: other, user: other, note: mine}
  name: other
users:
- name: other
  user:
    token: "0123"
    x-unknown: stays
current-context: other
`

// home is a directory for kubeconfig files, with KUBECONFIG unset.
func home(t *testing.T) string {
	t.Helper()
	t.Setenv("KUBECONFIG", "")
	return t.TempDir()
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func loaded(t *testing.T, path string) *clientcmdapi.Config {
	t.Helper()
	c, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kubectl runs kubectl on a file: the one that PMKS_KUBECTL names, as in the gate, else
// the one in PATH. Where there is none the test is skipped.
func kubectl(t *testing.T, file string, args ...string) string {
	t.Helper()
	path := os.Getenv("PMKS_KUBECTL")
	if path == "" {
		path = "kubectl"
	}
	path, err := exec.LookPath(path)
	if err != nil && (os.Getenv("PMKS_KUBECTL") == "" || os.Getenv("PMKS_KUBECTL") == "none") {
		t.Skip("there is no kubectl in PATH; PMKS_KUBECTL may name one")
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"--kubeconfig", file}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestMergeKubeconfig_NewFile(t *testing.T) {
	c, dir := newCloud(t), home(t)
	file := filepath.Join(dir, "new", "config")
	e, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file))
	if want := (Entry{Context: "stub_demo", Cluster: "stub_demo", User: "stub_demo", File: file}); err != nil || e != want {
		t.Fatalf("%+v, %v, want %+v", e, err, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v, want 0600", info.Mode(), err)
	}
	k := loaded(t, file)
	if k.CurrentContext != "" || k.Clusters["stub_demo"].Server != c.endpoint || k.AuthInfos["stub_demo"].Token == "" {
		t.Errorf("read back: %v", k)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if e, err = MergeKubeconfig(t.Context(), c, demo, WithFile(file), WithCurrentContext(), WithNamespace("kube-system")); err != nil || !e.Current {
		t.Fatalf("%+v, %v", e, err)
	}
	if k := loaded(t, file); k.CurrentContext != "stub_demo" || k.Contexts["stub_demo"].Namespace != "kube-system" || !strings.HasPrefix(k.AuthInfos["stub_demo"].Token, "secret.2.") {
		t.Errorf("read back: %v", k)
	}
}

func TestMergeKubeconfig_OthersStay(t *testing.T) {
	c, dir := newCloud(t), home(t)
	file := filepath.Join(dir, "config")
	writeFile(t, file, foreignFile)
	e, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file), WithContext("prod: 'x'"))
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, file)
	for line := range strings.Lines(foreignFile) {
		if !strings.Contains(text, line) {
			t.Errorf("the line %q is gone", line)
		}
	}
	if want := "kubectl --kubeconfig " + file + ` --context 'prod: '\''x'\''' get nodes`; e.Command("get", "nodes") != want {
		t.Errorf("command %s, want %s", e.Command("get", "nodes"), want)
	}
	removed, err := RemoveKubeconfig(t.Context(), c, demo, WithFile(file))
	if err != nil || len(removed) != 1 || removed[0] != e {
		t.Fatalf("removed %+v, %v, want %+v", removed, err, e)
	}
	if text := readFile(t, file); text != foreignFile {
		t.Errorf("merged and removed it differs:\n%s", text)
	}
	if removed, err := RemoveKubeconfig(t.Context(), c, demo, WithFile(file)); err != nil || removed != nil {
		t.Errorf("removed again: %v, %v", removed, err)
	}
}

// TestMergeKubeconfig_WithKubectl lets kubectl work on the same file.
func TestMergeKubeconfig_WithKubectl(t *testing.T) {
	c, dir := newCloud(t), home(t)
	file := filepath.Join(dir, "config")
	kubectl(t, file, "config", "set-cluster", "other", "--server=https://other")
	kubectl(t, file, "config", "set-credentials", "other", "--token=x")
	kubectl(t, file, "config", "set-context", "other", "--cluster=other", "--user=other")
	kubectl(t, file, "config", "use-context", "other")
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file)); err != nil {
		t.Fatal(err)
	}
	if got := kubectl(t, file, "config", "get-contexts", "-o", "name"); got != "other\nstub_demo\n" {
		t.Errorf("contexts %q", got)
	}
	if got := kubectl(t, file, "config", "current-context"); got != "other\n" {
		t.Errorf("current context %q", got)
	}
	if got := kubectl(t, file, "config", "view", "--raw", "-o", `jsonpath={.clusters[?(@.name=="stub_demo")].cluster.server}`); got != c.endpoint {
		t.Errorf("server %q", got)
	}
	// kubectl writes the file in its own way and the user renames what is ours.
	kubectl(t, file, "config", "rename-context", "stub_demo", "mine")
	kubectl(t, file, "config", "set-context", "mine", "--namespace=team")
	c.set(func() {
		c.endpoint = "https://moved.example"
		c.authority = newAuthority(t)
	})
	e, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file))
	if want := (Entry{Context: "mine", Cluster: "stub_demo", User: "stub_demo", File: file}); err != nil || e != want {
		t.Fatalf("%+v, %v, want %+v", e, err, want)
	}
	k := loaded(t, file)
	if k.Clusters["stub_demo"].Server != c.endpoint || k.Contexts["mine"].Namespace != "team" || len(k.Contexts) != 2 || len(k.AuthInfos) != 2 {
		t.Errorf("read back: %v", k)
	}
	kubectl(t, file, "config", "use-context", "mine")
	if removed, err := RemoveKubeconfig(t.Context(), c, pmks.IID{NameId: "demo"}, WithFile(file)); err != nil || len(removed) != 1 {
		t.Fatal(removed, err)
	}
	if got := kubectl(t, file, "config", "get-contexts", "-o", "name"); got != "other\n" {
		t.Errorf("contexts %q", got)
	}
	if k := loaded(t, file); k.CurrentContext != "" || len(k.Clusters) != 1 || len(k.AuthInfos) != 1 {
		t.Errorf("read back: %v", k)
	}
}

// TestMergeKubeconfig_Together merges many clusters at once, beside kubectl.
func TestMergeKubeconfig_Together(t *testing.T) {
	c, dir := newCloud(t), home(t)
	file := filepath.Join(dir, "config")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			name := "c" + string(rune('a'+i))
			for {
				_, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file), WithContext(name))
				if err == nil {
					return
				}
				if !errors.Is(err, pmks.ErrBusy) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if k := loaded(t, file); len(k.Contexts) != 12 || len(k.AuthInfos) != 12 {
		t.Errorf("%d contexts, want 12", len(k.Contexts))
	}
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file)); !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "kube.WithContext") {
		t.Errorf("several contexts of the cluster: %v", err)
	}
	if removed, err := RemoveKubeconfig(t.Context(), c, demo, WithFile(file)); err != nil || len(removed) != 12 {
		t.Errorf("removed %d, %v", len(removed), err)
	}
}

func TestMergeKubeconfig_List(t *testing.T) {
	c, dir := newCloud(t), home(t)
	first, second, third := filepath.Join(dir, "first"), filepath.Join(dir, "second"), filepath.Join(dir, "third")
	t.Setenv("KUBECONFIG", strings.Join([]string{first, "", second, third, second}, string(filepath.ListSeparator)))
	if e, err := MergeKubeconfig(t.Context(), c, demo, WithContext("a")); err != nil || e.File != third {
		t.Errorf("no file is there: %q, %v, want the last, as kubectl", e.File, err)
	}
	writeFile(t, second, foreignFile)
	if e, err := MergeKubeconfig(t.Context(), c, demo, WithContext("b"), WithCurrentContext()); err != nil || e.File != second || !e.Current {
		t.Errorf("%+v, %v, want the first that is there", e, err)
	}
	if e, err := MergeKubeconfig(t.Context(), c, demo, WithContext("a")); err != nil || e.File != third {
		t.Errorf("%q, %v, want the one that holds the entry", e.File, err)
	}
	// Its user is in another file.
	k := loaded(t, third)
	user := k.AuthInfos["a"]
	delete(k.AuthInfos, "a")
	if err := clientcmd.WriteToFile(*k, third); err != nil {
		t.Fatal(err)
	}
	k = loaded(t, second)
	k.AuthInfos["a"] = user
	if err := clientcmd.WriteToFile(*k, second); err != nil {
		t.Fatal(err)
	}
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithContext("a")); err != nil || len(loaded(t, third).AuthInfos) != 0 || loaded(t, second).AuthInfos["a"].Token == user.Token {
		t.Errorf("the user was not changed where it is: %v", err)
	}
	if removed, err := RemoveKubeconfig(t.Context(), c, demo); err != nil || len(removed) != 2 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if k := loaded(t, second); len(k.AuthInfos) != 1 || len(k.Contexts) != 1 || k.CurrentContext != "" {
		t.Errorf("left: %v", k)
	}
	if k := loaded(t, third); len(k.AuthInfos)+len(k.Contexts)+len(k.Clusters) != 0 {
		t.Errorf("left: %v", k)
	}
}

func TestMergeKubeconfig_SomebodyElses(t *testing.T) {
	c, dir := newCloud(t), home(t)
	file := filepath.Join(dir, "config")
	writeFile(t, file, foreignFile)
	for _, opts := range [][]KubeconfigOption{{WithContext("other")}, {WithContext("other"), WithCurrentContext()}} {
		if _, err := MergeKubeconfig(t.Context(), c, demo, append(opts, WithFile(file))...); !errors.Is(err, pmks.ErrAlreadyExists) || !strings.Contains(err.Error(), "kube.WithOverwrite") {
			t.Errorf("error %v, want AlreadyExists", err)
		}
	}
	if _, err := RemoveKubeconfig(t.Context(), c, demo, WithFile(file), WithContext("other")); !errors.Is(err, pmks.ErrFailedPrecondition) {
		t.Errorf("error %v, want FailedPrecondition", err)
	}
	if text := readFile(t, file); text != foreignFile {
		t.Errorf("the file was changed:\n%s", text)
	}
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file), WithContext("other"), WithOverwrite()); err != nil {
		t.Fatal(err)
	}
	// A cluster that was made anew under its old name is another one.
	c.set(func() { c.info.IId.SystemId = "id-2" })
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file), WithContext("other")); !errors.Is(err, pmks.ErrAlreadyExists) {
		t.Errorf("error %v, want AlreadyExists", err)
	}
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file)); err != nil {
		t.Fatal(err)
	}
	if _, err := RemoveKubeconfig(t.Context(), c, demo, WithFile(file)); !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Errorf("two clusters of a name: %v, want InvalidArgument", err)
	}
	if removed, err := RemoveKubeconfig(t.Context(), c, pmks.IID{SystemId: "id-1"}, WithFile(file)); err != nil || len(removed) != 1 || removed[0].Context != "other" {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestMergeKubeconfig_BadFiles(t *testing.T) {
	c, dir := newCloud(t), home(t)
	for name, text := range map[string]string{
		"yaml": "clusters: [secret-in-it", "list": "- a", "kind": "kind: Pod\napiVersion: v1\n", "types": "clusters: [{name: [secret-in-it]}]", "twice": "users: []\nusers: []\n",
		"documents": "a: 1\n---\na: 2\n", "binary": "\x00\x01\xff", "name-twice": "contexts: [{name: stub_demo, context: {extensions: [{name: pmks, extension: {provider: stub, id: id-1}}]}}, {name: stub_demo, context: {}}]",
		// What is changed for our entry would change another one.
		"shared": "contexts: [{name: a, context: {cluster: a, user: a, extensions: [{name: pmks, extension: {provider: stub, id: id-1}}]}}]\nusers: [{name: a, user: &u {token: x}}, {name: other, user: *u}]\n",
	} {
		file := filepath.Join(dir, name)
		writeFile(t, file, text)
		_, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file))
		if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "kube.WithFile") || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want FailedPrecondition that names file and way out", name, err)
		}
		if got := readFile(t, file); got != text {
			t.Errorf("%s: the file was changed: %q", name, got)
		}
		if _, err := os.Lstat(file + ".lock"); err == nil {
			t.Errorf("%s: the lock is still there", name)
		}
	}
	if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(dir)); !errors.Is(err, pmks.ErrFailedPrecondition) {
		t.Errorf("a directory: %v", err)
	}
	for _, file := range []string{"/proc/no/file", "/dev/null/x"} {
		if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file)); !errors.Is(err, pmks.ErrFailedPrecondition) && !errors.Is(err, pmks.ErrPermissionDenied) || !strings.Contains(err.Error(), "kube.WithFile") {
			t.Errorf("%s: %v", file, err)
		}
	}
	if os.Geteuid() != 0 { // whom no mode stops
		file := filepath.Join(dir, "readonly")
		writeFile(t, file, foreignFile)
		if err := os.Chmod(file, 0o400); err != nil {
			t.Fatal(err)
		}
		if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file)); !errors.Is(err, pmks.ErrPermissionDenied) || readFile(t, file) != foreignFile {
			t.Errorf("a file that may not be written: %v", err)
		}
	}
	for _, opt := range []KubeconfigOption{WithContext("a\nb"), WithContext("\xff"), WithNamespace("\x1b[2J"), WithFile("x\x00y")} {
		if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(filepath.Join(dir, "f")), opt); !errors.Is(err, pmks.ErrInvalidArgument) {
			t.Errorf("a hostile option: %v", err)
		}
	}
}

func TestMergeKubeconfig_Locked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		file := filepath.Join(t.TempDir(), "it's mine")
		writeFile(t, file, foreignFile)
		writeFile(t, file+".lock", "")
		_, err := MergeKubeconfig(t.Context(), c, demo, WithFile(file))
		if !errors.Is(err, pmks.ErrBusy) || !strings.Contains(err.Error(), `rm -- '`) || !strings.Contains(err.Error(), `it'\''s mine.lock'`) {
			t.Errorf("error %v, want Busy with the way out", err)
		}
		if text := readFile(t, file); text != foreignFile {
			t.Error("the file was changed")
		}
	})
}

func TestKubeconfig_Kinds(t *testing.T) {
	c := newCloud(t)
	place := pmks.Config{Region: "eu-1", Endpoint: "https://proxy.example", Credentials: map[string]string{"key": "secret.credential"},
		Settings: map[string]string{"tenant": "t 'x'", "kubeconfigKind": "token", "credentialHelper": "y"}}
	text, err := Kubeconfig(t.Context(), c, demo, WithCredentialHelper("", place), WithContext("prod"), WithNamespace("team"))
	if err != nil || strings.Contains(text, "secret.") {
		t.Fatalf("%s, %v", text, err)
	}
	k, err := clientcmd.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"-provider", "stub", "-region", "eu-1", "-endpoint", "https://proxy.example", "-cluster", "demo:id-1", "-setting", "tenant=t 'x'"}
	if e := k.AuthInfos["prod"].Exec; e == nil || e.Command != "pmks-credential" || strings.Join(e.Args, "|") != strings.Join(want, "|") || k.CurrentContext != "prod" || k.Contexts["prod"].Namespace != "team" {
		t.Errorf("got %+v of %s", e, text)
	}
	place.Endpoint = "https://user:secret.password@proxy.example"
	if _, err := Kubeconfig(t.Context(), c, demo, WithCredentialHelper("", place)); !errors.Is(err, pmks.ErrInvalidArgument) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password in the endpoint: %v", err)
	}
	c.exec = true
	for _, opts := range [][]KubeconfigOption{nil, {WithEmbeddedCredential()}} {
		text, err := Kubeconfig(t.Context(), c, demo, opts...)
		if err != nil || strings.Contains(text, "exec:") != (opts == nil) || strings.Contains(text, "token:") != (opts != nil) {
			t.Errorf("%s, %v", text, err)
		}
	}
	c.exec, c.useCert = false, true
	if text, err = Kubeconfig(t.Context(), c, demo); err != nil || !strings.Contains(text, "client-key-data") {
		t.Error(err)
	}
	if text, err = Kubeconfig(t.Context(), c, demo, WithCredentialHelper("/opt/helper", pmks.Config{})); err != nil || !strings.Contains(text, "provideClusterInfo: true") || strings.Contains(text, "client-key-data") {
		t.Error(text, err)
	}
}

// TestNoAccess holds for all that asks for a way in.
func TestNoAccess(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*cloud)
		want   error
		says   string
	}{
		{"creating", func(c *cloud) { c.info.Status = pmks.ClusterCreating }, pmks.ErrBusy, "pmks.WaitClusterActive"},
		{"deleting", func(c *cloud) { c.info.Status = pmks.ClusterDeleting }, pmks.ErrFailedPrecondition, "being deleted"},
		{"stopped", func(c *cloud) { c.info.Status, c.info.StatusReason = pmks.ClusterInactive, "it is stopped" }, pmks.ErrFailedPrecondition, "it is stopped"},
		{"closed", func(c *cloud) { c.info.Status = pmks.ClusterUpdating }, pmks.ErrFailedPrecondition, "open one for the outside"},
		{"absent", func(c *cloud) { c.readErr = &pmks.Error{Code: pmks.CodeNotFound} }, pmks.ErrNotFound, ""},
		{"expired", func(c *cloud) { c.useCert, c.life = true, -1 }, pmks.ErrUnauthenticated, "clock"},
		{"expired-token", func(c *cloud) { c.life = -1 }, pmks.ErrUnauthenticated, "clock"},
		{"unread", func(c *cloud) {
			c.info.Status = pmks.ClusterUpdating
			c.endpoint = ""
			c.info.KeyValueList = pmks.AddUnread(nil, "Kubeconfig", &pmks.Error{Code: pmks.CodePermissionDenied})
		}, pmks.ErrFailedPrecondition, "endpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.change(c)
			_, err := RESTConfig(t.Context(), c, demo)
			var e *pmks.Error
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || !errors.As(err, &e) || e.Cluster != demo {
				t.Errorf("RESTConfig: %v, want %v that says %q", err, tt.want, tt.says)
			}
			if strings.HasPrefix(tt.name, "expired") {
				return // a file may hold what it holds
			}
			dir := home(t)
			if _, err := MergeKubeconfig(t.Context(), c, demo, WithFile(filepath.Join(dir, "config"))); !errors.Is(err, tt.want) {
				t.Errorf("MergeKubeconfig: %v, want %v", err, tt.want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	if _, err := RESTConfig(t.Context(), nil, demo); !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Errorf("no handler: %v", err)
	}
	if _, err := RESTConfig(t.Context(), newCloud(t), pmks.IID{}); !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Errorf("no name: %v", err)
	}
}
