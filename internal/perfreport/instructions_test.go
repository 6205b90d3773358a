// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"testing"
)

func TestParseListings(t *testing.T) {
	if by, n, file, err := parseListings("sdk:20:/a:b"); by != "sdk" || n != 20 || file != "/a:b" || err != nil {
		t.Errorf("got %q, %d, %q, %v", by, n, file, err)
	}
	for _, text := range []string{"", "pmks", "pmks:", "pmks:3", "pmks:0:f", "pmks:-1:f", "other:3:f", "pmks:3:"} {
		if _, _, _, err := parseListings(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestSum(t *testing.T) {
	const counts = "desc: I1 cache\nevents: Ir\nfl=a.go\nfn=main.main\n3 100\n4 20\nfn=crypto/internal/fips140/rsa.GenerateKey\n7 5000\nfn=runtime.mallocgc\n0 3\nsummary: 5123\n"
	if n, err := sum(counts); n != 123 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, text := range []string{"", "events: Ir\nsummary: 5\n", "fn=a\n1 x\n"} {
		if n, err := sum(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}

// What is counted is the listing that is compared by time too.
func TestListings(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{"gcp", "nhn"} {
		file := filepath.Join(t.TempDir(), "answers")
		saveAnswers(t, cloud, file)
		for _, by := range []string{"pmks", "sdk"} {
			listings(t, cloud, by, 2, file)
		}
	}
}
