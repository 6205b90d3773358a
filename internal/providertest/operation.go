// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// Names in the matrix.
const (
	clusterName = "matrix"
	extraGroup  = "extra"

	// usualGroup is the first group, where the cloud does not name it itself.
	usualGroup = "ng1"
)

var clusterIID = pmks.IID{NameId: clusterName}

// operation is one method of a handler, from a prepared state.
type operation struct {
	name string
	// start is what there is before: nothing, a cluster, or a cluster with a further
	// group.
	start start
	do    func(ctx context.Context, s *stand) (any, error)
	// happened looks at the truth: whether a mutation took effect, wholly and at
	// all. Nil for reads.
	happened func(t truth) (whole, part bool)
	// done are the errors of a second call that say it had happened before.
	done []pmks.Code
	// waits: the call waits for the cloud, so that it may take long.
	waits bool
	// upgrades: the cluster begins at the oldest version, for its next.
	upgrades bool
}

type start int

const (
	nothing start = iota
	oneCluster
	twoGroups
)

// truth is what the cloud holds.
type truth struct {
	clusters []*pmks.ClusterInfo
	before   pmks.ClusterInfo
	// first is the name of the first group.
	first string
}

func (t truth) cluster() (pmks.ClusterInfo, bool) {
	for _, c := range t.clusters {
		if c.IId.NameId == clusterName {
			return *c, true
		}
	}
	return pmks.ClusterInfo{}, false
}

func (t truth) group(name string) (pmks.NodeGroupInfo, bool) {
	c, _ := t.cluster()
	return c.NodeGroup(pmks.IID{NameId: name})
}

func both(yes bool) (bool, bool) { return yes, yes }

// operations are the rows of the matrix.
var operations = []operation{
	{name: "CreateCluster", start: nothing, done: []pmks.Code{pmks.CodeAlreadyExists},
		do:       func(ctx context.Context, s *stand) (any, error) { return s.h.CreateCluster(ctx, s.create()) },
		happened: func(t truth) (bool, bool) { _, ok := t.cluster(); return both(ok) }},
	{name: "AddNodeGroup", start: oneCluster, done: []pmks.Code{pmks.CodeAlreadyExists},
		do: func(ctx context.Context, s *stand) (any, error) {
			return s.h.AddNodeGroup(ctx, clusterIID, s.m.Group(extraGroup))
		},
		happened: func(t truth) (bool, bool) { _, ok := t.group(extraGroup); return both(ok) }},
	{name: "ChangeNodeGroupScaling", start: oneCluster,
		do: func(ctx context.Context, s *stand) (any, error) {
			return s.h.ChangeNodeGroupScaling(ctx, clusterIID, s.firstIID(), 3, 1, 4)
		},
		happened: func(t truth) (bool, bool) {
			g, _ := t.group(t.first)
			return g.DesiredNodeSize == 3 && g.MaxNodeSize == 4, g.DesiredNodeSize == 3 || g.MaxNodeSize == 4
		}},
	{name: "SetNodeGroupAutoScaling", start: oneCluster,
		do: func(ctx context.Context, s *stand) (any, error) {
			return s.h.SetNodeGroupAutoScaling(ctx, clusterIID, s.firstIID(), true)
		},
		happened: func(t truth) (bool, bool) { g, _ := t.group(t.first); return both(g.OnAutoScaling) }},
	{name: "UpgradeCluster", start: oneCluster, upgrades: true,
		do: func(ctx context.Context, s *stand) (any, error) {
			return s.h.UpgradeCluster(ctx, clusterIID, s.target)
		},
		happened: func(t truth) (bool, bool) {
			c, _ := t.cluster()
			return both(c.Status == pmks.ClusterUpdating || c.Version != t.before.Version)
		}},
	{name: "RemoveNodeGroup", start: twoGroups, done: []pmks.Code{pmks.CodeNotFound},
		do: func(ctx context.Context, s *stand) (any, error) {
			return s.h.RemoveNodeGroup(ctx, clusterIID, pmks.IID{NameId: extraGroup})
		},
		happened: func(t truth) (bool, bool) {
			g, ok := t.group(extraGroup)
			return both(!ok || g.Status == pmks.NodeGroupDeleting)
		}},
	{name: "DeleteCluster", start: oneCluster, done: []pmks.Code{pmks.CodeNotFound}, waits: true,
		do: func(ctx context.Context, s *stand) (any, error) { return s.h.DeleteCluster(ctx, clusterIID) },
		happened: func(t truth) (bool, bool) {
			c, ok := t.cluster()
			g, there := t.group(t.first)
			whole := !ok || c.Status == pmks.ClusterDeleting
			return whole, whole || !there || g.Status == pmks.NodeGroupDeleting
		}},
	{name: "GetCluster", start: twoGroups,
		do: func(ctx context.Context, s *stand) (any, error) { return s.h.GetCluster(ctx, clusterIID) }},
	{name: "ListCluster", start: twoGroups,
		do: func(ctx context.Context, s *stand) (any, error) { return s.h.ListCluster(ctx) }},
	{name: "ListIID", start: oneCluster, do: func(ctx context.Context, s *stand) (any, error) { return s.h.ListIID(ctx) }},
	{name: "ListVersions", start: nothing, do: func(ctx context.Context, s *stand) (any, error) { return s.h.ListVersions(ctx) }},
	{name: "GenerateClusterToken", start: oneCluster, do: func(ctx context.Context, s *stand) (any, error) {
		token, err := s.h.GenerateClusterToken(ctx, clusterIID)
		return token.Value != "", err
	}},
	{name: "ReadState", start: oneCluster, do: func(ctx context.Context, s *stand) (any, error) {
		return s.h.ReadState(ctx, clusterIID, pmks.IID{})
	}},
	{name: "ReadState-group", start: oneCluster, do: func(ctx context.Context, s *stand) (any, error) {
		return s.h.ReadState(ctx, clusterIID, s.firstIID())
	}},
	{name: "LastOperation", start: twoGroups, do: func(ctx context.Context, s *stand) (any, error) {
		return s.h.LastOperation(ctx, clusterIID, pmks.IID{})
	}},
	{name: "AddNodeGroup-demanding", start: oneCluster, done: []pmks.Code{pmks.CodeAlreadyExists},
		do: func(ctx context.Context, s *stand) (any, error) {
			if s.m.Demanding == nil {
				return nil, &pmks.Error{Code: pmks.CodeUnsupported}
			}
			return s.h.AddNodeGroup(ctx, clusterIID, s.m.Demanding(extraGroup))
		},
		happened: func(t truth) (bool, bool) { _, ok := t.group(extraGroup); return both(ok) }},
	{name: "SetTags", start: oneCluster,
		do: func(ctx context.Context, s *stand) (any, error) { return nil, s.h.SetTags(ctx, clusterIID, otherTags) },
		happened: func(t truth) (bool, bool) {
			c, _ := t.cluster()
			return both(slices.Equal(c.TagList, otherTags))
		}},
	{name: "GetNodeGroup", start: twoGroups, do: func(ctx context.Context, s *stand) (any, error) {
		return s.h.GetNodeGroup(ctx, clusterIID, s.firstIID())
	}},
	{name: "Clusters", start: twoGroups, do: func(ctx context.Context, s *stand) (any, error) {
		var list []*pmks.ClusterInfo
		var failed []error
		for info, err := range s.h.Clusters(ctx) {
			if err != nil {
				failed = append(failed, err)
				continue
			}
			list = append(list, &info)
		}
		return list, errors.Join(failed...)
	}},
	{name: "UpgradeFindings", start: oneCluster, upgrades: true, do: func(ctx context.Context, s *stand) (any, error) {
		return s.h.UpgradeFindings(ctx, clusterIID, s.target)
	}},
	{name: "PlanUpgrade", start: oneCluster, upgrades: true, waits: true, do: func(ctx context.Context, s *stand) (any, error) {
		return pmks.PlanUpgrade(ctx, s.h, clusterIID, s.target)
	}},
	{name: "inventory.List", start: twoGroups, do: func(ctx context.Context, s *stand) (any, error) {
		var list []*pmks.ClusterInfo
		var failed []error
		for item, err := range inventory.List(ctx, []inventory.Source{{Name: "account", Handler: s.h}}) {
			if err != nil {
				failed = append(failed, err)
				continue
			}
			list = append(list, &item.Cluster)
		}
		return list, errors.Join(failed...)
	}},
	{name: "CheckCluster", start: nothing, do: func(ctx context.Context, s *stand) (any, error) {
		return nil, s.h.CheckCluster(ctx, s.create())
	}},
	{name: "CheckNodeGroup", start: oneCluster, do: func(ctx context.Context, s *stand) (any, error) {
		return nil, s.h.CheckNodeGroup(ctx, clusterIID, s.m.Group(extraGroup))
	}},
}

// otherTags are those that SetTags sets.
var otherTags = []pmks.KeyValue{{Key: "team", Value: "green"}}

// stand is a rig in the state that an operation starts from.
type stand struct {
	t      testing.TB
	m      *Matrix
	op     operation
	wire   *Wire
	h      *pmks.Client
	direct *pmks.Client
	target string
	before pmks.ClusterInfo
	// another makes a new handler on the same cloud.
	another func() pmks.ClusterHandler
	// remember marks the moment that stale reads show.
	remember func()
}

// result is how an operation ended.
type result struct {
	value any
	err   error
	took  time.Duration
	panic any
	stack string // of the panic
}

func (m *Matrix) open(t testing.TB, op operation) *stand {
	t.Helper()
	s := &stand{t: t, m: m, op: op}
	rig := m.Open(t, func(next http.RoundTripper) http.RoundTripper {
		s.wire = newWire(m, next)
		return s.wire
	})
	if s.wire == nil {
		t.Fatalf("Open did not put the wire in")
	}
	s.h, s.direct, s.another, s.remember = pmks.New(rig.Handler), pmks.New(rig.Direct), rig.Another, rig.Remember
	s.prepare()
	return s
}

// first is the name of the first group.
func (s *stand) first() string {
	return cmp.Or(s.direct.Capabilities().GroupsAtCreate.FixedFirstName, usualGroup)
}

func (s *stand) firstIID() pmks.IID { return pmks.IID{NameId: s.first()} }

// create is a request that CreateCluster takes.
func (s *stand) create() pmks.ClusterInfo {
	req := s.m.Request(clusterName)
	if s.h.Capabilities().GroupsAtCreate.Max == 0 {
		req.NodeGroupList = nil
	}
	return req
}

// prepare makes what the operation starts from, undisturbed.
func (s *stand) prepare() {
	s.t.Helper()
	if s.op.start == nothing {
		return
	}
	ctx := context.Background()
	req := s.m.Request(clusterName)
	req.NodeGroupList[0].IId.NameId = s.first()
	if s.op.start == twoGroups {
		req.NodeGroupList = append(req.NodeGroupList, s.m.Group(extraGroup))
	}
	if s.op.upgrades {
		versions, err := s.direct.ListVersions(ctx)
		if err != nil || len(versions) < 2 {
			s.t.Fatalf("ListVersions: %v, %v", versions, err)
		}
		req.Version, s.target = versions[len(versions)-1].Name, versions[len(versions)-2].Name
	}
	info, err := pmks.Provision(ctx, s.direct, req, pmks.WithInterval(time.Minute))
	if err != nil {
		s.t.Fatalf("Provision: %v", err)
	}
	s.before = info
}

// do runs the operation, and survives its panic.
func (s *stand) do(ctx context.Context) (r result) {
	begin := time.Now()
	defer func() {
		r.took = time.Since(begin)
		if r.panic = recover(); r.panic != nil {
			r.stack = firstLines(string(debug.Stack()))
		}
	}()
	r.value, r.err = s.op.do(ctx, s)
	return r
}

// look reads the truth.
func (s *stand) look() (truth, error) {
	list, err := s.direct.ListCluster(context.Background())
	return truth{clusters: list, before: s.before, first: s.first()}, err
}

// plain takes from a result what differs from call to call.
func plain(v any) any {
	clean := func(info pmks.ClusterInfo) pmks.ClusterInfo {
		info.AccessInfo.Kubeconfig, info.AccessInfo.ExpiresAt = fmt.Sprint(info.AccessInfo.Kubeconfig != ""), time.Time{}
		return info
	}
	switch v := v.(type) {
	case pmks.ClusterInfo:
		return clean(v)
	case []*pmks.ClusterInfo:
		var list []pmks.ClusterInfo
		for _, info := range v {
			list = append(list, clean(*info))
		}
		return list
	}
	return v
}

// partly reports whether a read says that something in it could not be read.
func partly(v any) bool {
	has := func(info pmks.ClusterInfo) bool {
		_, unread := pmks.Lookup(info.KeyValueList, pmks.KeyUnread)
		return unread || slices.ContainsFunc(info.NodeGroupList, func(g pmks.NodeGroupInfo) bool {
			_, unread := pmks.Lookup(g.KeyValueList, pmks.KeyUnread)
			return unread
		})
	}
	switch v := v.(type) {
	case pmks.ClusterInfo:
		return has(v)
	case []*pmks.ClusterInfo:
		return slices.ContainsFunc(v, func(info *pmks.ClusterInfo) bool { return has(*info) })
	case pmks.NodeGroupInfo:
		return has(pmks.ClusterInfo{NodeGroupList: []pmks.NodeGroupInfo{v}})
	case pmks.UpgradePlan:
		return slices.ContainsFunc(v.Steps, func(step pmks.UpgradeStep) bool { return partly(step.Findings) })
	case []pmks.UpgradeFinding:
		return slices.ContainsFunc(v, func(f pmks.UpgradeFinding) bool { return f.Code == pmks.KeyUnread })
	}
	return false
}

func equal(a, b any) bool { return reflect.DeepEqual(plain(a), plain(b)) }

// asError finds the typed error.
func asError(err error) (*pmks.Error, bool) {
	var e *pmks.Error
	return e, errors.As(err, &e)
}
