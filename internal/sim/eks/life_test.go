// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Life takes a cluster through its whole life with the vendor's own
// clients, in process and over a listener.
func TestServer_Life(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"in-process", "listener", "tls-listener"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if transport != "in-process" {
				w.listen(t, transport == "tls-listener")
			}
			life(t, w)
		})
	}
}

func life(t *testing.T, w *world) {
	ctx := t.Context()
	name := aws.String("demo")
	created := wiretest.OK(w.eks.CreateCluster(ctx, w.clusterInput("demo")))(t)
	c := created.Cluster
	if c.Status != types.ClusterStatusCreating || c.Endpoint != nil || c.CertificateAuthority.Data != nil || c.Identity != nil || c.ResourcesVpcConfig.ClusterSecurityGroupId != nil {
		t.Errorf("a cluster that is being created shows too much:\n%s", wiretest.JSON(t, c))
	}
	if got, want := aws.ToString(c.Version), "1.34"; got != want {
		t.Errorf("version: got %s, want the default %s", got, want)
	}
	if !c.CreatedAt.Equal(w.clock.Now()) {
		t.Errorf("createdAt: got %s, want %s", c.CreatedAt, w.clock.Now())
	}
	w.pass()
	got := wiretest.OK(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))(t)
	c = got.Cluster
	if c.Status != types.ClusterStatusActive || !strings.HasPrefix(aws.ToString(c.Endpoint), "https://") || aws.ToString(c.CertificateAuthority.Data) == "" {
		t.Errorf("an active cluster shows too little:\n%s", wiretest.JSON(t, c))
	}
	if got, want := aws.ToString(c.ResourcesVpcConfig.VpcId), w.resources.VPCs[0].ID; got != want {
		t.Errorf("VPC: got %s, want %s", got, want)
	}

	group := wiretest.OK(w.eks.CreateNodegroup(ctx, groupInput(w.Server, "demo", "ng1")))(t)
	if group.Nodegroup.Status != types.NodegroupStatusCreating || group.Nodegroup.Resources != nil {
		t.Errorf("a node group that is being created shows too much:\n%s", wiretest.JSON(t, group.Nodegroup))
	}
	w.pass()
	asgName := w.groupASG(t, "demo", "ng1")
	w.checkASG(t, asgName, 2)

	scaled := wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: aws.String("ng1"), ScalingConfig: sizes(0, 5, 4)}))(t)
	if u := scaled.Update; u.Type != types.UpdateTypeConfigUpdate || u.Status != types.UpdateStatusInProgress || len(u.Params) != 3 {
		t.Errorf("the update is not as expected:\n%s", wiretest.JSON(t, u))
	}
	w.pass()
	w.checkASG(t, asgName, 4)
	w.upgrade(t)

	if _, err := w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name}); refusalOf(err) != (refusal{"ResourceInUseException", 409}) {
		t.Errorf("deletion with a node group: got %v", err)
	}
	gone, err := w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: name, NodegroupName: aws.String("ng1")})
	if err != nil || gone.Nodegroup.Status != types.NodegroupStatusDeleting {
		t.Fatalf("DeleteNodegroup: %v", err)
	}
	w.pass()
	deleted, err := w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name})
	if err != nil || deleted.Cluster.Status != types.ClusterStatusDeleting {
		t.Fatalf("DeleteCluster: %v", err)
	}
	w.pass()
	if got := w.state(ctx, t, "demo"); got != "ResourceNotFoundException" {
		t.Errorf("after the deletion: got %s", got)
	}
}

// groupASG returns the name of the only Auto Scaling group of a node group.
func (w *world) groupASG(t *testing.T, cluster, group string) string {
	t.Helper()
	out := wiretest.OK(w.eks.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &group}))(t)
	if out.Nodegroup.Status != types.NodegroupStatusActive || len(out.Nodegroup.Resources.AutoScalingGroups) != 1 {
		t.Fatalf("the node group is not active:\n%s", wiretest.JSON(t, out.Nodegroup))
	}
	return aws.ToString(out.Nodegroup.Resources.AutoScalingGroups[0].Name)
}

// checkASG checks the number of instances of an Auto Scaling group and the tags
// that EKS gives it.
func (w *world) checkASG(t *testing.T, name string, nodes int) {
	t.Helper()
	out := wiretest.OK(w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}}))(t)
	if len(out.AutoScalingGroups) != 1 {
		t.Fatalf("there are %d groups named %s", len(out.AutoScalingGroups), name)
	}
	g := out.AutoScalingGroups[0]
	if len(g.Instances) != nodes || int(aws.ToInt32(g.DesiredCapacity)) != nodes {
		t.Errorf("the Auto Scaling group has %d instances, want %d:\n%s", len(g.Instances), nodes, wiretest.JSON(t, g))
	}
	for _, i := range g.Instances {
		if !strings.HasPrefix(aws.ToString(i.InstanceId), "i-") || i.LifecycleState != astypes.LifecycleStateInService {
			t.Errorf("an instance is not as expected:\n%s", wiretest.JSON(t, i))
		}
	}
	var keys []string
	for _, tag := range g.Tags {
		keys = append(keys, aws.ToString(tag.Key))
	}
	want := []string{"eks:cluster-name", "eks:nodegroup-name", "k8s.io/cluster-autoscaler/demo", "k8s.io/cluster-autoscaler/enabled", "kubernetes.io/cluster/demo"}
	if !slices.Equal(keys, want) {
		t.Errorf("tags: got %v, want %v", keys, want)
	}
}

// upgrade takes the control plane and then the node group one minor up.
func (w *world) upgrade(t *testing.T) {
	t.Helper()
	ctx, name := t.Context(), aws.String("demo")
	up := wiretest.OK(w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.35")}))(t)
	if got := w.state(ctx, t, "demo"); got != "UPDATING" {
		t.Errorf("during the upgrade the cluster is %s", got)
	}
	w.pass()
	read, err := w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, UpdateId: up.Update.Id})
	if err != nil || read.Update.Status != types.UpdateStatusSuccessful {
		t.Fatalf("the update is not successful: %v\n%s", err, wiretest.JSON(t, read))
	}
	_, err = w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.36")})
	if refusalOf(err) != (refusal{"InvalidRequestException", 400}) {
		t.Errorf("an upgrade with a node group behind: got %v", err)
	}
	node := wiretest.OK(w.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: aws.String("ng1")}))(t)
	w.pass()
	read, err = w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, NodegroupName: aws.String("ng1"), UpdateId: node.Update.Id})
	if err != nil || read.Update.Status != types.UpdateStatusSuccessful {
		t.Fatalf("the update of the node group is not successful: %v\n%s", err, wiretest.JSON(t, read))
	}
	ng, err := w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: name, NodegroupName: aws.String("ng1")})
	if err != nil || aws.ToString(ng.Nodegroup.Version) != "1.35" {
		t.Fatalf("the node group is not at 1.35: %v\n%s", err, wiretest.JSON(t, ng))
	}
	list, err := w.eks.ListUpdates(ctx, &eks.ListUpdatesInput{Name: name, NodegroupName: aws.String("ng1")})
	if err != nil || len(list.UpdateIds) != 2 {
		t.Errorf("ListUpdates of the node group: %v %v", list, err)
	}
}

// TestServer_ServeHTTP_counts: the journal holds every call with its verdict.
func TestServer_ServeHTTP_counts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.createCluster(t, "a")
	for range 3 {
		w.state(t.Context(), t, "a")
	}
	if got := w.Count("DescribeCluster"); got != 3 {
		t.Errorf("DescribeCluster: got %d calls, want 3", got)
	}
	calls := w.Calls()
	want := Call{Service: "eks", Op: "CreateCluster", Cluster: "a", Status: 200, Start: wiretest.NewClock().Now(), End: wiretest.NewClock().Now(), Concurrent: 1}
	if calls[0] != want {
		t.Errorf("the first call:\ngot  %+v\nwant %+v", calls[0], want)
	}
	w.Reset()
	if got := w.Count(""); got != 0 {
		t.Errorf("after Reset: got %d calls", got)
	}
	if at, ok := w.NextEvent(); ok {
		t.Errorf("an event is due at %s", at.Format(time.RFC3339))
	}
}
