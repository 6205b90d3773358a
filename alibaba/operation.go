// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Every change that ACK accepts becomes a task. The list of a cluster's tasks does not
// tell what each works on: they are opened for that.

type (
	task     = cs.DescribeTaskInfoResponseBody
	taskItem = cs.DescribeClusterTasksResponseBodyTasks
)

const (
	taskPage = 50
	// mostOpened is how many of the newest tasks are opened in search of one.
	mostOpened = 40
)

// tasks lists the tasks of a cluster, newest first, whose order ACK does not promise.
func (h *Handler) tasks(ctx context.Context, id string) ([]*taskItem, error) {
	list, err := readPages(taskPage, func(t *taskItem) string { return tea.StringValue(t.TaskId) }, func(page int) ([]*taskItem, int, error) {
		out, err := read(ctx, h, "DescribeClusterTasks", "list of tasks", func(c csAPI) (*cs.DescribeClusterTasksResponse, error) {
			return c.DescribeClusterTasks(&id, &cs.DescribeClusterTasksRequest{PageNumber: tea.Int32(int32(page)), PageSize: tea.Int32(taskPage)})
		}, func(o *cs.DescribeClusterTasksResponse) bool {
			return o.Body != nil && o.Body.PageInfo != nil && !slices.ContainsFunc(o.Body.Tasks, func(t *taskItem) bool { return t != nil && tea.StringValue(t.TaskId) == "" })
		})
		if err != nil {
			return nil, 0, absent(err, noCluster)
		}
		all := -1
		if n := out.Body.PageInfo.TotalCount; n != nil {
			all = int(*n)
		}
		return withoutNil(out.Body.Tasks), all, nil
	})
	slices.SortStableFunc(list, func(a, b *taskItem) int { return stamp(b.Created).Compare(stamp(a.Created)) })
	return list, err
}

// openTask reads one task.
func (h *Handler) openTask(ctx context.Context, taskID string) (*task, error) {
	out, err := read(ctx, h, "DescribeTaskInfo", "task "+taskID, func(c csAPI) (*cs.DescribeTaskInfoResponse, error) {
		return c.DescribeTaskInfo(&taskID)
	}, func(o *cs.DescribeTaskInfoResponse) bool {
		return o.Body != nil && tea.StringValue(o.Body.TaskId) == taskID
	})
	if err != nil {
		return nil, err
	}
	return out.Body, nil
}

// worksOn reports whether a task is one on a cluster, or on a node pool of it.
func worksOn(t *task, id, poolId string) bool {
	target := ""
	if t.Target != nil {
		target = tea.StringValue(t.Target.Id)
	}
	if poolId != "" {
		return target == poolId
	}
	return target == id || target == "" && !strings.Contains(strings.ToLower(tea.StringValue(t.TaskType)), "pool")
}

// isUpgrade reports whether a task is the upgrade of a control plane or a node pool.
func isUpgrade(kind *string) bool {
	return strings.Contains(strings.ToLower(tea.StringValue(kind)), "upgrade")
}

// lastTask opens tasks from the newest on until one works on the target; nil if none does.
func (h *Handler) lastTask(ctx context.Context, id, poolId string) (*task, error) {
	list, err := h.tasks(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, item := range list[:min(len(list), mostOpened)] {
		t, err := h.openTask(ctx, tea.StringValue(item.TaskId))
		if err != nil {
			return nil, err
		}
		if worksOn(t, id, poolId) {
			return t, nil
		}
	}
	return nil, nil
}

// tasksBefore are the tasks of a cluster from before a change.
type tasksBefore struct {
	ids map[string]bool
	err error
}

func (h *Handler) tasksBefore(ctx context.Context, id string) tasksBefore {
	list, err := h.tasks(ctx, id)
	return newTasksBefore(list, err)
}

func newTasksBefore(list []*taskItem, err error) tasksBefore {
	b := tasksBefore{ids: map[string]bool{}, err: err}
	for _, t := range list {
		b.ids[tea.StringValue(t.TaskId)] = true
	}
	return b
}

func (b tasksBefore) isNew(t *taskItem) bool { return !b.ids[tea.StringValue(t.TaskId)] }

// upgradeTasks opens those of a cluster's tasks that are upgrades, of the target.
func (h *Handler) upgradeTasks(ctx context.Context, id, poolId string, is func(*taskItem) bool) ([]*task, error) {
	list, err := h.tasks(ctx, id)
	if err != nil {
		return nil, err
	}
	var found []*task
	for _, item := range list {
		if !isUpgrade(item.TaskType) || !is(item) {
			continue
		}
		t, err := h.openTask(ctx, tea.StringValue(item.TaskId))
		if err != nil {
			return nil, err
		}
		if worksOn(t, id, poolId) {
			found = append(found, t)
		}
	}
	return found, nil
}

// taskError is why a task failed; nil while it runs and when it went well.
func taskError(t *task) error {
	_, failed := taskState(tea.StringValue(t.State))
	if !failed {
		return nil
	}
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Provider: Name, RequestID: tea.StringValue(t.TaskId)}
	if t.Error != nil {
		e.ProviderCode, e.Message = tea.StringValue(t.Error.Code), strings.Join(strings.Fields(tea.StringValue(t.Error.Message)), " ")
	}
	for _, s := range withoutNil(t.Stages) {
		if _, failed := taskState(tea.StringValue(s.State)); failed && e.Message == "" {
			e.Message = strings.Join(strings.Fields(tea.StringValue(s.Message)), " ")
		}
	}
	switch code, known := classify(e.ProviderCode, 0); {
	case known && (code == pmks.CodeQuotaExceeded || code == pmks.CodePermissionDenied):
		e.Code = code
	}
	if e.Message == "" {
		e.Message = "the task " + tea.StringValue(t.TaskType) + " failed (" + tea.StringValue(t.State) + "), and " + vendor + " gives no reason"
	}
	return e
}

// LastOperation implements [pmks.OperationReader] with the list of the cluster's tasks
// and as many tasks, newest first, as it takes to find one on the target.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	r, err := h.clusterRef(clusterIID)
	if err == nil && !nodeGroupIID.IsZero() {
		err = checkPoolIID(nodeGroupIID)
	}
	if err != nil {
		return pmks.Operation{}, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.Operation{}, err
	}
	var t *task
	err = h.within(ctx, id, func(ctx context.Context) error {
		poolId := nodeGroupIID.SystemId
		if poolId == "" && !nodeGroupIID.IsZero() {
			p, err := h.findPool(ctx, id, nodeGroupIID)
			if err != nil {
				return err
			}
			poolId = poolID(p)
		}
		t, err = h.lastTask(ctx, id, poolId)
		return err
	})
	if err != nil {
		return pmks.Operation{}, err
	}
	if t == nil {
		return pmks.Operation{}, &pmks.Error{Code: pmks.CodeNotFound, Message: vendor + " has no record of an operation on it"}
	}
	op := pmks.Operation{ID: tea.StringValue(t.TaskId), Kind: tea.StringValue(t.TaskType), Start: stamp(t.Created), Err: taskError(t)}
	if op.Done, _ = taskState(tea.StringValue(t.State)); op.Done {
		op.End = stamp(t.Updated)
	}
	return op, nil
}

// explainCluster and explainGroup add to what has failed why it has, from its last task:
// the state is a word. What cannot be read adds nothing.
func (h *Handler) explainCluster(ctx context.Context, info *pmks.ClusterInfo) {
	if info.Status == pmks.ClusterInactive {
		info.StatusReason = h.because(ctx, info.IId.SystemId, "", info.StatusReason)
	}
}

func (h *Handler) explainGroup(ctx context.Context, id string, g *pmks.NodeGroupInfo) {
	if g.Status == pmks.NodeGroupInactive {
		g.StatusReason = h.because(ctx, id, g.IId.SystemId, g.StatusReason)
	}
}

func (h *Handler) because(ctx context.Context, id, poolId, reason string) string {
	t, err := h.lastTask(ctx, id, poolId)
	if err != nil || t == nil {
		return reason
	}
	var e *pmks.Error
	if e, _ = taskError(t).(*pmks.Error); e == nil { //nolint:errorlint // it has just been made
		return reason
	}
	if poolId != "" && isUpgrade(t.TaskType) {
		reason = "the upgrade of the node pool failed: repair it, or upgrade again"
	}
	return strings.TrimPrefix(e.ProviderCode+": ", ": ") + e.Message + " (" + reason + ")"
}

// poolVersions is which version the nodes of the pools of a cluster run. ACK tells it in
// no answer. A pool is made with the version of the control plane of the time, which our
// tag keeps, and is brought to that of its control plane by a task.
type poolVersions struct {
	initial, current string
	// settled: the control plane was never upgraded, so that nothing lags.
	settled bool
	// since is when the control plane came to its version; zero where no task tells.
	since time.Time
	// upgraded are when pools were upgraded.
	upgraded map[string][]time.Time
	// seen are the versions that pools were seen to run, by id: nothing leads back.
	seen *sync.Map
	// tasks are those that all this was read from.
	tasks tasksBefore
	err   error
}

func (h *Handler) poolVersions(ctx context.Context, c *cluster, pools []*pool) poolVersions {
	v := poolVersions{initial: tea.StringValue(c.InitVersion), current: clusterVersion(c), upgraded: map[string][]time.Time{}}
	v.settled = v.initial == "" || v.initial == v.current
	v.seen = &h.versions
	if !slices.ContainsFunc(pools, func(p *pool) bool { return !v.isCurrent(p) }) {
		return v
	}
	id := tea.StringValue(c.ClusterId)
	list, err := h.tasks(ctx, id)
	if v.tasks = newTasksBefore(list, err); err != nil {
		v.err = err
		return v
	}
	list = slices.DeleteFunc(list, func(t *taskItem) bool {
		done, failed := taskState(tea.StringValue(t.State))
		return !isUpgrade(t.TaskType) || !done || failed
	})
	opened := make([]*task, len(list))
	v.err = fanout.Each(ctx, len(list), func(ctx context.Context, i int) (err error) {
		opened[i], err = h.openTask(ctx, tea.StringValue(list[i].TaskId))
		return err
	})
	for _, t := range opened {
		switch {
		case t == nil:
		case worksOn(t, id, ""):
			if at := cmp.Or(stamp(t.Updated), stamp(t.Created)); at.After(v.since) {
				v.since = at
			}
		case t.Target != nil:
			v.upgraded[tea.StringValue(t.Target.Id)] = append(v.upgraded[tea.StringValue(t.Target.Id)], stamp(t.Created))
		}
	}
	return v
}

// isCurrent reports whether a pool runs the version of the control plane.
func (v poolVersions) isCurrent(p *pool) bool {
	if seen, _ := v.seen.Load(poolID(p)); v.settled || poolTag(p, tagVersion) == v.current || seen == v.current {
		return true
	}
	came := !v.since.IsZero() && !stamp(p.NodepoolInfo.Created).Before(v.since) ||
		slices.ContainsFunc(v.upgraded[poolID(p)], func(at time.Time) bool { return !at.Before(v.since) })
	if came {
		v.seen.Store(poolID(p), v.current)
	}
	return came
}

// of is the version of a pool; empty where it is not known.
func (v poolVersions) of(p *pool) string {
	switch {
	case v.isCurrent(p):
		return v.current
	case v.err != nil, len(v.upgraded[poolID(p)]) > 0: // it was upgraded to one in between
		return ""
	}
	return cmp.Or(poolTag(p, tagVersion), v.initial)
}

// errOf is why the version of a pool could not be read.
func (v poolVersions) errOf(p *pool) error {
	if v.of(p) != "" {
		return nil
	}
	return v.err
}

// behind is the version of a pool for a plan: of one that lags, the oldest that it can be.
func (v poolVersions) behind(p *pool) string { return cmp.Or(v.of(p), v.initial) }
