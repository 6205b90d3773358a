// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// asError is the typed error of a call that fails.
func asError(t testing.TB, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a typed error", err)
	}
	return e
}

// TestHandler_Capabilities compares what the provider publishes with what the profile
// says of IKS.
func TestHandler_Capabilities(t *testing.T) { bench.Capabilities(t) }

// TestHandler_badInput: what is wrong is told, before any call where that is possible.
func TestHandler_badInput(t *testing.T) {
	t.Parallel()
	vpc := func(id string) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{SystemId: id} }
	}
	subnet := func(id pmks.IID) func(*pmks.ClusterInfo) {
		return func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs = []pmks.IID{id} }
	}
	bench.BadRequests(t, []providertest.BadRequest{
		{Name: "name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = "under_score" }, Says: "IId.NameId"},
		{Name: "long-name", Spoil: func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", 36) }, Says: "IId.NameId"},
		{Name: "no-groups", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList = nil }, Says: "NodeGroupList"},
		{Name: "two-groups", Spoil: func(r *pmks.ClusterInfo) {
			r.NodeGroupList = append(r.NodeGroupList, bench.SampleNodeGroup("ng2"))
		}, Says: "AddNodeGroup"},
		{Name: "no-nodes", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList[0].DesiredNodeSize = 0 }, Says: "DesiredNodeSize"},
		{Name: "disk", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList[0].RootDiskSize = "100" }, Says: "RootDiskSize", Code: pmks.CodeUnsupported},
		{Name: "profile-of-vpc", Spoil: func(r *pmks.ClusterInfo) { r.NodeGroupList[0].VMSpecName = "bx2-4x16" }, Says: "bx2.4x16"},
		{Name: "tag", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "a/b", Value: "x"}} }, Says: "TagList[0].Key"},
		{Name: "tag-value", Spoil: func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: "a", Value: "x y"}} }, Says: "TagList[0].Value"},
		{Name: "vpc-id", Spoil: vpc("vpc-01"), Says: "Network.VpcIID", Looks: true},
		{Name: "vpc-unknown", Spoil: vpc("r006-00000000-0000-4000-8000-000000000000"), Says: "Network.VpcIID", Looks: true},
		{Name: "vpc-of-another-account", Spoil: vpc("crn:v1:bluemix:public:is:us-south:a/ffffffffffffffffffffffffffffffff::vpc:r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8"), Says: "account", Looks: true},
		{Name: "vpc-of-another-region", Spoil: vpc("crn:v1:bluemix:public:is:eu-de:a/" + iks.DefaultAccount + "::vpc:r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8"), Says: "region", Looks: true},
		{Name: "vpc-of-another-kind", Spoil: vpc("crn:v1:bluemix:public:is:us-south:a/" + iks.DefaultAccount + "::subnet:r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8"), Says: "CRN of a vpc", Looks: true},
		{Name: "vpc-name-unknown", Spoil: func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: "nowhere"} }, Says: "nowhere", Looks: true},
		{Name: "subnet-unknown", Spoil: subnet(pmks.IID{SystemId: "0717-00000000-0000-4000-8000-000000000000"}), Says: "Network.SubnetIIDs[0]", Looks: true},
		{Name: "subnet-name-unknown", Spoil: subnet(pmks.IID{NameId: "nowhere"}), Says: "nowhere", Looks: true},
		{Name: "version-unknown", Spoil: func(r *pmks.ClusterInfo) { r.Version = "1.99" }, Says: "1.34", Looks: true},
		{Name: "version-that-ends", Spoil: func(r *pmks.ClusterInfo) { r.Version = "1.33" }, Says: "1.34", Looks: true},
	})
}

// TestNew_badConfig: what is wrong with a configuration is told by field.
func TestNew_badConfig(t *testing.T) {
	t.Parallel()
	sound := func(testing.TB) ibm.Config { return configFor(iks.New(iks.Options{})) }
	providertest.BadConfigs(t, ibm.New, sound, []string{"hunter2"}, []providertest.Setup[ibm.Config]{
		{Name: "no-region", Change: func(c *ibm.Config) { c.Region = "" }, Says: []string{"Region", "us-south"}},
		{Name: "zone-as-region", Change: func(c *ibm.Config) { c.Region = "us-south-1" }, Says: []string{"Region"}},
		{Name: "key-in-quotes", Change: func(c *ibm.Config) { c.APIKey = `"hunter2"` }, Says: []string{"apiKey"}},
		{Name: "pod-subnet", Change: func(c *ibm.Config) { c.PodSubnet = "172.30.0.0/24" }, Says: []string{"podSubnet", "/23"}},
		{Name: "service-subnet", Change: func(c *ibm.Config) { c.ServiceSubnet = "172.30" }, Says: []string{"serviceSubnet"}},
		{Name: "kubeconfig-kind", Change: func(c *ibm.Config) { c.KubeconfigKind = "zip" }, Says: []string{"kubeconfigKind", "admin"}},
		{Name: "endpoint-type", Change: func(c *ibm.Config) { c.EndpointType = "vpn" }, Says: []string{"endpointType"}},
		{Name: "rates", Change: func(c *ibm.Config) { c.RateLimits = "0%" }, Says: []string{"rateLimits"}},
		{Name: "endpoint", Change: func(c *ibm.Config) { c.Endpoint = "https://user:hunter2@x" }, Says: []string{"Endpoint"}},
		{Name: "key-in-the-clear", Change: func(c *ibm.Config) { c.IAMEndpoint = "http://192.0.2.1" }, Says: []string{"iamEndpoint"}},
	})
}

// TestConfig_secrets: nothing secret is printed, whatever the way.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, iks.Options{})
	cfg := configFor(s)
	h := newHandler(t, s)
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.APIKey, cfg.Endpoint = "s3cr3t-key", "https://u:s3cr3t-key@x"
	providertest.ShowNone(t, []string{"s3cr3t-key", iks.DefaultAPIKey}, cfg, h)
}

// TestNew_transportError: an endpoint that cannot be reached is Unavailable.
func TestNew_transportError(t *testing.T) {
	t.Parallel()
	cfg := configFor(iks.New(iks.Options{}))
	cfg.Transport = providertest.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, http.ErrHandlerTimeout })
	inBubble(t, func(t *testing.T) {
		if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}
