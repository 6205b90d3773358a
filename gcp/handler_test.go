// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_Capabilities compares what the provider publishes with what the
// profile says of GKE.
func TestHandler_Capabilities(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("gcp")
	if got := newHandler(t, gke.New(gke.Options{})).Capabilities(); !reflect.DeepEqual(got, p.Caps) {
		t.Errorf("got  %+v\nwant %+v", got, p.Caps)
	}
}

// TestHandler_badInput: what is wrong is told before any call is made.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("gcp")
	for _, test := range []struct {
		name  string
		spoil func(*pmks.ClusterInfo)
		field string
	}{
		{"name", func(r *pmks.ClusterInfo) { r.IId.NameId = "Upper" }, "IId.NameId"},
		{"long-name", func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", 41) }, "IId.NameId"},
		{"network", func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "not a name"} }, "Network.VpcIID"},
		{"network-of-another-kind", func(r *pmks.ClusterInfo) {
			r.Network.VpcIID = pmks.IID{SystemId: "projects/p/regions/r/subnetworks/s"}
		}, "Network.VpcIID"},
		{"two-subnets", func(r *pmks.ClusterInfo) {
			r.Network.SubnetIIDs = append(r.Network.SubnetIIDs, pmks.IID{NameId: "subnet-02"})
		}, "Network.SubnetIIDs"},
		{"security-group", func(r *pmks.ClusterInfo) { r.Network.SecurityGroupIIDs = []pmks.IID{{NameId: "No_Tag"}} }, "Network.SecurityGroupIIDs[0]"},
		{"no-groups", func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }, "NodeGroupList"},
		{"no-nodes", func(r *pmks.ClusterInfo) {
			g := &r.NodeGroupList[0]
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize = false, 0, 0
			r.NodeGroupList = r.NodeGroupList[:1]
		}, "NodeGroupList"},
		{"tag", func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "Team", Value: "x"}} }, "TagList[0].Key"},
		{"tag-value", func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "team", Value: "A B"}} }, "TagList[0].Value"},
		{"reserved-tag", func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "goog-x", Value: "x"}} }, "TagList[0].Key"},
		{"disk", func(r *pmks.ClusterInfo) { r.NodeGroupList[0].RootDiskSize = "1" }, "NodeGroupList[0].RootDiskSize"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := gke.New(gke.Options{})
			req := p.SampleRequest("demo")
			test.spoil(&req)
			_, err := newHandler(t, s).CreateCluster(t.Context(), req)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.field) {
				t.Errorf("got %v, want it to name %s", err, test.field)
			}
			if n := s.Count(""); n != 0 {
				t.Errorf("%d calls were made", n)
			}
		})
	}
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	good := configFor(gke.New(gke.Options{}))
	for _, test := range []struct {
		name  string
		spoil func(*gcp.Config)
		field string
	}{
		{"no-zone", func(c *gcp.Config) { c.Zone = "" }, "Zone"},
		{"region-as-zone", func(c *gcp.Config) { c.Zone = "asia-northeast3" }, "Zone"},
		{"zone-elsewhere", func(c *gcp.Config) { c.Region = "us-central1" }, "Zone"},
		{"regional-without-region", func(c *gcp.Config) { c.Zone, c.Regional = "", true }, "Region"},
		{"project-number", func(c *gcp.Config) { c.ProjectID = "123456789012" }, "projectId"},
		{"two-credentials", func(c *gcp.Config) { c.CredentialsJSON = "{}" }, "Credentials"},
		{"half-a-key", func(c *gcp.Config) { c.TokenSource, c.ClientEmail = nil, "a@b" }, "Credentials"},
		{"no-key", func(c *gcp.Config) { c.TokenSource, c.CredentialsJSON = nil, `{"type":"external_account"}` }, "Credentials"},
		{"no-file", func(c *gcp.Config) { c.TokenSource, c.CredentialsFile = nil, "/no/such/file" }, "credentialsFile"},
		{"endpoint", func(c *gcp.Config) { c.Endpoint = "https://user:hunter2@x" }, "Endpoint"},
		{"tokens-in-the-clear", func(c *gcp.Config) { c.Endpoint, c.Transport = "http://192.0.2.1", nil }, "Endpoint"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			test.spoil(&cfg)
			_, err := gcp.New(t.Context(), cfg)
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.field) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want it to name %s", err, test.field)
			}
		})
	}
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
	var other map[string]string
	if err := json.Unmarshal(key, &other); err != nil {
		t.Fatal(err)
	}
	other["client_email"] = "nobody@pmks-sim.iam.gserviceaccount.com"
	stranger, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		give func(*gcp.Config)
		want pmks.Code
	}{
		{"json", func(c *gcp.Config) { c.CredentialsJSON = string(key) }, pmks.CodeOK},
		{"file", func(c *gcp.Config) { c.CredentialsFile = file }, pmks.CodeOK},
		{"stranger", func(c *gcp.Config) { c.CredentialsJSON = string(stranger) }, pmks.CodeUnauthenticated},
		{"wrong-token", func(c *gcp.Config) {
			c.ProjectID, c.TokenSource = gke.DefaultProject, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.wrong-secret"})
		}, pmks.CodeUnauthenticated},
	} {
		for _, protocol := range []string{"grpc", "rest"} {
			t.Run(test.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				cfg := gcp.Config{Zone: "asia-northeast3-a", Endpoint: l.URL(), Protocol: protocol}
				test.give(&cfg)
				_, err := newHandlerWith(t, cfg).ListCluster(t.Context())
				if pmks.CodeOf(err) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
				text := fmt.Sprintf("%v %+v %#v", err, err, err)
				if strings.Contains(text, "wrong-secret") || strings.Contains(text, "PRIVATE KEY") {
					t.Errorf("a secret is in %s", text)
				}
			})
		}
	}
}

// TestConfig_secrets: nothing secret is printed, whatever the way.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	cfg := configFor(gke.New(gke.Options{}))
	h := newHandlerWith(t, cfg)
	cfg.PrivateKey, cfg.CredentialsJSON, cfg.Endpoint = "s3cr3t", "s3cr3t", "https://u:s3cr3t@x"
	var logs bytes.Buffer
	slog.New(slog.NewJSONHandler(&logs, nil)).Info("x", "cfg", cfg, "h", h)
	j, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %+v %#v %s %v %+v %s", cfg, cfg, cfg, j, h, h, logs.String())
	if strings.Contains(text, "s3cr3t") || strings.Contains(text, gke.DefaultToken) {
		t.Errorf("a secret is in %s", text)
	}
}

// TestHandler_failedCreation: a creation that fails later is told with the reason
// of its operation, while the cluster is there and when GKE has removed it.
func TestHandler_failedCreation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := profile.Get("gcp")
		s := gke.New(gke.Options{RemoveFailed: 10 * time.Minute})
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines in the zone"})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), p.SampleRequest("demo"))
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
		p, _ := profile.Get("gcp")
		if _, err := h.AddNodeGroup(t.Context(), pilot, p.SampleNodeGroup("x")); pmks.CodeOf(err) != pmks.CodeUnsupported {
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
		cfg.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout })
		if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
