// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// An accepted operation is pending for a moment in which what it works on still
// shows its old state, so the state of a cluster is told together with the
// operations that are not done.

// parallelOperations run beside others and hold nothing up.
var parallelOperations = map[containerpb.Operation_Type]bool{
	containerpb.Operation_AUTO_REPAIR_NODES:        true,
	containerpb.Operation_SET_NODE_POOL_MANAGEMENT: true,
}

// operations lists those of the location of a cluster, or of all where it is not
// known.
func (h *Handler) operations(ctx context.Context, r ref) ([]*containerpb.Operation, error) {
	parent := h.anywhere()
	if r.location != "" {
		parent = r.parent()
	}
	out, err := read(ctx, h, h.api.gke.ListOperations, &containerpb.ListOperationsRequest{Parent: parent}, func(*containerpb.ListOperationsResponse) error { return nil })
	return out.GetOperations(), err
}

// target is what an operation works on: a cluster, and a node pool of it if it is
// one. Links name the project by number, and zones or locations.
func target(op *containerpb.Operation) (location, cluster, pool string) {
	location = cmp.Or(op.GetLocation(), op.GetZone())
	parts := strings.Split(op.GetTargetLink(), "/")
	for i := 0; i+1 < len(parts); i++ {
		switch parts[i] {
		case "zones", "locations", "regions":
			location = parts[i+1]
		case "clusters":
			cluster = parts[i+1]
		case "nodePools":
			pool = parts[i+1]
		}
	}
	return location, cluster, pool
}

// on returns the operations on a cluster and its pools, but for those that run
// beside others.
func on(r ref, ops []*containerpb.Operation) []*containerpb.Operation {
	return slices.DeleteFunc(slices.Clone(ops), func(op *containerpb.Operation) bool {
		location, cluster, _ := target(op)
		return cluster != r.name || r.location != "" && location != "" && location != r.location || parallelOperations[op.GetOperationType()]
	})
}

func isDone(op *containerpb.Operation) bool { return op.GetStatus() == containerpb.Operation_DONE }

// showOperations shows what operations that are not done will lead to, and that a
// pool which is not well stays so once the operation on it has failed.
func showOperations(info *pmks.ClusterInfo, v view) {
	for _, op := range on(v.ref, v.ops) {
		if isDone(op) {
			continue
		}
		_, _, pool := target(op)
		status := pmks.ClusterUpdating
		if t := op.GetOperationType(); t == containerpb.Operation_DELETE_CLUSTER || t == containerpb.Operation_DELETE_NODE_POOL {
			status = pmks.ClusterDeleting
		}
		for i := range info.NodeGroupList {
			g := &info.NodeGroupList[i]
			if (g.IId.NameId == pool || pool == "" && status == pmks.ClusterDeleting) && g.Status == pmks.NodeGroupActive {
				g.Status = pmks.NodeGroupStatus(status)
			}
		}
		if pool != "" {
			status = pmks.ClusterUpdating
		}
		if info.Status == pmks.ClusterActive {
			info.Status = status
		}
	}
	for i := range info.NodeGroupList {
		g := &info.NodeGroupList[i]
		if g.Status == pmks.NodeGroupInactive && !g.StatusFinal {
			g.StatusFinal, g.StatusReason = poolVerdict(v, g.IId.NameId, g.StatusReason)
		}
	}
}

// poolVerdict says of a pool that is not well whether it stays so: machines may be had
// again while its operation goes on, but not any more when that has failed.
func poolVerdict(v view, pool, reason string) (final bool, text string) {
	op := newest(v.ref, v.ops, pool)
	err := operationError(op)
	if err == nil {
		return false, reason
	}
	if said := message(err); !strings.Contains(reason, said) {
		reason += "; its last operation failed: " + said
	}
	return true, reason
}

// newest is the last operation on a cluster, or on a pool of it: for a pool that
// came with its cluster, and that nothing was done to since, it is the creation of
// that. Nil if there is none.
func newest(r ref, ops []*containerpb.Operation, pool string) *containerpb.Operation {
	var last, creation *containerpb.Operation
	for _, op := range on(r, ops) {
		_, _, name := target(op)
		if name == pool && !startedBefore(op, last) {
			last = op
		}
		if name == "" && op.GetOperationType() == containerpb.Operation_CREATE_CLUSTER && !startedBefore(op, creation) {
			creation = op
		}
	}
	return cmp.Or(last, creation)
}

func startedBefore(op, other *containerpb.Operation) bool {
	return other != nil && stamp(op.GetStartTime()).Before(stamp(other.GetStartTime()))
}

// stamp is a time as Google writes it; zero where there is none.
func stamp(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

var (
	stockoutText = regexp.MustCompile(`(?i)stockout|RESOURCE_POOL_EXHAUSTED|does not have enough resources available`)
	quotaText    = regexp.MustCompile(`(?i)QUOTA_EXCEEDED|insufficient (regional|project) quota|quota .* exceeded`)
)

// operationError is why an operation failed; nil while it runs and if it went well.
// DONE says only that it has ended.
func operationError(op *containerpb.Operation) error {
	if !isDone(op) {
		return nil
	}
	number, text := op.GetError().GetCode(), cmp.Or(op.GetError().GetMessage(), op.GetStatusMessage())
	if number == 0 && text == "" {
		return nil
	}
	word := ""
	if number != 0 {
		word = code.Code(number).String()
	}
	condition := ""
	for _, c := range slices.Concat(op.GetNodepoolConditions(), op.GetClusterConditions()) {
		if c.GetCode() != containerpb.StatusCondition_UNKNOWN {
			condition = c.GetCode().String()
			break
		}
	}
	e := &pmks.Error{
		Code: operationCode(word, condition+" "+text), ProviderCode: strings.Trim(word+"/"+condition, "/"),
		Message: strings.Join(strings.Fields(text), " "), RequestID: op.GetName(),
	}
	if e.Message == "" {
		e.Message = "the operation " + op.GetOperationType().String() + " failed, and Google gives no reason but the code " + word
	}
	return e
}

// operationCode is the code of an operation that failed. The codes of Google speak of
// its own inner calls here: that something is not found is not the cluster.
func operationCode(word, text string) pmks.Code {
	switch {
	case stockoutText.MatchString(text):
		return pmks.CodeUnavailable
	case quotaText.MatchString(text), word == "RESOURCE_EXHAUSTED":
		return pmks.CodeQuotaExceeded
	}
	switch c := errorTable[word]; c {
	case pmks.CodePermissionDenied, pmks.CodeUnavailable, pmks.CodeInternal, pmks.CodeUnsupported:
		if word != "CANCELLED" {
			return c
		}
	}
	return pmks.CodeFailedPrecondition
}

// message is the sentence of an error without where it happened.
func message(err error) string {
	text := ""
	_ = errs.With(err, func(e *pmks.Error) { text = e.Message })
	return text
}

// failedCreation returns why a cluster that is not there is not: the error of the
// newest operation on it, if that was to create it.
func failedCreation(r ref, ops []*containerpb.Operation) error {
	op := newest(r, ops, "")
	if op.GetOperationType() != containerpb.Operation_CREATE_CLUSTER {
		return nil
	}
	return operationError(op)
}

// awaitOperation waits until an operation that takes seconds is done, where another
// one must follow: GKE works on one at a time. Whether it went well is to be seen in
// what it returns.
func (h *Handler) awaitOperation(ctx context.Context, r ref, op *containerpb.Operation) (*containerpb.Operation, error) {
	err := await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		if isDone(op) {
			return true, nil
		}
		// One try a look: the loop repeats it, and ends after a run of failures.
		name := op.GetName()
		found, err := mutate(ctx, h, h.api.gke.GetOperation, &containerpb.GetOperationRequest{Name: r.parent() + "/operations/" + name})
		if err == nil && found.GetName() != name {
			err = errs.LostAnswer(cloud, "operation "+name)
		}
		if err != nil {
			return false, err
		}
		op = found
		return isDone(op), nil
	})
	return op, err
}
