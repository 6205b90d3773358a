// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	found, err := readList(ctx, h, bucketEKS, h.api.eks.DescribeClusterVersions, "list of versions", func(token *string) *eks.DescribeClusterVersionsInput {
		return &eks.DescribeClusterVersionsInput{MaxResults: aws.Int32(pageSize), NextToken: token}
	}, func(o *eks.DescribeClusterVersionsOutput) ([]types.ClusterVersionInformation, *string) {
		return o.ClusterVersions, o.NextToken
	})
	if err != nil {
		return nil, err
	}
	var list []pmks.Version
	for _, v := range found {
		status := string(v.VersionStatus)
		if status == "" {
			// The older field, in lower case with hyphens.
			status = strings.ToUpper(strings.ReplaceAll(string(v.Status), "-", "_"))
		}
		name := aws.ToString(v.ClusterVersion)
		if name == "" || status == string(types.VersionStatusUnsupported) {
			continue
		}
		list = append(list, pmks.Version{Name: name, Default: v.DefaultVersion, Deprecated: status != string(types.VersionStatusStandardSupport)})
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

// explainVersion adds to a refusal which versions EKS offers, when the one that was
// asked for is not among them. EKS's own sentence stays: it may be about more.
func (h *Handler) explainVersion(ctx context.Context, err error, field, version string) error {
	if version == "" || !errs.Is(err, pmks.CodeInvalidArgument) || errs.ProviderCode(err) != "InvalidParameterException" {
		return err
	}
	offered, listErr := h.ListVersions(ctx)
	if listErr != nil || len(offered) == 0 || slices.Contains(versionNames(offered), version) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.Field = field
		e.Message = fmt.Sprintf("%s: EKS does not offer Kubernetes %s; it offers %s", strings.TrimSuffix(e.Message, "."), version, strings.Join(versionNames(offered), ", "))
	})
}

// UpgradeCluster implements [pmks.ClusterHandler]: one step, the control plane
// first, then all node groups that lag, together. The answer shows no nodes: those
// are read by GetCluster.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	version, err := h.upgradeTarget(ctx, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	found, err := h.readCluster(ctx, t, fanout.Each, nil)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	groups, err := allRead(found.groups)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	updates, err := h.step(ctx, found.cluster, groups, version)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := h.assemble(ctx, found, scalingIndex{}, false)
	if len(updates) > 0 || len(upgrade.Lagging(planGroups(groups), version)) > 0 {
		info.Status = pmks.ClusterUpdating
	}
	addUpdate(&info.KeyValueList, updates[""])
	for i := range info.NodeGroupList {
		g := &info.NodeGroupList[i]
		if id, sent := updates[g.IId.NameId]; sent {
			g.Status = pmks.NodeGroupUpdating
			addUpdate(&g.KeyValueList, id)
		}
	}
	return info, nil
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

// step sends what comes next, if anything. It returns the ids of the updates by the
// names of their node groups; "" is the control plane.
func (h *Handler) step(ctx context.Context, c *types.Cluster, groups []*types.Nodegroup, version string) (updates map[string]string, err error) {
	if err := checkOurs(c); err != nil {
		return nil, err
	}
	facts := upgrade.Facts{Cloud: "EKS", Current: aws.ToString(c.Version), Target: version, Groups: planGroups(groups), LargestStep: 1}
	plan, err := upgrade.Plan(facts)
	var refusal *upgrade.Error
	if errors.As(err, &refusal) && refusal.OfRequest() {
		return nil, refuse.Upgrade("newVersion", err)
	}
	name := aws.ToString(c.Name)
	if c.Status == types.ClusterStatusUpdating && plan.ControlPlane != "" {
		// Whether it is this upgrade that runs, only the record of the update tells.
		if runs, err := h.upgradeRuns(ctx, target{cluster: name}, version); runs || err != nil {
			return nil, err
		}
	}
	if err := checkClusterReady(c); err != nil {
		return nil, err
	}
	if refusal != nil && refusal.Kind == upgrade.TooFar {
		// Whether the version is on offer at all decides what the way out is.
		if offered, listErr := h.ListVersions(ctx); listErr == nil {
			facts.Offered = versionNames(offered)
			plan, err = upgrade.Plan(facts)
		}
	}
	if err != nil {
		return nil, refuse.Upgrade("newVersion", err)
	}
	if err := checkImages(groups, version); err != nil {
		return nil, err
	}
	if plan.ControlPlane == "" {
		return h.upgradeGroups(ctx, name, groups, plan.Groups, version)
	}
	id, err := h.upgradeControlPlane(ctx, c, plan.ControlPlane)
	return map[string]string{"": id}, err
}

// planGroups is what a plan wants to know of node groups.
func planGroups(groups []*types.Nodegroup) []upgrade.Group {
	list := make([]upgrade.Group, len(groups))
	for i, n := range groups {
		list[i] = upgrade.Group{Name: aws.ToString(n.NodegroupName), Version: aws.ToString(n.Version), Leaving: n.Status == types.NodegroupStatusDeleting}
	}
	return list
}

// checkImages refuses an upgrade that could only be done by halves: a node group with
// an image of its own gets no other from EKS, and the control plane should not go
// where its nodes cannot follow.
func checkImages(groups []*types.Nodegroup, version string) error {
	var own []string
	for _, g := range upgrade.Lagging(planGroups(groups), version) {
		if groupNamed(groups, g.Name).AmiType == types.AMITypesCustom {
			own = append(own, g.Name)
		}
	}
	if len(own) == 0 {
		return nil
	}
	return refuse.Unsupported("newVersion", "node groups %s run images of their own, which EKS does not replace: upgrade the control plane in EKS and give their launch templates an image for %s, or remove them", strings.Join(own, ", "), version)
}

// groupNamed returns the node group of a name that is among them.
func groupNamed(groups []*types.Nodegroup, name string) *types.Nodegroup {
	return groups[slices.IndexFunc(groups, func(n *types.Nodegroup) bool { return aws.ToString(n.NodegroupName) == name })]
}

func (h *Handler) upgradeControlPlane(ctx context.Context, c *types.Cluster, version string) (id string, err error) {
	name := aws.ToString(c.Name)
	in := &eks.UpdateClusterVersionInput{Name: &name, Version: &version, ClientRequestToken: aws.String(requestToken())}
	if err := h.beforeUpgrade(ctx, c, in); err != nil {
		return "", err
	}
	err = repeatable(ctx, func(ctx context.Context) error {
		out, err := send(ctx, h, bucketEKS, h.api.eks.UpdateClusterVersion, in, "update", func(o *eks.UpdateClusterVersionOutput) bool {
			return o.Update != nil && aws.ToString(o.Update.Id) != ""
		})
		if err == nil {
			id = *out.Update.Id
		}
		return err
	}, func(ctx context.Context) (bool, error) { return h.upgradeRuns(ctx, target{cluster: name}, version) })
	return id, h.explainVersion(ctx, err, "newVersion", version)
}

// upgradeRuns reports whether EKS has the record of an upgrade to a version that runs
// or went well.
func (h *Handler) upgradeRuns(ctx context.Context, t target, version string) (bool, error) {
	updates, err := h.updates(ctx, t)
	return slices.ContainsFunc(updates, func(u *types.Update) bool {
		return u.Type == types.UpdateTypeVersionUpdate && (u.Status == types.UpdateStatusInProgress || u.Status == types.UpdateStatusSuccessful) &&
			slices.ContainsFunc(u.Params, func(p types.UpdateParam) bool {
				return p.Type == types.UpdateParamTypeVersion && aws.ToString(p.Value) == version
			})
	}), err
}

// upgradeGroups sends the upgrade of every group that lags and is at rest, all
// together. Groups that are being worked on are taken by the next call.
func (h *Handler) upgradeGroups(ctx context.Context, cluster string, groups []*types.Nodegroup, lagging []upgrade.Group, version string) (updates map[string]string, err error) {
	var next []*types.Nodegroup
	var faults []error
	for _, g := range lagging {
		n := groupNamed(groups, g.Name)
		if n.Status == types.NodegroupStatusUpdating {
			continue
		}
		next = append(next, n)
		faults = append(faults, errs.OfNodeGroup(checkGroupReady(n), iid(g.Name)))
	}
	// Nothing is sent before all are known to be fit for it.
	if err := errs.Join(faults...); err != nil {
		return nil, err
	}
	inputs := make([]*eks.UpdateNodegroupVersionInput, len(next))
	for i, n := range next {
		inputs[i] = &eks.UpdateNodegroupVersionInput{ClusterName: &cluster, NodegroupName: n.NodegroupName, Version: &version, ClientRequestToken: aws.String(requestToken())}
		if err := h.beforeUpgradeNodeGroup(ctx, n, inputs[i]); err != nil {
			return nil, errs.OfNodeGroup(err, iid(aws.ToString(n.NodegroupName)))
		}
	}
	ids, accepted, refusals := make([]string, len(next)), make([]bool, len(next)), make([]error, len(next))
	fault := fanout.Each(ctx, len(next), func(ctx context.Context, i int) error { // the errors stay with their groups
		ids[i], refusals[i] = h.upgradeGroup(ctx, inputs[i], version)
		accepted[i] = refusals[i] == nil
		return nil
	})
	updates = map[string]string{}
	for i, n := range next {
		name := aws.ToString(n.NodegroupName)
		refusals[i] = errs.OfNodeGroup(refusals[i], iid(name))
		if accepted[i] {
			updates[name] = ids[i]
		}
	}
	if err := errs.Join(errs.Join(refusals...), fault); err != nil {
		return nil, errs.With(err, func(e *pmks.Error) {
			if len(updates) > 0 {
				e.Message += fmt.Sprintf(" (the upgrade of the node groups %s has begun)", strings.Join(slices.Sorted(maps.Keys(updates)), ", "))
			}
		})
	}
	return updates, nil
}

func (h *Handler) upgradeGroup(ctx context.Context, in *eks.UpdateNodegroupVersionInput, version string) (id string, err error) {
	t := target{cluster: *in.ClusterName, nodegroup: *in.NodegroupName}
	err = repeatable(ctx, func(ctx context.Context) error {
		out, err := send(ctx, h, bucketEKS, h.api.eks.UpdateNodegroupVersion, in, "update", func(o *eks.UpdateNodegroupVersionOutput) bool {
			return o.Update != nil && aws.ToString(o.Update.Id) != ""
		})
		if err == nil {
			id = *out.Update.Id
		}
		return err
	}, func(ctx context.Context) (bool, error) { return h.upgradeRuns(ctx, t, version) })
	err = errs.With(err, func(e *pmks.Error) {
		if strings.Contains(e.Message, "Nodegroup Kubernetes version should be equal to Cluster kubernetes version") {
			// The control plane reports its new version a little before node groups
			// may follow (aws-controllers-k8s issue 2957). Both are equal, as was read.
			e.Code, e.RetryAfter = pmks.CodeBusy, 15*time.Second
		}
	})
	return id, h.explainBusy(ctx, err, t)
}
