// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"slices"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// GetCluster implements [pmks.ClusterHandler]: the cluster, its pools, its nodes and its
// endpoints side by side, then what the machines are, which versions nodes run that were
// not seen to be current, and the kubeconfig; by name the list before them.
func (h *Handler) GetCluster(ctx context.Context, iid pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "GetCluster", iid, pmks.IID{})
	r, err := h.clusterRef(iid)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	found, err := h.readCluster(ctx, id, listed)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var config kubeconfigRead
	err = fanout.All(ctx, func(ctx context.Context) error {
		return h.readDetails(ctx, found)
	}, func(ctx context.Context) error {
		config = h.readKubeconfig(ctx, found)
		return nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := found.info()
	h.addKubeconfig(&info, config)
	h.explainCluster(ctx, &info)
	return info, errs.Over(ctx)
}

// clusterRead is a cluster with all that belongs to it, as TKE tells.
type clusterRead struct {
	cluster   *tke.Cluster
	pools     []poolRead
	nodes     []*tke.Instance
	versions  nodeVersions
	endpoints *tke.DescribeClusterEndpointsResponseParams
	// What could not be read, and why.
	poolsErr, nodesErr, endpointsErr, machinesErr, groupsErr error
	// extranet: kubeconfigs are for the public endpoint.
	extranet bool
}

func (r *clusterRead) id() string { return deref(r.cluster.ClusterId) }

// readCluster reads a cluster beside its pools, its nodes and its endpoints, then what
// nodes run. It fails only when the cluster itself or the list of its pools cannot be
// read; TKE refuses the latter of clusters that come or go.
func (h *Handler) readCluster(ctx context.Context, id string, listed *tke.Cluster) (*clusterRead, error) {
	r := &clusterRead{cluster: listed}
	var err error
	var pools []*tke.NodePool
	fault := fanout.All(ctx, // each keeps its own error
		func(ctx context.Context) error {
			if listed == nil {
				r.cluster, err = h.describe(ctx, id)
			}
			return nil
		},
		func(ctx context.Context) error { pools, r.poolsErr = h.poolsAlone(ctx, id, nil); return nil },
		func(ctx context.Context) error { r.nodes, r.nodesErr = h.instances(ctx, id, ""); return nil },
		func(ctx context.Context) error { r.endpoints, r.endpointsErr = h.readEndpoints(ctx, id); return nil })
	for _, err := range []error{fault, err, errs.Over(ctx)} {
		if err != nil {
			return nil, err
		}
	}
	switch {
	case listed != nil: // it may be gone by now
		r.poolsErr = h.ofAbsent(ctx, r.poolsErr, id)
	case errs.Is(r.poolsErr, pmks.CodeNotFound): // it has just been read
		r.poolsErr = errs.With(r.poolsErr, func(e *pmks.Error) { e.Code = pmks.CodeUnavailable })
	}
	r.extranet = h.extranets(r.cluster)[0]
	status := clusterMeaning(deref(r.cluster.ClusterStatus)).Status
	if r.poolsErr != nil && (status == pmks.ClusterActive || status == pmks.ClusterUpdating || !isRefusal(r.poolsErr)) {
		return nil, r.poolsErr
	}
	for _, p := range pools {
		r.pools = append(r.pools, poolRead{pool: p})
	}
	return r, nil
}

// readDetails reads what the pools of a cluster do not tell themselves.
func (h *Handler) readDetails(ctx context.Context, r *clusterRead) error {
	return fanout.All(ctx, func(ctx context.Context) error {
		return h.readMachines(ctx, r)
	}, func(ctx context.Context) error {
		r.versions = h.nodeVersions(ctx, r)
		return nil
	})
}

// readMachines reads what the pools of one or more clusters do not tell themselves, but for
// the versions of their nodes: their launch configurations, a hundred a call, and of those
// where nodes are missing the newest activity.
func (h *Handler) readMachines(ctx context.Context, all ...*clusterRead) error {
	type part struct {
		r *clusterRead
		i int
	}
	var ids, groupIDs []string
	var odd []part
	asked := map[string]bool{"": true}
	for _, r := range all {
		for i, p := range r.pools {
			if id := deref(p.pool.LaunchConfigurationId); !asked[id] {
				asked[id], ids = true, append(ids, id)
			}
			if tellsZones(p.pool) {
				groupIDs = append(groupIDs, *p.pool.AutoscalingGroupId)
			}
			if isUnbalanced(p.pool) {
				odd = append(odd, part{r, i})
			}
		}
	}
	machines, groups := map[string]*as.LaunchConfiguration{}, map[string]*as.AutoScalingGroup{}
	var machinesErr, groupsErr error
	err := fanout.All(ctx, func(ctx context.Context) error {
		machines, machinesErr = h.launchConfigurations(ctx, ids)
		return nil
	}, func(ctx context.Context) error {
		groups, groupsErr = h.scalingGroups(ctx, groupIDs)
		return nil
	}, func(ctx context.Context) error {
		return fanout.Each(ctx, len(odd), func(ctx context.Context, i int) error {
			h.readLast(ctx, &odd[i].r.pools[odd[i].i])
			return nil
		})
	})
	for _, r := range all {
		r.machinesErr, r.groupsErr = machinesErr, groupsErr
		for i, p := range r.pools {
			r.pools[i].machine = machines[deref(p.pool.LaunchConfigurationId)]
			if tellsZones(p.pool) {
				r.pools[i].group = groups[*p.pool.AutoscalingGroupId]
			}
		}
	}
	return err
}

// launchConfigurations reads what machines are, by id, a hundred a call. One that is not
// there belongs to a pool that is being removed.
func (h *Handler) launchConfigurations(ctx context.Context, ids []string) (map[string]*as.LaunchConfiguration, error) {
	list, err := chunked(ctx, ids, func(ctx context.Context, chunk []*string) ([]*as.LaunchConfiguration, error) {
		in := as.NewDescribeLaunchConfigurationsRequest()
		in.LaunchConfigurationIds, in.Limit = chunk, new(uint64(pageSize))
		out, err := read(ctx, h, in, as.NewDescribeLaunchConfigurationsResponse, "list of launch configurations", func(o *as.DescribeLaunchConfigurationsResponse) bool {
			return o.Response != nil && o.Response.TotalCount != nil
		})
		if err != nil {
			return nil, err
		}
		return withoutNil(out.Response.LaunchConfigurationSet), nil
	})
	found := make(map[string]*as.LaunchConfiguration, len(list))
	for _, l := range list {
		found[deref(l.LaunchConfigurationId)] = l
	}
	return found, err
}

// info is what was read, as pmks shows it, without a kubeconfig.
func (r *clusterRead) info() pmks.ClusterInfo {
	info := clusterInfo(r.cluster)
	info.AccessInfo.Endpoint, info.Access = r.endpoint(), r.access()
	if info.Status != pmks.ClusterCreating && info.Status != pmks.ClusterDeleting {
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Endpoint", r.endpointsErr)
	}
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "NodeGroupList", r.poolsErr)
	info.NodeGroupList = r.groups()
	if len(info.Network.SecurityGroupIIDs) == 0 { // nobody has recorded them: those of the nodes
		var ids []string
		for _, p := range r.pools {
			if p.machine != nil {
				ids = append(ids, texts(p.machine.SecurityGroupIds)...)
			}
		}
		slices.Sort(ids)
		info.Network.SecurityGroupIIDs = sameIIDs(slices.Compact(ids))
	}
	return info
}

// groups are the node groups that were read.
func (r *clusterRead) groups() []pmks.NodeGroupInfo {
	list := make([]pmks.NodeGroupInfo, 0, len(r.pools))
	nodes := nodesByPool(r.nodes)
	for _, p := range r.pools {
		g := p.info()
		g.Nodes, g.Version = nodes[g.IId.SystemId], r.versions.of(g.IId.SystemId)
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Nodes", r.nodesErr)
		g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Version", r.versions.errOf(g.IId.SystemId))
		if p.machine == nil && g.Status != pmks.NodeGroupDeleting {
			for _, field := range []string{"VMSpecName", "RootDiskType", "RootDiskSize", "KeyPairIID", "Spot"} {
				g.KeyValueList = pmks.AddUnread(g.KeyValueList, field, r.machinesErr)
			}
		}
		if tellsZones(p.pool) && p.group == nil && g.Status != pmks.NodeGroupDeleting {
			g.KeyValueList = pmks.AddUnread(g.KeyValueList, "Zones", errNoZones(r.groupsErr))
		}
		list = append(list, g)
	}
	return list
}

// ListCluster implements [pmks.ClusterHandler]: one call for a hundred clusters, four for
// each, and one for the machines of a hundred pools.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer annotate(&err, "ListCluster", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx, "")
	if err != nil {
		return nil, err
	}
	found, listErr := fanout.List(ctx, list, clusterIID, func(ctx context.Context, c *tke.Cluster) (*clusterRead, error) {
		r, err := h.readCluster(ctx, deref(c.ClusterId), c)
		if err == nil {
			r.versions = h.nodeVersions(ctx, r)
		}
		return r, err
	})
	if err := errs.Over(ctx); err != nil {
		return nil, err
	}
	if err := h.readMachines(ctx, found...); err != nil {
		return nil, err
	}
	infos := make([]*pmks.ClusterInfo, len(found))
	err = fanout.Each(ctx, len(found), func(ctx context.Context, i int) error {
		info := found[i].info()
		h.explainCluster(ctx, &info)
		infos[i] = &info
		return nil
	})
	if err != nil {
		return nil, err
	}
	return infos, listErr
}

// ListIID implements [pmks.IIDLister] with one call for a hundred clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer annotate(&err, "ListIID", pmks.IID{}, pmks.IID{})
	list, err := h.list(ctx, "")
	if err != nil {
		return nil, err
	}
	iids := make([]*pmks.IID, len(list))
	for i, c := range list {
		iid := clusterIID(c)
		iids[i] = &iid
	}
	return iids, nil
}
