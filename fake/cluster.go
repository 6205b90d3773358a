// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// CreateCluster implements [pmks.ClusterHandler].
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	iid := pmks.IID{NameId: req.IId.NameId}
	r := mutation("CreateCluster", iid, pmks.IID{})
	cmd, err := h.createCommand(req)
	if err != nil {
		return pmks.ClusterInfo{}, h.failed(r, err)
	}
	var info pmks.ClusterInfo
	err = h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		if err := h.wrong(now, cmd); err != nil {
			return err
		}
		made, err := h.world.Apply(now, cmd, out)
		if err == nil {
			info = h.clusterInfo(made.Cluster)
		}
		return err
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, iid)
		if err != nil {
			return false, err
		}
		if c.Token != cmd.Token {
			return false, exists("cluster", c.Name)
		}
		info = h.clusterInfo(c)
		return true, nil
	})
	if err == nil {
		for i := range min(len(info.NodeGroupList), len(req.NodeGroupList)) {
			h.tellTaken(&info.NodeGroupList[i], req.NodeGroupList[i])
		}
	}
	return info, err
}

// createCommand checks a request and reads it.
func (h *Handler) createCommand(req pmks.ClusterInfo) (core.CreateCluster, error) {
	var f refuse.List
	f.Join(h.caps.CheckCluster(req))
	if err := f.Err(); err != nil {
		return core.CreateCluster{}, err
	}
	for i, g := range req.NodeGroupList {
		h.checkZones(&f, fmt.Sprintf("NodeGroupList[%d].", i), g)
	}
	if err := f.Err(); err != nil {
		return core.CreateCluster{}, err
	}
	version, err := h.resolve("Version", req.Version)
	if err != nil {
		return core.CreateCluster{}, err
	}
	cmd := core.CreateCluster{Name: req.IId.NameId, Version: version, Network: req.Clone().Network, Access: req.Access,
		Tags: tagMap(req.TagList), Token: rand.Text()}
	for _, g := range req.NodeGroupList {
		cmd.Groups = append(cmd.Groups, h.addGroup("", g, ""))
	}
	return cmd, nil
}

// resolve turns a portable version into one that is offered.
func (h *Handler) resolve(field, version string) (string, error) {
	offered, err := kver.Choose(version, h.profile.OfferedNames(), h.profile.Standard())
	if err != nil {
		return "", &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, ProviderCode: "UnsupportedVersion", Message: err.Error(), Err: err}
	}
	return offered, nil
}

// wrong is everything that the cloud has against a request, the name included.
func (h *Handler) wrong(now time.Time, cmd core.CreateCluster) error {
	taken := h.taken(now, cmd.Name)
	err := h.world.Check(now, cmd)
	if taken == nil {
		return err
	}
	// The references are wrong whether the name is free or not; the rest is not looked at.
	var f refuse.List
	f.Join(taken)
	for _, r := range core.Refusals(err) {
		if r.Reason == core.NotInInventory {
			f.Join(convert(r))
		}
	}
	return f.Err()
}

// taken refuses a name that some cluster has, also on clouds that would not.
func (h *Handler) taken(now time.Time, name string) error {
	if found := h.world.ClustersByName(now, name); len(found) > 0 {
		return exists("cluster", name)
	}
	return nil
}

func exists(what, name string) error {
	return &pmks.Error{Code: pmks.CodeAlreadyExists, ProviderCode: "ResourceExists", HTTPStatus: 409, Field: "IId.NameId",
		Message: "a " + what + " named \"" + name + "\" exists; it was not changed"}
}

// GetCluster implements [pmks.ClusterHandler].
func (h *Handler) GetCluster(ctx context.Context, clusterIID pmks.IID) (pmks.ClusterInfo, error) {
	r := look(clusterIID)
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return pmks.ClusterInfo{}, h.failed(r, err)
	}
	var info pmks.ClusterInfo
	var seen time.Time
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err == nil {
			info, seen = h.clusterInfo(c), now
		}
		return err
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	err = h.access(&info, seen)
	h.hideKubeconfig(&info)
	return info, h.finish(err, r, "")
}

// ListCluster implements [pmks.ClusterHandler]: the pages of the cloud's list,
// then each cluster.
func (h *Handler) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	iids, err := h.list(ctx, "ListCluster")
	if err != nil {
		return nil, err
	}
	infos, errs := make([]*pmks.ClusterInfo, len(iids)), make([]error, len(iids))
	h.each(len(iids), func(i int) {
		errs[i] = h.send(ctx, read("ListCluster", iids[i]).look(), func(now time.Time, _ core.Outcome) error {
			c, err := h.cluster(now, iids[i])
			if err == nil {
				info := h.clusterInfo(c)
				infos[i] = &info
			}
			return err
		})
	})
	if err := ctx.Err(); err != nil {
		return nil, h.failed(read("ListCluster", pmks.IID{}), err)
	}
	// One that vanished meanwhile is left out.
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil || errors.Is(err, pmks.ErrNotFound) })
	return slices.DeleteFunc(infos, func(info *pmks.ClusterInfo) bool { return info == nil }), refuse.List(errs).Err()
}

// parallel is how many requests a listing has under way.
const parallel = 8

// each calls f for 0 to n-1: in parallel where requests take time, else in order.
func (h *Handler) each(n int, f func(i int)) {
	if h.latency == 0 {
		for i := range n {
			f(i)
		}
		return
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, parallel) {
		workers.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
}

// ListIID implements [pmks.IIDLister] with the pages of the list alone.
func (h *Handler) ListIID(ctx context.Context) ([]*pmks.IID, error) {
	iids, err := h.list(ctx, "ListIID")
	if err != nil {
		return nil, err
	}
	list := make([]*pmks.IID, len(iids))
	for i := range iids {
		list[i] = &iids[i]
	}
	return list, nil
}

func (h *Handler) list(ctx context.Context, op string) ([]pmks.IID, error) {
	var iids []pmks.IID
	token := ""
	for {
		next := ""
		err := h.send(ctx, read(op, pmks.IID{}), func(now time.Time, _ core.Outcome) error {
			page, n, err := h.world.Page(now, token, h.profile.PageSize)
			for _, c := range page {
				iids = append(iids, idOf(c))
			}
			next = n
			return err
		})
		if err != nil {
			return nil, err
		}
		if next == "" {
			return iids, nil
		}
		token = next
	}
}

// DeleteCluster implements [pmks.ClusterHandler]. Where the cloud refuses while
// node groups exist, it removes them and waits for that.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (bool, error) {
	r := mutation("DeleteCluster", clusterIID, pmks.IID{})
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return false, h.failed(r, err)
	}
	if err := h.deleteCluster(ctx, r); err != nil {
		return false, err
	}
	return true, nil
}

func (h *Handler) deleteCluster(ctx context.Context, r request) error {
	var deleting bool
	err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, r.cluster)
		if err != nil {
			return err
		}
		// From here on this very cluster is meant, not one that gets its name later.
		r.cluster, deleting = idOf(c), c.State == profile.Deleting
		if c.Protected {
			return refuse.Precondition("the cluster has deletion protection: switch it off first")
		}
		return nil
	})
	if err != nil || deleting {
		return h.finish(err, r, "")
	}
	if h.profile.GroupsFirst {
		if err := h.emptyCluster(ctx, r); err != nil {
			return err
		}
	}
	return h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		_, err := h.world.Apply(now, core.DeleteCluster{ClusterID: r.cluster.SystemId}, out)
		return err
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, r.cluster)
		if err != nil {
			return true, nil //nolint:nilerr // not found is what was wanted
		}
		return c.State == profile.Deleting, nil
	})
}

// pollTime is how often a deletion looks whether the node groups are gone, unless
// the cloud's next event comes earlier.
const pollTime = 15 * time.Second

// emptyCluster removes all node groups and waits until they are gone.
func (h *Handler) emptyCluster(ctx context.Context, r request) error {
	sent := map[string]bool{}
	for {
		var left []pmks.IID
		var pause time.Duration
		err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
			c, err := h.cluster(now, r.cluster)
			if err != nil {
				return err
			}
			if c.State == profile.Creating && !h.profile.Exclusive.DeleteUnfinished || c.State == profile.Updating {
				return &pmks.Error{Code: pmks.CodeBusy, Message: "the cluster is being worked on: delete it when that is done"}
			}
			pause = pollTime
			if end, ok := h.world.NextEvent(); ok {
				pause = min(pause, max(end.Sub(now), time.Millisecond))
			}
			for _, g := range c.Groups {
				// One that failed before this call is tried again.
				if g.State == profile.DeleteFailed && sent[g.ID] {
					return &pmks.Error{Code: pmks.CodeFailedPrecondition, NodeGroup: groupIDOf(g), Message: fmt.Sprintf(
						"node group %q could not be removed: %s", g.Name, reason(g.State, g.Reason))}
				}
				if g.State != profile.Deleting {
					left = append(left, groupIDOf(g))
				}
			}
			if len(c.Groups) == 0 {
				pause = 0
			}
			return nil
		})
		if err != nil || pause == 0 {
			return h.finish(err, r, "")
		}
		for _, g := range left {
			sent[g.SystemId] = true
			remove := mutation("RemoveNodeGroup", r.cluster, g)
			remove.of = &request{op: r.op, cluster: r.cluster, nodeGroup: g}
			err := h.removeGroup(ctx, remove)
			// One that is being changed is asked again when that is done.
			if err != nil && !errors.Is(err, pmks.ErrNotFound) && !errors.Is(err, pmks.ErrBusy) && !h.leaving(ctx, r.cluster, g) {
				return err
			}
		}
		if len(left) > 0 {
			// Until then a read may show the groups as they were.
			if err := sleep(ctx, h.lag); err != nil {
				return h.failed(r, err)
			}
			continue
		}
		if err := sleep(ctx, pause); err != nil {
			return h.failed(r, err)
		}
	}
}

// leaving reports whether a node group is being removed, or gone: another caller
// may have been faster.
func (h *Handler) leaving(ctx context.Context, clusterIID, groupIID pmks.IID) bool {
	if sleep(ctx, h.lag) != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, g, err := h.both(time.Now(), clusterIID, groupIID)
	return errors.Is(err, pmks.ErrNotFound) || err == nil && g.State == profile.Deleting
}

// CheckCluster implements [pmks.RequestChecker].
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) error {
	r := read("CheckCluster", pmks.IID{NameId: req.IId.NameId})
	cmd, err := h.createCommand(req)
	if err != nil {
		return h.failed(r, err)
	}
	return h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		return h.wrong(now, cmd)
	})
}

// ListVersions implements [pmks.VersionLister].
func (h *Handler) ListVersions(ctx context.Context) ([]pmks.Version, error) {
	var list []pmks.Version
	err := h.send(ctx, read("ListVersions", pmks.IID{}), func(time.Time, core.Outcome) error {
		list = h.profile.Listed()
		return nil
	})
	return list, err
}
