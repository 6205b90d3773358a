// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// planned is a simulator that keeps the faults that it is given, and has these calls.
type planned struct {
	*toySim
	faults []core.Fault
	calls  []simkit.Call
}

func (s *planned) Inject(f core.Fault) func() {
	s.faults = append(s.faults, f)
	return func() { s.faults = nil }
}

func (s *planned) Calls() []simkit.Call { return s.calls }

func plannedWorld(calls ...simkit.Call) *world[*planned] {
	of := toyBench("")
	b := Bench[*planned]{
		Cloud: of.Cloud, Requests: of.Requests, First: of.First, Mutating: of.Mutating, NoCapacity: of.NoCapacity, Facts: of.Facts,
		Repeated: []string{"Delete"}, Continues: func(request, before string) bool { return request == "Create" && before == "Delete" },
	}
	return b.world(&planned{toySim: of.Simulate(Options{}), calls: calls}, Connection{}, nil)
}

// TestWorld_inject: each fault of the suite strikes the requests that it is meant for.
func TestWorld_inject(t *testing.T) {
	t.Parallel()
	refusal := Answer(422, `{"code":"SomethingNobodyKnows","message":"`+Words+`"}`)
	for kind, want := range map[conformance.FaultKind]core.Fault{
		conformance.Throttle:      {Kind: core.FaultThrottle, RetryAfter: 7 * time.Second, Times: -1},
		conformance.LoseRequest:   {Kind: core.FaultLoseRequest, Times: 2},
		conformance.LoseReply:     {Kind: core.FaultLoseReply, Times: 2},
		conformance.Delay:         {Kind: core.FaultDelay, Delay: 10 * time.Second, Times: 2},
		conformance.Unavailable:   {Kind: core.FaultRefuse, Code: pmks.CodeUnavailable, Times: -1},
		conformance.FailLater:     {Kind: core.FaultFailLater, Reason: "NoneLeft: " + conformance.Reason, Times: 2},
		conformance.Stick:         {Kind: core.FaultStick, Times: 2},
		conformance.Hang:          {Kind: core.FaultHang, Times: 2},
		conformance.RefuseUnknown: {Kind: core.FaultAnswer, Answer: refusal.Answer, Times: 2},
	} {
		for method, requests := range map[string][]string{"": {""}, "GetCluster": {"Get", "Groups"}, "DeleteCluster": {"Delete"}} {
			if method == "DeleteCluster" && kind == conformance.RefuseUnknown {
				requests = []string{"Groups", "Delete"}
			}
			w := plannedWorld()
			stop := w.inject(conformance.Fault{Op: method, Cluster: "c", Kind: kind, Times: 2})
			var all []core.Fault
			for _, request := range requests {
				want.Op, want.Cluster = request, "c"
				all = append(all, want)
			}
			if !reflect.DeepEqual(w.sim.faults, all) {
				t.Errorf("%s of %q: got %+v, want %+v", kind, method, w.sim.faults, all)
			}
			if stop(); w.sim.faults != nil || w.replyLost != (kind == conformance.LoseReply) {
				t.Errorf("%s of %q: it does not end, or a lost reply is %t", kind, method, w.replyLost)
			}
		}
	}
}

// TestWorld_mutations: what has changed something, whatever became of its answer.
func TestWorld_mutations(t *testing.T) {
	t.Parallel()
	w := plannedWorld(
		simkit.Call{Op: "Get", Status: 200},
		simkit.Call{Op: "Create", Status: 201},
		simkit.Call{Op: "Create", Status: 409},
		simkit.Call{Op: "Create", Status: 200, Code: "Refused"},
		simkit.Call{Op: "Create", Status: 204},
		simkit.Call{Op: "Create", Lost: true},
		simkit.Call{Op: "Delete", Lost: true},
		simkit.Call{Op: "Delete", Status: 200},
		simkit.Call{Op: "Create", Status: 200}, // continues the deletion
	)
	if n := w.mutations(); n != 2 {
		t.Errorf("%d, want 2", n)
	}
	w.replyLost = true
	if n := w.mutations(); n != 3 {
		t.Errorf("with the lost one %d, want 3", n)
	}
}

// TestWorld_unreadable: a fault is aimed as far as the requests of the cloud allow.
func TestWorld_unreadable(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c"}, pmks.IID{NameId: "g"}
	for _, test := range []struct {
		fact  conformance.Fact
		group pmks.IID
		want  string
	}{
		{conformance.Nodes, pmks.IID{}, `Groups of "c" ""`},
		{conformance.Nodes, group, `Groups of "c" "g"`},
		{conformance.Addons, pmks.IID{}, `List of "" ""`},
		{conformance.Addons, group, "unsupported operation"},
		{conformance.Kubeconfig, pmks.IID{}, "unsupported operation"},
	} {
		w := plannedWorld()
		_, err := w.unreadable(test.fact, cluster, test.group, pmks.CodeUnavailable)
		got := fmt.Sprint(err)
		if err == nil {
			f := w.sim.faults[0]
			got = fmt.Sprintf("%s of %q %q", f.Op, f.Cluster, f.NodeGroup)
			if f.Kind != core.FaultRefuse || f.Code != pmks.CodeUnavailable || f.Times != -1 {
				t.Errorf("%s: %+v", test.fact, f)
			}
		}
		if got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.fact, test.group, got, test.want)
		}
	}
}

// TestWorld_cloud: the levers work on the simulator, and those of the bench are added.
func TestWorld_cloud(t *testing.T) {
	t.Parallel()
	b := toyBench("")
	b.Levers = func(_ *toySim, c *conformance.Cloud) { c.Mendable = true }
	s := b.Simulate(Options{})
	c := b.world(s, Connection{Transport: s.Transport()}, func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) }).cloud(t)
	if _, wrapped := c.Handler.(*pmks.Client); !wrapped || !c.Mendable {
		t.Errorf("the handler is %T; mendable: %t", c.Handler, c.Mendable)
	}
	if err := c.Put("made"); err != nil {
		t.Fatal(err)
	}
	made := pmks.IID{NameId: "made"}
	if err := c.Break(made, pmks.IID{}, conformance.Failed); err != nil || !strings.HasPrefix(s.cloud.clusters[0].StatusReason, "NoneLeft: ") {
		t.Errorf("Break: %v, %q", err, s.cloud.clusters[0].StatusReason)
	}
	if err := c.Break(made, pmks.IID{}, conformance.Stopped); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Break into what there is not: %v", err)
	}
	if err := c.Break(made, pmks.IID{}, conformance.Vanished); err != nil || len(s.cloud.clusters) != 0 {
		t.Errorf("Break: %v, %d clusters are left", err, len(s.cloud.clusters))
	}
	if _, err := c.Reopen().CreateCluster(t.Context(), c.ClusterRequest("again")); err != nil {
		t.Fatal(err)
	}
	if got := []int{c.Sent("CreateCluster"), c.Sent("DeleteCluster"), c.Mutations()}; !reflect.DeepEqual(got, []int{1, 0, 1}) {
		t.Errorf("sent %v", got)
	}
}

// TestPartly: what could not be read is said in a list of findings too.
func TestPartly(t *testing.T) {
	t.Parallel()
	for want, list := range map[bool][]pmks.UpgradeFinding{true: {{Code: "x"}, {Code: pmks.KeyUnread}}, false: {{Code: "x"}}} {
		if partly(list) != want {
			t.Errorf("%+v", list)
		}
	}
}
