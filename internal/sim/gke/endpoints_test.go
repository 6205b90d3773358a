// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"strings"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func blocks(cidrs ...string) (list []*containerpb.MasterAuthorizedNetworksConfig_CidrBlock) {
	for _, cidr := range cidrs {
		list = append(list, &containerpb.MasterAuthorizedNetworksConfig_CidrBlock{CidrBlock: cidr})
	}
	return list
}

// openly has a public endpoint for those networks, or for all if there are none.
func openly(cidrs ...string) *endpointsConfig {
	ip := &ipEndpoints{EnablePublicEndpoint: new(true)}
	if len(cidrs) > 0 {
		ip.AuthorizedNetworksConfig = &authorizedNetworks{Enabled: true, CidrBlocks: blocks(cidrs...)}
	}
	return &endpointsConfig{IpEndpointsConfig: ip}
}

// privately has no public endpoint.
func privately(cidrs ...string) *endpointsConfig {
	ends := openly(cidrs...)
	ends.IpEndpointsConfig.EnablePublicEndpoint = new(bool)
	return ends
}

func updateEndpoints(ends *endpointsConfig) mutation {
	return updateCluster(&containerpb.ClusterUpdate{DesiredControlPlaneEndpointsConfig: ends})
}

// reached says how a cluster is reached: the kinds of its endpoint and of the two
// addresses, the networks, and what the older members have.
func reached(c *cluster) string {
	kind := func(address string) string {
		switch {
		case address == "":
			return "none"
		case strings.HasPrefix(address, "10."):
			return "private"
		}
		return "public"
	}
	ip, old := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig(), c.GetPrivateClusterConfig()
	var networks []string
	for _, block := range ip.GetAuthorizedNetworksConfig().GetCidrBlocks() {
		networks = append(networks, block.GetCidrBlock())
	}
	return fmt.Sprintf("%s of %s, %s for %v; dns %t; twins %s, %s, %t for %d", kind(c.GetEndpoint()), kind(ip.GetPublicEndpoint()), kind(ip.GetPrivateEndpoint()), networks,
		c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetAllowExternalTraffic(),
		kind(old.GetPublicEndpoint()), kind(old.GetPrivateEndpoint()), old.GetEnablePrivateEndpoint(), len(c.GetMasterAuthorizedNetworksConfig().GetCidrBlocks()))
}

// TestServer_endpoints: how a control plane is reached, as it was asked for at its
// creation or later, in the newer member or in the older ones.
func TestServer_endpoints(t *testing.T) {
	t.Parallel()
	external := privately()
	external.DnsEndpointConfig = &dnsEndpoint{AllowExternalTraffic: new(true)}
	placed := privately()
	placed.IpEndpointsConfig.PrivateEndpointSubnetwork = "projects/" + DefaultProject + "/regions/" + region + "/subnetworks/subnet-01"
	for name, tt := range map[string]struct {
		ask    func(*cluster)
		update *containerpb.ClusterUpdate
		want   string
	}{
		"nothing":  {func(*cluster) {}, nil, "public of public, private for []; dns false; twins none, none, false for 0"},
		"open":     {func(c *cluster) { c.ControlPlaneEndpointsConfig = openly() }, nil, "public of public, private for []; dns false; twins public, private, false for 0"},
		"networks": {func(c *cluster) { c.ControlPlaneEndpointsConfig = openly("8.8.8.0/24", "10.0.0.0/8") }, nil, "public of public, private for [8.8.8.0/24 10.0.0.0/8]; dns false; twins public, private, false for 2"},
		"private":  {func(c *cluster) { c.ControlPlaneEndpointsConfig = privately("10.0.0.0/8") }, nil, "private of none, private for [10.0.0.0/8]; dns false; twins none, private, true for 1"},
		"dns":      {func(c *cluster) { c.ControlPlaneEndpointsConfig = external }, nil, "private of none, private for []; dns true; twins none, private, true for 0"},
		"placed":   {func(c *cluster) { c.ControlPlaneEndpointsConfig = placed }, nil, "private of none, private for []; dns false; twins none, private, true for 0"},
		"no-ip": {func(c *cluster) {
			c.ControlPlaneEndpointsConfig = &endpointsConfig{IpEndpointsConfig: &ipEndpoints{Enabled: new(bool)}}
		}, nil, "none of none, none for []; dns false; twins none, none, false for 0"},
		"older": {func(c *cluster) {
			c.PrivateClusterConfig = &containerpb.PrivateClusterConfig{EnablePrivateEndpoint: true}
		}, nil, "private of none, private for []; dns false; twins none, private, true for 0"},
		"older-net": {func(c *cluster) {
			c.MasterAuthorizedNetworksConfig = &authorizedNetworks{Enabled: true, CidrBlocks: blocks("8.8.8.0/24")}
		}, nil, "public of public, private for [8.8.8.0/24]; dns false; twins public, private, false for 1"},
		"close": {func(*cluster) {}, &containerpb.ClusterUpdate{DesiredControlPlaneEndpointsConfig: privately()}, "private of none, private for []; dns false; twins none, private, true for 0"},
		"open-up": {func(c *cluster) { c.ControlPlaneEndpointsConfig = placed }, &containerpb.ClusterUpdate{DesiredControlPlaneEndpointsConfig: openly("8.8.8.0/24")},
			"public of public, private for [8.8.8.0/24]; dns false; twins public, private, false for 1"},
		"close-older": {func(*cluster) {}, &containerpb.ClusterUpdate{DesiredEnablePrivateEndpoint: new(true)}, "private of none, private for []; dns false; twins none, private, true for 0"},
		"net-older": {func(c *cluster) { c.ControlPlaneEndpointsConfig = privately("10.0.0.0/8", "10.1.0.0/16") },
			&containerpb.ClusterUpdate{DesiredMasterAuthorizedNetworksConfig: &authorizedNetworks{}}, "private of none, private for []; dns false; twins none, private, true for 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for short, c := range map[string]*container.ClusterManagerClient{"demo": w.gke, "rest": w.rest} {
				wiretest.OK(c.CreateCluster(t.Context(), clusterRequest(short, tt.ask)))(t)
				if got := w.get(t, short); got.GetEndpoint() != "" || got.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetPrivateEndpoint() != "" {
					t.Errorf("while it is made it is at %s", reached(got))
				}
				w.pass()
				if tt.update != nil {
					before := reached(w.get(t, short))
					op := wiretest.OK(c.UpdateCluster(t.Context(), &containerpb.UpdateClusterRequest{Name: clusterName(short), Update: tt.update}))(t)
					if now := reached(w.get(t, short)); op.GetOperationType() != containerpb.Operation_UPDATE_CLUSTER || now != before {
						t.Errorf("before it is done: %v, %s", op, now)
					}
					w.pass()
				}
				got := w.get(t, short)
				if reached(got) != tt.want {
					t.Errorf("got  %s\nwant %s", reached(got), tt.want)
				}
				if strings.Contains(name, "place") && got.GetPrivateClusterConfig().GetPrivateEndpointSubnetwork() != placed.GetIpEndpointsConfig().GetPrivateEndpointSubnetwork() {
					t.Errorf("the private endpoint is in %q", got.GetPrivateClusterConfig().GetPrivateEndpointSubnetwork())
				}
			}
		})
	}
}

// TestServer_endpointsFail: a public network for a private endpoint is accepted, and
// the operation fails.
func TestServer_endpointsFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *cluster) { c.ControlPlaneEndpointsConfig = openly("8.8.8.0/24") })
	const text = `Invalid master authorized networks: network "8.8.8.0/24" is not a reserved network, which is required for private endpoints`
	for name, call := range map[string]mutation{
		"new": func(ctx context.Context, c *container.ClusterManagerClient) (*operation, error) {
			return c.CreateCluster(ctx, clusterRequest("new", func(c *cluster) { c.ControlPlaneEndpointsConfig = privately("10.0.0.0/8", "8.8.8.0/24") }))
		},
		"demo":  updateEndpoints(privately("8.8.8.0/24")),
		"older": updateCluster(&containerpb.ClusterUpdate{DesiredEnablePrivateEndpoint: new(true)}),
	} {
		op := wiretest.OK(call(t.Context(), w.gke))(t)
		w.pass()
		if op = w.read(t, op); op.GetError().GetMessage() != text || op.GetError().GetCode() != int32(code.Code_INVALID_ARGUMENT) {
			t.Errorf("%s: it ends as %v", name, op)
		}
	}
	if got := w.get(t, "new"); got.GetStatus() != containerpb.Cluster_ERROR || got.GetConditions()[0].GetMessage() != text {
		t.Errorf("the new one is %s, %v", got.GetStatus(), got.GetConditions())
	}
	if got := reached(w.get(t, "demo")); !strings.HasPrefix(got, "public of public, private for [8.8.8.0/24]") {
		t.Errorf("what was there is reached by %s", got)
	}
	for _, bad := range []*endpointsConfig{openly("x"), {IpEndpointsConfig: &ipEndpoints{PrivateEndpointSubnetwork: "subnet-01"}}, w.get(t, "demo").GetControlPlaneEndpointsConfig()} {
		if _, err := updateEndpoints(bad)(t.Context(), w.gke); codeOf(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// TestServer_seedEndpoints: a cluster that is there already may be private.
func TestServer_seedEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.PutCluster(Seed{Seed: core.Seed{Name: "demo"}, Endpoints: privately("10.0.0.0/8")}))
	if got := reached(w.get(t, "demo")); !strings.HasPrefix(got, "private of none, private for [10.0.0.0/8]") {
		t.Errorf("it is reached by %s", got)
	}
	if w.PutCluster(Seed{Seed: core.Seed{Name: "bad"}, Endpoints: openly("x")}) == nil {
		t.Error("a network that is none")
	}
}

// TestServer_poolRules: what a pool is made with is read back, and an update replaces
// what it names and keeps the rest.
func TestServer_poolRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *cluster) {
		p := c.GetNodePools()[0]
		p.Locations = []string{zoneB, region + "-c"}
		p.Config.Labels = map[string]string{"team": "a", "example.com/tier": ""}
		p.Config.Taints = append(taints("gpu", "", 1), taints("gpu", "x", 3)...)
		p.Config.ResourceLabels = map[string]string{"cost": "1"}
		p.Config.Spot, p.Config.MachineType = true, "t2a-standard-4"
	})
	pool := func() *nodePool {
		return wiretest.OK(w.rest.GetNodePool(t.Context(), &containerpb.GetNodePoolRequest{Name: poolName("demo", "ng1")}))(t)
	}
	shown := func() string {
		p, marks := pool(), []string(nil)
		for _, taint := range p.GetConfig().GetTaints() {
			marks = append(marks, taint.GetKey()+"="+taint.GetValue()+":"+taint.GetEffect().String())
		}
		return fmt.Sprint(p.GetLocations(), p.GetConfig().GetLabels(), marks, p.GetConfig().GetSpot(), p.GetConfig().GetResourceLabels())
	}
	const zones, own, spot = "[asia-northeast3-b asia-northeast3-c] ", "kubernetes.io/arch=arm64:NO_SCHEDULE", "] true map[cost:%d goog-gke-node-pool-provisioning-model:spot]"
	want := zones + "map[example.com/tier: team:a] [gpu=:NO_SCHEDULE gpu=x:NO_EXECUTE " + own + fmt.Sprintf(spot, 1)
	if got := shown(); got != want {
		t.Errorf("at first\ngot  %s\nwant %s", got, want)
	}
	if n := len(w.instancesOf(t, pool())); n != 2 {
		t.Errorf("it has %d groups", n)
	}
	for _, step := range []struct {
		change func(*containerpb.UpdateNodePoolRequest)
		want   string
	}{
		{func(r *containerpb.UpdateNodePoolRequest) {
			r.Labels = &containerpb.NodeLabels{Labels: map[string]string{"team": "b"}}
		},
			zones + "map[team:b] [gpu=:NO_SCHEDULE gpu=x:NO_EXECUTE " + own + fmt.Sprintf(spot, 1)},
		{func(r *containerpb.UpdateNodePoolRequest) { r.Taints = &containerpb.NodeTaints{} }, zones + "map[team:b] [" + fmt.Sprintf(spot, 1)},
		{func(r *containerpb.UpdateNodePoolRequest) {
			r.Labels, r.ResourceLabels = &containerpb.NodeLabels{}, &containerpb.ResourceLabels{Labels: map[string]string{"cost": "2"}}
		},
			zones + "map[] [" + fmt.Sprintf(spot, 2)},
		{func(r *containerpb.UpdateNodePoolRequest) { r.Locations = []string{region + "-c", zoneB} }, zones + "map[] [" + fmt.Sprintf(spot, 2)},
	} {
		req := &containerpb.UpdateNodePoolRequest{Name: poolName("demo", "ng1"), Etag: pool().GetEtag()}
		step.change(req)
		stale := proto.CloneOf(req)
		stale.Etag = "stale"
		if _, err := w.gke.UpdateNodePool(t.Context(), stale); codeOf(err) != codes.Aborted {
			t.Errorf("with a stale etag: %v", err)
		}
		wiretest.OK(w.rest.UpdateNodePool(t.Context(), req))(t)
		w.pass()
		if got := shown(); got != step.want {
			t.Errorf("after %v\ngot  %s\nwant %s", req, got, step.want)
		}
	}
	if _, err := w.gke.UpdateNodePool(t.Context(), &containerpb.UpdateNodePoolRequest{Name: poolName("demo", "ng1"), Etag: pool().GetEtag()}); codeOf(err) != codes.InvalidArgument {
		t.Errorf("nothing to update: %v", err)
	}
	quiet := containerpb.TaintConfig_NONE
	wiretest.Must(t, changedPool(func(p *nodePool) {
		p.Config.MachineType, p.Config.TaintConfig = "t2a-standard-4", &containerpb.TaintConfig{ArchitectureTaintBehavior: &quiet}
	})(t.Context(), w.gke))
	if p := w.get(t, "demo").GetNodePools()[1]; len(p.GetConfig().GetTaints()) != 0 {
		t.Errorf("without taints of GKE: %v", p.GetConfig().GetTaints())
	}
}
