// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"slices"
	"strings"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// independentOnly is said of versions that managed clusters are not for, as it seems.
const independentOnly = "SUITABLE_FOR_INDEPENDENT_CLUSTER"

// offered returns the versions to create clusters with, newest first, and beside them
// those that are only taken when they are asked for as they are.
func (h *Handler) offered(ctx context.Context) (names, others []string, err error) {
	out, err := read(ctx, h, tke.NewDescribeVersionsRequest(), tke.NewDescribeVersionsResponse, "version", func(o *tke.DescribeVersionsResponse) bool {
		return o.Response != nil && slices.ContainsFunc(o.Response.VersionInstanceSet, func(v *tke.VersionInstance) bool { return v != nil && deref(v.Version) != "" })
	})
	if err != nil {
		return nil, nil, err
	}
	for _, v := range withoutNil(out.Response.VersionInstanceSet) {
		if _, err := kver.Parse(deref(v.Version)); err != nil || deref(v.Name) != "" && deref(v.Name) != "k8s" {
			continue
		}
		if strings.Contains(deref(v.Remark), independentOnly) {
			others = append(others, *v.Version)
			continue
		}
		names = append(names, *v.Version)
	}
	return slices.Compact(kver.Sort(names)), others, nil
}

// ListVersions implements [pmks.VersionLister] with one call. TKE marks no default, and
// the one of its API is years old: the newest is taken.
func (h *Handler) ListVersions(ctx context.Context) (_ []pmks.Version, err error) {
	defer annotate(&err, "ListVersions", pmks.IID{}, pmks.IID{})
	names, _, err := h.offered(ctx)
	if err != nil {
		return nil, err
	}
	newest, _ := kver.Newest(names)
	versions := make([]pmks.Version, len(names))
	for i, name := range names {
		versions[i] = pmks.Version{Name: name, Default: name == newest}
	}
	return versions, nil
}

// creatable resolves the version of a request. None must never be left out.
func (h *Handler) creatable(ctx context.Context, want string) (string, error) {
	names, others, err := h.offered(ctx)
	if err != nil {
		return "", err
	}
	if exact := strings.TrimPrefix(want, "v"); slices.Contains(others, exact) {
		return exact, nil
	}
	newest, ok := kver.Newest(names)
	if !ok {
		return "", errs.LostAnswer(vendor, "version for managed clusters")
	}
	version, err := kver.Choose(want, names, newest)
	if err != nil {
		return "", refuse.Invalid("Version", "%v", err)
	}
	return version, nil
}

// nodeVersions is which version the nodes of the pools of a cluster run: that of the
// control plane, but for those that TKE says can be upgraded.
type nodeVersions struct {
	current string
	// behind are the nodes that lag, by id, with their versions; pools the oldest by pool.
	behind, pools map[string]string
	err           error
}

// nodeVersions reads which nodes lag behind the control plane. Of a cluster whose nodes
// were all seen to run its version nothing is asked: none goes back.
func (h *Handler) nodeVersions(ctx context.Context, r *clusterRead) nodeVersions {
	v := nodeVersions{current: deref(r.cluster.ClusterVersion), behind: map[string]string{}, pools: map[string]string{}, err: r.nodesErr}
	known := func(n *tke.Instance) bool {
		seen, ok := h.versions.Load(*n.InstanceId)
		return ok && seen == v.current
	}
	if v.err != nil || !slices.ContainsFunc(r.nodes, func(n *tke.Instance) bool { return !known(n) }) {
		return v
	}
	id := r.id()
	list, err := readPages(func(n *tke.UpgradeAbleInstancesItem) string { return deref(n.InstanceId) }, func(offset int) ([]*tke.UpgradeAbleInstancesItem, int, error) {
		in := tke.NewCheckInstancesUpgradeAbleRequest()
		in.ClusterId, in.UpgradeType, in.Offset, in.Limit = &id, new("reset"), new(int64(offset)), new(int64(pageSize))
		out, err := read(ctx, h, in, tke.NewCheckInstancesUpgradeAbleResponse, "list of nodes that can be upgraded", func(o *tke.CheckInstancesUpgradeAbleResponse) bool {
			return o.Response != nil && o.Response.Total != nil
		})
		if err != nil {
			return nil, 0, hinted(err)
		}
		return withoutNil(out.Response.UpgradeAbleInstances), int(*out.Response.Total), nil
	})
	if err != nil {
		v.err = err
		return v
	}
	for _, n := range list {
		if isOlder(deref(n.Version), v.current) {
			v.behind[deref(n.InstanceId)] = *n.Version
		}
	}
	for _, n := range r.nodes {
		version, lags := v.behind[*n.InstanceId]
		if !lags {
			h.versions.Store(*n.InstanceId, v.current)
			continue
		}
		if oldest, ok := v.pools[deref(n.NodePoolId)]; !ok || isOlder(version, oldest) {
			v.pools[deref(n.NodePoolId)] = version
		}
	}
	return v
}

func isOlder(a, b string) bool {
	va, errA := kver.Parse(a)
	vb, errB := kver.Parse(b)
	return errA == nil && errB == nil && va.Compare(vb) < 0
}

// of is the version of a pool, of its oldest node; new nodes come with that of the control
// plane. Empty where it is not known.
func (v nodeVersions) of(poolId string) string {
	if oldest, ok := v.pools[poolId]; ok {
		return oldest
	}
	if v.err != nil {
		return ""
	}
	return v.current
}
