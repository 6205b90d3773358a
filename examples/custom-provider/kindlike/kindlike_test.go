// SPDX-License-Identifier: Apache-2.0

package kindlike_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/examples/custom-provider/kindlike"
)

// TestConformance runs the suite of pmks on a provider that is not part of it.
func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, conformance.Harness{Bubble: true, Open: func(t conformance.T) *conformance.Cloud {
		client, err := pmks.Open(t.Context(), kindlike.Name, pmks.Config{Settings: map[string]string{"delay": "2m"}})
		if err != nil {
			t.Fatalf("%v", err)
		}
		group := func(name string) pmks.NodeGroupInfo {
			return pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: name}, ImageIID: pmks.IID{NameId: "ubuntu"}, VMSpecName: "small",
				RootDiskType: "ssd", RootDiskSize: "40", KeyPairIID: pmks.IID{NameId: "ops"},
				DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
			}
		}
		return &conformance.Cloud{
			Handler: client,
			ClusterRequest: func(name string) pmks.ClusterInfo {
				return pmks.ClusterInfo{
					IId: pmks.IID{NameId: name},
					Network: pmks.NetworkInfo{
						VpcIID:            pmks.IID{NameId: "net", SystemId: "net-1"},
						SubnetIIDs:        []pmks.IID{{NameId: "a", SystemId: "subnet-a"}},
						SecurityGroupIIDs: []pmks.IID{{NameId: "sg", SystemId: "sg-1"}},
					},
					NodeGroupList: []pmks.NodeGroupInfo{group("workers")},
					TagList:       []pmks.KeyValue{{Key: "team", Value: "blue"}},
				}
			},
			NodeGroupRequest: group,
		}
	}})
}

// TestSize keeps the example as short as its README says.
func TestSize(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("kindlike.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(source, []byte("\n")); n >= 300 {
		t.Errorf("the provider has %d lines", n)
	}
}
