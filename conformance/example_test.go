// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/fake"
)

// A provider's test calls Run with a harness. Here the provider is the fake, in
// virtual time; levers that are left out skip the subtests that need them.
func ExampleRun() {
	testConformance := func(t *testing.T) {
		conformance.Run(t, conformance.Harness{
			Bubble: true,
			Open: func(conformance.T) *conformance.Cloud {
				h := fake.New(fake.WithLimits(fake.Limits{}))
				return &conformance.Cloud{
					Handler:          h,
					ClusterRequest:   exampleRequest,
					NodeGroupRequest: exampleGroup,
					Inject: func(f conformance.Fault) func() {
						return h.Inject(fake.Fault{Op: f.Op, Cluster: f.Cluster, Times: f.Times,
							Kind: fake.FaultKind(f.Kind), Code: pmks.CodeUnavailable, Delay: 10 * time.Second})
					},
				}
			},
		})
	}
	_ = testConformance // go test calls it as TestConformance
}

func exampleGroup(name string) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, VMSpecName: "standard-4",
		DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3}
}

func exampleRequest(name string) pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId: pmks.IID{NameId: name},
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "sg-01"}}},
		NodeGroupList: []pmks.NodeGroupInfo{exampleGroup("ng1")},
	}
}

// The names of the subtests are stable, so that one can be run alone:
//
//	go test -run 'TestConformance/delete/twice'
func ExampleNames() {
	for _, name := range conformance.Names() {
		if strings.HasPrefix(name, "delete/") {
			fmt.Println(name)
		}
	}
	// Output:
	// delete/with-node-groups
	// delete/twice
	// delete/while-creating
	// delete/protected
	// delete/interrupted
	// delete/node-group-twice
	// delete/in-use-is-not-busy
}

// TestRun_WithoutLevers runs the harness of the example: what needs no lever is
// tested, the rest is skipped by name.
func TestRun_WithoutLevers(t *testing.T) {
	t.Parallel()
	conformance.Run(t, conformance.Harness{Bubble: true, Open: func(conformance.T) *conformance.Cloud {
		return &conformance.Cloud{
			Handler:          fake.New(fake.WithLimits(fake.Limits{})),
			ClusterRequest:   exampleRequest,
			NodeGroupRequest: exampleGroup,
		}
	}})
}
