// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/poll"
)

// Provision makes a cluster with all its node groups and waits until everything
// is Active: the one call that is the same on every cloud. Groups that the cloud
// takes with the create request go with it, the others are added when the
// cluster is up; where the public endpoint is a call of its own, it is opened.
//
// It is resumable. Interrupted anywhere and called again with the same request it
// continues, and makes nothing twice. A cluster of that name that differs from
// the request is ErrAlreadyExists, with the Field that differs, and is left
// alone. The whole request is checked before anything is made.
//
// On failure the cluster is returned as last seen, and what was made stays: call
// Provision again, or [Teardown].
func Provision(ctx context.Context, h ClusterHandler, req ClusterInfo, opts ...WaitOption) (ClusterInfo, error) {
	j := newJob("Provision", h, IID{NameId: req.IId.NameId}, opts)
	info, err := j.provision(ctx, req.Clone())
	return info, j.wrap(err)
}

// Upgrade brings a cluster, its control plane and every node group, to a version,
// through every minor on the way. It is resumable: called again with the same
// version it continues where things are. At the version already, it returns at
// once and sends nothing.
//
// ErrInvalidArgument: a downgrade, or a version that is not offered.
// ErrFailedPrecondition: an update ended without effect, or the cluster failed.
func Upgrade(ctx context.Context, h ClusterHandler, iid IID, version string, opts ...WaitOption) (ClusterInfo, error) {
	j := newJob("Upgrade", h, iid, opts)
	info, err := j.upgrade(ctx, version)
	return info, j.wrap(err)
}

// Teardown deletes a cluster with its node groups and waits until it is gone. A
// cluster that does not exist is success, so that an interrupted Teardown can be
// called again.
//
// ErrFailedPrecondition: the cluster is protected, or its deletion failed.
func Teardown(ctx context.Context, h ClusterHandler, iid IID, opts ...WaitOption) error {
	j := newJob("Teardown", h, iid, opts)
	return j.wrap(j.teardown(ctx))
}

// job is one whole job under way.
type job struct {
	op      string
	h       ClusterHandler
	caps    Capabilities
	iid     IID
	opts    []WaitOption
	options waitOptions
	// sent is when the last mutation was sent; zero: none was.
	sent time.Time
}

func newJob(op string, h ClusterHandler, iid IID, opts []WaitOption) *job {
	return &job{op: op, h: h, caps: capabilitiesOf(h), iid: iid, opts: opts, options: newWaitOptions(opts)}
}

func (j *job) wrap(err error) error {
	var w *WaitError
	if errors.As(err, &w) {
		return err // says already what was waited for
	}
	return Annotate(err, Error{Provider: j.caps.Provider, Op: j.op, Cluster: j.iid})
}

// send makes a mutation. While the cloud is busy, throttles or cannot serve, and
// it is certain that nothing happened, it tries again as the schedule says; busy
// targets for as long as ctx and WithMaxWait allow, because long operations are
// normal. The bound is for the pauses: it never cuts a request off. Each time, the
// progress callback is told why.
func (j *job) send(ctx context.Context, op string, group IID, mutate func() error) error {
	j.sent = time.Now()
	return j.try(ctx, op+" accepted", group, mutate)
}

// look makes a read of a job, with the bound of a read, in the same way.
func look[T any](ctx context.Context, j *job, op string, read func(context.Context) (T, error)) (result T, err error) {
	err = j.try(ctx, op+" answered", IID{}, func() error {
		result, err = readOnce(ctx, j.options.readTimeout, read)
		return err
	})
	return result, err
}

func (j *job) try(ctx context.Context, goal string, group IID, call func() error) error {
	o := j.options
	waiting := ctx
	if o.maxWait > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, o.maxWait)
		defer cancel()
	}
	start, attempts, failures := time.Now(), 0, 0
	var last error
	err := poll.Loop{
		BackOff:  o.policy(),
		Failures: math.MaxInt, // counted below: a busy target is no failure
		Passing: func(err error) bool {
			if !Retryable(err) {
				return false
			}
			if !errors.Is(err, ErrBusy) {
				failures++
			}
			return failures <= o.readErrors
		},
		Asked: retryAfter,
		Pause: func(next time.Duration, failure error) {
			if o.progress != nil && waiting.Err() == nil {
				o.progress(Progress{Goal: goal, Cluster: j.iid, NodeGroup: group, Reason: failure.Error(),
					Attempt: attempts, Elapsed: time.Since(start), Next: next})
			}
		},
	}.Run(waiting, func(context.Context) (bool, error) {
		attempts++
		last = call()
		return last == nil, last
	})
	switch {
	case err == nil:
		return nil
	case last == nil: // ctx was over before the first try
		return err
	case waiting.Err() != nil && Retryable(last):
		return errors.Join(Annotate(waiting.Err(), Error{Message: "while trying again"}), last)
	case ctx.Err() != nil && !errors.Is(last, ctx.Err()):
		return errors.Join(last, ctx.Err())
	}
	return last
}

// waits are the options of the waits for what was sent last.
func (j *job) waits() []WaitOption {
	return append(slices.Clip(j.opts), withSince(j.sent))
}

func (j *job) provision(ctx context.Context, req ClusterInfo) (ClusterInfo, error) {
	create, groups, err := j.split(req)
	if err != nil {
		return ClusterInfo{}, err
	}
	info, err := j.createOrAdopt(ctx, create, groups)
	if err != nil {
		return info, err
	}
	j.iid = info.IId
	active, err := WaitClusterActive(ctx, j.h, j.iid, j.waits()...)
	if info = latest(info, active); err != nil {
		return info, err
	}
	for _, g := range groups {
		if _, ok := info.NodeGroup(IID{NameId: g.IId.NameId}); ok {
			continue
		}
		err := j.send(ctx, "AddNodeGroup", IID{NameId: g.IId.NameId}, func() error {
			_, err := j.h.AddNodeGroup(ctx, j.iid, g)
			return err
		})
		// Another caller, or an earlier attempt whose reply was lost, may have
		// made it since the cluster was read.
		if err != nil && !errors.Is(err, ErrAlreadyExists) {
			return info, err
		}
	}
	for _, g := range groups {
		made, err := WaitNodeGroupActive(ctx, j.h, j.iid, IID{NameId: g.IId.NameId}, j.waits()...)
		if err != nil {
			return info, err
		}
		if err := differs(g, made); err != nil {
			return info, err
		}
		if made.OnAutoScaling != g.OnAutoScaling || j.caps.Scaling.AutoScaling != AutoScalingNative {
			// Where autoscaling is not the cloud's own, the switch takes full effect
			// only once the group is up; already so is no write.
			err := j.send(ctx, "SetNodeGroupAutoScaling", made.IId, func() error {
				_, err := j.h.SetNodeGroupAutoScaling(ctx, j.iid, made.IId, g.OnAutoScaling)
				return err
			})
			if err != nil {
				return info, err
			}
		}
	}
	if opener, ok := j.h.(AccessOpener); ok && j.caps.Access.OpenCall {
		if err := j.send(ctx, "OpenAccess", IID{}, func() error { return opener.OpenAccess(ctx, j.iid) }); err != nil {
			return info, err
		}
	}
	w := newWait("cluster ready for use", j.h, j.iid, IID{}, j.waits())
	w.follow = true
	ready, err := w.until(ctx, usable(groups))
	return latest(info, ready), err
}

// latest returns what a wait saw last, or what was known before if it saw
// nothing: the caller of a failed job needs the ids of what was made.
func latest(before, seen ClusterInfo) ClusterInfo {
	if seen.IId.IsZero() {
		return before
	}
	return seen
}

// usable is the end of Provision: everything at rest, the groups that were asked
// for Active, and the kubeconfig there.
func usable(groups []NodeGroupInfo) func(ClusterInfo) (bool, error) {
	absences := 0
	return func(info ClusterInfo) (bool, error) {
		if err := failedState(stateOf(info)); err != nil {
			return false, err
		}
		ready := info.Status == ClusterActive && info.AccessInfo.Kubeconfig != ""
		for _, g := range info.NodeGroupList {
			ready = ready && !g.Status.Transitional()
		}
		for _, want := range groups {
			g, found := info.NodeGroup(IID{NameId: want.IId.NameId})
			if !found {
				if absences++; absences >= confirmReads {
					return false, &Error{Code: CodeNotFound, NodeGroup: want.IId, Message: "the node group vanished"}
				}
				return false, nil
			}
			if err := failedState(stateOfGroup(info, g)); err != nil {
				return false, Annotate(err, Error{NodeGroup: g.IId})
			}
			ready = ready && g.Status == NodeGroupActive
		}
		absences = 0
		return ready, nil
	}
}

// split checks the whole request and parts it into what the create call takes and
// all the groups that must be there in the end, by the names they will have.
func (j *job) split(req ClusterInfo) (create ClusterInfo, groups []NodeGroupInfo, err error) {
	groups = req.NodeGroupList
	rule := j.caps.GroupsAtCreate
	n := len(groups)
	if rule.Max >= 0 {
		n = min(n, rule.Max)
	}
	create = req
	create.NodeGroupList = groups[:n:n]
	if j.caps.Provider == "" {
		// Nothing is known of the handler: it checks, and says what it refuses.
		create.NodeGroupList = groups
	} else {
		err = j.check(create, groups, n)
	}
	groups = append([]NodeGroupInfo(nil), groups...)
	if n > 0 && rule.FixedFirstName != "" {
		groups[0].IId = IID{NameId: rule.FixedFirstName}
	}
	return create, groups, err
}

func (j *job) check(create ClusterInfo, groups []NodeGroupInfo, n int) error {
	var f faults
	f.addErr(j.caps.CheckCluster(create))
	seen := map[string]bool{}
	for i, g := range groups {
		if i >= n {
			path := fmt.Sprintf("NodeGroupList[%d].", i)
			j.caps.checkNodeGroup(&f, path, g, true)
			if seen[g.IId.NameId] && g.IId.NameId != "" {
				f.add(path+"IId.NameId", "%q is given twice", clip(g.IId.NameId))
			}
		}
		seen[g.IId.NameId] = true
	}
	return f.err()
}

// createOrAdopt creates the cluster, or finds the one that an earlier call made.
func (j *job) createOrAdopt(ctx context.Context, create ClusterInfo, groups []NodeGroupInfo) (ClusterInfo, error) {
	var info ClusterInfo
	err := j.send(ctx, "CreateCluster", IID{}, func() (err error) {
		info, err = j.h.CreateCluster(ctx, create)
		return err
	})
	if !errors.Is(err, ErrAlreadyExists) {
		return info, err
	}
	info, err = j.get(ctx)
	if err != nil {
		return info, err // not that it exists: it may be what was asked for
	}
	return info, j.sameCluster(create, groups, info)
}

// sameCluster refuses to adopt a cluster that is not what was asked for.
func (j *job) sameCluster(req ClusterInfo, groups []NodeGroupInfo, found ClusterInfo) error {
	taken := func(field, want, got string) error {
		return &Error{Code: CodeAlreadyExists, Field: field, Message: fmt.Sprintf(
			"a cluster of this name exists with %q instead of %q: choose another name, or ask for what is there", got, want)}
	}
	if found.Status == ClusterDeleting {
		return &Error{Code: CodeBusy, Message: "a cluster of this name is being deleted: wait until it is gone"}
	}
	if !req.Network.VpcIID.IsZero() && !sameIID(req.Network.VpcIID, found.Network.VpcIID) {
		return taken("Network.VpcIID", req.Network.VpcIID.String(), found.Network.VpcIID.String())
	}
	for _, list := range []struct {
		field       string
		want, found []IID
	}{
		{"Network.SubnetIIDs", req.Network.SubnetIIDs, found.Network.SubnetIIDs},
		{"Network.SecurityGroupIIDs", req.Network.SecurityGroupIIDs, found.Network.SecurityGroupIIDs},
	} {
		for i, want := range list.want {
			// A cloud that shows none does not tell.
			if len(list.found) > 0 && !slices.ContainsFunc(list.found, func(got IID) bool { return sameIID(want, got) }) {
				return taken(fmt.Sprintf("%s[%d]", list.field, i), want.String(), joinIIDs(list.found))
			}
		}
	}
	if want, err := kver.Parse(req.Version); err == nil {
		if got, err := kver.Parse(found.Version); err == nil && got.Compare(want) < 0 && !got.SameMinor(want) {
			return taken("Version", req.Version, found.Version)
		}
	}
	for _, g := range groups {
		if made, ok := found.NodeGroup(IID{NameId: g.IId.NameId}); ok {
			if err := differs(g, made); err != nil {
				return err
			}
		}
	}
	return nil
}

// differs refuses to take a node group for another. Sizes are not compared: they
// change by themselves.
func differs(want, got NodeGroupInfo) error {
	if !isDefault(want.VMSpecName) && got.VMSpecName != "" && want.VMSpecName != got.VMSpecName {
		return &Error{Code: CodeAlreadyExists, NodeGroup: got.IId, Field: "VMSpecName", Message: fmt.Sprintf(
			"a node group of this name exists with %q instead of %q: choose another name, or ask for what is there", got.VMSpecName, want.VMSpecName)}
	}
	return nil
}

// sameIID compares what both sides know. Ids of some clouds differ in case only. A
// cloud that shows ids alone has them in both halves: such a name is an id, and
// says nothing of the name that was asked for.
func sameIID(a, b IID) bool {
	if a.SystemId != "" && b.SystemId != "" {
		return strings.EqualFold(a.SystemId, b.SystemId)
	}
	return a.NameId == "" || b.NameId == "" || b.NameId == b.SystemId || a.NameId == b.NameId
}

func joinIIDs(iids []IID) string {
	var s []string
	for _, iid := range iids {
		s = append(s, iid.String())
	}
	return strings.Join(s, ",")
}

func (j *job) teardown(ctx context.Context) error {
	if err := CheckIID("clusterIID", j.iid); err != nil {
		return err
	}
	if j.iid.SystemId == "" {
		// Wait for the end of this very cluster: its name may be taken again.
		info, err := j.get(ctx)
		if err != nil {
			return ignoreNotFound(err)
		}
		j.iid = info.IId
	}
	err := j.send(ctx, "DeleteCluster", IID{}, func() error {
		_, err := j.h.DeleteCluster(ctx, j.iid)
		return err
	})
	if err != nil {
		return ignoreNotFound(err)
	}
	return WaitClusterDeleted(ctx, j.h, j.iid, j.waits()...)
}

func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}
