// SPDX-License-Identifier: Apache-2.0

// Package conformance is the test suite that a provider of pmks must pass.
//
// A provider's test supplies a [Harness], which opens a fresh, empty cloud for
// each subtest, and calls [Run]:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, conformance.Harness{Bubble: true, Open: open})
//	}
//
// The names of the subtests are stable. A subtest is skipped only when the
// capabilities of the provider, or a lever that the harness does not have, make it
// impossible; the skip names which. What every cloud must do is never skipped.
//
// The suite takes its time from package time and waits with the options of the
// harness, so that it runs in a testing/synctest bubble, and against a server whose
// hours are short.
//
// A check sees a provider through its [pmks.ClusterHandler] and the optional
// interfaces alone. What it does to the cloud behind them, such as losing a reply,
// it asks of the levers of [Cloud]; a provider without any lever is still tested in
// everything that needs none.
package conformance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// T is what a check needs of *testing.T.
type T interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Harness opens clouds for the suite.
type Harness struct {
	// Open makes a fresh cloud without clusters. It is called once for each subtest,
	// inside the bubble if there is one.
	Open func(t T) *Cloud
	// Bubble runs each subtest in a testing/synctest bubble, in virtual time.
	Bubble bool
	// Serial keeps the subtests from running side by side.
	Serial bool
	// Known holds subtests that the provider is known to fail, with the reason. They
	// are skipped, and the summary says so; a provider that is done has none.
	Known map[string]string
}

// Cloud is one cloud under test. The levers may be nil; subtests that need one are
// skipped then, by its name.
type Cloud struct {
	// Handler is what is tested.
	Handler pmks.ClusterHandler
	// ClusterRequest returns a full valid request with one node group, also for
	// Type-I clouds; NodeGroupRequest one for a further group. Both give sizes of
	// desired 2, min 1, max 3, and autoscaling off.
	ClusterRequest   func(name string) pmks.ClusterInfo
	NodeGroupRequest func(name string) pmks.NodeGroupInfo
	// Wait are the options to wait with. Unless they say otherwise a single wait
	// ends after [Patience].
	Wait []pmks.WaitOption
	// Delay is how long a Delay fault lasts; 0 means 10 seconds. The suite ends
	// contexts after a tenth of it.
	Delay time.Duration
	// Zones are those that a node group of ClusterRequest may lie in; none where the cloud
	// has no zones to choose from.
	Zones []string
	// Secrets must never be shown.
	Secrets []string

	// Reopen returns another handler on the same cloud, as after a restart.
	Reopen func() pmks.ClusterHandler
	// Logs returns what the handler has logged.
	Logs func() string
	// Inject makes requests fail; see [Fault].
	Inject func(Fault) (cancel func())
	// Mutations counts the requests that have changed something.
	Mutations func() int
	// Put adds an Active cluster made by other hands. Names need not be unique
	// unless UniqueNames is set.
	Put         func(name string) error
	UniqueNames bool
	// Break puts a cluster, or one of its node groups, into a state. It returns
	// errors.ErrUnsupported for one that the cloud does not have.
	Break func(cluster, nodeGroup pmks.IID, s State) error
	// Hurried: the cloud's minutes are milliseconds of real time, so that what is
	// under way may be over before it is looked at. The subtests about states in
	// transition are skipped then; a provider is to pass them in a bubble.
	Hurried bool
	// Stride thins out the subtests that interrupt a job after every call: they do so
	// after each Stride-th; 0 and 1 mean every. It is for the race detector, which makes
	// them slow and sees nothing in a job that nothing runs beside.
	Stride int
	// AutoScalingAnytime: the cloud takes SetNodeGroupAutoScaling of a group at rest
	// whatever its cluster is doing.
	AutoScalingAnytime bool
	// OfflineTokens: a token is signed where the caller is, without a request. Whether
	// there is such a cluster is not known then.
	OfflineTokens bool
	// Mendable: the cloud takes changes of a failed node group, as the way to mend
	// it. Without, they are to be refused.
	Mendable bool
	// ListsAtOnce: the cloud lists its clusters and their node groups with one call,
	// so that none of them can be unreadable alone.
	ListsAtOnce bool
	// Protect switches deletion protection on.
	Protect func(cluster pmks.IID) error
	// Unknown returns a reference that does not exist, for the request fields
	// "Network.VpcIID", "Network.SubnetIIDs[0]", "Network.SecurityGroupIIDs[0]" and
	// "KeyPairIID"; false where the cloud has no such references.
	Unknown func(field string) (pmks.IID, bool)
	// Sent counts the requests that a method has sent to change something, refused
	// ones included.
	Sent func(op string) int
	// ForeignIDs makes ids of a real cluster, or of a real node group of it, that
	// differ from its own in one part each, such as the account, the project or the
	// region. Clouds whose ids have no parts have no such lever.
	ForeignIDs func(cluster, nodeGroup pmks.IID) []string
	// PutElsewhere is Put in another place that ListCluster shows, such as another
	// zone of the region. Clouds with one place have no such lever.
	PutElsewhere func(name string) error
	// Unreadable makes the read of a fact fail, of one node group or of all where
	// none is given. It returns errors.ErrUnsupported where the cloud tells the fact
	// with the cluster itself, or for all groups at once when one is asked for.
	Unreadable func(fact Fact, cluster, nodeGroup pmks.IID, code pmks.Code) (cancel func(), err error)
	// ListsWithout are the facts that ListCluster does not read, because each would be
	// a request more for every cluster.
	ListsWithout []Fact
	// Attach attaches to an Active cluster something that must be taken off by other
	// hands before it can be deleted.
	Attach func(cluster pmks.IID) error
	// ClusterRepairs and GroupRepairs name the methods that the cloud takes of a
	// failed cluster, or of a failed node group, to mend it, such as
	// "UpgradeCluster".
	ClusterRepairs, GroupRepairs []string
	// ReasonCode is the cloud's own code in what a FailLater says.
	ReasonCode string
}

// State is a state that a cloud gets into by itself.
type State string

// The states of Break.
const (
	Failed   State = "failed"   // the creation failed for good
	Degraded State = "degraded" // it may heal
	Stopped  State = "stopped"
	Vanished State = "vanished" // gone at once
)

// FaultKind says what goes wrong with a request.
type FaultKind string

// The kinds of faults.
const (
	Throttle    FaultKind = "throttle" // with a RetryAfter of 7 seconds where the cloud can say so
	LoseRequest FaultKind = "lose-request"
	LoseReply   FaultKind = "lose-reply"
	Delay       FaultKind = "delay" // by Cloud.Delay
	Unavailable FaultKind = "unavailable"
	FailLater   FaultKind = "fail-later" // with a reason that contains [Reason]
	Stick       FaultKind = "stick"
	Hang        FaultKind = "hang" // no answer for as long as the caller waits
	// RefuseUnknown is a 400 or 422 whose code nobody knows.
	RefuseUnknown FaultKind = "refuse-unknown"
)

// Reason is part of what a FailLater says.
const Reason = "no capacity for this"

// Fault is one thing that goes wrong with the request that a method makes.
type Fault struct {
	// Op is the method. For a mutation the request that changes something is meant;
	// "GetCluster" is every read of a single cluster.
	Op string
	// Cluster is a name; empty means every one.
	Cluster string
	Kind    FaultKind
	// Times is how many requests are struck; -1 means all.
	Times int
}

// Patience is how long a single wait lasts at most, so that a cloud that never ends
// what it began fails a subtest instead of hanging it.
const Patience = 48 * time.Hour

// check is one subtest.
type check struct {
	name string
	run  func(t T, c *Cloud)
}

// checks lists every subtest. Names are stable.
var checks = concat(
	lifeChecks, sharingChecks, errorChecks, nameChecks, validationChecks, stateChecks, transitionChecks,
	scalingChecks, deleteChecks, upgradeChecks, listChecks, accessChecks, contextChecks, concurrencyChecks,
	onceChecks, secretChecks, jobChecks, interruptionChecks, identityChecks, unreadChecks, refusalChecks,
	repairChecks, reasonChecks, boundChecks, patienceChecks, nodeChecks, endpointChecks, tagChecks,
	streamChecks, planChecks,
)

func concat(lists ...[]check) []check {
	var all []check
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// Names returns the names of the subtests.
func Names() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

// caps returns what the handler says it can do.
func (c *Cloud) caps(t T) pmks.Capabilities {
	t.Helper()
	r, ok := c.Handler.(pmks.CapabilityReporter)
	if !ok {
		t.Fatalf("the handler does not implement CapabilityReporter, which the suite goes by")
	}
	return r.Capabilities()
}

// need skips a subtest whose lever is missing.
func need(t T, lever string, there bool) {
	t.Helper()
	if !there {
		t.Skipf("the harness has no lever %s", lever)
	}
}

// capable skips a subtest that the capabilities exclude.
func capable(t T, capability string, can bool) {
	t.Helper()
	if !can {
		t.Skipf("by capability: %s", capability)
	}
}

// split parts a request into what CreateCluster takes and what comes after.
func (c *Cloud) split(t T, req pmks.ClusterInfo) (create pmks.ClusterInfo, later []pmks.NodeGroupInfo) {
	t.Helper()
	rule := c.caps(t).GroupsAtCreate
	n := len(req.NodeGroupList)
	if rule.Max >= 0 {
		n = min(n, rule.Max)
	}
	create = req.Clone()
	create.NodeGroupList, later = create.NodeGroupList[:n:n], create.NodeGroupList[n:]
	return create, later
}

// createRequest is a request that CreateCluster takes.
func (c *Cloud) createRequest(t T, name string) pmks.ClusterInfo {
	t.Helper()
	create, _ := c.split(t, c.ClusterRequest(name))
	return create
}

// up makes a cluster with one node group and waits until all is Active.
func (c *Cloud) up(t T, name string) pmks.ClusterInfo {
	t.Helper()
	return c.upWith(t, c.ClusterRequest(name))
}

func (c *Cloud) upWith(t T, req pmks.ClusterInfo) pmks.ClusterInfo {
	t.Helper()
	info, err := pmks.Provision(t.Context(), c.Handler, req, c.Wait...)
	if err != nil {
		t.Fatalf("Provision: %v", err)
	}
	return info
}

func (c *Cloud) get(t T, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	info, err := c.Handler.GetCluster(t.Context(), iid)
	if err != nil {
		t.Fatalf("GetCluster(%s): %v", iid, err)
	}
	return info
}

func (c *Cloud) active(t T, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	info, err := pmks.WaitClusterActive(t.Context(), c.Handler, iid, c.Wait...)
	if err != nil {
		t.Fatalf("WaitClusterActive(%s): %v", iid, err)
	}
	return info
}

func (c *Cloud) groupActive(t T, cluster, group pmks.IID) pmks.NodeGroupInfo {
	t.Helper()
	info, err := pmks.WaitNodeGroupActive(t.Context(), c.Handler, cluster, group, c.Wait...)
	if err != nil {
		t.Fatalf("WaitNodeGroupActive(%s, %s): %v", cluster, group, err)
	}
	return info
}

// count returns the clusters of a name, by ListIID or ListCluster.
func (c *Cloud) count(t T, name string) int {
	t.Helper()
	n := 0
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil {
		t.Fatalf("ListCluster: %v", err)
	}
	for _, info := range list {
		if info.IId.NameId == name {
			n++
		}
	}
	return n
}

// want checks the code of an error.
func want(t T, what string, err error, codes ...pmks.Code) {
	t.Helper()
	got := pmks.CodeOf(err)
	for _, code := range codes {
		if got == code {
			return
		}
	}
	t.Errorf("%s: got %s (%v), want %v", what, got, err, codes)
}

// unchanged fails when f changed anything that requests can change.
func (c *Cloud) unchanged(t T, what string, f func()) {
	t.Helper()
	if c.Mutations == nil {
		f()
		return
	}
	before := c.Mutations()
	f()
	if n := c.Mutations() - before; n != 0 {
		t.Errorf("%s: %d requests changed something, want none", what, n)
	}
}

// inject adds a fault for the rest of the subtest.
func (c *Cloud) inject(op, cluster string, kind FaultKind, times int) (cancel func()) {
	return c.Inject(Fault{Op: op, Cluster: cluster, Kind: kind, Times: times})
}

// first returns the IID of the only node group.
func first(t T, info pmks.ClusterInfo) pmks.IID {
	t.Helper()
	if len(info.NodeGroupList) == 0 {
		t.Fatalf("cluster %s has no node groups", info.IId)
	}
	return info.NodeGroupList[0].IId
}

// show prints an info for a diff.
func show(v any) string { return strings.ReplaceAll(fmt.Sprintf("%+v", v), " ", "\n\t") }
