// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// A removal that its caller gives up after the entry is taken says so, and what follows
// does not take the pool for one without autoscaling.
func TestCase_interruptedRemoval(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultHangReply, Times: -1})
		before := s.Count("putConfigMap")
		_, err := h.RemoveNodeGroup(ctx, cCluster, cGroup)
		if s.Count("putConfigMap") == before {
			t.Fatal("nothing was written")
		}
		if err == nil || !strings.Contains(err.Error(), "autoscaler") {
			t.Errorf("the entry is gone, and the error does not say so: %v", err)
		}
	})
}

// A node group whose answer is lost and that shows late is called somebody else's.
func TestCase_lateGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: 10 * time.Second})
		put(t, s, seed("plain", "ng1"))
		s.Inject(core.Fault{Op: "createWorkerPool", Kind: core.FaultLoseReply, Times: 1})
		g, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("late"))
		if err != nil && !asError(t, err).MayHaveHappened {
			t.Errorf("it was made by this very request, after %d: %s %v", s.Count("createWorkerPool"), g.IId, err)
		}
	})
}

// IKS takes the removal of a pool whose cluster's API is not reached from here.
func TestCase_removeOfPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1", "ng2"), iks.AttrPrivate, "true")
		for i := range c.Groups {
			c.Groups[i].OnAutoScaling, c.Groups[i].MinNodeSize, c.Groups[i].MaxNodeSize = true, 1, 3
		}
		put(t, s, c)
		if _, err := newHandler(t, s).RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}); err != nil {
			t.Errorf("after %d: %v", s.Count("removeWorkerPool"), err)
		}
	})
}

// A deletion of what was just made and is not listed yet is not "gone".
func TestCase_deleteUnseen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("unseen"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.DeleteCluster(t.Context(), info.IId)
		err2 := pmks.Teardown(t.Context(), h, info.IId)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		if list, _ := h.ListIID(t.Context()); len(list) > 0 && (err2 == nil || pmks.CodeOf(err) == pmks.CodeNotFound) {
			t.Errorf("DeleteCluster said %v, Teardown %v, and it runs", err, err2)
		}
	})
}

// The same with the first lag that a service may have: waits for it do not end as gone.
func TestCase_waitUnseen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("unseen"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Errorf("%v", err)
		}
		put(t, s, seed("plain", "ng1"))
		g, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("ng2"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, g.IId)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		now := cGet(t, h, pmks.IID{NameId: "plain"}, g.IId)
		if pmks.CodeOf(err) == pmks.CodeNotFound && now.IId.SystemId != "" {
			t.Errorf("RemoveNodeGroup said %v, and it runs", err)
		}
	})
}

// A removal whose answer is lost while the pools are listed late is neither repeated nor
// told as refused.
func TestCase_lostRemoval(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"removeWorkerPool", "deleteCluster", "resizeWorkerPool", "updateMaster", "replaceWorker", "patchClusterAddons", "setWorkerPoolLabels"} {
		for _, lag := range []time.Duration{0, 10 * time.Second} {
			t.Run(fmt.Sprint(op, lag), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					s := iks.New(iks.Options{ReadLag: lag})
					put(t, s, seed("plain", "ng1", "ng2"))
					if op == "replaceWorker" {
						if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
							t.Fatal(err)
						}
					}
					s.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply, Times: 1})
					h, c, g := newHandler(t, s), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
					err := map[string]func() error{
						"removeWorkerPool":    func() error { _, err := h.RemoveNodeGroup(t.Context(), c, g); return err },
						"deleteCluster":       func() error { _, err := h.DeleteCluster(t.Context(), c); return err },
						"resizeWorkerPool":    func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), c, g, 3, 1, 4); return err },
						"setWorkerPoolLabels": func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), c, g, 2, 1, 9); return err },
						"updateMaster":        func() error { _, err := h.UpgradeCluster(t.Context(), c, "1.35"); return err },
						"replaceWorker":       func() error { _, err := h.UpgradeCluster(t.Context(), c, "1.34"); return err },
						"patchClusterAddons":  func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true); return err },
					}[op]()
					if err != nil && (lag == 0 || !asError(t, err).MayHaveHappened) {
						t.Errorf("it happened, after %d: %v (may have happened: %t)", s.Count(op), err, asError(t, err).MayHaveHappened)
					}
					if n := s.Count(op); n > 1 && (op == "replaceWorker" || lag == 0) {
						t.Errorf("sent %d times", n)
					}
				})
			})
		}
	}
}

// A removal whose outcome is open because the service fails keeps the autoscaler's entry
// or says so, and the second call mends it.
func TestCase_removalFails(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 503} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 2, iks.Options{})
			h := newHandler(t, s)
			cWarm(t, h)
			fault := providertest.Answer(status, `{"code":"G0002","description":"internal"}`)
			fault.Op, fault.Times = "removeWorkerPool", -1
			restore := s.Inject(fault)
			_, err := h.RemoveNodeGroup(t.Context(), cCluster, cGroup)
			restore()
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			g := cGet(t, h, cCluster, cGroup)
			if err == nil || !g.OnAutoScaling && !strings.Contains(err.Error(), "autoscaler") {
				t.Errorf("%v, autoscaled %t", err, g.OnAutoScaling)
			}
			t.Log(err, g.OnAutoScaling)
		})
	}
}

// A deleted cluster that the list shows for a quarter of an hour more, while reads of it
// answer 404 already, is gone in the end: the wait goes on until then.
func TestCase_lingersAsDeleting(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		cfg := configFor(s)
		entry, until := "", time.Time{}
		cfg.Transport = cBody(s, "/getClusters", func(body string) string {
			switch {
			case strings.TrimSpace(body) != "[]":
				entry = strings.Replace(body, `"state":"normal"`, `"state":"deleting"`, 1)
				return body
			case until.IsZero():
				until = time.Now().Add(15 * time.Minute)
			}
			if time.Now().Before(until) && entry != "" {
				return entry
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		id := rawIDs(t, s)["c000"]
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "c000", SystemId: id}); err != nil {
			t.Errorf("it is gone, and %v", err)
		}
		if list, _ := h.ListIID(t.Context()); len(list) > 0 {
			t.Error("too early")
		}
	})
}

// The same for a young one, by which every read waits.
func TestCase_lingersYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		cfg := configFor(s)
		entry, until := "", time.Time{}
		cfg.Transport = cBody(s, "/getClusters", func(body string) string {
			switch {
			case strings.TrimSpace(body) != "[]":
				entry = body
				return body
			case entry != "" && until.IsZero():
				until = time.Now().Add(3 * time.Minute)
			}
			if time.Now().Before(until) && entry != "" {
				return entry
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
			t.Errorf("it is gone, and %v", err)
		}
	})
}

// IBM may say for up to an hour of a cluster that is being made that it is not there: the
// wait for it goes on.
func TestCase_longYoung(t *testing.T) {
	t.Parallel()
	for _, fresh := range []time.Duration{5 * time.Minute, 20 * time.Minute, 50 * time.Minute} {
		t.Run(fresh.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{Fresh: fresh})
				h := newHandler(t, s)
				info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// Others are listed while one is too new to be read.
func TestCase_listWithYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Fresh: 30 * time.Minute})
		put(t, s, seed("plain", "ng1"))
		h := newHandler(t, s)
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("young")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if took := time.Since(start); took > time.Minute || len(list) != 2 {
			t.Errorf("%d clusters after %s: %v", len(list), took, err)
		}
	})
}

// What a deletion is refused for is told, and nothing is called gone.
func TestCase_deleteRefused(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status int
		body   string
		want   pmks.Code
	}{
		{403, `{"code":"A0656","description":"role"}`, pmks.CodePermissionDenied},
		{404, `404 page not found`, pmks.CodeUnavailable},
		{404, `<html>no</html>`, pmks.CodeUnavailable},
		{404, `{"code":"X9999","description":"not found"}`, pmks.CodeUnavailable},
		{404, `{"code":"A0006","description":"The specified cluster could not be found."}`, pmks.CodeUnavailable},
		{409, `{"code":"E9","description":"locked"}`, pmks.CodeBusy},
		{202, ``, pmks.CodeUnavailable}, {200, `{}`, pmks.CodeUnavailable}, {302, ``, pmks.CodeUnavailable},
	} {
		t.Run(answer.body, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := fleet(t, 1, 1, iks.Options{})
				f := providertest.Answer(answer.status, answer.body)
				f.Op, f.Times = "deleteCluster", -1
				s.Inject(f)
				ok, err := newHandler(t, s).DeleteCluster(t.Context(), cCluster)
				if ok || err == nil || pmks.CodeOf(err) == pmks.CodeNotFound {
					t.Errorf("%d %s: %t %v", answer.status, answer.body, ok, err)
				}
				if pmks.CodeOf(err) != answer.want {
					t.Logf("%d: %v, want %s", answer.status, err, answer.want)
				}
			})
		})
	}
}
