// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// refusedQuota is why an operation of these tests failed.
var refusedQuota = &pmks.Error{Code: pmks.CodeQuotaExceeded, ProviderCode: "VcpuLimitExceeded", Message: "you have 0 vCPUs left"}

// TestWaits_lastOperation: where something rests and the goal is not reached, the
// error of the last operation is in the result; not that of an operation which the
// wait is not about, and not while work goes on.
func TestWaits_lastOperation(t *testing.T) {
	t.Parallel()
	withGroup := func(g pmks.NodeGroupInfo) pmks.ClusterInfo { return cluster(pmks.ClusterActive, g) }
	old := inactive(true, "failed")
	old.CreatedTime = time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)
	const told, silent = true, false
	for _, tt := range []struct {
		name   string
		waiter string
		phases []phase
		// The operation begins and ends so long before (after, if negative) the wait.
		start, end time.Duration
		done       bool
		code       pmks.Code
		want       bool
	}{
		{"failed-for-good", "ClusterActive", []phase{{forever, inactive(true, "failed"), nil}}, time.Second, -time.Minute, true, pmks.CodeFailedPrecondition, told},
		{"group-failed-for-good", "NodeGroupActive", []phase{{forever, withGroup(failedGroup(true)), nil}}, time.Minute, time.Second, true, pmks.CodeFailedPrecondition, told},
		{"long-before-the-wait", "ClusterActive", []phase{{forever, inactive(true, "failed"), nil}}, 2 * time.Hour, time.Hour, true, pmks.CodeFailedPrecondition, silent},
		{"ended-during-the-wait", "ClusterActive", []phase{{forever, inactive(true, "failed"), nil}}, 2 * time.Hour, -time.Second, true, pmks.CodeFailedPrecondition, told},
		{"without-times-of-a-failed-one", "ClusterActive", []phase{{forever, inactive(true, "failed"), nil}}, 0, 0, true, pmks.CodeFailedPrecondition, told},
		{"without-times-at-rest", "ClusterVersion", []phase{{forever, cluster(pmks.ClusterActive), nil}}, 0, 0, true, pmks.CodeFailedPrecondition, silent},
		{"creation-long-ago", "ClusterActive", []phase{{forever, old, nil}}, 31*24*time.Hour - 10*time.Second, 30 * 24 * time.Hour, true, pmks.CodeFailedPrecondition, told},
		{"later-than-the-creation", "ClusterActive", []phase{{forever, old, nil}}, 30 * 24 * time.Hour, 29 * 24 * time.Hour, true, pmks.CodeFailedPrecondition, silent},
		{"still-running", "ClusterActive", []phase{{forever, inactive(true, "failed"), nil}}, time.Second, 0, false, pmks.CodeFailedPrecondition, silent},
		{"update-without-effect", "ClusterVersion", []phase{{time.Minute, cluster(pmks.ClusterUpdating), nil}, {forever, cluster(pmks.ClusterActive), nil}}, time.Second, -time.Minute, true, pmks.CodeFailedPrecondition, told},
		{"deletion-failed", "ClusterDeleted", []phase{{time.Minute, cluster(pmks.ClusterDeleting), nil}, {forever, cluster(pmks.ClusterActive), nil}}, time.Second, -time.Minute, true, pmks.CodeFailedPrecondition, told},
		{"removal-failed", "NodeGroupDeleted", []phase{{time.Minute, withGroup(group(pmks.NodeGroupDeleting, 1)), nil}, {forever, withGroup(failedGroup(true)), nil}}, time.Second, -time.Minute, true, pmks.CodeFailedPrecondition, told},
		{"rests-at-another-size", "NodeCount", []phase{{time.Minute, withGroup(group(pmks.NodeGroupUpdating, 1)), nil}, {forever, withGroup(group(pmks.NodeGroupActive, 1)), nil}}, time.Second, -time.Minute, true, pmks.CodeFailedPrecondition, told},
		{"rests-until-the-end", "ClusterActive", []phase{{forever, inactive(false, "degraded"), nil}}, time.Second, -time.Minute, true, pmks.CodeTimeout, told},
		{"works-until-the-end", "ClusterActive", []phase{{forever, cluster(pmks.ClusterUpdating), nil}}, time.Second, -time.Minute, true, pmks.CodeTimeout, silent},
		{"other-size-without-a-failure", "NodeCount", []phase{{forever, withGroup(group(pmks.NodeGroupActive, 1)), nil}}, 2 * time.Hour, time.Hour, true, pmks.CodeTimeout, silent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				op := pmks.Operation{ID: "op-1", Kind: "SCALE", Done: tt.done, Err: refusedQuota}
				if tt.start != 0 {
					op.Start = begin.Add(-tt.start)
				}
				if tt.end != 0 {
					op.End = begin.Add(-tt.end)
				}
				target := ""
				l := &looks{reader: reader{read: timeline(tt.phases...)}, operation: func(c, g pmks.IID) (pmks.Operation, error) {
					target = c.String() + "/" + g.String()
					return op, nil
				}}
				err := waiters[tt.waiter](t.Context(), l, pmks.WithInterval(tick), pmks.WithMaxWait(30*time.Minute))
				var e *pmks.Error
				if !errors.As(err, &e) || e.Code != tt.code {
					t.Fatalf("got %v, want %v", err, tt.code)
				}
				if got := errors.Is(err, pmks.ErrQuotaExceeded) && e.ProviderCode == "VcpuLimitExceeded" &&
					strings.Count(err.Error(), "its last operation (SCALE op-1) failed: you have 0 vCPUs left") == 1; got != tt.want {
					t.Errorf("told %t, want %t: %v", got, tt.want, err)
				}
				if !tt.want && errors.Is(err, pmks.ErrQuotaExceeded) {
					t.Errorf("blames an operation it is not about: %v", err)
				}
				if tt.code == pmks.CodeFailedPrecondition && l.operations != 1 {
					t.Errorf("asked %d times", l.operations)
				}
				if tt.code == pmks.CodeTimeout && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the timeout is lost: %v", err)
				}
				if want := "c1:id-1/"; l.operations > 0 && !strings.HasPrefix(target, want) || strings.HasPrefix(tt.waiter, "Node") && l.operations > 0 && target != want+"g1:ng-1" {
					t.Errorf("asked of %s", target)
				}
			})
		})
	}
}

// TestWaits_noRecord: what the cloud does not tell changes nothing.
func TestWaits_noRecord(t *testing.T) {
	t.Parallel()
	for _, answer := range []error{failure(pmks.CodeNotFound), failure(pmks.CodeUnsupported), failure(pmks.CodePermissionDenied), failure(pmks.CodeThrottled)} {
		synctest.Test(t, func(t *testing.T) {
			l := &looks{reader: reader{read: timeline(phase{forever, inactive(true, "failed"), nil})},
				operation: func(_, _ pmks.IID) (pmks.Operation, error) {
					return pmks.Operation{Done: true, Err: refusedQuota}, answer
				}}
			_, err := pmks.WaitClusterActive(t.Context(), l, clusterIID)
			_, bare := pmks.WaitClusterActive(t.Context(), &reader{read: l.read}, clusterIID)
			if err == nil || err.Error() != bare.Error() || l.operations != 1 {
				t.Errorf("asked %d times:\n got %v\nwant %v", l.operations, err, bare)
			}
		})
	}
}

// TestWaits_recordHangs: the record has the bound of a read.
func TestWaits_recordHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &hangingRecord{looks{reader: reader{read: timeline(phase{forever, inactive(true, "failed"), nil})}}}
		start := time.Now()
		if _, err := pmks.WaitClusterActive(t.Context(), l, clusterIID); !errors.Is(err, pmks.ErrFailedPrecondition) || time.Since(start) != time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

type hangingRecord struct{ looks }

func (*hangingRecord) LastOperation(ctx context.Context, _, _ pmks.IID) (pmks.Operation, error) {
	<-ctx.Done()
	return pmks.Operation{}, ctx.Err()
}

// TestWaitNodeCount_failsLater: a scaling that fails while the cloud shows the group
// Active all the time ends the wait too.
func TestWaitNodeCount_failsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &looks{reader: reader{read: timeline(phase{forever, cluster(pmks.ClusterActive, group(pmks.NodeGroupActive, 1)), nil})},
			operation: func(_, _ pmks.IID) (pmks.Operation, error) {
				if time.Since(begin) < 10*time.Minute {
					return pmks.Operation{Start: begin}, nil
				}
				return pmks.Operation{Start: begin, End: begin.Add(10 * time.Minute), Done: true, Err: refusedQuota}, nil
			}}
		_, err := pmks.WaitNodeCount(t.Context(), l, clusterIID, groupIID, 3, pmks.WithInterval(tick))
		if !errors.Is(err, pmks.ErrQuotaExceeded) || !strings.Contains(err.Error(), "rests at 1 nodes") || time.Since(begin) > 15*time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		if l.operations > 8 {
			t.Errorf("asked %d times in %v", l.operations, time.Since(begin))
		}
	})
}
