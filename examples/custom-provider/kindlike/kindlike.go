// SPDX-License-Identifier: Apache-2.0

// Package kindlike is a whole provider that uses only what pmks exports. Its cloud
// is a list in memory: work takes a moment, and all is gone with the program.
package kindlike

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
)

// Name is the name to give to pmks.Open.
const Name = "kindlike"

// offered are the versions, newest first.
var offered = []pmks.Version{{Name: "1.35"}, {Name: "1.34", Default: true}, {Name: "1.33"}, {Name: "1.32"}}

//go:embed kubeconfig.yaml
var kubeconfig string

// capabilities say what this provider can do; pmks checks requests against them.
var capabilities = pmks.Capabilities{
	Provider: Name, ClusterType: pmks.TypeII, GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: -1},
	ClusterName:   pmks.NameRule{Pattern: `[a-z]([a-z0-9-]*[a-z0-9])?`, MaxLength: 40},
	NodeGroupName: pmks.NameRule{Pattern: `[a-z]([a-z0-9-]*[a-z0-9])?`, MaxLength: 40},
	// Everything a request may name is taken, kept and shown: memory is patient.
	Fields: pmks.FieldRules{
		VPC: pmks.FieldOptional, SecurityGroups: pmks.FieldOptional, Tags: pmks.FieldOptional,
		Image: pmks.FieldOptional, VMSpec: pmks.FieldOptional, KeyPair: pmks.FieldOptional,
		RootDiskType: pmks.FieldOptional, RootDiskSize: pmks.FieldOptional,
	},
	Scaling:  pmks.ScalingRule{ToZero: true, RemoveLast: true, AutoScaling: pmks.AutoScalingExternal, DesiredWhileAuto: true},
	Versions: pmks.VersionRule{LargestStep: 1}, Access: pmks.AccessRule{Certificate: true},
	Typical: pmks.Durations{CreateCluster: 2 * time.Second, DeleteCluster: 2 * time.Second},
}

func init() {
	pmks.Register(pmks.Provider{
		Name: Name, Title: "Clusters in the memory of this program", Capabilities: capabilities,
		Settings: []pmks.Setting{{Name: "delay", Help: "How long each operation takes.", Default: "2s"}},
		Open: func(_ context.Context, cfg pmks.Config) (pmks.ClusterHandler, error) {
			delay, err := time.ParseDuration(cmp.Or(cfg.Settings["delay"], "2s"))
			if err != nil || delay < 0 {
				return nil, fail(pmks.CodeInvalidArgument, "Settings.delay", "must be a duration such as 2s")
			}
			return &handler{delay: delay}, nil
		},
	})
}

// handler implements pmks.ClusterHandler and pmks.CapabilityReporter. It is
// reached through pmks.Open only, so that a pmks.Client has checked names, sizes,
// references and the capabilities before a call arrives here.
type handler struct {
	delay    time.Duration
	mu       sync.Mutex
	clusters []*cluster
	made     int
}

// cluster is a cluster, with what is under way: one thing at a time.
type cluster struct {
	pmks.ClusterInfo
	until time.Time
	goal  string // the version that an upgrade goes to
}

func (h *handler) Capabilities() pmks.Capabilities { return capabilities }

func (h *handler) ListVersions(context.Context) ([]pmks.Version, error) {
	return slices.Clone(offered), nil
}

func (h *handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (info pmks.ClusterInfo, err error) {
	at, err := index(req.Version)
	if err != nil {
		return info, err
	}
	return locked(ctx, h, func() (pmks.ClusterInfo, error) {
		if h.find(pmks.IID{NameId: req.IId.NameId}) != nil {
			return info, fail(pmks.CodeAlreadyExists, "IId.NameId", "there is a cluster %q", req.IId.NameId)
		}
		c := &cluster{ClusterInfo: pmks.ClusterInfo{IId: h.newIID(req.IId.NameId), Version: offered[at].Name,
			Network: req.Clone().Network, TagList: slices.Clone(req.TagList), CreatedTime: time.Now()}}
		for _, g := range req.NodeGroupList {
			h.addGroup(c, g)
		}
		h.clusters = append(h.clusters, c)
		return h.start(c, pmks.ClusterCreating), nil
	})
}

func (h *handler) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	return locked(ctx, h, func() (list []*pmks.ClusterInfo, err error) {
		for _, c := range h.clusters {
			info := c.Clone()
			info.AccessInfo.Kubeconfig = ""
			list = append(list, &info)
		}
		return list, nil
	})
}

func (h *handler) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	return onCluster(ctx, h, iid, func(c *cluster) (pmks.ClusterInfo, error) { return c.Clone(), nil })
}

func (h *handler) DeleteCluster(ctx context.Context, iid pmks.IID) (bool, error) {
	return onCluster(ctx, h, iid, func(c *cluster) (bool, error) {
		if c.Status != pmks.ClusterDeleting {
			h.start(c, pmks.ClusterDeleting)
		}
		return true, nil
	})
}

func (h *handler) AddNodeGroup(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (info pmks.NodeGroupInfo, err error) {
	return onCluster(ctx, h, iid, func(c *cluster) (pmks.NodeGroupInfo, error) {
		if _, taken := c.NodeGroup(pmks.IID{NameId: req.IId.NameId}); taken {
			return info, fail(pmks.CodeAlreadyExists, "IId.NameId", "there is a node group %q", req.IId.NameId)
		}
		if c.Status.Transitional() {
			return info, fail(pmks.CodeBusy, "", "the cluster is %s", c.Status)
		}
		h.start(c, pmks.ClusterUpdating)
		return h.addGroup(c, req), nil
	})
}

func (h *handler) SetNodeGroupAutoScaling(ctx context.Context, iid, groupIID pmks.IID, on bool) (bool, error) {
	return onGroup(ctx, h, iid, groupIID, func(_ *cluster, g *pmks.NodeGroupInfo) (bool, error) {
		g.OnAutoScaling = on
		return true, nil
	})
}

func (h *handler) ChangeNodeGroupScaling(ctx context.Context, iid, groupIID pmks.IID, desired, low, high int) (info pmks.NodeGroupInfo, err error) {
	return onGroup(ctx, h, iid, groupIID, func(c *cluster, g *pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
		switch {
		case desired == 0 && g.OnAutoScaling: // leave it, as far as the bounds allow
			desired = min(max(g.DesiredNodeSize, low), high)
		case desired < low:
			return info, fail(pmks.CodeInvalidArgument, "DesiredNodeSize", "must be at least MinNodeSize %d, got %d", low, desired)
		}
		g.MinNodeSize, g.MaxNodeSize = low, high
		if g.DesiredNodeSize != desired {
			g.DesiredNodeSize = desired
			g.Status, g.KeyValueList = status(pmks.NodeGroupUpdating)
			h.start(c, pmks.ClusterUpdating)
		}
		return g.Clone(), nil
	})
}

func (h *handler) RemoveNodeGroup(ctx context.Context, iid, groupIID pmks.IID) (bool, error) {
	return onGroup(ctx, h, iid, groupIID, func(c *cluster, g *pmks.NodeGroupInfo) (bool, error) {
		g.Status, g.KeyValueList = status(pmks.NodeGroupDeleting)
		h.start(c, pmks.ClusterUpdating)
		return true, nil
	})
}

// UpgradeCluster moves everything in one operation.
func (h *handler) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (info pmks.ClusterInfo, err error) {
	to, err := index(version)
	if err != nil {
		return info, err
	}
	return onCluster(ctx, h, iid, func(c *cluster) (pmks.ClusterInfo, error) {
		switch from, _ := index(c.Version); {
		case c.Status == pmks.ClusterUpdating && c.goal == offered[to].Name: // the same call again
		case c.Status.Transitional():
			return info, fail(pmks.CodeBusy, "", "the cluster is %s", c.Status)
		case to > from:
			return info, fail(pmks.CodeInvalidArgument, "newVersion", "%s is older than %s: there is no way back", offered[to].Name, c.Version)
		case to < from-1:
			return info, fail(pmks.CodeFailedPrecondition, "newVersion", "%s is too far: upgrade to %s first", offered[to].Name, offered[from-1].Name)
		case to < from:
			h.start(c, pmks.ClusterUpdating)
			c.goal = offered[to].Name
		}
		return c.Clone(), nil
	})
}

// locked runs f with everything brought up to now.
func locked[T any](ctx context.Context, h *handler, f func() (T, error)) (result T, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return result, &pmks.Error{Code: pmks.CodeOf(err), Provider: Name, Err: err}
	}
	h.clusters = slices.DeleteFunc(h.clusters, h.advance)
	return f()
}

// onCluster runs f on the cluster that iid names.
func onCluster[T any](ctx context.Context, h *handler, iid pmks.IID, f func(*cluster) (T, error)) (result T, err error) {
	return locked(ctx, h, func() (T, error) {
		if c := h.find(iid); c != nil {
			return f(c)
		}
		return result, fail(pmks.CodeNotFound, "", "there is no cluster %q", iid.String())
	})
}

// onGroup runs f on a group, if nothing is under way in its cluster.
func onGroup[T any](ctx context.Context, h *handler, iid, groupIID pmks.IID, f func(*cluster, *pmks.NodeGroupInfo) (T, error)) (result T, err error) {
	return onCluster(ctx, h, iid, func(c *cluster) (T, error) {
		g, ok := c.NodeGroup(groupIID)
		switch {
		case !ok:
			return result, fail(pmks.CodeNotFound, "", "there is no node group %q", groupIID.String())
		case c.Status.Transitional():
			return result, fail(pmks.CodeBusy, "", "the cluster is %s", c.Status)
		}
		return f(c, &c.NodeGroupList[slices.IndexFunc(c.NodeGroupList, func(o pmks.NodeGroupInfo) bool { return o.IId == g.IId })])
	})
}

func (h *handler) find(iid pmks.IID) *cluster {
	for _, c := range h.clusters {
		if c.IId.SystemId == iid.SystemId || iid.SystemId == "" && c.IId.NameId == iid.NameId {
			return c
		}
	}
	return nil
}

func (h *handler) newIID(name string) pmks.IID {
	h.made++
	return pmks.IID{NameId: name, SystemId: fmt.Sprintf("%s-%d", Name, h.made)}
}

func (h *handler) addGroup(c *cluster, g pmks.NodeGroupInfo) pmks.NodeGroupInfo {
	g.IId, g.Version, g.Nodes, g.StatusReason, g.StatusFinal = h.newIID(g.IId.NameId), c.Version, nil, "", false
	g.Status, g.KeyValueList = status(pmks.NodeGroupCreating)
	if g.MaxNodeSize == 0 { // nobody gave bounds: take those that change nothing
		g.MinNodeSize, g.MaxNodeSize = min(1, g.DesiredNodeSize), max(1, g.DesiredNodeSize)
	}
	c.NodeGroupList = append(c.NodeGroupList, g)
	return g.Clone()
}

// status returns a status together with what the cloud itself calls it.
func status[S ~string](s S) (S, []pmks.KeyValue) {
	return s, []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: strings.ToUpper(string(s))}}
}

// start begins work on a cluster.
func (h *handler) start(c *cluster, s pmks.ClusterStatus) pmks.ClusterInfo {
	c.goal, c.until = c.Version, time.Now().Add(h.delay)
	c.Status, c.KeyValueList = status(s)
	return c.Clone()
}

// advance ends the work whose time has come, and reports whether c is gone.
func (h *handler) advance(c *cluster) (gone bool) {
	if !c.Status.Transitional() || time.Now().Before(c.until) {
		return false
	}
	gone, c.Version = c.Status == pmks.ClusterDeleting, c.goal
	c.Status, c.KeyValueList = status(pmks.ClusterActive)
	c.AccessInfo = pmks.AccessInfo{Endpoint: "https://127.0.0.1:6443", Kubeconfig: kubeconfig}
	c.NodeGroupList = slices.DeleteFunc(c.NodeGroupList, func(g pmks.NodeGroupInfo) bool { return g.Status == pmks.NodeGroupDeleting })
	for i := range c.NodeGroupList {
		g := &c.NodeGroupList[i]
		g.Status, g.KeyValueList = status(pmks.NodeGroupActive)
		g.Version, g.Nodes = c.Version, nil
		for n := range g.DesiredNodeSize {
			name := fmt.Sprintf("%s-%d", g.IId.SystemId, n)
			g.Nodes = append(g.Nodes, pmks.IID{NameId: name, SystemId: name})
		}
	}
	return gone
}

// index finds a version among those offered: "", "default", "1.33", "v1.33.2".
func index(version string) (int, error) {
	name := strings.TrimPrefix(version, "v")
	for i, v := range offered {
		if name == v.Name || strings.HasPrefix(name, v.Name+".") || v.Default && (name == "" || strings.EqualFold(name, "default")) {
			return i, nil
		}
	}
	return 0, fail(pmks.CodeInvalidArgument, "Version", "%q is not offered; 1.32, 1.33, 1.34 and 1.35 are", version)
}

func fail(code pmks.Code, field, format string, args ...any) error {
	return &pmks.Error{Code: code, Provider: Name, Field: field, Message: fmt.Sprintf(format, args...)}
}
