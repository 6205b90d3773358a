// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	cloud "github.com/pmks-go/pmks/fake"
)

// inWorld runs a test in a bubble.
func inWorld(t *testing.T, profile string, f func(t *testing.T, w *world), opts ...cloud.Option) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t, profile, opts...)) })
}

// synced returns whether, and why not.
func (w *world) synced(name string) (bool, string) {
	return is(w.cluster(name).Status.Conditions, v1alpha1.ConditionSynced)
}

func (w *world) untilReason(name, reason string) {
	w.t.Helper()
	w.until(reason, func() bool { ok, why := w.synced(name); return !ok && why == reason })
}

// TestCrash: the process ends between the cloud's answer and the status that tells of it.
// Whoever takes over finds one cluster, and makes no other.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"aws", "azure"} {
		t.Run(profile, func(t *testing.T) {
			inWorld(t, profile, func(t *testing.T, w *world) {
				w.refuseStatus = func(client.Object) error {
					if w.applied("CreateCluster") > 0 {
						return errors.New("the process ends here")
					}
					return nil
				}
				w.ask("demo", profile)
				w.until("asked for", func() bool { return w.applied("CreateCluster") == 1 })
				if id := w.cluster("demo").Status.ID; id != "" {
					t.Fatalf("the status tells of %s", id)
				}
				w.refuseStatus = nil
				w.start()
				w.until("ready", w.allReady)
				if n := w.applied("CreateCluster"); n != 1 {
					t.Errorf("%d clusters were made", n)
				}
				if !w.events.told("Normal Created Create the cluster demo") {
					t.Errorf("it was not found again: %q", w.events.all())
				}
			})
		})
	}
}

// TestCrash_restarts: an operator that restarts all the time gets there too.
func TestCrash_restarts(t *testing.T) {
	inWorld(t, "aws", func(t *testing.T, w *world) {
		w.ask("demo", "aws")
		for range 200 {
			w.pass(10 * time.Second)
			w.start()
		}
		w.until("ready", w.allReady)
		if clusters, groups := w.applied("CreateCluster"), w.applied("AddNodeGroup"); clusters != 1 || groups != 2 {
			t.Errorf("%d clusters and %d node groups were made", clusters, groups)
		}
	})
}

// TestFaults: what goes wrong with the creation is shown by its code, and is tried again
// where that may help.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault cloud.Fault
		shown string
		// pause is the least until the next attempt.
		pause time.Duration
	}{
		{"throttled", cloud.Fault{Kind: cloud.Throttle, RetryAfter: 3 * time.Minute}, "Throttled", 3 * time.Minute},
		{"busy", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodeBusy}, "Busy", DefaultPauses.Soon},
		{"unauthenticated", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodeUnauthenticated, Times: 3}, "Unauthenticated", DefaultPauses.Slow},
		{"permission", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodePermissionDenied, Times: 3}, "PermissionDenied", DefaultPauses.Slow},
		{"quota", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodeQuotaExceeded, Times: 2}, "QuotaExceeded", DefaultPauses.Slow},
		{"precondition", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodeFailedPrecondition}, "FailedPrecondition", DefaultPauses.Slow},
		{"unavailable", cloud.Fault{Kind: cloud.Refuse, Code: pmks.CodeUnavailable, Times: 4}, "", time.Second},
		{"lost-request", cloud.Fault{Kind: cloud.LoseRequest}, "", 0},
		{"lost-reply", cloud.Fault{Kind: cloud.LoseReply}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, "azure", func(t *testing.T, w *world) {
				test.fault.Op = "CreateCluster"
				w.cloud.Inject(test.fault)
				w.ask("demo", "azure")
				if test.shown != "" {
					w.untilReason("demo", test.shown)
					if !w.events.told("Warning " + test.shown + " Create") {
						t.Errorf("there was no event: %q", w.events.all())
					}
				}
				began := time.Now()
				w.until("another attempt", func() bool { return w.applied("CreateCluster") == 1 })
				if paused := time.Since(began); paused < test.pause {
					t.Errorf("the next attempt came after %v", paused)
				}
				w.until("ready", w.allReady)
				if n := w.applied("CreateCluster"); n != 1 {
					t.Errorf("%d clusters were made", n)
				}
			})
		})
	}
}

// TestTerminal: what the cloud refuses for good is not sent again before the spec, or the
// annotation for that, changes.
func TestTerminal(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		w.cloud.Inject(cloud.Fault{Op: "CreateCluster", Kind: cloud.Refuse, Code: pmks.CodeInvalidArgument, Times: 2})
		c, _ := w.ask("demo", "azure")
		w.untilReason("demo", "InvalidArgument")
		calls := len(w.cloud.Calls())
		w.pass(24 * time.Hour)
		if n := len(w.cloud.Calls()); n != calls {
			t.Errorf("%d calls were made within a day", n-calls)
		}
		change(w, c, func(c *v1alpha1.ManagedCluster) { c.Annotations = map[string]string{v1alpha1.AnnotationRetry: "1"} })
		w.until("tried again", func() bool { return len(w.cloud.Calls()) > calls })
		w.pass(time.Hour)
		change(w, c, func(c *v1alpha1.ManagedCluster) { c.Spec.Version = "1.34" })
		w.until("ready", w.allReady)
	})
}

// existing is a cluster made by other hands.
func existing(name string) cloud.Option {
	return cloud.WithClusters(cloud.Cluster{Name: name, NodeGroups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4},
	}})
}

// TestAdopt: a cluster of other hands is left alone until its adoption is asked for.
func TestAdopt(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		c := &v1alpha1.ManagedCluster{Spec: v1alpha1.ManagedClusterSpec{Connection: "main", DeletionPolicy: v1alpha1.DeletionOrphan}}
		c.Namespace, c.Name = namespace, "old"
		w.create(c)
		w.untilReason("old", "AlreadyExists")
		w.pass(24 * time.Hour)
		if w.cluster("old").Status.ID != "" {
			t.Error("it was taken over")
		}
		change(w, c, func(c *v1alpha1.ManagedCluster) { c.Annotations = map[string]string{v1alpha1.AnnotationAdopt: "true"} })
		w.until("ready", w.allReady)
		if !w.cluster("old").Status.Adopted || !w.events.told("Normal Adopted") {
			t.Errorf("the status is %+v", w.cluster("old").Status)
		}
		w.remove(c)
		w.until("the object is gone", func() bool { return w.cluster("old") == nil })
		if n := w.mutations(); n != 0 {
			t.Errorf("%d changes were made", n)
		}
	}, existing("old"))
}

// TestAdopt_byID: the annotation may name the cluster by its id.
func TestAdopt_byID(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		info, err := w.cloud.GetCluster(t.Context(), pmks.IID{NameId: "old"})
		if err != nil {
			t.Fatal(err)
		}
		c := &v1alpha1.ManagedCluster{Spec: v1alpha1.ManagedClusterSpec{Connection: "main"}}
		c.Namespace, c.Name, c.Annotations = namespace, "another-name", map[string]string{v1alpha1.AnnotationAdopt: info.IId.SystemId}
		w.create(c)
		w.until("ready", w.allReady)
		if got := w.cluster("another-name").Status; got.Name != "old" || got.ID != info.IId.SystemId {
			t.Errorf("the status is %+v", got)
		}
	}, existing("old"))
}

// TestProtection: nothing is deleted while the annotation is there.
func TestProtection(t *testing.T) {
	inWorld(t, "aws", func(t *testing.T, w *world) {
		c, _ := w.ask("demo", "aws")
		w.until("ready", w.allReady)
		change(w, c, func(c *v1alpha1.ManagedCluster) {
			c.Annotations = map[string]string{v1alpha1.AnnotationProtect: "true"}
		})
		changes := w.mutations()
		w.remove(c)
		w.untilReason("demo", v1alpha1.ReasonProtected)
		w.pass(24 * time.Hour)
		if w.mutations() != changes {
			t.Error("something was deleted")
		}
		change(w, c, func(c *v1alpha1.ManagedCluster) { c.Annotations = nil })
		w.until("gone", func() bool { return w.cluster("demo") == nil })
		if n := w.applied("DeleteCluster"); n != 1 {
			t.Errorf("%d clusters were deleted", n)
		}
	})
}

// TestConflict: two objects cannot stand for one cluster.
func TestConflict(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		c, _ := w.ask("demo", "azure")
		w.until("ready", w.allReady)
		second := &v1alpha1.ManagedCluster{Spec: v1alpha1.ManagedClusterSpec{Connection: "main", Name: "demo"}}
		second.Namespace, second.Name, second.Annotations = namespace, "second", map[string]string{v1alpha1.AnnotationAdopt: "true"}
		w.create(second)
		w.untilReason("second", v1alpha1.ReasonConflict)
		w.remove(second)
		w.until("the second is gone", func() bool { return w.cluster("second") == nil })
		if w.applied("DeleteCluster") != 0 || !w.clusterReady(c.Name) {
			t.Error("the first was harmed")
		}
	})
}

// TestVanished: a cluster that other hands deleted is not made anew unless that is asked for.
func TestVanished(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		c, _ := w.ask("demo", "azure")
		w.until("ready", w.allReady)
		w.pass(time.Hour)
		id := w.cluster("demo").Status.ID
		if err := w.cloud.Break(pmks.IID{NameId: "demo"}, pmks.IID{}, cloud.Vanished, ""); err != nil {
			t.Fatal(err)
		}
		w.untilReason("demo", v1alpha1.ReasonVanished)
		w.pass(24 * time.Hour)
		if n := w.applied("CreateCluster"); n != 1 {
			t.Errorf("%d clusters were made", n)
		}
		change(w, c, func(c *v1alpha1.ManagedCluster) { c.Annotations = map[string]string{v1alpha1.AnnotationRecreate: id} })
		w.until("made anew", func() bool { return w.applied("CreateCluster") == 2 && w.clusterReady("demo") })
	})
}

// TestUpgrade: a new version is reached minor by minor, with the node groups.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"aws", "azure", "gcp", "alibaba", "nhn", "ibm"} {
		t.Run(profile, func(t *testing.T) {
			inWorld(t, profile, func(t *testing.T, w *world) {
				versions, err := w.cloud.ListVersions(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				minor := func(v string) string { return strings.Join(strings.Split(strings.TrimPrefix(v, "v"), ".")[:2], ".") }
				newest, oldest := minor(versions[0].Name), minor(versions[len(versions)-1].Name)
				c, groups := w.request("demo", profile)
				c.Spec.Version = oldest
				w.create(c)
				for _, g := range groups {
					w.create(g)
				}
				w.until("ready", w.allReady)
				change(w, c, func(c *v1alpha1.ManagedCluster) { c.Spec.Version = newest })
				w.until("upgraded", func() bool { return w.cluster("demo").Status.ReachedVersion == newest && w.clusterReady("demo") })
				info, err := w.cloud.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
				if err != nil || minor(info.Version) != newest {
					t.Errorf("the cluster is at %s, not %s: %v", info.Version, newest, err)
				}
				for _, g := range info.NodeGroupList {
					if minor(g.Version) != newest {
						t.Errorf("node group %s is at %s", g.IId, g.Version)
					}
				}
				t.Logf("from %s to %s in %d calls", oldest, newest, w.applied("UpgradeCluster"))
			})
		})
	}
}

// TestConnection: one that the operator does not have is shown.
func TestConnection(t *testing.T) {
	inWorld(t, "azure", func(t *testing.T, w *world) {
		c := &v1alpha1.ManagedCluster{Spec: v1alpha1.ManagedClusterSpec{Connection: "elsewhere"}}
		c.Namespace, c.Name = namespace, "demo"
		w.create(c)
		w.untilReason("demo", "FailedPrecondition")
		w.remove(c)
		w.until("gone", func() bool { return w.cluster("demo") == nil })
	})
}
