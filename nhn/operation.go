// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// The types of the events that pmks causes. A resize has one of several.
const (
	eventCreateCluster = "CLUSTER_CREATE"
	eventDeleteCluster = "CLUSTER_DELETE"
	eventCreateGroup   = "NODEGROUP_CREATE"
	eventDeleteGroup   = "NODEGROUP_DELETE"
	eventUpgrade       = "NODEGROUP_UPGRADE"
	eventAutoscaler    = "NODEGROUP_SET_CLUSTER_AUTOSCALER"

	stateRuns   = "IN_PROGRESS"
	stateFailed = "FAIL"
)

var eventsResize = []string{"CLUSTER_RESIZE", "NODEGROUP_SCALE_OUT", "NODEGROUP_SCALE_IN"}

// notOurs are the events that NKS writes by itself, or that say how things are.
var notOurs = regexp.MustCompile(`^(NODEGROUP_METRIC_BASE_AUTOSCALER_|AUTO_HEALING|K8S_API_NOT_WORKING|ALL_NODES_NOT_READY)`)

// events reads what was done to a cluster, oldest first.
func (h *Handler) events(ctx context.Context, uuid string) ([]eventObject, error) {
	list, err := pages(ctx, h, serviceNKS, []string{"clusters", uuid, "events"}, nil, "events", func(e eventObject) string { return e.UUID })
	list = slices.DeleteFunc(list, func(e eventObject) bool { return notOurs.MatchString(e.Type) })
	slices.SortStableFunc(list, func(a, b eventObject) int { return cmp.Compare(a.number(), b.number()) })
	return list, err
}

// running is the newest operation that is not done; nil if there is none.
func running(list []eventObject) *eventObject {
	for i := range slices.Backward(list) {
		if list[i].State == stateRuns {
			return &list[i]
		}
	}
	return nil
}

// eventNumber is the number of the newest event.
func eventNumber(list []eventObject) int64 {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].number()
}

// about reports whether an event is about a node group, or, where none is given, about
// the cluster, whose control plane NKS calls a group.
func (e eventObject) about(cluster string, group ref) bool {
	switch {
	case group == ref{}, group.name == controlPlane:
		return e.ResourceUUID == cluster || e.ResourceName == controlPlane
	case e.ResourceUUID == cluster:
		return false
	}
	if group.uuid != "" && e.ResourceUUID != "" {
		return e.ResourceUUID == group.uuid
	}
	return group.name != "" && e.ResourceName == group.name
}

// stuckAfter is how old a record is that has no say any more over a status at rest: every
// operation of NKS has ended by then, the creation of a cluster after an hour.
const stuckAfter = 3 * time.Hour

// pending is the operation that a cluster is in, also while its status, which was
// written before it began, says nothing of that. One that is shown as running for ever
// holds nothing up.
func (v view) pending() *eventObject {
	e := running(v.events)
	if e == nil || v.cluster.meaning().Status.Transitional() {
		return e
	}
	began := stamp(e.CreatedAt)
	if began.Before(stamp(cmp.Or(v.cluster.UpdatedAt, v.cluster.CreatedAt))) || time.Since(began) > stuckAfter {
		return nil
	}
	return e
}

// showPending shows what an operation will lead to of which the status says nothing
// yet.
func (v view) showPending(info *pmks.ClusterInfo) {
	e := v.pending()
	if e == nil {
		return
	}
	if info.Status == pmks.ClusterActive || info.Status == pmks.ClusterInactive && info.StatusFinal {
		info.Status, info.StatusReason, info.StatusFinal = pmks.ClusterUpdating, "", false
		if e.Type == eventDeleteCluster {
			info.Status = pmks.ClusterDeleting
		}
	}
	for i := range info.NodeGroupList {
		g := &info.NodeGroupList[i]
		group := ref{g.IId.SystemId, g.IId.NameId}
		if !e.about(v.cluster.UUID, group) && !e.resizes(group) && e.Type != eventDeleteCluster {
			continue
		}
		e.showRequest(g)
		if g.Status.Transitional() {
			continue
		}
		g.Status, g.StatusReason, g.StatusFinal = pmks.NodeGroupUpdating, "", false
		if e.Type == eventDeleteGroup || e.Type == eventDeleteCluster {
			g.Status = pmks.NodeGroupDeleting
		}
	}
}

// requested is what an event tells of the request that it is of.
type requested struct {
	NodeGroup text `json:"nodegroup"`
	Count     text `json:"node_count"`
	Enabled   text `json:"ca_enable"`
	Min       text `json:"ca_min_node_count"`
	Max       text `json:"ca_max_node_count"`
	Version   text `json:"version"`
}

// is reports whether a request may be another one, as far as both tell.
func (r requested) is(other requested) bool {
	for _, pair := range [][2]text{{r.Count, other.Count}, {r.Enabled, other.Enabled}, {r.Min, other.Min}, {r.Max, other.Max}, {r.Version, other.Version}} {
		if pair[0] != "" && pair[1] != "" && !strings.EqualFold(string(pair[0]), string(pair[1])) {
			return false
		}
	}
	return true
}

func (e eventObject) requested() (r requested) {
	_ = json.Unmarshal(e.Details, &r) // what it is, no document says
	return r
}

// resizes reports whether an event about a cluster changes the size of a group.
func (e eventObject) resizes(group ref) bool {
	name := string(e.requested().NodeGroup)
	return slices.Contains(eventsResize, e.Type) && name != "" && (name == group.uuid || name == group.name)
}

// showRequest shows the sizes that have been accepted.
func (e eventObject) showRequest(g *pmks.NodeGroupInfo) {
	r := e.requested()
	if n, ok := r.Count.number(); ok && slices.Contains(eventsResize, e.Type) {
		g.DesiredNodeSize = n
	}
	least, hasMin := r.Min.number()
	most, hasMax := r.Max.number()
	if e.Type == eventAutoscaler && hasMin && hasMax {
		g.MinNodeSize, g.MaxNodeSize = least, most
	}
}

// ownEvent is the record of a change of ours: NKS gives no id for it, so where the
// answer was lost it is the first event of the right type on the right target, and of
// the same request where that is told, that came after those that there were. A state, such as a size, could have other causes.
type ownEvent struct {
	cluster string
	group   ref
	types   []string
	// request is what was asked for.
	request requested
	// after is the number of the newest event before the request; afterErr is why it is
	// not known.
	after    int64
	afterErr error
	tries    int
}

// sent wraps the sending of the request for once.Do. That the cluster is busy may,
// after a try whose answer was lost, come of that very try.
func (o *ownEvent) sent(h *Handler, send func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		o.tries++
		err := h.settle(ctx, o.cluster, send(ctx))
		if o.tries > 1 && errs.Is(err, pmks.CodeBusy) {
			return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
		}
		return err
	}
}

// look reads the event; nil where there is none.
func (o *ownEvent) look(ctx context.Context, h *Handler) (*eventObject, error) {
	if o.afterErr != nil {
		return nil, o.afterErr
	}
	list, err := h.events(ctx, o.cluster)
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		r := e.requested()
		ofGroup := e.about(o.cluster, o.group) || e.resizes(o.group) || e.Type == eventsResize[0] && r.NodeGroup == "" && e.ResourceUUID == o.cluster
		if e.number() > o.after && slices.Contains(o.types, e.Type) && ofGroup && r.is(o.request) {
			return &list[i], nil
		}
	}
	return nil, nil //nolint:nilnil // that there is none is no error
}

// happened looks for the event, for once.Do.
func (o *ownEvent) happened(ctx context.Context, h *Handler) (bool, error) {
	e, err := o.look(ctx, h)
	return e != nil, err
}

// wait waits until the change is done, where another one must follow, and returns the
// number of its record. A record that does not appear is not waited for without end.
func (o *ownEvent) wait(ctx context.Context, h *Handler) (number int64, err error) {
	var done *eventObject
	left := looks
	err = await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		e, err := o.look(ctx, h)
		if done = e; err != nil || e != nil {
			return err == nil && e.State != stateRuns, err
		}
		left--
		return left <= 0, nil
	})
	switch {
	case err != nil:
		return o.after, err
	case done == nil:
		return o.after, errUnknown("no record of it has appeared")
	}
	return done.number(), done.failure()
}

var (
	stockoutText = regexp.MustCompile(`(?i)no valid host|not enough (hosts|resources)|insufficient (capacity|resources)|exhausted all hosts|maximum number of retries`)
	quotaText    = regexp.MustCompile(`(?i)quota|limit exceeded|maximum`)
)

// failure is why an operation failed; nil while it runs and when it went well.
func (e eventObject) failure() error {
	if e.State != stateFailed {
		return nil
	}
	said := strings.Join(strings.Fields(string(e.Contents)), " ")
	return failure(e.Type+"/"+e.State, cmp.Or(said, "NKS gives no reason"), e.UUID)
}

func failure(word, said, id string) error {
	code := pmks.CodeFailedPrecondition
	switch {
	case stockoutText.MatchString(said):
		code = pmks.CodeUnavailable
	case quotaText.MatchString(said):
		code = pmks.CodeQuotaExceeded
	}
	return &pmks.Error{Code: code, ProviderCode: word, Message: said, RequestID: id}
}

// newest is the last event about a target. Whatever is done to a group is done to its
// cluster, whose status follows it. For a group that came with its cluster, and
// that nothing was done to since, it is the creation of that. Nil if there is none.
func newest(list []eventObject, cluster string, group ref) *eventObject {
	var creation *eventObject
	for i := range slices.Backward(list) {
		e := &list[i]
		if group == (ref{}) || e.about(cluster, group) {
			return e
		}
		if e.Type == eventCreateCluster {
			creation = cmp.Or(creation, e)
		}
	}
	return creation
}

// LastOperation implements [pmks.OperationReader] with one call, of a cluster by name
// with the list before it. Where the events may not be read, the status tells what it
// can.
func (h *Handler) LastOperation(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ pmks.Operation, err error) {
	defer annotate(&err, "LastOperation", clusterIID, nodeGroupIID)
	c, err := clusterRef(clusterIID)
	var g ref
	if err == nil && !nodeGroupIID.IsZero() {
		c, g, err = refs(clusterIID, nodeGroupIID)
	}
	if err != nil {
		return pmks.Operation{}, err
	}
	uuid, err := h.locate(ctx, c)
	if err != nil {
		return pmks.Operation{}, err
	}
	list, err := h.events(ctx, uuid)
	switch {
	case errs.Is(err, pmks.CodePermissionDenied):
		return h.operationOfStatus(ctx, uuid, g)
	case errs.Is(err, pmks.CodeNotFound):
		return pmks.Operation{}, h.confirmGone(ctx, uuid, err)
	case err != nil:
		return pmks.Operation{}, err
	}
	e := newest(list, uuid, g)
	if e == nil {
		return pmks.Operation{}, &pmks.Error{Code: pmks.CodeNotFound, Message: "NKS has no record of an operation on it"}
	}
	op := pmks.Operation{ID: cmp.Or(e.UUID, string(e.ID)), Kind: e.Type, Start: stamp(e.CreatedAt), Done: e.State != stateRuns, Err: e.failure()}
	if op.Done {
		op.End = stamp(e.UpdatedAt)
	}
	return op, nil
}

// operationOfStatus is what the status tells of the last operation.
func (h *Handler) operationOfStatus(ctx context.Context, uuid string, g ref) (pmks.Operation, error) {
	c, err := h.cluster(ctx, uuid)
	word, said, end := c.Status, c.StatusReason, c.UpdatedAt
	if err == nil && g != (ref{}) {
		var found groupObject
		found, err = h.group(ctx, uuid, ref{uuid: g.uuid, name: g.name})
		word, said, end = found.Status, found.StatusReason, ""
	}
	if err != nil {
		return pmks.Operation{}, err
	}
	op := pmks.Operation{ID: fmt.Sprintf("%s at %s", uuid, stamp(end).Format(time.RFC3339)), Kind: string(word), Done: !strings.HasSuffix(string(word), inProgress)}
	if strings.HasSuffix(string(word), failed) {
		op.Err = failure(string(word), cmp.Or(string(said), meaningOf(word, said).Reason), "")
	}
	return op, nil
}
