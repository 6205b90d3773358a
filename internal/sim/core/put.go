// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Seed is a ready-made cluster, as if it had been made long ago.
type Seed struct {
	Name    string
	Version string // any; "" means the default
	// State is Active if it is not given.
	State   profile.State
	Reason  string
	Created time.Time // zero means now
	Network pmks.NetworkInfo
	Access  pmks.Access
	Tags    map[string]string
	// Groups are read as GetCluster returns them: ids, versions, statuses and
	// nodes are taken where they are given, and made up where they are not.
	Groups    []pmks.NodeGroupInfo
	Protected bool
	Attr      map[string]string
}

// groupStateTable says what state a group of a Seed is in.
var groupStateTable = map[pmks.NodeGroupStatus]profile.State{
	"":                     profile.Active,
	pmks.NodeGroupActive:   profile.Active,
	pmks.NodeGroupCreating: profile.Creating,
	pmks.NodeGroupDeleting: profile.Deleting,
	pmks.NodeGroupInactive: profile.Degraded,
	pmks.NodeGroupUpdating: profile.Updating,
}

// Put adds a ready-made cluster. The cloud's rules do not hold for it: several may
// have one name (as the cloud's console may have let them), and quotas are not
// looked at. A state in transition stays until it is forced or deleted.
//
// The error is a *Refusal, or several joined: an empty name, a state or a version
// that is none, a negative size, a group that is given twice, or a name whose id
// is taken on a cloud where ids are made of names.
func (w *World) Put(now time.Time, seed Seed) (*Cluster, error) {
	w.Advance(now)
	seed.State = cmp.Or(seed.State, profile.Active)
	seed.Version = cmp.Or(seed.Version, w.profile.Default())
	if err := w.checkSeed(seed); err != nil {
		return nil, err
	}
	c := w.newCluster(seed.Name, seed.Version)
	if !seed.Created.IsZero() {
		c.Created = seed.Created
	}
	var discard faults // a seed may refer to what is not there any more
	c.Network = w.stock.checkNetwork(&discard, w.profile, seed.Network)
	c.Access = pmks.ClusterInfo{Access: seed.Access}.Clone().Access
	c.Tags, c.Attr, c.Protected = maps.Clone(seed.Tags), maps.Clone(seed.Attr), seed.Protected
	c.own, c.ownBy, c.Reason = seed.State, byState[seed.State], seed.Reason
	if !inTransition(c.own) {
		c.Reason = explain(c.own, seed.Reason)
	}
	if c.own != profile.Creating && c.own != profile.CreateFailed {
		w.raise(c)
	}
	for _, info := range seed.Groups {
		w.putGroup(c, info)
	}
	w.insert(c)
	c.show(w.profile)
	w.note()
	return c, nil
}

func (w *World) putGroup(c *Cluster, info pmks.NodeGroupInfo) {
	info = info.Clone()
	var discard faults
	w.stock.checkGroup(&discard, "", &info)
	id, nodes := info.IId.SystemId, info.Nodes
	state := groupStateTable[info.Status]
	if state == profile.Degraded && info.StatusFinal {
		state = profile.UpdateFailed
	}
	if c.own == profile.Creating || c.own == profile.CreateFailed {
		state = c.own // as they came with it
	}
	reason := info.StatusReason
	info.Nodes, info.Status, info.StatusReason, info.StatusFinal = nil, "", "", false
	g := w.newGroup(c, info, cmp.Or(info.Version, c.Version))
	if id != "" {
		g.ID, g.Spec.IId.SystemId = id, id
	}
	g.Created, g.State, g.By = c.Created, state, groupByState[state]
	g.Reason = explain(state, cmp.Or(reason, c.Reason))
	g.follows = c.own == profile.Creating
	if state == profile.Creating || state == profile.CreateFailed {
		return
	}
	if g.Nodes = nodes; nodes == nil {
		w.fill(c, g)
	}
}

func (w *World) checkSeed(seed Seed) error {
	var f faults
	if seed.Name == "" {
		f.add(InvalidArgument, "IId.NameId", "must not be empty")
	}
	if !slices.Contains(profile.States, seed.State) {
		f.add(InvalidArgument, "Status", "%s is not a state", seed.State)
	}
	if _, err := kver.Parse(seed.Version); err != nil {
		f.add(InvalidArgument, "Version", "%v", err)
	}
	names, ids := map[string]bool{}, map[string]bool{}
	for i, g := range seed.Groups {
		path := fmt.Sprintf("NodeGroupList[%d].", i)
		switch {
		case g.IId.NameId == "":
			f.add(InvalidArgument, path+"IId.NameId", "must not be empty")
		case names[g.IId.NameId]:
			f.add(GroupExists, path+"IId.NameId", "%q is given twice", g.IId.NameId)
		}
		if id := g.IId.SystemId; id != "" && ids[id] {
			f.add(GroupExists, path+"IId.SystemId", "%q is given twice", id)
		}
		names[g.IId.NameId], ids[g.IId.SystemId] = true, true
		if g.DesiredNodeSize < 0 || g.MinNodeSize < 0 || g.MaxNodeSize < 0 {
			f.add(InvalidArgument, path+"DesiredNodeSize", "sizes must not be negative")
		}
		if _, ok := groupStateTable[g.Status]; !ok {
			f.add(InvalidArgument, path+"Status", "%q is not a status", g.Status)
		}
		if _, err := kver.Parse(cmp.Or(g.Version, seed.Version)); err != nil {
			f.add(InvalidArgument, path+"Version", "%v", err)
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	return w.checkFixedID(seed.Name)
}
