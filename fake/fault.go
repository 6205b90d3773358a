// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// FaultKind says what goes wrong with a request.
type FaultKind string

// The kinds of faults.
const (
	// Refuse answers with Code, and nothing happens.
	Refuse FaultKind = "refuse"
	// Throttle answers ErrThrottled with RetryAfter, and nothing happens.
	Throttle FaultKind = "throttle"
	// Delay makes the request take Delay longer. It may come with another fault.
	Delay FaultKind = "delay"
	// LoseRequest loses the request on its way: nothing happens, and the caller
	// cannot know.
	LoseRequest FaultKind = "lose-request"
	// LoseReply loses the reply: it has happened, and the caller cannot know.
	LoseReply FaultKind = "lose-reply"
	// FailLater accepts the request; its operation fails at its end with Reason.
	FailLater FaultKind = "fail-later"
	// Stick accepts the request; its operation never ends.
	Stick FaultKind = "stick"
)

// Fault is one thing that goes wrong. Requests are counted, not calls: a call of
// the handler may make several, for example when it looks whether a request whose
// reply was lost has happened.
type Fault struct {
	// Op is the method, such as "CreateCluster"; empty means every one. Looks
	// after a lost reply are requests of "GetCluster"; waits poll with "ReadState"
	// and end with a "GetCluster".
	Op string
	// Cluster and NodeGroup are names or ids; empty means every one.
	Cluster   string
	NodeGroup string
	// After is how many matching requests pass first.
	After int
	// Times is how many requests are struck: 0 means one, -1 means all.
	Times int

	Kind       FaultKind
	Code       pmks.Code
	RetryAfter time.Duration
	Delay      time.Duration
	Reason     string
}

// faultKinds and faultOps are what a Fault may name.
var (
	faultKinds = []FaultKind{Refuse, Throttle, Delay, LoseRequest, LoseReply, FailLater, Stick}
	faultOps   = []string{
		"", "AddNodeGroup", "ChangeNodeGroupScaling", "CheckCluster", "CheckNodeGroup", "CloseAccess", "Clusters", "CreateCluster",
		"DeleteCluster", "GenerateClusterToken", "GetCluster", "GetNodeGroup", "LastOperation", "ListCluster", "ListIID", "ListVersions",
		"OpenAccess", "ReadState", "RemoveNodeGroup", "SetNodeGroupAutoScaling", "SetTags", "UpgradeCluster", "UpgradeFindings",
	}
)

// mustStrike panics for a fault that can never strike: a test that relies on it
// would pass for the wrong reason.
func (f Fault) mustStrike() {
	if !slices.Contains(faultKinds, f.Kind) {
		panic(fmt.Sprintf("fake: a fault has the Kind %q; there are %q", f.Kind, faultKinds))
	}
	if !slices.Contains(faultOps, f.Op) {
		panic(fmt.Sprintf("fake: a fault has the Op %q; there are %q", f.Op, faultOps))
	}
}

// Inject adds a fault. The returned function takes it out again. It panics when
// the fault's Kind or Op does not exist.
func (h *Handler) Inject(f Fault) (cancel func()) {
	f.mustStrike()
	h.mu.Lock()
	defer h.mu.Unlock()
	drop := h.plan.Inject(core.Fault{
		Op: f.Op, Cluster: f.Cluster, NodeGroup: f.NodeGroup, After: f.After, Times: f.Times,
		Kind: core.FaultKind(f.Kind), Code: f.Code, RetryAfter: f.RetryAfter, Delay: f.Delay, Reason: f.Reason,
	})
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		drop()
	}
}
