// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"encoding/json"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Failure is how an operation fails after it was accepted, and where GKE says so.
type Failure struct {
	// Condition is the older code of the cause, such as GCE_STOCKOUT.
	Condition containerpb.StatusCondition_Code
	// Code is the canonical one; 0 means that of the condition, or INTERNAL.
	Code code.Code
	// Message may be empty, as it is of some operations.
	Message string
	// Record is where the operation, which is DONE, says it.
	Record Record
	// Vanish: a cluster whose creation failed is gone at the same moment.
	Vanish bool
	// Partial: a node pool is RUNNING_WITH_ERROR afterwards, whatever failed.
	Partial bool
}

// Record is where an operation that is DONE says that it failed.
type Record int

// The places.
const (
	// RecordWhole: in error, statusMessage and the conditions.
	RecordWhole Record = iota
	// RecordError: in error alone.
	RecordError
	// RecordStatusMessage: in statusMessage alone.
	RecordStatusMessage
	// RecordConditions: in the conditions alone.
	RecordConditions
)

// Reason is the Reason of a core.FaultFailLater that fails so.
func (f Failure) Reason() string {
	data, err := json.Marshal(f)
	if err != nil {
		panic("gke: " + err.Error()) // numbers and texts can be marshaled
	}
	return string(data)
}

// canonicalTable holds the canonical codes of the conditions.
var canonicalTable = map[containerpb.StatusCondition_Code]code.Code{
	containerpb.StatusCondition_CLOUD_KMS_KEY_DESTROYED:                  code.Code_FAILED_PRECONDITION,
	containerpb.StatusCondition_CLOUD_KMS_KEY_ERROR:                      code.Code_FAILED_PRECONDITION,
	containerpb.StatusCondition_GCE_QUOTA_EXCEEDED:                       code.Code_RESOURCE_EXHAUSTED,
	containerpb.StatusCondition_GCE_STOCKOUT:                             code.Code_RESOURCE_EXHAUSTED,
	containerpb.StatusCondition_GKE_SERVICE_ACCOUNT_DELETED:              code.Code_FAILED_PRECONDITION,
	containerpb.StatusCondition_NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS: code.Code_PERMISSION_DENIED,
}

// readFailure reads the Reason of a Failure, "CONDITION: message", or any text.
func readFailure(reason string) Failure {
	f := Failure{Message: reason}
	var whole Failure
	if strings.HasPrefix(reason, "{") && json.Unmarshal([]byte(reason), &whole) == nil {
		f = whole
	} else if word, rest, ok := strings.Cut(reason, ": "); ok {
		if number, known := containerpb.StatusCondition_Code_value[word]; known {
			f = Failure{Condition: containerpb.StatusCondition_Code(number), Message: rest}
		}
	}
	if f.Code == 0 {
		f.Code = canonicalTable[f.Condition]
	}
	if f.Code == 0 {
		f.Code = code.Code_UNKNOWN
	}
	return f
}

// condition is the failure as clusters and node pools show it.
func (f Failure) condition() []*containerpb.StatusCondition {
	return []*containerpb.StatusCondition{{Code: f.Condition, CanonicalCode: f.Code, Message: f.Message}}
}

// show says in an operation that it failed; pool is empty for one on a cluster.
func (f Failure) show(out *operation, pool string) {
	canonical := f.Code
	if canonical == code.Code_UNKNOWN {
		canonical = code.Code_INTERNAL
	}
	if f.Record == RecordWhole || f.Record == RecordError {
		out.Error = &rpcstatus.Status{Code: int32(canonical), Message: f.Message}
	}
	if f.Record == RecordWhole || f.Record == RecordStatusMessage {
		out.StatusMessage = f.Message
	}
	if f.Record == RecordError || f.Record == RecordStatusMessage {
		return
	}
	conditions := []*containerpb.StatusCondition{{Code: f.Condition, Message: f.Message}}
	if pool == "" {
		out.ClusterConditions = conditions
	} else {
		out.NodepoolConditions = conditions
	}
}

// failed is what a failure leads to beside the record of it.
func (s *Server) failed(op *opRecord, at time.Time) {
	f, l, live := readFailure(op.Failure), op.rec.location, op.rec.live
	created := op.kind == containerpb.Operation_CREATE_CLUSTER
	if created && s.options.RemoveFailed > 0 {
		op.rec.failed = at
		l.failed = append(l.failed, op.rec)
	}
	cmd := core.Force{ClusterID: live.ID}
	g, there := live.GroupByName(op.pool)
	switch {
	case created && f.Vanish:
	case f.Partial && there:
		cmd.GroupID, cmd.State, cmd.Reason = g.ID, profile.Degraded, op.Failure
	default:
		return
	}
	// What is there can be put into any state.
	_, _ = l.world.Apply(at, cmd, core.Outcome{})
}
