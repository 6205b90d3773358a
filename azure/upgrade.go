// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// offer is the versions of the region.
type offer struct {
	versions []pmks.Version
	// previews are taken only when they are asked for literally.
	previews []string
}

func (o offer) names() []string {
	names := make([]string, len(o.versions))
	for i, v := range o.versions {
		names[i] = v.Name
	}
	return names
}

func (o offer) standard() string {
	for _, v := range o.versions {
		if v.Default {
			return v.Name
		}
	}
	newest, _ := kver.Newest(o.names())
	return newest
}

// ListVersions implements [pmks.VersionLister] with one call. Previews are left
// out, and versions that only clusters with long-term support may have.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer place(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.offered(ctx)
	return o.versions, err
}

func (h *Handler) offered(ctx context.Context) (offer, error) {
	out, err := h.api.clusters.ListKubernetesVersions(ctx, h.cfg.Location, nil)
	if err != nil {
		return offer{}, fail(err)
	}
	return readOffer(out.Values, h.cfg.SKUTier == string(armcontainerservice.ManagedClusterSKUTierPremium)), nil
}

// readOffer sorts what the region offers, newest first; Azure promises no order.
func readOffer(values []*armcontainerservice.KubernetesVersion, longTerm bool) offer {
	var o offer
	byName := map[string]pmks.Version{}
	var names []string
	for _, v := range values {
		if v == nil {
			continue
		}
		var patches []string
		for patch := range v.PatchVersions {
			patches = append(patches, patch)
		}
		if value(v.IsPreview) {
			o.previews = append(o.previews, patches...)
			continue
		}
		official := hasPlan(v, armcontainerservice.KubernetesSupportPlanKubernetesOfficial)
		if !official && !longTerm {
			continue
		}
		newest, _ := kver.Newest(patches)
		for _, patch := range patches {
			byName[patch] = pmks.Version{Name: patch, Default: value(v.IsDefault) && patch == newest, Deprecated: !official}
			names = append(names, patch)
		}
	}
	for _, name := range kver.Sort(names) {
		o.versions = append(o.versions, byName[name])
	}
	return o
}

// hasPlan reports whether a version is offered with a plan; one that names none is
// offered with all.
func hasPlan(v *armcontainerservice.KubernetesVersion, plan armcontainerservice.KubernetesSupportPlan) bool {
	if v.Capabilities == nil || len(v.Capabilities.SupportPlan) == 0 {
		return true
	}
	return slices.ContainsFunc(v.Capabilities.SupportPlan, func(p *armcontainerservice.KubernetesSupportPlan) bool { return value(p) == plan })
}

// resolveVersion returns the full version to create a cluster with: AKS takes a
// minor for an alias, which later means nothing. Where the caller may not list
// versions, AKS resolves it.
func (h *Handler) resolveVersion(ctx context.Context, version string) (string, error) {
	o, err := h.offered(ctx)
	if has(err, pmks.CodePermissionDenied) {
		if kver.IsDefault(version) {
			return "", nil
		}
		return strings.TrimPrefix(version, "v"), nil
	}
	if err != nil {
		return "", err
	}
	return o.choose("Version", version)
}

func (o offer) choose(field, version string) (string, error) {
	if bare := strings.TrimPrefix(version, "v"); slices.Contains(o.previews, bare) {
		return bare, nil
	}
	chosen, err := kver.Choose(version, o.names(), o.standard())
	if err != nil {
		return "", refuse.Invalid(field, "%v", err)
	}
	return chosen, nil
}

// UpgradeCluster implements [pmks.ClusterHandler]: the cluster and where it can go
// are read in parallel, then one request upgrades the control plane and all node
// groups.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", newVersion)
	}
	c, reachable, err := h.readUpgrade(ctx, r, &newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	target, err := h.step(ctx, c, reachable, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if target != "" {
		if c, err = h.putVersion(ctx, r, c, target); err != nil {
			return pmks.ClusterInfo{}, err
		}
	}
	info := clusterInfo(c, h.cfg.ResourceGroup)
	if target != "" {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

// readUpgrade reads the cluster beside the versions that it can be upgraded to,
// and replaces the word default.
func (h *Handler) readUpgrade(ctx context.Context, r ref, version *string) (c *armcontainerservice.ManagedCluster, reachable []string, err error) {
	var g errgroup.Group
	var clusterErr, profileErr, offerErr error
	g.Go(func() error {
		c, clusterErr = h.readCluster(ctx, r)
		return nil
	})
	g.Go(func() error {
		out, err := h.api.clusters.GetUpgradeProfile(ctx, r.group, r.name, nil)
		profileErr = absent(fail(err))
		if err == nil && out.Properties != nil && out.Properties.ControlPlaneProfile != nil {
			for _, u := range out.Properties.ControlPlaneProfile.Upgrades {
				if u != nil && (!value(u.IsPreview) || value(u.KubernetesVersion) == strings.TrimPrefix(*version, "v")) {
					reachable = append(reachable, value(u.KubernetesVersion))
				}
			}
		}
		return nil
	})
	resolved := *version
	if kver.IsDefault(resolved) {
		g.Go(func() error {
			var o offer
			if o, offerErr = h.offered(ctx); offerErr == nil {
				resolved = o.standard()
			}
			return nil
		})
	}
	_ = g.Wait()
	*version = resolved
	if clusterErr != nil {
		return nil, nil, clusterErr
	}
	return c, reachable, errors.Join(profileErr, offerErr)
}

// step returns the version to send; nothing when all is there or on its way.
func (h *Handler) step(ctx context.Context, c *armcontainerservice.ManagedCluster, reachable []string, want string) (string, error) {
	p := c.Properties
	if p == nil {
		return "", &pmks.Error{Code: pmks.CodeInternal, Message: "Azure sent a cluster without properties"}
	}
	current := firstText(p.CurrentKubernetesVersion, p.KubernetesVersion)
	s := clusterState(c)
	if status, _, _ := s.portable(); status == pmks.ClusterUpdating && upgradingTo(p, want) {
		return "", nil
	}
	target, err := kver.Next(current, want, append(slices.Clone(reachable), current), 1)
	if err != nil {
		return "", h.explain(ctx, err, current, want, reachable)
	}
	if target == "" && len(behind(p, current)) == 0 {
		return "", accepts(c)
	}
	if err := accepts(c); err != nil {
		return "", err
	}
	for _, pool := range p.AgentPoolProfiles {
		if pool != nil {
			if err := settled(properties(pool)); err != nil {
				return "", pmks.Annotate(err, pmks.Error{NodeGroup: pmks.IID{NameId: value(pool.Name), SystemId: value(pool.Name)}})
			}
		}
	}
	return firstOf(target, current), nil
}

// upgradingTo reports whether the version that was last asked for is the one that
// is wanted now.
func upgradingTo(p *armcontainerservice.ManagedClusterProperties, want string) bool {
	asked := value(p.KubernetesVersion)
	if asked == "" || asked == value(p.CurrentKubernetesVersion) && len(behind(p, asked)) == 0 {
		return false
	}
	next, err := kver.Next(asked, want, []string{asked}, 1)
	return err == nil && next == ""
}

// behind names the pools that do not run a version.
func behind(p *armcontainerservice.ManagedClusterProperties, version string) []string {
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

// bareIdentity is an identity as a request has it: what Azure adds of its own is
// not for sending back.
func bareIdentity(read *armcontainerservice.ManagedClusterIdentity) *armcontainerservice.ManagedClusterIdentity {
	if read == nil {
		return nil
	}
	bare := &armcontainerservice.ManagedClusterIdentity{Type: read.Type, DelegatedResources: read.DelegatedResources}
	for id := range read.UserAssignedIdentities {
		if bare.UserAssignedIdentities == nil {
			bare.UserAssignedIdentities = map[string]*armcontainerservice.ManagedServiceIdentityUserAssignedIdentitiesValue{}
		}
		bare.UserAssignedIdentities[id] = &armcontainerservice.ManagedServiceIdentityUserAssignedIdentitiesValue{}
	}
	return bare
}

// putVersion sends the cluster as it was read with another version, for the
// control plane and every pool: any other mixture is refused, or moves the control
// plane alone.
func (h *Handler) putVersion(ctx context.Context, r ref, read *armcontainerservice.ManagedCluster, version string) (*armcontainerservice.ManagedCluster, error) {
	want, properties := *read, *read.Properties
	want.Identity = bareIdentity(read.Identity)
	want.Properties, properties.KubernetesVersion = &properties, &version
	properties.AgentPoolProfiles = nil
	for _, p := range read.Properties.AgentPoolProfiles {
		if p != nil {
			pool := *p
			pool.OrchestratorVersion = &version
			properties.AgentPoolProfiles = append(properties.AgentPoolProfiles, &pool)
		}
	}
	made := read
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			out, err := h.putCluster(ctx, r, want, &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: read.ETag})
			if err == nil {
				made = out
			}
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			found, err := h.readCluster(ctx, r)
			if err != nil {
				return false, err
			}
			if found.Properties == nil || value(found.Properties.KubernetesVersion) != version || value(found.ETag) == value(read.ETag) {
				return false, nil
			}
			made = found
			return true, nil
		},
	})
	return made, err
}
