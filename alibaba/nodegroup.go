// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/claim"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// maxNodes is the largest bound that ACK takes of a pool.
const maxNodes = 2000

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read beside its pools, of
// which come the vSwitches, the security groups and the names, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	var a addition
	var mine *claim.Claim
	for again := true; again; {
		if a, err = h.planPool(ctx, clusterIID, req); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		mine = &claim.Claim{Parent: a.id, Name: req.IId.NameId, There: func(poolId string) bool { return h.poolThere(ctx, a.id, poolId) }}
		err = h.claims.Take(ctx, mine, func([]netip.Prefix) error { return nil })
		again = errors.Is(err, claim.ErrLookAgain)
	}
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := h.beforeAddNodeGroup(ctx, req, a.in); err != nil {
		h.claims.Settle(mine, "", false)
		return pmks.NodeGroupInfo{}, err
	}
	made, taskID, err := h.createPool(ctx, a)
	if err != nil {
		h.claims.Settle(mine, "", once.Open(err))
		return pmks.NodeGroupInfo{}, h.explain(ctx, err, a.id, "")
	}
	h.claims.Settle(mine, poolID(made), false)
	info := poolInfo(made, a.version)
	h.addZones(ctx, a.id, nil, made, &info)
	if req.OnAutoScaling && req.DesiredNodeSize != a.req.MinNodeSize {
		// ACK takes no size with it: such a pool begins with the least.
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: pmks.KeyIgnored, Value: "DesiredNodeSize"})
	}
	addTask(&info.KeyValueList, taskID)
	return info, nil
}

// addition is a node pool that is to be added to a cluster.
type addition struct {
	id, version string
	req         pmks.NodeGroupInfo
	in          *cs.CreateClusterNodePoolRequest
	request     string
}

// planPool checks a request and looks up what it needs.
func (h *Handler) planPool(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (addition, error) {
	a := addition{request: rand.Text(), req: capabilities.WithDefaultBounds(req)}
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	checkLabels(&f, req.Labels)
	if a.req.MaxNodeSize > maxNodes {
		f.Add("MaxNodeSize", "ACK takes at most %d, got %d", maxNodes, a.req.MaxNodeSize)
	}
	if err := f.Err(); err != nil {
		return a, err
	}
	id, c, err := h.locate(ctx, r)
	if err != nil {
		return a, err
	}
	a.id = id
	var pools []*pool
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		pools, err = h.pools(ctx, id)
		return err
	}}
	if c == nil {
		reads = append(reads, func(ctx context.Context) (err error) {
			c, err = h.describe(ctx, id)
			return err
		})
	}
	if err := fanout.All(ctx, reads...); err != nil {
		return a, err
	}
	a.version = clusterVersion(c)
	if slices.ContainsFunc(pools, func(p *pool) bool { return poolName(p) == req.IId.NameId && h.poolThere(ctx, id, poolID(p)) }) {
		return a, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := ready.Check("the cluster", tea.StringValue(c.State), clusterMeaning(tea.StringValue(c.State))); err != nil {
		return a, err
	}
	if len(vswitches(c)) == 0 {
		return a, errs.LostAnswer(vendor, "vSwitches of the cluster")
	}
	chosen := vswitches(c)
	if len(req.Zones) > 0 {
		if chosen, err = h.vswitchesIn(ctx, c, req.Zones); err != nil {
			return a, err
		}
	}
	a.in = createPoolRequest(c, a, chosen)
	return a, nil
}

func createPoolRequest(c *cluster, a addition, chosen []string) *cs.CreateClusterNodePoolRequest {
	req := a.req
	g := &cs.CreateClusterNodePoolRequestScalingGroup{
		VswitchIds: tea.StringSlice(chosen), SecurityGroupIds: tea.StringSlice(securityGroups(c)), InstanceTypes: []*string{&req.VMSpecName},
		KeyPair: tea.String(given(req.KeyPairIID)), SystemDiskCategory: tea.String(defaultDiskType),
		Tags: []*cs.CreateClusterNodePoolRequestScalingGroupTags{
			{Key: tea.String(tagNodeGroup), Value: tea.String(owned)}, {Key: tea.String(tagRequest), Value: &a.request},
			{Key: tea.String(tagBounds), Value: tea.String(boundsText(req.MinNodeSize, req.MaxNodeSize))}, {Key: tea.String(tagVersion), Value: &a.version},
		},
	}
	if !kver.IsDefault(req.RootDiskType) {
		g.SystemDiskCategory = &req.RootDiskType
	}
	if n, err := strconv.ParseInt(req.RootDiskSize, 10, 64); err == nil {
		g.SystemDiskSize = &n
	}
	if req.Spot {
		g.SpotStrategy, g.InstanceChargeType = tea.String(spotMarket), tea.String(payByHour)
	}
	if len(req.Zones) > 0 {
		g.Tags = append(g.Tags, &cs.CreateClusterNodePoolRequestScalingGroupTags{Key: tea.String(tagZones), Value: tea.String("chosen")})
	}
	switch image := given(req.ImageIID); {
	case kver.IsDefault(image):
		g.ImageType = tea.String(defaultImage)
	case strings.HasPrefix(image, "m-"), strings.HasSuffix(image, ".vhd"):
		g.ImageId = &image
	default:
		g.ImageType = &image
	}
	in := &cs.CreateClusterNodePoolRequest{
		NodepoolInfo: &cs.CreateClusterNodePoolRequestNodepoolInfo{Name: &req.IId.NameId, Type: tea.String("ess")}, ScalingGroup: g,
		AutoScaling: &cs.CreateClusterNodePoolRequestAutoScaling{Enable: &req.OnAutoScaling}, KubernetesConfig: kubernetesConfig(req),
	}
	if req.OnAutoScaling {
		in.AutoScaling.MinInstances, in.AutoScaling.MaxInstances = tea.Int64(int64(req.MinNodeSize)), tea.Int64(int64(req.MaxNodeSize))
		in.AutoScaling.Type = scalingKind(req.Spot)
	} else {
		g.DesiredSize = tea.Int64(int64(req.DesiredNodeSize))
	}
	return in
}

func (h *Handler) createPool(ctx context.Context, a addition) (made *pool, taskID string, err error) {
	if a.req.OnAutoScaling {
		if err := h.ensureAutoscaler(ctx, a.id); err != nil {
			return nil, "", err
		}
	}
	tries, err := settle(ctx, once.Mutation{Send: func(ctx context.Context) error {
		out, err := send(ctx, h, "CreateClusterNodePool", "id of the new node pool", func(c csAPI) (*cs.CreateClusterNodePoolResponse, error) { return c.CreateClusterNodePool(&a.id, a.in) },
			func(o *cs.CreateClusterNodePoolResponse) bool {
				return o.Body != nil && poolPattern.MatchString(tea.StringValue(o.Body.NodepoolId))
			})
		if err == nil {
			made, taskID = a.accepted(*out.Body.NodepoolId), tea.StringValue(out.Body.TaskId)
		}
		return nameTaken(absent(err, noCluster))
	}, Happened: func(ctx context.Context) (bool, error) {
		return h.lookFor(ctx, func(ctx context.Context) (bool, error) {
			list, err := h.pools(ctx, a.id)
			if err != nil {
				return false, err
			}
			if all := madeBy(list, a.request); len(all) > 0 {
				made = all[0]
			}
			return made != nil, nil
		})
	}})
	if err == nil && tries > 1 {
		// ACK takes a second one of the name: the first may have been done late.
		list, err := h.pools(ctx, a.id)
		if all := madeBy(list, a.request); err == nil && len(all) > 1 {
			return nil, "", &pmks.Error{Code: pmks.CodeInternal, MayHaveHappened: true,
				Message: fmt.Sprintf("an answer was lost and two node groups were made, %s and %s: remove one", poolID(all[0]), poolID(all[1]))}
		}
	}
	return made, taskID, err
}

// madeBy are the pools that a request has made.
func madeBy(list []*pool, request string) []*pool {
	return slices.DeleteFunc(slices.Clone(list), func(p *pool) bool { return poolTag(p, tagRequest) != request })
}

// accepted is the pool that is to be.
func (a addition) accepted(id string) *pool {
	p, err := as[pool](a.in)
	if err != nil {
		p = &pool{}
	}
	p.NodepoolInfo = &cs.DescribeClusterNodePoolsResponseBodyNodepoolsNodepoolInfo{NodepoolId: &id, Name: &a.req.IId.NameId}
	p.Status = &cs.DescribeClusterNodePoolsResponseBodyNodepoolsStatus{State: tea.String("initial")}
	if a.req.OnAutoScaling {
		p.ScalingGroup.DesiredSize = tea.Int64(int64(a.req.MinNodeSize))
	}
	return p
}

// RemoveNodeGroup implements [pmks.ClusterHandler]: the pool is read, then one request
// removes it with its nodes. Where autoscaling is on it is switched off first, or ACK
// would make nodes again meanwhile.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return false, err
	}
	p, err := h.currentPool(ctx, id, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if poolMeaning(poolState(p)).Status == pmks.ClusterDeleting {
		return true, nil
	}
	poolId := poolID(p)
	// One that has failed takes no change, and autoscaling does nothing for it.
	wasAuto := isAuto(p) && poolMeaning(poolState(p)).Status != pmks.ClusterInactive
	if wasAuto {
		minimum, maximum := bounds(p)
		if err := h.switchOff(ctx, id, p, minimum, maximum); err != nil {
			return false, err
		}
	}
	fate := func(ctx context.Context) (once.Fate, error) {
		p, err := h.readPool(ctx, id, poolId)
		return once.FateOf(err == nil && poolMeaning(poolState(p)).Status == pmks.ClusterDeleting, err)
	}
	err = once.Remove(ctx, func(ctx context.Context) error {
		_, err := send(ctx, h, "DeleteClusterNodepool", "task", func(c csAPI) (*cs.DeleteClusterNodepoolResponse, error) {
			return c.DeleteClusterNodepool(&id, &poolId, &cs.DeleteClusterNodepoolRequest{Force: tea.Bool(true)})
		}, func(o *cs.DeleteClusterNodepoolResponse) bool {
			return o.Body != nil && (tea.StringValue(o.Body.TaskId) != "" || tea.StringValue(o.Body.RequestId) != "")
		})
		return absent(err, noCluster, noPool)
	}, fate)
	if byState(err) {
		if now, lookErr := fate(ctx); lookErr == nil && now == once.Going {
			err = nil
		}
	}
	if err != nil {
		err = h.explain(ctx, err, id, poolId)
		if wasAuto {
			what := "the node group is not removed"
			if once.Open(err) {
				what = "whether the node group is removed is not known"
			}
			err = errs.HalfDone(err, "autoscaling is switched off, "+what)
		}
		return false, err
	}
	h.claims.Forget(poolId)
	return true, nil
}
