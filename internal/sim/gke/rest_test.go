// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_rest: what REST refuses before a method is asked.
func TestServer_rest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	const root = "/v1/projects/pmks-sim/locations/" + zoneA
	for _, tt := range []struct {
		name, method, target, kind, body string
		status                           int
		word                             string
	}{
		{"list", "GET", root + "/clusters?alt=json&prettyPrint=false", "", "", 200, ""},
		{"old-route", "GET", "/v1/projects/pmks-sim/zones/" + zoneA + "/clusters", "", "", 400, "INVALID_ARGUMENT"},
		{"old-field", "GET", root + "/clusters?projectId=pmks-sim", "", "", 400, "INVALID_ARGUMENT"},
		{"query", "GET", root + "/clusters?color=red", "", "", 400, "INVALID_ARGUMENT"},
		{"get-body", "GET", root + "/clusters", "application/json", "{}", 400, "INVALID_ARGUMENT"},
		{"no-route", "GET", "/v1/projects/pmks-sim", "", "", 404, "NOT_FOUND"},
		{"no-method", "PATCH", root + "/clusters/demo", "", "", 404, "NOT_FOUND"},
		{"no-verb", "POST", root + "/clusters/demo:explode", "application/json", "{}", 404, "NOT_FOUND"},
		{"bad-query", "GET", root + "/clusters?%zz", "", "", 404, "NOT_FOUND"},
		{"dots", "GET", root + "/clusters/..%2Fdemo", "", "", 400, "INVALID_ARGUMENT"},
		{"dot-dot", "GET", root + "/clusters/..", "", "", 400, "INVALID_ARGUMENT"},
		{"location", "GET", "/v1/projects/pmks-sim/locations/mars/clusters", "", "", 400, "INVALID_ARGUMENT"},
		{"all-locations", "GET", "/v1/projects/pmks-sim/locations/-/clusters/demo", "", "", 400, "INVALID_ARGUMENT"},
		{"kind", "POST", root + "/clusters", "text/plain", "{}", 400, "INVALID_ARGUMENT"},
		{"json", "POST", root + "/clusters", "application/json", "{", 400, "INVALID_ARGUMENT"},
		{"unknown", "POST", root + "/clusters", "application/json", `{"cluster":{"color":"red"}}`, 400, "INVALID_ARGUMENT"},
		{"empty", "POST", root + "/clusters", "", "", 400, "INVALID_ARGUMENT"},
		{"not-simulated", "POST", root + "/clusters/demo:setLegacyAbac", "application/json", `{"enabled":true}`, 501, "UNIMPLEMENTED"},
		{"large", "POST", root + "/clusters", "application/json", `{"cluster":{"name":"` + strings.Repeat("a", maxBody) + `"}}`, 400, "INVALID_ARGUMENT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, body := w.send(t, tt.method, simURL+tt.target, tt.body, "Content-Type", tt.kind)
			var e errorBody
			if err := json.Unmarshal([]byte(body), &e); err != nil || status != tt.status || e.Error.Status != tt.word {
				t.Errorf("got %d %.400s, want %d %s", status, body, tt.status, tt.word)
			}
			if tt.word != "" && (e.Error.Code != status || len(e.Error.Errors) != 1 || e.Error.Message == "" || !strings.Contains(body, "google.rpc.RequestInfo")) {
				t.Errorf("the error is %s", body)
			}
		})
	}
}

// TestServer_enums: REST writes enums as numbers when it is asked to.
func TestServer_enums(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	for query, want := range map[string]string{"": `"status":"RUNNING"`, "?%24alt=json%3Benum-encoding%3Dint": `"status":2`} {
		if _, body := w.send(t, http.MethodGet, simURL+"/v1/"+clusterName("demo")+query, ""); !strings.Contains(body, want) {
			t.Errorf("with %q there is no %s", query, want)
		}
	}
}

// TestServer_names: names that are not those of resources, over both protocols.
func TestServer_names(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"", "demo", inZone, inZone + "/clusters/", inZone + "/clusters/Demo", inZone + "/clusters/a/nodePools/b",
		"projects//locations/" + zoneA + "/clusters/a", inZone + "/clusters/a/", "/" + inZone + "/clusters/a"} {
		_, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: name})
		if codeOf(err) != codes.InvalidArgument {
			t.Errorf("%q: got %v", name, err)
		}
	}
	_, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("a"), Zone: zoneA})
	if codeOf(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "zone must not be set") {
		t.Errorf("a deprecated field: %v", err)
	}
	if _, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: strings.Replace(clusterName("a"), DefaultProject, DefaultProjectNumber, 1)}); codeOf(err) != codes.NotFound {
		t.Errorf("by the number of the project: %v", err)
	}
}

// TestServer_readBack: what comes back of a request, and what is added.
func TestServer_readBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *containerpb.Cluster) {
		c.IpAllocationPolicy.ClusterSecondaryRangeName, c.IpAllocationPolicy.ServicesSecondaryRangeName = "pods", "services"
		c.NodePools[0].Config.DiskType, c.NodePools[0].Config.DiskSizeGb = "", 0
		c.NodePools[0].Config.Metadata = map[string]string{"ssh-keys": "cb-user:ssh-rsa AAAA cb-user"}
	})
	c := w.get(t, "demo")
	config := c.GetNodePools()[0].GetConfig()
	for _, tt := range []struct{ what, got, want string }{
		{"network", c.GetNetwork(), "vpc-01"},
		{"subnetwork", c.GetSubnetwork(), "subnet-01"},
		{"networkConfig", c.GetNetworkConfig().GetNetwork(), "projects/pmks-sim/global/networks/vpc-01"},
		{"location", c.GetLocation() + c.GetZone(), zoneA + zoneA},
		{"selfLink", c.GetSelfLink(), "https://container.googleapis.com/v1/projects/pmks-sim/zones/" + zoneA + "/clusters/demo"},
		{"pods", c.GetClusterIpv4Cidr(), "10.4.0.0/14"},
		{"services", c.GetServicesIpv4Cidr(), "10.8.0.0/20"},
		{"channel", c.GetReleaseChannel().GetChannel().String(), "REGULAR"},
		{"version", c.GetCurrentMasterVersion(), "1.33.5-gke.2072000"},
		{"disk", fmt.Sprint(config.GetDiskType(), config.GetBootDisk().GetSizeGb()), "pd-balanced100"},
		{"metadata", config.GetMetadata()["disable-legacy-endpoints"] + config.GetMetadata()["ssh-keys"][:7], "truecb-user"},
		{"resourceLabels", config.GetResourceLabels()[provisioningLabel], "on-demand"},
		{"account", config.GetServiceAccount(), "default"},
		{"fingerprint", c.GetLabelFingerprint(), fingerprint(map[string]string{"env": "test"})},
		{"created", c.GetCreateTime(), "2026-11-02T09:30:00Z"},
		{"dns", fmt.Sprint(c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetAllowExternalTraffic()), "false"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %q, want %q", tt.what, tt.got, tt.want)
		}
	}
	if len(c.GetId()) != 64 || c.GetMasterAuth().GetClusterCaCertificate() == "" || !c.GetNodePools()[0].GetManagement().GetAutoUpgrade() {
		t.Errorf("it is %v", c)
	}
	// A deleted cluster that is made again is another one.
	id := c.GetId()
	wiretest.OK(deleteCluster("demo")(t.Context(), w.gke))(t)
	w.pass()
	w.create(t, "demo")
	if w.get(t, "demo").GetId() == id {
		t.Error("it has the id of the one before")
	}
}

// TestServer_hands: what a test can do to the cloud from behind.
func TestServer_hands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	wiretest.Must(t, w.Alter("demo", func(c *containerpb.Cluster) { c.Status = 99 }))
	if got := w.get(t, "demo").GetStatus(); got != 99 {
		t.Errorf("the status is %s", got)
	}
	if err := w.Alter("demo", nil); err != nil || w.get(t, "demo").GetStatus() != running {
		t.Errorf("it stays altered, %v", err)
	}
	for _, tt := range []struct {
		kind containerpb.Operation_Type
		want codes.Code
	}{{containerpb.Operation_AUTO_UPGRADE_NODES, codes.FailedPrecondition}, {containerpb.Operation_AUTO_REPAIR_NODES, codes.OK}} {
		name, err := w.Start("demo", "ng1", tt.kind, time.Minute)
		if err != nil || !strings.HasPrefix(name, "operation-") {
			t.Fatalf("got %q, %v", name, err)
		}
		w.clock.Add(5 * time.Second)
		if got := line(w.get(t, "demo")); !strings.HasPrefix(got, "RECONCILING ng1:RECONCILING") {
			t.Errorf("it is %s", got)
		}
		if _, err := size("ng1", 3)(t.Context(), w.gke); codeOf(err) != tt.want {
			t.Errorf("while there is %s: %v", tt.kind, err)
		}
		w.pass()
	}
	for _, err := range []error{
		func() error { return wiretest.Err(w.Start("none", "", 1, 0)) }(),
		func() error { return wiretest.Err(w.Start("demo", "none", 1, 0)) }(),
		w.Alter("none", nil),
	} {
		if err == nil {
			t.Error("it was done to what is not there")
		}
	}
	busy := newWorld(t, func(o *Options) { o.Upkeep = 1 })
	op := wiretest.OK(busy.gke.CreateCluster(t.Context(), clusterRequest("demo")))(t)
	end, _ := busy.NextEvent()
	busy.clock.Add(end.Sub(busy.clock.Now()))
	if op = busy.read(t, op); op.GetStatus() != containerpb.Operation_DONE {
		t.Fatalf("the operation is %v", op)
	}
	if _, err := size("ng1", 3)(t.Context(), busy.gke); codeOf(err) != codes.FailedPrecondition {
		t.Errorf("GKE has no operation of its own: %v", err)
	}
}

// TestServer_cancel: an upgrade of nodes can be canceled, other operations cannot.
func TestServer_cancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	for i, tt := range []struct {
		call mutation
		want codes.Code
	}{{master("1.34"), codes.FailedPrecondition}, {nodes("ng1", "-", "COS"), codes.OK}, {nodes("ng1", "1.33.5-gke.2072000", "COS"), codes.OK}} {
		op := wiretest.OK(tt.call(t.Context(), w.gke))(t)
		err := w.gke.CancelOperation(t.Context(), &containerpb.CancelOperationRequest{Name: opName(op)})
		if codeOf(err) != tt.want {
			t.Errorf("call %d: got %v, want %v", i, err, tt.want)
		}
		if tt.want == codes.OK {
			if op = w.read(t, op); op.GetStatus() != containerpb.Operation_DONE || !strings.Contains(op.GetStatusMessage(), "canceled") {
				t.Errorf("call %d: it is %v", i, op)
			}
		}
		w.pass()
	}
	err := w.gke.CancelOperation(t.Context(), &containerpb.CancelOperationRequest{Name: inZone + "/operations/none"})
	if codeOf(err) != codes.NotFound {
		t.Errorf("what there is not: %v", err)
	}
}

// TestServer_pages: the only list of GKE that comes in pages.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	it := w.gke.ListUsableSubnetworks(t.Context(), &containerpb.ListUsableSubnetworksRequest{Parent: "projects/pmks-sim", PageSize: 1})
	for {
		sub, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, sub.GetSubnetwork())
	}
	if len(names) != 4 || w.Count("ListUsableSubnetworks") != 4 || !slices.Contains(names, "projects/pmks-sim/regions/us-central1/subnetworks/subnet-far") {
		t.Errorf("got %v in %d calls", names, w.Count("ListUsableSubnetworks"))
	}
	for _, req := range []*containerpb.ListUsableSubnetworksRequest{
		{Parent: "projects/pmks-sim", PageSize: 501}, {Parent: "projects/pmks-sim", PageToken: "99"}, {Parent: inZone},
	} {
		if _, err := w.gke.ListUsableSubnetworks(t.Context(), req).Next(); codeOf(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", req, err)
		}
	}
}

// TestServer_lag: for a while reads show what was before.
func TestServer_lag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = 4 * time.Second })
	wiretest.OK(w.gke.CreateCluster(t.Context(), clusterRequest("demo")))(t)
	for _, want := range []codes.Code{codes.NotFound, codes.OK} {
		if _, err := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("demo")}); codeOf(err) != want {
			t.Errorf("got %v, want %v", err, want)
		}
		w.clock.Add(5 * time.Second)
	}
}

// TestServer_same: the same seed and calls give the same answers.
func TestServer_same(t *testing.T) {
	t.Parallel()
	wiretest.Same(t, func() string {
		w := newWorld(t, func(o *Options) { o.Upkeep = 0.5 })
		p := newTape(w.Transport())
		wiretest.Must(t, w.Put(core.Seed{Name: "put", State: profile.Degraded, Reason: "GKE_SERVICE_ACCOUNT_DELETED: gone"}))
		w.create(t, "demo")
		w.rest, _ = newREST(t, simURL, p, DefaultToken)
		wiretest.OK(w.rest.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}))(t)
		return p.Text()
	})
}
