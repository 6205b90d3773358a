// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/examples/internal/exampletest"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		if err := run(&out); err != nil {
			t.Fatal(err)
		}
		exampletest.CheckOutput(t, "go run ./examples/cbspider-shim", out.String())
	})
}
