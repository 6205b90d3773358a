// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"testing"
)

// TestRequested: what an event tells of its request tells it from another one; what it
// does not tell, it does not.
func TestRequested(t *testing.T) {
	t.Parallel()
	want := requested{Count: "3", Enabled: "true", Min: "1", Max: "5", Version: "v1.33.4"}
	for details, same := range map[string]bool{
		`null`: true, `{}`: true, `"text"`: true, `[]`: true,
		`{"node_count":3,"nodegroup":"g"}`: true, `{"node_count":"3"}`: true, `{"node_count":4}`: false,
		`{"ca_enable":"True","ca_min_node_count":"1","ca_max_node_count":5}`: true, `{"ca_enable":false}`: false, `{"ca_max_node_count":9}`: false,
		`{"version":"v1.33.4","num_buffer_nodes":1}`: true, `{"version":"v1.34.3"}`: false,
	} {
		if got := (eventObject{Details: json.RawMessage(details)}).requested().is(want); got != same {
			t.Errorf("%s: got %t", details, got)
		}
	}
}

// TestAbout: an event is about a group by its id, by its name where there is no id, and
// about the cluster or its control plane where no group is meant.
func TestAbout(t *testing.T) {
	t.Parallel()
	const cluster = "c"
	byID, byName, master := eventObject{ResourceUUID: "g", ResourceName: "workers"}, eventObject{ResourceName: "workers"}, eventObject{ResourceUUID: "m", ResourceName: controlPlane}
	whole := eventObject{ResourceUUID: cluster, ResourceName: "demo"}
	for _, test := range []struct {
		name  string
		event eventObject
		group ref
		want  bool
	}{
		{"id", byID, ref{uuid: "g"}, true}, {"another-of-the-name", byID, ref{uuid: "h", name: "workers"}, false}, {"name", byName, ref{uuid: "g", name: "workers"}, true},
		{"other-name", byName, ref{name: "others"}, false}, {"cluster", whole, ref{}, true}, {"cluster-for-a-group", whole, ref{name: "demo"}, false},
		{"control-plane", master, ref{}, true}, {"control-plane-by-name", master, ref{name: controlPlane}, true}, {"group-for-the-cluster", byID, ref{}, false},
	} {
		if got := test.event.about(cluster, test.group); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
}

// TestNewest: the last event about a target; for a group without one, the creation of its
// cluster.
func TestNewest(t *testing.T) {
	t.Parallel()
	list := []eventObject{{ID: "1", Type: eventCreateCluster, ResourceUUID: "c"}, {ID: "2", Type: eventUpgrade, ResourceUUID: "g"}, {ID: "3", Type: eventUpgrade, ResourceName: controlPlane}}
	for group, want := range map[ref]text{{}: "3", {uuid: "g"}: "2", {uuid: "h"}: "1"} {
		if e := newest(list, "c", group); e == nil || e.ID != want {
			t.Errorf("%+v: got %+v", group, e)
		}
	}
	if newest(nil, "c", ref{}) != nil {
		t.Error("an event of none")
	}
}
