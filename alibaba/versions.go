// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"slices"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

type versionItem = cs.DescribeKubernetesVersionMetadataResponseBody

// offered returns the versions of the region. With one of a cluster it tells where that
// can be upgraded to as well.
func (h *Handler) offered(ctx context.Context, current string) ([]*versionItem, error) {
	in := &cs.DescribeKubernetesVersionMetadataRequest{Region: &h.cfg.Region, ClusterType: tea.String(managed), Profile: tea.String(profileUsed)}
	if current != "" {
		in.KubernetesVersion, in.QueryUpgradableVersion = &current, tea.Bool(true)
	}
	out, err := read(ctx, h, "DescribeKubernetesVersionMetadata", "version", func(c csAPI) (*cs.DescribeKubernetesVersionMetadataResponse, error) {
		return c.DescribeKubernetesVersionMetadata(in)
	}, func(o *cs.DescribeKubernetesVersionMetadataResponse) bool {
		return len(o.Body) > 0 && !slices.ContainsFunc(o.Body, func(v *versionItem) bool { return v != nil && tea.StringValue(v.Version) == "" })
	})
	if err != nil {
		return nil, err
	}
	return withoutNil(out.Body), nil
}

// creatableNames are the versions to create clusters with, newest first. Where nothing is
// said of one, it is.
func creatableNames(list []*versionItem) []string {
	var names []string
	for _, v := range list {
		if v.Creatable == nil || *v.Creatable {
			names = append(names, *v.Version)
		}
	}
	return slices.Compact(kver.Sort(names))
}

// ListVersions implements [pmks.VersionLister] with one call. The newest is the one that
// ACK takes for the default.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	list, err := h.offered(ctx, "")
	if err != nil {
		return nil, err
	}
	names := creatableNames(list)
	newest, _ := kver.Newest(names)
	versions := make([]pmks.Version, len(names))
	for i, name := range names {
		versions[i] = pmks.Version{Name: name, Default: name == newest}
	}
	return versions, nil
}

// creatable resolves the version of a request; "" leaves it to ACK.
func (h *Handler) creatable(ctx context.Context, want string) (string, error) {
	if kver.IsDefault(want) {
		return "", nil
	}
	list, err := h.offered(ctx, "")
	if errs.Is(err, pmks.CodePermissionDenied) && strings.Contains(want, "-aliyun.") {
		return strings.TrimPrefix(want, "v"), nil // ACK judges
	}
	if err != nil {
		return "", err
	}
	version, err := kver.Choose(want, creatableNames(list), "")
	if err != nil {
		return "", refuse.Invalid("Version", "%v", err)
	}
	return version, nil
}
