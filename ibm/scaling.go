// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// SetNodeGroupAutoScaling implements [pmks.ClusterHandler]. On: it installs the add-on
// where the cluster has none, writes the bounds into its ConfigMap, and waits until
// IBM shows the pool as autoscaled: minutes the first time, bounded by ctx and safe to
// call again. Off: the add-on, the entry and its bounds stay.
func (h *Handler) SetNodeGroupAutoScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID, on bool) (_ bool, err error) {
	defer annotate(&err, "SetNodeGroupAutoScaling", clusterIID, nodeGroupIID)
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	v, p, err := h.changeable(ctx, r, pool)
	if err != nil {
		return false, err
	}
	switch {
	case !p.AutoscaleEnabled && !on && !hasAutoscaler(v.c.Addons):
		return true, nil
	case p.AutoscaleEnabled && on:
		// An off that was given up by its caller is perhaps not in force yet.
		m, err := h.readConfigMap(ctx, v.c, way{changes: true})
		if err != nil {
			return false, notThere(err)
		}
		if e := m.entryOf(p); e != nil && e.enabled() {
			return true, nil
		}
		err = h.switchOn(ctx, v, p)
		return err == nil, err
	case on:
		err = h.switchOn(ctx, v, p)
	default:
		err = h.switchOff(ctx, v, p)
	}
	return err == nil, err
}

// changeable reads a cluster and finds the pool that is to be changed, or says why that
// cannot be now. IKS decides about pools that failed or are worked on; only the workers
// tell one that is being made.
func (h *Handler) changeable(ctx context.Context, r, pool ref) (v view, p poolObject, err error) {
	if v, err = h.withWorkers(ctx, r); err != nil {
		return v, p, err
	}
	if err := checkPoolOf(pool, v.c.ID); err != nil {
		return v, p, err
	}
	if p, err = findPool(v.pools, pool); err != nil {
		return v, p, err
	}
	m := clusterMeaning(v.c, v.workers)
	check := ready.CheckMend
	if m.Final {
		check = ready.Check // it has no master to take a change
	}
	if err := check("the cluster", v.c.State, m); err != nil {
		return v, p, err
	}
	group := poolMeaning(p, v.of(p), v.workersErr == nil)
	if group.Status == pmks.ClusterUpdating {
		return v, p, nil
	}
	return v, p, ready.CheckMend("the node group", p.Lifecycle.ActualState, group)
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler]. With autoscaling off the
// bounds are recorded in labels of the pool, and then it is resized; on, the bounds are
// the autoscaler's, to which a desired size is left. An error after the first of two
// writes says so.
func (h *Handler) ChangeNodeGroupScaling(ctx context.Context, clusterIID, nodeGroupIID pmks.IID,
	desired, minSize, maxSize int) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "ChangeNodeGroupScaling", clusterIID, nodeGroupIID)
	r, pool, err := h.refs(ctx, clusterIID, nodeGroupIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckScaling(desired, minSize, maxSize))
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	v, p, err := h.changeable(ctx, r, pool)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if p.AutoscaleEnabled {
		return h.changeBounds(ctx, v, p, desired, minSize, maxSize)
	}
	if desired < minSize {
		return pmks.NodeGroupInfo{}, refuse.Invalid("DesiredNodeSize", "must lie between MinNodeSize %d and MaxNodeSize %d, got %d: only autoscaling can be left to choose", minSize, maxSize, desired)
	}
	each, err := perZone("DesiredNodeSize", desired, len(p.Zones))
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	wrote, err := h.recordBounds(ctx, v, p, minSize, maxSize)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if each != p.WorkerCount {
		if err := h.resize(ctx, v, p, each); err != nil {
			if wrote {
				err = errs.HalfDone(err, fmt.Sprintf("the bounds are recorded as %d and %d, the size is not changed", minSize, maxSize))
			}
			return pmks.NodeGroupInfo{}, err
		}
	}
	info := v.group(p)
	info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize = desired, minSize, maxSize
	if each != p.WorkerCount {
		info.Status = pmks.NodeGroupUpdating
	}
	return info, nil
}

// changeBounds sets the bounds of the autoscaler, in its ConfigMap and, for lists, in
// the labels.
func (h *Handler) changeBounds(ctx context.Context, v view, p poolObject, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
	var f refuse.List
	least, err := perZone("MinNodeSize", minSize, len(p.Zones))
	f.Join(err)
	most, err := perZone("MaxNodeSize", maxSize, len(p.Zones))
	f.Join(err)
	if err := f.Err(); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := h.writeEntry(ctx, v, p, func(e *entry) {
		// It stays off where that is written and not in force yet.
		e.set(least, most, e.members["enabled"] == nil || e.enabled())
	}); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if _, err := h.recordBounds(ctx, v, p, minSize, maxSize); err != nil {
		return pmks.NodeGroupInfo{}, errs.HalfDone(err, fmt.Sprintf("the autoscaler has the bounds %d and %d, the labels of the worker pool do not", minSize, maxSize))
	}
	info := v.group(p)
	info.MinNodeSize, info.MaxNodeSize = minSize, maxSize
	if desired != 0 && desired != info.DesiredNodeSize {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: pmks.KeyIgnored, Value: "DesiredNodeSize"}) // it is the autoscaler's
	}
	return info, nil
}

// recordBounds writes bounds into the labels of a pool, if they are not those that a
// read shows. The write replaces all labels but IBM's, so it carries them.
func (h *Handler) recordBounds(ctx context.Context, v view, p poolObject, minimum, maximum int) (wrote bool, err error) {
	if shown := v.group(p); shown.MinNodeSize == minimum && shown.MaxNodeSize == maximum {
		return false, nil
	}
	return h.changeLabels(ctx, &v, p, func(labels map[string]string) {
		labels[labelMin], labels[labelMax] = strconv.Itoa(minimum), strconv.Itoa(maximum)
	})
}

// resize sends the number of workers in each zone.
func (h *Handler) resize(ctx context.Context, v view, p poolObject, each int) error {
	err := h.change(ctx, post("/v2/resizeWorkerPool", v.c.ResourceGroup, poolRequest{Cluster: v.c.ID, WorkerPool: p.ID, Size: each}, http.StatusAccepted),
		h.poolIs(v, p, func(now poolObject) bool { return now.WorkerCount == each }))
	if e := asRefusal(err); e != nil && e.HTTPStatus >= 400 && e.HTTPStatus < 500 {
		// IKS does not resize a pool that somebody else has switched to autoscaling meanwhile.
		if on, lookErr := h.poolIs(v, p, func(now poolObject) bool { return now.AutoscaleEnabled })(ctx); lookErr == nil && on {
			return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
		}
	}
	return unsupported(v, h.tooFew(ctx, h.ofCluster(ctx, err, v.c.ID), v.c.ID))
}

// unsupported says of a refusal what waiting does not help: a cluster whose version is not
// supported any more takes no more workers.
func unsupported(v view, err error) error {
	if !strings.EqualFold(v.c.State, "unsupported") || !errs.Is(err, pmks.CodeBusy) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
}

// poolIs looks whether a pool is as a change has made it: the changes say what is to be,
// not what is to be added.
func (h *Handler) poolIs(v view, p poolObject, as func(poolObject) bool) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		pools, err := h.readPools(ctx, v.c.ID)
		if err != nil {
			return false, err
		}
		now, err := findPool(pools, ref{id: p.ID})
		return err == nil && as(now), err
	}
}
