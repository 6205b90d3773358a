// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const secret = "s3cret/of+a=test"

// TestFind: a secret is found however it is written, and is never told.
func TestFind(t *testing.T) {
	t.Parallel()
	c := &Cage{}
	c.Add("a key", secret)
	c.Add("too short", "s3cret")
	for _, text := range []string{
		"x" + secret + "y", fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), "s3cret%2Fof%2Ba%3Dtest",
		base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%d", []byte(secret)), fmt.Sprintf("%q", secret),
	} {
		found := c.Find(text)
		if len(found) != 1 || !strings.HasPrefix(found[0], "a key") || strings.Contains(found[0], secret) {
			t.Errorf("in %q: %q", text, found)
		}
	}
	if found := c.Find("s3cret of a test"); len(found) != 0 || c.Len() != 1 {
		t.Errorf("got %q of %d", found, c.Len())
	}
	if c.Spare(secret); c.Len() != 0 {
		t.Error("what is spared is searched for")
	}
}

// TestAddKubeconfig: the members that are secret count, and the others do not.
func TestAddKubeconfig(t *testing.T) {
	t.Parallel()
	c := &Cage{}
	c.AddKubeconfig("clusters:\n- cluster:\n    server: https://api.example.com\nusers:\n- user:\n    client-key-data: QUJDREVGR0g=\n    token: \"abcdefghijk\"\n")
	if found := c.Find("QUJDREVGR0g= abcdefghijk https://api.example.com"); len(found) != 2 {
		t.Errorf("got %q", found)
	}
}

// open is a type that hides nothing.
type open struct{ Secret, Endpoint, Name string }

// TestShow: what hides nothing is seen everywhere, whatever it is in.
func TestShow(t *testing.T) {
	t.Parallel()
	c := &Cage{}
	filled, fields := Fill(c, open{Name: "x"})
	if !slices.Equal(fields, []string{"Secret", "Endpoint"}) || filled == (open{Name: "x"}) {
		t.Fatalf("filled are %q", fields)
	}
	for name, v := range Inside("value", filled) {
		found := 0
		for _, p := range Show(name, v) {
			found += len(c.Find(p.Text))
		}
		if found == 0 {
			t.Errorf("%s: nothing is found", name)
		}
	}
	inner := errors.New("refused: " + fmt.Sprint(filled))
	for _, p := range Show("error", fmt.Errorf("outer: %w", inner)) {
		if strings.Contains(p.Name, "unwrapped, under %v") && len(c.Find(p.Text)) == 2 {
			return
		}
	}
	t.Error("what an error wraps is not shown")
}
