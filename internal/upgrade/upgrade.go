// SPDX-License-Identifier: Apache-2.0

// Package upgrade decides what comes next on the way of a cluster to a version: the
// control plane, the node groups that lag, or nothing, and says in the same words on
// every cloud why something cannot come next. Providers plan single steps with it,
// the job that takes all of them its way. It knows versions and rules, no cloud and
// no error codes.
package upgrade

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

// Group is a node group as the plan sees it.
type Group struct {
	Name string
	// Version is that of its nodes; empty where the cloud does not tell it.
	Version string
	// Leaving groups are being removed: they hold nothing up.
	Leaving bool
}

// Facts is what is known of a cluster.
type Facts struct {
	// Cloud is the service's name in a sentence, such as "EKS".
	Cloud string
	// Current is the version of the control plane, Target the one that is wanted.
	Current, Target string
	// Offered holds the versions that the cluster could be upgraded to, in steps or at
	// once. None means that they are not known: then the cloud decides.
	Offered []string
	Groups  []Group
	// LargestStep is how many minors one upgrade may climb.
	LargestStep int
	// Skew is how many minors a node group may lie behind the control plane.
	Skew int
	// InStep: every node group must run the version of the control plane, the patch
	// included, before that moves on.
	InStep bool
}

// Step is what comes next. The zero Step is nothing: all is there.
type Step struct {
	// ControlPlane is the version to upgrade the control plane to.
	ControlPlane string
	// Groups are those to upgrade to the version of the control plane.
	Groups []Group
}

// Done reports whether nothing is left to do.
func (s Step) Done() bool { return s.ControlPlane == "" && len(s.Groups) == 0 }

// Kind says what is wrong with a step that is asked for.
type Kind int

// The kinds. The first three are the request's fault, the others the cluster's
// state.
const (
	// Downgrade: the cluster runs a newer version.
	Downgrade Kind = iota + 1
	// NotOffered: the version cannot be had.
	NotOffered
	// Unreadable: a version cannot be read.
	Unreadable
	// TooFar: the cloud takes smaller steps.
	TooFar
	// GroupsLag: the control plane would leave node groups too far behind.
	GroupsLag
)

// Error says why a step cannot be taken, and the way out.
type Error struct {
	Kind    Kind
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// OfRequest reports whether the request is at fault, not the state of the cluster.
func (e *Error) OfRequest() bool { return e.Kind <= Unreadable }

func refuse(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Plan returns the next step: the control plane first, one step of the cloud at
// most; then the groups that lag behind it, together. A target further away is
// refused with the versions that come next. Errors are [*Error].
func Plan(f Facts) (Step, error) {
	next, err := f.next()
	if err != nil {
		return Step{}, err
	}
	if next == "" {
		return Step{Groups: Lagging(f.Groups, f.Current)}, nil
	}
	if far := f.leftBehind(next); len(far) > 0 {
		return Step{}, refuse(GroupsLag, "node groups %s must be at %s before the control plane moves on: call UpgradeCluster with %s first",
			strings.Join(names(far), ", "), f.Current, f.Current)
	}
	return Step{ControlPlane: next}, nil
}

// next returns the version that the control plane goes to, or "" when it is there.
func (f Facts) next() (string, error) {
	current, err := kver.Parse(f.Current)
	if err != nil {
		return "", refuse(Unreadable, "%s reports the version %q, which cannot be read", f.Cloud, f.Current)
	}
	target, err := kver.Parse(f.Target)
	if err != nil {
		return "", refuse(Unreadable, "%q is not a Kubernetes version such as 1.33", f.Target)
	}
	step := max(1, f.LargestStep)
	if len(f.Offered) == 0 {
		return f.blindNext(current, target, step)
	}
	hop, err := Hop(f.Current, f.Target, f.Offered, step)
	if err != nil {
		return "", err
	}
	if distance := current.MinorDistance(target); distance > step {
		return "", f.tooFar(hop)
	}
	return hop, nil
}

// blindNext is next where nothing is known of what is on offer.
func (f Facts) blindNext(current, target kver.Version, step int) (string, error) {
	distance := current.MinorDistance(target)
	switch {
	case distance < 0, distance == 0 && target.HasPatch && current.HasPatch && target.Compare(current) < 0:
		return "", downgrade(f.Current, f.Target)
	case distance > step:
		return "", f.tooFar(fmt.Sprintf("%d.%d", current.Major, current.Minor+step))
	case distance == 0 && (!target.HasPatch || !current.HasPatch || target.Compare(current) == 0):
		return "", nil
	}
	return strings.TrimPrefix(f.Target, "v"), nil
}

func (f Facts) tooFar(next string) error {
	minors := "one minor"
	if f.LargestStep > 1 {
		minors = fmt.Sprintf("%d minors", f.LargestStep)
	}
	return refuse(TooFar, "%s upgrades %s at a time: from %s to %s comes next; the job Upgrade takes all the steps to %s",
		f.Cloud, minors, f.Current, next, f.Target)
}

func downgrade(current, target string) error {
	return refuse(Downgrade, "the cluster runs %s; Kubernetes cannot be downgraded to %s", current, target)
}

// Hop returns the version of the next step towards a target that may be several
// steps away, or "" when it is reached. Errors are [*Error].
func Hop(current, target string, offered []string, largestStep int) (string, error) {
	hop, err := kver.Next(current, target, append([]string{current}, offered...), largestStep)
	var step *kver.StepError
	var missing *kver.NotOfferedError
	switch {
	case err == nil:
		return hop, nil
	case errors.Is(err, kver.ErrDowngrade):
		return "", downgrade(current, target)
	case errors.As(err, &step):
		return "", refuse(TooFar, "%v", err)
	case errors.As(err, &missing):
		return "", refuse(NotOffered, "%v", err)
	}
	return "", refuse(Unreadable, "%v", err)
}

// BlindHop is Hop where it is not known what is on offer: as many minors as the cloud
// climbs at once, or the target itself. What cannot be read is left to the cloud.
func BlindHop(current, target string, largestStep int) string {
	from, err := kver.Parse(current)
	to, toErr := kver.Parse(target)
	if err != nil || toErr != nil || largestStep <= 0 || from.Major != to.Major || from.MinorDistance(to) <= largestStep {
		return target
	}
	return fmt.Sprintf("%d.%d", from.Major, from.Minor+largestStep)
}

// leftBehind are the groups that a control plane of that version would leave too
// far behind.
func (f Facts) leftBehind(version string) []Group {
	to, err := kver.Parse(version)
	if err != nil {
		return nil
	}
	if f.InStep {
		return Lagging(f.Groups, f.Current)
	}
	var list []Group
	for _, g := range f.Groups {
		if v, err := kver.Parse(g.Version); err == nil && !g.Leaving && v.MinorDistance(to) > max(1, f.Skew) {
			list = append(list, g)
		}
	}
	return list
}

// Lagging are the groups that do not run a version: older in what both tell. A group
// whose version the cloud does not tell does not lag, nor does one that is leaving.
func Lagging(groups []Group, version string) []Group {
	to, err := kver.Parse(version)
	if err != nil {
		return nil
	}
	var list []Group
	for _, g := range groups {
		v, err := kver.Parse(g.Version)
		if err != nil || g.Leaving {
			continue
		}
		if v.MinorDistance(to) > 0 || v.SameMinor(to) && v.HasPatch && to.HasPatch && v.Compare(to) < 0 {
			list = append(list, g)
		}
	}
	return list
}

func names(groups []Group) []string {
	list := make([]string, len(groups))
	for i, g := range groups {
		list[i] = g.Name
	}
	return list
}
