// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestReadConnections: a directory as Kubernetes mounts a Secret.
func TestReadConnections(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one.yaml", "provider: fake\nregion: here\nsettings: {profile: aws}\n")
	write("two", `{"provider":"aws","credentials":{"accessKeyId":"AKIDEXAMPLE"}}`)
	write("..data", "not a connection")
	got, err := ReadConnections(dir)
	want := map[string]Connection{
		"one": {Provider: "fake", Region: "here", Settings: map[string]string{"profile": "aws"}},
		"two": {Provider: "aws", Credentials: map[string]string{"accessKeyId": "AKIDEXAMPLE"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	write("three.yaml", "provider: aws\nsecretKey: very-secret\n")
	if _, err := ReadConnections(dir); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "three.yaml") {
		t.Errorf("the error is %v", err)
	}
}

// TestConnections: each is opened once; what is wrong with one rests on no object.
func TestConnections(t *testing.T) {
	t.Parallel()
	c := NewConnections(map[string]Connection{
		"good": {Provider: "fake", Settings: map[string]string{"profile": "aws"}},
		"bad":  {Provider: "fake", Settings: map[string]string{"no-such": "setting"}},
	}, Observe)
	first, err := c.Client(t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := c.Client(t.Context(), "good"); err != nil || second != first {
		t.Errorf("it was opened twice: %v", err)
	}
	for _, name := range []string{"bad", "missing"} {
		_, err := c.Client(t.Context(), name)
		if !errors.Is(err, pmks.ErrFailedPrecondition) || terminal(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
