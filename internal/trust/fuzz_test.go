// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"bytes"
	"testing"

	"github.com/pmks-go/pmks/internal/trust"
)

// FuzzReport_Read: no file of verdicts panics, and what is taken of it can be written.
func FuzzReport_Read(f *testing.F) {
	for _, text := range []string{"", "{}", "null\n", `{"part":"faults","case":"x","kind":"503","n":-5}`, `{"part":"same","n":9223372036854775807,"faults":["x"],"reason":"|"}`, "{\n", "[]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r trust.Report
		if r.Read("toy", bytes.NewReader(text)) == nil && r.Text() == "" {
			t.Errorf("%q gives no report", text)
		}
	})
}
