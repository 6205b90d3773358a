// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestParseListings(t *testing.T) {
	if by, n, err := parseListings("sdk:20"); by != "sdk" || n != 20 || err != nil {
		t.Errorf("got %q, %d, %v", by, n, err)
	}
	for _, text := range []string{"", "pmks", "pmks:", "pmks:0", "pmks:-1", "other:3", "pmks:3:4"} {
		if _, _, err := parseListings(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestRefs(t *testing.T) {
	if n, err := refs("==7== \n==7== I   refs:      1,405,102,386\n"); n != 1405102386 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := refs("valgrind: command not found"); err == nil {
		t.Error("nothing counted is no error")
	}
}

// What is counted is the listing that is compared by time too.
func TestListings(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"pmks", "sdk"} {
		listings(t, "nhn", by, 2)
	}
}
