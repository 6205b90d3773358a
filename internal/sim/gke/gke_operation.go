// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// permissionTable holds what the caller of a method needs.
var permissionTable = map[string]string{
	"CancelOperation":          "container.operations.update",
	"CreateCluster":            "container.clusters.create",
	"CreateNodePool":           "container.clusters.update",
	"DeleteCluster":            "container.clusters.delete",
	"DeleteNodePool":           "container.clusters.update",
	"FetchClusterUpgradeInfo":  "container.clusters.get",
	"FetchNodePoolUpgradeInfo": "container.clusters.get",
	"GetCluster":               "container.clusters.get",
	"GetNodePool":              "container.clusters.get",
	"GetOperation":             "container.operations.get",
	"GetServerConfig":          "container.clusters.list",
	"ListClusters":             "container.clusters.list",
	"ListNodePools":            "container.clusters.get",
	"ListOperations":           "container.operations.list",
	"ListUsableSubnetworks":    "container.clusters.list",
	"SetLabels":                "container.clusters.update",
	"SetNodePoolAutoscaling":   "container.clusters.update",
	"SetNodePoolSize":          "container.clusters.update",
	"UpdateCluster":            "container.clusters.update",
	"UpdateMaster":             "container.clusters.update",
	"UpdateNodePool":           "container.clusters.update",
}

// operationObject shows an operation. Those of a zone have no location, but a zone.
func (s *Server) operationObject(op *opRecord, now time.Time) *operation {
	l := op.rec.location
	out := &operation{
		Name: op.ID, OperationType: op.kind, StartTime: stamp(op.Start),
		SelfLink:   s.link(s.inWords(path{location: l.name, operation: op.ID}), true),
		TargetLink: s.link(s.inWords(path{location: l.name, cluster: op.rec.name, pool: op.pool}), true),
		Status:     containerpb.Operation_RUNNING,
	}
	if l.name == s.region {
		out.Location = l.name
	} else {
		out.Zone = l.name
	}
	if op.Pending(now) {
		out.Status = containerpb.Operation_PENDING
	}
	if !op.Done {
		return out
	}
	out.Status, out.EndTime = containerpb.Operation_DONE, stamp(op.End)
	if op.Failure == "" {
		out.Progress = &containerpb.OperationProgress{Metrics: metrics(op.kind, op.rec)}
		return out
	}
	readFailure(op.Failure).show(out, op.pool)
	return out
}

// metrics is the progress that a creation shows when it is done.
func metrics(kind containerpb.Operation_Type, rec *clusterRecord) []*containerpb.OperationProgress_Metric {
	if kind != containerpb.Operation_CREATE_CLUSTER {
		return nil
	}
	done := func(name string, n int) []*containerpb.OperationProgress_Metric {
		value := func() *containerpb.OperationProgress_Metric_IntValue {
			return &containerpb.OperationProgress_Metric_IntValue{IntValue: int64(n)}
		}
		return []*containerpb.OperationProgress_Metric{{Name: name, Value: value()}, {Name: name + "_TOTAL", Value: value()}}
	}
	return append(done("CLUSTER_CONFIGURING", 8), done("CLUSTER_DEPLOYING", len(rec.pools))...)
}

// GetOperation reads one operation.
func (v *service) GetOperation(ctx context.Context, req *containerpb.GetOperationRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		op, e := s.operation(c, req.GetName())
		if e != nil {
			return nil, e
		}
		return s.operationObject(op, c.Now), nil
	})
}

// operation finds an operation of that name.
func (s *Server) operation(c *call, name string) (*opRecord, *apiError) {
	p, e := s.locate(c, name, "operations")
	if e != nil {
		return nil, e
	}
	if p.location == nil {
		return nil, noLocation(p.path.location)
	}
	if op, ok := p.location.operations[p.operation]; ok {
		return op, nil
	}
	return nil, notFound("Not found: %s.", s.inWords(p.path))
}

// ListOperations lists the operations of one location, or of all of them, those
// that are done included.
func (v *service) ListOperations(ctx context.Context, req *containerpb.ListOperationsRequest) (*containerpb.ListOperationsResponse, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ListOperationsResponse, *apiError) {
		p, e := s.locate(c, req.GetParent(), "")
		if e != nil {
			return nil, e
		}
		out := &containerpb.ListOperationsResponse{}
		for _, l := range s.reachable(p, &out.MissingZones) {
			for _, op := range slices.Concat(l.past, l.open) {
				out.Operations = append(out.Operations, s.operationObject(op, c.Now))
			}
		}
		return out, nil
	})
}

// CancelOperation cuts an upgrade of nodes short, the only kind that lets itself be
// canceled here.
func (v *service) CancelOperation(ctx context.Context, req *containerpb.CancelOperationRequest) (*emptypb.Empty, error) {
	return answer(ctx, v, func(s *Server, c *call) (*emptypb.Empty, *apiError) {
		op, e := s.operation(c, req.GetName())
		switch {
		case e != nil:
			return nil, e
		case op.Done:
			return nil, precondition("Operation %s has already finished.", op.ID)
		case op.kind != containerpb.Operation_UPGRADE_NODES:
			return nil, precondition("Operation %s of type %s cannot be cancelled.", op.ID, op.kind)
		}
		if _, err := op.rec.location.world.Apply(c.Now, core.CancelOperation{OperationID: op.ID, Why: "by the user"}, core.Outcome{}); err != nil {
			return nil, refused(err)
		}
		return &emptypb.Empty{}, nil
	})
}

// page returns the part of a list of n that a token and a size ask for.
func (s *Server) page(c *call, token string, size, largest, n int) (first, last int, next string, e *apiError) {
	switch {
	case size < 0 || size > largest:
		return 0, 0, "", invalid("The page size must be between 0 and %d, got %d.", largest, size)
	case size == 0:
		size = largest
	}
	if token != "" {
		at, err := strconv.Atoi(token)
		if err != nil || at <= 0 || at > n || token != strconv.Itoa(at) {
			return 0, 0, "", invalid("Invalid page token %q.", token)
		}
		first = at
	}
	last = min(first+size, n)
	if last < n {
		next = fmt.Sprint(last)
	}
	return first, last, c.NextToken(token, next), nil
}
