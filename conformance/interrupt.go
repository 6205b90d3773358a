// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

var interruptionChecks = []check{
	{"jobs/provision-interrupted-after-every-call", func(t T, c *Cloud) { interrupted(t, c, provisioning) }},
	{"jobs/upgrade-interrupted-after-every-call", func(t T, c *Cloud) { interrupted(t, c, upgradingTo(c.twoHops(t))) }},
	{"jobs/teardown-interrupted-after-every-call", func(t T, c *Cloud) { interrupted(t, c, tearingDown) }},
}

// job is a whole job under test.
type job struct {
	name string
	// prepare makes what the job starts from.
	prepare func(t T, c *Cloud, name string)
	run     func(ctx context.Context, c *Cloud, h pmks.ClusterHandler, name string) error
}

var provisioning = job{
	name:    "Provision",
	prepare: func(T, *Cloud, string) {},
	run: func(ctx context.Context, c *Cloud, h pmks.ClusterHandler, name string) error {
		_, err := pmks.Provision(ctx, h, c.twoGroups(name), c.Wait...)
		return err
	},
}

func upgradingTo(target string) job {
	return job{
		name: "Upgrade",
		prepare: func(t T, c *Cloud, name string) {
			t.Helper()
			c.oldest(t, name)
		},
		run: func(ctx context.Context, c *Cloud, h pmks.ClusterHandler, name string) error {
			_, err := pmks.Upgrade(ctx, h, pmks.IID{NameId: name}, target, c.Wait...)
			return err
		},
	}
}

// twoHops is a version that takes two hops from the oldest one, if there are two:
// a third adds nothing but time.
func (c *Cloud) twoHops(t T) string {
	t.Helper()
	offered := c.offered(t)
	newest, at := offered[len(offered)-1], offered[0]
	for range 2 {
		next, err := kver.Next(at, newest, offered, c.caps(t).Versions.LargestStep)
		if err != nil || next == "" {
			break
		}
		at = next
	}
	return at
}

var tearingDown = job{
	name: "Teardown",
	prepare: func(t T, c *Cloud, name string) {
		t.Helper()
		c.upWith(t, c.twoGroups(name))
	},
	run: func(ctx context.Context, c *Cloud, h pmks.ClusterHandler, name string) error {
		return pmks.Teardown(ctx, h, pmks.IID{NameId: name}, c.Wait...)
	},
}

// twoGroups is a request with two node groups.
func (c *Cloud) twoGroups(name string) pmks.ClusterInfo {
	req := c.ClusterRequest(name)
	req.NodeGroupList = append(req.NodeGroupList, c.NodeGroupRequest("extra"))
	return req
}

// interrupted runs a job undisturbed, then interrupts a fresh one after its first
// call, its second, and so on until one ends before that. Each is run again with
// the same request, by another handler where the harness has one, and must end as
// the undisturbed one did, having changed exactly as much.
func interrupted(t T, c *Cloud, j job) {
	t.Helper()
	straight := c.interruptedOnce(t, j, 0, nil)
	for _, way := range []string{"fails", "cancels"} {
		const most = 100
		for n := 1; ; n += max(1, c.Stride) {
			s := &stopper{left: n, cancels: way == "cancels"}
			got := c.interruptedOnce(t, j, n, s)
			if !s.stopped {
				if n == 1 {
					t.Errorf("%s makes no calls", j.name)
				}
				break
			}
			if !reflect.DeepEqual(got, straight) {
				t.Errorf("%s, after call %d (%s) %s, then run again, ends differently\nundisturbed\t%+v\ninterrupted\t%+v",
					j.name, n, s.last, way, straight, got)
			}
			if n >= most {
				t.Fatalf("%s is not over after %d calls", j.name, most)
			}
		}
	}
}

// outcome is what is left of a job, without what differs from cluster to cluster.
type outcome struct {
	clusters  int
	version   string
	status    pmks.ClusterStatus
	tags      []pmks.KeyValue
	groups    []string
	mutations int
}

// interruptedOnce prepares a cluster and runs a job on it. A stopper interrupts
// the first run; the job is then run again. The cluster is removed in the end.
func (c *Cloud) interruptedOnce(t T, j job, n int, s *stopper) outcome {
	t.Helper()
	name := "straight"
	if s != nil {
		name = fmt.Sprintf("stop-%d-%t", n, s.cancels)
	}
	j.prepare(t, c, name)
	before := 0
	if c.Mutations != nil {
		before = c.Mutations()
	}
	if s != nil {
		ctx, cancel := context.WithCancel(t.Context())
		s.Client, s.cancel = pmks.New(c.Handler), cancel
		err := j.run(ctx, c, s, name)
		cancel()
		if s.stopped && err == nil && !s.cancels {
			t.Errorf("%s was interrupted after call %d (%s) and reports success", j.name, n, s.last)
		}
	}
	h := c.Handler
	if c.Reopen != nil {
		h = c.Reopen()
	}
	if err := j.run(t.Context(), c, h, name); err != nil {
		t.Fatalf("%s, run again after it was interrupted after call %d: %v", j.name, n, err)
	}
	var o outcome
	if c.Mutations != nil {
		o.mutations = c.Mutations() - before
	}
	if o.clusters = c.count(t, name); o.clusters == 0 {
		return o
	}
	info := c.get(t, pmks.IID{NameId: name})
	o.version, o.status, o.tags = info.Version, info.Status, info.TagList
	for _, g := range info.NodeGroupList {
		o.groups = append(o.groups, fmt.Sprintf("%s %s %s auto=%t %d<=%d<=%d nodes=%d", g.IId.NameId, g.Status, g.Version,
			g.OnAutoScaling, g.MinNodeSize, g.DesiredNodeSize, g.MaxNodeSize, len(g.Nodes)))
	}
	if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("Teardown: %v", err)
	}
	return o
}

// stopper lets a number of calls through. The last one reaches the cloud, and then
// the caller's credentials end, or its context does: what was sent stays sent. A
// wait's reads count as one call: they differ in nothing but the time.
type stopper struct {
	*pmks.Client
	left    int
	cancels bool
	cancel  context.CancelFunc
	last    string
	stopped bool
}

// do makes a call unless the end has come.
func (s *stopper) do(op string, call func() error) error {
	over := &pmks.Error{Code: pmks.CodePermissionDenied, Message: "interrupted by the suite"}
	if s.stopped && !s.cancels {
		return over
	}
	err := call()
	if s.stopped || op == s.last && strings.HasPrefix(op, "Get") {
		return err
	}
	s.last = op
	if s.left--; s.left > 0 {
		return err
	}
	s.stopped = true
	if s.cancels {
		s.cancel()
		return err
	}
	return over
}

func (s *stopper) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (info pmks.ClusterInfo, err error) {
	err = s.do("CreateCluster", func() (err error) { info, err = s.Client.CreateCluster(ctx, req); return err })
	return info, err
}

func (s *stopper) ListCluster(ctx context.Context) (list []*pmks.ClusterInfo, err error) {
	err = s.do("ListCluster", func() (err error) { list, err = s.Client.ListCluster(ctx); return err })
	return list, err
}

func (s *stopper) GetCluster(ctx context.Context, iid pmks.IID) (info pmks.ClusterInfo, err error) {
	err = s.do("GetCluster", func() (err error) { info, err = s.Client.GetCluster(ctx, iid); return err })
	return info, err
}

func (s *stopper) DeleteCluster(ctx context.Context, iid pmks.IID) (ok bool, err error) {
	err = s.do("DeleteCluster", func() (err error) { ok, err = s.Client.DeleteCluster(ctx, iid); return err })
	return ok && err == nil, err
}

func (s *stopper) AddNodeGroup(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (g pmks.NodeGroupInfo, err error) {
	err = s.do("AddNodeGroup", func() (err error) { g, err = s.Client.AddNodeGroup(ctx, iid, req); return err })
	return g, err
}

func (s *stopper) SetNodeGroupAutoScaling(ctx context.Context, cluster, group pmks.IID, on bool) (ok bool, err error) {
	err = s.do("SetNodeGroupAutoScaling", func() (err error) {
		ok, err = s.Client.SetNodeGroupAutoScaling(ctx, cluster, group, on)
		return err
	})
	return ok && err == nil, err
}

func (s *stopper) ChangeNodeGroupScaling(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (g pmks.NodeGroupInfo, err error) {
	err = s.do("ChangeNodeGroupScaling", func() (err error) {
		g, err = s.Client.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		return err
	})
	return g, err
}

func (s *stopper) RemoveNodeGroup(ctx context.Context, cluster, group pmks.IID) (ok bool, err error) {
	err = s.do("RemoveNodeGroup", func() (err error) { ok, err = s.Client.RemoveNodeGroup(ctx, cluster, group); return err })
	return ok && err == nil, err
}

func (s *stopper) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (info pmks.ClusterInfo, err error) {
	err = s.do("UpgradeCluster", func() (err error) { info, err = s.Client.UpgradeCluster(ctx, iid, version); return err })
	return info, err
}

func (s *stopper) ListIID(ctx context.Context) (list []*pmks.IID, err error) {
	err = s.do("ListIID", func() (err error) { list, err = s.Client.ListIID(ctx); return err })
	return list, err
}

func (s *stopper) ListVersions(ctx context.Context) (list []pmks.Version, err error) {
	err = s.do("ListVersions", func() (err error) { list, err = s.Client.ListVersions(ctx); return err })
	return list, err
}

func (s *stopper) OpenAccess(ctx context.Context, iid pmks.IID) error {
	return s.do("OpenAccess", func() error { return s.Client.OpenAccess(ctx, iid) })
}
