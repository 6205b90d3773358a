// SPDX-License-Identifier: Apache-2.0

package live

import (
	"reflect"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
)

// TestSetOwn: the kit opens GKE by the provider's own configuration, and no credential and
// no setting of pmks.Config is lost on the way.
func TestSetOwn(t *testing.T) {
	t.Parallel()
	var provider pmks.Provider
	for _, p := range pmks.Providers() {
		if p.Name == "gcp" {
			provider = p
		}
	}
	values := map[string]string{"pollInterval": "3s", "regional": "true", "protocol": "grpc"}
	for _, list := range [][]pmks.Setting{provider.Credentials, provider.Settings} {
		for _, s := range list {
			text, ok := values[s.Name]
			if !ok {
				text = "some-text"
			}
			var own gcp.Config
			if err := setOwn(&own, s.Name, text); err != nil {
				t.Error(err)
			}
			set := 0
			for _, field := range reflect.ValueOf(own).Fields() {
				if !field.IsZero() {
					set++
				}
			}
			if set != 1 {
				t.Errorf("%s: %d fields are set", s.Name, set)
			}
		}
	}
	for _, wrong := range [][2]string{{"protocol", "rest"}, {"nosuch", "x"}, {"regional", "maybe"}, {"pollInterval", "soon"}, {"transport", "x"}} {
		if err := setOwn(&gcp.Config{}, wrong[0], wrong[1]); err == nil {
			t.Errorf("%s %s is taken", wrong[0], wrong[1])
		}
	}
}
