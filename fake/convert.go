// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// ignoredAttr is where the paths of ignored request fields are kept, so that
// every read reports them.
const ignoredAttr = "ignored"

// clusterInfo shows a cluster. The caller holds the lock; the result shares
// nothing with the world. The kubeconfig is added by the caller.
func (h *Handler) clusterInfo(c *core.Cluster) pmks.ClusterInfo {
	status, final := c.State.Portable()
	info := pmks.ClusterInfo{
		IId:          pmks.IID{NameId: c.Name, SystemId: c.ID},
		Version:      c.Version,
		Status:       status,
		StatusFinal:  final,
		StatusReason: reason(c.State, c.Reason),
		CreatedTime:  c.Created.Round(0).UTC(), // without the monotonic clock's part
		Network: pmks.NetworkInfo{
			VpcIID:            c.Network.VpcIID,
			SubnetIIDs:        slices.Clone(c.Network.SubnetIIDs),
			SecurityGroupIIDs: slices.Clone(c.Network.SecurityGroupIIDs),
		},
		KeyValueList: []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: h.profile.ClusterWord(c.State, c.By)}},
	}
	info.Access = h.accessOf(c)
	info.AccessInfo.Endpoint = cmp.Or(info.Access.PublicEndpoint, info.Access.PrivateEndpoint)
	if c.Protected {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "DeletionProtection", Value: "true"})
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		info.TagList = append(info.TagList, pmks.KeyValue{Key: key, Value: c.Tags[key]})
	}
	if len(c.Groups) > 0 {
		info.NodeGroupList = make([]pmks.NodeGroupInfo, len(c.Groups))
		for i, g := range c.Groups {
			info.NodeGroupList[i] = h.groupInfo(g)
		}
	}
	if len(h.hidden) > 0 {
		h.leaveOut(&info)
	}
	return info
}

func (h *Handler) groupInfo(g *core.NodeGroup) pmks.NodeGroupInfo {
	status, final := g.State.Portable()
	info := pmks.NodeGroupInfo{
		IId:             pmks.IID{NameId: g.Name, SystemId: g.ID},
		ImageIID:        g.Spec.ImageIID,
		VMSpecName:      g.Spec.VMSpecName,
		RootDiskType:    g.Spec.RootDiskType,
		RootDiskSize:    g.Spec.RootDiskSize,
		KeyPairIID:      g.Spec.KeyPairIID,
		OnAutoScaling:   g.Auto,
		DesiredNodeSize: g.Desired,
		MinNodeSize:     g.Min,
		MaxNodeSize:     g.Max,
		Status:          pmks.NodeGroupStatus(status),
		StatusReason:    reason(g.State, g.Reason),
		StatusFinal:     final,
		Version:         g.Version,
		Nodes:           slices.Clone(g.Nodes),
		KeyValueList:    []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: h.profile.NodeGroupWord(g.State, g.By)}},
		Labels:          maps.Clone(g.Spec.Labels),
		Taints:          slices.Clone(g.Spec.Taints),
		Spot:            g.Spec.Spot,
		Zones:           slices.Clone(g.Spec.Zones),
	}
	if h.profile.Manner.ShownWhenDone {
		info.OnAutoScaling, info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize = g.Before()
	}
	if !g.BoundsKnown { // nobody gave any
		info = h.caps.WithDefaultBounds(info)
	}
	if ignored := g.Attr[ignoredAttr]; ignored != "" {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: pmks.KeyIgnored, Value: ignored})
	}
	return info
}

// reason is the cloud's own, and never empty for a state that needs a person.
func reason(s profile.State, given string) string {
	status, _ := s.Portable()
	if given == "" && status == pmks.ClusterInactive {
		return "the cloud says " + s.String() + " and no more"
	}
	return given
}

// addGroup is the command for a requested group. Fields that the cloud ignores
// are left out and noted.
func (h *Handler) addGroup(clusterID string, req pmks.NodeGroupInfo, token string) core.AddNodeGroup {
	cmd := core.AddNodeGroup{ClusterID: clusterID, Spec: h.caps.WithDefaultBounds(req.Clone()), Token: token}
	h.taking(&cmd.Spec)
	if ignored := h.caps.Ignored(req); len(ignored) > 0 {
		cmd.Attr = map[string]string{ignoredAttr: strings.Join(ignored, ",")}
		for _, field := range ignored {
			switch field {
			case "ImageIID":
				cmd.Spec.ImageIID = pmks.IID{}
			case "VMSpecName":
				cmd.Spec.VMSpecName = ""
			case "RootDiskType":
				cmd.Spec.RootDiskType = ""
			case "RootDiskSize":
				cmd.Spec.RootDiskSize = ""
			case "KeyPairIID":
				cmd.Spec.KeyPairIID = pmks.IID{}
			}
		}
	}
	// What was left to the cloud is not told as if the user had asked for it.
	for _, text := range []*string{&cmd.Spec.RootDiskType, &cmd.Spec.RootDiskSize, &cmd.Spec.ImageIID.NameId, &cmd.Spec.ImageIID.SystemId} {
		if strings.EqualFold(*text, "default") {
			*text = ""
		}
	}
	return cmd
}

// cluster finds a cluster: by id if there is one, else by a name that only one
// has. The caller holds the lock.
func (h *Handler) cluster(now time.Time, iid pmks.IID) (*core.Cluster, error) {
	if iid.SystemId != "" {
		if c, ok := h.world.Cluster(now, iid.SystemId); ok {
			return c, nil
		}
		if scope, _, _ := strings.Cut(h.profile.IDs.Cluster, "{"); !strings.HasPrefix(iid.SystemId, scope) {
			return nil, foreign("clusterIID", iid, scope)
		}
		return nil, notFound("cluster", iid)
	}
	found := h.world.ClustersByName(now, iid.NameId)
	switch len(found) {
	case 0:
		return nil, notFound("cluster", iid)
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, c := range found {
		ids = append(ids, c.ID)
	}
	return nil, refuse.Invalid("clusterIID", "the name %q is ambiguous: give the SystemId, one of %s", iid.NameId, strings.Join(ids, ", "))
}

// group finds a node group in a cluster.
func (h *Handler) group(c *core.Cluster, iid pmks.IID) (*core.NodeGroup, error) {
	if iid.SystemId != "" {
		if g, ok := c.Group(iid.SystemId); ok {
			return g, nil
		}
		if path, ok := strings.CutPrefix(h.profile.IDs.NodeGroup, "{cluster}"); ok {
			scope, _, _ := strings.Cut(path, "{")
			if scope = c.ID + scope; !strings.HasPrefix(iid.SystemId, scope) {
				return nil, foreign("nodeGroupIID", iid, scope)
			}
		}
	} else if g, ok := c.GroupByName(iid.NameId); ok {
		return g, nil
	}
	return nil, notFound("node group", iid)
}

// foreign refuses an id that cannot be of this cloud's account.
func foreign(field string, iid pmks.IID, scope string) error {
	return refuse.Invalid(field, "the id %q is not of this connection, whose ids begin with %q", iid.SystemId, scope)
}

// both finds a cluster and a node group of it.
func (h *Handler) both(now time.Time, clusterIID, groupIID pmks.IID) (*core.Cluster, *core.NodeGroup, error) {
	c, err := h.cluster(now, clusterIID)
	if err != nil {
		return nil, nil, err
	}
	g, err := h.group(c, groupIID)
	return c, g, err
}

// checkBoth checks the IIDs of a call on a node group.
func checkBoth(clusterIID, groupIID pmks.IID) error {
	var f refuse.List
	f.Join(pmks.CheckIID("clusterIID", clusterIID))
	f.Join(pmks.CheckIID("nodeGroupIID", groupIID))
	return f.Err()
}

func idOf(c *core.Cluster) pmks.IID { return pmks.IID{NameId: c.Name, SystemId: c.ID} }

func groupIDOf(g *core.NodeGroup) pmks.IID {
	return pmks.IID{NameId: g.Name, SystemId: cmp.Or(g.ID, g.Name)}
}
