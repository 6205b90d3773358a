// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
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
	defer errs.Annotate(&err, Name, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.offered(ctx)
	return o.versions, err
}

func (h *Handler) offered(ctx context.Context) (offer, error) {
	out, err := read(ctx, h, aksRest, func(ctx context.Context) (aks.ManagedClustersClientListKubernetesVersionsResponse, error) {
		return h.api.clusters.ListKubernetesVersions(ctx, h.cfg.Location, nil)
	}, func(out aks.ManagedClustersClientListKubernetesVersionsResponse) error {
		if len(out.Values) == 0 {
			return lost("version of Kubernetes")
		}
		return nil
	})
	if err != nil {
		return offer{}, err
	}
	return readOffer(out.Values, h.cfg.SKUTier == string(aks.ManagedClusterSKUTierPremium)), nil
}

// readOffer sorts what the region offers, newest first; Azure promises no order.
func readOffer(values []*aks.KubernetesVersion, longTerm bool) offer {
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
		official := hasPlan(v, aks.KubernetesSupportPlanKubernetesOfficial)
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
func hasPlan(v *aks.KubernetesVersion, plan aks.KubernetesSupportPlan) bool {
	if v.Capabilities == nil || len(v.Capabilities.SupportPlan) == 0 {
		return true
	}
	return slices.ContainsFunc(v.Capabilities.SupportPlan, func(p *aks.KubernetesSupportPlan) bool { return value(p) == plan })
}

// resolveVersion returns the full version to create a cluster with: AKS takes a
// minor for an alias, which later means nothing. Where the caller may not list
// versions, AKS resolves it.
func (h *Handler) resolveVersion(ctx context.Context, version string) (string, error) {
	o, err := h.offered(ctx)
	if errs.Is(err, pmks.CodePermissionDenied) {
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
