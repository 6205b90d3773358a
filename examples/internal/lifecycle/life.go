// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// life is one cluster on one cloud, from its creation to its end. Each step is
// safe to take again, so that an interrupted run can be repeated.
type life struct {
	client  *pmks.Client
	caps    pmks.Capabilities
	target  target
	upgrade string
	// progress shows what a wait knows; it changes from step to step.
	progress func(pmks.Progress)

	cluster pmks.IID
	// exists is false before the creation and after the deletion.
	exists bool
	// first is the first group of the request, extra the one that is added.
	first, extra pmks.IID
}

func newLife(client *pmks.Client, t target, o options) *life {
	return &life{client: client, caps: client.Capabilities(), target: t, upgrade: o.upgradeTo,
		cluster: t.request.IId, progress: func(pmks.Progress) {}}
}

// step is one stage of a life. What it returns says in a few words what was done.
type step struct {
	name string
	take func(context.Context) (string, error)
}

// steps returns what is to be done, in order.
func (l *life) steps(o options) []step {
	if o.cleanup {
		return []step{{"delete", l.remove}}
	}
	steps := []step{
		{"create", l.create},
		{"add group", l.addGroup},
		{"scale", l.scale},
		{"autoscale", l.autoscale},
		{"upgrade", l.upgradeCluster},
		{"kubeconfig", l.writeKubeconfig},
	}
	if o.keep {
		return steps
	}
	return append(steps, step{"remove group", l.removeGroup}, step{"delete", l.remove})
}

// skipped is a step that this cloud, or this request, has no use for.
type skipped string

func (s skipped) Error() string { return string(s) }

const noGroups = skipped("the request has no node group to copy")

// waiting returns how to wait, with the progress shown.
func (l *life) waiting() []pmks.WaitOption {
	return append([]pmks.WaitOption{pmks.WithProgress(func(p pmks.Progress) { l.progress(p) })}, l.target.waiting...)
}

// settle waits until nothing is under way: most clouds refuse the next change
// before.
func (l *life) settle(ctx context.Context) (pmks.ClusterInfo, error) {
	return pmks.WaitCluster(ctx, l.client, l.cluster, func(info pmks.ClusterInfo) (bool, error) {
		for _, g := range info.NodeGroupList {
			if g.Status.Transitional() {
				return false, nil
			}
		}
		return info.Status == pmks.ClusterActive, nil
	}, l.waiting()...)
}

// create makes the cluster with all its groups and waits until everything is
// Active. Provision is the same call on every cloud: it sends with the request
// what the cloud takes there, and adds the other groups when the cluster is up.
func (l *life) create(ctx context.Context) (string, error) {
	info, err := pmks.Provision(ctx, l.client, l.target.request, l.waiting()...)
	if !info.IId.IsZero() {
		l.cluster = info.IId
	}
	l.exists = mayExist(info, err)
	if err != nil {
		return "", err
	}
	if len(info.NodeGroupList) > 0 {
		l.first = info.NodeGroupList[0].IId
	}
	return fmt.Sprintf("%s, Kubernetes %s, %s", l.caps.ClusterType, info.Version, groupNames(info)), nil
}

// mayExist reports whether a creation left something behind. What had the name
// before is not ours: whoever reads the report must not be told to delete it.
func mayExist(info pmks.ClusterInfo, err error) bool {
	var e *pmks.Error
	switch {
	case err == nil:
		return true
	case errors.Is(err, pmks.ErrAlreadyExists):
		return false
	case errors.As(err, &e) && e.MayHaveHappened:
		return true
	}
	return info.IId.SystemId != "" || errors.Is(err, pmks.ErrCanceled) || errors.Is(err, pmks.ErrTimeout)
}

// addGroup adds a copy of the last group of the request, of fixed size.
func (l *life) addGroup(ctx context.Context) (string, error) {
	groups := l.target.request.NodeGroupList
	if len(groups) == 0 {
		return "", noGroups
	}
	g := groups[len(groups)-1].Clone()
	g.IId = pmks.IID{NameId: "extra"}
	g.OnAutoScaling = false
	g.DesiredNodeSize = max(1, g.DesiredNodeSize)
	g.MinNodeSize, g.MaxNodeSize = g.DesiredNodeSize, 2*g.DesiredNodeSize
	l.extra = g.IId
	_, err := l.client.AddNodeGroup(ctx, l.cluster, g)
	if err != nil && !errors.Is(err, pmks.ErrAlreadyExists) { // an earlier run may have made it
		return "", err
	}
	made, err := pmks.WaitNodeGroupActive(ctx, l.client, l.cluster, l.extra, l.waiting()...)
	if err != nil {
		return "", err
	}
	_, err = l.settle(ctx)
	return fmt.Sprintf("%s with %d nodes", made.IId.NameId, len(made.Nodes)), err
}

// scale doubles the added group and then empties it, or, where the cloud has no
// empty groups, returns it to its size.
func (l *life) scale(ctx context.Context) (string, error) {
	if l.extra.IsZero() {
		return "", noGroups
	}
	groups := l.target.request.NodeGroupList
	size := max(1, groups[len(groups)-1].DesiredNodeSize)
	low, note := 0, ""
	if !l.caps.Scaling.ToZero {
		low, note = size, "; this cloud has no empty groups"
	}
	for _, n := range []int{2 * size, low} {
		if _, err := l.client.ChangeNodeGroupScaling(ctx, l.cluster, l.extra, n, min(n, size), 2*size); err != nil {
			return "", err
		}
		if _, err := pmks.WaitNodeCount(ctx, l.client, l.cluster, l.extra, n, l.waiting()...); err != nil {
			return "", err
		}
		if _, err := l.settle(ctx); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d > %d > %d nodes%s", size, 2*size, low, note), nil
}

// autoscale switches the autoscaling of the first group to the other state and
// back, and looks each time whether the cloud says so.
func (l *life) autoscale(ctx context.Context) (string, error) {
	if l.first.IsZero() {
		return "", noGroups
	}
	info, err := l.settle(ctx)
	if err != nil {
		return "", err
	}
	g, ok := info.NodeGroup(l.first)
	if !ok {
		return "", fmt.Errorf("node group %s is gone", l.first.NameId)
	}
	words := map[bool]string{true: "on", false: "off"}
	var done []string
	for _, on := range []bool{!g.OnAutoScaling, g.OnAutoScaling} {
		if _, err := l.client.SetNodeGroupAutoScaling(ctx, l.cluster, l.first, on); err != nil {
			return "", err
		}
		_, err := pmks.WaitCluster(ctx, l.client, l.cluster, func(info pmks.ClusterInfo) (bool, error) {
			g, _ := info.NodeGroup(l.first)
			return g.OnAutoScaling == on, nil
		}, l.waiting()...)
		if err == nil {
			_, err = l.settle(ctx)
		}
		if err != nil {
			return "", err
		}
		done = append(done, words[on])
	}
	return fmt.Sprintf("%s > %s (%s)", words[g.OnAutoScaling], strings.Join(done, " > "), l.caps.Scaling.AutoScaling), nil
}

// upgradeCluster moves the control plane and every group to the next minor.
func (l *life) upgradeCluster(ctx context.Context) (string, error) {
	before, err := l.client.GetCluster(ctx, l.cluster)
	if err != nil {
		return "", err
	}
	to := l.upgrade
	if to == "" {
		versions, err := l.client.ListVersions(ctx)
		switch {
		case errors.Is(err, pmks.ErrUnsupported):
			return "", skipped("this provider lists no versions: give -upgrade-to")
		case err != nil:
			return "", err
		}
		if to = nextMinor(versions, before.Version); to == "" {
			return "", skipped("nothing newer than " + before.Version + " is on offer")
		}
	}
	after, err := pmks.Upgrade(ctx, l.client, l.cluster, to, l.waiting()...)
	if err != nil {
		return "", err
	}
	return before.Version + " > " + after.Version, nil
}

// nextMinor returns the minor that follows a version among those on offer, which
// come newest first; empty if there is none. The library resolves it to the
// newest patch.
func nextMinor(versions []pmks.Version, current string) string {
	next := ""
	for _, v := range versions {
		if minor(v.Name) == minor(current) {
			return next
		}
		next = minor(v.Name)
	}
	return ""
}

// minor cuts "v1.33.5-gke.2072000" to "1.33".
func minor(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return version
	}
	return parts[0] + "." + parts[1]
}

// writeKubeconfig writes a new file that only its owner can read.
func (l *life) writeKubeconfig(ctx context.Context) (string, error) {
	info, err := l.client.GetCluster(ctx, l.cluster)
	if err != nil {
		return "", err
	}
	if info.AccessInfo.Kubeconfig == "" {
		return "", errors.New("the cloud gives no kubeconfig, although the cluster is up")
	}
	file, err := os.OpenFile(l.target.kubeconfig, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(info.AccessInfo.Kubeconfig)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	detail := l.target.kubeconfig
	if end := info.AccessInfo.ExpiresAt; !end.IsZero() {
		detail += " until " + end.Format(time.DateTime)
	}
	return detail, nil
}

// removeGroup removes the added group.
func (l *life) removeGroup(ctx context.Context) (string, error) {
	if l.extra.IsZero() {
		return "", noGroups
	}
	_, err := l.client.RemoveNodeGroup(ctx, l.cluster, l.extra)
	if err != nil && !errors.Is(err, pmks.ErrNotFound) {
		return "", err
	}
	if err := pmks.WaitNodeGroupDeleted(ctx, l.client, l.cluster, l.extra, l.waiting()...); err != nil {
		return "", err
	}
	_, err = l.settle(ctx)
	return l.extra.NameId, err
}

// remove deletes the cluster with its groups and waits until it is gone. One that
// is not there is fine.
func (l *life) remove(ctx context.Context) (string, error) {
	l.exists = true // until the cloud says otherwise
	if err := pmks.Teardown(ctx, l.client, l.cluster, l.waiting()...); err != nil {
		return "", err
	}
	l.exists = false
	return l.cluster.NameId, nil
}

func groupNames(info pmks.ClusterInfo) string {
	names := make([]string, len(info.NodeGroupList))
	for i, g := range info.NodeGroupList {
		names[i] = g.IId.NameId
	}
	if len(names) == 0 {
		return "no groups"
	}
	return "groups " + strings.Join(names, ", ")
}
