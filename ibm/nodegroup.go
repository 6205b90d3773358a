// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// newPool converts a request for a node group of a cluster with nodes in these zones.
// Everything wrong comes at once, with prefix before the field.
func newPool(prefix string, req pmks.NodeGroupInfo, vpc string, zones []ZoneRequest) (WorkerPoolRequest, error) {
	var f refuse.List
	req = capabilities.WithDefaultBounds(req)
	p := WorkerPoolRequest{Name: req.IId.NameId, Flavor: req.VMSpecName, VPCID: vpc, Zones: zones, Labels: map[string]string{
		labelRequest: strings.ToLower(rand.Text()), labelMin: strconv.Itoa(req.MinNodeSize), labelMax: strconv.Itoa(req.MaxNodeSize),
	}}
	for key, value := range req.Labels {
		p.Labels[key] = value
	}
	if mark := taintMark(req, vpc); mark != "" {
		p.Labels[labelTaints] = mark
	}
	if ignored := capabilities.Ignored(req); len(ignored) > 0 {
		p.Labels[labelIgnored] = strings.Join(ignored, ".")
	}
	if image := cmp.Or(req.ImageIID.SystemId, req.ImageIID.NameId); !kver.IsDefault(image) {
		p.OperatingSystem = image
	}
	var err error
	p.WorkerCount, err = perZone(prefix+"DesiredNodeSize", req.DesiredNodeSize, len(zones))
	f.Join(err)
	if req.OnAutoScaling {
		for field, n := range map[string]int{"MinNodeSize": req.MinNodeSize, "MaxNodeSize": req.MaxNodeSize} {
			_, err := perZone(prefix+field, n, len(zones))
			f.Join(err)
		}
	}
	return p, f.Err()
}

// perZone divides a total: IKS counts workers per zone.
func perZone(field string, total, zones int) (int, error) {
	if zones > 1 && total%zones != 0 {
		return 0, refuse.Invalid(field, "IKS has as many workers in each of the %d zones: give a multiple of %d, got %d", zones, zones, total)
	}
	return total / max(1, zones), nil
}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster and its pools are read,
// from which the new one takes its zones, subnets and tags, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	plan, err := h.planGroup(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	defer plan.done()
	v, in := plan.v, plan.in
	if plan.half != nil {
		return h.finishGroup(ctx, v, *plan.half, req)
	}
	if err := h.beforeAddNodeGroup(ctx, req, &in); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := h.signIn(ctx); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	writes := h.labelsOf(v.c.ID)
	if err := writes.take(ctx); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	given := false
	defer func() {
		if !given {
			writes.give()
		}
	}()
	if err := h.refreshTags(ctx, writes, v, in); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var made struct {
		ID string `json:"workerPoolID"`
	}
	err = once.Create(ctx, func(ctx context.Context) error {
		a, err := h.mutate(ctx, post("/v2/vpc/createWorkerPool", v.c.ResourceGroup, in, http.StatusCreated))
		if err != nil {
			return unsupported(v, h.ofCluster(ctx, existing(ofFlavor(err, ""), ""), v.c.ID))
		}
		if a.decode(cloud, &made) != nil || !strings.HasPrefix(made.ID, v.c.ID+"-") {
			return errs.LostAnswer(cloud, "id of the new worker pool")
		}
		return nil
	}, func(ctx context.Context) (_ bool, err error) {
		made.ID, err = h.findAdded(ctx, v.c.ID, in.Name, in.Labels[labelRequest])
		return made.ID != "", err
	})
	writes.wrote(&v) // the new pool has tags as well
	writes.give()
	given = true
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	h.made.Store(made.ID, time.Now())
	p := in.asPool(made.ID)
	if err := h.taintGroup(ctx, v, &p, req.Taints); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	info := v.group(p)
	info.Status, info.Version = pmks.NodeGroupCreating, version(v.c.MasterKubeVersion)
	if req.OnAutoScaling {
		info.KeyValueList = ignore(info.KeyValueList, "OnAutoScaling") // it is a switch of its own
	}
	return info, nil
}

// refreshTags gives the request for a pool the tags that the cluster has by now, where some
// labels have been changed since it was read. The turn of the changes is the caller's.
func (h *Handler) refreshTags(ctx context.Context, writes *labelWrites, v view, in WorkerPoolRequest) error {
	if writes.count.Load() == v.labelsAsOf {
		return nil
	}
	pools, err := h.readPools(ctx, v.c.ID)
	if err != nil {
		return err
	}
	maps.DeleteFunc(in.Labels, func(key, _ string) bool { return strings.HasPrefix(key, labelTag) })
	for _, p := range pools {
		maps.Copy(in.Labels, clusterLabels(p))
	}
	return nil
}

// taintGroup gives a pool that is made the taints of its request, if it has any.
func (h *Handler) taintGroup(ctx context.Context, v view, p *poolObject, taints []pmks.Taint) error {
	if len(taints) == 0 {
		return nil
	}
	if err := h.setTaints(ctx, v.c, taints, func(context.Context) (poolObject, error) { return *p, nil }); err != nil {
		return untainted(err, "the node group "+p.ID, "")
	}
	p.Taints = nativeTaints(taints)
	return nil
}

// finishGroup does what is left to do of a node group that a request like it has made.
func (h *Handler) finishGroup(ctx context.Context, v view, p poolObject, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	if err := h.taintGroup(ctx, v, &p, req.Taints); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	v.workers, v.workersErr = h.readWorkers(ctx, v.c.ID, p.ID)
	return v.group(p), errs.Over(ctx)
}

// findAdded is findMade for a worker pool.
func (h *Handler) findAdded(ctx context.Context, cluster, name, label string) (string, error) {
	for end := time.Now().Add(appearance); ; {
		pools, err := h.readPools(ctx, cluster)
		if err != nil {
			return "", err
		}
		p, findErr := findPool(pools, ref{name: name})
		switch mark := p.Labels[labelRequest]; {
		case mark == label && findErr == nil:
			return p.ID, nil
		case mark != "":
			return "", &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		case time.Now().Before(end):
		case findErr == nil:
			return "", &pmks.Error{Code: pmks.CodeUnavailable, Message: "a node group of this name is there, and does not show yet who made it"}
		default:
			return "", nil
		}
		if err := poll.Sleep(ctx, appearancePause); err != nil {
			return "", err
		}
	}
}

// ignore names a field of a request that has no effect with it.
func ignore(list []pmks.KeyValue, field string) []pmks.KeyValue {
	for i, kv := range list {
		if kv.Key == pmks.KeyIgnored {
			list[i].Value += "," + field
			return list
		}
	}
	return append(list, pmks.KeyValue{Key: pmks.KeyIgnored, Value: field})
}

// ofCluster puts right what the refusal of a change means: that the cluster is not there
// is certain only when the list agrees.
func (h *Handler) ofCluster(ctx context.Context, err error, id string) error {
	_, _, err = h.missing(ctx, err, id)
	return err
}

// groupPlan is what is to be sent for a new node group of a cluster.
type groupPlan struct {
	v  view
	in WorkerPoolRequest
	// half is the pool of its name, where a request like it has made that and no more.
	half *poolObject
	// done ends the time in which no other call of the handler takes what this one makes for
	// half made.
	done func()
}

// planGroup checks a request and looks up what it needs.
func (h *Handler) planGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (plan groupPlan, err error) {
	var f refuse.List
	r, err := h.clusterRef(ctx, clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	checkFlavor(&f, "", req)
	h.checkZones(&f, "", req.Zones)
	if err := f.Err(); err != nil {
		return plan, err
	}
	id, err := h.identify(ctx, r)
	if err != nil {
		return plan, err
	}
	alone, done := h.alone(id, req.IId.NameId)
	defer func() {
		if err != nil {
			done()
		}
	}()
	plan.done = done
	if plan.v, err = h.target(ctx, ref{id: id}); err != nil {
		return plan, err
	}
	v := plan.v
	m := clusterMeaning(v.c, nil)
	taken := slices.IndexFunc(v.pools, func(p poolObject) bool { return p.Name == req.IId.NameId })
	if taken >= 0 && alone && len(req.Taints) > 0 && m.Status != pmks.ClusterDeleting {
		if plan.in, err = v.newPool(req); err == nil && plan.in.isHalfMade(v.pools[taken]) {
			plan.half = &v.pools[taken]
			return plan, nil
		}
	}
	if taken >= 0 {
		return plan, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := ready.Check("the cluster", v.c.State, m); err != nil {
		return plan, err
	}
	plan.in, err = v.newPool(req)
	return plan, err
}

// newPool is the request for a further pool of a cluster: it follows the first one that
// stays, unless zones are asked for.
func (v view) newPool(req pmks.NodeGroupInfo) (in WorkerPoolRequest, err error) {
	stays := slices.DeleteFunc(v.staying(), func(p poolObject) bool { return len(p.Zones) == 0 })
	if len(stays) == 0 {
		return in, refuse.Precondition("the cluster has no worker pool with zones and subnets to follow: add one with IBM's own tools first")
	}
	model := stays[0]
	if len(req.Zones) == 0 {
		stays = stays[:1]
	}
	has, err := zonesOf(stays...)
	if err != nil {
		return in, err
	}
	zones, others, err := pickZones("", req.Zones, has)
	if err != nil {
		return in, err
	}
	vpc := model.VPCID
	if len(v.c.VPCs) > 0 {
		vpc = v.c.VPCs[0]
	}
	in, err = newPool("", req, vpc, zones)
	in.Cluster = v.c.ID
	for _, p := range v.pools {
		maps.Copy(in.Labels, clusterLabels(p))
	}
	rememberZones(in.Labels, others)
	return in, err
}

// RemoveNodeGroup implements [pmks.ClusterHandler]: the cluster and its pools are read,
// the pool's bounds are taken from the autoscaler where it has any, and one request is
// made. The last pool is not given up.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	v, p, err := h.targetPool(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if poolMeaning(p, nil, false).Status == pmks.ClusterDeleting {
		return true, nil
	}
	if err := ready.CheckMend("the cluster", v.c.State, clusterMeaning(v.c, nil)); err != nil {
		return false, err
	}
	others := slices.ContainsFunc(v.pools, func(o poolObject) bool {
		return o.ID != p.ID && poolMeaning(o, nil, false).Status != pmks.ClusterDeleting
	})
	if !others {
		return false, refuse.Precondition("it is the last node group: IKS does not give it up; delete the cluster, or add another group first")
	}
	taken, err := h.takeEntry(ctx, v, p)
	if err != nil {
		return false, errs.HalfDone(err, "whether the pool is taken from the autoscaler is not known, and it is not removed")
	}
	err = h.signIn(ctx)
	if err == nil {
		err = once.Remove(ctx, func(ctx context.Context) error {
			_, err := h.mutate(ctx, post("/v2/removeWorkerPool", v.c.ResourceGroup, poolRequest{Cluster: v.c.ID, WorkerPool: p.ID}, http.StatusNoContent))
			return h.tooFew(ctx, h.ofCluster(ctx, err, v.c.ID), v.c.ID)
		}, func(ctx context.Context) (once.Fate, error) {
			pools, err := h.readPools(ctx, v.c.ID)
			if err != nil {
				return once.Stays, err
			}
			now, err := findPool(pools, ref{id: p.ID})
			return once.FateOf(err == nil && poolMeaning(now, nil, false).Status == pmks.ClusterDeleting, err)
		})
	}
	if err != nil && taken != nil {
		err = h.putBack(ctx, v, p, taken, err)
	}
	return err == nil, err
}

// tooFew says of the refusal to go below the least number of workers whether waiting
// helps: IBM's own words name workers that are worked on as the other cause.
func (h *Handler) tooFew(ctx context.Context, err error, id string) error {
	if errs.ProviderCode(err) != codeTooFew {
		return err
	}
	workers, readErr := h.readWorkers(ctx, id, "")
	if readErr != nil || !slices.ContainsFunc(workers, inTransition) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeBusy })
}

// inTransition reports whether a worker is worked on.
func inTransition(w workerObject) bool {
	k := kindOf(w)
	return k == comingWorker || k == leavingWorker || w.Lifecycle.PendingOperation != ""
}

// targetPool reads a cluster with its pools and finds the one that is meant.
func (h *Handler) targetPool(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (v view, p poolObject, err error) {
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return v, p, err
	}
	if v, err = h.target(ctx, r); err != nil {
		return v, p, err
	}
	if err := checkPoolOf(pool, v.c.ID); err != nil {
		return v, p, err
	}
	p, err = findPool(v.pools, pool)
	if err != nil && h.isNew(pool.id) {
		err = &pmks.Error{Code: pmks.CodeBusy, Message: "the node group was just made and does not show yet: wait until it does"}
	}
	return v, p, err
}
