// SPDX-License-Identifier: Apache-2.0

package same

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pmks-go/pmks"
)

// Handler is what both sides are.
type Handler interface {
	pmks.ClusterHandler
	pmks.CapabilityReporter
	pmks.IIDLister
	pmks.TokenIssuer
	pmks.VersionLister
	pmks.RequestChecker
	pmks.StateReader
	pmks.OperationReader
	pmks.NodeGroupReader
}

// Side is one of the two that are given the commands.
type Side struct {
	// Name stands before its answers where they differ.
	Name    string
	Handler Handler
	// Hide makes a fact of all clusters unreadable until show is called.
	Hide func(Unread) (show func())
}

// Pair are two sides that should behave alike.
type Pair struct {
	// Right is the side under test.
	Left, Right Side
	Known       Known
	// Request is a full request with one node group; Group one for a further group.
	Request func(name string) pmks.ClusterInfo
	Group   func(name string) pmks.NodeGroupInfo
}

// player gives commands to one side.
type player struct {
	Side
	pair Pair
	caps pmks.Capabilities
	// ids are what clusters and groups were last seen to be called, by their names.
	ids map[string]string
}

func newPlayer(pair Pair, side Side) *player {
	return &player{Side: side, pair: pair, caps: pair.Left.Handler.Capabilities(), ids: map[string]string{}}
}

// errAbsent stands for a method that a side does not have.
var errAbsent = errors.New("the handler has no such method")

func (p *player) iid(name, by string) pmks.IID {
	id := p.ids[name]
	switch {
	case by == "id" && id != "":
		return pmks.IID{SystemId: id}
	case by == "both" && id != "":
		return pmks.IID{NameId: name, SystemId: id}
	}
	return pmks.IID{NameId: name}
}

func clusterName(i int) string { return fmt.Sprint(clusterNamesFrom, i) }

// firstName is the name of the first group.
func (p *player) firstName() string {
	if name := p.caps.GroupsAtCreate.FixedFirstName; name != "" {
		return name
	}
	return "ng1"
}

// groupName is the group that a command means.
func (p *player) groupName(c Command) string {
	if c.Group == "" {
		return p.firstName()
	}
	return c.Group
}

// create is the request of a cluster.
func (p *player) create(c Command) pmks.ClusterInfo {
	req := p.pair.Request(clusterName(c.Cluster))
	req.NodeGroupList[0].IId.NameId = p.firstName()
	if p.caps.GroupsAtCreate.Max == 0 && !slices.Contains(c.Twists, "two groups") {
		req.NodeGroupList = nil
	}
	for _, name := range c.Twists {
		clusterTwists[name](&req, p.caps, p.pair.Known)
	}
	return req
}

func (p *player) group(c Command) pmks.NodeGroupInfo {
	req := p.pair.Group(p.groupName(c))
	for _, name := range c.Twists {
		groupTwists[name](&req, p.caps, p.pair.Known)
	}
	return req
}

// version is the version that a command names.
func (p *player) version(c Command, info pmks.ClusterInfo, offer []pmks.Version) string {
	at := slices.IndexFunc(offer, func(v pmks.Version) bool { return v.Name == info.Version })
	switch c.Version {
	case "":
		if !p.pair.Known.OwnDefault {
			return ""
		}
		fallthrough
	case "next": // the newest patch of the minor above
		for i := at - 1; i >= 0; i-- {
			if minorOf(offer[i].Name) != minorOf(info.Version) {
				return minorOf(offer[i].Name)
			}
		}
		return offer[0].Name
	case "newest":
		return offer[0].Name
	case "oldest":
		return offer[len(offer)-1].Name
	case "never":
		return "1.7"
	case "words":
		return "the newest one"
	}
	return ""
}

// tags are those that a command sets.
func tags(c Command) []pmks.KeyValue {
	switch c.Tag {
	case "none":
		return nil
	case "twice":
		return []pmks.KeyValue{{Key: "life", Value: "1"}, {Key: "life", Value: "2"}}
	}
	return []pmks.KeyValue{{Key: "team", Value: "blue"}, {Key: "life", Value: c.Tag}}
}

// do gives a command, and returns the value and the error of the call.
func (p *player) do(ctx context.Context, c Command) (any, error) {
	version := ""
	if c.Op == upgradeCluster || c.Op == upgradeFindings {
		offer, err := p.Handler.ListVersions(ctx)
		if err != nil {
			return nil, err
		}
		info, _ := p.Handler.GetCluster(ctx, pmks.IID{NameId: clusterName(c.Cluster)})
		version = p.version(c, info, offer)
	}
	if c.Unread != nil && p.Hide != nil {
		show := p.Hide(*c.Unread)
		defer show()
	}
	return p.call(ctx, c, version)
}

func value[T any](v T, err error) (any, error) { return v, err }

func (p *player) call(ctx context.Context, c Command, version string) (any, error) {
	h, cluster, group := p.Handler, p.iid(clusterName(c.Cluster), c.By), p.iid(clusterName(c.Cluster)+"/"+p.groupName(c), c.By)
	if group.NameId != "" {
		group.NameId = p.groupName(c)
	}
	switch c.Op {
	case createCluster:
		return value(h.CreateCluster(ctx, p.create(c)))
	case listCluster:
		return value(h.ListCluster(ctx))
	case listIID:
		return value(h.ListIID(ctx))
	case listVersions:
		return value(h.ListVersions(ctx))
	case getCluster:
		return value(h.GetCluster(ctx, cluster))
	case getNodeGroup:
		return value(h.GetNodeGroup(ctx, cluster, group))
	case readState:
		return value(h.ReadState(ctx, cluster, pmks.IID{}))
	case readGroupState:
		return value(h.ReadState(ctx, cluster, group))
	case lastOperation:
		return value(h.LastOperation(ctx, cluster, pmks.IID{}))
	case deleteCluster:
		return value(h.DeleteCluster(ctx, cluster))
	case addNodeGroup:
		return value(h.AddNodeGroup(ctx, cluster, p.group(c)))
	case removeNodeGroup:
		return value(h.RemoveNodeGroup(ctx, cluster, group))
	case setAutoScaling:
		return value(h.SetNodeGroupAutoScaling(ctx, cluster, group, c.On))
	case changeScaling:
		return value(h.ChangeNodeGroupScaling(ctx, cluster, group, c.Desired, c.Min, c.Max))
	case upgradeCluster:
		return value(h.UpgradeCluster(ctx, cluster, version))
	case checkCluster:
		return nil, h.CheckCluster(ctx, p.create(c))
	case checkNodeGroup:
		return nil, h.CheckNodeGroup(ctx, cluster, p.group(c))
	case generateToken:
		return value(h.GenerateClusterToken(ctx, cluster))
	}
	return p.optional(ctx, c, cluster, version)
}

// optional gives the commands that not every cloud has a method for.
func (p *player) optional(ctx context.Context, c Command, cluster pmks.IID, version string) (any, error) {
	// A client answers for those that are missing, as it does for a user.
	client := pmks.New(p.Handler)
	switch c.Op {
	case setTags:
		if !p.caps.Fields.TagsLater {
			return nil, client.SetTags(ctx, cluster, tags(c))
		}
		if h, ok := p.Handler.(pmks.TagSetter); ok {
			return nil, h.SetTags(ctx, cluster, tags(c))
		}
	case openAccess, closeAccess:
		if !p.caps.Access.OpenCall {
			return nil, nil //nolint:nilnil // there is nothing to do
		}
		if h, ok := p.Handler.(pmks.AccessOpener); ok {
			if c.Op == openAccess {
				return nil, h.OpenAccess(ctx, cluster)
			}
			return nil, h.CloseAccess(ctx, cluster)
		}
	case upgradeFindings:
		h, ok := p.Handler.(pmks.UpgradeAdvisor)
		if !ok {
			return nil, nil //nolint:nilnil // few clouds have it
		}
		return value(h.UpgradeFindings(ctx, cluster, version))
	}
	return nil, errAbsent
}

// learn keeps the ids of what was seen.
func (p *player) learn(v any) {
	switch v := v.(type) {
	case pmks.ClusterInfo:
		if v.IId.SystemId == "" {
			return
		}
		p.ids[v.IId.NameId] = v.IId.SystemId
		for _, g := range v.NodeGroupList {
			p.ids[v.IId.NameId+"/"+g.IId.NameId] = g.IId.SystemId
		}
	case []*pmks.ClusterInfo:
		for _, info := range v {
			p.learn(*info)
		}
	}
}
