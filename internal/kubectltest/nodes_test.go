// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"testing"

	"github.com/pmks-go/pmks"
)

// Every provider that is registered has its cloud here.
func TestClouds(t *testing.T) {
	t.Parallel()
	for _, p := range pmks.Providers() {
		if _, ok := clouds[p.Name]; !ok && p.Name != "fake" {
			t.Errorf("%s is not tried", p.Name)
		}
	}
}
