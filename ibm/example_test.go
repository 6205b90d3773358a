// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// simulated opens a simulated account, in which a cluster of that name is.
func simulated(cluster string, change func(*ibm.Config)) *ibm.Handler {
	s := iks.New(iks.Options{})
	if cluster != "" {
		if err := s.Put(seed(cluster, "ng1")); err != nil {
			panic(err)
		}
	}
	cfg := ibm.Config{Region: "us-south", APIKey: iks.DefaultAPIKey, Transport: s.Transport()}
	change(&cfg)
	h, err := ibm.New(context.Background(), cfg)
	if err != nil {
		panic(err)
	}
	return h
}

// A hook asks for what pmks has no field for: here every cluster for production gets a
// larger range of pods.
func ExampleConfig_beforeCreateCluster() {
	h := simulated("", func(cfg *ibm.Config) {
		cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *ibm.CreateClusterRequest) error {
			if strings.HasPrefix(req.IId.NameId, "prod-") {
				native.PodSubnet = "172.30.0.0/16"
			}
			return nil
		}
	})
	defer h.Close()
	made, err := h.CreateCluster(context.Background(), bench.SampleRequest("prod-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := h.GetCluster(context.Background(), made.IId)
	if err != nil {
		fmt.Println(err)
		return
	}
	pods, _ := pmks.Lookup(info.KeyValueList, "PodSubnet")
	fmt.Println(info.Status, pods)
	// Output: Creating 172.30.0.0/16
}
