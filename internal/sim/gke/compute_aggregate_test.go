// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"

	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// partial asks a list to leave out the zones that it cannot reach.
var partial = googleapi.QueryParameter("returnPartialSuccess", "true")

// everyInstance counts the instances of all zones by "pool status", and every page.
func (w *world) everyInstance(t *testing.T, filter string) (counts map[string]int, pages int) {
	t.Helper()
	counts = map[string]int{}
	names := map[string]bool{}
	err := w.compute.Instances.AggregatedList(DefaultProject).Filter(filter).MaxResults(2).
		Pages(t.Context(), func(page *compute.InstanceAggregatedList) error {
			pages++
			for _, scope := range page.Items {
				for _, i := range scope.Instances {
					counts[i.Labels[labelPool]+" "+i.Status]++
					names[i.Name] = true
				}
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, of := range counts {
		n += of
	}
	if len(names) != n {
		t.Errorf("%d instances have %d names", n, len(names))
	}
	return counts, pages
}

// targets are the target sizes by the base name of the instances, and which are stable.
func (w *world) targets(t *testing.T) map[string]string {
	t.Helper()
	list := wiretest.OK(w.compute.InstanceGroupManagers.AggregatedList(DefaultProject).Context(t.Context()).Do())(t)
	sizes := map[string]string{}
	for _, scope := range list.Items {
		for _, m := range scope.InstanceGroupManagers {
			sizes[m.BaseInstanceName[:len("gke-demo-ng1")]] = fmt.Sprint(m.TargetSize, m.Status.IsStable)
		}
	}
	return sizes
}

// TestServer_HoldLists: a list that is one step late shows what was there before, page by
// page, until it is released; the other one and the group itself show the truth.
func TestServer_HoldLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Pending = -1 })
	w.put(t, seedOf("demo", zoneA, group("ng1", 3), group("ng2", 2)))
	const all = "labels.goog-k8s-cluster-name:*"
	check := func(what string, wantInstances, wantTargets map[string]string) {
		t.Helper()
		counts, _ := w.everyInstance(t, all)
		got := map[string]string{}
		for key, n := range counts {
			got[key] = fmt.Sprint(n)
		}
		if !maps.Equal(got, wantInstances) {
			t.Errorf("%s: the instances are %v, want %v", what, got, wantInstances)
		}
		if got := w.targets(t); !maps.Equal(got, wantTargets) {
			t.Errorf("%s: the targets are %v, want %v", what, got, wantTargets)
		}
	}
	before := map[string]string{"ng1 RUNNING": "3", "ng2 RUNNING": "2"}
	check("at first", before, map[string]string{"gke-demo-ng1": "3 true", "gke-demo-ng2": "2 true"})

	release := w.HoldLists("instances.aggregatedList")
	wiretest.OK(size("ng1", 1)(t.Context(), w.gke))(t)
	check("shrinking", before, map[string]string{"gke-demo-ng1": "1 false", "gke-demo-ng2": "2 true"})
	w.pass()
	after := map[string]string{"gke-demo-ng1": "1 true", "gke-demo-ng2": "2 true"}
	check("late", before, after)
	if counts, pages := w.everyInstance(t, "labels.goog-k8s-node-pool-name=ng2"); pages != 1 || counts["ng2 RUNNING"] != 2 || len(counts) != 1 {
		t.Errorf("of one pool there are %v in %d pages", counts, pages)
	}
	release()
	check("released", map[string]string{"ng1 RUNNING": "1", "ng2 RUNNING": "2"}, after)

	release = w.HoldLists()
	wiretest.OK(size("ng2", 4)(t.Context(), w.gke))(t)
	w.pass()
	check("both late", map[string]string{"ng1 RUNNING": "1", "ng2 RUNNING": "2"}, after)
	release()
	check("both released", map[string]string{"ng1 RUNNING": "1", "ng2 RUNNING": "4"}, map[string]string{"gke-demo-ng1": "1 true", "gke-demo-ng2": "4 true"})
}

// TestServer_LoseZones: a zone that lists cannot reach is named, and its instances can be
// had from their group.
func TestServer_LoseZones(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	two := seedOf("demo", zoneA, group("ng1", 4))
	two.Zones = []string{zoneA, zoneB}
	w.put(t, two)
	back := w.LoseZones(zoneB)
	list := w.compute.Instances.AggregatedList(DefaultProject)
	var api *googleapi.Error
	if _, err := list.Context(t.Context()).Do(); !errors.As(err, &api) || api.Code != http.StatusServiceUnavailable {
		t.Errorf("the whole list: %v", err)
	}
	out := wiretest.OK(list.Context(t.Context()).Do(partial))(t)
	scope := out.Items["zones/"+zoneB]
	if !slices.Equal(out.Unreachables, []string{"projects/pmks-sim/zones/" + zoneB}) || scope.Warning == nil || scope.Warning.Code != "UNREACHABLE" || len(scope.Instances) != 0 {
		t.Errorf("unreachable are %v, the scope is %+v", out.Unreachables, scope)
	}
	if n := len(out.Items["zones/"+zoneA].Instances); n != 2 {
		t.Errorf("%d instances in the other zone", n)
	}
	c := w.get(t, "demo") // GKE reaches it
	if groups := groupsOf(t, c.GetNodePools()[0]); len(groups) != 2 || len(managedNames(t, w.compute, groups[1])) != 2 {
		t.Errorf("the groups are %v", groups)
	}
	back()
	back()
	if out := wiretest.OK(list.Context(t.Context()).Do())(t); len(out.Unreachables) != 0 || len(out.Items["zones/"+zoneB].Instances) != 2 {
		t.Errorf("back again, unreachable are %v", out.Unreachables)
	}
}

// TestServer_aggregatedLimits: the lists over all zones share a quota of their own, take
// up to 500 in a page, and no parameter that the method has not.
func TestServer_aggregatedLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Buckets = []simkit.Bucket{{Service: "compute", Ops: []string{classHeavy}, Burst: 4, Window: time.Minute}}
	})
	w.put(t, seedOf("demo", zoneA, group("ng1", 501)))
	list := w.compute.Instances.AggregatedList(DefaultProject)
	code := func(err error) string {
		var api *googleapi.Error
		if err == nil {
			return "200"
		}
		if !errors.As(err, &api) || len(api.Errors) == 0 {
			return err.Error()
		}
		return fmt.Sprint(api.Code, " ", api.Errors[0].Reason)
	}
	first := wiretest.OK(list.MaxResults(500).Context(t.Context()).Do())(t)
	second := wiretest.OK(list.PageToken(first.NextPageToken).Context(t.Context()).Do())(t)
	if a, b := len(first.Items["zones/"+zoneA].Instances), len(second.Items["zones/"+zoneA].Instances); a != 500 || b != 1 || second.NextPageToken != "" {
		t.Errorf("the pages have %d and %d instances", a, b)
	}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"size":  {wiretest.Err(w.compute.Instances.AggregatedList(DefaultProject).MaxResults(501).Context(t.Context()).Do()), "400 invalid"},
		"token": {wiretest.Err(w.compute.Instances.AggregatedList(DefaultProject).PageToken("x").Context(t.Context()).Do()), "400 invalid"},
		"order": {wiretest.Err(w.compute.Instances.AggregatedList(DefaultProject).OrderBy("name").Context(t.Context()).Do()), "501 notImplemented"},
	} {
		if got := code(tt.err); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if status, body := w.send(t, http.MethodGet, simURL+computeRoot+"projects/pmks-sim/aggregated/instances?zone=a", ""); status != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d %s", status, body)
	}
	managers := w.compute.InstanceGroupManagers.AggregatedList(DefaultProject)
	if got := code(wiretest.Err(managers.Context(t.Context()).Do())); got != "403 rateLimitExceeded" {
		t.Errorf("beyond the quota: %s", got)
	}
	w.clock.Add(time.Minute)
	if got := code(wiretest.Err(managers.Context(t.Context()).Do())); got != "200" {
		t.Errorf("in the next minute: %s", got)
	}
	allow := w.Deny("compute.instances.list")
	if got := code(wiretest.Err(list.Context(t.Context()).Do())); got != "403 forbidden" {
		t.Errorf("without the permission: %s", got)
	}
	if got := code(wiretest.Err(managers.Context(t.Context()).Do())); got != "200" {
		t.Errorf("the other list: %s", got)
	}
	allow()
}
