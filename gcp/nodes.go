// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// instanceGroup is where the VMs of a pool in one zone are, as its URL says.
type instanceGroup struct{ project, zone, name string }

// parseGroup reads the URL of an instance group or of its manager, which ends with
// /projects/P/zones/Z/instanceGroupManagers/NAME. A listing reads one for each group.
func parseGroup(url string) (instanceGroup, error) {
	bad := func() (instanceGroup, error) {
		return instanceGroup{}, &pmks.Error{Code: pmks.CodeInternal, Message: fmt.Sprintf("%q is not the URL of an instance group", refuse.Clip(url))}
	}
	rest := "/" + url
	cut := func(before string) (last string, ok bool) {
		at := strings.LastIndexByte(rest, '/')
		if at < 0 {
			return "", false
		}
		last, rest = rest[at+1:], rest[:at]
		ok = last != ""
		if before != "" && ok {
			rest, ok = strings.CutSuffix(rest, before)
		}
		return last, ok
	}
	name, ok := cut("")
	if !ok || strings.ContainsRune(name, '?') {
		return bad()
	}
	if kind, found := cut(""); !found || kind != "instanceGroupManagers" && kind != "instanceGroups" {
		return bad()
	}
	zone, zoned := cut("/zones")
	project, owned := cut("/projects")
	if !zoned || !owned {
		return bad()
	}
	return instanceGroup{project, zone, name}, nil
}

// groupRead is one read of an instance group: of the instances that it has, or of
// the size that it is to have.
type groupRead struct {
	cluster pmks.IID
	of      ref
	pool    string
	url     string
	at      instanceGroup // what url says
	target  bool
	rest    bool // the pool is at rest

	nodes []pmks.IID
	size  int
	err   error
}

func newGroupRead(pool, url string) *groupRead {
	g := &groupRead{pool: pool, url: url}
	g.at, g.err = parseGroup(url)
	return g
}

// groupReads are the reads that a cluster needs. At rest the size of a pool is what
// its groups have; in transition what they are to have is asked for too. The pools of
// Autopilot are Google's own affair, and not to be read.
func (h *Handler) groupReads(c *containerpb.Cluster, info *pmks.ClusterInfo) []*groupRead {
	var list []*groupRead
	for i, p := range c.GetNodePools() {
		g := &info.NodeGroupList[i]
		if c.GetAutopilot().GetEnabled() {
			hidden := &pmks.Error{Code: pmks.CodeUnsupported}
			unread(&g.KeyValueList, "Nodes", hidden)
			unread(&g.KeyValueList, "DesiredNodeSize", hidden)
			g.DesiredNodeSize = 0
			continue
		}
		for _, url := range p.GetInstanceGroupUrls() {
			read := newGroupRead(p.GetName(), url)
			read.cluster, read.of, read.rest = info.IId, h.refOf(c), g.Status == pmks.NodeGroupActive
			list = append(list, read)
			if g.Status.Transitional() {
				target := *read
				target.target = true
				list = append(list, &target)
			}
		}
	}
	return list
}

// readGroup makes one read and keeps its fault: no group's empties the others.
func (h *Handler) readGroup(ctx context.Context, g *groupRead) {
	switch {
	case g.err != nil: // it has no place
	case g.target:
		g.size, g.err = h.targetSize(ctx, g.at)
	default:
		g.nodes, g.err = h.instances(ctx, g.at)
		g.size = len(g.nodes)
	}
	g.err = notFoundAs(g.err, "/"+g.at.name)
}

func (h *Handler) targetSize(ctx context.Context, at instanceGroup) (int, error) {
	m, err := readCompute(ctx, h, bucketReads, func(ctx context.Context) (*managerObject, error) {
		m, err := h.api.compute.manager(ctx, at.project, at.zone, at.name)
		if err == nil && (m == nil || m.Name != at.name) {
			err = errs.LostAnswer("Compute Engine", "instance group")
		}
		return m, err
	})
	if err != nil {
		return 0, err
	}
	return m.TargetSize, nil
}

// instances lists the instances of a group but for those that are leaving.
func (h *Handler) instances(ctx context.Context, at instanceGroup) ([]pmks.IID, error) {
	var list []pmks.IID
	token, seen := "", map[string]bool{}
	for {
		page, err := readCompute(ctx, h, bucketInstances+regionOf(at.zone), func(ctx context.Context) (*managedInstances, error) {
			page, err := h.api.compute.instances(ctx, at.project, at.zone, at.name, token)
			if err == nil && page == nil {
				err = errs.LostAnswer("Compute Engine", "list of instances")
			}
			return page, err
		})
		if err != nil {
			return nil, err
		}
		for _, i := range page.ManagedInstances {
			if i.CurrentAction == "DELETING" || i.CurrentAction == "ABANDONING" {
				continue
			}
			if name := cmp.Or(i.Name, i.Instance[strings.LastIndexByte(i.Instance, '/')+1:]); name != "" {
				list = append(list, poolIID(name))
			}
		}
		if token = page.NextPageToken; token == "" {
			return list, nil
		}
		if seen[token] {
			return nil, &pmks.Error{Code: pmks.CodeInternal, Message: "Compute Engine gave a page token a second time: its list has no end"}
		}
		seen[token] = true
	}
}

// poolNodes is what the reads of a pool come to.
type poolNodes struct {
	nodes []pmks.IID
	// size is that of the pool; sizeErr is why it is not known.
	size           int
	nodesErr       error
	sizeErr        error
	gone, complete bool // a group, or every group, is not there
}

// nodesOf joins the reads of a pool. During a blue-green upgrade there are two sets of
// groups, of which the smaller one comes or goes: the pool has the size of the
// larger.
func nodesOf(p *containerpb.NodePool, groups []*groupRead) poolNodes {
	green := p.GetUpdateInfo().GetBlueGreenInfo().GetGreenInstanceGroupUrls()
	var n poolNodes
	var blueSize, greenSize, missing, asked int
	withTargets := slices.ContainsFunc(groups, func(g *groupRead) bool { return g.pool == p.GetName() && g.target })
	for _, g := range groups {
		if g.pool != p.GetName() {
			continue
		}
		asked++
		if errs.Is(g.err, pmks.CodeNotFound) {
			missing++
		}
		if !g.target {
			if n.nodesErr = cmp.Or(n.nodesErr, g.err); n.nodes == nil {
				n.nodes = g.nodes // nobody else's
			} else {
				n.nodes = append(n.nodes, g.nodes...)
			}
		}
		if g.target != withTargets {
			continue
		}
		n.sizeErr = cmp.Or(n.sizeErr, g.err)
		if slices.Contains(green, g.url) {
			greenSize += g.size
		} else {
			blueSize += g.size
		}
	}
	n.size, n.gone, n.complete = max(blueSize, greenSize), missing > 0, asked > 0 && missing == asked
	slices.SortFunc(n.nodes, func(a, b pmks.IID) int { return strings.Compare(a.NameId, b.NameId) })
	return n
}

// finishNodes puts what the groups tell into a cluster. That a group of a pool at
// rest is not there may mean that the cluster, or the pool, has vanished since it was
// read, which one more look tells; of a pool in transition it is not there yet, or
// no more.
func (h *Handler) finishNodes(ctx context.Context, c *containerpb.Cluster, info *pmks.ClusterInfo, groups []*groupRead) error {
	var suspect []string
	for i, p := range c.GetNodePools() {
		g := &info.NodeGroupList[i]
		if c.GetAutopilot().GetEnabled() {
			continue // its groups are Google's own
		}
		if len(p.GetInstanceGroupUrls()) == 0 { // it has just been born
			*g = capabilities.WithDefaultBounds(*g)
			continue
		}
		n := nodesOf(p, groups)
		g.Nodes = n.nodes
		if g.Status.Transitional() {
			if n.complete { // the size is that which it is made with
				*g = capabilities.WithDefaultBounds(*g)
				continue
			}
			n.nodesErr, n.sizeErr = errs.IgnoreNotFound(n.nodesErr), errs.IgnoreNotFound(n.sizeErr)
		} else if n.gone {
			suspect = append(suspect, p.GetName())
		}
		g.DesiredNodeSize = n.size
		if n.nodesErr != nil {
			unread(&g.KeyValueList, "Nodes", n.nodesErr)
		}
		if n.sizeErr != nil {
			g.DesiredNodeSize = 0
			unread(&g.KeyValueList, "DesiredNodeSize", n.sizeErr)
			continue
		}
		// Nobody has given a pool bounds that was made elsewhere, and others may have
		// changed the size since: what is shown can be written back.
		if *g = capabilities.WithDefaultBounds(*g); !g.OnAutoScaling {
			g.MinNodeSize, g.MaxNodeSize = min(g.MinNodeSize, g.DesiredNodeSize), max(g.MaxNodeSize, g.DesiredNodeSize)
		}
	}
	if len(suspect) == 0 {
		return nil
	}
	now, err := h.cluster(ctx, h.refOf(c))
	if errs.Is(err, pmks.CodeNotFound) || err == nil && now.GetId() != c.GetId() {
		return &pmks.Error{Code: pmks.CodeNotFound, Message: "the cluster has vanished meanwhile"}
	}
	if err == nil {
		info.NodeGroupList = slices.DeleteFunc(info.NodeGroupList, func(g pmks.NodeGroupInfo) bool {
			return slices.Contains(suspect, g.IId.NameId) && findPool(now, g.IId.NameId) == nil
		})
	}
	return errs.Over(ctx)
}
