// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
)

// stubHandler answers with what its functions say.
type stubHandler struct {
	pmks.ClusterHandler
	get    func() (pmks.ClusterInfo, error)
	delete func() (bool, error)
}

func (s stubHandler) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) { return s.get() }
func (s stubHandler) DeleteCluster(context.Context, pmks.IID) (bool, error)          { return s.delete() }

// TestTeardown_NotFoundAmongOthers: only an error that says nothing else means that
// a cluster is gone.
func TestTeardown_NotFoundAmongOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iid := pmks.IID{NameId: "c", SystemId: "c-1"}
		mixed := errors.Join(
			&pmks.Error{Code: pmks.CodePermissionDenied, Message: "not allowed to delete the cluster"},
			&pmks.Error{Code: pmks.CodeNotFound, NodeGroup: pmks.IID{NameId: "g"}, Message: "a node group vanished"})
		h := stubHandler{
			get:    func() (pmks.ClusterInfo, error) { return pmks.ClusterInfo{IId: iid, Status: pmks.ClusterActive}, nil },
			delete: func() (bool, error) { return false, mixed },
		}
		if err := pmks.Teardown(t.Context(), h, iid); err == nil {
			t.Error("Teardown reports success; the deletion was refused and the cluster is Active")
		}
		h.get = func() (pmks.ClusterInfo, error) { return pmks.ClusterInfo{}, mixed }
		if err := pmks.WaitClusterDeleted(t.Context(), h, iid); err == nil {
			t.Error("WaitClusterDeleted reports success on a read that was not allowed")
		}
		// The cause of another failure says nothing of the cluster.
		wrapped := &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "the role is gone", Err: &pmks.Error{Code: pmks.CodeNotFound}}
		h.get = func() (pmks.ClusterInfo, error) { return pmks.ClusterInfo{}, wrapped }
		if err := pmks.WaitClusterDeleted(t.Context(), h, iid); err == nil {
			t.Error("WaitClusterDeleted reports success without usable credentials")
		}
	})
}

func threeRetries() backoff.BackOff {
	return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3)
}

// TestWithBackOff_StopBeatsRetryAfter: what a cloud asks for does not prolong a
// schedule that has ended.
func TestWithBackOff_StopBeatsRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iid, n := pmks.IID{NameId: "c", SystemId: "c-1"}, 0
		h := stubHandler{
			delete: func() (bool, error) {
				n++
				return false, &pmks.Error{Code: pmks.CodeBusy, RetryAfter: 15 * time.Second}
			},
			get: func() (pmks.ClusterInfo, error) {
				n++
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeNotFound, RetryAfter: 15 * time.Second}
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		err := pmks.Teardown(ctx, h, iid, pmks.WithBackOff(threeRetries))
		if n != 4 {
			t.Errorf("Teardown with a schedule of 3 retries made %d calls: %v", n, err)
		}
		n = 0
		_, err = pmks.WaitClusterActive(ctx, h, iid, pmks.WithGrace(12*time.Hour), pmks.WithBackOff(threeRetries))
		if n != 4 {
			t.Errorf("WaitClusterActive with a schedule of 3 retries made %d checks: %v", n, err)
		}
	})
}

// TestWithMaxWait_BusyTarget: the bound holds for a job that waits for a busy target.
func TestWithMaxWait_BusyTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iid := pmks.IID{NameId: "c", SystemId: "c-1"}
		h := stubHandler{delete: func() (bool, error) {
			return false, &pmks.Error{Code: pmks.CodeBusy, Message: "an update is stuck"}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 30*24*time.Hour)
		defer cancel()
		start := time.Now()
		err := pmks.Teardown(ctx, h, iid, pmks.WithMaxWait(time.Hour))
		if d := time.Since(start); d > time.Hour {
			t.Errorf("WithMaxWait(1h) waited %v, and only the context ended it: %v", d, err)
		}
	})
}

// TestAnnotate_MayHaveHappened: it is kept wherever in the tree it is.
func TestAnnotate_MayHaveHappened(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("creating: %w", errors.Join(
		&pmks.Error{Code: pmks.CodeThrottled},
		&pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true}))
	got := pmks.Annotate(err, pmks.Error{Op: "CreateCluster"})
	var e *pmks.Error
	if !errors.As(got, &e) || !e.MayHaveHappened || pmks.Retryable(got) {
		t.Errorf("MayHaveHappened is lost; Retryable was %v and is %v", pmks.Retryable(err), pmks.Retryable(got))
	}
}

// "Error returns one line": what a vendor says must not begin a line of a log.
func TestError_OneLine(t *testing.T) {
	t.Parallel()
	for _, e := range []*pmks.Error{
		{Code: pmks.CodeInternal, Message: "failed\nlevel=INFO msg=\"cluster deleted\""},
		{Code: pmks.CodeUnknown, Err: errors.Join(errors.New("a"), errors.New("b"))},
	} {
		if text := e.Error(); strings.ContainsAny(text, "\r\n") {
			t.Errorf("%q", text)
		}
	}
}
