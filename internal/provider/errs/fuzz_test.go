// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/provider/errs"
)

// FuzzRetryAfter: whatever a server asks for, a wait is from nothing to an hour.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"", "7", "-1", "0.5", "1e400", "NaN", "-Inf", "99999999999999999999", "Mon, 02 Nov 2026 12:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "0x10"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := errs.RetryAfter(http.Header{"Retry-After": {text}}); d < 0 || d > time.Hour {
			t.Errorf("%q is %s", text, d)
		}
	})
}
