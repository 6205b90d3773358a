// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Cluster is a cluster that exists already, made by other hands. The cloud's rules
// do not hold for it: several may have one name.
type Cluster struct {
	// Name is its NameId.
	Name string
	// Version is any; empty means the default.
	Version    string
	Network    pmks.NetworkInfo
	Access     pmks.Access
	TagList    []pmks.KeyValue
	NodeGroups []pmks.NodeGroupInfo
	Created    time.Time
	Protected  bool
}

// Put adds a cluster that exists already.
func (h *Handler) Put(c Cluster) error {
	seed := core.Seed{Name: c.Name, Version: c.Version, Created: c.Created, Network: c.Network, Access: c.Access, Tags: tagMap(c.TagList),
		Groups: c.NodeGroups, Protected: c.Protected}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.world.Put(time.Now(), seed)
	return h.finish(err, request{op: "Put", cluster: pmks.IID{NameId: c.Name}}, "")
}

// State is a state that clouds get into by themselves.
type State string

// The states that Break takes.
const (
	// Failed: the creation failed for good.
	Failed State = "failed"
	// DeleteFailed: the deletion failed; something blocks it.
	DeleteFailed State = "delete-failed"
	// Degraded: not healthy, and it may heal.
	Degraded State = "degraded"
	// Stopped: switched off.
	Stopped State = "stopped"
	// Healthy: Active again.
	Healthy State = "healthy"
	// Vanished: gone at once, as by other hands.
	Vanished State = "vanished"
)

var stateTable = map[State]profile.State{
	DeleteFailed: profile.DeleteFailed,
	Degraded:     profile.Degraded,
	Failed:       profile.CreateFailed,
	Healthy:      profile.Active,
	Stopped:      profile.Stopped,
	Vanished:     profile.Gone,
}

// Break puts a cluster, or one of its node groups, into a state, whatever it was
// doing. An empty nodeGroup means the cluster itself.
func (h *Handler) Break(cluster, nodeGroup pmks.IID, s State, reason string) error {
	state, ok := stateTable[s]
	if !ok {
		return h.failed(request{op: "Break", cluster: cluster, nodeGroup: nodeGroup}, refuse.Invalid("state", "there is no state %q", s))
	}
	return h.change("Break", cluster, nodeGroup, func(clusterID, groupID string) core.Command {
		return core.Force{ClusterID: clusterID, GroupID: groupID, State: state, Reason: reason}
	})
}

// Protect switches the deletion protection of a cluster.
func (h *Handler) Protect(cluster pmks.IID, on bool) error {
	return h.change("Protect", cluster, pmks.IID{}, func(clusterID, _ string) core.Command {
		return core.SetProtection{ClusterID: clusterID, On: on}
	})
}

// change applies a command of other hands: no fault strikes it, and it is not
// among the Calls.
func (h *Handler) change(op string, cluster, nodeGroup pmks.IID, command func(clusterID, groupID string) core.Command) error {
	r := request{op: op, cluster: cluster, nodeGroup: nodeGroup}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	c, err := h.cluster(now, cluster)
	if err != nil {
		return h.failed(r, err)
	}
	groupID := ""
	if !nodeGroup.IsZero() {
		g, err := h.group(c, nodeGroup)
		if err != nil {
			return h.failed(r, err)
		}
		groupID = g.ID
	}
	_, err = h.world.Apply(now, command(c.ID, groupID), core.Outcome{})
	return h.finish(err, r, "")
}

// Snapshot is a copy of a whole cloud, to go back to.
type Snapshot struct{ world *core.World }

// Snapshot copies the cloud: clusters, node groups and what is under way. Faults
// and Calls are not part of it.
func (h *Handler) Snapshot() *Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &Snapshot{h.world.Snapshot()}
}

// Restore goes back to a snapshot, which may be used again. Operations that were
// under way end at the times they would have. It panics when the snapshot is of a
// handler with another profile.
func (h *Handler) Restore(s *Snapshot) {
	if of := s.world.Profile().Name; of != h.profile.Name {
		panic(fmt.Sprintf("fake: Restore: the snapshot is of a cloud with profile %q, this one has %q", of, h.profile.Name))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.world = s.world.Snapshot()
	if h.kubernetes != nil {
		h.world.OnChange(h.kubernetes.changed)
		h.kubernetes.changed()
	}
}

// Inventory holds what exists beside clusters. A list that is nil says nothing:
// every reference of its kind exists. References are found by id, else by name.
type Inventory struct {
	// VPCs and the others are all that there is of their kind; nil means that anything goes.
	VPCs           []pmks.IID
	Subnets        []Subnet
	SecurityGroups []pmks.IID
	KeyPairs       []pmks.IID
	Images         []pmks.IID
	VMSpecs        []string
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	// IID is the subnet's; VPC, Zone and CIDR are what it belongs to and lies in.
	IID  pmks.IID
	VPC  string // id
	Zone string
	CIDR string
}

func (inv Inventory) core() *core.Inventory {
	c := &core.Inventory{
		SecurityGroups: items(inv.SecurityGroups),
		KeyPairs:       items(inv.KeyPairs),
		Images:         items(inv.Images),
		VMSpecs:        inv.VMSpecs,
	}
	for _, v := range inv.VPCs {
		c.VPCs = append(c.VPCs, core.VPC{ID: v.SystemId, Name: v.NameId})
	}
	for _, s := range inv.Subnets {
		c.Subnets = append(c.Subnets, core.Subnet{ID: s.IID.SystemId, Name: s.IID.NameId, VPC: s.VPC, Zone: s.Zone, CIDR: s.CIDR})
	}
	return c
}

func items(iids []pmks.IID) []core.Item {
	if iids == nil {
		return nil
	}
	list := make([]core.Item, len(iids))
	for i, iid := range iids {
		list[i] = core.Item{ID: iid.SystemId, Name: iid.NameId}
	}
	return list
}
