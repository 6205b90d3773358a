// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
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
	if got, _ := json.Marshal(UpgradeRequest{Version: "v1.33.4", BufferNodes: new(int)}); string(got) != `{"version":"v1.33.4","num_buffer_nodes":0}` {
		t.Errorf("got %s", got)
	}
}

// asTagged reads a cluster and a node group by their tags, without the walker.
type (
	taggedCluster clusterObject
	taggedGroup   groupObject
	taggedServer  struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Zone      string `json:"OS-EXT-AZ:availability_zone"`
		Status    string `json:"status"`
		Addresses map[string][]struct {
			Address string `json:"addr"`
			Kind    string `json:"OS-EXT-IPS:type"`
		} `json:"addresses"`
	}
)

func (s taggedServer) addresses() []serverAddress {
	var list []serverAddress
	for vpc, addresses := range s.Addresses {
		for _, a := range addresses {
			list = append(list, serverAddress{vpc, a.Address, a.Kind})
		}
	}
	return sortedAddresses(list)
}

// labelsOf reads the labels of an object without the walker.
func labelsOf(body []byte) labels {
	var o struct{ Labels json.RawMessage }
	var inner string
	if json.Unmarshal(body, &o) == nil && json.Unmarshal(o.Labels, &inner) == nil && inner != "" {
		o.Labels = json.RawMessage(inner)
	}
	var all map[string]text
	if json.Unmarshal(o.Labels, &all) != nil {
		return nil
	}
	return all
}

func sortedAddresses(list []serverAddress) []serverAddress {
	slices.SortFunc(list, func(a, b serverAddress) int {
		return cmp.Or(cmp.Compare(a.vpc, b.vpc), cmp.Compare(a.address, b.address), cmp.Compare(a.kind, b.kind))
	})
	return list
}

// ambiguous reports whether an object has a member twice, or under a name in another case,
// which the walker and encoding/json do not read alike.
func ambiguous(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	type level struct {
		object bool
		seen   map[string]bool
	}
	var levels []level
	name := false // a name is due
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch delim, isDelim := token.(json.Delim); {
		case isDelim && (delim == '{' || delim == '['):
			levels = append(levels, level{delim == '{', map[string]bool{}})
			name = delim == '{'
			continue
		case isDelim:
			levels = levels[:len(levels)-1]
		case name:
			text, _ := token.(string)
			key := strings.ToLower(text)
			if in := levels[len(levels)-1]; in.seen[key] || key != text && !strings.HasPrefix(text, "OS-EXT-") || key == text && strings.HasPrefix(text, "os-ext-") {
				return true
			} else {
				in.seen[key] = true
			}
			name = false
			continue
		}
		name = len(levels) > 0 && levels[len(levels)-1].object
	}
}

// FuzzWalker: the walker reads every answer as encoding/json does, or refuses it as that
// does.
func FuzzWalker(f *testing.F) {
	for _, body := range []string{
		`{"uuid":"u","name":"n\u00e9\n","status":"CREATE_COMPLETE","status_reason":null,"labels":{"kube_tag":"v1.32.3","a":[1,{"b":"]}"}],"t\"x":true},"node_count":2,"health_status_reason":{"cluster":{"api_status":"NORMAL"}},"faults":{"a":"b"}}`,
		`{"uuid":7}`, `{"uuid":{}}`, `{"status":7,"labels":"{\"a\":1}","node_count":"x","health_status_reason":"[]","faults":[]}`, `{"labels":[1]}`, `null`, `[]`, `"x"`, `{}`,
		`{"labels":" {\"a\" : [ ] , \"b\":null}","uuid":null}`, `{"labels":"{"}`, `{ "labels" : { } , "node_addresses" : [ "10.0.0.1" , null ] }`,
		`{"uuid":"u","node_addresses":["10.0.0.1","10.0.0.2"],"min_node_count":1.0,"labels":{}}`, `{"node_addresses":[1]}`, `{"node_addresses":[]}`, `{"node_addresses":null}`, `{"node_addresses":"x"}`,
		`{"id":"s","name":"n","OS-EXT-AZ:availability_zone":"z","addresses":{"v":[{"addr":"10.0.0.1","OS-EXT-IPS:type":"fixed","version":4},null],"w":null}}`,
		`{"id":"s","addresses":{"v":[7]}}`, `{"id":"s","addresses":{"v":{}}}`, `{"id":"s","addresses":[]}`, `{"id":"s","addresses":null,"status":"\ud800"}`, "{\"name\":\"\xff\"}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, direct := range []walked{&clusterObject{}, &groupObject{}, &serverObject{}} {
			_ = unmarshal(body, direct) // of what is no JSON it makes anything, but it comes back
		}
		if ambiguous(body) {
			return
		}
		var c clusterObject
		var tc taggedCluster
		alike(t, body, json.Unmarshal(body, &c), json.Unmarshal(body, &tc), &c, (*clusterObject)(&tc))
		if want := labelsOf(body); !maps.Equal(c.Labels, want) || (c.Labels == nil) != (want == nil) {
			t.Errorf("%s:\ngot  %v\nwant %v", body, c.Labels, want)
		}
		var g groupObject
		var tg taggedGroup
		alike(t, body, json.Unmarshal(body, &g), json.Unmarshal(body, &tg), &g, (*groupObject)(&tg))
		var s serverObject
		var ts taggedServer
		err, want := json.Unmarshal(body, &s), json.Unmarshal(body, &ts)
		s.Addresses = sortedAddresses(s.Addresses)
		alike(t, body, err, want, &s, &serverObject{ID: ts.ID, Name: ts.Name, Zone: ts.Zone, Status: ts.Status, Addresses: ts.addresses()})
		var p pageOf[groupObject]
		var tp struct{ List []taggedGroup }
		page := slices.Concat([]byte(`{"list":[`), body, []byte(`],"next":"x","list_links":[]}`))
		p.key = "list"
		err, want = json.Unmarshal(page, &p), json.Unmarshal(page, &tp)
		if err == nil {
			err = p.err
		}
		var list []groupObject
		for _, g := range tp.List {
			list = append(list, groupObject(g))
		}
		alike(t, page, err, want, p.items, list)
	})
}

func alike(t *testing.T, body []byte, err, wantErr error, got, want any) {
	t.Helper()
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s:\ngot  %v\nwant %v", body, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", body, got, want)
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
