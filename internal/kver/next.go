// SPDX-License-Identifier: Apache-2.0

package kver

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// The reasons that a [*StepError] wraps.
var (
	// ErrDowngrade: the target is older than the current version. Callers map it
	// to their InvalidArgument.
	ErrDowngrade = errors.New("downgrade is not possible")
	// ErrUnreachable: the versions on offer leave a gap that is wider than the
	// cloud can step. Callers map it to their FailedPrecondition.
	ErrUnreachable = errors.New("no upgrade path")
)

// StepError says why there is no way from Current to Target.
type StepError struct {
	// Current is the version that runs.
	Current string
	// Target is the version that was asked for.
	Target string
	// Allowed holds the versions that one step from Current can reach, newest
	// first, as the cloud spells them.
	Allowed []string
	// Err is ErrDowngrade or ErrUnreachable.
	Err error
}

// Error names both versions and those that one step can reach.
func (e *StepError) Error() string {
	allowed := "nothing newer is allowed"
	if len(e.Allowed) > 0 {
		allowed = "allowed next: " + strings.Join(e.Allowed, ", ")
	}
	return fmt.Sprintf("from Kubernetes version %s to %s: %v; %s", e.Current, e.Target, e.Err, allowed)
}

// Unwrap returns the reason, ErrDowngrade or ErrUnreachable.
func (e *StepError) Unwrap() error { return e.Err }

// Next returns the version to upgrade to in one step on the way from current to
// target, or "" when current is already what target asks for. It is made to be
// called again with the new current version until it returns "".
//
// offered is what the cloud has, the target included. A step goes up by at most
// maxStep minors (less than 1 counts as 1) and lands only on a minor that is
// offered: with even minors on offer and a maxStep of 2, 1.30 goes to 1.34 by
// way of 1.32. The longest step is taken. On the way the newest patch is used;
// the last step goes to what [Choose] makes of the target.
//
// The target may leave out what does not matter: "1.34" is reached by every
// 1.34, "1.33.5" by every build of that patch. Where the current version is a
// bare minor, the minor decides alone. A patch that is not offered is reached by
// any newer one of its minor, because that is what [Choose] puts in its place.
//
// A version does not come back down, so the whole way is checked before the
// first step is named. Errors are [ErrSyntax] for a current version or target
// that cannot be read, [*NotOfferedError] for a target whose minor is not
// offered, and [*StepError] for a downgrade or a gap.
func Next(current, target string, offered []string, maxStep int) (string, error) {
	from, err := Parse(current)
	if err != nil {
		return "", fmt.Errorf("current version: %w", err)
	}
	to, err := Parse(target)
	if err != nil {
		return "", fmt.Errorf("target version: %w", err)
	}
	if reached(from, to) {
		return "", nil
	}
	maxStep = min(max(maxStep, 1), math.MaxInt32-1) // a new major is never a step
	list := parseAll(offered)
	fail := func(reason error) (string, error) {
		return "", &StepError{Current: from.String(), Target: to.String(), Allowed: allowed(from, list, maxStep), Err: reason}
	}
	goal, ok := pick(to, list)
	if older(to, from) {
		if ok && from.SameMinor(to) && !reached(goal.version, to) {
			// The target's patch is not to be had, so an earlier step may well have
			// gone to a newer one in its place. That is not a way back.
			return "", nil
		}
		return fail(ErrDowngrade)
	}
	if !ok {
		return "", notOffered(target, list, nil)
	}
	if from.SameMinor(goal.version) {
		switch {
		case reached(from, goal.version):
			return "", nil // the target's patch is not to be had, and this is the newest that is
		case older(goal.version, from):
			return fail(ErrUnreachable) // what runs is newer than all that is on offer
		}
		return goal.text, nil
	}
	first := ""
	for at := from; !at.SameMinor(goal.version); {
		hop, ok := longest(at, goal, list, maxStep)
		if !ok {
			return fail(ErrUnreachable)
		}
		if first == "" {
			first = hop.text
		}
		at = hop.version
	}
	return first, nil
}

// reached reports whether v is what the target asks for, as far as the target
// says and v can tell.
func reached(v, target Version) bool {
	if !v.SameMinor(target) {
		return false
	}
	if !target.HasPatch || !v.HasPatch {
		return true
	}
	return v.Patch == target.Patch && (v.Suffix == target.Suffix || target.Suffix == "" && !v.IsPreRelease())
}

// older reports whether v is older than o in a component that both have. The
// caller has made sure that o does not already answer v.
func older(v, o Version) bool {
	if v.SameMinor(o) && (!v.HasPatch || !o.HasPatch) {
		return false
	}
	return v.Compare(o) < 0
}

// longest finds the longest step from at towards the goal. The list is sorted,
// so the first minor within reach is the furthest.
func longest(at Version, goal entry, list []entry, maxStep int) (entry, bool) {
	if d := at.MinorDistance(goal.version); d > 0 && d <= maxStep {
		return goal, true
	}
	var within []entry
	for _, e := range list {
		d := at.MinorDistance(e.version)
		if d <= 0 || d > maxStep || e.version.MinorDistance(goal.version) <= 0 {
			continue
		}
		if len(within) > 0 && !e.version.SameMinor(within[0].version) {
			break
		}
		within = append(within, e)
	}
	if len(within) == 0 {
		return entry{}, false
	}
	return newest(within), true
}

// allowed lists what one step from a version can reach.
func allowed(from Version, list []entry, maxStep int) []string {
	var out []entry
	for _, e := range list {
		d := from.MinorDistance(e.version)
		if d > 0 && d <= maxStep || d == 0 && from.HasPatch && e.version.HasPatch && e.version.Compare(from) > 0 {
			out = append(out, e)
		}
	}
	return texts(out)
}
