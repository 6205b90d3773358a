// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// offer is which versions NKS knows.
type offer struct {
	// open are those that clusters can be made with, all also those that clusters may
	// still be upgraded to; newest first.
	open, all []string
}

// supported reads the versions.
func (h *Handler) supported(ctx context.Context) (offer, error) {
	out, err := read(ctx, h, serviceNKS, []string{"supports"}, nil, func(out *struct {
		Versions map[string]text `json:"supported_k8s"`
	}) error {
		if len(out.Versions) == 0 {
			return errs.LostAnswer(cloud, "version")
		}
		return nil
	})
	if err != nil {
		return offer{}, notFoundAs(err, pmks.CodeUnavailable)
	}
	all := slices.Collect(maps.Keys(out.Versions))
	open := slices.DeleteFunc(slices.Clone(all), func(v string) bool { return !out.Versions[v].isTrue() })
	return offer{open: kver.Sort(open), all: kver.Sort(all)}, nil
}

// standard is what "default" means: NKS has no default, so it is the newest.
func (o offer) standard() string {
	newest, _ := kver.Newest(o.open)
	return newest
}

// choose resolves a version that a cluster is to be made with.
func (o offer) choose(version string) (string, error) {
	if len(o.open) == 0 {
		return "", refuse.Precondition("NKS offers no version to create clusters with at the moment")
	}
	chosen, err := kver.Choose(version, o.open, o.standard())
	if err != nil {
		return "", refuse.Invalid("Version", "%v", err)
	}
	return chosen, nil
}

// ListVersions implements [pmks.VersionLister] with one call.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	o, err := h.supported(ctx)
	if err != nil {
		return nil, err
	}
	var list []pmks.Version
	for _, name := range o.open {
		list = append(list, pmks.Version{Name: name, Default: name == o.standard()})
	}
	return list, nil
}

// addons are the add-ons without which the network of a cluster does not work, the
// newest for a version and an image. Where NKS does not tell them they are left to it:
// its guide calls them optional.
func (h *Handler) addons(ctx context.Context, version, image string) []Addon {
	offered, err := pages(ctx, h, serviceNKS, []string{"addons", ""}, url.Values{"k8s_version": {version}, "image": {image}}, "addons",
		func(a Addon) string { return a.Name + a.Version })
	if err != nil {
		return nil
	}
	var list []Addon
	for _, wanted := range []Addon{{Name: "calico", Options: map[string]any{"mode": "vxlan"}}, {Name: "coredns"}} {
		for _, a := range offered {
			if strings.EqualFold(a.Name, wanted.Name) && (wanted.Version == "" || compareNumbers(a.Version, wanted.Version) > 0) {
				wanted.Version = a.Version
			}
		}
		if wanted.Version != "" {
			list = append(list, wanted)
		}
	}
	return list
}
