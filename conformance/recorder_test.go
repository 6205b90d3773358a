// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// mutant is a handler that breaks one rule, and the subtest that guards the rule.
type mutant struct {
	name  string
	guard string
	// profile is "neutral" unless given.
	profile string
	wrap    func(correct) pmks.ClusterHandler
}

// correct is a right handler; mutants embed it and spoil one method.
type correct struct {
	*pmks.Client
	fake *fake.Handler
	// sample is a request that the handler takes.
	sample pmks.ClusterInfo
}

// wrong spoils methods of a right handler.
type wrong struct {
	correct
	create  func(context.Context, pmks.ClusterInfo) (pmks.ClusterInfo, error)
	list    func(context.Context) ([]*pmks.ClusterInfo, error)
	get     func(context.Context, pmks.IID) (pmks.ClusterInfo, error)
	del     func(context.Context, pmks.IID) (bool, error)
	add     func(context.Context, pmks.IID, pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error)
	auto    func(context.Context, pmks.IID, pmks.IID, bool) (bool, error)
	scale   func(context.Context, pmks.IID, pmks.IID, int, int, int) (pmks.NodeGroupInfo, error)
	remove  func(context.Context, pmks.IID, pmks.IID) (bool, error)
	upgrade func(context.Context, pmks.IID, string) (pmks.ClusterInfo, error)
	token   func(context.Context, pmks.IID) (pmks.Token, error)

	caps     func() pmks.Capabilities
	versions func(context.Context) ([]pmks.Version, error)
	check    func(context.Context, pmks.ClusterInfo) error
	access   func(ctx context.Context, iid pmks.IID, open bool) error
	tags     func(context.Context, pmks.IID, []pmks.KeyValue) error
	group    func(ctx context.Context, cluster, group pmks.IID) (pmks.NodeGroupInfo, error)
	stream   func(context.Context) iter.Seq2[pmks.ClusterInfo, error]
}

func (w wrong) SetTags(ctx context.Context, iid pmks.IID, tags []pmks.KeyValue) error {
	if w.tags != nil {
		return w.tags(ctx, iid, tags)
	}
	return w.Client.SetTags(ctx, iid, tags)
}

func (w wrong) GetNodeGroup(ctx context.Context, cluster, group pmks.IID) (pmks.NodeGroupInfo, error) {
	if w.group != nil {
		return w.group(ctx, cluster, group)
	}
	return w.Client.GetNodeGroup(ctx, cluster, group)
}

func (w wrong) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	if w.stream != nil {
		return w.stream(ctx)
	}
	return w.Client.Clusters(ctx)
}

func (w wrong) Capabilities() pmks.Capabilities {
	if w.caps != nil {
		return w.caps()
	}
	return w.Client.Capabilities()
}

func (w wrong) ListVersions(ctx context.Context) ([]pmks.Version, error) {
	if w.versions != nil {
		return w.versions(ctx)
	}
	return w.Client.ListVersions(ctx)
}

func (w wrong) CheckCluster(ctx context.Context, req pmks.ClusterInfo) error {
	if w.check != nil {
		return w.check(ctx, req)
	}
	return w.Client.CheckCluster(ctx, req)
}

func (w wrong) OpenAccess(ctx context.Context, iid pmks.IID) error {
	if w.access != nil {
		return w.access(ctx, iid, true)
	}
	return w.Client.OpenAccess(ctx, iid)
}

func (w wrong) CloseAccess(ctx context.Context, iid pmks.IID) error {
	if w.access != nil {
		return w.access(ctx, iid, false)
	}
	return w.Client.CloseAccess(ctx, iid)
}

func (w wrong) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	if w.create != nil {
		return w.create(ctx, req)
	}
	return w.Client.CreateCluster(ctx, req)
}

func (w wrong) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	if w.list != nil {
		return w.list(ctx)
	}
	return w.Client.ListCluster(ctx)
}

func (w wrong) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	if w.get != nil {
		return w.get(ctx, iid)
	}
	return w.Client.GetCluster(ctx, iid)
}

func (w wrong) DeleteCluster(ctx context.Context, iid pmks.IID) (bool, error) {
	if w.del != nil {
		return w.del(ctx, iid)
	}
	return w.Client.DeleteCluster(ctx, iid)
}

func (w wrong) AddNodeGroup(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	if w.add != nil {
		return w.add(ctx, iid, req)
	}
	return w.Client.AddNodeGroup(ctx, iid, req)
}

func (w wrong) SetNodeGroupAutoScaling(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
	if w.auto != nil {
		return w.auto(ctx, cluster, group, on)
	}
	return w.Client.SetNodeGroupAutoScaling(ctx, cluster, group, on)
}

func (w wrong) ChangeNodeGroupScaling(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
	if w.scale != nil {
		return w.scale(ctx, cluster, group, desired, minSize, maxSize)
	}
	return w.Client.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
}

func (w wrong) RemoveNodeGroup(ctx context.Context, cluster, group pmks.IID) (bool, error) {
	if w.remove != nil {
		return w.remove(ctx, cluster, group)
	}
	return w.Client.RemoveNodeGroup(ctx, cluster, group)
}

func (w wrong) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
	if w.upgrade != nil {
		return w.upgrade(ctx, iid, version)
	}
	return w.Client.UpgradeCluster(ctx, iid, version)
}

func (w wrong) GenerateClusterToken(ctx context.Context, iid pmks.IID) (pmks.Token, error) {
	if w.token != nil {
		return w.token(ctx, iid)
	}
	return w.Client.GenerateClusterToken(ctx, iid)
}

// ReadState is that of the right handler, unless what it is taken from is spoiled:
// then there is no such look, and the whole cluster is read.
func (w wrong) ReadState(ctx context.Context, cluster, group pmks.IID) (pmks.State, error) {
	if w.get != nil {
		return pmks.State{}, &pmks.Error{Code: pmks.CodeUnsupported}
	}
	return w.Client.ReadState(ctx, cluster, group)
}

// LastOperation is missing where reads are spoiled, for the same reason.
func (w wrong) LastOperation(ctx context.Context, cluster, group pmks.IID) (pmks.Operation, error) {
	if w.get != nil {
		return pmks.Operation{}, &pmks.Error{Code: pmks.CodeUnsupported}
	}
	return w.Client.LastOperation(ctx, cluster, group)
}

// allMutants are the mutants of all files.
func allMutants() []mutant {
	return slices.Concat(mutants, stateMutants, workMutants, ruleMutants, beyondMutants)
}

// reads makes a mutant that changes what GetCluster shows.
func reads(change func(*pmks.ClusterInfo)) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			change(&info)
			return info, err
		}}
	}
}

const secretKey = "s3cr3t-k3y-of-the-harness"

// TestMutants proves that the suite can fail: each mutant is caught by the subtest
// that guards its rule, which the right handler passes.
func TestMutants(t *testing.T) {
	t.Parallel()
	for _, m := range allMutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			right := record(t, m, func(c correct) pmks.ClusterHandler { return c })
			if right.failed() || right.skipped != "" {
				t.Errorf("the right handler fails %s: %v %s", m.guard, right.faults, right.skipped)
			}
			if got := record(t, m, m.wrap); !got.failed() {
				t.Errorf("%s does not notice", m.guard)
			}
		})
	}
}

// TestMutants_Complete: there is no subtest that cannot fail.
func TestMutants_Complete(t *testing.T) {
	t.Parallel()
	names := conformance.Names()
	guarded := map[string]bool{}
	for _, m := range allMutants() {
		guarded[m.guard] = true
		if !slices.Contains(names, m.guard) {
			t.Errorf("%s: there is no subtest %s", m.name, m.guard)
		}
	}
	for _, name := range names {
		if !guarded[name] {
			t.Errorf("no mutant shows that %s can fail", name)
		}
	}
}

// TestNames_Unique keeps the names of the subtests usable with -run.
func TestNames_Unique(t *testing.T) {
	t.Parallel()
	names := conformance.Names()
	slices.Sort(names)
	if n := len(slices.Compact(slices.Clone(names))); n != len(names) {
		t.Errorf("%d names for %d subtests", n, len(names))
	}
}

// recorder is a T that notes failures instead of failing.
type recorder struct {
	ctx     context.Context
	faults  []string
	skipped string
}

func (r *recorder) failed() bool             { return len(r.faults) > 0 }
func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(string, ...any)      {}
func (r *recorder) Errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// record runs the guard of a mutant against a handler in a bubble of its own.
func record(t *testing.T, m mutant, wrap func(correct) pmks.ClusterHandler) *recorder {
	t.Helper()
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		r.ctx = t.Context()
		done := make(chan struct{})
		go func() {
			defer close(done)
			conformance.RunOne(r, m.guard, mutantCloud(m, wrap))
		}()
		<-done
	})
	return r
}

func mutantCloud(m mutant, wrap func(correct) pmks.ClusterHandler) *conformance.Cloud {
	name := m.profile
	if name == "" {
		name = "neutral"
	}
	p, _ := profile.Get(name)
	sample := p.SampleRequest("any")
	h := fake.New(fake.WithProfile(p.Name), fake.WithLimits(fake.Limits{}), fake.WithInventory(inventory(p, sample)))
	return &conformance.Cloud{
		Handler:          wrap(correct{pmks.New(h), h, sample}),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Zones:            p.Clone().Zones,
		Wait:             []pmks.WaitOption{pmks.WithMaxWait(6 * time.Hour)},
		Secrets:          []string{secretKey},
		Inject: func(f conformance.Fault) func() {
			kinds := map[conformance.FaultKind]fake.Fault{
				conformance.Throttle:      {Kind: fake.Throttle, RetryAfter: 7 * time.Second},
				conformance.LoseRequest:   {Kind: fake.LoseRequest},
				conformance.LoseReply:     {Kind: fake.LoseReply},
				conformance.Delay:         {Kind: fake.Delay, Delay: 10 * time.Second},
				conformance.Unavailable:   {Kind: fake.Refuse, Code: pmks.CodeUnavailable},
				conformance.FailLater:     {Kind: fake.FailLater, Reason: "Simulated: " + conformance.Reason},
				conformance.Hang:          {Kind: fake.Delay, Delay: 1000 * time.Hour},
				conformance.RefuseUnknown: {Kind: fake.Refuse, Code: pmks.CodeInvalidArgument},
			}
			fault := kinds[f.Kind]
			fault.Op, fault.Cluster, fault.Times = f.Op, f.Cluster, f.Times
			return h.Inject(fault)
		},
		Mutations: func() int {
			n := 0
			for _, call := range h.Calls() {
				if call.Applied {
					n++
				}
			}
			return n
		},
		Sent: func(op string) int {
			n := 0
			for _, call := range h.Calls() {
				if call.Mutation && call.Op == op {
					n++
				}
			}
			return n
		},
		Put:          func(name string) error { return h.Put(fake.Cluster{Name: name}) },
		PutElsewhere: func(name string) error { return h.Put(fake.Cluster{Name: name}) },
		ForeignIDs: func(cluster, group pmks.IID) []string {
			id := cmp.Or(group.SystemId, cluster.SystemId)
			return []string{strings.Replace(id, "/subscriptions/0", "/subscriptions/1", 1)}
		},
		Unreadable: func(fact conformance.Fact, cluster, group pmks.IID, code pmks.Code) (func(), error) {
			return h.Hide(fake.Unread{Fact: fake.Fact(fact), Cluster: cluster.NameId, NodeGroup: group.NameId, Code: code}), nil
		},
		Attach:     func(cluster pmks.IID) error { return h.Protect(cluster, true) },
		ReasonCode: "Simulated",
		Break: func(cluster, group pmks.IID, s conformance.State) error {
			return h.Break(cluster, group, fake.State(s), "broken by a test")
		},
		Protect: func(cluster pmks.IID) error { return h.Protect(cluster, true) },
		Unknown: func(string) (pmks.IID, bool) { return nowhere, true },
	}
}

// nowhere is a reference to nothing.
var nowhere = pmks.IID{NameId: "nowhere", SystemId: "nowhere-1"}

// inventory holds what the sample request refers to.
func inventory(p *profile.Profile, sample pmks.ClusterInfo) fake.Inventory {
	inv := fake.Inventory{
		VPCs:           []pmks.IID{sample.Network.VpcIID},
		SecurityGroups: sample.Network.SecurityGroupIIDs,
		KeyPairs:       []pmks.IID{sample.NodeGroupList[0].KeyPairIID},
	}
	for i, subnet := range sample.Network.SubnetIIDs {
		inv.Subnets = append(inv.Subnets, fake.Subnet{IID: subnet, VPC: sample.Network.VpcIID.SystemId, Zone: p.Zones[i%len(p.Zones)]})
	}
	return inv
}

// TestRunOne_Hurried: a harness in real time is not asked about what is under way.
func TestRunOne_Hurried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := mutantCloud(mutant{}, func(c correct) pmks.ClusterHandler { return c })
		cloud.Hurried = true
		r := &recorder{ctx: t.Context()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conformance.RunOne(r, "states/updating", cloud)
		}()
		<-done
		if r.skipped == "" || r.failed() {
			t.Errorf("not skipped: %v", r.faults)
		}
	})
}
