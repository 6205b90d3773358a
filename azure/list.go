// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// GetCluster implements [pmks.ClusterHandler] in two steps: the cluster with all
// its pools, then the machines of each pool beside the kubeconfig. What of the second
// step cannot be read is named under [pmks.KeyUnread].
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (_ pmks.ClusterInfo, err error) {
	defer errs.Annotate(&err, Name, "GetCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := clusterInfo(c, h.cfg.ResourceGroup)
	pools := poolsToAsk(&info, r)
	err = fanout.Each(ctx, 1+len(pools), func(ctx context.Context, i int) error {
		if i > 0 {
			return pools[i-1].read(ctx, h)
		}
		access, unread := h.access(ctx, r, c)
		info.AccessInfo = access
		return secondary(ctx, &info.KeyValueList, "Kubeconfig", unread)
	})
	if err == nil && slices.ContainsFunc(pools, func(p *poolRead) bool { return p.vanished }) {
		// With the whole cluster, perhaps.
		if _, again := h.readCluster(ctx, r); errs.Is(again, pmks.CodeNotFound) {
			err = again
		}
	}
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	return info, nil
}

// secondary is the fate of a read that is not the primary one: what it was to fill
// is left empty and named in list, unless ctx has ended.
func secondary(ctx context.Context, list *[]pmks.KeyValue, field string, err error) error {
	if err == nil {
		return nil
	}
	if over := errs.Over(ctx); over != nil {
		return over
	}
	unread := field + "(" + pmks.CodeOf(err).String() + ")"
	for i, kv := range *list {
		if kv.Key == pmks.KeyUnread {
			(*list)[i].Value += "," + unread
			return nil
		}
	}
	*list = append(*list, pmks.KeyValue{Key: pmks.KeyUnread, Value: unread})
	return nil
}

func (h *Handler) readCluster(ctx context.Context, r ref) (*aks.ManagedCluster, error) {
	c, _, err := h.readClusterBody(ctx, r)
	return c, err
}

// readClusterBody reads a cluster, and its body for sending it back. One of another region
// is not of this connection, which lists it no more than it makes clusters there.
func (h *Handler) readClusterBody(ctx context.Context, r ref) (*aks.ManagedCluster, []byte, error) {
	c, body, err := h.readAnywhere(ctx, r)
	if err == nil && !sameLocation(value(c.Location), h.cfg.Location) {
		err = refuse.Invalid("clusterIID", "the cluster %s of the resource group %s is in %s, this connection is to %s", r.name, r.group, value(c.Location), h.cfg.Location)
	}
	if err != nil {
		return nil, nil, err
	}
	return c, body, nil
}

// within reads something of a cluster beside the cluster itself, which alone tells its
// region.
func (h *Handler) within(ctx context.Context, r ref, reads ...func(context.Context) error) error {
	var refused error
	err := fanout.All(ctx, append(reads, func(ctx context.Context) error {
		_, refused = h.readCluster(ctx, r)
		return nil
	})...)
	if refused != nil {
		return refused // what was read is not meant
	}
	return err
}

// readAnywhere reads a cluster in whatever region: names count for a resource group.
func (h *Handler) readAnywhere(ctx context.Context, r ref) (*aks.ManagedCluster, []byte, error) {
	var raw *http.Response
	c, err := read(ctx, h, of(clusterReads, r, ""), func(ctx context.Context) (*aks.ManagedCluster, error) {
		out, err := h.api.clusters.Get(policy.WithCaptureResponse(ctx, &raw), r.group, r.name, nil)
		return &out.ManagedCluster, notFoundOf(fail(err), r)
	}, func(c *aks.ManagedCluster) error { return checkCluster(c, r.name) })
	if err != nil {
		return nil, nil, err
	}
	body, err := runtime.Payload(raw) // the SDK has read it, and keeps it
	return c, body, fail(err)
}

// checkCluster refuses an answer that is no cluster, or not the one that was asked for.
func checkCluster(c *aks.ManagedCluster, name string) error {
	if value(c.ID) == "" || !strings.EqualFold(value(c.Name), name) {
		return lost("cluster of that name")
	}
	return holds("cluster", c.Name, c.Properties)
}

// typePattern finds the resource that Azure Resource Manager says was not found.
var typePattern = regexp.MustCompile(`'(Microsoft\.[\w./-]+)'`)

// notFoundOf puts right what a read says of absence. What lies in a resource group that
// does not exist does not exist either; that some other resource than the one asked
// for was not found says nothing of this one.
func notFoundOf(err error, asked ref) error {
	code := errs.ProviderCode(err)
	switch {
	case code == "ResourceGroupNotFound":
		return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeNotFound })
	case errs.Is(err, pmks.CodeNotFound):
		return errs.With(err, func(e *pmks.Error) {
			if named := typePattern.FindStringSubmatch(e.Message); named != nil && !strings.Contains(strings.ToLower(named[1]+"/"), "/"+strings.ToLower(asked.name)+"/") {
				e.Code = pmks.CodeUnavailable
			}
		})
	}
	return err
}

// poolRead is the read of the machines of one pool.
type poolRead struct {
	cluster ref
	// nodeGroup is the resource group of the machines, as the cluster says.
	nodeGroup string
	info      *pmks.NodeGroupInfo
	// vanished: a pool at rest was not found.
	vanished bool
}

// key finds the pool in the index.
func (p *poolRead) key() poolKey {
	return poolKey{strings.ToLower(p.nodeGroup), strings.ToLower(p.info.IId.NameId)}
}

// poolsToAsk lists the pools of a cluster whose machines can be asked for.
func poolsToAsk(info *pmks.ClusterInfo, r ref) []*poolRead {
	var list []*poolRead
	for i := range info.NodeGroupList {
		group := &info.NodeGroupList[i]
		if group.Status == pmks.NodeGroupCreating && info.Status == pmks.ClusterCreating && info.AccessInfo.Endpoint == "" {
			continue // there is nothing to ask yet
		}
		list = append(list, &poolRead{cluster: r, info: group, nodeGroup: factOf(info.KeyValueList, keyNodeResourceGroup)})
	}
	return list
}

// read fills in the nodes of the pool. Its error is the end of ctx.
func (p *poolRead) read(ctx context.Context, h *Handler) error {
	nodes, err := h.nodes(ctx, p.cluster, p.info.IId.NameId)
	if errs.Is(err, pmks.CodeNotFound) {
		if p.info.Status.Transitional() {
			return nil // it has just been born, or is dying
		}
		p.vanished = true
	}
	p.info.Nodes = nodes
	return secondary(ctx, &p.info.KeyValueList, "Nodes", err)
}

// nodes lists the machines of a pool, sorted by name; none if one page fails.
func (h *Handler) nodes(ctx context.Context, r ref, pool string) ([]pmks.IID, error) {
	var list []pmks.IID
	err := pages(ctx, h, aksRest, h.api.machines.NewListPager(r.group, r.name, pool, nil), func(page aks.MachinesClientListResponse) ([]*aks.Machine, *string) {
		return page.Value, page.NextLink
	}, func(m *aks.Machine) {
		if m.Properties != nil {
			list = append(list, pmks.IID{NameId: value(m.Name), SystemId: firstText(m.Properties.ResourceID, m.ID)})
		}
	})
	if err != nil {
		return nil, notFoundOf(err, r)
	}
	sortNodes(list)
	return list, nil
}

func sortNodes(list []pmks.IID) {
	slices.SortFunc(list, func(a, b pmks.IID) int { return strings.Compare(a.NameId, b.NameId) })
}

// ListCluster implements [pmks.ClusterHandler]: one call for a page of clusters with
// their pools. The nodes of a few pools are read singly. Those of more come from Azure
// Resource Graph, a thousand in a call and side by side with the clusters, wherever their
// number is the one that AKS says of a pool at rest; the others are read singly, up to 40,
// and beyond that named as unread (Throttled). Without the index all are read singly.
func (h *Handler) ListCluster(ctx context.Context) (_ []*pmks.ClusterInfo, err error) {
	defer errs.Annotate(&err, Name, "ListCluster", pmks.IID{}, pmks.IID{})
	var clusters []*aks.ManagedCluster
	x := index{h: h}
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		clusters, err = h.listClusters(ctx)
		return err
	}}
	if h.usage.worth(h.usage.known()) {
		reads = append(reads, func(ctx context.Context) error { x.begin(ctx); return nil })
	}
	err = fanout.All(ctx, reads...)
	if len(clusters) == 0 {
		return []*pmks.ClusterInfo{}, err
	}
	faults := []error{err}
	infos := make([]*pmks.ClusterInfo, 0, len(clusters))
	var pools []*poolRead
	for _, c := range clusters {
		info := clusterInfo(c, h.cfg.ResourceGroup)
		r, err := h.clusterRef(info.IId)
		if err != nil {
			faults = append(faults, errs.OfCluster(err, info.IId))
			continue
		}
		infos = append(infos, &info)
		pools = append(pools, poolsToAsk(&info, r)...)
	}
	if pools, err = x.take(ctx, pools); err != nil {
		return nil, err
	}
	// In the order of the clusters, so that one is complete before the next begins.
	if _, err := fanout.List(ctx, pools, func(*poolRead) pmks.IID { return pmks.IID{} },
		func(ctx context.Context, p *poolRead) (*poolRead, error) { return p, p.read(ctx, h) }); err != nil {
		return nil, err
	}
	gone, err := h.vanished(ctx, pools)
	if err != nil {
		return nil, err
	}
	infos = slices.DeleteFunc(infos, func(info *pmks.ClusterInfo) bool { return len(gone) > 0 && gone[strings.ToLower(info.IId.SystemId)] })
	return infos, errs.Join(faults...)
}

// vanished looks for the clusters of pools that were not found, and returns the ids
// of those that do not exist any more, in lower case.
func (h *Handler) vanished(ctx context.Context, pools []*poolRead) (map[string]bool, error) {
	var suspects []ref
	for _, p := range pools {
		if p.vanished && !slices.ContainsFunc(suspects, p.cluster.is) {
			suspects = append(suspects, p.cluster)
		}
	}
	gone := map[string]bool{}
	left, err := fanout.List(ctx, suspects, func(ref) pmks.IID { return pmks.IID{} }, func(ctx context.Context, r ref) (ref, error) {
		_, err := h.readCluster(ctx, r)
		return r, err
	})
	if over := errs.Over(ctx); over != nil {
		return nil, over
	}
	if err == nil {
		for _, r := range suspects {
			if !slices.ContainsFunc(left, r.is) {
				gone[strings.ToLower(h.clusterID(r))] = true
			}
		}
	}
	return gone, nil
}

// ListIID implements [pmks.IIDLister] with one call for a page of clusters.
func (h *Handler) ListIID(ctx context.Context) (_ []*pmks.IID, err error) {
	defer errs.Annotate(&err, Name, "ListIID", pmks.IID{}, pmks.IID{})
	clusters, err := h.listClusters(ctx)
	list := make([]*pmks.IID, len(clusters))
	for i, c := range clusters {
		list[i] = &pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), h.cfg.ResourceGroup)}
	}
	return list, err
}

// listClusters lists the clusters of the handler's resource group and region. A list
// that comes with an error lacks what was no cluster.
func (h *Handler) listClusters(ctx context.Context) ([]*aks.ManagedCluster, error) {
	var list []*aks.ManagedCluster
	var broken error
	for page, err := range h.clusterPages(ctx, h.cfg.ResourceGroup) {
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if err := checkCluster(c, value(c.Name)); err != nil {
				broken = err
			} else {
				list = append(list, c)
			}
		}
	}
	return list, broken
}

// clusterPages lists the clusters of a resource group in the handler's region, page by
// page, and what is no cluster with them.
func (h *Handler) clusterPages(ctx context.Context, group string) iter.Seq2[[]*aks.ManagedCluster, error] {
	all := pageSeq(ctx, h, aksList, h.api.clusters.NewListByResourceGroupPager(group, nil),
		func(page aks.ManagedClustersClientListByResourceGroupResponse) ([]*aks.ManagedCluster, *string) {
			return page.Value, page.NextLink
		})
	return func(yield func([]*aks.ManagedCluster, error) bool) {
		pools := 0
		for page, err := range all {
			page = slices.DeleteFunc(page, func(c *aks.ManagedCluster) bool {
				return checkCluster(c, value(c.Name)) == nil && !sameLocation(value(c.Location), h.cfg.Location)
			})
			for _, c := range page {
				if c.Properties != nil {
					pools += len(c.Properties.AgentPoolProfiles)
				}
			}
			if err == nil && strings.EqualFold(group, h.cfg.ResourceGroup) {
				h.usage.saw(pools)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// sameLocation compares regions: "Korea Central" and koreacentral are one.
func sameLocation(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}
