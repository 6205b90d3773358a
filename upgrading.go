// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

func (j *job) upgrade(ctx context.Context, version string) (ClusterInfo, error) {
	if err := CheckIID("clusterIID", j.iid); err != nil {
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
	idle := 0 // steps in a row that changed nothing
	for {
		hop, err := j.hop(info, target, offered, idle > 0)
		if err != nil {
			return info, err
		}
		was := fingerprint(info)
		if info, err = j.reach(ctx, info, hop); err != nil {
			return info, err
		}
		if hop == target {
			return info, nil
		}
		if idle++; fingerprint(info) != was {
			idle = 0
		}
		if idle >= confirmReads {
			return info, &Error{Code: CodeFailedPrecondition, Message: fmt.Sprintf(
				"the cloud has nothing to do for %s, but shows %s", hop, was)}
		}
	}
}

func (j *job) get(ctx context.Context) (info ClusterInfo, err error) {
	err = j.send(ctx, func() (err error) {
		info, err = j.h.GetCluster(ctx, j.iid)
		return err
	})
	return info, err
}

// target resolves the wanted version once, so that all steps mean the same one.
// Where the cloud does not list its versions, the handler resolves it.
func (j *job) target(ctx context.Context, version string) (offered []string, target string, err error) {
	lister, ok := j.h.(VersionLister)
	if !ok {
		return nil, version, nil
	}
	var versions []Version
	err = j.send(ctx, func() (err error) {
		versions, err = lister.ListVersions(ctx)
		return err
	})
	if errors.Is(err, ErrUnsupported) {
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

// hop returns the version of the next step: the present one while node groups
// lag behind it, because no cloud lets them fall back far; else the furthest
// that the cloud allows towards the target. Where a step changed nothing, the
// groups are as far as the cloud takes them, and do not count as lagging.
func (j *job) hop(info ClusterInfo, target string, offered []string, settled bool) (string, error) {
	if !settled && lagging(info) && info.Version != target && older(info.Version, target) {
		return info.Version, nil
	}
	if len(offered) == 0 {
		return target, nil
	}
	hop, err := kver.Next(info.Version, target, offered, j.caps.Versions.LargestStep)
	switch {
	case errors.Is(err, kver.ErrUnreachable):
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

// lagging reports whether a node group is behind the control plane. Groups whose
// version the cloud does not tell are not, and those that are being removed.
func lagging(info ClusterInfo) bool {
	for _, g := range info.NodeGroupList {
		if g.Status != NodeGroupDeleting && older(g.Version, info.Version) {
			return true
		}
	}
	return false
}

// reach takes steps until the cluster and all its groups are at one version. A
// step that ends without effect ends the job: sending it again would not help.
func (j *job) reach(ctx context.Context, before ClusterInfo, version string) (ClusterInfo, error) {
	for {
		var info ClusterInfo
		err := j.send(ctx, func() (err error) {
			info, err = j.h.UpgradeCluster(ctx, j.iid, version)
			return err
		})
		if err != nil {
			return before, err
		}
		if info.Status == ClusterActive {
			return j.get(ctx)
		}
		w := newWait("upgrade to "+version, j.h, j.iid, IID{}, j.opts)
		w.typical = w.durations.UpgradeControlPlane + w.durations.UpgradeNodeGroup
		step := settling{w: w, withGroups: true}
		was := fingerprint(before)
		want, errWant := kver.Parse(version)
		seen, err := w.run(ctx, func(s sight) (bool, error) {
			if !s.found {
				return false, w.missing(s)
			}
			if err := failedCluster(s.info); err != nil {
				return false, err
			}
			for _, g := range s.info.NodeGroupList {
				if err := failedGroup(g); err != nil && g.Status == NodeGroupInactive {
					return false, err
				}
			}
			// The step may have been under way, and shown as done, when before was read.
			there := errWant == nil && runs(s.info.Version, want) && !lagging(s.info)
			return step.judge(s, there || fingerprint(s.info) != was)
		})
		before = latest(before, seen)
		if err != nil {
			return before, err
		}
	}
}

// fingerprint is what a step of an upgrade changes.
func fingerprint(info ClusterInfo) string {
	var b strings.Builder
	b.WriteString(info.Version)
	for _, g := range info.NodeGroupList {
		b.WriteString("|" + g.IId.NameId + "=" + g.Version)
	}
	return b.String()
}
