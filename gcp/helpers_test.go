// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"errors"
	"testing"

	"github.com/pmks-go/pmks"
)

// asError returns the pmks.Error of err.
func asError(t *testing.T, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of pmks", err)
	}
	return e
}
