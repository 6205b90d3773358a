// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"

	"github.com/pmks-go/pmks"
)

// TestOperationError: an operation that is done has failed if it says so anywhere,
// and its codes never mean that the cluster is not there, or that a context ended.
func TestOperationError(t *testing.T) {
	t.Parallel()
	done := containerpb.Operation_DONE
	for _, test := range []struct {
		name string
		op   *containerpb.Operation
		want pmks.Code
		says string
	}{
		{"none", nil, pmks.CodeOK, ""},
		{"well", &containerpb.Operation{Status: done}, pmks.CodeOK, ""},
		{"running", &containerpb.Operation{Status: containerpb.Operation_RUNNING, StatusMessage: "so far"}, pmks.CodeOK, ""},
		{"aborting", &containerpb.Operation{Status: containerpb.Operation_ABORTING}, pmks.CodeOK, ""},
		{"code-alone", &containerpb.Operation{Status: done, OperationType: containerpb.Operation_SET_NODE_POOL_SIZE, Error: &rpcstatus.Status{Code: 8}}, pmks.CodeQuotaExceeded, "RESOURCE_EXHAUSTED"},
		{"message", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 13, Message: "it broke"}}, pmks.CodeInternal, "it broke"},
		{"status-message", &containerpb.Operation{Status: done, StatusMessage: "the older way"}, pmks.CodeFailedPrecondition, "the older way"},
		{"stock-out", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 8, Message: "no machines"},
			NodepoolConditions: []*containerpb.StatusCondition{{Code: containerpb.StatusCondition_GCE_STOCKOUT}}}, pmks.CodeUnavailable, "GCE_STOCKOUT"},
		{"stock-out-in-words", &containerpb.Operation{Status: done, StatusMessage: "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: try another"}, pmks.CodeUnavailable, "try another"},
		{"quota", &containerpb.Operation{Status: done, StatusMessage: "Insufficient regional quota to satisfy request: CPUS"}, pmks.CodeQuotaExceeded, "CPUS"},
		{"not-found", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 5, Message: "subnet gone"}}, pmks.CodeFailedPrecondition, "NOT_FOUND"},
		{"exists", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 6}}, pmks.CodeFailedPrecondition, "ALREADY_EXISTS"},
		{"cancelled", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 1, Message: "by a user"}}, pmks.CodeFailedPrecondition, "by a user"},
		{"unauthenticated", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 16}}, pmks.CodeFailedPrecondition, "UNAUTHENTICATED"},
		{"denied", &containerpb.Operation{Status: done, Error: &rpcstatus.Status{Code: 7, Message: "no"}}, pmks.CodePermissionDenied, "no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := operationError(test.op)
			if pmks.CodeOf(err) != test.want || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestNewest: the last operation is that of the target, by the time of its start and
// not by the order of the list, but for those that run beside others.
func TestNewest(t *testing.T) {
	t.Parallel()
	const link = "https://container.googleapis.com/v1/projects/1/zones/z/clusters/demo"
	op := func(name, target, start string, kind containerpb.Operation_Type) *containerpb.Operation {
		return &containerpb.Operation{Name: name, TargetLink: target, StartTime: start, OperationType: kind}
	}
	ops := []*containerpb.Operation{
		op("resize", link+"/nodePools/g", "2026-11-02T10:00:00.5Z", containerpb.Operation_SET_NODE_POOL_SIZE),
		op("earlier", link+"/nodePools/g", "2026-11-02T10:00:00Z", containerpb.Operation_UPDATE_CLUSTER),
		op("repair", link+"/nodePools/g", "2026-11-02T12:00:00Z", containerpb.Operation_AUTO_REPAIR_NODES),
		op("create", link, "2026-11-02T09:00:00Z", containerpb.Operation_CREATE_CLUSTER),
		op("labels", link, "2026-11-02T11:00:00Z", containerpb.Operation_SET_LABELS),
		op("namesake", strings.Replace(link, "/z/", "/y/", 1), "2026-11-02T13:00:00Z", containerpb.Operation_SET_LABELS),
		op("other", link+"-2", "2026-11-02T13:00:00Z", containerpb.Operation_SET_LABELS),
	}
	r := ref{project: "p", location: "z", name: "demo"}
	for pool, want := range map[string]string{"g": "resize", "": "labels", "of-the-first-hour": "create"} {
		if got := newest(r, ops, pool); got.GetName() != want {
			t.Errorf("%q: got %q, want %q", pool, got.GetName(), want)
		}
	}
	if got := newest(ref{project: "p", location: "x", name: "demo"}, ops, ""); got != nil {
		t.Errorf("elsewhere there is %s", got.GetName())
	}
}
