// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer place(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	var list []pmks.Version
	pages := eks.NewDescribeClusterVersionsPaginator(h.api.eks, &eks.DescribeClusterVersionsInput{MaxResults: aws.Int32(pageSize)},
		func(o *eks.DescribeClusterVersionsPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fail(err)
		}
		for _, v := range page.ClusterVersions {
			status := string(v.VersionStatus)
			if status == "" {
				// The older field, in lower case with hyphens.
				status = strings.ToUpper(strings.ReplaceAll(string(v.Status), "-", "_"))
			}
			if status == string(types.VersionStatusUnsupported) {
				continue
			}
			list = append(list, pmks.Version{Name: aws.ToString(v.ClusterVersion), Default: v.DefaultVersion,
				Deprecated: status != string(types.VersionStatusStandardSupport)})
		}
	}
	return sorted(list), nil
}

// sorted orders versions newest first: EKS promises no order.
func sorted(list []pmks.Version) []pmks.Version {
	byName := map[string]pmks.Version{}
	var names []string
	for _, v := range list {
		byName[v.Name] = v
		names = append(names, v.Name)
	}
	list = list[:0]
	for _, name := range kver.Sort(names) {
		list = append(list, byName[name])
	}
	return list
}

func versionNames(versions []pmks.Version) []string {
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = v.Name
	}
	return names
}

// explainVersion turns a refused version into an error that lists those on offer.
func (h *Handler) explainVersion(ctx context.Context, err error, version string) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.ProviderCode != "InvalidParameterException" || !strings.Contains(strings.ToLower(e.Message), "version") {
		return err
	}
	c := *e
	c.Field = "Version"
	if offered, listErr := h.ListVersions(ctx); listErr == nil {
		c.Message = fmt.Sprintf("EKS does not offer Kubernetes %s; it offers %s", version, strings.Join(versionNames(offered), ", "))
	}
	return &c
}

// UpgradeCluster implements [pmks.ClusterHandler]: one step, the control plane
// first, then all node groups that lag, together.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	name, err := h.clusterName(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	target, err := h.upgradeTarget(ctx, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var c *types.Cluster
	var groups []*types.Nodegroup
	var g errgroup.Group
	g.Go(func() (err error) {
		c, err = h.describeCluster(ctx, name)
		return err
	})
	g.Go(func() (err error) {
		groups, err = h.nodegroups(ctx, limit.New(), name)
		return err
	})
	if err := g.Wait(); err != nil {
		return pmks.ClusterInfo{}, err
	}
	sent, err := h.step(ctx, c, groups, target)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info, err := h.assemble(ctx, c, groups, nil, false)
	if sent || !allAt(groups, target) {
		info.Status = pmks.ClusterUpdating
	}
	return info, err
}

func (h *Handler) upgradeTarget(ctx context.Context, version string) (string, error) {
	if !kver.IsDefault(version) {
		v, err := minor(version)
		if err != nil {
			return "", refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", version)
		}
		return v, nil
	}
	offered, err := h.ListVersions(ctx)
	if err != nil {
		return "", err
	}
	for _, v := range offered {
		if v.Default {
			return v.Name, nil
		}
	}
	return "", refuse.Precondition("EKS names no default version: give one of %s", strings.Join(versionNames(offered), ", "))
}

// step sends what comes next, if anything.
func (h *Handler) step(ctx context.Context, c *types.Cluster, groups []*types.Nodegroup, target string) (sent bool, err error) {
	current, err := kver.Parse(aws.ToString(c.Version))
	if err != nil {
		return false, &pmks.Error{Code: pmks.CodeInternal, Message: "EKS reports a version that cannot be read", Err: err}
	}
	want, err := kver.Parse(target)
	if err != nil {
		return false, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", target)
	}
	distance := current.MinorDistance(want)
	switch {
	case distance < 0:
		return false, refuse.Invalid("newVersion", "the cluster runs %s; Kubernetes cannot be downgraded to %s", current, want)
	case c.Status == types.ClusterStatusUpdating && distance == 1:
		// EKS says only that some update runs. One version below the target, it is
		// taken to be this one: a caller that asks again meanwhile is told Updating.
		return false, nil
	case c.Status == types.ClusterStatusUpdating:
		return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: string(c.Status), Message: "another update of the cluster is under way: wait until it is Active"}
	}
	if err := accepts(c); err != nil {
		return false, err
	}
	switch {
	case distance > 1:
		return false, h.tooFar(ctx, current, target)
	case distance == 1:
		if behind := laggards(groups, current.MinorString()); len(behind) > 0 {
			return false, refuse.Precondition("node groups %s must be at %s before the control plane moves on: call UpgradeCluster with %s first",
				strings.Join(behind, ", "), current, current)
		}
		return true, h.upgradeControlPlane(ctx, aws.ToString(c.Name), target)
	}
	return h.upgradeGroups(ctx, aws.ToString(c.Name), groups, target)
}

// tooFar explains a jump that EKS refuses: it goes one minor at a time.
func (h *Handler) tooFar(ctx context.Context, current kver.Version, target string) error {
	offered, err := h.ListVersions(ctx)
	if err != nil {
		return refuse.Precondition("EKS upgrades one minor at a time: %s comes after %s", next(current), current)
	}
	names := versionNames(offered)
	if _, err := kver.Choose(target, names, ""); err != nil {
		return refuse.Invalid("newVersion", "EKS does not offer Kubernetes %s; it offers %s", target, strings.Join(names, ", "))
	}
	return refuse.Precondition("EKS upgrades one minor at a time: from %s only to %s; the job Upgrade takes all the steps to %s", current, next(current), target)
}

func next(v kver.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor+1) }

// laggards names the node groups below a version; those being removed do not count.
func laggards(groups []*types.Nodegroup, version string) []string {
	var names []string
	for _, n := range groups {
		if n.Status != types.NodegroupStatusDeleting && below(aws.ToString(n.Version), version) {
			names = append(names, aws.ToString(n.NodegroupName))
		}
	}
	return names
}

func allAt(groups []*types.Nodegroup, version string) bool {
	return len(laggards(groups, version)) == 0
}

func below(version, than string) bool {
	v, err1 := kver.Parse(version)
	t, err2 := kver.Parse(than)
	return err1 == nil && err2 == nil && v.MinorDistance(t) > 0
}

func (h *Handler) upgradeControlPlane(ctx context.Context, name, target string) error {
	token := requestToken()
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			var lost bool
			_, err := h.api.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: &name, Version: &target, ClientRequestToken: &token}, attempts(&lost))
			return settledBy(lost, err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			c, err := h.describeCluster(ctx, name)
			return err == nil && (c.Status == types.ClusterStatusUpdating || !below(aws.ToString(c.Version), target)), err
		},
	})
	return h.explainVersion(ctx, err, target)
}

// upgradeGroups sends the upgrade of every group that lags and is at rest, all
// together. Groups that are being worked on are taken by the next call.
func (h *Handler) upgradeGroups(ctx context.Context, cluster string, groups []*types.Nodegroup, target string) (sent bool, err error) {
	var next []*types.Nodegroup
	for _, n := range groups {
		if !below(aws.ToString(n.Version), target) || n.Status == types.NodegroupStatusUpdating || n.Status == types.NodegroupStatusDeleting {
			continue
		}
		if err := settled(n); err != nil {
			return false, about(groupError(err, n), iid(cluster))
		}
		if n.AmiType == types.AMITypesCustom {
			return false, refuse.Precondition("node group %q has an image of its own: give it a launch template with an image for %s", aws.ToString(n.NodegroupName), target)
		}
		next = append(next, n)
	}
	// Nothing is sent before all are known to be fit for it.
	room := limit.New()
	var g errgroup.Group
	for _, n := range next {
		g.Go(func() error {
			return room.Do(ctx, func() error {
				return groupError(h.upgradeGroup(ctx, cluster, aws.ToString(n.NodegroupName), target), n)
			})
		})
	}
	return len(next) > 0, g.Wait()
}

func (h *Handler) upgradeGroup(ctx context.Context, cluster, name, target string) error {
	token := requestToken()
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			var lost bool
			_, err := h.api.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{
				ClusterName: &cluster, NodegroupName: &name, Version: &target, ClientRequestToken: &token}, attempts(&lost))
			return settledBy(lost, err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			n, err := h.describeNodegroup(ctx, cluster, name)
			return err == nil && (n.Status == types.NodegroupStatusUpdating || !below(aws.ToString(n.Version), target)), err
		},
	})
	var e *pmks.Error
	if errors.As(err, &e) && strings.Contains(e.Message, "Nodegroup Kubernetes version should be equal to Cluster kubernetes version") {
		// The control plane reports its new version a little before node groups may
		// follow (aws-controllers-k8s issue 2957).
		c := *e
		c.Code, c.RetryAfter = pmks.CodeBusy, 15*time.Second
		return &c
	}
	return err
}

func groupError(err error, n *types.Nodegroup) error {
	var e *pmks.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.NodeGroup = iid(aws.ToString(n.NodegroupName))
	return &c
}
