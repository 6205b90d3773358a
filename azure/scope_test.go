// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// TestScope_region: a cluster of the resource group that is in another region is not
// listed, and so no method takes it for one of this connection, by its name or its id. Its
// name is taken all the same: names count for a resource group.
func TestScope_region(t *testing.T) {
	t.Parallel()
	group, pool := pmks.IID{NameId: "g0"}, bench.SampleNodeGroup("x")
	pool.KeyPairIID = pmks.IID{}
	for name, call := range map[string]func(c pmks.IID) providertest.Call{
		"get":       providertest.GetCluster,
		"delete":    providertest.DeleteCluster,
		"upgrade":   func(c pmks.IID) providertest.Call { return providertest.UpgradeCluster(c, "1.34") },
		"token":     providertest.GenerateClusterToken,
		"state":     func(c pmks.IID) providertest.Call { return providertest.ReadState(c, group) },
		"operation": func(c pmks.IID) providertest.Call { return providertest.LastOperation(c, pmks.IID{}) },
		"add":       func(c pmks.IID) providertest.Call { return providertest.AddNodeGroup(c, pool) },
		"check":     func(c pmks.IID) providertest.Call { return providertest.CheckNodeGroup(c, pool) },
		"remove":    func(c pmks.IID) providertest.Call { return providertest.RemoveNodeGroup(c, group) },
		"scale":     func(c pmks.IID) providertest.Call { return providertest.ChangeNodeGroupScaling(c, group, 3, 1, 5) },
		"switch":    func(c pmks.IID) providertest.Call { return providertest.SetNodeGroupAutoScaling(c, group, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 2, aks.Options{})
				here, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
				if err != nil {
					t.Fatal(err)
				}
				cfg := configFor(s)
				cfg.Location = "koreasouth"
				h := newHandlerWith(t, cfg)
				if list, err := h.ListIID(t.Context()); err != nil || len(list) != 0 {
					t.Fatalf("it is listed: %v, %v", list, err)
				}
				for _, iid := range []pmks.IID{{NameId: here.IId.NameId}, {SystemId: here.IId.SystemId}} {
					s.Reset()
					if err := call(iid)(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "koreacentral") {
						t.Errorf("%v: got %v", iid, err)
					}
					for _, op := range bench.Mutating {
						if n := s.Count(op); n != 0 {
							t.Errorf("%v: %d times %s", iid, n, op)
						}
					}
				}
			})
		})
	}
}
