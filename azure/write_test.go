// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// edited changes the answers to some requests on their way.
type edited struct {
	next  http.RoundTripper
	match func(*http.Request) bool
	edit  func(map[string]any)
}

func (e edited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := e.next.RoundTrip(r)
	if err != nil || !e.match(r) || response.StatusCode >= 300 {
		return response, err
	}
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return nil, err
	}
	e.edit(body)
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(string(text))), int64(len(text))
	return response, nil
}

// member goes down into an object.
func member(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, name := range path {
		o, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("there is no object above %q", name)
		}
		v = o[name]
	}
	return v
}

// TestUpgradeCluster_body: the cluster goes back whole, with members that no SDK
// knows, and without what AKS refuses in a write.
func TestUpgradeCluster_body(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0"), nil)
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters/c"), func(c map[string]any) {
		properties := c["properties"].(map[string]any)
		properties["notYetInvented"] = map[string]any{"depth": json.Number("7")}
		properties["servicePrincipalProfile"] = map[string]any{"clientId": "msi"}
		pool := properties["agentPoolProfiles"].([]any)[0].(map[string]any)
		pool["creationData"] = map[string]any{"sourceResourceId": "/subscriptions/x/snapshots/y"}
		pool["windowDressing"] = "kept"
	}}
	sent := ""
	p.answer = func(r *http.Request) *http.Response {
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			sent = string(body)
			return replyWith(http.StatusConflict, `{"code":"OperationNotAllowed","message":"an operation is in progress"}`)
		}
		return nil
	}
	if _, err := h.UpgradeCluster(t.Context(), clusterC, "1.34"); pmks.CodeOf(err) != pmks.CodeBusy {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(sent), &got); err != nil {
		t.Fatal(err)
	}
	properties, _ := got["properties"].(map[string]any)
	pool := member(t, got, "properties").(map[string]any)["agentPoolProfiles"].([]any)[0].(map[string]any)
	version, _ := properties["kubernetesVersion"].(string)
	if !strings.HasPrefix(version, "1.34.") || pool["orchestratorVersion"] != version {
		t.Errorf("the versions are %q and %v", version, pool["orchestratorVersion"])
	}
	for _, name := range []string{"servicePrincipalProfile", "creationData"} {
		if _, there := properties[name]; there {
			t.Errorf("%s goes back", name)
		}
	}
	if _, there := pool["creationData"]; there || pool["windowDressing"] != "kept" || member(t, properties, "notYetInvented", "depth") != 7.0 {
		t.Errorf("the pool goes back as %v, the unknown member as %v", pool, properties["notYetInvented"])
	}
	if _, there := member(t, got, "identity").(map[string]any)["principalId"]; there {
		t.Error("the principal of the identity goes back")
	}
}

// TestChangeNodeGroupScaling_body: a pool goes back with what no SDK knows, and tags
// of other cases are not written twice.
func TestChangeNodeGroupScaling_body(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, p, s := tapped(t, seedOf("g0"), nil)
		p.next = edited{s.Transport(), ending(http.MethodGet, "/agentPools/g0"), func(pool map[string]any) {
			properties := pool["properties"].(map[string]any)
			properties["notYetInvented"] = []any{"kept"}
			properties["tags"] = map[string]any{"PMKS-MIN": "1", "Pmks-Max": "3", "owner": "me"}
		}}
		p.reset()
		sent := ""
		p.answer = func(r *http.Request) *http.Response {
			if r.Method == http.MethodPut {
				body, _ := io.ReadAll(r.Body)
				sent = string(body)
				return replyWith(http.StatusConflict, `{"code":"OperationNotAllowed","message":"an operation is in progress"}`)
			}
			return nil
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 3, 2, 5); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(sent), &got); err != nil {
			t.Fatal(err)
		}
		tags := member(t, got, "properties", "tags").(map[string]any)
		if len(tags) != 4 || tags["pmks-min"] != "2" || tags["pmks-max"] != "5" || tags["owner"] != "me" || tags["pmks-request"] == "" {
			t.Errorf("the tags are %v", tags)
		}
		if member(t, got, "properties", "notYetInvented") == nil || got["name"] != nil {
			t.Errorf("sent %v", got)
		}
	})
}

// TestUpgradeCluster_repairs: an upgrade that failed leaves a failed cluster, which
// takes the same call again.
func TestUpgradeCluster_repairs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, s := tapped(t, seedOf("g0", "g1"), nil)
		cancel := s.Inject(core.Fault{Kind: core.FaultFailLater, Op: "ManagedClusters_CreateOrUpdate", Reason: "PodDrainFailure: a disruption budget does not let a node go", Times: 1})
		_, err := pmks.Upgrade(t.Context(), h, clusterC, "1.34", pmks.WithInterval(time.Minute))
		cancel()
		if err == nil || !strings.Contains(err.Error(), "disruption budget") {
			t.Fatalf("the first upgrade: %v", err)
		}
		info, err := h.UpgradeCluster(t.Context(), clusterC, "1.34")
		if err != nil || info.Status != pmks.ClusterUpdating || info.StatusReason != "" {
			t.Fatalf("again: %s (%s), %v", info.Status, info.StatusReason, err)
		}
		upgraded, err := pmks.Upgrade(t.Context(), h, clusterC, "1.34", pmks.WithInterval(time.Minute))
		if err != nil || upgraded.Status != pmks.ClusterActive || !strings.HasPrefix(upgraded.Version, "1.34.") {
			t.Errorf("in the end %s of %s, %v", upgraded.Status, upgraded.Version, err)
		}
		for _, g := range upgraded.NodeGroupList {
			if g.Version != upgraded.Version || g.Status != pmks.NodeGroupActive {
				t.Errorf("%s is %s of %s", g.IId, g.Status, g.Version)
			}
		}
	})
}

// TestUpgradeCluster_repairsAtVersion: a cluster that failed at the version it is to
// have is mended by the same call; one that is stopped is refused, and one in a state
// that nobody knows is busy.
func TestUpgradeCluster_repairsAtVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _, s := tapped(t, seedOf("g0"), nil)
		if err := s.Force("c", "", profile.UpdateFailed, "Broken: by a test"); err != nil {
			t.Fatal(err)
		}
		if info, err := h.UpgradeCluster(t.Context(), clusterC, "1.33.6"); err != nil || info.Status != pmks.ClusterUpdating {
			t.Errorf("failed: %s, %v", info.Status, err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, clusterC, pmks.WithInterval(time.Minute)); err != nil {
			t.Errorf("it is not mended: %v", err)
		}
		if err := s.Show("c", "", "Hibernating"); err != nil {
			t.Fatal(err)
		}
		for _, version := range []string{"1.33.6", "1.34"} {
			if _, err := h.UpgradeCluster(t.Context(), clusterC, version); pmks.CodeOf(err) != pmks.CodeBusy {
				t.Errorf("unknown word, %s: %v", version, err)
			}
		}
		if _, err := h.AddNodeGroup(t.Context(), clusterC, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "more"}, VMSpecName: "Standard_D4s_v5", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1}); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("AddNodeGroup: %v", err)
		}
	})
}

// TestCreateCluster_key: the line break that ends a key file is not sent.
func TestCreateCluster_key(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\r\n", "\n", " "} {
		h, p, _ := tapped(t, core.Seed{}, nil)
		p.answer = func(r *http.Request) *http.Response {
			if strings.Contains(r.URL.Path, "/sshPublicKeys/") {
				body, _ := json.Marshal(map[string]any{"id": r.URL.Path, "name": "k", "properties": map[string]string{"publicKey": "ssh-rsa AAAAB3NzaC1yc2E me@here" + end}})
				return replyWith(http.StatusOK, string(body))
			}
			return nil
		}
		_, _ = h.CreateCluster(t.Context(), bench.SampleRequest("new")) // what the simulator thinks of the key is another matter
		if len(p.bodies) == 0 || !strings.Contains(p.bodies[0], `"keyData":"ssh-rsa AAAAB3NzaC1yc2E me@here"`) {
			t.Errorf("%q: sent %q", end, p.bodies)
		}
	}
}

// TestAddNodeGroup_where: a new pool goes where the cluster's first one is, whatever
// the configuration says of new clusters.
func TestAddNodeGroup_where(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0"), func(c *azure.Config) { c.Zones, c.MaxPods = []string{"3"}, 50 })
	p.next = edited{s.Transport(), ending(http.MethodGet, "/managedClusters/c"), func(c map[string]any) {
		pool := member(t, c, "properties").(map[string]any)["agentPoolProfiles"].([]any)[0].(map[string]any)
		pool["availabilityZones"], pool["maxPods"] = []string{"1", "2"}, 30
		pool["podSubnetID"] = strings.Replace(pool["vnetSubnetID"].(string), "subnet-01", "pods", 1)
	}}
	p.answer = func(r *http.Request) *http.Response {
		if r.Method == http.MethodPut {
			return replyWith(http.StatusConflict, `{"code":"OperationNotAllowed","message":"an operation is in progress"}`)
		}
		return nil
	}
	_, _ = h.AddNodeGroup(t.Context(), clusterC, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "more"}, VMSpecName: "Standard_D4s_v5", DesiredNodeSize: 1})
	var got map[string]any
	if len(p.bodies) != 1 || json.Unmarshal([]byte(p.bodies[0]), &got) != nil {
		t.Fatalf("sent %q", p.bodies)
	}
	zones, _ := member(t, got, "properties", "availabilityZones").([]any)
	subnet, _ := member(t, got, "properties", "podSubnetID").(string)
	if len(zones) != 2 || zones[0] != "1" || member(t, got, "properties", "maxPods") != 30.0 || !strings.HasSuffix(subnet, "/pods") {
		t.Errorf("sent %s", p.bodies[0])
	}
	if minimum := member(t, got, "properties", "tags", "pmks-min"); minimum != "1" {
		t.Errorf("the bounds that were left out are recorded as %v", minimum)
	}
}
