// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/claim"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/hook"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// maxNodes is the largest bound that TKE takes of a pool.
const maxNodes = 2000

// diskTypes are those of a root disk.
var diskTypes = []string{"CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_SSD", "CLOUD_BSSD", "CLOUD_HSSD", "CLOUD_TSSD", "LOCAL_BASIC", "LOCAL_SSD", "LOCAL_NVME"}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read beside its pools of
// the name, of which come the VPC, the subnets and the security groups, where zones are
// asked for then the subnets of the VPC, and one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	var a addition
	var mine *claim.Claim
	for again := true; again; {
		if a, err = h.planPool(ctx, clusterIID, req); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		mine = &claim.Claim{Parent: a.id, Name: req.IId.NameId}
		err = h.claims.Take(ctx, mine, func([]netip.Prefix) error { return nil })
		again = errors.Is(err, claim.ErrLookAgain)
	}
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	made, err := h.createPool(ctx, &a)
	if err != nil {
		h.claims.Settle(mine, "", once.Open(err))
		return pmks.NodeGroupInfo{}, h.explain(ctx, err, a.id, "")
	}
	h.claims.Settle(mine, deref(made.NodePoolId), false)
	info := poolRead{pool: made, machine: &a.machine}.info()
	info.Version, info.Zones = a.version, zonesAsked(made.Tags)
	return info, nil
}

// addition is a node pool that is to be added to a cluster.
type addition struct {
	id, version string
	asked       pmks.NodeGroupInfo // as the caller has it
	req         pmks.NodeGroupInfo // with its defaults
	in          *tke.CreateClusterNodePoolRequest
	machine     as.LaunchConfiguration
	request     string
}

// planPool checks a request and looks up what it needs.
func (h *Handler) planPool(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (addition, error) {
	a := addition{request: rand.Text(), asked: req, req: capabilities.WithDefaultBounds(req)}
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	h.checkZoneNames(&f, req.Zones)
	if a.req.MaxNodeSize > maxNodes {
		f.Add("MaxNodeSize", "TKE takes at most %d, got %d", maxNodes, a.req.MaxNodeSize)
	}
	if !kver.IsDefault(req.RootDiskType) && !slices.Contains(diskTypes, req.RootDiskType) {
		f.Add("RootDiskType", "%q is not one of %s", refuse.Clip(req.RootDiskType), strings.Join(diskTypes, ", "))
	}
	if err := f.Err(); err != nil {
		return a, err
	}
	id, c, err := h.locate(ctx, r)
	if err != nil {
		return a, err
	}
	a.id = id
	var pools []*tke.NodePool
	var key string
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		pools, err = h.pools(ctx, id, filter("NodePoolsName", req.IId.NameId))
		return err
	}, func(ctx context.Context) (err error) {
		if c == nil {
			c, err = h.describe(ctx, id)
		}
		return err
	}, func(ctx context.Context) (err error) {
		key, err = h.keyPairID(ctx, req.KeyPairIID)
		return err
	})
	if c != nil {
		if err := ready.Check("the cluster", deref(c.ClusterStatus), clusterMeaning(deref(c.ClusterStatus))); err != nil {
			return a, err
		}
	}
	if err != nil {
		return a, err
	}
	a.version = deref(c.ClusterVersion)
	if slices.ContainsFunc(pools, func(p *tke.NodePool) bool { return deref(p.Name) == req.IId.NameId }) {
		return a, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if len(subnetsOf(c)) == 0 || len(securityGroupsOf(c)) == 0 {
		return a, refuse.Precondition("the cluster does not tell its subnets and security groups, which TKE keeps nowhere: give it the tags %s and %s, with ids joined by %q",
			tagSubnets, tagSecurityGroups, tagSeparator)
	}
	subnets, err := h.subnetsIn(ctx, c, req.Zones)
	if err == nil && len(req.Zones) > 0 {
		err = roomForTags(c, 2)
	}
	if err != nil {
		return a, err
	}
	return a, h.fillRequest(&a, c, subnets, key)
}

// fillRequest makes the request for a pool. The group and the machines are JSON in texts,
// in the words of Auto Scaling.
func (h *Handler) fillRequest(a *addition, c *tke.Cluster, subnets []string, key string) error {
	req := a.req
	group := as.CreateAutoScalingGroupRequestParams{
		MaxSize: new(uint64(req.MaxNodeSize)), MinSize: new(uint64(req.MinNodeSize)), DesiredCapacity: new(uint64(req.DesiredNodeSize)),
		VpcId: deref(c.ClusterNetworkSettings).VpcId, SubnetIds: pointers(subnets), RetryPolicy: new("IMMEDIATE_RETRY"),
		ServiceSettings: &as.ServiceSettings{ScalingMode: new("CLASSIC_SCALING")},
	}
	if len(subnets) > 1 {
		group.MultiZoneSubnetPolicy = new("EQUALITY")
	}
	machine := as.CreateLaunchConfigurationRequestParams{
		InstanceType: &req.VMSpecName, SecurityGroupIds: pointers(securityGroupsOf(c)),
		InternetAccessible: &as.InternetAccessible{InternetChargeType: new("TRAFFIC_POSTPAID_BY_HOUR"), InternetMaxBandwidthOut: new(uint64(0)), PublicIpAssigned: &h.cfg.NodePublicIP},
		EnhancedService:    &as.EnhancedService{SecurityService: &as.RunSecurityServiceEnabled{Enabled: new(true)}, MonitorService: &as.RunMonitorServiceEnabled{Enabled: new(true)}},
	}
	h.charge(&machine, req.Spot)
	if h.cfg.NodePublicIP {
		machine.InternetAccessible.InternetMaxBandwidthOut = new(uint64(publicMbps))
	}
	var disk as.SystemDisk
	if !kver.IsDefault(req.RootDiskType) {
		disk.DiskType = &req.RootDiskType
	}
	if n, err := strconv.ParseUint(req.RootDiskSize, 10, 64); err == nil {
		disk.DiskSize = &n
	}
	if disk.DiskType != nil || disk.DiskSize != nil {
		machine.SystemDisk = &disk
	}
	if key != "" { // without one TKE mails a password to the owner
		machine.LoginSettings = &as.LoginSettings{KeyIds: pointers([]string{key})}
	}
	groupText, err := json.Marshal(group)
	machineText, err2 := json.Marshal(machine)
	if err := errors.Join(err, err2); err != nil {
		return &pmks.Error{Code: pmks.CodeInternal, Message: "the request for a node pool could not be written", Err: err}
	}
	in := tke.NewCreateClusterNodePoolRequest()
	in.ClusterId, in.Name, in.EnableAutoscale = &a.id, &req.IId.NameId, &req.OnAutoScaling
	in.AutoScalingGroupPara, in.LaunchConfigurePara = new(string(groupText)), new(string(machineText))
	in.InstanceAdvancedSettings, in.DeletionProtection = &tke.InstanceAdvancedSettings{}, new(false)
	in.Tags = []*tke.Tag{tag(tagRequest, a.request)}
	if len(req.Zones) > 0 {
		in.Tags = append(in.Tags, tag(tagZones, strings.Join(slices.Sorted(slices.Values(req.Zones)), tagSeparator)))
	}
	in.Labels, in.Taints = labelsFor(req.Labels), taintsFor(req.Taints)
	if image := given(req.ImageIID); !kver.IsDefault(image) {
		in.NodePoolOs = &image
	}
	a.in = in
	return nil
}

// publicMbps is the bandwidth of nodes with an address of their own, billed by traffic.
const publicMbps = 10

// machineOf is the launch configuration that a request asks for.
func machineOf(in *tke.CreateClusterNodePoolRequest) (l as.LaunchConfiguration) {
	var m as.CreateLaunchConfigurationRequestParams
	if json.Unmarshal([]byte(deref(in.LaunchConfigurePara)), &m) != nil {
		return l // TKE will say so
	}
	l = as.LaunchConfiguration{InstanceType: m.InstanceType, InstanceTypes: m.InstanceTypes, SystemDisk: m.SystemDisk, SecurityGroupIds: m.SecurityGroupIds, InstanceChargeType: m.InstanceChargeType}
	if m.LoginSettings != nil {
		l.LoginSettings = &as.LimitedLoginSettings{KeyIds: m.LoginSettings.KeyIds}
	}
	return l
}

func (h *Handler) createPool(ctx context.Context, a *addition) (made *tke.NodePool, err error) {
	if err := hook.Run(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, a.asked.Clone(), a.in, keptOfPool); err != nil {
		return nil, err
	}
	a.machine = machineOf(a.in)
	tries, err := settle(ctx, once.Mutation{Send: func(ctx context.Context) error {
		out, err := send(ctx, h, a.in, tke.NewCreateClusterNodePoolResponse, "id of the new node pool", func(o *tke.CreateClusterNodePoolResponse) bool {
			return o.Response != nil && poolPattern.MatchString(deref(o.Response.NodePoolId))
		})
		if err == nil {
			made = a.accepted(*out.Response.NodePoolId)
		}
		return missing(err)
	}, Happened: func(ctx context.Context) (bool, error) {
		return h.lookFor(ctx, func(ctx context.Context) (bool, error) {
			list, err := h.pools(ctx, a.id, filter("NodePoolsName", a.req.IId.NameId))
			if i := slices.IndexFunc(list, func(p *tke.NodePool) bool { return tagOf(p.Tags, tagRequest) == a.request }); err == nil && i >= 0 {
				made = list[i]
			}
			return made != nil, err
		})
	}})
	if errs.Is(err, pmks.CodeAlreadyExists) {
		err = errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
	}
	if err != nil {
		return nil, err
	}
	return made, h.madeOnce(ctx, tries, func(ctx context.Context) (ids []string, err error) {
		list, err := h.pools(ctx, a.id, filter("NodePoolsName", a.req.IId.NameId))
		for _, p := range list {
			if tagOf(p.Tags, tagRequest) == a.request {
				ids = append(ids, deref(p.NodePoolId))
			}
		}
		return ids, err
	})
}

// accepted is the pool that is to be.
func (a *addition) accepted(id string) *tke.NodePool {
	status := "disabled"
	if deref(a.in.EnableAutoscale) {
		status = "enabled"
	}
	return &tke.NodePool{NodePoolId: &id, Name: a.in.Name, LifeState: new("creating"), AutoscalingGroupStatus: &status, NodePoolOs: a.in.NodePoolOs, Tags: a.in.Tags,
		Labels: a.in.Labels, Taints: a.in.Taints, DeletionProtection: a.in.DeletionProtection,
		MinNodesNum: new(int64(a.req.MinNodeSize)), MaxNodesNum: new(int64(a.req.MaxNodeSize)), DesiredNodesNum: new(int64(a.req.DesiredNodeSize))}
}

// RemoveNodeGroup implements [pmks.ClusterHandler]: the pool is read, which tells whether
// it is protected, then one request removes it with its nodes.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, err := h.refs(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	p, cluster, err := h.poolAndCluster(ctx, r, nodeGroupIID)
	if err != nil {
		return false, err
	}
	switch {
	case poolMeaning(deref(p.LifeState)).Status == pmks.ClusterDeleting:
		return true, nil
	case deref(p.DeletionProtection):
		return false, refuse.Precondition("the node group is protected against deletion: switch its protection off first")
	}
	id, poolId := cluster.SystemId, deref(p.NodePoolId)
	fate := func(ctx context.Context) (once.Fate, error) {
		p, err := h.readPool(ctx, id, poolId)
		return once.FateOf(err == nil && poolMeaning(deref(p.LifeState)).Status == pmks.ClusterDeleting, err)
	}
	in := tke.NewDeleteClusterNodePoolRequest()
	in.ClusterId, in.NodePoolIds, in.KeepInstance = &id, pointers([]string{poolId}), new(false)
	err = remove(ctx, func(ctx context.Context) error {
		_, err := send(ctx, h, in, tke.NewDeleteClusterNodePoolResponse, "answer to DeleteClusterNodePool", func(o *tke.DeleteClusterNodePoolResponse) bool {
			return o.Response != nil && deref(o.Response.RequestId) != ""
		})
		return confirmGone(ctx, err, fate)
	}, fate)
	if err != nil {
		return false, h.explain(ctx, err, id, poolId)
	}
	h.claims.Forget(poolId)
	h.moved(poolId, move{away: true})
	return true, nil
}

// confirmGone says whether what TKE did not find is gone: the list tells.
func confirmGone(ctx context.Context, err error, fate func(context.Context) (once.Fate, error)) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	if now, lookErr := fate(ctx); lookErr == nil && now == once.Gone {
		return err
	}
	return errs.With(err, func(e *pmks.Error) {
		e.Code, e.Message = pmks.CodeBusy, "it is listed, and "+vendor+" does not find it: try again: "+e.Message
	})
}
