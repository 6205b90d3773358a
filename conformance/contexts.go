// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
)

var contextChecks = []check{
	{"context/over-before-the-call", contextBefore},
	{"context/canceled-during-the-call", contextDuring},
	{"context/deadline-during-the-call", contextDeadline},
}

func contextBefore(t T, c *Cloud) {
	info := c.up(t, "over")
	g := first(t, info)
	optional := append(c.supported(t.Context(), c.optionalReads(), info.IId), c.accessCalls()...)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	for _, m := range append(allCalls(), optional...) {
		c.unchanged(t, m.op, func() {
			err := m.do(canceled, c, info.IId, g)
			want(t, m.op+" with a canceled context", err, pmks.CodeCanceled)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, pmks.ErrCanceled) {
				t.Errorf("%s: the context's own error is lost: %v", m.op, err)
			}
			err = m.do(late, c, info.IId, g)
			want(t, m.op+" after the deadline", err, pmks.CodeTimeout)
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) {
				t.Errorf("%s: the context's own error is lost: %v", m.op, err)
			}
			var e *pmks.Error
			if errors.As(err, &e) && e.MayHaveHappened {
				t.Errorf("%s: nothing was sent, and it may have happened", m.op)
			}
		})
	}
}

func contextDuring(t T, c *Cloud) {
	contextEnds(t, c, func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(c.Delay/10, cancel)
		return ctx, cancel
	}, pmks.CodeCanceled, context.Canceled)
}

func contextDeadline(t T, c *Cloud) {
	contextEnds(t, c, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, c.Delay/10)
	}, pmks.CodeTimeout, context.DeadlineExceeded)
}

// contextEnds delays every request and ends the context meanwhile. No call may
// outlive it by much.
func contextEnds(t T, c *Cloud, begin func(context.Context) (context.Context, context.CancelFunc), code pmks.Code, is error) {
	t.Helper()
	need(t, "Inject", c.Inject != nil)
	info := c.up(t, "during")
	g := first(t, info)
	optional := append(c.supported(t.Context(), c.optionalReads(), info.IId), c.accessCalls()...)
	for _, m := range append(optional, allCalls()...) {
		if m.op == "GenerateClusterToken" && c.OfflineTokens {
			continue // there is nothing to wait for
		}
		stop := c.inject("", "", Delay, -1)
		ctx, cancel := begin(t.Context())
		start := time.Now()
		err := m.do(ctx, c, info.IId, g)
		took := time.Since(start)
		cancel()
		stop()
		want(t, m.op, err, code)
		if !errors.Is(err, is) {
			t.Errorf("%s: the context's own error is lost: %v", m.op, err)
		}
		if took >= c.Delay {
			t.Errorf("%s returned %s after the context had ended", m.op, took-c.Delay/10)
		}
	}
	// The cloud still works, and no cluster came twice.
	if n := c.count(t, "created"); n > 1 {
		t.Errorf("%d clusters of one name", n)
	}
}

var concurrencyChecks = []check{
	{"concurrency/one-cluster-many-creators", manyCreators},
	{"concurrency/one-group-many-adders", manyAdders},
	{"concurrency/many-changes-of-one-group", manyChanges},
	{"concurrency/one-cluster-many-deleters", manyDeleters},
	{"concurrency/many-clusters", manyInParallel},
}

const callers = 8

// together runs f in many goroutines and returns their errors.
func together(f func(i int) error) []error {
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

// handlers gives each caller a handler of its own where the harness can.
func (c *Cloud) handlers() []pmks.ClusterHandler {
	list := make([]pmks.ClusterHandler, callers)
	for i := range list {
		list[i] = c.Handler
		if c.Reopen != nil && i%2 == 1 {
			list[i] = c.Reopen()
		}
	}
	return list
}

func oneWinner(t T, what string, errs []error, lose ...pmks.Code) {
	t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		want(t, what, err, lose...)
	}
	if winners != 1 {
		t.Errorf("%s: %d callers won, want 1: %v", what, winners, errs)
	}
}

func manyCreators(t T, c *Cloud) {
	handlers := c.handlers()
	req := c.createRequest(t, "race")
	errs := together(func(i int) error {
		_, err := handlers[i].CreateCluster(t.Context(), req)
		return err
	})
	oneWinner(t, "CreateCluster", errs, pmks.CodeAlreadyExists)
	if n := c.count(t, "race"); n != 1 {
		t.Errorf("%d clusters of one name", n)
	}
}

func manyAdders(t T, c *Cloud) {
	info := c.up(t, "adders")
	handlers := c.handlers()
	errs := together(func(i int) error {
		_, err := handlers[i].AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("race"))
		return err
	})
	oneWinner(t, "AddNodeGroup", errs, pmks.CodeAlreadyExists, pmks.CodeBusy)
	got := c.get(t, info.IId)
	if len(got.NodeGroupList) != 2 {
		t.Errorf("%d node groups, want 2", len(got.NodeGroupList))
	}
}

func manyChanges(t T, c *Cloud) {
	info := c.up(t, "changes")
	g := first(t, info)
	handlers := c.handlers()
	errs := together(func(i int) error {
		_, err := handlers[i].ChangeNodeGroupScaling(t.Context(), info.IId, g, 1+i%3, 1, 4+i)
		return err
	})
	winners := 0
	for i, err := range errs {
		if err == nil {
			winners++
		} else {
			want(t, fmt.Sprint("ChangeNodeGroupScaling ", i), err, pmks.CodeBusy)
		}
	}
	if winners == 0 {
		t.Errorf("nobody won: %v", errs)
	}
	got := c.groupActive(t, info.IId, g)
	if len(got.Nodes) != got.DesiredNodeSize {
		t.Errorf("%d nodes, want %d", len(got.Nodes), got.DesiredNodeSize)
	}
}

func manyInParallel(t T, c *Cloud) {
	handlers := c.handlers()
	errs := together(func(i int) error {
		info, err := pmks.Provision(t.Context(), handlers[i], c.ClusterRequest(fmt.Sprint("par", i)), c.Wait...)
		if err != nil {
			return err
		}
		return pmks.Teardown(t.Context(), handlers[i], info.IId, c.Wait...)
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("cluster %d: %v", i, err)
		}
	}
}

func manyDeleters(t T, c *Cloud) {
	info := c.up(t, "deleters")
	handlers := c.handlers()
	errs := together(func(i int) error {
		_, err := handlers[i].DeleteCluster(t.Context(), info.IId)
		return err
	})
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
		}
		want(t, "DeleteCluster", err, pmks.CodeOK, pmks.CodeBusy, pmks.CodeNotFound)
	}
	if winners == 0 {
		t.Errorf("nobody won: %v", errs)
	}
	if err := pmks.WaitClusterDeleted(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("WaitClusterDeleted: %v", err)
	}
}
