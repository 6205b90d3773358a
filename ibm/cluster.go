// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the versions, the network and the
// clusters that there are are looked up in parallel, then one request is made, with the
// first worker pool. IKS takes no idempotency token, so the pool carries a label that
// only this request has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	alone, done := h.alone("", req.IId.NameId)
	defer done()
	in, group, half, err := h.createRequest(ctx, req, alone)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if half != nil {
		return h.finishCluster(ctx, *half, req.NodeGroupList[0].Taints)
	}
	if err := h.beforeCreateCluster(ctx, req, &in); err != nil {
		return pmks.ClusterInfo{}, err
	}
	var made struct {
		ID       string `json:"clusterID"`
		Messages []struct {
			Text string `json:"text"`
		} `json:"messages"`
		NonCritical struct {
			Incident string   `json:"incidentID"`
			Items    []string `json:"items"`
		} `json:"non_critical_errors"`
	}
	if err := h.signIn(ctx); err != nil {
		return pmks.ClusterInfo{}, err
	}
	err = once.Create(ctx, func(ctx context.Context) error {
		a, err := h.mutate(ctx, post("/v2/vpc/createCluster", group, in, http.StatusCreated))
		if err != nil {
			return existing(ofFlavor(ofRole(err), "NodeGroupList[0]."), ": perhaps a cluster of another region or kind has it, or one that the caller may not see, or one that was just deleted")
		}
		if a.decode(cloud, &made) != nil || !clusterIDPattern.MatchString(made.ID) {
			return errs.LostAnswer(cloud, "id of the new cluster")
		}
		return nil
	}, func(ctx context.Context) (bool, error) {
		id, err := h.findMade(ctx, in.Name, in.WorkerPool.Labels[labelRequest])
		made.ID = id
		return id != "", err
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	h.made.Store(made.ID, time.Now())
	// A read right after may find nothing yet; this is what has been accepted.
	v := view{c: clusterObject{ID: made.ID, Name: in.Name, Region: h.cfg.Region, State: "requested", MasterKubeVersion: in.KubeVersion,
		VPCs: []string{in.WorkerPool.VPCID}, ResourceGroup: group}, pools: []poolObject{in.WorkerPool.asPool("")}}
	v.c.ServiceEndpoints.PrivateEnabled, v.c.ServiceEndpoints.PublicEnabled = true, !in.DisablePublicServiceEndpoint
	if taints := req.NodeGroupList[0].Taints; len(taints) > 0 {
		if err := h.setTaints(ctx, v.c, taints, h.onlyPool(made.ID)); err != nil {
			return pmks.ClusterInfo{}, untainted(err, "the cluster "+made.ID+" with its node group", "NodeGroupList[0].")
		}
		v.pools[0].Taints = nativeTaints(taints)
	}
	info := h.clusterInfo(v)
	first := &info.NodeGroupList[0]
	first.Status, first.Version = pmks.NodeGroupCreating, version(in.KubeVersion)
	if req.NodeGroupList[0].OnAutoScaling {
		first.KeyValueList = ignore(first.KeyValueList, "OnAutoScaling") // the add-on needs a cluster that is up
	}
	for _, m := range made.Messages {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "Message", Value: m.Text})
	}
	if n := made.NonCritical; len(n.Items) > 0 {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "NonCriticalErrors", Value: strings.Join(n.Items, "; ") + " (" + n.Incident + ")"})
	}
	return info, nil
}

const (
	// appearance is how long a cluster that was made may take to be listed.
	appearance      = 20 * time.Second
	appearancePause = 5 * time.Second
)

// findMade finds the cluster that a request made whose answer was lost, by its label:
// name, VPC and date prove nothing. What is not listed at once is looked for again, for
// a second request would make a second cluster where names are not unique; so is a
// label that may not be shown yet.
func (h *Handler) findMade(ctx context.Context, name, label string) (string, error) {
	for end := time.Now().Add(appearance); ; {
		list, err := h.list(ctx)
		if err != nil {
			return "", err
		}
		unmarked, others := 0, 0
		for _, c := range h.ours(list) {
			if c.Name != name {
				continue
			}
			pools, err := h.readPools(ctx, c.ID)
			if err != nil {
				return "", err
			}
			switch marks := marksOf(pools); {
			case slices.Contains(marks, label):
				return c.ID, nil
			case len(marks) > 0:
				others++
			default:
				unmarked++
			}
		}
		switch {
		case time.Now().Before(end):
		case others > 0 && unmarked == 0:
			return "", &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
		case unmarked > 0:
			return "", &pmks.Error{Code: pmks.CodeUnavailable, Message: "a cluster of this name is being made, and does not show yet by whom"}
		default:
			return "", nil
		}
		if err := poll.Sleep(ctx, appearancePause); err != nil {
			return "", err
		}
	}
}

// marksOf are what the requests for pools left on them.
func marksOf(pools []poolObject) (marks []string) {
	for _, p := range pools {
		if mark := p.Labels[labelRequest]; mark != "" {
			marks = append(marks, mark)
		}
	}
	return marks
}

// onlyPool finds the pool that a cluster was just made with.
func (h *Handler) onlyPool(cluster string) func(context.Context) (poolObject, error) {
	return func(ctx context.Context) (poolObject, error) {
		pools, err := h.lookPools(ctx, cluster)
		if err != nil || len(pools) == 0 {
			return poolObject{}, cmp.Or(err, errNoPools)
		}
		return pools[0], nil
	}
}

// halfMade returns the cluster of a name whose pool waits for the taints of a request like
// this one; nil where it is another's, or whole.
func (h *Handler) halfMade(ctx context.Context, in CreateClusterRequest) (*view, error) {
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	c, err := h.named(list, in.Name)
	if err != nil {
		return nil, errs.IgnoreNotFound(err)
	}
	v, err := h.withWorkers(ctx, ref{id: c.ID})
	if err != nil || clusterMeaning(v.c, nil).Status == pmks.ClusterDeleting || len(v.pools) != 1 || !in.WorkerPool.isHalfMade(v.pools[0]) {
		return nil, err
	}
	return &v, nil
}

// finishCluster does what is left to do of a creation.
func (h *Handler) finishCluster(ctx context.Context, v view, taints []pmks.Taint) (pmks.ClusterInfo, error) {
	if err := h.setTaints(ctx, v.c, taints, h.onlyPool(v.c.ID)); err != nil {
		return pmks.ClusterInfo{}, untainted(err, "the cluster "+v.c.ID+" with its node group", "NodeGroupList[0].")
	}
	v.pools[0].Taints = nativeTaints(taints)
	return h.clusterInfo(v), nil
}

// asPool is a requested pool as it will be read.
func (r WorkerPoolRequest) asPool(id string) poolObject {
	p := poolObject{ID: id, Name: r.Name, Flavor: r.Flavor, Labels: r.Labels, WorkerCount: r.WorkerCount, OperatingSystem: r.OperatingSystem, VPCID: r.VPCID}
	p.Lifecycle.ActualState, p.Lifecycle.DesiredState = "active", "active"
	for _, z := range r.Zones {
		zone := poolZone{ID: z.ID}
		zone.Subnets = append(zone.Subnets, poolSubnet{ID: z.SubnetID, Primary: true})
		p.Zones = append(p.Zones, zone)
	}
	return p
}

// createRequest checks a request, looks everything up at once, and reports everything
// wrong with it. It returns the id of the resource group as well, and half where a request
// like it has made the cluster and no more; alone: no other call is about to.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo, alone bool) (in CreateClusterRequest, group string, half *view, err error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkTags(&f, req.TagList)
	for i, g := range req.NodeGroupList {
		prefix := fmt.Sprintf("NodeGroupList[%d].", i)
		checkFlavor(&f, prefix, g)
		h.checkZones(&f, prefix, g.Zones)
	}
	if err := f.Err(); err != nil {
		return in, "", nil, err
	}
	first := req.NodeGroupList[0]
	in = CreateClusterRequest{
		Name: req.IId.NameId, Provider: vpcGen2, PodSubnet: h.cfg.PodSubnet, ServiceSubnet: h.cfg.ServiceSubnet,
		DisablePublicServiceEndpoint: h.isPrivate(req.Access.Mode), DisableOutboundTrafficProtection: h.cfg.OutboundTraffic,
	}
	var n network
	var taken error // the name is
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if !kver.IsDefault(req.Version) {
			in.KubeVersion, err = h.chooseVersion(ctx, req.Version)
		}
		return err
	}, func(ctx context.Context) (err error) {
		n, err = h.readNetwork(ctx, req.Network, first.DesiredNodeSize, first.Zones)
		return err
	}, func(ctx context.Context) (err error) {
		if err = h.checkName(ctx, req.IId.NameId); errs.Is(err, pmks.CodeAlreadyExists) && alone && len(first.Taints) > 0 {
			taken, err = err, nil
		}
		return err
	}, func(ctx context.Context) (err error) {
		group, err = h.resourceGroup(ctx)
		return err
	})
	if err != nil {
		return in, "", nil, errors.Join(err, taken)
	}
	in.SecurityGroupIDs = n.securityGroups
	const prefix = "NodeGroupList[0]."
	zones, others, err := pickZones(prefix, first.Zones, n.zones)
	if err != nil {
		return in, "", nil, errors.Join(err, taken)
	}
	in.WorkerPool, err = newPool(prefix, first, n.vpc, zones)
	in.WorkerPool.Labels[labelName] = first.IId.NameId
	for i, id := range n.securityGroups {
		in.WorkerPool.Labels[labelSecurityGroup+strconv.Itoa(i)] = id
	}
	for _, t := range req.TagList {
		in.WorkerPool.Labels[labelTag+t.Key] = t.Value
	}
	rememberZones(in.WorkerPool.Labels, others)
	if err == nil && taken != nil {
		if half, err = h.halfMade(ctx, in); half == nil {
			err = cmp.Or(err, taken)
		}
	}
	return in, group, half, err
}

// isPrivate reports whether a new cluster is to have no public endpoint.
func (h *Handler) isPrivate(mode pmks.AccessMode) bool {
	return mode == pmks.AccessPrivate || mode == "" && h.cfg.PrivateOnly
}

// checkName refuses a name that a cluster of the region has already, those that are
// deleted and linger among them.
func (h *Handler) checkName(ctx context.Context, name string) error {
	list, err := h.list(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Name == name && c.Region == h.cfg.Region {
			return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId",
				Message: fmt.Sprintf("there is a %s cluster of this name: %s, %s", cmp.Or(c.Type, kubernetes), c.ID, c.State)}
		}
	}
	return nil
}

var profilePattern = regexp.MustCompile(`^([a-z]+[0-9]+[a-z]*)-([0-9]+x[0-9]+)$`)

// checkFlavor refuses the name that the VPC API has for what IKS calls otherwise.
func checkFlavor(f *refuse.List, prefix string, g pmks.NodeGroupInfo) {
	if m := profilePattern.FindStringSubmatch(g.VMSpecName); m != nil {
		f.Add(prefix+"VMSpecName", "%q is the name of an instance profile: the flavor of IKS is %s.%s", g.VMSpecName, m[1], m[2])
	}
}

// DeleteCluster implements [pmks.ClusterHandler] with a read and one request, which
// removes the worker pools as well. What pods have claimed of storage stays, unless
// Config.DeleteStorage says otherwise; so do the gateways that the VPC's clusters share.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return false, err
	}
	c, err := h.forDeletion(ctx, r)
	if err != nil || clusterMeaning(c, nil).Status == pmks.ClusterDeleting {
		return err == nil, err
	}
	if err := h.signIn(ctx); err != nil {
		return false, err
	}
	look := func(ctx context.Context) (once.Fate, error) {
		now, err := h.readCluster(ctx, c.ID)
		return once.FateOf(err == nil && clusterMeaning(now, nil).Status == pmks.ClusterDeleting, err)
	}
	tries := 0
	err = once.Remove(ctx, func(ctx context.Context) error {
		tries++
		_, err := h.mutate(ctx, call{method: http.MethodDelete, path: "/v1/clusters/{id}", params: map[string]string{"id": c.ID},
			query: []string{"deleteResources", strconv.FormatBool(h.cfg.DeleteStorage)}, group: c.ResourceGroup, status: http.StatusNoContent})
		if !clusterCodes[errs.ProviderCode(err)] {
			return err
		}
		// Perhaps it goes already, by somebody else's hand.
		if fate, lookErr := look(ctx); lookErr == nil && fate != once.Stays {
			return nil
		}
		return h.ofCluster(ctx, err, c.ID)
	}, look)
	return err == nil, afterLost(err, tries)
}

// forDeletion reads what a deletion needs with one call: a name is in the list anyway.
func (h *Handler) forDeletion(ctx context.Context, r ref) (clusterObject, error) {
	if r.id != "" {
		return h.readCluster(ctx, r.id)
	}
	list, err := h.list(ctx)
	if err != nil {
		return clusterObject{}, err
	}
	return h.named(list, r.name)
}
