// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_versions: what the aliases of versions lead to, and which channel.
func TestServer_versions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := func(c containerpb.ReleaseChannel_Channel) *containerpb.ReleaseChannel {
		return &containerpb.ReleaseChannel{Channel: c}
	}
	for i, tt := range []struct {
		alias   string
		channel *containerpb.ReleaseChannel
		version string
		on      containerpb.ReleaseChannel_Channel
	}{
		{"", nil, "1.33.5-gke.2072000", regular},
		{"-", nil, "1.33.5-gke.2072000", regular},
		{"latest", nil, "1.33.5-gke.2072000", stable},
		{"1.33", nil, "1.33.5-gke.2072000", stable},
		{"1.33.5", nil, "1.33.5-gke.2072000", stable},
		{"1.33.5-gke.1956000", nil, "1.33.5-gke.1956000", stable},
		{"1.34", nil, "1.34.3-gke.1051000", regular},
		{"1.35", nil, "1.35.0-gke.1403000", rapid},
		{"", in(stable), "1.33.5-gke.1956000", stable},
		{"-", in(rapid), "1.35.0-gke.1403000", rapid},
		{"1.32", in(extended), "1.32.11-gke.1038000", extended},
		{"", in(noChannel), "1.33.5-gke.2072000", noChannel},
		{"latest", in(noChannel), "1.35.0-gke.1403000", noChannel},
	} {
		name := fmt.Sprintf("c%d", i)
		w.create(t, name, func(c *containerpb.Cluster) { c.InitialClusterVersion, c.ReleaseChannel = tt.alias, tt.channel })
		c := w.get(t, name)
		if c.GetCurrentMasterVersion() != tt.version || c.GetReleaseChannel().GetChannel() != tt.on {
			t.Errorf("%q on %v is %s on %s, want %s on %s", tt.alias, tt.channel, c.GetCurrentMasterVersion(), c.GetReleaseChannel().GetChannel(), tt.version, tt.on)
		}
	}
	for _, alias := range []string{"1.3", "2", "v1.33", "1.33.5-gke"} {
		_, err := w.gke.CreateCluster(t.Context(), clusterRequest("no", func(c *containerpb.Cluster) {
			c.InitialClusterVersion, c.ReleaseChannel = alias, in(noChannel)
		}))
		if codeOf(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", alias, err)
		}
	}
	_, err := w.gke.CreateCluster(t.Context(), clusterRequest("no", func(c *containerpb.Cluster) { c.ReleaseChannel = in(99) }))
	if codeOf(err) != codes.InvalidArgument {
		t.Errorf("a channel that there is not: %v", err)
	}
	config, err := w.rest.GetServerConfig(t.Context(), &containerpb.GetServerConfigRequest{Name: inZone})
	if err != nil || config.GetDefaultClusterVersion() != "1.33.5-gke.2072000" || len(config.GetChannels()) != 4 || config.GetDefaultImageType() != "COS_CONTAINERD" {
		t.Errorf("the configuration is %v, %v", config, err)
	}
}

// TestServer_nodeVersions: what the aliases of versions of nodes lead to under a
// control plane of version 1.33.5-gke.1956000.
func TestServer_nodeVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo", func(c *containerpb.Cluster) { c.InitialClusterVersion = "1.33.5-gke.1956000" })
	for i, tt := range []struct{ alias, version string }{
		{"", "1.33.5-gke.1956000"}, {"-", "1.33.5-gke.1956000"}, {"latest", "1.33.5-gke.1956000"}, {"1.33", "1.33.5-gke.1956000"},
		{"1.33.5-gke.1956000", "1.33.5-gke.1956000"}, {"1.32", "1.32.11-gke.1038000"}, {"1.31.14-gke.1149000", "1.31.14-gke.1149000"},
		{"1.33.5-gke.2072000", ""}, {"1.34", ""}, {"1.33.5-gke.1", ""},
	} {
		pool := poolRequest(fmt.Sprintf("p%d", i))
		pool.Version = tt.alias
		_, err := w.gke.CreateNodePool(t.Context(), &containerpb.CreateNodePoolRequest{Parent: clusterName("demo"), NodePool: pool})
		w.pass()
		if tt.version == "" {
			if codeOf(err) != codes.InvalidArgument {
				t.Errorf("%q: %v", tt.alias, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", tt.alias, err)
		}
		got, err := w.rest.GetNodePool(t.Context(), &containerpb.GetNodePoolRequest{Name: poolName("demo", pool.GetName())})
		if err != nil || got.GetVersion() != tt.version {
			t.Errorf("%q is %s, %v, want %s", tt.alias, got.GetVersion(), err, tt.version)
		}
	}
	list, err := w.rest.ListNodePools(t.Context(), &containerpb.ListNodePoolsRequest{Parent: clusterName("demo")})
	if err != nil || len(list.GetNodePools()) != 8 {
		t.Errorf("there are %d pools, %v", len(list.GetNodePools()), err)
	}
}

// TestServer_updatePool: labels and tags of nodes are replaced whole, when the
// operation is done.
func TestServer_updatePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	config := func() *containerpb.NodeConfig { return w.get(t, "demo").GetNodePools()[0].GetConfig() }
	req := &containerpb.UpdateNodePoolRequest{Name: poolName("demo", "ng1"),
		Labels:         &containerpb.NodeLabels{Labels: map[string]string{"tier": "web"}},
		ResourceLabels: &containerpb.ResourceLabels{Labels: map[string]string{"cb-spider-pmks-max": "5"}},
		Tags:           &containerpb.NetworkTags{Tags: []string{"sg-02"}},
		Taints:         &containerpb.NodeTaints{Taints: []*containerpb.NodeTaint{{Key: "a", Value: "b", Effect: containerpb.NodeTaint_NO_SCHEDULE}}},
	}
	op, err := w.gke.UpdateNodePool(t.Context(), req)
	if err != nil || op.GetOperationType() != containerpb.Operation_UPDATE_CLUSTER {
		t.Fatalf("got %v, %v", op, err)
	}
	if c := config(); len(c.GetLabels()) != 0 || c.GetTags()[0] != "sg-01" {
		t.Errorf("before it is done it is %v", c)
	}
	w.pass()
	want := map[string]string{"cb-spider-pmks-max": "5", provisioningLabel: "on-demand"}
	c := config()
	if c.GetLabels()["tier"] != "web" || c.GetTags()[0] != "sg-02" || len(c.GetTaints()) != 1 || fmt.Sprint(c.GetResourceLabels()) != fmt.Sprint(want) {
		t.Errorf("afterwards it is %v", c)
	}
	for _, change := range []struct {
		f    func(*containerpb.UpdateNodePoolRequest)
		code codes.Code
	}{
		{func(r *containerpb.UpdateNodePoolRequest) { r.Tags = &containerpb.NetworkTags{Tags: []string{"A"}} }, codes.InvalidArgument},
		{func(r *containerpb.UpdateNodePoolRequest) { r.ResourceLabels.Labels["A"] = "" }, codes.InvalidArgument},
		{func(r *containerpb.UpdateNodePoolRequest) { r.NodeVersion, r.ImageType = "-", "COS" }, codes.InvalidArgument},
		{func(r *containerpb.UpdateNodePoolRequest) { r.ImageType = "COS" }, codes.Unimplemented},
		{func(r *containerpb.UpdateNodePoolRequest) { r.Locations = []string{zoneB} }, codes.Unimplemented},
		{func(r *containerpb.UpdateNodePoolRequest) { r.MachineType = "e2-medium" }, codes.Unimplemented},
	} {
		bad := proto.CloneOf(req)
		change.f(bad)
		if _, err := w.gke.UpdateNodePool(t.Context(), bad); codeOf(err) != change.code {
			t.Errorf("%v: %v, want %v", bad, err, change.code)
		}
	}
}

// TestServer_forgets: records of clusters that are gone do not pile up, while their
// operations can be read for a good while.
func TestServer_forgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resources := DefaultResources(region)
	w.Server = New(Options{Seed: 1, Now: w.clock.Now, Resources: &resources})
	for i := range 300 {
		name := fmt.Sprintf("c%d", i)
		wiretest.Must(t, w.Put(core.Seed{Name: name}))
		wiretest.Must(t, w.Force(name, "", profile.Gone, ""))
	}
	if n := len(w.locations[0].byUID); n > 110 {
		t.Errorf("%d records are left", n)
	}
	for range tokenLimit + 10 {
		w.Token()
		w.clock.Add(time.Minute)
	}
	if n := len(w.tokens); n > tokenLimit {
		t.Errorf("%d tokens are left", n)
	}
}
