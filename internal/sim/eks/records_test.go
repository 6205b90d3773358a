// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_records: every long operation can fail after it was accepted, and what
// failed says so with the code, the sentence and the resources.
func TestServer_records(t *testing.T) {
	t.Parallel()
	const reason = "InsufficientFreeAddresses: none left [subnet-1, subnet-2]"
	a, g := aws.String("a"), aws.String("g")
	cluster := func(t *testing.T, w *world, _ string) string {
		issue := w.describe(t, "a").Health.Issues[0]
		return fmt.Sprintf("%s: %s %v", issue.Code, *issue.Message, issue.ResourceIds)
	}
	group := func(t *testing.T, w *world, _ string) string {
		issue := w.describeGroup(t, "a", "g").Health.Issues[0]
		return fmt.Sprintf("%s: %s %v", issue.Code, *issue.Message, issue.ResourceIds)
	}
	update := func(group *string) func(*testing.T, *world, string) string {
		return func(t *testing.T, w *world, id string) string {
			list, err := w.eks.ListUpdates(t.Context(), &eks.ListUpdatesInput{Name: a, NodegroupName: group})
			if err != nil || !slices.Equal(list.UpdateIds, []string{id}) {
				t.Errorf("ListUpdates: %v, %v", list, err)
			}
			out, err := w.eks.DescribeUpdate(t.Context(), &eks.DescribeUpdateInput{Name: a, NodegroupName: group, UpdateId: &id})
			if err != nil || out.Update.Status != types.UpdateStatusFailed {
				t.Fatalf("DescribeUpdate: %v\n%s", err, wiretest.JSON(t, out))
			}
			e := out.Update.Errors[0]
			return fmt.Sprintf("%s: %s %v", e.ErrorCode, *e.ErrorMessage, e.ResourceIds)
		}
	}
	tests := []struct {
		op, state string
		do        func(*testing.T, *world) (updateID string, err error)
		record    func(*testing.T, *world, string) string
	}{
		{"CreateCluster", "FAILED", func(t *testing.T, w *world) (string, error) {
			w.force("a", "", profile.Gone)
			_, err := w.eks.CreateCluster(t.Context(), w.clusterInput("a"))
			return "", err
		}, cluster},
		{"DeleteCluster", "FAILED", func(t *testing.T, w *world) (string, error) {
			w.force("a", "g", profile.Gone)
			_, err := w.eks.DeleteCluster(t.Context(), &eks.DeleteClusterInput{Name: a})
			return "", err
		}, cluster},
		{"CreateNodegroup", "CREATE_FAILED", func(t *testing.T, w *world) (string, error) {
			w.force("a", "g", profile.Gone)
			_, err := w.eks.CreateNodegroup(t.Context(), groupInput(w.Server, "a", "g"))
			return "", err
		}, group},
		{"DeleteNodegroup", "DELETE_FAILED", func(t *testing.T, w *world) (string, error) {
			_, err := w.eks.DeleteNodegroup(t.Context(), &eks.DeleteNodegroupInput{ClusterName: a, NodegroupName: g})
			return "", err
		}, group},
		{"UpdateClusterVersion", "ACTIVE", func(t *testing.T, w *world) (string, error) {
			out, err := w.eks.UpdateClusterVersion(t.Context(), &eks.UpdateClusterVersionInput{Name: a, Version: aws.String("1.35")})
			if err != nil {
				return "", err
			}
			return *out.Update.Id, nil
		}, update(nil)},
		{"UpdateClusterConfig", "ACTIVE", func(t *testing.T, w *world) (string, error) {
			out, err := w.eks.UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{Name: a, DeletionProtection: aws.Bool(true)})
			if err != nil {
				return "", err
			}
			return *out.Update.Id, nil
		}, update(nil)},
		{"UpdateNodegroupConfig", "ACTIVE", func(t *testing.T, w *world) (string, error) {
			out, err := w.eks.UpdateNodegroupConfig(t.Context(), &eks.UpdateNodegroupConfigInput{ClusterName: a, NodegroupName: g, ScalingConfig: sizes(1, 9, 5)})
			if err != nil {
				return "", err
			}
			return *out.Update.Id, nil
		}, update(g)},
		{"UpdateNodegroupVersion", "ACTIVE", func(t *testing.T, w *world) (string, error) {
			out, err := w.eks.UpdateNodegroupVersion(t.Context(), &eks.UpdateNodegroupVersionInput{ClusterName: a, NodegroupName: g})
			if err != nil {
				return "", err
			}
			return *out.Update.Id, nil
		}, update(g)},
	}
	for _, test := range tests {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).taped(t)
			old := groupInfo("g")
			old.Version = "1.33"
			wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.34", Groups: []pmks.NodeGroupInfo{old}}))
			if test.op == "UpdateClusterVersion" {
				w.force("a", "g", profile.Gone)
			}
			w.Inject(core.Fault{Op: test.op, Kind: core.FaultFailLater, Reason: reason})
			id := wiretest.OK(test.do(t, w))(t)
			w.pass()
			if got, want := test.record(t, w, id), "InsufficientFreeAddresses: none left [subnet-1 subnet-2]"; got != want {
				t.Errorf("the record is %q, want %q", got, want)
			}
			if v := *w.describe(t, "a").Version; v != "1.34" {
				t.Errorf("the version is %s", v)
			}
			state := string(w.describe(t, "a").Status)
			if strings.Contains(test.op, "Nodegroup") {
				state = string(w.describeGroup(t, "a", "g").Status)
			}
			if state != test.state {
				t.Errorf("the state is %s, want %s", state, test.state)
			}
		})
	}
}

// TestServer_failures: what is accepted and cannot be done, and what never ends.
func TestServer_failures(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("unknown-instance-type", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		in := groupInput(w.Server, "a", "g")
		in.InstanceTypes = []string{"x9.huge"}
		wiretest.OK(w.eks.CreateNodegroup(ctx, in))(t)
		w.pass()
		out, err := w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")})
		if err != nil || out.Nodegroup.Status != types.NodegroupStatusCreateFailed || out.Nodegroup.Health.Issues[0].Code != types.NodegroupIssueCodeEc2InstanceTypeDoesNotExist {
			t.Errorf("got %v\n%s", err, wiretest.JSON(t, out))
		}
	})
	t.Run("stick", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultStick})
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		if got := w.state(ctx, t, "a"); got != "CREATING" {
			t.Errorf("got %s", got)
		}
	})
}

// TestServer_failures_withoutReason: the code of an update that failed is one that
// updates can have.
func TestServer_failures_withoutReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.createCluster(t, "a")
	w.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater})
	up := wiretest.OK(w.eks.UpdateClusterVersion(t.Context(), &eks.UpdateClusterVersionInput{Name: aws.String("a"), Version: aws.String("1.35")}))(t)
	w.pass()
	out, err := w.eks.DescribeUpdate(t.Context(), &eks.DescribeUpdateInput{Name: aws.String("a"), UpdateId: up.Update.Id})
	if err != nil || len(out.Update.Errors) != 1 || out.Update.Errors[0].ErrorCode != types.ErrorCodeUnknown {
		t.Errorf("got %v\n%s", err, wiretest.JSON(t, out))
	}
}

// TestServer_UpdateClusterConfig changes one thing at a time.
func TestServer_UpdateClusterConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	ctx, name := t.Context(), aws.String("a")
	w.createCluster(t, "a")
	vpc := func(public bool) *types.VpcConfigRequest {
		return &types.VpcConfigRequest{EndpointPublicAccess: &public, EndpointPrivateAccess: aws.Bool(true)}
	}
	logs := &types.Logging{ClusterLogging: []types.LogSetup{{Types: []types.LogType{types.LogTypeAudit}, Enabled: aws.Bool(true)}}}
	for _, test := range []struct {
		in   eks.UpdateClusterConfigInput
		kind types.UpdateType
		seen func(*types.Cluster) bool
	}{
		{eks.UpdateClusterConfigInput{DeletionProtection: aws.Bool(true)}, types.UpdateTypeDeletionProtectionUpdate, func(c *types.Cluster) bool { return *c.DeletionProtection }},
		{eks.UpdateClusterConfigInput{Logging: logs}, types.UpdateTypeLoggingUpdate, func(c *types.Cluster) bool { return len(c.Logging.ClusterLogging[0].Types) == 1 }},
		{eks.UpdateClusterConfigInput{ResourcesVpcConfig: vpc(false)}, types.UpdateTypeEndpointAccessUpdate, func(c *types.Cluster) bool { return !c.ResourcesVpcConfig.EndpointPublicAccess }},
		{eks.UpdateClusterConfigInput{UpgradePolicy: &types.UpgradePolicyRequest{SupportType: types.SupportTypeStandard}}, types.UpdateTypeUpgradePolicyUpdate,
			func(c *types.Cluster) bool { return c.UpgradePolicy.SupportType == types.SupportTypeStandard }},
	} {
		test.in.Name = name
		out, err := w.eks.UpdateClusterConfig(ctx, &test.in)
		if err != nil || out.Update.Type != test.kind || test.seen(w.describe(t, "a")) || w.describe(t, "a").Status != types.ClusterStatusUpdating {
			t.Fatalf("%s: %v\n%s", test.kind, err, wiretest.JSON(t, out))
		}
		_, err = w.eks.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: name, DeletionProtection: aws.Bool(false)})
		check(t, err, taken, "in progress")
		w.pass()
		update, err := w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, UpdateId: out.Update.Id})
		if err != nil || update.Update.Status != types.UpdateStatusSuccessful || !test.seen(w.describe(t, "a")) {
			t.Errorf("%s: %v\n%s", test.kind, err, wiretest.JSON(t, update))
		}
	}
	for _, in := range []eks.UpdateClusterConfigInput{
		{}, {DeletionProtection: aws.Bool(true), Logging: logs}, {ResourcesVpcConfig: vpc(false)},
		{ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPrivateAccess: aws.Bool(false)}},
		{ResourcesVpcConfig: &types.VpcConfigRequest{PublicAccessCidrs: []string{"x"}}},
		{Logging: &types.Logging{ClusterLogging: []types.LogSetup{{Types: []types.LogType{"x"}}}}},
	} {
		in.Name = name
		_, err := w.eks.UpdateClusterConfig(ctx, &in)
		check(t, err, badParameter, "")
	}
	_, err := w.eks.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: name, ResourcesVpcConfig: &types.VpcConfigRequest{SubnetIds: []string{"x"}}})
	check(t, err, refusal{CodeNotSimulated, 501}, "subnets")
}
