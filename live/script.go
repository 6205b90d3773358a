// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

const (
	// namePrefix begins the names of all clusters that the kit makes, and tagKey is the key
	// of the tag that they have, whose value is the name of the run. NHN keeps no tags:
	// there the name is the mark.
	namePrefix = "pmks-live-"
	tagKey     = "pmks-live"
	// groups are the node groups that a life makes.
	firstGroup, secondGroup = "live1", "live2"
)

// run is one run of the kit.
type run struct {
	cloud  string
	client *pmks.Client
	rec    *recorder
	// auth adds credentials to the requests of probes, and rpc makes those over gRPC.
	auth authorizer
	rpc  *rpc
	// request is the smallest cluster, with its one node group.
	request pmks.ClusterInfo
	// look is how long a wait rests between two looks.
	look time.Duration
	// upgrade: the life has an upgrade by one minor version in it.
	upgrade bool
	// say tells how far it is, and save writes the record down.
	say  func(format string, args ...any)
	save func() error
	// failed are the steps that failed and should not have.
	failed []string
}

// smallest makes the smallest request for a cluster out of one that names the network and
// the machines.
func smallest(req pmks.ClusterInfo, caps pmks.Capabilities, runID string) pmks.ClusterInfo {
	req = req.Clone()
	req.IId = pmks.IID{NameId: namePrefix + runID}
	req.TagList = nil
	if caps.Fields.Tags != pmks.FieldRefused {
		req.TagList = []pmks.KeyValue{{Key: tagKey, Value: runID}}
	}
	group := pmks.NodeGroupInfo{}
	if len(req.NodeGroupList) > 0 {
		group = req.NodeGroupList[0]
	}
	group.IId = pmks.IID{NameId: firstGroup}
	if fixed := caps.GroupsAtCreate.FixedFirstName; fixed != "" {
		group.IId.NameId = fixed
	}
	group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize, group.OnAutoScaling = 1, 1, 2, false
	req.NodeGroupList = []pmks.NodeGroupInfo{group}
	return req
}

// do takes a step and writes down what it gave. wanted are the codes of errors that are no
// failure of the run.
func do[T any](ctx context.Context, r *run, name string, call func(context.Context) (T, error), wanted ...pmks.Code) (T, error) {
	r.rec.step(name)
	r.say("%s", name)
	value, err := call(ctx)
	r.rec.ended(name, value, err)
	if err != nil {
		r.say("%s: %v", name, err)
		if !slices.Contains(wanted, pmks.CodeOf(err)) {
			r.failed = append(r.failed, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return value, errors.Join(err, r.save())
}

type none struct{}

// only makes a call of what has no value.
func only(call func(context.Context) error) func(context.Context) (none, error) {
	return func(ctx context.Context) (none, error) { return none{}, call(ctx) }
}

// tour reads all there is to read, and changes nothing.
func (r *run) tour(ctx context.Context) {
	c := r.client
	_, _ = do(ctx, r, "ListVersions", c.ListVersions, pmks.CodeUnsupported)
	_, _ = do(ctx, r, "ListIID", c.ListIID)
	clusters, _ := do(ctx, r, "ListCluster", c.ListCluster)
	for _, info := range clusters {
		r.rec.found(*info)
		r.reads(ctx, info.IId)
	}
	missing := pmks.IID{NameId: namePrefix + "missing"}
	_, _ = do(ctx, r, "GetCluster of none", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.GetCluster(ctx, missing) }, pmks.CodeNotFound)
	_, _ = do(ctx, r, "CheckCluster", only(func(ctx context.Context) error { return c.CheckCluster(ctx, r.creation()) }), pmks.CodeUnsupported)
	r.probe(ctx, atTour)
}

// reads makes all the reads of one cluster.
func (r *run) reads(ctx context.Context, iid pmks.IID) {
	c := r.client
	info, err := do(ctx, r, "GetCluster", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.GetCluster(ctx, iid) })
	if err != nil {
		return
	}
	_, _ = do(ctx, r, "ReadState", func(ctx context.Context) (pmks.State, error) { return c.ReadState(ctx, iid, pmks.IID{}) }, pmks.CodeUnsupported)
	_, _ = do(ctx, r, "LastOperation", func(ctx context.Context) (pmks.Operation, error) { return c.LastOperation(ctx, iid, pmks.IID{}) }, pmks.CodeUnsupported, pmks.CodeNotFound)
	for _, g := range info.NodeGroupList {
		_, _ = do(ctx, r, "GetNodeGroup", func(ctx context.Context) (pmks.NodeGroupInfo, error) { return c.GetNodeGroup(ctx, iid, g.IId) }, pmks.CodeUnsupported)
		_, _ = do(ctx, r, "ReadState of a group", func(ctx context.Context) (pmks.State, error) { return c.ReadState(ctx, iid, g.IId) }, pmks.CodeUnsupported)
		_, _ = do(ctx, r, "LastOperation of a group", func(ctx context.Context) (pmks.Operation, error) { return c.LastOperation(ctx, iid, g.IId) }, pmks.CodeUnsupported, pmks.CodeNotFound)
	}
	if info.Status == pmks.ClusterActive {
		_, _ = do(ctx, r, "GenerateClusterToken", only(func(ctx context.Context) error {
			_, err := c.GenerateClusterToken(ctx, iid) // the token itself is not written down
			return err
		}), pmks.CodeUnsupported, pmks.CodeFailedPrecondition)
	}
}

// creation is the request that CreateCluster takes: the groups of Type-I clouds come later.
func (r *run) creation() pmks.ClusterInfo {
	req := r.request.Clone()
	if r.client.Capabilities().ClusterType == pmks.TypeI {
		req.NodeGroupList = nil
	}
	return req
}

// group is the request for a node group of that name.
func (r *run) group(name string) pmks.NodeGroupInfo {
	g := r.request.NodeGroupList[0].Clone()
	g.IId = pmks.IID{NameId: name}
	return g
}

// life takes a cluster through its life. Whatever happens, it is deleted at the end, also
// when ctx is over; the deletion has an end of its own.
func (r *run) life(ctx context.Context, teardown time.Duration) error {
	c, iid := r.client, pmks.IID{NameId: r.request.IId.NameId}
	waits := []pmks.WaitOption{pmks.WithInterval(r.look)}
	if r.upgrade {
		r.older(ctx)
	}
	r.probe(ctx, atBefore)
	begun := time.Now()
	_, err := do(ctx, r, "CreateCluster", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.CreateCluster(ctx, r.creation()) })
	if err == nil {
		err = r.grown(ctx, iid, waits)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardown)
	defer cancel()
	if ended := r.gone(last, iid, waits); ended != nil {
		r.failed = append(r.failed, fmt.Sprintf("%s MAY STILL EXIST: %v; run the kit with -sweep", iid.NameId, ended))
		err = errors.Join(err, ended)
	}
	r.say("the life took %v", time.Since(begun).Round(time.Second))
	return errors.Join(err, ctx.Err())
}

// older lets the request be for a version that can be upgraded by one step to the
// default, if there is one.
func (r *run) older(ctx context.Context) {
	versions, err := do(ctx, r, "ListVersions to choose", r.client.ListVersions, pmks.CodeUnsupported)
	if err != nil {
		return
	}
	var target string
	for _, v := range versions {
		if v.Default {
			target = v.Name
		}
	}
	last, err := kver.Parse(target)
	if err != nil {
		return
	}
	var lower []string
	for _, offered := range versions {
		if v, err := kver.Parse(offered.Name); err == nil && v.Compare(last) < 0 && !v.SameMinor(last) {
			lower = append(lower, offered.Name)
		}
	}
	if before, ok := kver.Newest(lower); ok {
		r.request.Version = before
	}
}

// grown is the life from the creation to the deletion, which it leaves to the caller.
func (r *run) grown(ctx context.Context, iid pmks.IID, waits []pmks.WaitOption) error {
	c := r.client
	get := func(ctx context.Context) (pmks.ClusterInfo, error) { return c.GetCluster(ctx, iid) }
	if _, err := do(ctx, r, "GetCluster while it is created", get); err != nil {
		return err
	}
	r.probe(ctx, atCreating)
	if _, err := do(ctx, r, "CreateCluster again", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.CreateCluster(ctx, r.creation()) }, pmks.CodeAlreadyExists); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
		return fmt.Errorf("a second cluster of the same name: %v", err)
	}
	active := func(ctx context.Context) (pmks.ClusterInfo, error) {
		return pmks.WaitClusterActive(ctx, c, iid, waits...)
	}
	if _, err := do(ctx, r, "WaitClusterActive", active); err != nil {
		return err
	}
	first := r.group(r.request.NodeGroupList[0].IId.NameId)
	if c.Capabilities().ClusterType == pmks.TypeI {
		if err := r.addGroup(ctx, iid, first, waits); err != nil {
			return err
		}
	}
	if _, err := do(ctx, r, "OpenAccess", only(func(ctx context.Context) error { return c.OpenAccess(ctx, iid) }), pmks.CodeUnsupported); err != nil && pmks.CodeOf(err) != pmks.CodeUnsupported {
		return err
	}
	_, _ = do(ctx, r, "WaitClusterActive with access", active)
	r.reads(ctx, iid)
	_, _ = do(ctx, r, "ListCluster while it is active", c.ListCluster)
	r.probe(ctx, atActive)
	if err := r.changes(ctx, iid, first.IId, waits); err != nil {
		return err
	}
	if r.upgrade {
		if _, err := do(ctx, r, "Upgrade", func(ctx context.Context) (pmks.ClusterInfo, error) { return r.upgraded(ctx, iid, waits) }); err != nil {
			return err
		}
		r.reads(ctx, iid)
	}
	for range r.probes(ctx, atLast) {
		r.rest(ctx, iid, waits)
	}
	return nil
}

// rest waits until nothing is done any more, whatever came of it: what a probe has made is
// deleted with the cluster.
func (r *run) rest(ctx context.Context, iid pmks.IID, waits []pmks.WaitOption) {
	ctx, cancel := context.WithTimeout(ctx, longestRest)
	defer cancel()
	_, _ = do(ctx, r, "wait after a probe", only(func(ctx context.Context) error {
		info, err := pmks.WaitClusterActive(ctx, r.client, iid, waits...)
		for _, g := range info.NodeGroupList {
			if err == nil && g.Status != pmks.NodeGroupActive {
				_, err = pmks.WaitNodeGroupActive(ctx, r.client, iid, g.IId, waits...)
			}
		}
		if err != nil {
			r.say("after a probe: %v", err)
		}
		return nil
	}))
}

// longestRest is for how long rest waits: for a node group without machines, or with one.
const longestRest = 15 * time.Minute

// upgraded upgrades the cluster by one minor version.
func (r *run) upgraded(ctx context.Context, iid pmks.IID, waits []pmks.WaitOption) (pmks.ClusterInfo, error) {
	info, err := r.client.GetCluster(ctx, iid)
	if err != nil {
		return info, err
	}
	newer, err := r.next(ctx, info.Version)
	if err != nil || newer == "" {
		return info, err
	}
	if _, err := r.client.UpgradeCluster(ctx, iid, newer); err != nil {
		return info, err
	}
	r.probe(ctx, atUpgrading)
	return pmks.Upgrade(ctx, r.client, iid, newer, waits...)
}

// next is what comes after a version on the way to the default; empty: nothing.
func (r *run) next(ctx context.Context, version string) (string, error) {
	versions, err := r.client.ListVersions(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	var target string
	for _, v := range versions {
		names = append(names, v.Name)
		if v.Default {
			target = v.Name
		}
	}
	next, err := kver.Next(version, target, names, r.client.Capabilities().Versions.LargestStep)
	if err != nil {
		r.say("no upgrade: %v", err)
		return "", nil
	}
	return next, nil
}

// addGroup adds a node group and waits for it.
func (r *run) addGroup(ctx context.Context, iid pmks.IID, group pmks.NodeGroupInfo, waits []pmks.WaitOption) error {
	name := "AddNodeGroup " + group.IId.NameId
	if _, err := do(ctx, r, name, func(ctx context.Context) (pmks.NodeGroupInfo, error) { return r.client.AddNodeGroup(ctx, iid, group) }); err != nil {
		return err
	}
	r.probe(ctx, atGroupCreating)
	_, err := do(ctx, r, "WaitNodeGroupActive", func(ctx context.Context) (pmks.NodeGroupInfo, error) {
		return pmks.WaitNodeGroupActive(ctx, r.client, iid, group.IId, waits...)
	})
	return err
}

// restingTable holds the moments that come when a change is done and all is at rest.
var restingTable = map[string]moment{
	"SetTags":                    atTagged,
	"SetNodeGroupAutoScaling on": atAutomatic,
	"ChangeNodeGroupScaling":     atSettled,
}

// changes makes each change once that is not an upgrade.
func (r *run) changes(ctx context.Context, iid, first pmks.IID, waits []pmks.WaitOption) error {
	c := r.client
	second := pmks.IID{NameId: secondGroup}
	settle := func(group bool) error {
		_, err := do(ctx, r, "WaitClusterActive after a change", func(ctx context.Context) (pmks.ClusterInfo, error) {
			return pmks.WaitClusterActive(ctx, c, iid, waits...)
		})
		if err == nil && group {
			_, err = do(ctx, r, "WaitNodeGroupActive after a change", func(ctx context.Context) (pmks.NodeGroupInfo, error) {
				return pmks.WaitNodeGroupActive(ctx, c, iid, second, waits...)
			})
		}
		return err
	}
	there := false
	steps := []struct {
		name string
		call func(context.Context) error
	}{
		{"SetTags", func(ctx context.Context) error {
			return c.SetTags(ctx, iid, append(slices.Clone(r.request.TagList), pmks.KeyValue{Key: "step", Value: "tagged"}))
		}},
		{"AddNodeGroup " + secondGroup, func(ctx context.Context) error {
			_, err := c.AddNodeGroup(ctx, iid, r.group(secondGroup))
			there = err == nil
			return err
		}},
		{"SetNodeGroupAutoScaling on", func(ctx context.Context) error {
			_, err := c.SetNodeGroupAutoScaling(ctx, iid, second, true)
			return err
		}},
		{"ChangeNodeGroupScaling while automatic", func(ctx context.Context) error {
			_, err := c.ChangeNodeGroupScaling(ctx, iid, second, 1, 1, 3)
			return err
		}},
		{"SetNodeGroupAutoScaling off", func(ctx context.Context) error {
			_, err := c.SetNodeGroupAutoScaling(ctx, iid, second, false)
			return err
		}},
		{"ChangeNodeGroupScaling", func(ctx context.Context) error {
			_, err := c.ChangeNodeGroupScaling(ctx, iid, second, 2, 1, 3)
			return err
		}},
		{"RemoveNodeGroup", func(ctx context.Context) error {
			_, err := c.RemoveNodeGroup(ctx, iid, second)
			return err
		}},
	}
	for _, step := range steps {
		_, err := do(ctx, r, step.name, only(step.call), pmks.CodeUnsupported)
		if code := pmks.CodeOf(err); err != nil && code != pmks.CodeUnsupported && ctx.Err() != nil {
			return err
		}
		switch step.name {
		case "SetTags":
			r.probe(ctx, atTagging)
		case "AddNodeGroup " + secondGroup:
			r.probe(ctx, atGroupCreating)
		case "RemoveNodeGroup":
			r.probe(ctx, atGroupDeleting)
			_, err = do(ctx, r, "WaitNodeGroupDeleted", only(func(ctx context.Context) error { return pmks.WaitNodeGroupDeleted(ctx, c, iid, second, waits...) }))
			if err != nil {
				return err
			}
			there = false
		}
		if err := settle(there); err != nil {
			return err
		}
		if at, ok := restingTable[step.name]; ok {
			for range r.probes(ctx, at) { // one after the other, each on what rests
				if err := settle(there); err != nil {
					return err
				}
			}
		}
	}
	_, err := do(ctx, r, "GetNodeGroup "+first.NameId, func(ctx context.Context) (pmks.NodeGroupInfo, error) { return c.GetNodeGroup(ctx, iid, first) }, pmks.CodeUnsupported)
	return err
}

// gone deletes the cluster and waits until it is gone.
func (r *run) gone(ctx context.Context, iid pmks.IID, waits []pmks.WaitOption) error {
	c := r.client
	_, err := do(ctx, r, "DeleteCluster", func(ctx context.Context) (bool, error) { return c.DeleteCluster(ctx, iid) }, pmks.CodeNotFound, pmks.CodeBusy)
	if err == nil {
		_, _ = do(ctx, r, "GetCluster while it is deleted", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.GetCluster(ctx, iid) }, pmks.CodeNotFound)
		r.probe(ctx, atDeleting)
		_, _ = do(ctx, r, "DeleteCluster again", func(ctx context.Context) (bool, error) { return c.DeleteCluster(ctx, iid) }, pmks.CodeNotFound, pmks.CodeBusy)
	}
	// Teardown tries again where the cluster was busy.
	if _, err := do(ctx, r, "Teardown", only(func(ctx context.Context) error { return pmks.Teardown(ctx, c, iid, waits...) })); err != nil {
		return err
	}
	_, err = do(ctx, r, "GetCluster when it is gone", func(ctx context.Context) (pmks.ClusterInfo, error) { return c.GetCluster(ctx, iid) }, pmks.CodeNotFound)
	if pmks.CodeOf(err) != pmks.CodeNotFound {
		return fmt.Errorf("the cluster is not gone: %w", err)
	}
	r.probe(ctx, atGone)
	return nil
}
