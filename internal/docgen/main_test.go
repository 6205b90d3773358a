// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestEnvNames: no two things of a provider are read from one environment variable,
// nor are those of two providers.
func TestEnvNames(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, p := range pmks.Providers() {
		names := []string{"region", "zone", "endpoint"}
		for _, s := range append(slices.Clone(p.Settings), p.Credentials...) {
			if !slices.Contains(names[3:], s.Name) { // what both lists have is one thing
				names = append(names, s.Name)
			}
		}
		for _, name := range names {
			env := p.EnvName(name)
			if before, taken := owner[env]; taken {
				t.Errorf("%s is read for %s and for %s of %s", env, before, name, p.Name)
			}
			owner[env] = name + " of " + p.Name
		}
	}
	if len(owner) < 100 {
		t.Errorf("only %d variables: the providers are missing", len(owner))
	}
}
