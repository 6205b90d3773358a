// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// simulated is an account in this process in place of NHN Cloud, with a cluster in it.
func simulated() nhn.Config {
	s := nks.New(nks.Options{})
	if err := s.Put(seed("demo")); err != nil {
		panic(err)
	}
	return configFor(s)
}

// Who may reach the endpoint of a cluster is a call of NKS that pmks does not have: it
// takes effect once the cluster is Active again.
func ExampleHandler_Vendor() {
	ctx := context.Background()
	h, err := nhn.New(ctx, simulated())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	info, err := h.GetCluster(ctx, pmks.IID{NameId: "demo"})
	if err != nil {
		fmt.Println(err)
		return
	}
	type target struct {
		CIDR string `json:"cidr_address"`
	}
	list := struct {
		Enable  string   `json:"enable"`
		Action  string   `json:"action"`
		Targets []target `json:"ipacl_targets"`
	}{"True", "ALLOW", []target{{"198.51.100.0/24"}}}
	if err := h.Vendor().NKS.Do(ctx, http.MethodPost, "clusters/"+info.IId.SystemId+"/api_ep_ipacl", list, nil); err != nil {
		fmt.Println(err)
		return
	}
	info, err = h.GetCluster(ctx, info.IId)
	fmt.Println(info.Status, err)
	// Output: Updating <nil>
}

// A hook has the last word on the request for a cluster: here its certificates live for a
// year in place of five, and with them the kubeconfigs that are handed out.
func ExampleConfig_beforeCreateCluster() {
	ctx := context.Background()
	cfg := simulated()
	cfg.RateLimits = "none"
	cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *nhn.CreateClusterRequest) error {
		native.Labels["term_of_validity"] = "1"
		fmt.Println(req.IId.NameId, native.Labels["kube_tag"], native.NodeCount)
		return nil
	}
	h, err := nhn.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	made, err := h.CreateCluster(ctx, pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "short-lived"},
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "default-worker"}, VMSpecName: "m2.c4m8", KeyPairIID: pmks.IID{NameId: "keypair-01"}, DesiredNodeSize: 2,
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Status)
	// Output:
	// short-lived v1.34.3 2
	// Creating
}

// A hook has the last word on a request: here each step of an upgrade may take two nodes
// away at a time and adds none, which the quota may not allow.
func ExampleConfig_beforeUpgrade() {
	ctx := context.Background()
	cfg := simulated()
	cfg.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, native *nhn.UpgradeRequest) error {
		none, two := 0, 2
		native.BufferNodes, native.MaxUnavailableNodes = &none, &two
		fmt.Printf("from %s to %s\n", step.From, step.To)
		return nil
	}
	h, err := nhn.New(ctx, cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	info, err := h.UpgradeCluster(ctx, pmks.IID{NameId: "demo"}, "1.33")
	fmt.Println(info.Status, err)
	// Output:
	// from v1.32.3 to v1.33.4
	// Updating <nil>
}
