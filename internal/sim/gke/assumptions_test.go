// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestAssumptions gives both answers to what no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	auto := func(enabled bool, lower, upper int32) *containerpb.NodePoolAutoscaling {
		return &containerpb.NodePoolAutoscaling{Enabled: enabled, MinNodeCount: lower, MaxNodeCount: upper}
	}
	// do calls one after the other, each when the one before is done, and returns
	// what the last came to.
	do := func(t *testing.T, w *world, calls ...mutation) string {
		t.Helper()
		verdict := ""
		for _, call := range calls {
			_, err := call(t.Context(), w.gke)
			verdict = codeOf(err).String()
			w.pass()
		}
		return verdict
	}
	shown := func(t *testing.T, w *world) string {
		t.Helper()
		a := w.get(t, "demo").GetNodePools()[0].GetAutoscaling()
		return fmt.Sprintf("%t %d-%d", a.GetEnabled(), a.GetMinNodeCount(), a.GetMaxNodeCount())
	}
	start := func(t *testing.T, a Assumptions) *world {
		w := newWorld(t, func(o *Options) { o.Assumptions = a })
		w.create(t, "demo")
		return w
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"size-while-autoscaling": wiretest.NewChoice(func(u *Assumptions) { u.SizeRefusedWhileAutoscaling = true }, func(t *testing.T, w *world) string {
			return do(t, w, autoscale("ng1", auto(true, 1, 3)), size("ng1", 3))
		}, "OK", "FailedPrecondition"),
		"empty-first-pool": wiretest.NewChoice(func(u *Assumptions) { u.FirstPoolMayBeEmpty = true }, func(t *testing.T, w *world) string {
			_, err := w.gke.CreateCluster(t.Context(), clusterRequest("empty", func(c *containerpb.Cluster) { c.NodePools[0].InitialNodeCount = 0 }))
			return codeOf(err).String()
		}, "InvalidArgument", "OK"),
		"texts-disk": wiretest.NewChoice(func(u *Assumptions) { u.OtherTexts = true }, func(t *testing.T, w *world) string {
			_, err := w.gke.CreateCluster(t.Context(), clusterRequest("new", func(c *containerpb.Cluster) { c.NodePools[0].Config.DiskType = "x" }))
			return fmt.Sprintln(codeOf(err), strings.Contains(err.Error(), "does not exist"))
		}, "InvalidArgument true", "InvalidArgument false"),
		"texts-busy": wiretest.NewChoice(func(u *Assumptions) { u.OtherTexts = true }, func(t *testing.T, w *world) string {
			wiretest.OK(size("ng1", 3)(t.Context(), w.gke))(t)
			_, err := size("ng1", 3)(t.Context(), w.gke)
			return fmt.Sprintln(codeOf(err), strings.Contains(err.Error(), "Please wait and try again once it is done"), reasonOf(err))
		}, "FailedPrecondition false CLUSTER_ALREADY_HAS_OPERATION", "FailedPrecondition true"),
		"early-access": wiretest.NewChoice(func(u *Assumptions) { u.EarlyAccess = true }, func(t *testing.T, w *world) string {
			wiretest.OK(w.gke.CreateCluster(t.Context(), clusterRequest("new")))(t)
			before := w.get(t, "new").GetEndpoint() == ""
			end, ok := w.NextEvent()
			if !ok {
				t.Fatal("nothing is under way")
			}
			w.clock.Add(end.Sub(w.clock.Now()) - time.Second)
			c := w.get(t, "new")
			return fmt.Sprintln(before, c.GetStatus(), c.GetEndpoint() != "", c.GetMasterAuth().GetClusterCaCertificate() != "")
		}, "true PROVISIONING false false", "true PROVISIONING true true"),
		"bounds-forgotten": wiretest.NewChoice(func(u *Assumptions) { u.BoundsWhileOff = BoundsForgotten }, func(t *testing.T, w *world) string {
			return do(t, w, autoscale("ng1", auto(false, 1, 3))) + " " + shown(t, w)
		}, "InvalidArgument false 0-0", "OK false 0-0"),
		"bounds-kept": wiretest.NewChoice(func(u *Assumptions) { u.BoundsWhileOff = BoundsKept }, func(t *testing.T, w *world) string {
			first := do(t, w, autoscale("ng1", auto(false, 1, 3))) + " " + shown(t, w)
			return first + " " + do(t, w, autoscale("ng1", auto(true, 0, 0))) + " " + shown(t, w)
		}, "InvalidArgument false 0-0 InvalidArgument false 0-0", "OK false 1-3 OK true 1-3"),
		"bounds-after-off": wiretest.NewChoice(func(u *Assumptions) { u.BoundsWhileOff = BoundsKept }, func(t *testing.T, w *world) string {
			return do(t, w, autoscale("ng1", auto(true, 1, 3)), autoscale("ng1", auto(false, 0, 0))) + " " + shown(t, w)
		}, "OK false 0-0", "OK false 1-3"),
		"pool-operations": wiretest.NewChoice(func(u *Assumptions) { u.MaxPoolOperations = -1 }, func(t *testing.T, w *world) string {
			for i := range 5 {
				wiretest.OK(createPool(fmt.Sprintf("p%d", i))(t.Context(), w.gke))(t)
			}
			_, err := createPool("more")(t.Context(), w.gke)
			return codeOf(err).String()
		}, "ResourceExhausted", "OK"),
		"deletion-while-creating": wiretest.NewChoice(func(u *Assumptions) { u.DeletionWhileCreating = true }, func(t *testing.T, w *world) string {
			op := wiretest.OK(w.gke.CreateCluster(t.Context(), clusterRequest("new")))(t)
			_, err := deleteCluster("new")(t.Context(), w.gke)
			op = w.read(t, op)
			w.pass()
			_, gone := w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("new")}, noRetry())
			return fmt.Sprintln(codeOf(err), op.GetStatus(), op.GetError() != nil, codeOf(gone) == codes.NotFound)
		}, "FailedPrecondition PENDING false false", "OK DONE true true"),
		"running-while-autoscaling": wiretest.NewChoice(func(u *Assumptions) { u.RunningWhileAutoscaling = true }, func(t *testing.T, w *world) string {
			wiretest.OK(autoscale("ng1", auto(true, 1, 3))(t.Context(), w.gke))(t)
			w.clock.Add(5 * time.Second)
			c := w.get(t, "demo")
			return c.GetStatus().String() + " " + c.GetNodePools()[0].GetStatus().String()
		}, "RECONCILING RECONCILING", "RUNNING RECONCILING"),
		"image-type": wiretest.NewChoice(func(u *Assumptions) { u.ImageTypeOptional = true }, func(t *testing.T, w *world) string {
			return do(t, w, master("1.34"), nodes("ng1", "-", ""))
		}, "InvalidArgument", "OK"),
		"endpoints": wiretest.NewChoice(func(u *Assumptions) { u.EndpointsMerged = true }, func(t *testing.T, w *world) string {
			verdict := do(t, w, updateEndpoints(privately("10.0.0.0/8", "10.1.0.0/16")), updateEndpoints(&endpointsConfig{IpEndpointsConfig: &ipEndpoints{
				AuthorizedNetworksConfig: &authorizedNetworks{Enabled: true, CidrBlocks: blocks("192.168.0.0/16")}}}))
			ip := w.get(t, "demo").GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
			return fmt.Sprintln(verdict, ip.GetEnablePublicEndpoint(), len(ip.GetAuthorizedNetworksConfig().GetCidrBlocks()))
		}, "OK true 1", "OK false 1"),
		"own-taints": wiretest.NewChoice(func(u *Assumptions) { u.OwnTaintsStay = true }, func(t *testing.T, w *world) string {
			arm := func(p *containerpb.NodePool) { p.Config.MachineType = "t2a-standard-4" }
			wiretest.Must(t, changedPool(arm)(t.Context(), w.gke))
			w.pass()
			verdict := do(t, w, func(ctx context.Context, c *container.ClusterManagerClient) (*operation, error) {
				return c.UpdateNodePool(ctx, &containerpb.UpdateNodePoolRequest{Name: poolName("demo", "new"), Taints: &containerpb.NodeTaints{}})
			})
			return fmt.Sprintln(verdict, len(w.get(t, "demo").GetNodePools()[1].GetConfig().GetTaints()))
		}, "OK 0", "OK 1"),
		"spot-with-preemptible": wiretest.NewChoice(func(u *Assumptions) { u.SpotWithPreemptible = true }, func(t *testing.T, w *world) string {
			return codeOf(changedPool(func(p *containerpb.NodePool) { p.Config.Spot, p.Config.Preemptible = true, true })(t.Context(), w.gke)).String()
		}, "InvalidArgument", "OK"),
		"spot-label": wiretest.NewChoice(func(u *Assumptions) { u.SpotLabelShown = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, changedPool(func(p *containerpb.NodePool) { p.Config.Spot = true })(t.Context(), w.gke))
			return fmt.Sprint(w.get(t, "demo").GetNodePools()[1].GetConfig().GetLabels())
		}, "map[]", "map[cloud.google.com/gke-spot:true]"),
		"reserved-labels": wiretest.NewChoice(func(u *Assumptions) { u.ReservedLabelsTaken = true }, func(t *testing.T, w *world) string {
			return codeOf(changedPool(func(p *containerpb.NodePool) { p.Config.Labels = map[string]string{"node.kubernetes.io/a": "b"} })(t.Context(), w.gke)).String()
		}, "InvalidArgument", "OK"),
		"second-deletion": wiretest.NewChoice(func(u *Assumptions) { u.SecondDeletionAccepted = true }, func(t *testing.T, w *world) string {
			first := wiretest.OK(deleteCluster("demo")(t.Context(), w.gke))(t)
			second, err := deleteCluster("demo")(t.Context(), w.gke)
			return fmt.Sprintln(codeOf(err), second.GetName() == first.GetName())
		}, "FailedPrecondition false", "OK true"),
	})
}
