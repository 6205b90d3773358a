// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/mock/gomock"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/pmkstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diff returns the lines by which two values differ, written as JSON; nothing if
// they are deeply equal.
func diff(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	var b strings.Builder
	w, g := lines(want), lines(got)
	for i := range max(len(w), len(g)) {
		var left, right string
		if i < len(w) {
			left = w[i]
		}
		if i < len(g) {
			right = g[i]
		}
		if left != right {
			fmt.Fprintf(&b, "\n- want %s\n+ got  %s", left, right)
		}
	}
	if b.Len() == 0 {
		return fmt.Sprintf("\n- want %#v\n+ got  %#v", want, got)
	}
	return b.String()
}

func lines(v any) []string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		text = fmt.Appendf(nil, "%#v", v)
	}
	return strings.Split(string(text), "\n")
}

// checkFields fails unless err is made of faults with exactly these codes and
// fields, in any order.
func checkFields(t *testing.T, err error, want map[string]pmks.Code) {
	t.Helper()
	got := map[string]pmks.Code{}
	for _, e := range leaves(err) {
		var fault *pmks.Error
		if !errors.As(e, &fault) {
			t.Errorf("%v is a %T, want a *pmks.Error", e, e)
			continue
		}
		if _, twice := got[fault.Field]; twice {
			t.Errorf("%s has two faults: %v", fault.Field, err)
		}
		got[fault.Field] = fault.Code
	}
	if d := diff(want, got); d != "" {
		t.Errorf("faults of %v:%s", err, d)
	}
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, leaves(e)...)
	}
	return list
}

// handler is a double with every optional interface.
type handler struct {
	*pmkstest.MockClusterHandler
	*pmkstest.MockIIDLister
	*pmkstest.MockTokenIssuer
	*pmkstest.MockVersionLister
	*pmkstest.MockRequestChecker
	*pmkstest.MockAccessOpener
	reporter
}

func newHandler(t *testing.T, caps pmks.Capabilities) *handler {
	t.Helper()
	ctrl := gomock.NewController(t)
	return &handler{
		MockClusterHandler: pmkstest.NewMockClusterHandler(ctrl),
		MockIIDLister:      pmkstest.NewMockIIDLister(ctrl),
		MockTokenIssuer:    pmkstest.NewMockTokenIssuer(ctrl),
		MockVersionLister:  pmkstest.NewMockVersionLister(ctrl),
		MockRequestChecker: pmkstest.NewMockRequestChecker(ctrl),
		MockAccessOpener:   pmkstest.NewMockAccessOpener(ctrl),
		reporter:           reporter{caps},
	}
}

// reporter reports capabilities.
type reporter struct{ caps pmks.Capabilities }

func (r reporter) Capabilities() pmks.Capabilities { return r.caps }

// plain is a double without any optional interface.
func plain(t *testing.T) *pmkstest.MockClusterHandler {
	t.Helper()
	return pmkstest.NewMockClusterHandler(gomock.NewController(t))
}

// reader is a handler of which only GetCluster works. The answer depends on the
// number of the read, from 1, and on the time since the first.
type reader struct {
	pmks.ClusterHandler // nil: any other call panics
	reporter
	read func(n int, at time.Duration) (pmks.ClusterInfo, error)

	mu    sync.Mutex
	first time.Time
	times []time.Duration
}

func (r *reader) count() (n int, at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.times) == 0 {
		r.first = time.Now()
	}
	r.times = append(r.times, time.Since(r.first))
	return len(r.times), r.times[len(r.times)-1]
}

// phase is what reads show until a time after the first read.
type phase struct {
	until time.Duration
	info  pmks.ClusterInfo
	err   error
}

const forever = time.Duration(1<<63 - 1)

// timeline answers reads from phases in order.
func timeline(phases ...phase) func(int, time.Duration) (pmks.ClusterInfo, error) {
	return func(_ int, at time.Duration) (pmks.ClusterInfo, error) {
		for _, p := range phases {
			if at < p.until {
				return p.info, p.err
			}
		}
		panic("the timeline has ended")
	}
}

// sequence answers the reads one by one; the last answer stays.
func sequence(answers ...phase) func(int, time.Duration) (pmks.ClusterInfo, error) {
	return func(n int, _ time.Duration) (pmks.ClusterInfo, error) {
		a := answers[min(n, len(answers))-1]
		return a.info, a.err
	}
}

var (
	clusterIID = pmks.IID{NameId: "c1", SystemId: "id-1"}
	groupIID   = pmks.IID{NameId: "g1", SystemId: "ng-1"}
)

// cluster is c1 in a state, with node groups.
func cluster(status pmks.ClusterStatus, groups ...pmks.NodeGroupInfo) pmks.ClusterInfo {
	return pmks.ClusterInfo{IId: clusterIID, Version: "1.33", Status: status, NodeGroupList: groups}
}

// inactive is c1 failed, for good or not.
func inactive(final bool, reason string) pmks.ClusterInfo {
	c := cluster(pmks.ClusterInactive)
	c.StatusFinal, c.StatusReason = final, reason
	return c
}

// group is g1 in a state, with n nodes.
func group(status pmks.NodeGroupStatus, n int) pmks.NodeGroupInfo {
	g := pmks.NodeGroupInfo{IId: groupIID, Version: "1.33", VMSpecName: "small", Status: status, DesiredNodeSize: n}
	for i := range n {
		g.Nodes = append(g.Nodes, pmks.IID{SystemId: fmt.Sprintf("i-%d", i)})
	}
	return g
}

func (r *reader) GetCluster(_ context.Context, _ pmks.IID) (pmks.ClusterInfo, error) {
	n, at := r.count()
	return r.read(n, at)
}

func failure(code pmks.Code) error { return &pmks.Error{Code: code, Message: "scripted"} }
