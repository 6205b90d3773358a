// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// noWord stands for a reason that nobody gave.
const noWord = "no reason given"

func (w *World) createCluster(cmd CreateCluster) (step, error) {
	for _, c := range w.byName[cmd.Name] {
		if cmd.Token != "" && c.Token == cmd.Token {
			return repeated(c, nil), nil
		}
	}
	var f faults
	if cmd.Name == "" {
		f.add(InvalidArgument, "IId.NameId", "must not be empty")
	}
	version := cmp.Or(cmd.Version, w.profile.Default())
	w.checkOffered(&f, "Version", version)
	network := w.stock.checkNetwork(&f, w.profile, cmd.Network)
	specs := w.checkGroupsAtCreate(&f, cmd.Groups, version)
	if err := f.err(); err != nil {
		return nil, err
	}
	if w.profile.UniqueNames && len(w.byName[cmd.Name]) > 0 {
		return nil, refuse(ClusterExists, "IId.NameId", "a cluster %q exists already", cmd.Name)
	}
	if err := w.checkFixedID(cmd.Name); err != nil {
		return nil, err
	}
	if limit := w.profile.Limits.Clusters; limit > 0 && len(w.byID) >= limit {
		return nil, refuse(QuotaExceeded, "", "the account may have %d clusters and has %d", limit, len(w.byID))
	}
	return func(out Outcome) Result {
		c := w.newCluster(cmd.Name, version)
		c.Network, c.Tags, c.Attr, c.Token = network, maps.Clone(cmd.Tags), maps.Clone(cmd.Attr), cmd.Token
		c.Access = pmks.ClusterInfo{Access: cmd.Access}.Clone().Access
		c.setOwn(profile.Creating, profile.CreateCluster)
		for i, spec := range specs {
			g := w.newGroup(c, spec, cmp.Or(cmd.Groups[i].Version, version))
			g.Token, g.Attr = cmd.Groups[i].Token, maps.Clone(cmd.Groups[i].Attr)
			g.set(profile.Creating, profile.CreateCluster)
			g.follows = true
		}
		w.hide(c.ID, c.Name)
		w.insert(c)
		op := w.start(profile.CreateCluster, c, nil, version, out)
		c.show(w.profile)
		return Result{Cluster: c, Operation: op.OperationRecord}
	}, nil
}

// repeated answers a command that has happened already.
func repeated(c *Cluster, g *NodeGroup) step {
	return func(Outcome) Result {
		r := Result{Cluster: c, Group: g, Repeated: true}
		switch {
		case g != nil && g.running != nil:
			r.Operation = g.running.OperationRecord
		case c.running != nil:
			r.Operation = c.running.OperationRecord
		}
		return r
	}
}

// checkFixedID refuses a name whose id is taken, where ids are made of names
// only.
func (w *World) checkFixedID(name string) error {
	if w.ids.cluster.random() {
		return nil
	}
	id := w.ids.cluster.expand(w.random, place{region: w.Region(), name: name, clusterName: name})
	if w.byID[id] == nil {
		return nil
	}
	return refuse(ClusterExists, "IId.NameId", "a cluster %q exists already", name)
}

func (w *World) checkOffered(f *faults, field, version string) {
	if names := w.profile.OfferedNames(); !slices.Contains(names, version) {
		r := refuse(VersionUnknown, field, "version %q is not offered", version)
		r.Allowed = names
		*f = append(*f, r)
	}
}

// checkGroupsAtCreate returns the specs with their names and references filled
// in.
func (w *World) checkGroupsAtCreate(f *faults, groups []AddNodeGroup, version string) []pmks.NodeGroupInfo {
	rule := w.profile.Caps.GroupsAtCreate
	switch n := len(groups); {
	case n > 0 && rule.Max == 0:
		f.add(InvalidArgument, "NodeGroupList", "node groups are added to a cluster that is there")
		return nil
	case n < rule.Min:
		f.add(InvalidArgument, "NodeGroupList", "at least %d must come with the cluster, got %d", rule.Min, n)
	case rule.Max > 0 && n > rule.Max:
		f.add(InvalidArgument, "NodeGroupList", "at most %d may come with the cluster, got %d", rule.Max, n)
	}
	if limit := w.profile.Limits.NodeGroups; limit > 0 && len(groups) > limit {
		f.add(QuotaExceeded, "NodeGroupList", "a cluster may have %d node groups, got %d", limit, len(groups))
	}
	specs := make([]pmks.NodeGroupInfo, len(groups))
	names := make(map[string]bool, len(groups))
	for i, group := range groups {
		path := fmt.Sprintf("NodeGroupList[%d].", i)
		spec := group.Spec.Clone()
		if i == 0 && rule.FixedFirstName != "" {
			spec.IId.NameId = rule.FixedFirstName
		}
		if i == 0 && rule.Min > 0 && spec.DesiredNodeSize == 0 && w.profile.Caps.Scaling.ToZero {
			f.add(InvalidArgument, path+"DesiredNodeSize", "the first group of a cluster needs at least one node")
		}
		w.checkGroup(f, path, &spec, group.Version, version)
		if name := spec.IId.NameId; names[name] {
			f.add(InvalidArgument, path+"IId.NameId", "%q is given twice", name)
		} else if name != "" {
			names[name] = true
		}
		specs[i] = spec
	}
	return specs
}

// checkGroup checks the request of one group and fills the references in.
func (w *World) checkGroup(f *faults, path string, spec *pmks.NodeGroupInfo, version, clusterVersion string) {
	if spec.IId.NameId == "" {
		f.add(InvalidArgument, path+"IId.NameId", "must not be empty")
	}
	w.checkGroupVersion(f, path+"Version", version, clusterVersion)
	w.stock.checkGroup(f, path, spec)
	s := newSizes(*spec)
	w.checkBounds(f, path, s)
	w.checkDesired(f, path, s)
}

// checkGroupVersion: the nodes of a new group may lag behind the control plane as
// far as its rule lets them, and are never ahead.
func (w *World) checkGroupVersion(f *faults, field, version, clusterVersion string) {
	if version == "" || version == clusterVersion {
		return
	}
	before := len(*f)
	w.checkOffered(f, field, version)
	group, err := kver.Parse(version)
	cluster, clusterErr := kver.Parse(clusterVersion)
	if err != nil || clusterErr != nil || len(*f) > before {
		return // said already
	}
	skew := w.profile.Upgrade.MaxSkew
	switch {
	case group.Compare(cluster) > 0:
		f.add(InvalidArgument, field, "nodes of version %s would be ahead of the control plane's %s", version, clusterVersion)
	case skew > 0 && group.MinorDistance(cluster) > skew:
		f.add(InvalidArgument, field, "nodes of version %s would be more than %d minors behind the control plane's %s", version, skew, clusterVersion)
	}
}

// newCluster returns a cluster that is not in the world yet.
func (w *World) newCluster(name, version string) *Cluster {
	id := w.unique(w.ids.cluster, place{name: name, clusterName: name}, func(id string) bool { return w.byID[id] != nil })
	return &Cluster{
		ID:         id,
		Name:       name,
		Version:    version,
		Created:    w.now,
		AccessOpen: !w.profile.Caps.Access.OpenCall,
	}
}

// newGroup appends a group without nodes to c.
func (w *World) newGroup(c *Cluster, spec pmks.NodeGroupInfo, version string) *NodeGroup {
	at := place{name: spec.IId.NameId, cluster: c.ID, clusterName: c.Name, group: spec.IId.NameId}
	g := &NodeGroup{
		ID: w.unique(w.ids.nodeGroup, at, func(id string) bool {
			_, taken := c.Group(id)
			return taken
		}),
		Name:    spec.IId.NameId,
		Version: version,
		Created: w.now,
		Spec:    spec,
	}
	g.Spec.IId.SystemId = g.ID
	g.setSizes(newSizes(spec))
	// A new array: a reader may still hold the old one.
	c.Groups = append(slices.Clip(c.Groups), g)
	return g
}

func (w *World) addNodeGroup(cmd AddNodeGroup) (step, error) {
	c, _, err := w.lookup(cmd.ClusterID, "")
	if err != nil {
		return nil, err
	}
	taken, exists := c.GroupByName(cmd.Spec.IId.NameId)
	if exists && cmd.Token != "" && taken.Token == cmd.Token {
		return repeated(c, taken), nil
	}
	var f faults
	spec := cmd.Spec.Clone()
	w.checkGroup(&f, "", &spec, cmd.Version, c.Version)
	if err := f.err(); err != nil {
		return nil, err
	}
	if exists {
		r := refuse(GroupExists, "IId.NameId", "cluster %q has a node group %q already", c.Name, taken.Name)
		r.Blocker = taken.Name
		return nil, r
	}
	if err := w.admit(profile.AddNodeGroup, c, nil); err != nil {
		return nil, err
	}
	if limit := w.profile.Limits.NodeGroups; limit > 0 && len(c.Groups) >= limit {
		return nil, refuse(QuotaExceeded, "", "a cluster may have %d node groups and has %d", limit, len(c.Groups))
	}
	return func(out Outcome) Result {
		w.hideChange(c)
		g := w.newGroup(c, spec, cmp.Or(cmd.Version, c.Version))
		g.Token, g.Attr = cmd.Token, maps.Clone(cmd.Attr)
		return w.startOnGroup(cmd.kind(), profile.Creating, c, g, "", out)
	}, nil
}

// startOnGroup starts an operation on a group and returns it as a result.
func (w *World) startOnGroup(kind profile.Operation, s profile.State, c *Cluster, g *NodeGroup, target string, out Outcome) Result {
	// There is one only where groups are worked on whatever goes on.
	w.cancel(g.running, "another operation took its place")
	op := w.start(kind, c, g, target, out)
	g.set(s, kind)
	c.show(w.profile)
	return Result{Cluster: c, Group: g, Operation: op.OperationRecord}
}
