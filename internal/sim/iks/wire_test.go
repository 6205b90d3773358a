// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"reflect"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestWire_structs: the structs, written by hand, know every member that a request of
// the vendor's clients may have, and show none that they do not know.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for op, v := range map[string]any{
		"createCluster": createRequest{}, "createWorkerPool": createPoolRequest{}, "resizeWorkerPool": resizeRequest{}, "removeWorkerPool": poolNameRequest{},
		"setWorkerPoolLabels": labelsRequest{}, "replaceWorker": replaceRequest{}, "updateMaster": updateMasterRequest{}, "updateCluster": updateClusterRequest{},
		"patchClusterAddons": patchAddonsRequest{}, "setWorkerPoolTaints": taintsRequest{}, "patchWorkerPool": patchPoolRequest{},
		"createWorkerPoolZone": addZoneRequest{}, "removeWorkerPoolZone": removeZoneRequest{}, "enablePublicServiceEndpoint": clusterNameRequest{},
		"disablePublicServiceEndpoint": clusterNameRequest{}, "refreshMaster": clusterNameRequest{}, "refreshMasters": mastersRequest{},
	} {
		for _, fault := range table.Struct(table.Operations[op].Input, reflect.TypeOf(v), true) {
			t.Error(fault)
		}
	}
	for op, v := range map[string]any{
		"versions": map[string][]versionObject{}, "getFlavors": []flavorObject{}, "getQuota": []quotaObject{}, "getVPCs": []iksVPC{}, "getVPC": iksVPC{},
		"getSubnets": []iksSubnet{}, "createWorkerPool": createdPoolObject{}, "getClusters": []clusterSummary{}, "getCluster": clusterObject{},
		"getWorkerPools": []poolObject{}, "getWorkerPool": poolObject{}, "getWorkers": []workerObject{}, "getWorker": workerObject{},
		"getAddons": []addonObject{}, "getClusterAddons": []addonObject{},
	} {
		for _, fault := range table.Struct(table.Operations[op].Output, reflect.TypeOf(v), false) {
			t.Error(fault)
		}
	}
	for op := range table.Operations {
		if _, ok := simkit.Find(endpoints, func(e endpoint) bool { return e.op == op && e.handle != nil }); !ok {
			t.Errorf("%s is in the table and not simulated", op)
		}
	}
}

// TestWire_requests: a request that breaks one rule is refused, and one with any member
// replaced has an answer in JSON.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	w := newWorld(t)
	pool := w.poolBody("ng2", 1, 2)
	pool["cluster"] = "demo"
	for op, test := range map[string]struct {
		method, path string
		body         m
	}{
		"createCluster":       {"POST", "/v2/vpc/createCluster", w.clusterBody("new")},
		"createWorkerPool":    {"POST", "/v2/vpc/createWorkerPool", pool},
		"resizeWorkerPool":    {"POST", "/v2/resizeWorkerPool", m{"cluster": "demo", "workerpool": "ng1", "size": 3}},
		"removeWorkerPool":    {"POST", "/v2/removeWorkerPool", m{"cluster": "demo", "workerpool": "ng0"}},
		"setWorkerPoolLabels": {"POST", "/v2/setWorkerPoolLabels", m{"cluster": "demo", "workerpool": "ng1", "labels": m{"a": "b"}}},
		"setWorkerPoolTaints": {"POST", "/v2/setWorkerPoolTaints", m{"cluster": "demo", "workerpool": "ng1", "taints": m{"a": "b:NoSchedule"}}},
		"patchWorkerPool":     {"PATCH", "/v1/clusters/demo/workerpools/ng1", m{"state": "labels", "labels": m{"a": "b"}}},
		"createWorkerPoolZone": {"POST", "/v2/vpc/createWorkerPoolZone", m{
			"cluster": "demo", "workerpool": "ng1", "workerPoolID": "ng1", "id": w.subnet(1).Zone, "subnetID": w.subnet(1).ID,
		}},
		"removeWorkerPoolZone":         {"POST", "/v2/removeWorkerPoolZone", m{"cluster": "demo", "workerpool": "ng1", "zone": w.subnet(0).Zone}},
		"enablePublicServiceEndpoint":  {"POST", "/v2/enablePublicServiceEndpoint", m{"cluster": "demo"}},
		"disablePublicServiceEndpoint": {"POST", "/v2/disablePublicServiceEndpoint", m{"cluster": "demo"}},
		"refreshMaster":                {"POST", "/v2/refreshMaster", m{"cluster": "demo"}},
		"refreshMasters":               {"PUT", "/v1/clusters/demo/masters", m{"action": "refresh"}},
		"replaceWorker":                {"POST", "/v2/vpc/replaceWorker", m{"cluster": "demo", "workerID": "kube-1", "update": true}},
		"updateMaster":                 {"POST", "/v2/updateMaster", m{"cluster": "demo", "version": "1.35", "force": true}},
		"updateCluster":                {"PUT", "/v1/clusters/demo", m{"action": "update", "version": "1.35", "force": true}},
		"patchClusterAddons":           {"PATCH", "/v1/clusters/demo/addons", m{"addons": []m{{"name": autoscaler, "version": "2.0.0"}}, "enable": true}},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			wiretest.Request{
				Op: op, Body: test.body,
				Send: func(t *testing.T, body string) (status int, answer string) {
					t.Helper()
					w := newWorld(t)
					wiretest.Must(t, w.Put(core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{
						{IId: pmks.IID{NameId: "ng0"}, DesiredNodeSize: 1},
						{IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 1, Nodes: []pmks.IID{{SystemId: "kube-1"}}},
					}}))
					r := w.call(t, test.method, test.path, body)
					return r.status, string(r.body)
				},
			}.Run(t, table)
		})
	}
}

// TestServer_names: what the routes are called is unique for each service and method.
func TestServer_names(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range endpoints {
		key := e.service + " " + e.method + " " + e.path
		if seen[key] || e.op == "" {
			t.Errorf("%s is there twice, or without a name", key)
		}
		seen[key] = true
	}
}
