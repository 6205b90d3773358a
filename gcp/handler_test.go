// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestHandler_Capabilities compares what the provider publishes with what the
// profile says of GKE.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_badInput: what is wrong is told before any call is made.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "Upper" }, Says: "IId.NameId"},
		{Name: "networks of IPv6", Spoil: func(r *pmks.ClusterInfo) { r.Access.CIDRs = []string{"198.51.100.0/24", "2001:db8::/32"} }, Says: "Access.CIDRs[1]"},
		{Name: "long-name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", 41) }, Says: "IId.NameId"},
		{Name: "network", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "not a name"} }, Says: "Network.VpcIID"},
		{Name: "network-of-another-kind", Spoil: func(r *pmks.ClusterInfo) {
			r.Network.VpcIID = pmks.IID{SystemId: "projects/p/regions/r/subnetworks/s"}
		}, Says: "Network.VpcIID"},
		{Name: "two-subnets", Spoil: func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = append(r.Network.SubnetIIDs, pmks.IID{NameId: "subnet-02"})
		}, Says: "Network.SubnetIIDs"},
		{Name: "security-group", Spoil: func(r *pmks.ClusterInfo) { r.Network.SecurityGroupIIDs = []pmks.IID{{NameId: "No_Tag"}} }, Says: "Network.SecurityGroupIIDs[0]"},
		{Name: "no-groups", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }, Says: "NodeGroupList"},
		{Name: "no-nodes", Spoil: func(r *pmks.ClusterInfo) {
			g := &r.NodeGroupList[0]
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize = false, 0, 0
			r.NodeGroupList = r.NodeGroupList[:1]
		}, Says: "NodeGroupList"},
		{Name: "tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "Team", Value: "x"}} }, Says: "TagList[0].Key"},
		{Name: "tag-value", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "team", Value: "A B"}} }, Says: "TagList[0].Value"},
		{Name: "reserved-tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "goog-x", Value: "x"}} }, Says: "TagList[0].Key"},
		{Name: "disk", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList[0].RootDiskSize = "1" }, Says: "NodeGroupList[0].RootDiskSize"},
	})
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) gcp.Config { return configFor(gke.New(gke.Options{})) }
	providertest.BadConfigs(t, gcp.New, sound, []string{"hunter2"}, []providertest.Setup[gcp.Config]{
		{Name: "no-zone", Change: func(c *gcp.Config) { c.Zone = "" }, Says: []string{"Zone"}},
		{Name: "region-as-zone", Change: func(c *gcp.Config) { c.Zone = "asia-northeast3" }, Says: []string{"Zone"}},
		{Name: "zone-elsewhere", Change: func(c *gcp.Config) { c.Region = "us-central1" }, Says: []string{"Zone"}},
		{Name: "regional-without-region", Change: func(c *gcp.Config) { c.Zone, c.Regional = "", true }, Says: []string{"Region"}},
		{Name: "project-number", Change: func(c *gcp.Config) { c.ProjectID = "123456789012" }, Says: []string{"projectId"}},
		{Name: "two-credentials", Change: func(c *gcp.Config) { c.CredentialsJSON = "{}" }, Says: []string{"Credentials"}},
		{Name: "half-a-key", Change: func(c *gcp.Config) { c.TokenSource, c.ClientEmail = nil, "a@b" }, Says: []string{"Credentials"}},
		{Name: "no-key", Change: func(c *gcp.Config) {
			c.TokenSource, c.CredentialsJSON = nil, `{"type":"external_account"}`
		}, Says: []string{"Credentials"}},
		{Name: "no-file", Change: func(c *gcp.Config) { c.TokenSource, c.CredentialsFile = nil, "/no/such/file" }, Says: []string{"credentialsFile"}},
		{Name: "endpoint", Change: func(c *gcp.Config) { c.Endpoint = "https://user:hunter2@x" }, Says: []string{"Endpoint"}},
		{Name: "tokens-in-the-clear", Change: func(c *gcp.Config) { c.Endpoint, c.Transport = "http://192.0.2.1", nil }, Says: []string{"Endpoint"}},
	})
}

// TestNew_credentials reaches the simulator with each way to give a key, whose
// token comes from the token endpoint.
func TestNew_credentials(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	key := s.ServiceAccountJSON(l.URL() + "/token")
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := strings.Replace(string(key), gke.ServiceAccountEmail, "nobody@pmks-sim.iam.gserviceaccount.com", 1)
	for _, protocol := range []string{"grpc", "rest"} {
		sound := func(testing.TB) gcp.Config {
			return gcp.Config{Zone: "asia-northeast3-a", Endpoint: l.URL(), Protocol: protocol}
		}
		providertest.Credentials(t, gcp.New, sound, []string{"wrong-secret", "PRIVATE KEY"}, []providertest.Setup[gcp.Config]{
			{Name: "json/" + protocol, Change: func(c *gcp.Config) { c.CredentialsJSON = string(key) }},
			{Name: "file/" + protocol, Change: func(c *gcp.Config) { c.CredentialsFile = file }},
			{Name: "stranger/" + protocol, Change: func(c *gcp.Config) { c.CredentialsJSON = stranger }, Code: pmks.CodeUnauthenticated},
			{Name: "wrong-token/" + protocol, Change: func(c *gcp.Config) {
				c.ProjectID, c.TokenSource = gke.DefaultProject, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.wrong-secret"})
			}, Code: pmks.CodeUnauthenticated},
		})
	}
}

// TestConfig_secrets: nothing secret is printed, whatever the way.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	cfg := configFor(gke.New(gke.Options{}))
	h := newHandler(t, gke.New(gke.Options{}))
	cfg.PrivateKey, cfg.CredentialsJSON, cfg.Endpoint = "s3cr3t", "s3cr3t", "https://u:s3cr3t@x"
	providertest.ShowNone(t, []string{"s3cr3t", gke.DefaultToken}, cfg, h)
}

// TestHandler_failedCreation: a creation that fails later is told with the reason
// of its operation, while the cluster is there and when GKE has removed it.
func TestHandler_failedCreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{RemoveFailed: 10 * time.Minute})
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines in the zone"})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = pmks.WaitClusterActive(t.Context(), h, info.IId); err == nil || !strings.Contains(err.Error(), "no machines in the zone") {
			t.Errorf("while it is there: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		_, err = h.GetCluster(t.Context(), info.IId)
		if pmks.CodeOf(err) != pmks.CodeNotFound || !strings.Contains(err.Error(), "no machines in the zone") {
			t.Errorf("when it is gone: %v", err)
		}
	})
}

// TestHandler_otherLocations: regional and Autopilot clusters are listed, and found
// by the id that the list gives.
func TestHandler_otherLocations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, gke.Options{})
		group := []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "g"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 3, MinNodeSize: 3, MaxNodeSize: 6}}
		for _, seed := range []core.Seed{
			{Name: "wide", Groups: group, Attr: map[string]string{gke.AttrLocation: "asia-northeast3"}},
			{Name: "pilot", Groups: group, Attr: map[string]string{gke.AttrLocation: "asia-northeast3", gke.AttrAutopilot: "true"}},
		} {
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 3 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		for _, info := range list {
			got, err := h.GetCluster(t.Context(), info.IId)
			if err != nil || got.IId != info.IId {
				t.Errorf("%s: got %s, %v", info.IId, got.IId, err)
			}
		}
		wide := pmks.IID{SystemId: "projects/pmks-sim/locations/asia-northeast3/clusters/wide"}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), wide, pmks.IID{NameId: "g"}, 4, 3, 6); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "multiple of 3") {
			t.Errorf("4 nodes in three zones: %v", err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), wide, pmks.IID{NameId: "g"}, 6, 3, 6); err != nil {
			t.Errorf("6 nodes in three zones: %v", err)
		}
		pilot := pmks.IID{SystemId: "projects/pmks-sim/locations/asia-northeast3/clusters/pilot"}
		if _, err := h.AddNodeGroup(t.Context(), pilot, bench.SampleNodeGroup("x")); pmks.CodeOf(err) != pmks.CodeUnsupported {
			t.Errorf("a node group for Autopilot: %v", err)
		}
	})
}

// TestHandler_unreadableNodes: who may not read instance groups sees all the rest.
func TestHandler_unreadableNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, gke.Options{Denied: []string{"compute.instanceGroupManagers.get", "compute.instanceGroupManagers.list"}})
		info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if err != nil || len(info.NodeGroupList) != 1 || info.NodeGroupList[0].DesiredNodeSize != 0 {
			t.Fatalf("got %+v, %v", info, err)
		}
		if got, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, pmks.KeyUnread); got != "Nodes(PermissionDenied),DesiredNodeSize(PermissionDenied)" {
			t.Errorf("unread is %q", got)
		}
	})
}

// TestHandler_GenerateClusterToken: what a cluster takes is the token of requests.
func TestHandler_GenerateClusterToken(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	token, err := newHandler(t, s).GenerateClusterToken(t.Context(), pmks.IID{NameId: "c000"})
	if err != nil || token.Value != gke.DefaultToken || time.Until(token.ExpiresAt) < 30*time.Minute {
		t.Errorf("got a token until %s, %v", token.ExpiresAt, err)
	}
}

// TestHandler_unknownStatus: a word of tomorrow is Inactive, and not final.
func TestHandler_unknownStatus(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	if err := s.Alter("c000", func(c *containerpb.Cluster) { c.Status = 99 }); err != nil {
		t.Fatal(err)
	}
	info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
	if err != nil || info.Status != pmks.ClusterInactive || info.StatusFinal || !strings.Contains(info.StatusReason, "99") {
		t.Errorf("got %s, %q, %v", info.Status, info.StatusReason, err)
	}
}

// TestNew_transportError: an endpoint that cannot be reached is Unavailable.
func TestNew_transportError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := configFor(gke.New(gke.Options{}))
		cfg.Transport = providertest.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout })
		if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}
