// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_labels: a set replaces the custom labels and leaves those of the service.
func TestServer_labels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	w.post(t, "/v2/setWorkerPoolLabels", m{"cluster": id, "workerpool": "ng1", "labels": m{"a": "b"}}).want(t, 204)
	p := w.pools(t, id)[0]
	if want := map[string]string{"a": "b", ownLabels + "worker-pool-id": p.ID}; !maps.Equal(p.Labels, want) {
		t.Errorf("got %v, want %v", p.Labels, want)
	}
	w.post(t, "/v2/setWorkerPoolLabels", m{"cluster": id, "workerpool": "ng1", "labels": m{}}).want(t, 204)
	if p := w.pools(t, id)[0]; len(p.Labels) != 1 {
		t.Errorf("after all were taken away: %v", p.Labels)
	}
}

// TestServer_taints: a set replaces them, an empty one takes all away, and a size says
// nothing of them.
func TestServer_taints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	set := func(taints m) {
		w.post(t, "/v2/setWorkerPoolTaints", m{"cluster": id, "workerpool": "ng1", "taints": taints}).want(t, 204)
	}
	set(m{"a": "b:NoSchedule", "c": ":NoExecute"})
	set(m{"a": "x:PreferNoSchedule"})
	w.post(t, "/v2/resizeWorkerPool", m{"cluster": id, "workerpool": "ng1", "size": 3}).want(t, 202)
	if got := w.pools(t, id)[0].Taints; !maps.Equal(got, map[string]string{"a": "x:PreferNoSchedule"}) {
		t.Errorf("got %v", got)
	}
	if set(m{}); w.pools(t, id)[0].Taints != nil {
		t.Errorf("after all were taken away: %v", w.pools(t, id)[0].Taints)
	}
}

// TestServer_zones: a pool is taken into a zone with as many workers as in the others,
// and out of one with all that are there.
func TestServer_zones(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	w.post(t, "/v2/vpc/createWorkerPoolZone", m{"cluster": id, "workerpool": "ng1", "id": w.subnet(1).Zone, "subnetID": w.subnet(1).ID}).want(t, 201)
	if p := w.pools(t, id)[0]; len(p.Zones) != 2 || p.WorkerCount != 2 || p.Zones[1].Subnets[0].ID != w.subnet(1).ID {
		t.Errorf("the pool is %+v", p)
	}
	w.finish()
	zones := func() (out []string) {
		for _, o := range w.workers(t, id) {
			out = append(out, o.Location+" "+o.Lifecycle.ActualState)
		}
		return slices.Sorted(slices.Values(out))
	}
	if got := strings.Join(zones(), ", "); got != "us-south-1 deployed, us-south-1 deployed, us-south-2 deployed, us-south-2 deployed" {
		t.Errorf("workers in %s", got)
	}
	if c := w.cluster(t, id); c.WorkerCount != 4 || len(c.WorkerZones) != 2 {
		t.Errorf("the cluster has %d workers in %v", c.WorkerCount, c.WorkerZones)
	}
	w.post(t, "/v2/removeWorkerPoolZone", m{"cluster": id, "workerpool": "ng1", "zone": "us-south-1"}).want(t, 204)
	if got := strings.Join(zones(), ", "); got != "us-south-1 deleting, us-south-1 deleting, us-south-2 deployed, us-south-2 deployed" {
		t.Errorf("workers in %s", got)
	}
	w.finish()
	if p := w.pools(t, id)[0]; len(p.Zones) != 1 || p.Zones[0].ID != "us-south-2" || len(w.workers(t, id)) != 2 {
		t.Errorf("the pool is %+v", p)
	}
}

// TestServer_endpoint: the public endpoint goes with the refresh of the master, and the
// private one stays.
func TestServer_endpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	look := func() string {
		c := w.cluster(t, id)
		of := c.ServiceEndpoints
		if !of.PrivateEnabled || of.PrivateURL == "" || of.PublicEnabled != (of.PublicURL != "") {
			t.Errorf("endpoints %+v", of)
		}
		if want := map[bool]string{true: of.PublicURL, false: of.PrivateURL}[of.PublicEnabled]; c.MasterURL != want {
			t.Errorf("the master is at %q, want %q", c.MasterURL, want)
		}
		return c.Lifecycle.MasterState + " " + map[bool]string{true: "public", false: "private"}[of.PublicEnabled]
	}
	w.post(t, "/v2/disablePublicServiceEndpoint", m{"cluster": id}).want(t, 204)
	if got := look(); got != "deployed public" {
		t.Errorf("before the refresh: %s", got)
	}
	w.post(t, "/v2/refreshMaster", m{"cluster": id}).want(t, 204)
	if got := look(); got != "updating public" {
		t.Errorf("while it is refreshed: %s", got)
	}
	if w.finish(); look() != "deployed private" {
		t.Errorf("after the refresh: %s", look())
	}
	w.post(t, "/v2/enablePublicServiceEndpoint", m{"cluster": id}).want(t, 204)
	w.call(t, "PUT", "/v1/clusters/"+id+"/masters", m{"action": "refresh"}).want(t, 204)
	if w.finish(); look() != "deployed public" {
		t.Errorf("after the second refresh: %s", look())
	}
}

// TestServer_tagsLate: the list lags behind, and what is refused is refused under a status
// of success.
func TestServer_tagsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.TagLag = 10 * time.Second })
	crn := w.cluster(t, w.active(t, "demo")).CRN
	change := func(how string, names ...string) tagResult {
		var out tagResults
		w.post(t, tagsHost+"/v3/tags/"+how+"?tag_type=user", m{"tag_names": names, "resources": []m{{"resource_id": crn}}}).into(t, 200, &out)
		return out.Results[0]
	}
	list := func() string {
		var out tagList
		w.get(t, tagsHost+"/v3/tags?tag_type=user&attached_to="+url.QueryEscape(crn)).into(t, 200, &out)
		return strings.Join(mapped(out.Items, func(i tagItem) string { return i.Name }), " ")
	}
	change("attach", "env:test", "team:a")
	w.clock.Add(6 * time.Second)
	change("attach", "team:b")
	change("detach", "env:test")
	for _, want := range []string{"", "env:test team:a", "team:a team:b"} {
		if got := list(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		w.clock.Add(5 * time.Second)
	}
	wiretest.Must(t, w.RefuseTags("demo", "no luck"))
	if got := change("attach", "x"); !got.IsError || got.Message != "no luck" {
		t.Errorf("got %+v", got)
	}
	if w.RefuseTags("none", "") == nil {
		t.Error("there is no such cluster")
	}
}

// TestServer_Put_marks: a ready-made pool has the labels, taints and zones that it is
// given.
func TestServer_Put_marks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := seeded("demo")
	seed.Network.SubnetIIDs = []pmks.IID{{SystemId: w.subnet(0).ID}, {SystemId: w.subnet(1).ID}}
	seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "ng2"}, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
		Labels: map[string]string{"team": "a"}, Taints: []pmks.Taint{{Key: "gpu", Effect: pmks.TaintNoExecute}}, Zones: []string{w.subnet(1).Zone},
	})
	wiretest.Must(t, w.Put(seed))
	plain, marked := w.pools(t, "demo")[0], w.pools(t, "demo")[1]
	if len(plain.Zones) != 2 || plain.Taints != nil || len(plain.Labels) != 1 {
		t.Errorf("the pool without is %+v", plain)
	}
	if len(marked.Zones) != 1 || marked.Zones[0].ID != w.subnet(1).Zone || marked.WorkerCount != 2 || marked.Taints["gpu"] != ":NoExecute" ||
		marked.Labels["team"] != "a" || marked.Labels["pmks.io/max"] != "3" {
		t.Errorf("the pool with is %+v", marked)
	}
}
