// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// waiters are the waits of the tables: a name and a call that gives only the error.
var waiters = map[string]func(context.Context, pmks.ClusterHandler, ...pmks.WaitOption) error{
	"ClusterActive": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitClusterActive(ctx, h, clusterIID, o...)
		return err
	},
	"ClusterDeleted": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		return pmks.WaitClusterDeleted(ctx, h, clusterIID, o...)
	},
	"ClusterVersion": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitClusterVersion(ctx, h, clusterIID, "1.34", o...)
		return err
	},
	"NodeGroupActive": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitNodeGroupActive(ctx, h, clusterIID, groupIID, o...)
		return err
	},
	"NodeGroupDeleted": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		return pmks.WaitNodeGroupDeleted(ctx, h, clusterIID, groupIID, o...)
	},
	"NodeCount": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitNodeCount(ctx, h, clusterIID, groupIID, 3, o...)
		return err
	},
	"Cluster": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitCluster(ctx, h, clusterIID, func(c pmks.ClusterInfo) (bool, error) { return c.Version == "1.34", nil }, o...)
		return err
	},
	"NodeGroup": func(ctx context.Context, h pmks.ClusterHandler, o ...pmks.WaitOption) error {
		_, err := pmks.WaitNodeGroup(ctx, h, clusterIID, groupIID, func(g pmks.NodeGroupInfo) (bool, error) { return g.Version == "1.34", nil }, o...)
		return err
	},
}

// at returns a cluster with another version.
func at(c pmks.ClusterInfo, version string) pmks.ClusterInfo {
	c.Version = version
	return c
}

// failedGroup is g1 failed, for good or not.
func failedGroup(final bool) pmks.NodeGroupInfo {
	g := group(pmks.NodeGroupInactive, 0)
	g.StatusFinal, g.StatusReason = final, "no capacity"
	return g
}

// Waits check every 10 s, so the times below are exact.
const tick = 10 * time.Second

func TestWaits(t *testing.T) {
	t.Parallel()
	active, creating, updating, deleting := cluster(pmks.ClusterActive), cluster(pmks.ClusterCreating), cluster(pmks.ClusterUpdating), cluster(pmks.ClusterDeleting)
	gone := failure(pmks.CodeNotFound)
	withGroup := func(g pmks.NodeGroupInfo) pmks.ClusterInfo { return cluster(pmks.ClusterActive, g) }
	tests := []struct {
		name   string
		waiter string
		phases []phase
		code   pmks.Code // CodeOK: the goal is reached
		after  time.Duration
		text   string
	}{
		{"at-once", "ClusterActive", []phase{{forever, active, nil}}, pmks.CodeOK, 0, ""},
		{"created", "ClusterActive", []phase{{time.Minute, creating, nil}, {forever, active, nil}}, pmks.CodeOK, time.Minute, ""},
		{"longer-than-fifteen-minutes", "ClusterActive", []phase{{40 * time.Minute, creating, nil}, {forever, active, nil}}, pmks.CodeOK, 40 * time.Minute, ""},
		{"not-visible-yet", "ClusterActive", []phase{{time.Minute, pmks.ClusterInfo{}, gone}, {90 * time.Second, creating, nil}, {forever, active, nil}}, pmks.CodeOK, 90 * time.Second, ""},
		{"does-not-exist", "ClusterActive", []phase{{forever, pmks.ClusterInfo{}, gone}}, pmks.CodeNotFound, 2 * time.Minute, "does not exist"},
		{"one-stale-read", "ClusterActive", []phase{{tick, creating, nil}, {3 * tick, pmks.ClusterInfo{}, gone}, {forever, active, nil}}, pmks.CodeOK, 3 * tick, ""},
		{"vanished", "ClusterActive", []phase{{time.Minute, creating, nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeNotFound, time.Minute + 2*tick, "vanished"},
		{"failed-for-good", "ClusterActive", []phase{{time.Minute, creating, nil}, {forever, inactive(true, "quota of vCPUs"), nil}}, pmks.CodeFailedPrecondition, time.Minute, "quota of vCPUs"},
		{"heals", "ClusterActive", []phase{{time.Minute, inactive(false, "degraded"), nil}, {forever, active, nil}}, pmks.CodeOK, time.Minute, ""},
		{"is-being-deleted", "ClusterActive", []phase{{forever, deleting, nil}}, pmks.CodeFailedPrecondition, 0, "being deleted"},
		{"permission-denied", "ClusterActive", []phase{{time.Minute, creating, nil}, {forever, pmks.ClusterInfo{}, failure(pmks.CodePermissionDenied)}}, pmks.CodePermissionDenied, time.Minute, "last seen Creating"},
		{"invalid", "ClusterActive", []phase{{forever, pmks.ClusterInfo{}, failure(pmks.CodeInvalidArgument)}}, pmks.CodeInvalidArgument, 0, ""},
		{"ten-bad-reads", "ClusterActive", []phase{{10 * tick, pmks.ClusterInfo{}, failure(pmks.CodeUnavailable)}, {forever, active, nil}}, pmks.CodeOK, 10 * tick, ""},
		{"eleven-bad-reads", "ClusterActive", []phase{{forever, pmks.ClusterInfo{}, failure(pmks.CodeThrottled)}}, pmks.CodeThrottled, 10 * tick, "11 checks"},
		{"bad-reads-with-good-ones-between", "ClusterActive", []phase{
			{9 * tick, pmks.ClusterInfo{}, failure(pmks.CodeTimeout)}, {10 * tick, creating, nil},
			{19 * tick, pmks.ClusterInfo{}, failure(pmks.CodeInternal)}, {20 * tick, pmks.ClusterInfo{}, nil},
			{29 * tick, pmks.ClusterInfo{}, failure(pmks.CodeUnknown)}, {forever, active, nil},
		}, pmks.CodeOK, 29 * tick, ""},

		{"deleted", "ClusterDeleted", []phase{{20 * time.Minute, deleting, nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, 20 * time.Minute, ""},
		{"deleted-already", "ClusterDeleted", []phase{{forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, 0, ""},
		{"deletion-not-visible-yet", "ClusterDeleted", []phase{{time.Minute, active, nil}, {3 * time.Minute, deleting, nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, 3 * time.Minute, ""},
		{"deletion-of-a-failed-cluster-not-visible-yet", "ClusterDeleted", []phase{{time.Minute, inactive(true, "never came up"), nil}, {3 * time.Minute, deleting, nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, 3 * time.Minute, ""},
		{"deletion-never-asked", "ClusterDeleted", []phase{{forever, active, nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, "call DeleteCluster first"},
		{"deletion-failed", "ClusterDeleted", []phase{{time.Minute, deleting, nil}, {forever, inactive(true, "eni-1 is in use"), nil}}, pmks.CodeFailedPrecondition, time.Minute, "eni-1 is in use"},
		{"deletion-failed-before-it-was-seen", "ClusterDeleted", []phase{{forever, inactive(true, "eni-1 is in use"), nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, "eni-1 is in use"},
		{"deletion-ended-active", "ClusterDeleted", []phase{{time.Minute, deleting, nil}, {forever, active, nil}}, pmks.CodeFailedPrecondition, time.Minute + 2*tick, "it is Active again"},
		{"deletion-with-a-stale-read", "ClusterDeleted", []phase{{time.Minute, deleting, nil}, {time.Minute + 2*tick, active, nil}, {2 * time.Minute, deleting, nil}, {2*time.Minute + 2*tick, active, nil}, {3 * time.Minute, deleting, nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, 3 * time.Minute, ""},

		{"version-there", "ClusterVersion", []phase{{forever, at(active, "1.34.2"), nil}}, pmks.CodeOK, 0, ""},
		{"version-while-updating", "ClusterVersion", []phase{{time.Minute, at(updating, "1.34"), nil}, {forever, at(active, "1.34"), nil}}, pmks.CodeOK, time.Minute, ""},
		{"version-later", "ClusterVersion", []phase{{tick, active, nil}, {20 * time.Minute, updating, nil}, {forever, at(active, "1.34"), nil}}, pmks.CodeOK, 20 * time.Minute, ""},
		{"version-while-groups-move", "ClusterVersion", []phase{{forever, at(withGroup(group(pmks.NodeGroupUpdating, 1)), "1.34"), nil}}, pmks.CodeOK, 0, ""},
		{"version-update-failed", "ClusterVersion", []phase{{tick, active, nil}, {5 * time.Minute, updating, nil}, {forever, active, nil}}, pmks.CodeFailedPrecondition, 5*time.Minute + 2*tick, "the goal is not reached"},
		{"version-stale-at-the-end", "ClusterVersion", []phase{{5 * time.Minute, updating, nil}, {5*time.Minute + 2*tick, active, nil}, {forever, at(active, "1.34"), nil}}, pmks.CodeOK, 5*time.Minute + 2*tick, ""},
		{"version-never-asked", "ClusterVersion", []phase{{forever, active, nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, "the goal is not reached"},
		{"version-failed-for-good", "ClusterVersion", []phase{{tick, updating, nil}, {forever, inactive(true, "control plane lost"), nil}}, pmks.CodeFailedPrecondition, tick, "control plane lost"},
		{"version-not-by-prefix", "ClusterVersion", []phase{{forever, at(active, "1.3"), nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, ""},
		{"version-unreadable", "ClusterVersion", []phase{{forever, at(active, "-"), nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, ""},

		{"group-later", "NodeGroupActive", []phase{{tick, active, nil}, {time.Minute, withGroup(group(pmks.NodeGroupCreating, 0)), nil}, {forever, withGroup(group(pmks.NodeGroupActive, 2)), nil}}, pmks.CodeOK, time.Minute, ""},
		{"group-does-not-exist", "NodeGroupActive", []phase{{forever, active, nil}}, pmks.CodeNotFound, 2 * time.Minute, "the node group does not exist"},
		{"group-without-cluster", "NodeGroupActive", []phase{{forever, pmks.ClusterInfo{}, gone}}, pmks.CodeNotFound, 2 * time.Minute, "the cluster does not exist"},
		{"group-vanished", "NodeGroupActive", []phase{{tick, withGroup(group(pmks.NodeGroupCreating, 0)), nil}, {forever, active, nil}}, pmks.CodeNotFound, 3 * tick, "vanished"},
		{"group-failed", "NodeGroupActive", []phase{{forever, withGroup(failedGroup(true)), nil}}, pmks.CodeFailedPrecondition, 0, "no capacity"},
		{"group-heals", "NodeGroupActive", []phase{{time.Minute, withGroup(failedGroup(false)), nil}, {forever, withGroup(group(pmks.NodeGroupActive, 1)), nil}}, pmks.CodeOK, time.Minute, ""},
		{"group-deleted", "NodeGroupDeleted", []phase{{time.Minute, withGroup(group(pmks.NodeGroupDeleting, 1)), nil}, {forever, active, nil}}, pmks.CodeOK, time.Minute, ""},
		{"group-deleted-with-cluster", "NodeGroupDeleted", []phase{{time.Minute, withGroup(group(pmks.NodeGroupDeleting, 1)), nil}, {forever, pmks.ClusterInfo{}, gone}}, pmks.CodeOK, time.Minute, ""},
		{"group-deletion-failed", "NodeGroupDeleted", []phase{{time.Minute, withGroup(group(pmks.NodeGroupDeleting, 1)), nil}, {forever, withGroup(failedGroup(true)), nil}}, pmks.CodeFailedPrecondition, time.Minute, "no capacity"},
		{"group-deletion-never-asked", "NodeGroupDeleted", []phase{{forever, withGroup(group(pmks.NodeGroupActive, 1)), nil}}, pmks.CodeFailedPrecondition, 2 * time.Minute, "call RemoveNodeGroup first"},

		{"nodes", "NodeCount", []phase{{tick, withGroup(group(pmks.NodeGroupActive, 1)), nil}, {2 * tick, withGroup(group(pmks.NodeGroupUpdating, 3)), nil}, {forever, withGroup(group(pmks.NodeGroupActive, 3)), nil}}, pmks.CodeOK, 2 * tick, ""},
		{"nodes-of-a-failed-group", "NodeCount", []phase{{forever, withGroup(failedGroup(true)), nil}}, pmks.CodeFailedPrecondition, 0, "no capacity"},
		{"nodes-of-a-vanished-group", "NodeCount", []phase{{tick, withGroup(group(pmks.NodeGroupActive, 1)), nil}, {forever, active, nil}}, pmks.CodeNotFound, 3 * tick, "vanished"},

		{"condition", "Cluster", []phase{{time.Hour, creating, nil}, {forever, at(active, "1.34"), nil}}, pmks.CodeOK, time.Hour, ""},
		{"condition-on-nothing", "Cluster", []phase{{forever, pmks.ClusterInfo{}, gone}}, pmks.CodeNotFound, 2 * time.Minute, "does not exist"},
		{"group-condition-on-nothing", "NodeGroup", []phase{{forever, active, nil}}, pmks.CodeNotFound, 2 * time.Minute, "the node group does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, start := &reader{read: timeline(tt.phases...)}, time.Now()
				err := waiters[tt.waiter](t.Context(), h, pmks.WithInterval(tick))
				if got := pmks.CodeOf(err); got != tt.code {
					t.Errorf("ended with %v: %v, want %v", got, err, tt.code)
				}
				if got := time.Since(start); got != tt.after {
					t.Errorf("ended after %v, want %v: %v", got, tt.after, err)
				}
				if want := int(tt.after/tick) + 1; len(h.times) != want {
					t.Errorf("%d reads, want %d", len(h.times), want)
				}
				if tt.code == pmks.CodeOK {
					return
				}
				var w *pmks.WaitError
				if !errors.As(err, &w) || w.Attempts != len(h.times) || w.Elapsed != tt.after {
					t.Errorf("not a WaitError, or of other numbers: %#v", err)
				}
				if !strings.Contains(err.Error(), tt.text) {
					t.Errorf("%q lacks %q", err, tt.text)
				}
			})
		})
	}
}

// The default schedule starts at 5 s, grows to 30 s, and does not end.
func TestWaits_DefaultSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &reader{read: timeline(phase{40 * time.Minute, cluster(pmks.ClusterCreating), nil}, phase{forever, cluster(pmks.ClusterActive), nil})}
		if _, err := pmks.WaitClusterActive(t.Context(), h, clusterIID); err != nil {
			t.Fatal(err)
		}
		for i, at := range h.times {
			var pause time.Duration
			if i > 0 {
				pause = at - h.times[i-1]
			}
			switch {
			case i == 1 && (pause < 4*time.Second || pause > 6*time.Second):
				t.Errorf("the first pause is %v", pause)
			case i > 1 && (pause < 4*time.Second || pause > 36*time.Second):
				t.Errorf("pause %d is %v", i, pause)
			case i > 12 && pause < 24*time.Second:
				t.Errorf("pause %d is still %v", i, pause)
			}
		}
	})
}

func TestWaits_RetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled := func(d time.Duration) phase {
			return phase{err: &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: d}}
		}
		h := &reader{read: sequence(throttled(90*time.Second), throttled(time.Second), phase{info: cluster(pmks.ClusterCreating)}, phase{info: cluster(pmks.ClusterActive)})}
		if _, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, pmks.WithInterval(tick)); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 90 * time.Second, 100 * time.Second, 110 * time.Second} // the longer of the two
		if d := diff(want, h.times); d != "" {
			t.Errorf("reads at%s", d)
		}
	})
}

func TestWithReadErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit int
		reads int
	}{{"none", 0, 1}, {"two", 2, 3}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &reader{read: timeline(phase{forever, pmks.ClusterInfo{}, failure(pmks.CodeUnavailable)})}
				_, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, pmks.WithReadErrors(tt.limit))
				if !errors.Is(err, pmks.ErrUnavailable) || len(h.times) != tt.reads {
					t.Errorf("%d reads, then %v", len(h.times), err)
				}
			})
		})
	}
}

func TestWithGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &reader{read: timeline(phase{forever, pmks.ClusterInfo{}, failure(pmks.CodeNotFound)})}
		start := time.Now()
		_, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, pmks.WithGrace(30*time.Second), pmks.WithInterval(tick))
		if !errors.Is(err, pmks.ErrNotFound) || time.Since(start) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		start = time.Now()
		if _, err = pmks.WaitClusterActive(t.Context(), h, clusterIID, pmks.WithGrace(0)); !errors.Is(err, pmks.ErrNotFound) || time.Since(start) != 0 {
			t.Errorf("without grace, after %v: %v", time.Since(start), err)
		}
	})
}

func TestWithMaxWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &reader{read: timeline(phase{forever, inactive(false, "nodes are not ready"), nil})}
		start := time.Now()
		_, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, pmks.WithMaxWait(25*time.Second), pmks.WithInterval(tick))
		if !errors.Is(err, pmks.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 25*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if !strings.Contains(err.Error(), "nodes are not ready") {
			t.Errorf("%q does not say what was seen last", err)
		}
		if t.Context().Err() != nil {
			t.Error("the caller's context ended")
		}
	})
}

// A policy with an end ends the wait, and each wait has one of its own.
func TestWithBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		made := 0
		option := pmks.WithBackOff(func() backoff.BackOff {
			made++
			return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2)
		})
		for i := range 2 {
			h := &reader{read: timeline(phase{forever, cluster(pmks.ClusterCreating), nil})}
			_, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, option)
			if !errors.Is(err, pmks.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) || len(h.times) != 3 || made != i+1 {
				t.Errorf("wait %d: %d reads, %d policies: %v", i, len(h.times), made, err)
			}
		}
	})
}

func TestWaits_Context(t *testing.T) {
	t.Parallel()
	for name, wait := range waiters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Nothing but the context ends these waits.
				shows := cluster(pmks.ClusterUpdating, group(pmks.NodeGroupUpdating, 1))
				if strings.HasSuffix(name, "Deleted") {
					shows = cluster(pmks.ClusterDeleting, group(pmks.NodeGroupDeleting, 1))
				}
				h := &reader{read: timeline(phase{forever, shows, nil})}
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				timer := time.AfterFunc(time.Hour+3*time.Second, cancel)
				defer timer.Stop()
				err := wait(ctx, h)
				if !errors.Is(err, context.Canceled) || !errors.Is(err, pmks.ErrCanceled) || time.Since(start) != time.Hour+3*time.Second {
					t.Errorf("canceled: after %v: %v", time.Since(start), err)
				}
				reads := len(h.times)
				if err := wait(ctx, h); !errors.Is(err, pmks.ErrCanceled) || len(h.times) != reads {
					t.Errorf("canceled before: %d reads, %v", len(h.times)-reads, err)
				}
				late, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				if err := wait(late, h); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) {
					t.Errorf("deadline: %v", err)
				}
			})
		})
	}
}

// A read that fails because the context ends, however the handler classifies
// that, does not hide why the wait ended; a verdict on a good read stays.
func TestWaits_ContextEndsDuringRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		info pmks.ClusterInfo
		err  error
		want error
	}{
		{"unavailable", pmks.ClusterInfo{}, failure(pmks.CodeUnavailable), context.Canceled},
		{"foreign", pmks.ClusterInfo{}, errors.New("net: connection closed"), context.Canceled},
		{"denied", pmks.ClusterInfo{}, failure(pmks.CodePermissionDenied), context.Canceled},
		{"still-creating", cluster(pmks.ClusterCreating), nil, context.Canceled},
		{"failed", inactive(true, "x"), nil, pmks.ErrFailedPrecondition},
		{"done", cluster(pmks.ClusterActive), nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			h := &reader{read: func(int, time.Duration) (pmks.ClusterInfo, error) {
				cancel()
				return tt.info, tt.err
			}}
			var progress []time.Duration
			_, err := pmks.WaitClusterActive(ctx, h, clusterIID, pmks.WithProgress(func(p pmks.Progress) { progress = append(progress, p.Next) }))
			if !errors.Is(err, tt.want) || len(h.times) != 1 {
				t.Errorf("after %d reads: %v, want %v", len(h.times), err, tt.want)
			}
			if d := diff([]time.Duration{0}, progress); d != "" {
				t.Errorf("the pauses reported:%s", d)
			}
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("%v does not keep the read's error", err)
			}
		})
	}
}

// What cannot be waited for is refused before any read.
func TestWaits_Refused(t *testing.T) {
	t.Parallel()
	h := &reader{read: timeline()}
	ctx, none, path := t.Context(), pmks.IID{}, pmks.IID{NameId: "a/../b"}
	value := func(_ any, err error) error { return err }
	tests := []struct {
		name, field string
		err         error
	}{
		{"cluster", "clusterIID", value(pmks.WaitClusterActive(ctx, h, none))},
		{"cluster-path", "clusterIID.NameId", value(pmks.WaitClusterActive(ctx, h, path))},
		{"deleted", "clusterIID", pmks.WaitClusterDeleted(ctx, h, none)},
		{"version", "version", value(pmks.WaitClusterVersion(ctx, h, clusterIID, "newest"))},
		{"version-empty", "version", value(pmks.WaitClusterVersion(ctx, h, clusterIID, ""))},
		{"group", "nodeGroupIID", value(pmks.WaitNodeGroupActive(ctx, h, clusterIID, none))},
		{"group-cluster", "clusterIID", value(pmks.WaitNodeGroupActive(ctx, h, none, groupIID))},
		{"group-deleted", "nodeGroupIID", pmks.WaitNodeGroupDeleted(ctx, h, clusterIID, none)},
		{"count", "n", value(pmks.WaitNodeCount(ctx, h, clusterIID, groupIID, -1))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var w *pmks.WaitError
			var e *pmks.Error
			if !errors.As(tt.err, &w) || w.Attempts != 0 || !errors.As(tt.err, &e) || e.Code != bad || e.Field != tt.field {
				t.Errorf("got %v, want InvalidArgument of %s", tt.err, tt.field)
			}
		})
	}
}

func TestWithProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &reader{
			reporter: reporter{pmks.Capabilities{Provider: "p", Typical: pmks.Durations{CreateCluster: 9 * time.Minute, AddNodeGroup: 3 * time.Minute}}},
			read: sequence(phase{err: failure(pmks.CodeNotFound)}, phase{info: inactive(false, "recovering")},
				phase{err: &pmks.Error{Code: pmks.CodeThrottled, RetryAfter: time.Minute}},
				phase{info: cluster(pmks.ClusterActive, group(pmks.NodeGroupCreating, 0))}),
		}
		var got []pmks.Progress
		options := []pmks.WaitOption{pmks.WithInterval(tick), pmks.WithProgress(func(p pmks.Progress) { got = append(got, p) })}
		if _, err := pmks.WaitClusterActive(t.Context(), h, clusterIID, options...); err != nil {
			t.Fatal(err)
		}
		base := pmks.Progress{Goal: "cluster Active", Cluster: clusterIID, Typical: 9 * time.Minute}
		want := []pmks.Progress{base, base, base, base}
		want[0].Reason, want[0].Attempt, want[0].Next = "pmks: NotFound: scripted", 1, tick
		want[1].Status, want[1].Reason, want[1].Attempt, want[1].Elapsed, want[1].Next = "Inactive", "recovering", 2, tick, tick
		want[2].Reason, want[2].Attempt, want[2].Elapsed, want[2].Next = "pmks: Throttled [retry after 1m0s]", 3, 2*tick, time.Minute
		want[3].Status, want[3].Attempt, want[3].Elapsed = "Active", 4, 2*tick+time.Minute
		if d := diff(want, got); d != "" {
			t.Errorf("progress:%s", d)
		}

		// Of a node group, the words are the group's; the last report has no Next.
		got = nil
		h.read = sequence(phase{info: cluster(pmks.ClusterActive)}, phase{info: cluster(pmks.ClusterActive, failedGroup(true))})
		h.times = nil
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, clusterIID, groupIID, options...); err == nil {
			t.Fatal("a failed group is Active")
		}
		base = pmks.Progress{Goal: "node group Active", Cluster: clusterIID, NodeGroup: groupIID, Typical: 3 * time.Minute}
		want = []pmks.Progress{base, base}
		want[0].Attempt, want[0].Next = 1, tick
		want[1].Status, want[1].Reason, want[1].Attempt, want[1].Elapsed = "Inactive", "no capacity", 2, tick
		if d := diff(want, got); d != "" {
			t.Errorf("progress:%s", d)
		}
	})
}

func TestWaitError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		info := inactive(false, "nodes are not ready")
		info.AccessInfo.Kubeconfig = secretKubeconfig
		throttled := failure(pmks.CodeThrottled)
		h := &reader{reporter: reporter{pmks.Capabilities{Provider: "p"}}, read: sequence(phase{info: info}, phase{err: throttled})}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		last, err := pmks.WaitClusterActive(ctx, h, clusterIID, pmks.WithInterval(tick))
		var w *pmks.WaitError
		if !errors.As(err, &w) {
			t.Fatalf("got %T", err)
		}
		want := info
		want.AccessInfo.Kubeconfig = ""
		if d := diff(want, w.Last); d != "" {
			t.Errorf("Last:%s", d)
		}
		if d := diff(info, last); d != "" {
			t.Errorf("the result is not what was read last:%s", d)
		}
		if !errors.Is(w.LastReadErr, throttled) || w.Attempts != 2 || w.Elapsed != 15*time.Second || w.Goal != "cluster Active" || w.Cluster != clusterIID {
			t.Errorf("got %+v", w.Error())
		}
		for _, target := range []error{context.DeadlineExceeded, pmks.ErrTimeout, pmks.ErrThrottled} {
			if !errors.Is(err, target) {
				t.Errorf("errors.Is(%v) is false", target)
			}
		}
		text := `pmks: waiting for cluster Active of cluster "c1:id-1": gave up after 15s and 2 checks, last seen Inactive (nodes are not ready); last read: pmks: Throttled: scripted: pmks: p: Wait: cluster "c1:id-1": Timeout: context deadline exceeded`
		if err.Error() != text {
			t.Errorf("text\n got %s\nwant %s", err, text)
		}
	})
}

func TestWaitCluster_ConditionError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	h := &reader{read: timeline(phase{forever, cluster(pmks.ClusterActive), nil})}
	info, err := pmks.WaitCluster(t.Context(), h, clusterIID, func(pmks.ClusterInfo) (bool, error) { return false, boom })
	if !errors.Is(err, boom) || info.IId != clusterIID {
		t.Errorf("got %+v, %v", info.IId, err)
	}
}

// TestWait_nothing: what is nothing is refused, or left out, before anything is read.
func TestWait_nothing(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{IId: groupIID, DesiredNodeSize: 1}}}))
	ctx, iid := t.Context(), pmks.IID{NameId: "demo"}
	for name, test := range map[string]struct {
		field string
		call  func() error
	}{
		"WaitCluster":   {"cond", func() error { _, err := pmks.WaitCluster(ctx, h, iid, nil); return err }},
		"WaitNodeGroup": {"cond", func() error { _, err := pmks.WaitNodeGroup(ctx, h, iid, groupIID, nil); return err }},
		"Provision":     {"h", func() error { _, err := pmks.Provision(ctx, nil, demoRequest); return err }},
		"Upgrade":       {"h", func() error { _, err := pmks.Upgrade(ctx, nil, iid, "1.34"); return err }},
		"PlanUpgrade":   {"h", func() error { _, err := pmks.PlanUpgrade(ctx, nil, iid, "1.34"); return err }},
		"Teardown":      {"h", func() error { return pmks.Teardown(ctx, nil, iid) }},
	} {
		var e *pmks.Error
		if err := test.call(); !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != test.field {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := len(h.Calls()); n > 0 {
		t.Errorf("%d calls", n)
	}
	if _, err := pmks.WaitClusterActive(ctx, h, iid, nil, pmks.WithBackOff(nil), pmks.WithProgress(nil)); err != nil {
		t.Errorf("with options of nothing: %v", err)
	}
}

// TestWaitError_oneLine: no text of a vendor's, nor of a request, steers a terminal.
func TestWaitError_oneLine(t *testing.T) {
	t.Parallel()
	h := &reader{read: timeline(phase{forever, inactive(true, "no\r\ncapacity\x1b[2J"), nil})}
	_, err := pmks.WaitClusterActive(t.Context(), h, clusterIID)
	_, other := pmks.WaitClusterVersion(t.Context(), h, clusterIID, "1.33\x1b[2J")
	for _, text := range []string{err.Error(), other.Error()} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("got %q", text)
		}
	}
}

// TestWithInterval_none: a wait without an interval, or with a policy that is none, pauses
// as by default: it does not ask without end.
func TestWithInterval_none(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]pmks.WaitOption{
		"zero": pmks.WithInterval(0), "negative": pmks.WithInterval(-time.Second), "nil": pmks.WithBackOff(nil),
		"gives nil": pmks.WithBackOff(func() backoff.BackOff { return nil }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := fake.New(fake.WithClusters(fake.Cluster{Name: "demo"}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				looks := 0
				_, err := pmks.WaitCluster(ctx, h, pmks.IID{NameId: "demo"}, func(pmks.ClusterInfo) (bool, error) {
					if looks++; looks > 100 {
						cancel()
					}
					return false, nil
				}, opt)
				if !errors.Is(err, pmks.ErrTimeout) || looks < 4 || looks > 13 {
					t.Errorf("%d looks in a minute: %v", looks, err)
				}
			})
		})
	}
}
