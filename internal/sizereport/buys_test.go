// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

// TestMore: every byte is in one row, and what no symbol has in the last.
func TestMore(t *testing.T) {
	t.Parallel()
	const m = "example.com/m"
	sdk := size{program: program{name: "sdk"}, small: 10_000, packages: []weight{{"slices", 1000}, {"vendor.com/sdk", 4000}}}
	ours := size{program: program{name: "ours", against: "sdk"}, small: 50_000, packages: []weight{{m + "/aws", 9000}, {m, 8000}, {m + "/internal/provider/errs", 3000},
		{m + "/internal/kver", 2000}, {"go.yaml.in/yaml/v2", 5000}, {"slices", 2000}, {"vendor.com/sdk", 4000}, {"net/http", 1000}, {typesAndStrings, 500}}}
	got := more(m, ours, sdk)
	want := map[string]int64{"the provider": 9000, "pmks itself": 8000, "internal/provider": 3000, "internal, the rest": 2000, "YAML reader": 5000,
		"other modules": 0, "slices": 1000, "standard library, the rest": 1000, "types, strings, runtime": 500, functionTables: 10_500}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var out bytes.Buffer
	if err := buys(&out, m, []size{sdk, ours}); err != nil || !strings.Contains(out.String(), "together    40") {
		t.Errorf("%v: %s", err, &out)
	}
	out.Reset()
	if err := buys(&out, m, []size{{program: program{name: "ours"}}}); err != nil || out.Len() > 0 {
		t.Errorf("%v: %s", err, &out)
	}
}
