// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// bothStates is one pair of words as a cluster and as an agent pool has it. Empty
// words are absent.
func bothStates(provisioning, power string, failure *armcontainerservice.ErrorDetail) (cluster, pool state) {
	c := &armcontainerservice.ManagedClusterProperties{}
	p := &poolProperties{}
	if provisioning != "" {
		c.ProvisioningState, p.ProvisioningState = &provisioning, &provisioning
	}
	if power != "" {
		c.PowerState = &armcontainerservice.PowerState{Code: new(armcontainerservice.Code(power))}
		p.PowerState = c.PowerState
	}
	if failure != nil {
		c.Status = &armcontainerservice.ManagedClusterStatus{ProvisioningError: failure}
		p.Status = &armcontainerservice.AgentPoolStatus{ProvisioningError: failure}
	}
	return clusterState(&armcontainerservice.ManagedCluster{Properties: c}), poolState(p)
}

// TestState goes through every provisioning state with every power state.
func TestState(t *testing.T) {
	t.Parallel()
	words := []struct {
		provisioning string
		want         pmks.ClusterStatus
		final        bool
	}{
		{"Creating", pmks.ClusterCreating, false},
		{"Succeeded", pmks.ClusterActive, false}, // unless it is stopped
		{"Updating", pmks.ClusterUpdating, false},
		{"Upgrading", pmks.ClusterUpdating, false},
		{"Scaling", pmks.ClusterUpdating, false},
		{"Starting", pmks.ClusterUpdating, false},
		{"Stopping", pmks.ClusterUpdating, false},
		{"Canceling", pmks.ClusterUpdating, false},
		{"Migrating", pmks.ClusterUpdating, false},
		{"UpgradingNodeImageVersion", pmks.ClusterUpdating, false},
		{"RotatingClusterCertificates", pmks.ClusterUpdating, false},
		{"Deleting", pmks.ClusterDeleting, false},
		{"Failed", pmks.ClusterInactive, true},
		{"Canceled", pmks.ClusterInactive, true},
		{"", pmks.ClusterInactive, false},
		// Words that nobody knows yet, and other casings of known ones.
		{"Hibernating", pmks.ClusterInactive, false},
		{"succeeded", pmks.ClusterInactive, false},
		{"SUCCEEDED", pmks.ClusterInactive, false},
		{" Succeeded", pmks.ClusterInactive, false},
	}
	tested := map[string]bool{}
	for _, word := range words {
		tested[word.provisioning] = true
		for _, power := range []string{"Running", "Stopped", "", "Dozing"} {
			want, final, native := word.want, word.final, word.provisioning
			if word.provisioning == "Succeeded" && power == "Stopped" {
				want, final, native = pmks.ClusterInactive, true, "Stopped"
			}
			t.Run(cmp.Or(word.provisioning, "absent")+"/"+cmp.Or(power, "absent"), func(t *testing.T) {
				t.Parallel()
				cluster, pool := bothStates(word.provisioning, power, nil)
				if cluster != pool {
					t.Fatalf("a cluster is %+v, a node group %+v", cluster, pool)
				}
				m := cluster.meaning()
				status, reason, gotFinal := m.Status, m.Reason, m.Final
				if status != want || gotFinal != final {
					t.Errorf("got %s final=%t, want %s final=%t", status, gotFinal, want, final)
				}
				if (status == pmks.ClusterInactive) != (reason != "") {
					t.Errorf("%s has the reason %q", status, reason)
				}
				if got := cluster.native(); got != native {
					t.Errorf("the native word is %q, want %q", got, native)
				}
			})
		}
	}
	for w := range statusTable {
		if !tested[w] {
			t.Errorf("%q is in statusTable and not in this test", w)
		}
	}
}

// TestState_UnknownWord: a word that nobody knows is told, and never Active.
func TestState_UnknownWord(t *testing.T) {
	t.Parallel()
	s, _ := bothStates("Hibernating", "Running", nil)
	if reason := s.meaning().Reason; !strings.Contains(reason, `"Hibernating"`) {
		t.Errorf("the reason %q does not name the word", reason)
	}
}

// TestState_Absent: nothing is dereferenced blindly.
func TestState_Absent(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]state{
		"cluster":             clusterState(&armcontainerservice.ManagedCluster{}),
		"cluster-empty-power": clusterState(&armcontainerservice.ManagedCluster{Properties: &armcontainerservice.ManagedClusterProperties{PowerState: &armcontainerservice.PowerState{}, Status: &armcontainerservice.ManagedClusterStatus{}}}),
		"pool":                poolState(&poolProperties{}),
		"pool-empty-power":    poolState(&poolProperties{PowerState: &armcontainerservice.PowerState{}, Status: &armcontainerservice.AgentPoolStatus{}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := s.meaning(); s != (state{}) || m.Status != pmks.ClusterInactive || m.Reason == "" || m.Final {
				t.Errorf("got %+v, which is %+v", s, m)
			}
		})
	}
}

// TestState_Reason: what AKS says of a failure replaces the general reason, with
// all its details.
func TestState_Reason(t *testing.T) {
	t.Parallel()
	detail := func(code, message string, details ...*armcontainerservice.ErrorDetail) *armcontainerservice.ErrorDetail {
		d := &armcontainerservice.ErrorDetail{Details: details}
		if code != "" {
			d.Code = &code
		}
		if message != "" {
			d.Message = &message
		}
		return d
	}
	for _, test := range []struct {
		name         string
		provisioning string
		power        string
		failure      *armcontainerservice.ErrorDetail
		want         string
	}{
		{"none", "Failed", "", nil, statusTable["Failed"].Reason},
		{"canceled", "Canceled", "", nil, statusTable["Canceled"].Reason},
		{"stopped", "Succeeded", "Stopped", nil, stopped.Reason},
		{"empty", "Failed", "", detail("", ""), statusTable["Failed"].Reason},
		{"code-only", "Failed", "", detail("AllocationFailed", ""), "AllocationFailed"},
		{"message-only", "Failed", "", detail("", "no capacity"), "no capacity"},
		{"both", "Failed", "Running", detail("AllocationFailed", "no capacity"), "AllocationFailed: no capacity"},
		{
			"details", "Failed", "Running",
			detail("ReconcileVMSSAgentPoolFailed", "provisioning failed", detail("SkuNotAvailable", "Standard_D4s_v5"), nil, detail("", "", detail("Inner", "deep"))),
			"ReconcileVMSSAgentPoolFailed: provisioning failed: SkuNotAvailable: Standard_D4s_v5: Inner: deep",
		},
		{"canceled-with-text", "Canceled", "", detail("AKSOperationPreempted", "replaced by another"), "AKSOperationPreempted: replaced by another"},
		{"unknown-word-with-text", "Hibernating", "", detail("Cold", "it is winter"), "Cold: it is winter"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cluster, pool := bothStates(test.provisioning, test.power, test.failure)
			for _, s := range []state{cluster, pool} {
				if got := s.meaning().Reason; got != test.want {
					t.Errorf("got %q, want %q", got, test.want)
				}
			}
		})
	}
}

// TestTables_Sorted reads the source: a map has no order of its own.
func TestTables_Sorted(t *testing.T) {
	t.Parallel()
	for _, table := range []struct{ file, name string }{
		{"api.go", "cloudTable"}, {"azure.go", "credentialTable"}, {"azure.go", "settingTable"},
		{"errors.go", "errorTable"}, {"errors.go", "hintTable"}, {"limits.go", "rateTable"},
		{"nodegroup.go", "diskTable"}, {"nodegroup.go", "imageTable"}, {"status.go", "statusTable"},
	} {
		t.Run(table.name, func(t *testing.T) {
			t.Parallel()
			keys := tableKeys(t, table.file, table.name)
			if len(keys) < 2 || !slices.IsSorted(keys) {
				t.Errorf("not sorted: %q", keys)
			}
		})
	}
}

// tableKeys returns the keys of a table in the order of the source: of a map, or of
// settings, whose key is their first text.
func tableKeys(t *testing.T, file, name string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != name {
			return true
		}
		table, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok {
			t.Fatalf("%s is %T", name, spec.Values[0])
		}
		for _, element := range table.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				element = pair.Key
			}
			keys = append(keys, firstLiteral(element))
		}
		return false
	})
	return keys
}

func firstLiteral(e ast.Expr) (text string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && text == "" {
			text = literal.Value
		}
		return text == ""
	})
	return text
}
