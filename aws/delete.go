// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// DeleteCluster implements [pmks.ClusterHandler]. EKS refuses while node groups
// exist, so they are removed first, all at once, and waited for; ctx bounds the
// wait. Called again it continues. Fargate profiles are not pmks's to remove: with
// some of them nothing is touched.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return false, err
	}
	if err := h.deleteCluster(ctx, t); err != nil {
		return false, err
	}
	return true, nil
}

func (h *Handler) deleteCluster(ctx context.Context, t target) error {
	var c *types.Cluster
	var groups, profiles []string
	var templates []ec2types.LaunchTemplate
	var err, groupsErr, profilesErr, templatesErr error
	// Each keeps its own error: which one counts depends on the others.
	if fault := fanout.All(ctx,
		func(ctx context.Context) error { c, err = h.describeCluster(ctx, t); return nil },
		func(ctx context.Context) error { groups, groupsErr = h.listNodegroups(ctx, t.cluster); return nil },
		func(ctx context.Context) error {
			profiles, profilesErr = h.listFargateProfiles(ctx, t.cluster)
			return nil
		},
		func(ctx context.Context) error { templates, templatesErr = h.templates(ctx, t.cluster); return nil }); fault != nil {
		return fault
	}
	if errs.Is(err, pmks.CodeNotFound) && !t.byARN() {
		// What is left of it goes with it, also when somebody else deleted it.
		return errs.Join(err, templatesErr, h.sweep(ctx, templates, nil))
	}
	if err != nil {
		return err
	}
	if errs.Is(profilesErr, pmks.CodePermissionDenied) && groupsErr == nil && len(groups) == 0 {
		profilesErr = nil // nothing is destroyed before EKS itself says no
	}
	if err := errs.Join(groupsErr, profilesErr, templatesErr); err != nil && c.Status != types.ClusterStatusDeleting {
		return err
	}
	if c.Status == types.ClusterStatusDeleting {
		return errs.Join(errs.IgnoreNotFound(groupsErr), templatesErr, h.sweep(ctx, templates, groups))
	}
	if err := checkDeletable(c, profiles); err != nil {
		return err
	}
	r := removal{h: h, cluster: t.cluster, asked: map[string]string{}, times: map[string]int{}}
	for {
		if len(groups) > 0 {
			if err := r.run(ctx, groups); err != nil {
				return r.halfDone(err)
			}
			// Only now is nobody left who could have made another.
			if templates, err = h.templates(ctx, t.cluster); err != nil {
				return r.halfDone(err)
			}
		}
		if err := h.sweep(ctx, templates, nil); err != nil {
			return r.halfDone(err)
		}
		refusal := h.sendDeleteCluster(ctx, t.cluster)
		if !errs.Is(refusal, pmks.CodeFailedPrecondition) {
			return r.halfDone(refusal)
		}
		// A node group may have been added since the last look.
		if groups, err = h.listNodegroups(ctx, t.cluster); err != nil || len(groups) == 0 {
			return r.halfDone(refusal)
		}
	}
}

// checkDeletable refuses before the node groups are gone, not after.
func checkDeletable(c *types.Cluster, profiles []string) error {
	if err := checkOurs(c); err != nil {
		return err
	}
	switch {
	case aws.ToBool(c.DeletionProtection) && c.Status == types.ClusterStatusActive:
		return refuse.Precondition("the cluster has deletion protection: switch it off in EKS first")
	case len(profiles) > 0:
		return refuse.Precondition("the cluster has the Fargate profiles %s, which pmks did not make: delete them in EKS first", strings.Join(profiles, ", "))
	case c.Status == types.ClusterStatusUpdating:
		return ready.CheckMend("the cluster", string(c.Status), clusterMeaning(c))
	}
	return nil
}

func (h *Handler) sendDeleteCluster(ctx context.Context, name string) error {
	return once.Remove(ctx, func(ctx context.Context) error {
		_, err := send(ctx, h, bucketEKS, h.api.eks.DeleteCluster, &eks.DeleteClusterInput{Name: &name},
			"cluster of that name", func(o *eks.DeleteClusterOutput) bool { return o.Cluster != nil && aws.ToString(o.Cluster.Name) == name })
		return notFoundOf(err, name)
	}, func(ctx context.Context) (once.Fate, error) {
		c, err := h.describeCluster(ctx, target{cluster: name})
		return once.FateOf(err == nil && c.Status == types.ClusterStatusDeleting, err)
	})
}

// deleteNodegroup removes a node group and returns its ARN; "" for one that is gone.
func (h *Handler) deleteNodegroup(ctx context.Context, t target) (arn string, err error) {
	err = once.Remove(ctx, func(ctx context.Context) error {
		out, err := send(ctx, h, bucketEKS, h.api.eks.DeleteNodegroup, &eks.DeleteNodegroupInput{ClusterName: &t.cluster, NodegroupName: &t.nodegroup},
			"node group of that name", func(o *eks.DeleteNodegroupOutput) bool {
				return o.Nodegroup != nil && aws.ToString(o.Nodegroup.NodegroupName) == t.nodegroup
			})
		if err == nil {
			arn = aws.ToString(out.Nodegroup.NodegroupArn)
		}
		return notFoundOf(err, t.cluster, t.nodegroup)
	}, func(ctx context.Context) (once.Fate, error) {
		n, err := h.describeNodegroup(ctx, t)
		if err == nil {
			arn = aws.ToString(n.NodegroupArn)
		}
		return once.FateOf(err == nil && n.Status == types.NodegroupStatusDeleting, err)
	})
	return arn, err
}

// removal removes all node groups of a cluster and waits until they are gone, those
// included that are added meanwhile.
type removal struct {
	h       *Handler
	cluster string

	mu sync.Mutex
	// asked holds what was asked to go, by ARN: a group that is made again under the
	// same name is another.
	asked map[string]string
	times map[string]int
}

// mostRemovals is how often a node group of one name is removed before pmks gives up
// against whatever makes it again.
const mostRemovals = 3

func (r *removal) run(ctx context.Context, names []string) error {
	return await.Until(ctx, r.h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		if names != nil { // they have just been listed
			first := names
			names = nil
			return false, r.ask(ctx, first)
		}
		groups, err := r.h.readNodegroups(ctx, r.cluster, fanout.Each, nil)
		if err != nil {
			return errs.Is(err, pmks.CodeNotFound), errs.IgnoreNotFound(err)
		}
		next := []string{}
		for _, g := range groups {
			switch going, err := r.look(g); {
			case err != nil:
				return false, err
			case !going:
				next = append(next, g.name)
			}
		}
		return len(groups) == 0, r.ask(ctx, next)
	})
}

// look reports whether a node group is on its way, or in a state that EKS takes no
// deletion in.
func (r *removal) look(g nodegroupRead) (going bool, err error) {
	if g.err != nil {
		return false, errs.OfNodeGroup(g.err, iid(g.name))
	}
	m := nodegroupMeaning(g.nodegroup)
	_, asked := r.asked[aws.ToString(g.nodegroup.NodegroupArn)]
	switch {
	case asked && g.nodegroup.Status == types.NodegroupStatusDeleteFailed:
		return false, errs.OfNodeGroup(refuse.Precondition("the node group could not be removed: %s", m.Reason), iid(g.name))
	case !asked && r.times[g.name] >= mostRemovals:
		return false, errs.OfNodeGroup(refuse.Precondition("the node group was removed %d times and something makes it again: stop that first", r.times[g.name]), iid(g.name))
	}
	return asked || m.Status.Transitional(), nil
}

// ask has EKS remove node groups. One that it is still working on is asked again
// later.
func (r *removal) ask(ctx context.Context, names []string) error {
	return fanout.Each(ctx, len(names), func(ctx context.Context, i int) error {
		arn, err := r.h.deleteNodegroup(ctx, target{cluster: r.cluster, nodegroup: names[i]})
		if errs.Is(err, pmks.CodeNotFound) || errs.Is(err, pmks.CodeBusy) {
			return nil
		}
		if err == nil && arn != "" {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.asked[arn] = names[i]
			r.times[names[i]]++
		}
		return errs.OfNodeGroup(err, iid(names[i]))
	})
}

// halfDone adds to err what has been removed, or is being.
func (r *removal) halfDone(err error) error {
	if err == nil || len(r.asked) == 0 {
		return err
	}
	names := slices.Compact(slices.Sorted(maps.Values(r.asked)))
	return errs.With(err, func(e *pmks.Error) {
		e.Message = fmt.Sprintf("%s (of the cluster the node groups %s are gone or going: call DeleteCluster again)", e.Message, strings.Join(names, ", "))
	})
}
