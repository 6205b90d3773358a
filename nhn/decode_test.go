// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestLabels: scalars of every type, lists, a text with the whole, none at all.
func TestLabels(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]labels{
		`{"a":"x","b":1,"c":true,"d":null,"e":[{"f":1}],"g":{"h":"i"}}`: {"a": "x", "b": "1", "c": "true", "d": "", "e": `[{"f":1}]`, "g": `{"h":"i"}`},
		`"{\"a\":\"x\"}"`: {"a": "x"},
		`null`:            nil, `[]`: nil, `7`: nil, `"text"`: nil, `{}`: {},
	} {
		var got labels
		if err := json.Unmarshal([]byte(body), &got); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", body, got, err, want)
		}
	}
}

// TestText reads numbers and truth values as NKS writes them.
func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[text]int{"3": 3, " 10 ": 10, "3.0": 3, "0": 0, "": -1, "-1": -1, "3.5": -1, "1e9": 1000000000, "1e99": -1, "NaN": -1, "ten": -1} {
		n, ok := in.number()
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%q: got %d, want %d", in, n, want)
		}
	}
	for in, want := range map[text]bool{"True": true, "true": true, "TRUE": true, "False": false, "": false, "1": false, "yes": false} {
		if in.isTrue() != want {
			t.Errorf("%q is %t", in, !want)
		}
	}
}

// TestSecurityGroups reads the label as a list, as a text with one, and as nothing.
func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"extra_security_groups":[{"target_subnet":"s","security_group_ids":"a,b"}]}`:             2,
		`{"extra_security_groups":"[{\"target_subnet\":\"s\",\"security_group_ids\":\"a, b,\"}]"}`: 2,
		`{"extra_security_groups":"none"}`:                                                         0, `{}`: 0,
	} {
		var l labels
		if err := json.Unmarshal([]byte(body), &l); err != nil {
			t.Fatal(err)
		}
		v := view{groups: []groupObject{{Name: firstGroup, Labels: l}}}
		if got := v.network(known{}).SecurityGroupIIDs; len(got) != want {
			t.Errorf("%s: got %v", body, got)
		}
	}
}

// TestAutoscaler_with: everything that was read is written, each of its type, but for
// what NKS does not take.
func TestAutoscaler_with(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"ca_enable":true,"ca_min_node_count":1,"ca_max_node_count":10,"ca_pod_replicas":2,"clusterautoscale":"nodegroupfeature","new":{"a":1},"nothing":null}`: `{"ca_enable":false,"ca_max_node_count":5,"ca_min_node_count":2,"ca_pod_replicas":2,"new":{"a":1}}`,
		`{"ca_enable":"True","ca_min_node_count":"1","ca_max_node_count":"10","ca_scale_down_enable":"True"}`:                                                    `{"ca_enable":"False","ca_max_node_count":"5","ca_min_node_count":"2","ca_scale_down_enable":"True"}`,
		`{"ca_enable":false}`: `{"ca_enable":false,"ca_max_node_count":5,"ca_min_node_count":2}`,
	} {
		var a autoscaler
		if err := json.Unmarshal([]byte(in), &a); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(a.with(false, 2, 5)); err != nil || string(got) != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", in, got, err, want)
		}
	}
}

// TestUpgradeObject: a number of buffer nodes of 0 is sent.
func TestUpgradeObject(t *testing.T) {
	t.Parallel()
	if got, _ := json.Marshal(upgradeObject{Version: "v1.33.4", BufferNodes: new(int)}); string(got) != `{"version":"v1.33.4","num_buffer_nodes":0}` {
		t.Errorf("got %s", got)
	}
}

// FuzzDecode: no answer, however odd, ends in a panic, and what becomes of it holds what
// it must hold.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"uuid":"u","name":"n","status":"CREATE_COMPLETE","labels":{"kube_tag":"v1.32.3"},"node_count":2,"health_status_reason":{"cluster":{"api_status":"NORMAL"}},"faults":{"a":"b"}}`,
		`{"status":7,"labels":"{}","node_count":"x","health_status_reason":"[]","faults":[]}`, `{"labels":[1]}`, `null`,
		`{"id":7,"type":"CLUSTER_RESIZE","state":"IN_PROGRESS","details":{"node_count":"3","nodegroup":"n"}}`, `{"id":"x","details":"text"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c clusterObject
		var g groupObject
		var e eventObject
		if json.Unmarshal(body, &c) != nil || json.Unmarshal(body, &g) != nil || json.Unmarshal(body, &e) != nil {
			return
		}
		v := view{cluster: c, groups: []groupObject{g}, events: []eventObject{e}}
		info := v.info(known{})
		if info.Status == pmks.ClusterInactive && info.StatusReason == "" {
			t.Errorf("%s: Inactive without a reason", body)
		}
		group := info.NodeGroupList[0]
		if group.DesiredNodeSize < 0 || group.MinNodeSize < 0 || group.MaxNodeSize < 1 {
			t.Errorf("%s: sizes %d of %d to %d", body, group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize)
		}
	})
}
