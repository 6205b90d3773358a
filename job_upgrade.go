// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/upgrade"
)

func (j *job) upgrade(ctx context.Context, version string) (ClusterInfo, error) {
	if err := j.checkUpgrade(version); err != nil {
		return ClusterInfo{}, err
	}
	info, err := j.get(ctx)
	if err != nil {
		return info, err
	}
	j.iid = info.IId
	offered, target, err := j.target(ctx, version)
	if err != nil {
		return info, err
	}
	ineffective := 0 // steps in a row that changed nothing
	for {
		hop, err := j.nextVersion(info, target, offered, ineffective > 0)
		if err != nil {
			return info, err
		}
		was := fingerprint(info)
		if info, err = j.reach(ctx, info, hop); err != nil {
			if hop == target || !errors.Is(err, ErrInvalidArgument) {
				return info, err
			}
			// Another caller may have brought it past this version meanwhile.
			now, lookErr := j.get(ctx)
			if lookErr != nil || !older(hop, now.Version) {
				return info, err
			}
			info = now
		}
		if hop == target {
			return info, nil
		}
		if ineffective++; fingerprint(info) != was {
			ineffective = 0
		}
		if ineffective >= confirmReads {
			return info, &Error{Code: CodeFailedPrecondition, Message: fmt.Sprintf(
				"the cloud has nothing to do for %s, but shows %s", hop, was)}
		}
	}
}

func (j *job) get(ctx context.Context) (ClusterInfo, error) {
	return look(ctx, j, "GetCluster", func(ctx context.Context) (ClusterInfo, error) { return j.h.GetCluster(ctx, j.iid) })
}

// target resolves the wanted version once, so that all steps mean the same one.
// Where the cloud does not list its versions, or not for this caller, the handler
// resolves it.
func (j *job) target(ctx context.Context, version string) (offered []string, target string, err error) {
	lister, ok := j.h.(VersionLister)
	if !ok {
		return nil, version, nil
	}
	versions, err := look(ctx, j, "ListVersions", lister.ListVersions)
	if errors.Is(err, ErrUnsupported) || errors.Is(err, ErrPermissionDenied) && !kver.IsDefault(version) {
		return nil, version, nil
	}
	if err != nil {
		return nil, "", err
	}
	standard := ""
	for _, v := range versions {
		offered = append(offered, v.Name)
		if v.Default {
			standard = v.Name
		}
	}
	target, err = kver.Choose(version, offered, standard)
	if err != nil {
		return nil, "", &Error{Code: CodeInvalidArgument, Field: "version", Message: err.Error(), Err: err}
	}
	return offered, target, nil
}

// nextVersion returns the version of the next step: the present one while node groups
// lag behind it, because no cloud lets them fall back far; else the furthest
// that the cloud allows towards the target. Where a step changed nothing, the
// groups are as far as the cloud takes them, and do not count as lagging.
func (j *job) nextVersion(info ClusterInfo, target string, offered []string, unchanged bool) (string, error) {
	if !unchanged && len(lagging(info)) > 0 && info.Version != target && older(info.Version, target) {
		return info.Version, nil
	}
	if len(offered) == 0 {
		return upgrade.BlindHop(info.Version, target, j.caps.Versions.LargestStep), nil
	}
	hop, err := upgrade.Hop(info.Version, target, offered, j.caps.Versions.LargestStep)
	var refused *upgrade.Error
	switch {
	case errors.As(err, &refused) && !refused.OfRequest():
		return "", &Error{Code: CodeFailedPrecondition, Field: "version", Message: err.Error(), Err: err}
	case err != nil:
		return "", &Error{Code: CodeInvalidArgument, Field: "version", Message: err.Error(), Err: err}
	case hop == "": // there already; node groups may lag
		return target, nil
	}
	return hop, nil
}

func older(a, b string) bool {
	va, errA := kver.Parse(a)
	vb, errB := kver.Parse(b)
	return errA == nil && errB == nil && va.Compare(vb) < 0
}

// lagging returns the node groups that are behind the control plane.
func lagging(info ClusterInfo) []NodeGroupInfo {
	return slices.DeleteFunc(slices.Clone(info.NodeGroupList), func(g NodeGroupInfo) bool { return !lags(g, info.Version) })
}

// lags reports whether a node group is behind the version of a control plane.
func lags(g NodeGroupInfo, version string) bool {
	one := []upgrade.Group{{Version: g.Version, Leaving: g.Status == NodeGroupDeleting}}
	return len(upgrade.Lagging(one, version)) > 0
}

// checkUpgrade checks what can be said of an upgrade without the network.
func (j *job) checkUpgrade(version string) error {
	var f faults
	f.addErr(CheckIID("clusterIID", j.iid))
	checkVersion(&f, "version", version)
	return f.err()
}

// reach takes steps until the cluster and all its groups are at one version. A
// step that ends without effect ends the job: sending it again would not help.
func (j *job) reach(ctx context.Context, before ClusterInfo, version string) (ClusterInfo, error) {
	for {
		var info ClusterInfo
		err := j.send(ctx, "UpgradeCluster", IID{}, func() (err error) {
			info, err = j.h.UpgradeCluster(ctx, j.iid, version)
			return err
		})
		if err != nil {
			return before, err
		}
		if info.Status == ClusterActive {
			return j.get(ctx)
		}
		seen, err := j.waitStep(ctx, before, version)
		before = latest(before, seen)
		if err != nil {
			return before, err
		}
	}
}

// waitStep waits until one accepted step has ended.
func (j *job) waitStep(ctx context.Context, before ClusterInfo, version string) (ClusterInfo, error) {
	w := newWait("upgrade to "+clip(version), j.h, j.iid, IID{}, j.waits())
	w.typical = w.durations.UpgradeControlPlane + w.durations.UpgradeNodeGroup
	w.whole, w.follow = true, true // the versions of the groups count
	step := updateCheck{w: w, withGroups: true}
	was := fingerprint(before)
	want, errWant := kver.Parse(version)
	return w.run(ctx, func(_ context.Context, o observation) (bool, error) {
		if !o.found {
			return false, w.missing(o)
		}
		if err := failedState(o.state); err != nil {
			return false, err
		}
		for _, g := range o.info.NodeGroupList {
			if err := failedState(stateOfGroup(o.info, g)); err != nil && g.Status == NodeGroupInactive {
				return false, Annotate(err, Error{NodeGroup: g.IId})
			}
		}
		behind := lagging(o.info)
		there := errWant == nil && runs(o.info.Version, want)
		// The step may have been under way, and shown as done, when before was read.
		done, err := step.check(o, there && len(behind) == 0 || fingerprint(o.info) != was)
		if err != nil && there && len(behind) > 0 {
			err = Annotate(err, Error{NodeGroup: behind[0].IId})
		}
		return done, err
	})
}

// fingerprint is what a step of an upgrade changes: versions, or of a group that is
// upgraded node by node the nodes.
func fingerprint(info ClusterInfo) string {
	var b strings.Builder
	b.WriteString(info.Version)
	for _, g := range info.NodeGroupList {
		b.WriteString("|" + g.IId.NameId + "=" + g.Version)
		for _, n := range g.Nodes {
			b.WriteString("," + n.SystemId)
		}
	}
	return b.String()
}
