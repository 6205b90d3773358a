// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8/fake"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// reply reads a canned body into the SDK's type.
func reply[T any](t testing.TB, file string) (v T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "replies", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(file, err)
	}
	return v
}

// vendorFake is the vendor's own server for tests as a transport of a handler.
type vendorFake struct {
	*fake.ServerFactoryTransport
}

func (f vendorFake) RoundTrip(r *http.Request) (*http.Response, error) { return f.Do(r) }

// canned are the files that a fake answers with.
type canned struct {
	cluster  string
	clusters []string
	// machines are by pool; a pool that has none here is not found.
	machines    map[string]string
	credentials string // of the administrator
	user        string // credentials of a user of Entra
}

// newFake answers with canned bodies. What the SDK does not know of them is lost
// on the way, as it would be in the SDK.
func newFake(t testing.TB, c canned) vendorFake {
	t.Helper()
	type clusters = armcontainerservice.ManagedClusterListResult
	type machines = armcontainerservice.MachineListResult
	type credentials = armcontainerservice.CredentialResults
	return vendorFake{fake.NewServerFactoryTransport(&fake.ServerFactory{
		ManagedClustersServer: fake.ManagedClustersServer{
			Get: func(_ context.Context, _, _ string, _ *armcontainerservice.ManagedClustersClientGetOptions) (
				resp azfake.Responder[armcontainerservice.ManagedClustersClientGetResponse], errResp azfake.ErrorResponder,
			) {
				resp.SetResponse(http.StatusOK, armcontainerservice.ManagedClustersClientGetResponse{ManagedCluster: reply[armcontainerservice.ManagedCluster](t, c.cluster)}, nil)
				return resp, errResp
			},
			NewListByResourceGroupPager: func(string, *armcontainerservice.ManagedClustersClientListByResourceGroupOptions) (
				resp azfake.PagerResponder[armcontainerservice.ManagedClustersClientListByResourceGroupResponse],
			) {
				for _, file := range c.clusters {
					page := reply[clusters](t, file)
					page.NextLink = nil // the fake sets it
					resp.AddPage(http.StatusOK, armcontainerservice.ManagedClustersClientListByResourceGroupResponse{ManagedClusterListResult: page}, nil)
				}
				return resp
			},
			ListClusterAdminCredentials: func(context.Context, string, string, *armcontainerservice.ManagedClustersClientListClusterAdminCredentialsOptions) (
				resp azfake.Responder[armcontainerservice.ManagedClustersClientListClusterAdminCredentialsResponse], errResp azfake.ErrorResponder,
			) {
				if c.credentials == "" {
					errResp.SetResponseError(http.StatusForbidden, "AuthorizationFailed")
					return resp, errResp
				}
				resp.SetResponse(http.StatusOK, armcontainerservice.ManagedClustersClientListClusterAdminCredentialsResponse{CredentialResults: reply[credentials](t, c.credentials)}, nil)
				return resp, errResp
			},
			ListClusterUserCredentials: func(context.Context, string, string, *armcontainerservice.ManagedClustersClientListClusterUserCredentialsOptions) (
				resp azfake.Responder[armcontainerservice.ManagedClustersClientListClusterUserCredentialsResponse], errResp azfake.ErrorResponder,
			) {
				resp.SetResponse(http.StatusOK, armcontainerservice.ManagedClustersClientListClusterUserCredentialsResponse{CredentialResults: reply[credentials](t, c.user)}, nil)
				return resp, errResp
			},
		},
		MachinesServer: fake.MachinesServer{
			NewListPager: func(_, _, pool string, _ *armcontainerservice.MachinesClientListOptions) (resp azfake.PagerResponder[armcontainerservice.MachinesClientListResponse]) {
				file, ok := c.machines[pool]
				if !ok {
					resp.AddResponseError(http.StatusNotFound, "NotFound")
					return resp
				}
				resp.AddPage(http.StatusOK, armcontainerservice.MachinesClientListResponse{MachineListResult: reply[machines](t, file)}, nil)
				return resp
			},
		},
	})}
}

// TestConversion keeps what the handler makes of answers of AKS. The answers are
// written by hand after the REST reference, and served by the vendor's own fake, so
// that a misreading which the simulator might share is seen here.
func TestConversion(t *testing.T) {
	t.Parallel()
	system := map[string]string{"system": "machines-system.json", "batch": "machines-none.json"}
	for _, test := range []struct {
		name   string
		change func(*azure.Config)
		fake   canned
	}{
		{"get-cluster", nil, canned{cluster: "cluster.json", machines: system, credentials: "credential-admin.json"}},
		{"get-cluster-creating", nil, canned{cluster: "cluster-creating.json"}},
		{"get-cluster-exec", func(c *azure.Config) { c.KubeconfigKind = "exec" }, canned{cluster: "cluster.json", machines: system, credentials: "credential-admin.json"}},
		{
			"get-cluster-entra-exec", func(c *azure.Config) { c.KubeconfigKind, c.Cloud = "exec", "government" },
			canned{cluster: "cluster-entra.json", machines: system, user: "credential-user.json"},
		},
		{"get-cluster-no-role", nil, canned{cluster: "cluster.json", machines: system}},
		{"odd-automatic", nil, canned{cluster: "odd-automatic.json", machines: system}},
		{"odd-casing", nil, canned{cluster: "odd-casing.json", machines: system}},
		{"odd-failed", nil, canned{cluster: "odd-failed.json", machines: system}},
		{"odd-machines", nil, canned{cluster: "odd-no-subnet.json", machines: map[string]string{"nodepool1": "machines-odd.json"}}},
		{"odd-no-power-state", nil, canned{cluster: "odd-no-power-state.json", machines: system}},
		{"odd-no-subnet", nil, canned{cluster: "odd-no-subnet.json", machines: map[string]string{"nodepool1": "empty.json"}}},
		{"odd-nulls", nil, canned{cluster: "odd-nulls.json", machines: map[string]string{"half": "machines-none.json"}}},
		{"odd-pools", nil, canned{cluster: "odd-pools.json", machines: map[string]string{"system": "machines-system.json"}}},
		{"odd-private", nil, canned{cluster: "odd-private.json", machines: system}},
		{"odd-spider", nil, canned{cluster: "odd-spider.json", machines: map[string]string{"ng1": "machines-none.json"}}},
		{"odd-stopped", nil, canned{cluster: "odd-stopped.json", machines: system, credentials: "credential-admin.json"}},
		{"odd-unknown-words", nil, canned{cluster: "odd-unknown-words.json", machines: system}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := replayConfig(newFake(t, test.fake))
			if test.change != nil {
				test.change(&cfg)
			}
			name := reply[armcontainerservice.ManagedCluster](t, test.fake.cluster).Name
			info, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: *name})
			if err != nil {
				t.Fatal(err)
			}
			wiretest.Golden(t, "conversion/"+test.name+".json", providertest.Whole(info))
		})
	}
}

// TestConversion_List: two pages, and a cluster of another region.
func TestConversion_List(t *testing.T) {
	t.Parallel()
	h := newHandlerWith(t, replayConfig(newFake(t, canned{
		clusters: []string{"clusters-page1.json", "empty.json", "clusters-page2.json"},
		machines: map[string]string{"system": "machines-system.json", "batch": "machines-none.json"},
	})))
	list, err := h.ListCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wiretest.Golden(t, "conversion/list-cluster.json", providertest.Whole(list))
	ids, err := h.ListIID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != len(list) {
		t.Fatalf("%d ids, %d clusters", len(ids), len(list))
	}
	for i, id := range ids {
		if *id != list[i].IId {
			t.Errorf("%v is %v in the list of ids", list[i].IId, *id)
		}
	}
}
