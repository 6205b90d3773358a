// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// FuzzMerge puts an entry with any name and server into any file and takes it out again:
// what was there means the same to clientcmd, or the file is not touched.
func FuzzMerge(f *testing.F) {
	for _, text := range []string{"", foreignFile, `{"kind":"Config","users":[{"name":"a\ud83d\ude00","user":{"token":"\/"}}]}`, "clusters: &x []\nusers: *x\n", "contexts: [{name: a, context: {}}]\ncurrent-context: a\n",
		"users:\n- name: a\n  user: &u {token: |\n    x\n  }\n", "<<: {users: []}\n", "? a\n: b\n", "users: [{name: !!binary YQ==, user: {token: 1e3}}]\n", "%YAML 1.1\n---\nkind: Config\n...\n"} {
		f.Add([]byte(text), "demo", "https://203.0.113.7", "id")
		f.Add([]byte(text), "true\n- x: \"y\" \\ '#", "https://h/\u2028", "\u0085")
		f.Add([]byte(text), "100012345678", "https://[::1]:1", "")
	}
	f.Fuzz(func(t *testing.T, text []byte, name, server, id string) {
		k := kubeconfig.Config{Name: name, Server: server, Token: kubeconfig.NewSecret("secret.in.it")}
		if k.Validate() != nil || len(text) > 1<<16 {
			return
		}
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		o := kubeconfigOptions{file: file, overwrite: true}
		w := owner{"stub", pmks.IID{NameId: "n", SystemId: id}}
		e, err := merge(t.Context(), o, w, k)
		got, _ := os.ReadFile(file)
		if err != nil {
			var typed *pmks.Error
			if !errors.As(err, &typed) || strings.Contains(err.Error(), "secret") || string(got) != string(text) {
				t.Fatalf("error %v; the file holds\n%s\nand held\n%s", err, got, text)
			}
			return
		}
		before, err := load(text)
		if err != nil {
			t.Fatalf("merged into what cannot be read: %v", err)
		}
		after, err := clientcmd.Load(got)
		if err != nil || after.Clusters[e.Cluster] == nil || after.Clusters[e.Cluster].Server != server || after.AuthInfos[e.User].Token != "secret.in.it" || after.Contexts[e.Context].Cluster != e.Cluster {
			t.Fatalf("the entry is not there: %v\n%s", err, got)
		}
		if before.CurrentContext != after.CurrentContext {
			t.Fatalf("the current context was %q and is %q", before.CurrentContext, after.CurrentContext)
		}
		if _, err := merge(t.Context(), o, w, k); err != nil {
			t.Fatalf("merged again: %v\n%s", err, got)
		}
		again, _ := os.ReadFile(file)
		if string(again) != string(got) {
			t.Fatalf("merged again it differs:\n%s\n%s", got, again)
		}
		if _, err := remove(t.Context(), o, w); err != nil {
			t.Fatalf("removed: %v\n%s", err, got)
		}
		got, _ = os.ReadFile(file)
		last, err := clientcmd.Load(got)
		if err != nil || last.Contexts[e.Context] != nil {
			t.Fatalf("removed: %v\n%s", err, got)
		}
		for _, m := range []any{before, last} {
			c := reflect.ValueOf(m).Elem()
			for field, key := range map[string]string{"Contexts": e.Context, "Clusters": e.Cluster, "AuthInfos": e.User} {
				c.FieldByName(field).SetMapIndex(reflect.ValueOf(key), reflect.Value{})
			}
			c.FieldByName("CurrentContext").SetString("")
		}
		if !reflect.DeepEqual(before, last) {
			t.Fatalf("others changed:\n%s\n%s", text, got)
		}
	})
}

// FuzzShellWord has a shell print words.
func FuzzShellWord(f *testing.F) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("there is no sh in PATH")
	}
	for _, s := range []string{"", "a", "it's", "$(id)", "`id`", "a b", "\n", "-n", "\\", "'", "''", "a\tb;id", "~", "#x", "*", "é", "!x", "{a,b}", "a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") || len(s) > 1000 {
			return
		}
		out, err := exec.CommandContext(t.Context(), shell, "-c", "printf %s. "+shellWord(s)).Output()
		if err != nil || string(out) != s+"." {
			t.Fatalf("%q became %s: %q, %v", s, shellWord(s), out, err)
		}
	})
}
