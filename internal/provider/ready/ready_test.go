// SPDX-License-Identifier: Apache-2.0

package ready_test

import (
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	ok, busy, failed := pmks.CodeOK, pmks.CodeBusy, pmks.CodeFailedPrecondition
	for _, test := range []struct {
		name         string
		meaning      ready.Meaning
		change, mend pmks.Code
	}{
		{"active", ready.Meaning{Status: pmks.ClusterActive}, ok, ok},
		{"creating", ready.Meaning{Status: pmks.ClusterCreating}, busy, busy},
		{"updating", ready.Meaning{Status: pmks.ClusterUpdating}, busy, busy},
		{"deleting", ready.Meaning{Status: pmks.ClusterDeleting}, failed, failed},
		{"failed", ready.Meaning{Status: pmks.ClusterInactive, Final: true, Reason: "broken"}, failed, ok},
		{"degraded", ready.Meaning{Status: pmks.ClusterInactive, Reason: "weak"}, failed, ok},
		{"unknown", ready.Unknown("EKS", "HIBERNATING"), busy, busy},
		{"none", ready.Unknown("EKS", ""), busy, busy},
	} {
		if got := pmks.CodeOf(ready.Check("the cluster", "W", test.meaning)); got != test.change {
			t.Errorf("%s: Check says %s, want %s", test.name, got, test.change)
		}
		if got := pmks.CodeOf(ready.CheckMend("the cluster", "W", test.meaning)); got != test.mend {
			t.Errorf("%s: CheckMend says %s, want %s", test.name, got, test.mend)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	table := map[string]ready.Meaning{"ACTIVE": {Status: pmks.ClusterActive}}
	if m := ready.Lookup(table, "EKS", "ACTIVE"); m.Status != pmks.ClusterActive {
		t.Errorf("got %+v", m)
	}
	m := ready.Lookup(table, "EKS", "active").Because(" ")
	if m.Status != pmks.ClusterInactive || m.Final || !m.Unknown || m.Reason != `EKS reports the status "active", which pmks does not know` {
		t.Errorf("got %+v", m)
	}
	if m := m.Because("said so"); m.Reason != "said so" {
		t.Errorf("got %+v", m)
	}
}
