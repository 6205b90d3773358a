// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestScope_byID: the API of IKS is that of all regions. A cluster of another one is
// refused by every method that is given its id, however often, and with it its pools.
func TestScope_byID(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(c, g pmks.IID) providertest.Call{
		"get":              func(c, _ pmks.IID) providertest.Call { return providertest.GetCluster(c) },
		"delete":           func(c, _ pmks.IID) providertest.Call { return providertest.DeleteCluster(c) },
		"upgrade":          func(c, _ pmks.IID) providertest.Call { return providertest.UpgradeCluster(c, "1.34") },
		"state":            func(c, _ pmks.IID) providertest.Call { return providertest.ReadState(c, pmks.IID{}) },
		"state-of-group":   providertest.ReadState,
		"operation":        func(c, _ pmks.IID) providertest.Call { return providertest.LastOperation(c, pmks.IID{}) },
		"operation-of-one": providertest.LastOperation,
		"add":              func(c, _ pmks.IID) providertest.Call { return providertest.AddNodeGroup(c, bench.SampleNodeGroup("x")) },
		"check": func(c, _ pmks.IID) providertest.Call {
			return providertest.CheckNodeGroup(c, bench.SampleNodeGroup("x"))
		},
		"group":      getGroup,
		"tags":       func(c, _ pmks.IID) providertest.Call { return setTags(c) },
		"findings":   func(c, _ pmks.IID) providertest.Call { return findings(c) },
		"remove":     providertest.RemoveNodeGroup,
		"scale":      func(c, g pmks.IID) providertest.Call { return providertest.ChangeNodeGroupScaling(c, g, 3, 1, 5) },
		"switch-on":  func(c, g pmks.IID) providertest.Call { return providertest.SetNodeGroupAutoScaling(c, g, true) },
		"switch-off": func(c, g pmks.IID) providertest.Call { return providertest.SetNodeGroupAutoScaling(c, g, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := iks.New(iks.Options{})
				if err := s.Put(seed("demo", "ng1", "ng2")); err != nil {
					t.Fatal(err)
				}
				there, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "demo"})
				if err != nil {
					t.Fatal(err)
				}
				cfg := configFor(s)
				cfg.Region = "eu-de"
				h := newHandlerWith(t, cfg)
				cluster, group := pmks.IID{SystemId: there.IId.SystemId}, there.NodeGroupList[1].IId
				for _, g := range []pmks.IID{{SystemId: group.SystemId}, {NameId: group.NameId}, {SystemId: group.SystemId}} {
					s.Reset()
					if err := call(cluster, g)(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "us-south") {
						t.Errorf("%v: got %v", g, err)
					}
					for _, op := range bench.Mutating {
						if n := s.Count(op); n != 0 {
							t.Errorf("%v: %d times %s", g, n, op)
						}
					}
				}
			})
		})
	}
}
