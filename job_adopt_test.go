// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// TestProvision_OtherSecurityGroups: a cluster with others is not taken for the one
// that was asked for.
func TestProvision_OtherSecurityGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{SystemId: "vpc-1"},
			SubnetIIDs:        []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-open"}},
		}}
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Fatal(err)
		}
		req.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: "sg-closed"}}
		info, err := pmks.Provision(t.Context(), h, req)
		var e *pmks.Error
		if !errors.As(err, &e) || e.Code != pmks.CodeAlreadyExists || e.Field != "Network.SecurityGroupIIDs[0]" {
			t.Errorf("asked for sg-closed, got %v, %v", info.Network.SecurityGroupIIDs, err)
		}
	})
}

// TestProvision_UnreadableCluster: a Provision is called again, and the read of what is there fails: nothing is
// known of it, and it may be the caller's own.
func TestProvision_UnreadableCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{
			VpcIID: pmks.IID{SystemId: "vpc-1"}, SubnetIIDs: []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}}}}
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Fatal(err)
		}
		h.Inject(fake.Fault{Op: "GetCluster", Kind: fake.Refuse, Code: pmks.CodeUnavailable, Times: -1})
		_, err := pmks.Provision(t.Context(), h, req)
		if errors.Is(err, pmks.ErrAlreadyExists) || pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("ErrAlreadyExists means that what is there differs; the cloud could not be read: %s: %v", pmks.CodeOf(err), err)
		}
	})
}

// failing fails its first reads.
type failing struct {
	pmks.ClusterHandler
	left int
}

func (f *failing) GetCluster(_ context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	if f.left--; f.left >= 0 {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeUnavailable}
	}
	return pmks.ClusterInfo{IId: iid, Status: pmks.ClusterActive}, nil
}

// TestDefaultReadErrors: so many failed reads in a row are forgiven, and no more.
func TestDefaultReadErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		failures int
		want     pmks.Code
	}{{pmks.DefaultReadErrors, pmks.CodeOK}, {pmks.DefaultReadErrors + 1, pmks.CodeUnavailable}} {
		synctest.Test(t, func(t *testing.T) {
			_, err := pmks.WaitClusterActive(t.Context(), &failing{left: test.failures}, pmks.IID{NameId: "c"})
			if got := pmks.CodeOf(err); got != test.want {
				t.Errorf("%d failures: %v, want %s", test.failures, err, test.want)
			}
		})
	}
}
