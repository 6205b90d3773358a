// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

var c000 = pmks.IID{NameId: "c000"}

// TestHandler_AddNodeGroup_zones: a group gets the subnets of the cluster that lie in its
// zones, and the zones are known at once and stay known.
func TestHandler_AddNodeGroup_zones(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fleet(t, 1, 1, eks.Options{}))
		req := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "b"}, VMSpecName: "t3.medium", DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3, Zones: []string{"us-east-2b"}}
		made, err := h.AddNodeGroup(t.Context(), c000, req)
		if err != nil || !slices.Equal(made.Zones, req.Zones) {
			t.Fatalf("AddNodeGroup shows the zones %v: %v", made.Zones, err)
		}
		early, err := h.GetNodeGroup(t.Context(), c000, req.IId) // there is no Auto Scaling group yet
		if err != nil || !slices.Equal(early.Zones, req.Zones) {
			t.Errorf("while it is made the zones are %v: %v", early.Zones, err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, c000, req.IId); err != nil {
			t.Fatal(err)
		}
		n, err := sdkeks.NewFromConfig(h.SDK()).DescribeNodegroup(t.Context(), &sdkeks.DescribeNodegroupInput{ClusterName: &c000.NameId, NodegroupName: sdk.String("b")})
		if err != nil || len(n.Nodegroup.Subnets) != 1 {
			t.Errorf("it is in the subnets %v: %v", n.Nodegroup.Subnets, err)
		}
		// A group that somebody else made shows where its nodes are.
		other, err := h.GetNodeGroup(t.Context(), c000, pmks.IID{NameId: "g0"})
		if err != nil || !slices.Equal(other.Zones, []string{"us-east-2a", "us-east-2b", "us-east-2c"}) {
			t.Errorf("the other group is in %v: %v", other.Zones, err)
		}
	})
}

// TestHandler_badInput_beyond: what EKS would refuse, or take and fail with, is refused
// before it is asked for anything; but only EC2 knows in which zones the subnets are.
func TestHandler_badInput_beyond(t *testing.T) {
	t.Parallel()
	group := func(change func(*pmks.NodeGroupInfo)) pmks.NodeGroupInfo {
		g := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "g"}, VMSpecName: "t3.medium", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1}
		change(&g)
		return g
	}
	taints := func(n int) (list []pmks.Taint) {
		for i := range n {
			list = append(list, pmks.Taint{Key: fmt.Sprint("k", i), Effect: pmks.TaintNoSchedule})
		}
		return list
	}
	for _, test := range []struct {
		field  string
		group  pmks.NodeGroupInfo
		access pmks.Access
		text   string
		reads  int
	}{
		{field: "Zones[1]", group: group(func(g *pmks.NodeGroupInfo) { g.Zones = []string{"us-east-2a", "us-west-2a"} }), text: "us-east-2"},
		{field: "Zones[0]", group: group(func(g *pmks.NodeGroupInfo) { g.Zones = []string{"us-east-2"} }), text: "is not an availability zone"},
		{field: "Zones[0]", group: group(func(g *pmks.NodeGroupInfo) { g.Zones = []string{"us-east-2d"} }), text: "its subnets are in us-east-2a, us-east-2b", reads: 4},
		{field: "Labels[eks.amazonaws.com/x]", group: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"eks.amazonaws.com/x": "y"} }), text: "reserved"},
		{field: "Labels[a.eks.amazonaws.com/x]", group: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"a.eks.amazonaws.com/x": "y"} }), text: "reserved"},
		{field: "Labels[team]", group: group(func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"team": ""} }), text: "empty value"},
		{field: "Taints[0].Key", text: "63 characters, the prefix included", group: group(func(g *pmks.NodeGroupInfo) {
			g.Taints = []pmks.Taint{{Key: strings.Repeat("a", 40) + ".com/" + strings.Repeat("b", 20), Effect: pmks.TaintNoExecute}}
		})},
		{field: "Taints", group: group(func(g *pmks.NodeGroupInfo) { g.Taints = taints(51) }), text: "at most 50"},
		{field: "Access.CIDRs[0]", access: pmks.Access{CIDRs: []string{"10.0.0.0/8"}}, text: "no network of the internet"},
		{field: "Access.CIDRs[1]", access: pmks.Access{CIDRs: []string{"198.51.100.0/24", "127.0.0.1/32"}}, text: "no network of the internet"},
		{field: "Access.CIDRs[0]", access: pmks.Access{CIDRs: []string{"2001:db8::/32"}}, text: "IPv4 alone"},
		{field: "Access.CIDRs[0]", access: pmks.Access{CIDRs: []string{"100.64.0.0/10"}}, text: "no network of the internet"},
		{field: "Access.CIDRs[0]", access: pmks.Access{CIDRs: []string{"240.0.0.0/4"}}, text: "no network of the internet"},
		{field: "Access.CIDRs[0]", access: pmks.Access{CIDRs: []string{"0.0.0.0/8"}}, text: "no network of the internet"},
		{field: "Access.CIDRs", access: pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"198.51.100.0/24"}}, text: "public endpoint"},
	} {
		t.Run(test.field, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 0, eks.Options{})
				h := newHandler(t, s)
				var errs []error
				if test.group.IId.NameId != "" {
					_, err := h.AddNodeGroup(t.Context(), c000, test.group)
					errs = append(errs, err, h.CheckNodeGroup(t.Context(), c000, test.group))
				} else {
					req := bench.CreateRequest("new")
					req.Access = test.access
					_, err := h.CreateCluster(t.Context(), req)
					errs = append(errs, err, h.CheckCluster(t.Context(), req))
				}
				for _, err := range errs {
					says(t, err, pmks.ErrInvalidArgument, test.text)
					var e *pmks.Error
					if !errors.As(err, &e) || e.Field != test.field {
						t.Errorf("the field is %q, want %q", e.Field, test.field)
					}
				}
				if test.reads == 0 && s.Count("") > 0 || s.Count("CreateNodegroup")+s.Count("CreateCluster") > 0 {
					t.Errorf("%v were sent", s.Counts())
				}
			})
		})
	}
}

// TestHandler_CreateCluster_accessBesideSettings: CIDRs need an endpoint that the settings
// leave open.
func TestHandler_CreateCluster_accessBesideSettings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		cfg := configFor(s)
		no, yes := false, true
		cfg.PublicEndpoint, cfg.PrivateEndpoint = &no, &yes
		h := newHandlerWith(t, cfg)
		req := bench.CreateRequest("new")
		req.Access.CIDRs = []string{"198.51.100.0/24"}
		_, err := h.CreateCluster(t.Context(), req)
		says(t, err, pmks.ErrInvalidArgument, "Access.CIDRs", "publicEndpoint")
		if s.Count("") > 0 {
			t.Errorf("%v were sent", s.Counts())
		}
		req.Access.Mode = pmks.AccessPublicAndPrivate
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil || made.Access.Mode != req.Access.Mode || !slices.Equal(made.Access.CIDRs, req.Access.CIDRs) || made.Access.PublicEndpoint != "" {
			t.Errorf("CreateCluster shows %+v: %v", made.Access, err)
		}
		info, err := pmks.WaitClusterActive(t.Context(), h, made.IId)
		if a := info.Access; err != nil || a.PublicEndpoint == "" || a.PublicEndpoint != a.PrivateEndpoint || a.PublicEndpoint != info.AccessInfo.Endpoint {
			t.Errorf("an active cluster shows %+v: %v", info.Access, err)
		}
	})
}

// TestHandler_SetTags: the user's tags are replaced, those of pmks and of AWS stay, and a
// change that stops in the middle says so.
func TestHandler_SetTags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		own := map[string]string{"cb-spider:pmks:note": "x"}
		tags := map[string]string{"env": "test", "team": "a"}
		for key, value := range own {
			tags[key] = value
		}
		if err := s.Put(core.Seed{Name: "c000", Tags: tags}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		s.Inject(core.Fault{Op: "TagResource", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
		err := h.SetTags(t.Context(), c000, []pmks.KeyValue{{Key: "team", Value: "b"}})
		says(t, err, pmks.ErrPermissionDenied, "the tags env are removed", "call again")
		if err := h.SetTags(t.Context(), c000, []pmks.KeyValue{{Key: "team", Value: "b"}}); err != nil {
			t.Fatal(err)
		}
		all, err := sdkeks.NewFromConfig(h.SDK()).DescribeCluster(t.Context(), &sdkeks.DescribeClusterInput{Name: &c000.NameId})
		if err != nil || len(all.Cluster.Tags) != 2 || all.Cluster.Tags["team"] != "b" || all.Cluster.Tags["cb-spider:pmks:note"] != "x" {
			t.Errorf("the tags are %v: %v", all.Cluster.Tags, err)
		}
		before := s.Count("TagResource") + s.Count("UntagResource")
		for _, bad := range []string{"aws:x", "AWS:x", "cb-spider:pmks:note", "#CB-SPIDER:PMKS:KEYPAIR", strings.Repeat("k", 129)} {
			says(t, h.SetTags(t.Context(), c000, []pmks.KeyValue{{Key: bad, Value: "v"}}), pmks.ErrInvalidArgument, "TagList[0].Key")
		}
		// What EKS would refuse is not found out when other tags are gone.
		for _, bad := range []pmks.KeyValue{{Key: "a<b", Value: "v"}, {Key: "a&b", Value: "v"}} {
			says(t, h.SetTags(t.Context(), c000, []pmks.KeyValue{bad}), pmks.ErrInvalidArgument, "TagList[0].Key", "are left")
		}
		says(t, h.SetTags(t.Context(), c000, []pmks.KeyValue{{Key: "a", Value: "🙂"}}), pmks.ErrInvalidArgument, "TagList[0].Value", "are left")
		foreign := pmks.IID{SystemId: arnOf("aws", "eks", "us-east-2", "210987654321", "cluster/c000")}
		says(t, h.SetTags(t.Context(), foreign, nil), pmks.ErrInvalidArgument, "account")
		if now := s.Count("TagResource") + s.Count("UntagResource"); now != before {
			t.Errorf("%d writes for what is refused", now-before)
		}
	})
}

// TestHandler_SetTags_together: of callers at once, of two handlers of one account, each
// sets its own tags, and those of the last are there. Who waits may leave.
func TestHandler_SetTags_together(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{Latency: 40 * time.Millisecond})
		cfg := configFor(s)
		handlers := []*aws.Handler{newHandlerWith(t, cfg), newHandlerWith(t, cfg)}
		var work sync.WaitGroup
		for i := range 6 {
			work.Go(func() {
				if err := handlers[i%2].SetTags(t.Context(), c000, []pmks.KeyValue{{Key: fmt.Sprint("k", i), Value: "v"}}); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := handlers[0].SetTags(ctx, c000, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who leaves is told %v", err)
		}
		work.Wait()
		info, err := handlers[0].GetCluster(t.Context(), c000)
		if err != nil || len(info.TagList) != 1 {
			t.Errorf("the tags are %v: %v", info.TagList, err)
		}
	})
}

// TestHandler_UpgradeFindings: what EKS holds against an upgrade is told beforehand, and is
// what it refuses the upgrade for.
func TestHandler_UpgradeFindings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h := newHandler(t, s)
		if list, err := h.UpgradeFindings(t.Context(), c000, "1.34"); err != nil || len(list) > 0 {
			t.Errorf("a sound cluster: %+v, %v", list, err)
		}
		if err := s.SetInsights("c000", eks.Insight{Name: "Deprecated APIs", Version: "1.34", Status: "ERROR", Reason: "in use", Recommendation: "Move on."},
			eks.Insight{Name: "Later", Version: "1.35", Status: "WARNING"}, eks.Insight{Name: "Fine", Version: "1.34"}); err != nil {
			t.Fatal(err)
		}
		plan, err := pmks.PlanUpgrade(t.Context(), h, c000, "1.35")
		if err != nil || len(plan.Blocked()) != 1 || !strings.Contains(plan.Blocked()[0].Message, "Deprecated APIs: ERROR: in use; Move on.") {
			t.Fatalf("the plan is %+v, %v", plan, err)
		}
		_, err = h.UpgradeCluster(t.Context(), c000, "1.34")
		says(t, err, pmks.ErrFailedPrecondition, "")
		for version, code := range map[string]error{"1.99": pmks.ErrInvalidArgument, "1.32": pmks.ErrInvalidArgument, "new": pmks.ErrInvalidArgument} {
			_, err := h.UpgradeFindings(t.Context(), c000, version)
			says(t, err, code, "newVersion")
		}
		// What may not be seen is no all-clear.
		away(s, "ListInsights", pmks.CodePermissionDenied)
		away(s, "ListAddons", pmks.CodePermissionDenied)
		away(s, "DescribeSubnets", pmks.CodePermissionDenied)
		list, err := h.UpgradeFindings(t.Context(), c000, "1.34")
		if err != nil || len(list) != 3 {
			t.Errorf("unreadable: %+v, %v", list, err)
		}
		for _, f := range list {
			if f.Code != pmks.KeyUnread || f.Blocks {
				t.Errorf("unreadable: %+v", f)
			}
		}
	})
}

// TestHandler_UpgradeFindings_addon: an add-on that does not go with the version, in the
// words of EKS and of pmks.
func TestHandler_UpgradeFindings_addon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		if err := s.Put(core.Seed{Name: "c000", Version: "1.34", Attr: map[string]string{eks.AttrAddons: "vpc-cni=" + eks.OldAddonVersion, eks.AttrCustomTemplates: "own"},
			Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "own"}, DesiredNodeSize: 1}}}); err != nil {
			t.Fatal(err)
		}
		list, err := newHandler(t, s).UpgradeFindings(t.Context(), c000, "1.35")
		if err != nil {
			t.Fatal(err)
		}
		var own, insight, addon bool
		for _, f := range list {
			own = own || f.Blocks && f.NodeGroup.NameId == "own" && f.Code == pmks.CodeUnsupported.String()
			insight = insight || f.Blocks && f.Code == "UPGRADE_READINESS"
			addon = addon || !f.Blocks && f.Code == "ADDON_VERSION" && strings.Contains(f.Message, "vpc-cni "+eks.OldAddonVersion)
		}
		if !own || !insight || !addon {
			t.Errorf("the findings are %+v", list)
		}
	})
}

// TestHandler_Clusters: the first clusters come before the last are read, with the requests
// of a listing, and a loop that breaks leaves nothing under way.
func TestHandler_Clusters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 120, 2, eks.Options{Latency: 40 * time.Millisecond})
		h := newHandler(t, s)
		begin := time.Now()
		var first time.Duration
		n := 0
		for info, err := range h.Clusters(t.Context()) {
			if err != nil || info.IId.NameId != fmt.Sprintf("c%03d", n) || len(info.NodeGroupList) != 2 || len(info.NodeGroupList[1].Nodes) != 2 {
				t.Fatalf("cluster %d is %v, %v", n, info, err)
			}
			if n++; n == 1 {
				first = time.Since(begin)
			}
		}
		if all := time.Since(begin); n != 120 || first > all/5 {
			t.Errorf("%d clusters, the first after %v of %v", n, first, all)
		}
		for op, want := range map[string]int{"ListClusters": 2, "DescribeCluster": 120, "DescribeNodegroup": 240, "DescribeAutoScalingGroups": 3} {
			if got := s.Count(op); got != want {
				t.Errorf("%d %s, want %d", got, op, want)
			}
		}
		s.Reset()
		for range h.Clusters(t.Context()) {
			break
		}
		synctest.Wait()
		made := s.Count("")
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if s.Count("") != made || made > 60 {
			t.Errorf("after a break %d requests, a minute later %d", made, s.Count(""))
		}
	})
}

// TestHandler_Clusters_faults: what fails stays in its place, and the end of the context
// is told once.
func TestHandler_Clusters_faults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 4, 1, eks.Options{Latency: 40 * time.Millisecond})
		h := newHandler(t, s)
		away(s, "DescribeAutoScalingGroups", pmks.CodePermissionDenied)
		for info, err := range h.Clusters(t.Context()) {
			if err != nil || len(info.NodeGroupList) != 1 || !strings.Contains(unreadOf(info.NodeGroupList[0].KeyValueList), "Nodes(PermissionDenied)") {
				t.Errorf("without Auto Scaling: %v, %v", info, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var ends []error
		for _, err := range h.Clusters(ctx) {
			if cancel(); err != nil {
				ends = append(ends, err)
			}
		}
		if len(ends) > 1 || len(ends) == 1 && !errors.Is(ends[0], context.Canceled) {
			t.Errorf("a context that ends is told as %v", ends)
		}
	})
}
