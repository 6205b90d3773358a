// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// What is done to a cluster becomes a task of a type that must be named when it is asked
// for, what is done to a pool an activity of its scaling group. No call returns the id of
// either.
const (
	taskUpgrade = "master_upgrade"
	taskNodes   = "node_upgrade"
	// The types of creations and removals stand in no document.
	taskCreate = "cluster_create"
	taskDelete = "cluster_delete"
)

// recordAge is how old the record of a failure may be that explains a state of now.
const recordAge = time.Hour

// lastTask reads the newest task of some types on a cluster; nil if there is none.
func (h *Handler) lastTask(ctx context.Context, id string, kinds ...string) (*tke.Task, error) {
	in := tke.NewDescribeTasksRequest()
	in.Filter, in.Latest = append(filter("ClusterId", id), filter("TaskType", kinds...)...), new(true)
	out, err := read(ctx, h, in, tke.NewDescribeTasksResponse, "list of tasks", func(o *tke.DescribeTasksResponse) bool {
		return o.Response != nil && deref(o.Response.RequestId) != ""
	})
	if _, detail := parts(errs.ProviderCode(err)); detail == "TaskNotFound" {
		return nil, nil
	}
	if group, _ := parts(errs.ProviderCode(err)); strings.HasPrefix(group, "InvalidParameter") && len(kinds) > 1 {
		return h.lastTask(ctx, id, kinds[0]) // the others are a guess
	}
	if err != nil {
		return nil, err
	}
	var last *tke.Task
	for _, t := range withoutNil(out.Response.Tasks) {
		if last == nil || stamp(t.CreatedAt).After(stamp(last.CreatedAt)) {
			last = t
		}
	}
	return last, nil
}

// failure is the error of a record: code and sentence stand in one text.
func failure(text, id, otherwise string) error {
	text = strings.Join(strings.Fields(text), " ")
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Provider: Name, RequestID: id, Message: cmp.Or(text, otherwise)}
	if code, rest, ok := strings.Cut(text, ": "); ok && codeInText.FindString(code) == code {
		e.ProviderCode, e.Message = code, rest
	}
	if c, ok := nested(text); ok && (c == pmks.CodeQuotaExceeded || c == pmks.CodePermissionDenied) {
		e.Code = c
	}
	return e
}

// taskError is why a task failed; nil while it runs and when it went well.
func taskError(t *tke.Task) error {
	done, failed := taskState(deref(t.LifeState))
	if !failed && (!done || deref(t.LastError) == "") {
		return nil
	}
	return failure(deref(t.LastError), deref(t.TaskID), "the task "+deref(t.TaskType)+" ended "+deref(t.LifeState)+", and "+vendor+" gives no reason")
}

func taskOperation(t *tke.Task) pmks.Operation {
	op := pmks.Operation{ID: deref(t.TaskID), Kind: deref(t.TaskType), Start: stamp(t.CreatedAt), Err: taskError(t)}
	if op.Done, _ = taskState(deref(t.LifeState)); op.Done {
		op.End = stamp(t.UpdatedAt)
	}
	return op
}

// lastActivities reads the activities of a scaling group, newest first. The order of the
// list nobody promises: where the newest come last its end is read.
func (h *Handler) lastActivities(ctx context.Context, group string) ([]*as.Activity, error) {
	if group == "" {
		return nil, nil
	}
	page := func(offset int) ([]*as.Activity, int, error) {
		in := as.NewDescribeAutoScalingActivitiesRequest()
		in.Filters = []*as.Filter{{Name: new("auto-scaling-group-id"), Values: pointers([]string{group})}}
		in.Limit, in.Offset = new(uint64(pageSize)), new(uint64(offset))
		out, err := read(ctx, h, in, as.NewDescribeAutoScalingActivitiesResponse, "list of activities", func(o *as.DescribeAutoScalingActivitiesResponse) bool {
			return o.Response != nil && o.Response.TotalCount != nil
		})
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.ActivitySet), int(*out.Response.TotalCount), nil
	}
	newer := func(a, b *as.Activity) int { return stamp(b.StartTime).Compare(stamp(a.StartTime)) }
	list, total, err := page(0)
	if n := len(list); err == nil && total > n && n > 1 && newer(list[0], list[n-1]) > 0 {
		list, _, err = page(total - min(total, pageSize))
	}
	if n := len(list); n > 1 && newer(list[0], list[n-1]) > 0 {
		slices.Reverse(list) // of one second the later counts
	}
	slices.SortStableFunc(list, newer)
	return list, err
}

// Auto Scaling tries a failed scale-out again at once, and gives up after mostRetries;
// after retryTime it would have.
const (
	mostRetries = 5
	retryTime   = 5 * time.Minute
)

// hasGivenUp reports whether Auto Scaling will try no more by itself.
func (h *Handler) hasGivenUp(list []*as.Activity) bool {
	failed := func(a *as.Activity) bool { _, failed := taskState(deref(a.StatusCode)); return failed }
	if len(list) == 0 || !failed(list[0]) {
		return false
	}
	end := stamp(list[0].EndTime)
	return len(list) >= mostRetries && !slices.ContainsFunc(list[:mostRetries], func(a *as.Activity) bool { return !failed(a) }) ||
		!end.IsZero() && !end.After(h.api.now().Add(-retryTime))
}

// readLast reads the newest activity of a pool where nodes are missing.
func (h *Handler) readLast(ctx context.Context, r *poolRead) {
	if !isUnbalanced(r.pool) {
		return
	}
	list, err := h.lastActivities(ctx, deref(r.pool.AutoscalingGroupId))
	if m, ok := h.lastMove(deref(r.pool.NodePoolId)); ok { // what was before the change says nothing of it
		list = slices.DeleteFunc(list, func(a *as.Activity) bool { return stamp(a.StartTime).Before(m.told.Truncate(time.Second)) })
	}
	if r.lastErr = err; err == nil && len(list) > 0 {
		r.last, r.givenUp = list[0], h.hasGivenUp(list)
	}
}

func activityOperation(a *as.Activity) pmks.Operation {
	op := pmks.Operation{ID: deref(a.ActivityId), Kind: deref(a.ActivityType), Start: stamp(a.StartTime)}
	done, failed := taskState(deref(a.StatusCode))
	if op.Done = done; done {
		op.End = stamp(a.EndTime)
	}
	if failed {
		op.Err = failure(activityText(a), deref(a.ActivityId), "the activity "+deref(a.ActivityType)+" ended "+deref(a.StatusCode)+", and "+vendor+" gives no reason")
	}
	return op
}

// LastOperation implements [pmks.OperationReader]: of a cluster with the newest of its
// tasks, of a node group with the newest activity of its scaling group, or the newest
// upgrade of nodes where that began later and was of nodes of this group, which takes two
// calls more to tell.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	none := &pmks.Error{Code: pmks.CodeNotFound, Message: vendor + " has no record of an operation on it"}
	r, err := h.optionalRefs(clusterIID, nodeGroupIID)
	if err != nil {
		return pmks.Operation{}, err
	}
	if nodeGroupIID.IsZero() {
		c, err := h.find(ctx, r)
		if err != nil {
			return pmks.Operation{}, err
		}
		t, err := h.lastTask(ctx, deref(c.ClusterId), taskUpgrade, taskCreate, taskDelete)
		if err != nil {
			return pmks.Operation{}, err
		}
		if t == nil {
			return pmks.Operation{}, none
		}
		return taskOperation(t), nil
	}
	p, cluster, err := h.poolAndCluster(ctx, r, nodeGroupIID)
	if err != nil {
		return pmks.Operation{}, err
	}
	var found [2]*pmks.Operation
	var faults [2]error
	err = fanout.All(ctx, func(ctx context.Context) error {
		list, err := h.lastActivities(ctx, deref(p.AutoscalingGroupId))
		if faults[0] = err; len(list) > 0 {
			found[0] = new(activityOperation(list[0]))
		}
		return nil
	}, func(ctx context.Context) error {
		t, err := h.lastTask(ctx, cluster.SystemId, taskNodes)
		if faults[1] = err; t != nil {
			found[1] = new(taskOperation(t))
		}
		return nil
	})
	for _, err := range []error{err, faults[0], errs.Over(ctx)} {
		if err != nil {
			return pmks.Operation{}, err
		}
	}
	activity, upgrade := found[0], found[1]
	if upgrade != nil && (activity == nil || upgrade.Start.After(activity.Start)) {
		if op, ofPool := h.upgradeOf(ctx, cluster.SystemId, deref(p.NodePoolId), *upgrade); ofPool {
			return op, errs.Over(ctx)
		}
	}
	switch {
	case activity != nil:
		return *activity, errs.Over(ctx)
	case faults[1] != nil:
		return pmks.Operation{}, faults[1]
	}
	return pmks.Operation{}, cmp.Or(errs.Over(ctx), error(none))
}

// upgradeOf says what an upgrade of nodes, which is one of the cluster, was of a pool: an
// upgrade of others is none of it, and of its own nodes what became of these counts. Where
// TKE does not tell, the record stands as it is.
func (h *Handler) upgradeOf(ctx context.Context, id, poolId string, op pmks.Operation) (pmks.Operation, bool) {
	var items []*tke.InstanceUpgradeProgressItem
	var nodes []*tke.Instance
	err := fanout.All(ctx, func(ctx context.Context) (err error) {
		items, err = h.upgradeProgress(ctx, id)
		return err
	}, func(ctx context.Context) (err error) {
		nodes, err = h.instances(ctx, id, poolId)
		return err
	})
	if err != nil || len(items) == 0 {
		return op, true
	}
	mine := slices.DeleteFunc(items, func(i *tke.InstanceUpgradeProgressItem) bool {
		return !slices.ContainsFunc(nodes, func(n *tke.Instance) bool { return *n.InstanceId == deref(i.InstanceID) })
	})
	if len(mine) == 0 {
		return op, false
	}
	if op.Err == nil {
		return op, true
	}
	for _, i := range mine {
		if done, failed := taskState(deref(i.LifeState)); failed || !done {
			return op, true
		}
	}
	op.Err = nil // all of its nodes went well
	return op, true
}

// upgradeProgress reads how far the last upgrade of nodes is, node by node.
func (h *Handler) upgradeProgress(ctx context.Context, id string) ([]*tke.InstanceUpgradeProgressItem, error) {
	return readPages(func(i *tke.InstanceUpgradeProgressItem) string { return deref(i.InstanceID) }, func(offset int) ([]*tke.InstanceUpgradeProgressItem, int, error) {
		in := tke.NewGetUpgradeInstanceProgressRequest()
		in.ClusterId, in.Offset, in.Limit = &id, new(int64(offset)), new(int64(pageSize))
		out, err := read(ctx, h, in, tke.NewGetUpgradeInstanceProgressResponse, "progress of the upgrade", func(o *tke.GetUpgradeInstanceProgressResponse) bool {
			return o.Response != nil && o.Response.Total != nil
		})
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.Instances), int(*out.Response.Total), nil
	})
}

// hasRecord reports whether a record may tell more of a state than its word does.
func hasRecord(info pmks.ClusterInfo) bool {
	return info.Status == pmks.ClusterInactive && !info.StatusFinal
}

// explainCluster adds to what is not well why it is so: the state is a word. With the
// record of a failure the state is final, else it may pass.
func (h *Handler) explainCluster(ctx context.Context, info *pmks.ClusterInfo) {
	if !hasRecord(*info) {
		return
	}
	t, err := h.lastTask(ctx, info.IId.SystemId, taskUpgrade, taskCreate, taskDelete)
	if err != nil {
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "StatusReason", err)
	}
	if err != nil || t == nil || taskError(t) == nil {
		return
	}
	if deref(t.TaskType) != taskCreate && stamp(t.UpdatedAt).Before(h.api.now().Add(-recordAge)) {
		return // the cluster was well after that
	}
	info.StatusFinal, info.StatusReason = true, strings.Join(strings.Fields(deref(t.LastError)), " ")+" ("+info.StatusReason+")"
}
