// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

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
	// stuck are the pools with nodes that TKE does not upgrade, whose version it does not
	// tell, with its reason.
	stuck map[string]string
	err   error
}

// nodeVersions reads which nodes lag behind the control plane. Of a cluster whose nodes
// were all seen to run its version nothing is asked: none goes back.
func (h *Handler) nodeVersions(ctx context.Context, r *clusterRead) nodeVersions {
	v := nodeVersions{current: deref(r.cluster.ClusterVersion), behind: map[string]string{}, pools: map[string]string{}, stuck: map[string]string{}, err: r.nodesErr}
	known := func(n *tke.Instance) bool {
		seen, ok := h.versions.Load(*n.InstanceId)
		return ok && seen == v.current
	}
	if v.err != nil || !slices.ContainsFunc(r.nodes, func(n *tke.Instance) bool { return !known(n) }) {
		return v
	}
	id := r.id()
	reasons := map[string]string{}
	list, err := readPages(func(n *tke.UpgradeAbleInstancesItem) string { return deref(n.InstanceId) }, func(offset int) ([]*tke.UpgradeAbleInstancesItem, int, error) {
		in := tke.NewCheckInstancesUpgradeAbleRequest()
		in.ClusterId, in.UpgradeType, in.Offset, in.Limit = &id, new("reset"), new(int64(offset)), new(int64(pageSize))
		out, err := read(ctx, h, in, tke.NewCheckInstancesUpgradeAbleResponse, "list of nodes that can be upgraded", func(o *tke.CheckInstancesUpgradeAbleResponse) bool {
			return o.Response != nil && o.Response.Total != nil
		})
		if err != nil {
			return nil, 0, err
		}
		for _, u := range withoutNil(out.Response.UnavailableVersionReason) {
			reasons[deref(u.InstanceId)] = cmp.Or(deref(u.Reason), "no reason is given")
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
	sure := h.knowsNodes(id)
	for _, n := range r.nodes {
		if seen, ok := h.versions.Load(*n.InstanceId); ok && !sure && v.behind[*n.InstanceId] == "" && isOlder(seen, v.current) {
			v.behind[*n.InstanceId] = seen
		}
		version, lags := v.behind[*n.InstanceId]
		if reason, ok := reasons[*n.InstanceId]; ok && !lags && !known(n) {
			v.stuck[deref(n.NodePoolId)] = *n.InstanceId + ": " + reason
			continue
		}
		switch {
		case lags:
			h.versions.Store(*n.InstanceId, version)
		case sure:
			h.versions.Store(*n.InstanceId, v.current)
			continue
		default:
			continue
		}
		if oldest, ok := v.pools[deref(n.NodePoolId)]; !ok || isOlder(version, oldest) {
			v.pools[deref(n.NodePoolId)] = version
		}
	}
	return v
}

// sight is how long a control plane was seen at a version, and whether it came to that
// before the eyes of this handler.
type sight struct {
	version   string
	at, until time.Time
	witnessed bool
}

// The times are those of looks, of which a wait makes one in two or three polls: no node is
// upgraded within witnessLooks of them, and no list lags behind for more than lagLooks.
const witnessLooks, lagLooks = 18, 6

// noteVersion remembers since when a cluster is at its version.
func (h *Handler) noteVersion(id, version string) {
	now := time.Now()
	next := sight{version: version, at: now, until: now}
	if stored, ok := h.seenAt.Load(id); ok {
		before := stored.(sight) //nolint:errcheck // only these are stored
		if next.witnessed = now.Sub(before.until) <= witnessLooks*h.cfg.PollInterval; before.version == version {
			next.at, next.witnessed = before.at, before.witnessed
		}
	}
	h.seenAt.Store(id, next)
}

// knowsNodes reports whether a node that TKE does not list as one that lags is up to date:
// right after the control plane it may not have looked yet.
func (h *Handler) knowsNodes(id string) bool {
	stored, ok := h.seenAt.Load(id)
	if !ok {
		return true
	}
	seen := stored.(sight) //nolint:errcheck // only these are stored
	sent, ok := h.nodesSent.Load(id)
	return !seen.witnessed || time.Since(seen.at) >= lagLooks*h.cfg.PollInterval || ok && !sent.(time.Time).Before(seen.at) //nolint:errcheck // only times are stored
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
	if v.errOf(poolId) != nil {
		return ""
	}
	return v.current
}

// errOf is why the version of a pool is not known.
func (v nodeVersions) errOf(poolId string) error {
	if reason, ok := v.stuck[poolId]; ok && v.err == nil {
		return refuse.Precondition("TKE does not upgrade the node %s", reason)
	}
	return v.err
}
