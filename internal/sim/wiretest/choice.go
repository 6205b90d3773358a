// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"reflect"
	"strings"
	"testing"
)

// Choice is a behaviour that no source settles, one of the assumptions A of a
// simulator, and what a test sees of it in a world W.
type Choice[A, W any] struct {
	Set  func(*A)
	Look func(*testing.T, W) string
	// Zero is what is seen under the zero value of A, and Other with Set.
	Zero, Other string
}

// NewChoice returns a Choice; its types follow from the functions.
func NewChoice[A, W any](set func(*A), look func(*testing.T, W) string, zero, other string) Choice[A, W] {
	return Choice[A, W]{Set: set, Look: look, Zero: zero, Other: other}
}

// Choices looks at a simulator under both answers to each choice. Each field of A
// must be one of them.
func Choices[A, W any](t *testing.T, start func(*testing.T, A) W, choices map[string]Choice[A, W]) {
	t.Helper()
	for _, field := range unset(choices) {
		t.Errorf("%s is not tested", field)
	}
	for name, c := range choices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var zero, other A
			c.Set(&other)
			if got := strings.TrimSpace(c.Look(t, start(t, zero))); got != c.Zero {
				t.Errorf("got  %s\nwant %s", got, c.Zero)
			}
			if got := strings.TrimSpace(c.Look(t, start(t, other))); got != c.Other {
				t.Errorf("with the choice: got  %s\nwant %s", got, c.Other)
			}
		})
	}
}

// unset returns the fields of A that no choice sets.
func unset[A, W any](choices map[string]Choice[A, W]) (names []string) {
	var all A
	for _, c := range choices {
		c.Set(&all)
	}
	v := reflect.ValueOf(all)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return names
}
