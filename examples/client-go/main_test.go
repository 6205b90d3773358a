// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"

	"github.com/pmks-go/pmks/examples/internal/exampletest"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	exampletest.CheckOutput(t, "go run ./examples/client-go", out.String())
}
