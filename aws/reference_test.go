// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// TestHandler_References_byName: a name is looked up even where it begins as the
// ids of its kind do, and an id may stand where the name is expected.
func TestHandler_References_byName(t *testing.T) {
	t.Parallel()
	for _, half := range []struct {
		name string
		of   func(pmks.IID) pmks.IID
	}{
		{"name", func(i pmks.IID) pmks.IID { return pmks.IID{NameId: i.NameId} }},
		{"id-as-name", func(i pmks.IID) pmks.IID { return pmks.IID{NameId: i.SystemId} }},
	} {
		t.Run(half.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := bench.CreateRequest("named")
				want := req.Network
				req.Network = pmks.NetworkInfo{VpcIID: half.of(want.VpcIID), SecurityGroupIIDs: []pmks.IID{half.of(want.SecurityGroupIIDs[0])}}
				for _, s := range want.SubnetIIDs {
					req.Network.SubnetIIDs = append(req.Network.SubnetIIDs, half.of(s))
				}
				got, err := newHandler(t, eks.New(eks.Options{})).CreateCluster(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				n := got.Network
				if n.VpcIID.SystemId != want.VpcIID.SystemId || len(n.SubnetIIDs) != len(want.SubnetIIDs) ||
					n.SubnetIIDs[0].SystemId != want.SubnetIIDs[0].SystemId || n.SecurityGroupIIDs[0].SystemId != want.SecurityGroupIIDs[0].SystemId {
					t.Errorf("got %+v, want %+v", n, want)
				}
			})
		})
	}
}

// TestHandler_References_noPatterns: EC2 takes the values of filters for patterns,
// but a reference names one thing.
func TestHandler_References_noPatterns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		h := newHandler(t, s)
		cluster := pmks.IID{NameId: "c000"}
		for _, test := range []struct {
			field  string
			change func(*pmks.NodeGroupInfo)
		}{
			{"KeyPairIID", func(n *pmks.NodeGroupInfo) { n.KeyPairIID = pmks.IID{NameId: "keypair-*"} }},
			{"VMSpecName", func(n *pmks.NodeGroupInfo) { n.VMSpecName, n.ImageIID = "t3.med?um", pmks.IID{} }},
		} {
			req := bench.SampleNodeGroup("g")
			test.change(&req)
			_, err := h.AddNodeGroup(t.Context(), cluster, req)
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != test.field || s.Count("CreateNodegroup") != 0 {
				t.Errorf("%s: got %v after %v", test.field, err, s.Counts())
			}
		}
		req := bench.CreateRequest("a")
		req.Network.VpcIID = pmks.IID{NameId: "*"}
		if _, err := h.CreateCluster(t.Context(), req); !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "VpcIID") {
			t.Errorf("VpcIID: got %v", err)
		}
	})
}
