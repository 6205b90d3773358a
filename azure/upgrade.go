// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// UpgradeCluster implements [pmks.ClusterHandler]: the cluster and where it can go
// are read in parallel, then one request upgrades the control plane and all node
// groups. Where a node group is spot, one request upgrades the control plane, and the
// next call the node groups, by one request each.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer errs.Annotate(&err, Name, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", newVersion)
	}
	c, body, reachable, err := h.readUpgrade(ctx, r, &newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	target, err := h.step(ctx, c, reachable, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if target == "" {
		return clusterInfo(c, h.cfg.ResourceGroup), nil
	}
	var pools map[string]*poolProperties
	if poolsAlone(c, target) {
		pools, err = h.putPools(ctx, r, c, body, target)
	} else {
		c, err = h.putVersion(ctx, r, c, body, target)
	}
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := clusterInfo(c, h.cfg.ResourceGroup)
	info.Status, info.StatusReason, info.StatusFinal = pmks.ClusterUpdating, "", false
	for i, g := range info.NodeGroupList {
		if p := pools[g.IId.NameId]; p != nil {
			info.NodeGroupList[i] = poolInfo(info.IId.SystemId, g.IId.NameId, p, tags(c.Tags).keyPair())
		}
	}
	return info, nil
}

// poolsAlone reports whether the pools of a cluster are what is left to upgrade: its
// control plane is there, and is upgraded apart from them.
func poolsAlone(c *aks.ManagedCluster, target string) bool {
	p := c.Properties
	return upgradesApart(p) && firstText(p.CurrentKubernetesVersion, p.KubernetesVersion) == target &&
		clusterState(c).meaning().Status != pmks.ClusterInactive && len(behind(p, target)) > 0
}

// readUpgrade reads the cluster beside the versions that it can be upgraded to,
// and replaces the word default.
func (h *Handler) readUpgrade(ctx context.Context, r ref, version *string) (c *aks.ManagedCluster, body []byte, reachable []string, err error) {
	var clusterErr, profileErr, offerErr error
	resolved := *version
	reads := []func(context.Context) error{
		func(ctx context.Context) error {
			c, body, clusterErr = h.readClusterBody(ctx, r)
			return nil
		},
		func(ctx context.Context) error {
			reachable, profileErr = h.readReachable(ctx, r, *version)
			return nil
		},
	}
	if kver.IsDefault(resolved) {
		reads = append(reads, func(ctx context.Context) error {
			var o offer
			if o, offerErr = h.offered(ctx); offerErr == nil {
				resolved = o.standard()
			}
			return nil
		})
	}
	if err := fanout.All(ctx, reads...); err != nil {
		return nil, nil, nil, err
	}
	*version = resolved
	if clusterErr != nil {
		return nil, nil, nil, clusterErr
	}
	if errs.Is(profileErr, pmks.CodePermissionDenied) {
		// AKS judges itself: the versions of the region will do, or the one asked for.
		if o, err := h.offered(ctx); err == nil {
			reachable, profileErr = o.names(), nil
		} else if bare := strings.TrimPrefix(resolved, "v"); strings.Count(bare, ".") == 2 {
			reachable, profileErr = []string{bare}, nil
		}
	}
	return c, body, reachable, errs.Join(profileErr, offerErr)
}

// readReachable reads the versions that a cluster can be upgraded to in one step. Of
// previews it has the one that is asked for literally.
func (h *Handler) readReachable(ctx context.Context, r ref, version string) (reachable []string, err error) {
	profile, err := h.readUpgradeProfile(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, u := range profile.Upgrades {
		if u != nil && (!value(u.IsPreview) || value(u.KubernetesVersion) == strings.TrimPrefix(version, "v")) {
			reachable = append(reachable, value(u.KubernetesVersion))
		}
	}
	return reachable, nil
}

// readUpgradeProfile reads where AKS lets the control plane of a cluster go in one step.
func (h *Handler) readUpgradeProfile(ctx context.Context, r ref) (*aks.ManagedClusterPoolUpgradeProfile, error) {
	out, err := read(ctx, h, aksRest, func(ctx context.Context) (aks.ManagedClustersClientGetUpgradeProfileResponse, error) {
		out, err := h.api.clusters.GetUpgradeProfile(ctx, r.group, r.name, nil)
		return out, notFoundOf(fail(err), r)
	}, func(out aks.ManagedClustersClientGetUpgradeProfileResponse) error {
		if out.Properties == nil || out.Properties.ControlPlaneProfile == nil {
			return lost("versions to upgrade to")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.Properties.ControlPlaneProfile, nil
}

// step returns the version to send; nothing when all is there or on its way.
func (h *Handler) step(ctx context.Context, c *aks.ManagedCluster, reachable []string, want string) (string, error) {
	p := c.Properties
	current := firstText(p.CurrentKubernetesVersion, p.KubernetesVersion)
	s := clusterState(c)
	meaning := s.meaning()
	if meaning.Status == pmks.ClusterUpdating && upgradingTo(p, want) {
		return "", nil
	}
	target, err := kver.Next(current, want, append(slices.Clone(reachable), current), 1)
	if err != nil {
		return "", h.explain(ctx, err, current, want, reachable)
	}
	if err := s.checkMendable("the cluster"); err != nil {
		return "", err
	}
	// The same request mends a cluster whose last operation failed.
	if failed := meaning.Status == pmks.ClusterInactive; target == "" && len(behind(p, current)) == 0 && !failed {
		return "", nil
	}
	apart := target == "" && upgradesApart(p)
	for _, pool := range p.AgentPoolProfiles {
		if pool != nil && (!apart || !onItsWay(pool, current)) {
			if err := poolState(properties(pool)).checkMendable("the node group"); err != nil {
				return "", errs.OfNodeGroup(err, pmks.IID{NameId: value(pool.Name), SystemId: value(pool.Name)})
			}
		}
	}
	return firstOf(target, current), nil
}

// upgradingTo reports whether the version that was last asked for is the one that
// is wanted now.
func upgradingTo(p *aks.ManagedClusterProperties, want string) bool {
	asked := value(p.KubernetesVersion)
	if asked == "" || asked == value(p.CurrentKubernetesVersion) && len(behind(p, asked)) == 0 {
		return false
	}
	next, err := kver.Next(asked, want, []string{asked}, 1)
	return err == nil && next == ""
}

// behind names the pools that do not run a version.
func behind(p *aks.ManagedClusterProperties, version string) []string {
	var names []string
	for _, pool := range p.AgentPoolProfiles {
		if pool == nil {
			continue
		}
		if runs := firstText(pool.CurrentOrchestratorVersion, pool.OrchestratorVersion); runs != "" && runs != version {
			names = append(names, value(pool.Name))
		}
	}
	return names
}

// explain says why there is no way to a version in one step.
func (h *Handler) explain(ctx context.Context, err error, current, want string, reachable []string) error {
	if errors.Is(err, kver.ErrDowngrade) {
		return refuse.Invalid("newVersion", "the cluster runs %s; Kubernetes cannot be downgraded to %s", current, want)
	}
	next := "nothing newer"
	if len(reachable) > 0 {
		next = strings.Join(kver.Sort(reachable), ", ")
	}
	if o, listErr := h.offered(ctx); listErr == nil {
		if _, err := o.choose("newVersion", want); err != nil {
			return err
		}
	}
	return refuse.Precondition("AKS upgrades one minor at a time: from %s only to %s; the job Upgrade takes all the steps to %s", current, next, want)
}

// putVersion sends the cluster as it was read with another version, on the condition
// that nobody has changed it meanwhile.
func (h *Handler) putVersion(ctx context.Context, r ref, read *aks.ManagedCluster, body []byte, version string) (*aks.ManagedCluster, error) {
	p := read.Properties
	body, err := upgradeBody(body, version, upgradesApart(p))
	if err != nil {
		return nil, err
	}
	step := pmks.UpgradeStep{From: firstText(p.CurrentKubernetesVersion, p.KubernetesVersion), To: version, Typical: capabilities.Typical.UpgradeControlPlane}
	if body, err = h.beforeUpgrade(ctx, step, body); err != nil {
		return nil, err
	}
	var made *aks.ManagedCluster
	err = h.mutate(ctx, once.Mutation{
		Send: func(ctx context.Context) (err error) {
			made, err = h.putCluster(withBody(ctx, body), r, *read, &aks.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: read.ETag})
			return err
		},
		// A tag of the request would be copied to everything that AKS made for the
		// cluster. The eTag tells that nothing happened; that somebody asked for the
		// very same version meanwhile has the same effect.
		Happened: func(ctx context.Context) (bool, error) {
			found, err := h.readCluster(ctx, r)
			if err != nil {
				return false, err
			}
			made = found
			return value(found.Properties.KubernetesVersion) == version && value(found.ETag) != value(read.ETag), nil
		},
	})
	return made, err
}
