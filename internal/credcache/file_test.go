// SPDX-License-Identifier: Apache-2.0

//go:build unix

package credcache

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestCache_Get_spoiled: a file that cannot be trusted is passed over, and a good one
// takes its place.
func TestCache_Get_spoiled(t *testing.T) {
	t.Parallel()
	edit := func(change func(*entry)) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			var e entry
			text, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(text, &e)
			}
			if err != nil {
				t.Fatal(err)
			}
			change(&e)
			text, err = json.Marshal(e)
			if err == nil {
				err = os.WriteFile(path, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name  string
		spoil func(*testing.T, string)
	}{
		{"empty", write("")},
		{"not-json", write("{\"version\":1,")},
		{"another-value", write("[]")},
		{"null", write("null")},
		{"too-large", write(string(bytes.Repeat([]byte(" "), maxFile+1)))},
		{"appended", func(t *testing.T, path string) {
			t.Helper()
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, append(text, text...), 0o600))
		}},
		{"unknown-member", write(`{"version":1,"more":true}`)},
		{"other-version", edit(func(e *entry) { e.Version++ })},
		{"other-key", edit(func(e *entry) { e.Key = "00" + e.Key[2:] })},
		{"no-credential", edit(func(e *entry) { e.Token = "" })},
		{"two-credentials", edit(func(e *entry) { e.Certificate, e.PrivateKey = "c", "k" })},
		{"no-end", edit(func(e *entry) { e.Expires = e.Expires.AddDate(-2026, 0, 0) })},
		{"open-to-the-group", func(t *testing.T, path string) { t.Helper(); must(t, os.Chmod(path, 0o640)) }},
		{"open-to-all", func(t *testing.T, path string) { t.Helper(); must(t, os.Chmod(path, 0o644)) }},
		{"link", func(t *testing.T, path string) {
			t.Helper()
			elsewhere := filepath.Join(t.TempDir(), "x")
			must(t, os.Rename(path, elsewhere))
			must(t, os.Symlink(elsewhere, path))
		}},
		{"second-name", func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Link(path, filepath.Join(filepath.Dir(path), "y")))
		}},
		{"pipe", func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Remove(path))
			must(t, syscall.Mkfifo(path, 0o600))
		}},
		{"of-another-user", func(t *testing.T, path string) {
			t.Helper()
			if os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			must(t, os.Chown(path, 65534, -1))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.get(t, 0)
			path := b.path(b.Key("a"))
			test.spoil(t, path)
			if got := b.get(t, 0); got != "2" {
				t.Errorf("token %s", got)
			}
			if got := b.get(t, 0); got != "2" {
				t.Errorf("after that, token %s", got)
			}
			info, err := os.Lstat(path)
			must(t, err)
			if info.Mode() != 0o600 || !ownedByUser(info) || linked(info) {
				t.Errorf("the new file has mode %v", info.Mode())
			}
		})
	}
}

// TestCache_Get_directoryInTheWay: what cannot be replaced costs the cache, not the
// credential.
func TestCache_Get_directoryInTheWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := os.MkdirAll(filepath.Join(b.path(b.Key("a")), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2"} {
		if got := b.get(t, 0); got != want {
			t.Errorf("token %s, want %s", got, want)
		}
	}
	left, err := filepath.Glob(filepath.Join(b.dir, "*"+tempSuffix))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestOpen_ofAnotherUser: root, too, keeps nothing in another user's directory, who
// could not read it afterwards, or could.
func TestOpen_ofAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives directories away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir); err == nil {
		t.Error("it was taken")
	}
}
