// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// look is a handler whose looks show the same timeline: the cheap one as a State,
// the other whole. Functions that are set answer in their place.
type looks struct {
	reader
	state     func(ctx context.Context, cluster, group pmks.IID) (pmks.State, error)
	whole     func(ctx context.Context, n int) (pmks.ClusterInfo, error)
	operation func(cluster, group pmks.IID) (pmks.Operation, error)

	states, wholes, operations int
	asked                      []string // the targets of the cheap looks
}

func (l *looks) ReadState(ctx context.Context, cluster, group pmks.IID) (pmks.State, error) {
	l.states++
	l.asked = append(l.asked, cluster.String()+"/"+group.String())
	n, at := l.count()
	if l.state != nil {
		return l.state(ctx, cluster, group)
	}
	info, err := l.read(n, at)
	if err != nil {
		return pmks.State{}, err
	}
	if group.IsZero() {
		return pmks.State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
			Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}, nil
	}
	g, ok := info.NodeGroup(group)
	if !ok {
		return pmks.State{}, failure(pmks.CodeNotFound)
	}
	return pmks.State{Cluster: info.IId, NodeGroup: g.IId, Status: pmks.ClusterStatus(g.Status), StatusReason: g.StatusReason, StatusFinal: g.StatusFinal,
		Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)}, nil
}

func (l *looks) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	l.wholes++
	if l.whole != nil {
		return l.whole(ctx, l.wholes)
	}
	return l.reader.GetCluster(ctx, iid)
}

func (l *looks) LastOperation(_ context.Context, cluster, group pmks.IID) (pmks.Operation, error) {
	l.operations++
	if l.operation == nil {
		return pmks.Operation{}, failure(pmks.CodeNotFound)
	}
	return l.operation(cluster, group)
}

var _ interface {
	pmks.StateReader
	pmks.OperationReader
} = (*looks)(nil)

// TestWaits_cheapLook: the waits poll with the cheap look and read the whole once,
// at the end, so that they end with the same result.
func TestWaits_cheapLook(t *testing.T) {
	t.Parallel()
	gone := failure(pmks.CodeNotFound)
	withGroup := func(g pmks.NodeGroupInfo) pmks.ClusterInfo { return cluster(pmks.ClusterActive, g) }
	for _, tt := range []struct {
		waiter        string
		before, after phase
		code          pmks.Code
		more          int // whole reads beside the last one
	}{
		{"ClusterActive", phase{info: cluster(pmks.ClusterCreating)}, phase{info: cluster(pmks.ClusterActive)}, pmks.CodeOK, 0},
		{"ClusterActive", phase{info: cluster(pmks.ClusterCreating)}, phase{info: inactive(true, "no quota")}, pmks.CodeFailedPrecondition, 0},
		{"ClusterActive", phase{info: inactive(false, "recovering")}, phase{info: cluster(pmks.ClusterActive)}, pmks.CodeOK, 0},
		{"ClusterDeleted", phase{info: cluster(pmks.ClusterDeleting)}, phase{err: gone}, pmks.CodeOK, 0},
		{"ClusterVersion", phase{info: cluster(pmks.ClusterUpdating)}, phase{info: at(cluster(pmks.ClusterActive), "1.34")}, pmks.CodeOK, 0},
		{"NodeGroupActive", phase{info: withGroup(group(pmks.NodeGroupCreating, 0))}, phase{info: withGroup(group(pmks.NodeGroupActive, 1))}, pmks.CodeOK, 0},
		{"NodeGroupDeleted", phase{info: withGroup(group(pmks.NodeGroupDeleting, 1))}, phase{info: cluster(pmks.ClusterActive)}, pmks.CodeOK, 0},
		{"NodeCount", phase{info: withGroup(group(pmks.NodeGroupUpdating, 1))}, phase{info: withGroup(group(pmks.NodeGroupActive, 3))}, pmks.CodeOK, 0},
		{"NodeCount", phase{info: withGroup(group(pmks.NodeGroupActive, 1))}, phase{info: withGroup(group(pmks.NodeGroupActive, 3))}, pmks.CodeOK, 0},
		{"Cluster", phase{info: cluster(pmks.ClusterUpdating)}, phase{info: at(cluster(pmks.ClusterActive), "1.34")}, pmks.CodeOK, 6}, // the condition needs the whole each time
	} {
		t.Run(tt.waiter+"-"+tt.code.String()+"-"+string(tt.before.info.Status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.before.until, tt.after.until = time.Minute, forever
				l := &looks{reader: reader{read: timeline(tt.before, tt.after)}}
				err := waiters[tt.waiter](t.Context(), l, pmks.WithInterval(tick))
				if got := pmks.CodeOf(err); got != tt.code {
					t.Errorf("got %v, %v", got, err)
				}
				want := 7
				if tt.more > 0 {
					want = 0
				}
				if l.states != want || l.wholes != 1+tt.more {
					t.Errorf("%d cheap looks and %d whole ones, want %d and %d", l.states, l.wholes, want, 1+tt.more)
				}
			})
		})
	}
}

// TestWaits_fallback: a handler that has no cheap look after all is not asked again,
// one inside a Client not at all.
func TestWaits_fallback(t *testing.T) {
	t.Parallel()
	read := timeline(phase{time.Minute, cluster(pmks.ClusterCreating), nil}, phase{forever, cluster(pmks.ClusterActive), nil})
	for _, code := range []pmks.Code{pmks.CodeUnsupported, pmks.CodePermissionDenied} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &looks{reader: reader{read: read}, state: func(context.Context, pmks.IID, pmks.IID) (pmks.State, error) {
					return pmks.State{}, failure(code)
				}}
				info, err := pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithInterval(tick))
				if err != nil || info.Status != pmks.ClusterActive || l.states != 1 || l.wholes != 7 {
					t.Errorf("%d cheap looks, %d whole ones: %v, %v", l.states, l.wholes, info.Status, err)
				}
			})
		})
	}
	t.Run("client", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var ops []string
			client := pmks.New(&reader{read: read}, pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) { ops = append(ops, e.Op) })))
			if _, err := pmks.WaitClusterActive(t.Context(), client, clusterIID, pmks.WithInterval(tick)); err != nil {
				t.Fatal(err)
			}
			if d := diff([]string{"GetCluster", "Wait"}, slices.Compact(ops)); d != "" {
				t.Errorf("calls:%s", d)
			}
		})
	})
}

// TestWaits_wholeDecides: what the cheap look shows ends a wait only when the whole
// cluster shows it too; a failing whole read is a failed read.
func TestWaits_wholeDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &looks{reader: reader{read: timeline(phase{forever, cluster(pmks.ClusterActive), nil})},
			whole: func(_ context.Context, n int) (pmks.ClusterInfo, error) {
				switch {
				case n <= 2:
					return cluster(pmks.ClusterCreating), nil
				case n <= 4:
					return pmks.ClusterInfo{}, failure(pmks.CodeUnavailable)
				}
				return cluster(pmks.ClusterActive), nil
			}}
		var shown []string
		info, err := pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithInterval(tick), pmks.WithProgress(func(p pmks.Progress) {
			shown = append(shown, p.Status+p.Reason)
		}))
		if err != nil || info.Status != pmks.ClusterActive || l.wholes != 5 {
			t.Errorf("after %d whole reads: %v, %v", l.wholes, info.Status, err)
		}
		unavailable := "pmks: Unavailable: scripted"
		if d := diff([]string{"Creating", "Creating", unavailable, unavailable, "Active"}, shown); d != "" {
			t.Errorf("progress:%s", d)
		}
	})
}

// TestWaits_hang: a read that is never answered costs its own bound, not the wait.
func TestWaits_hang(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return &pmks.Error{Code: pmks.CodeTimeout, Err: ctx.Err()}
	}
	for name, l := range map[string]func() *looks{
		"cheap": func() *looks {
			first := true
			l := &looks{reader: reader{read: timeline(phase{forever, cluster(pmks.ClusterActive), nil})}}
			l.state = func(ctx context.Context, _, _ pmks.IID) (pmks.State, error) {
				if first {
					first = false
					return pmks.State{}, hang(ctx)
				}
				return pmks.State{Cluster: clusterIID, Status: pmks.ClusterActive}, nil
			}
			return l
		},
		"whole": func() *looks {
			return &looks{reader: reader{read: timeline(phase{forever, cluster(pmks.ClusterActive), nil})},
				whole: func(ctx context.Context, n int) (pmks.ClusterInfo, error) {
					if n == 1 {
						return pmks.ClusterInfo{}, hang(ctx)
					}
					return cluster(pmks.ClusterActive), nil
				}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, bound := range []time.Duration{time.Minute, 5 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					options := []pmks.WaitOption{pmks.WithInterval(tick)}
					if bound != time.Minute {
						options = append(options, pmks.WithReadTimeout(bound))
					}
					var reasons []string
					options = append(options, pmks.WithProgress(func(p pmks.Progress) { reasons = append(reasons, p.Reason) }))
					start := time.Now()
					_, err := pmks.WaitClusterActive(t.Context(), l(), clusterIID, options...)
					if err != nil || time.Since(start) != bound+tick {
						t.Errorf("after %v: %v", time.Since(start), err)
					}
					if len(reasons) != 2 || !strings.Contains(reasons[0], "not answered within "+bound.String()) {
						t.Errorf("progress %q", reasons)
					}
				})
			}
		})
	}
	t.Run("for-ever", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := &looks{whole: func(ctx context.Context, _ int) (pmks.ClusterInfo, error) { return pmks.ClusterInfo{}, hang(ctx) }}
			l.state = func(ctx context.Context, _, _ pmks.IID) (pmks.State, error) { return pmks.State{}, hang(ctx) }
			_, err := pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithReadErrors(2))
			if !errors.Is(err, pmks.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pmks.ErrTimeout) {
				t.Errorf("got %v: no context of the caller ended", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			start := time.Now()
			_, err = pmks.WaitClusterActive(ctx, l, clusterIID, pmks.WithReadTimeout(0))
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Second {
				t.Errorf("without a bound, after %v: %v", time.Since(start), err)
			}
		})
	})
}

// TestWaits_contextErrorsOfOthers: a handler that speaks of ended contexts while the
// caller's lives has failed in passing.
func TestWaits_contextErrorsOfOthers(t *testing.T) {
	t.Parallel()
	for _, end := range []error{context.DeadlineExceeded, context.Canceled, &pmks.Error{Code: pmks.CodeCanceled, Err: context.Canceled}} {
		synctest.Test(t, func(t *testing.T) {
			l := &looks{reader: reader{read: timeline(phase{3 * tick, pmks.ClusterInfo{}, end}, phase{forever, cluster(pmks.ClusterActive), nil})}}
			if _, err := pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithInterval(tick)); err != nil {
				t.Errorf("%v: the wait ended with %v", end, err)
			}
			l = &looks{reader: reader{read: timeline(phase{forever, pmks.ClusterInfo{}, end})}}
			_, err := pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithInterval(tick))
			if !errors.Is(err, pmks.ErrUnavailable) || errors.Is(err, end) {
				t.Errorf("a run of %v ended the wait with %v", end, err)
			}
		})
	}
}

// TestWaits_identity: a wait by name is about what it found first, not about what
// gets the name later, and asks for it by id.
func TestWaits_identity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &looks{reader: reader{read: timeline(phase{time.Minute, cluster(pmks.ClusterActive, group(pmks.NodeGroupDeleting, 1)), nil},
			phase{forever, cluster(pmks.ClusterActive, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "g1", SystemId: "ng-2"}, Status: pmks.NodeGroupCreating}), nil})}}
		err := pmks.WaitNodeGroupDeleted(t.Context(), l, pmks.IID{NameId: "c1"}, pmks.IID{NameId: "g1"}, pmks.WithInterval(tick))
		if err != nil {
			t.Errorf("another of that name was made: %v", err)
		}
		if d := diff([]string{"c1/g1", "c1:id-1/g1:ng-1"}, slices.Compact(l.asked)); d != "" {
			t.Errorf("looked for%s", d)
		}
	})
}

// TestWaitNodeCount_unread: a list of nodes that could not be read is unknown, not
// zero nodes.
func TestWaitNodeCount_unread(t *testing.T) {
	t.Parallel()
	unread := func(code pmks.Code) pmks.ClusterInfo {
		g := group(pmks.NodeGroupActive, 0)
		g.KeyValueList = pmks.AddUnread(nil, "Nodes", failure(code))
		return cluster(pmks.ClusterActive, g)
	}
	unknown := func(context.Context, pmks.IID, pmks.IID) (pmks.State, error) {
		return pmks.State{Cluster: clusterIID, NodeGroup: groupIID, Status: pmks.ClusterActive, DesiredNodeSize: 0, NodeCount: -1}, nil
	}
	for _, tt := range []struct {
		name  string
		whole pmks.ClusterInfo
		then  pmks.ClusterInfo // from the third look on
		code  pmks.Code
		after time.Duration
	}{
		{"never", unread(pmks.CodePermissionDenied), unread(pmks.CodePermissionDenied), pmks.CodePermissionDenied, 0},
		{"later", unread(pmks.CodeThrottled), cluster(pmks.ClusterActive, group(pmks.NodeGroupActive, 0)), pmks.CodeOK, 2 * tick},
		{"for-long", unread(pmks.CodeThrottled), unread(pmks.CodeUnavailable), pmks.CodeUnavailable, 10 * tick},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &looks{state: unknown, whole: func(_ context.Context, n int) (pmks.ClusterInfo, error) {
					if n > 2 {
						return tt.then, nil
					}
					return tt.whole, nil
				}}
				start := time.Now()
				_, err := pmks.WaitNodeCount(t.Context(), l, clusterIID, groupIID, 0, pmks.WithInterval(tick))
				if pmks.CodeOf(err) != tt.code || time.Since(start) != tt.after {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
	t.Run("counted-by-the-cheap-look", func(t *testing.T) {
		t.Parallel()
		l := &looks{whole: func(context.Context, int) (pmks.ClusterInfo, error) { return unread(pmks.CodePermissionDenied), nil }}
		l.state = func(context.Context, pmks.IID, pmks.IID) (pmks.State, error) {
			return pmks.State{Cluster: clusterIID, NodeGroup: groupIID, Status: pmks.ClusterActive, DesiredNodeSize: 2, NodeCount: 2}, nil
		}
		if _, err := pmks.WaitNodeCount(t.Context(), l, clusterIID, groupIID, 2); err != nil {
			t.Error(err)
		}
	})
}

// TestWaits_lastSeen: a wait that ends between whole reads still says what it saw.
func TestWaits_lastSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &looks{reader: reader{read: timeline(phase{forever, cluster(pmks.ClusterCreating, group(pmks.NodeGroupCreating, 0)), nil})}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		info, err := pmks.WaitClusterActive(ctx, l, clusterIID)
		if !errors.Is(err, ctx.Err()) || !strings.Contains(err.Error(), "last seen Creating") || info.Status != pmks.ClusterCreating || info.IId != clusterIID {
			t.Errorf("got %+v, %v", info, err)
		}
		g, err := pmks.WaitNodeGroupActive(ctx, l, clusterIID, groupIID)
		if !errors.Is(err, ctx.Err()) {
			t.Errorf("got %+v, %v", g, err)
		}
		late, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		g, err = pmks.WaitNodeGroupActive(late, l, pmks.IID{NameId: "c1"}, pmks.IID{NameId: "g1"})
		if !errors.Is(err, late.Err()) || g.Status != pmks.NodeGroupCreating || g.IId != groupIID || !strings.Contains(err.Error(), "last seen Creating") {
			t.Errorf("got %+v, %v", g, err)
		}
		// The wait's own end leaves time to read the whole.
		info, err = pmks.WaitClusterActive(t.Context(), l, clusterIID, pmks.WithMaxWait(time.Minute))
		if !errors.Is(err, pmks.ErrTimeout) || len(info.NodeGroupList) != 1 || l.wholes != 1 {
			t.Errorf("got %+v after %d whole reads, %v", info, l.wholes, err)
		}
	})
}

// Without a handler there is nothing to wait for.
func TestWaits_noHandler(t *testing.T) {
	t.Parallel()
	if _, err := pmks.WaitClusterActive(t.Context(), nil, clusterIID); !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Errorf("got %v", err)
	}
}
