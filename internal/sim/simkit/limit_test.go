// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"fmt"
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	list := newLimits([]Bucket{
		{Level: "gate", Burst: 100, Every: time.Second},
		{Ops: []string{"List"}, Burst: 3, Every: time.Second},
		{Ops: []string{"Get"}, Per: "cluster", Burst: 2, Every: time.Second},
		{Ops: []string{"write"}, Per: "nodeGroup", Burst: 1, Every: time.Minute},
		{Ops: []string{"Own"}, Per: "owner", Burst: 1, Every: time.Minute},
		{Service: "a", Per: "op", Burst: 1, Every: time.Hour},
	})
	call := func(service, op, class, cluster, group string) time.Duration {
		x := &Exchange{Now: now, Class: class, Entry: Call{Service: service, Op: op, Cluster: cluster, NodeGroup: group}}
		return list.take(x, func(per string) string {
			if per == "owner" {
				return cluster[:1]
			}
			return ""
		})
	}
	steps := []struct {
		service, op, class, cluster, group string
		later, want                        time.Duration
	}{
		{"a", "List", "", "", "", 0, 0},
		{"a", "List", "", "", "", 0, 0},
		{"a", "List", "", "", "", 0, 0},
		{"a", "List", "", "", "", 0, time.Second}, // empty
		{"a", "List", "", "", "", 400 * time.Millisecond, 600 * time.Millisecond},
		{"a", "List", "", "", "", 600 * time.Millisecond, 0}, // one came back
		{"a", "List", "", "", "", 0, time.Second},
		{"a", "List", "", "", "", time.Hour, 0}, // full again, and no fuller
		{"a", "List", "", "", "", 0, 0},
		{"a", "List", "", "", "", 0, 0},
		{"a", "List", "", "", "", 0, time.Second},
		{"a", "Get", "", "x", "", 0, 0},
		{"a", "Get", "", "x", "", 0, 0},
		{"a", "Get", "", "x", "", 0, time.Second},
		{"a", "Get", "", "y", "", 0, 0}, // another cluster
		{"a", "Put", "write", "x", "1", 0, 0},
		{"a", "Delete", "write", "x", "1", 0, time.Minute}, // of the same class
		{"a", "Put", "write", "x", "2", 0, 0},
		{"a", "Own", "", "p1", "", 0, 0},
		{"a", "Own", "", "p2", "", 0, time.Minute}, // the same owner
		{"a", "Rest", "", "", "", 0, 0},
		{"a", "Rest", "", "", "", 0, time.Hour},
		{"a", "Other", "", "", "", 0, 0}, // another operation
		{"b", "Rest", "", "", "", 0, 0},  // another service
	}
	for i, s := range steps {
		now = now.Add(s.later)
		if got := call(s.service, s.op, s.class, s.cluster, s.group); got != s.want {
			t.Errorf("step %d, %s of %s: got %s, want %s", i, s.op, s.cluster, got, s.want)
		}
	}
}

// TestBucket_levels: a call that one level refuses takes nothing at the others.
func TestBucket_levels(t *testing.T) {
	t.Parallel()
	list := newLimits([]Bucket{{Level: "gate", Burst: 2, Every: time.Hour}, {Ops: []string{"Slow"}, Burst: 1, Every: time.Hour}})
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	for i, step := range []struct {
		op   string
		free bool
	}{{"Slow", true}, {"Slow", false}, {"Fast", true}, {"Fast", false}} {
		if got := list.take(&Exchange{Now: now, Entry: Call{Op: step.op}}, nil); (got == 0) != step.free {
			t.Errorf("step %d: %s waits %s", i, step.op, got)
		}
	}
}

// TestBucket_memory: keys that are full again are dropped.
func TestBucket_memory(t *testing.T) {
	t.Parallel()
	list := newLimits([]Bucket{{Per: "cluster", Burst: 1, Every: time.Second}})
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	for i := range 5 * keysKept {
		list.take(&Exchange{Now: now.Add(time.Duration(i) * time.Second), Entry: Call{Cluster: fmt.Sprint(i)}}, nil)
	}
	if n := len(list[0].full); n > keysKept+1 {
		t.Errorf("it keeps %d keys", n)
	}
}

// TestBucket_window: what is used up comes back at the full minute, all at once.
func TestBucket_window(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 2, 9, 30, 15, 0, time.UTC)
	list := newLimits([]Bucket{{Level: "minute", Service: "a", Per: "op", Burst: 2, Window: time.Minute}, {Level: "all", Burst: 100, Every: time.Second}})
	for i, step := range []struct {
		op          string
		after, want time.Duration
	}{
		{"x", 0, 0}, {"x", 0, 0}, {"x", 0, 45 * time.Second}, {"y", 0, 0}, {"x", 44 * time.Second, time.Second},
		{"x", 45 * time.Second, 0}, {"x", 90 * time.Second, 0}, {"x", 100 * time.Second, 5 * time.Second}, {"x", time.Hour, 0},
	} {
		x := &Exchange{Now: start.Add(step.after), Entry: Call{Service: "a", Op: step.op}}
		got := list.take(x, nil)
		if got != step.want || (x.Exhausted != nil) != (got > 0) || got > 0 && x.Exhausted.Level != "minute" {
			t.Errorf("call %d: wait %s for %+v, want %s", i, got, x.Exhausted, step.want)
		}
		left := map[int]int{0: 1, 3: 1, 5: 1, 8: 1}[i]
		if x.Quota == nil || x.Quota.Calls != left || !x.Quota.Until.Equal(x.Now.Truncate(time.Minute).Add(time.Minute)) {
			t.Errorf("call %d: %+v is left, want %d", i, x.Quota, left)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	published := func() []Bucket { return make([]Bucket, 3) }
	for want, got := range map[int][]Bucket{
		0: Limits(true, make([]Bucket, 1), published), 1: Limits(false, make([]Bucket, 1), published), 3: Limits(false, nil, published),
	} {
		if len(got) != want {
			t.Errorf("%d buckets, want %d", len(got), want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	list := []int{1, 2, 3}
	if n, ok := Find(list, func(n int) bool { return n > 1 }); n != 2 || !ok {
		t.Errorf("got %d, %t", n, ok)
	}
	if n, ok := Find(list, func(n int) bool { return n > 3 }); n != 0 || ok {
		t.Errorf("got %d, %t", n, ok)
	}
	if n, ok := FindIn(list, func(n *int) bool { return *n > 1 }); n != &list[1] || !ok {
		t.Errorf("got %d, %t", n, ok)
	}
	if n, ok := FindIn(list, func(n *int) bool { return *n > 3 }); n != nil || ok {
		t.Errorf("got %d, %t", n, ok)
	}
}
