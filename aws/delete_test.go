// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// says checks that an error has a code and tells all that it must.
func says(t *testing.T, err, code error, words ...string) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %v", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v does not say %q", err, w)
		}
	}
}

// Fargate profiles are named before any node group is touched, and nothing waits for
// them to go by themselves.
func TestHandler_DeleteCluster_fargate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 2, eks.Options{})
		for _, profile := range []string{"batch", "web"} {
			if err := s.AttachFargateProfile("c000", profile); err != nil {
				t.Fatal(err)
			}
		}
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		start := time.Now()
		_, err := h.DeleteCluster(t.Context(), cluster)
		says(t, err, pmks.ErrFailedPrecondition, "batch, web")
		says(t, pmks.Teardown(t.Context(), h, cluster), pmks.ErrFailedPrecondition, "batch, web")
		if n := s.Count("DeleteNodegroup") + s.Count("DeleteCluster"); n != 0 || time.Since(start) > time.Minute {
			t.Errorf("%d deletions were sent in %s", n, time.Since(start))
		}
	})
}

// A principal who may not list Fargate profiles deletes an empty cluster, where EKS
// itself says no; a cluster with node groups is not begun on a guess.
func TestHandler_DeleteCluster_fargateUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for groups, want := range []error{nil, pmks.ErrPermissionDenied} {
			s := fleet(t, 1, groups, eks.Options{})
			s.Inject(core.Fault{Op: "ListFargateProfiles", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
			if _, err := newHandler(t, s).DeleteCluster(t.Context(), pmks.IID{NameId: "c000"}); !errors.Is(err, want) || s.Count("DeleteNodegroup") != 0 {
				t.Errorf("with %d node groups: %v, want %v", groups, err, want)
			}
		}
	})
}

// What a node group that is added during the deletion leaves behind goes too.
func TestTeardown_templateOfALateGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		added := make(chan error, 1)
		go func() {
			time.Sleep(30 * time.Second) //nolint:forbidigo // inside a synctest bubble
			_, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("late"))
			added <- err
		}()
		if err := pmks.Teardown(t.Context(), h, cluster); err != nil {
			t.Fatal(err)
		}
		if err := <-added; err != nil {
			t.Fatal(err)
		}
		if left := s.Templates(); len(left) != 0 {
			t.Errorf("these launch templates stay: %v", left)
		}
	})
}

// Somebody else deleted the cluster: what pmks made for it goes with the next call.
func TestHandler_DeleteCluster_absentLeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		if _, err := h.AddNodeGroup(t.Context(), cluster, bench.SampleNodeGroup("disk")); err != nil {
			t.Fatal(err)
		}
		if err := s.Force("c000", "", profile.Gone, ""); err != nil {
			t.Fatal(err)
		}
		_, err := h.DeleteCluster(t.Context(), cluster)
		says(t, err, pmks.ErrNotFound)
		if left := s.Templates(); len(left) != 0 {
			t.Errorf("these launch templates stay: %v", left)
		}
	})
}

// The network goes away for good while the node groups are removed: the wait ends
// after a run of failures, with the cause and with what is half done.
func TestHandler_DeleteCluster_networkGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 2, eks.Options{})
		h := newHandler(t, s)
		go func() {
			time.Sleep(20 * time.Second) //nolint:forbidigo // inside a synctest bubble
			s.Inject(core.Fault{Kind: core.FaultLoseRequest, Times: -1})
		}()
		start := time.Now()
		_, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "c000"})
		says(t, err, pmks.ErrUnavailable, "g0, g1", "call DeleteCluster again", "connection ended")
		if took := time.Since(start); took > 30*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// The caller's context ends meanwhile: its error is found, and what is half done.
func TestHandler_DeleteCluster_contextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fleet(t, 1, 2, eks.Options{}))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		start := time.Now()
		_, err := h.DeleteCluster(ctx, pmks.IID{NameId: "c000"})
		says(t, err, context.DeadlineExceeded, "g0, g1")
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// A controller makes a node group again under the same name. It is another group each
// time, and pmks gives up against it in the end.
func TestHandler_DeleteCluster_groupMadeAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		times int
		want  error
	}{{"once", 1, nil}, {"for-ever", 1000, pmks.ErrFailedPrecondition}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, eks.Options{})
				if err := s.Recreate("c000", "g0", test.times); err != nil {
					t.Fatal(err)
				}
				_, err := newHandler(t, s).DeleteCluster(t.Context(), pmks.IID{NameId: "c000"})
				if !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if err != nil && !strings.Contains(err.Error(), "makes it again") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
