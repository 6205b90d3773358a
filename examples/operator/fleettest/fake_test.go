// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"errors"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/controller"
	"github.com/pmks-go/pmks/examples/operator/internal/objects"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/simtest"
)

// fakes are accounts of package fake with the profiles of the seven clouds: their rules,
// quotas, words and durations. They are in the process of the test, and so are the
// replicas of the operator that use them.
type fakes struct {
	accounts map[string][]*fake.Handler
	requests map[string]pmks.ClusterInfo
}

// startFakes makes as many accounts of each cloud as the fleet needs. Requests take a
// moment, as over a network.
func startFakes(t *testing.T, speed float64, size int) *fakes {
	t.Helper()
	f := &fakes{accounts: map[string][]*fake.Handler{}, requests: map[string]pmks.ClusterInfo{}}
	for _, cloud := range simtest.Clouds() {
		request, err := requests.Load(cloud)
		if err != nil {
			t.Fatal(err)
		}
		request.NodeGroupList = request.NodeGroupList[:1]
		f.requests[cloud] = request
	}
	for i := range size {
		cloud, account := place(i)
		if account < len(f.accounts[cloud]) {
			continue
		}
		f.accounts[cloud] = append(f.accounts[cloud], fake.New(fake.WithProfile(cloud), fake.WithSpeed(speed), fake.WithSeed(uint64(account)), fake.WithLatency(20*time.Millisecond)))
	}
	return f
}

func (*fakes) place(i int) (cloud string, account int) { return place(i) }

func (f *fakes) wanted(i int) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup) {
	cloud, account := place(i)
	request := f.requests[cloud]
	request.IId.NameId = clusterName(cloud, i)
	return objects.Of(namespace, connection(cloud, account), request)
}

func (f *fakes) has(t *testing.T, i int) bool {
	t.Helper()
	cloud, account := place(i)
	_, err := f.accounts[cloud][account].ReadState(t.Context(), pmks.IID{NameId: clusterName(cloud, i)}, pmks.IID{})
	if err != nil && !errors.Is(err, pmks.ErrNotFound) {
		t.Error(err)
	}
	return err == nil
}

// disturb makes calls go wrong on the first account of each cloud: answers and requests that
// are lost, clouds that are asked too much, requests that take long.
func (f *fakes) disturb() {
	for _, accounts := range f.accounts {
		for _, fault := range []fake.Fault{
			{Op: "CreateCluster", After: 1, Kind: fake.LoseReply},
			{Op: "CreateCluster", Times: 3, Kind: fake.Throttle, RetryAfter: 3 * time.Second},
			{Op: "CreateCluster", After: 2, Kind: fake.Refuse, Code: pmks.CodeUnavailable},
			{Op: "CreateCluster", After: 6, Kind: fake.LoseRequest},
			{Op: "AddNodeGroup", After: 1, Times: 2, Kind: fake.LoseReply},
			{Op: "GetCluster", Times: 50, Kind: fake.Delay, Delay: time.Second},
		} {
			accounts[0].Inject(fault)
		}
	}
}

// connections are those of a replica.
func (f *fakes) connections() *controller.Connections {
	c := controller.NewConnections(nil, controller.Observe)
	for cloud, accounts := range f.accounts {
		for i, h := range accounts {
			c.Add(connection(cloud, i), h)
		}
	}
	return c
}

// made counts the requests of an operation that took effect on a cloud, whether or not
// the answer arrived, and names what was made twice.
func (f *fakes) made(cloud, op string) (n int, twice []string) {
	seen := map[string]bool{}
	for _, h := range f.accounts[cloud] {
		for _, call := range h.Calls() {
			if call.Op != op || !call.Applied {
				continue
			}
			n++
			// No two clusters of the fleet share a name or an id.
			name := call.Cluster + "/" + call.NodeGroup
			if seen[name] {
				twice = append(twice, name)
			}
			seen[name] = true
		}
	}
	return n, twice
}

// calls are how many requests a cloud had, how many of them took effect although no answer
// arrived, and how many were answered with an error or did not arrive.
func (f *fakes) calls(cloud string) (n, lost, failed int) {
	for _, h := range f.accounts[cloud] {
		for _, call := range h.Calls() {
			n++
			switch {
			case call.Code == pmks.CodeOK:
			case call.Applied:
				lost++
			default:
				failed++
			}
		}
	}
	return n, lost, failed
}

// TestFleetFake: what TestFleet shows, with package fake in place of the simulated clouds,
// and so with the operator's controllers in the process of the test, twice: the same
// connections, rights and leader election. Killed is a replica in that nothing of what it
// asks Kubernetes for reaches that, or comes back, from then on, and its lease stays.
func TestFleetFake(t *testing.T) {
	k := startKubernetes(t)
	size, speed, limit := sizes(t)
	f := startFakes(t, speed, size)
	f.disturb()
	k.apply(t, "../config/crd/*.yaml")
	k.apply(t, "../config/operator.yaml")
	c := &crew{start: func() *embedded { return embed(t, k, f.connections()) }}
	c.replicas = []*embedded{c.start(), c.start()}
	c.leading(t)

	begun := time.Now()
	perCloud := k.ask(t, f, size)
	asked := time.Since(begun)
	killed, tookOver := time.Duration(0), time.Duration(0)
	k.untilReady(t, size, limit, c.keep, func() {
		leader := c.leading(t)
		killed = time.Since(begun)
		leader.kill()
		c.leading(t)
		tookOver = time.Since(begun) - killed
	})
	all := time.Since(begun)

	doubles := 0
	for _, cloud := range simtest.Clouds() {
		n := perCloud[cloud]
		for op, want := range map[string]int{"CreateCluster": n, "AddNodeGroup": later(cloud, n), "DeleteCluster": 0, "RemoveNodeGroup": 0} {
			if is, twice := f.made(cloud, op); is != want || len(twice) > 0 {
				t.Errorf("%s: %d requests of %s took effect, want %d; twice: %q", cloud, is, op, want, twice)
				doubles += len(twice)
			}
		}
		requests, lost, failed := f.calls(cloud)
		t.Logf("%-8s %4d clusters on %2d accounts in %6d requests, %5.1f each; %d answers were lost, %d were errors",
			cloud, n, len(f.accounts[cloud]), requests, float64(requests)/float64(n), lost, failed)
		if n > 1 && lost == 0 {
			t.Errorf("%s lost no answer", cloud)
		}
	}
	t.Logf("made twice: %d", doubles)
	t.Logf("%d clusters with a node group each, fakes %gx: asked for in %v, all Ready after %v; the leader was killed after %v, the other one worked after %v more",
		size, speed, asked.Round(time.Second), all.Round(time.Second), killed.Round(time.Second), tookOver.Round(time.Second))

	k.deleteSome(t, f, size, limit, c.keep)
}
