// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// The handler is one of us-east-2; a cluster of the same name lives there too.
func TestHandler_ARN_otherRegion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		west := pmks.IID{SystemId: "arn:aws:eks:us-west-2:123456789012:cluster/c000"}
		ok, err := newHandler(t, s).DeleteCluster(t.Context(), west)
		if ok || !errors.Is(err, pmks.ErrInvalidArgument) || s.Count("DeleteCluster") != 0 {
			t.Errorf("asked for %s, deleted c000 of us-east-2: %v, %v", west, ok, err)
		}
		east := pmks.IID{SystemId: "arn:aws:eks:us-east-2:123456789012:cluster/c000"}
		if ok, err := newHandler(t, s).DeleteCluster(t.Context(), east); !ok || err != nil {
			t.Errorf("its own: %v, %v", ok, err)
		}
	})
}

func TestHandler_ARN_otherCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 2, 1, eks.Options{})
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c001"})
		if err != nil {
			t.Fatal(err)
		}
		arn, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, "NodegroupArn")
		ok, err := h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, pmks.IID{SystemId: arn})
		if ok || !errors.Is(err, pmks.ErrInvalidArgument) || s.Count("DeleteNodegroup") != 0 {
			t.Errorf("asked for %s, removed g0 of c000: %v, %v", arn, ok, err)
		}
		if ok, err := h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "c001"}, pmks.IID{SystemId: arn}); !ok || err != nil {
			t.Errorf("its own: %v, %v", ok, err)
		}
	})
}

// The request names its network by Name tags, as the contract allows. EKS shows
// ids only.
func TestProvision_byName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := eks.DefaultResources("us-east-2")
		r.VPCs[0].Name, r.Subnets[0].Name, r.Subnets[1].Name = "prod", "private-a", "private-b"
		h := newHandler(t, eks.New(eks.Options{Resources: &r}))
		req := bench.SampleRequest("byname")
		req.Network = pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "prod"}, SubnetIIDs: []pmks.IID{{NameId: "private-a"}, {NameId: "private-b"}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := pmks.Provision(ctx, h, req)
		cancel()
		if !errors.Is(err, pmks.ErrTimeout) {
			t.Fatal(err)
		}
		if _, err = pmks.Provision(t.Context(), h, req); err != nil {
			t.Errorf("the same request, called again: %v", err)
		}
	})
}

// A Name tag may begin as an id does.
func TestHandler_CreateCluster_namesLikeIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := eks.DefaultResources("us-east-2")
		r.VPCs[0].Name, r.Subnets[0].Name, r.Subnets[1].Name = "vpc-prod", "subnet-private-a", "subnet-private-b"
		h := newHandler(t, eks.New(eks.Options{Resources: &r}))
		req := bench.CreateRequest("byname")
		req.Network = pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-prod"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-private-a"}, {NameId: "subnet-private-b"}}}
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Error(err)
		}
	})
}

// The helper opens the cloud anew, from its arguments alone.
func TestHandler_GetCluster_execEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := configFor(fleet(t, 1, 0, eks.Options{}))
		cfg.KubeconfigKind = "exec"
		info, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if err != nil {
			t.Fatal(err)
		}
		if _, user, _ := strings.Cut(info.AccessInfo.Kubeconfig, "users:"); !strings.Contains(user, `"-endpoint"`) || !strings.Contains(user, cfg.Endpoint) {
			t.Errorf("the helper is not told of the endpoint %s:%s", cfg.Endpoint, user)
		}
	})
}
