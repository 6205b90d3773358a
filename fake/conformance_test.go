// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"bytes"
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestConformance runs the suite against every profile, bare and inside Client.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		for name, wrap := range map[string]func(pmks.ClusterHandler) pmks.ClusterHandler{
			"bare":   func(h pmks.ClusterHandler) pmks.ClusterHandler { return h },
			"client": func(h pmks.ClusterHandler) pmks.ClusterHandler { return pmks.New(h) },
		} {
			t.Run(p.Name+"/"+name, func(t *testing.T) {
				t.Parallel()
				conformance.Run(t, conformance.Harness{Bubble: true, Open: func(conformance.T) *conformance.Cloud {
					return cloud(p, wrap)
				}})
			})
		}
	}
}

// log collects what a handler logs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var faultKinds = map[conformance.FaultKind]fake.Fault{
	conformance.Throttle:      {Kind: fake.Throttle, RetryAfter: 7 * time.Second},
	conformance.LoseRequest:   {Kind: fake.LoseRequest},
	conformance.LoseReply:     {Kind: fake.LoseReply},
	conformance.Delay:         {Kind: fake.Delay, Delay: 10 * time.Second},
	conformance.Unavailable:   {Kind: fake.Refuse, Code: pmks.CodeUnavailable},
	conformance.FailLater:     {Kind: fake.FailLater, Reason: "Simulated: " + conformance.Reason},
	conformance.Stick:         {Kind: fake.Stick},
	conformance.Hang:          {Kind: fake.Delay, Delay: 1000 * time.Hour},
	conformance.RefuseUnknown: {Kind: fake.Refuse, Code: pmks.CodeInvalidArgument},
}

var brokenStates = map[conformance.State]fake.State{
	conformance.Failed:   fake.Failed,
	conformance.Degraded: fake.Degraded,
	conformance.Stopped:  fake.Stopped,
	conformance.Vanished: fake.Vanished,
}

// cloud is a fake with every lever of the suite.
func cloud(p *profile.Profile, wrap func(pmks.ClusterHandler) pmks.ClusterHandler) *conformance.Cloud {
	logs := &log{}
	sample := p.SampleRequest("sample")
	h := fake.New(
		fake.WithProfile(p.Name),
		fake.WithLogger(slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		fake.WithInventory(inventory(p, sample)),
		// Quotas are tested on their own; here they would be in the way.
		fake.WithLimits(fake.Limits{}),
	)
	c := &conformance.Cloud{
		Handler:          wrap(h),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Zones:            p.Clone().Zones,
		OfflineTokens:    p.Manner.SignsTokens,
		Reopen:           func() pmks.ClusterHandler { return wrap(h) },
		Logs:             logs.String,
		Inject: func(f conformance.Fault) func() {
			fault := faultKinds[f.Kind]
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
		Put:         func(name string) error { return h.Put(fake.Cluster{Name: name}) },
		UniqueNames: p.UniqueNames,
		Break: func(cluster, nodeGroup pmks.IID, s conformance.State) error {
			return h.Break(cluster, nodeGroup, brokenStates[s], "Simulated: broken by a test")
		},
		Protect: func(cluster pmks.IID) error { return h.Protect(cluster, true) },
		Unknown: func(string) (pmks.IID, bool) { return pmks.IID{NameId: "nowhere", SystemId: "nowhere-1"}, true },
		Unreadable: func(fact conformance.Fact, cluster, group pmks.IID, code pmks.Code) (func(), error) {
			return h.Hide(fake.Unread{Fact: fake.Fact(fact), Cluster: cluster.NameId, NodeGroup: group.NameId, Code: code}), nil
		},
		// What the fake has of this kind is its protection.
		Attach:     func(cluster pmks.IID) error { return h.Protect(cluster, true) },
		ReasonCode: "Simulated",
	}
	if scope, _, _ := strings.Cut(p.IDs.Cluster, "{"); scope != "" && strings.HasPrefix(scope, "/") {
		c.ForeignIDs = func(cluster, group pmks.IID) []string { return foreignIDs(cmp.Or(group.SystemId, cluster.SystemId)) }
	}
	if !p.UniqueNames {
		c.PutElsewhere = c.Put
	}
	return c
}

// foreignIDs changes one part of a path at a time, but for the last, which is the
// name.
func foreignIDs(id string) []string {
	var ids []string
	parts := strings.Split(id, "/")
	for i := 1; i < len(parts)-1; i++ {
		changed := slices.Clone(parts)
		changed[i] += "x"
		ids = append(ids, strings.Join(changed, "/"))
	}
	return ids
}

// inventory holds what the sample request of a profile refers to.
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
