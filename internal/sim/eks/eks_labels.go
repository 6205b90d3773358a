// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// maxTaints is how many taints a node group takes (the user guide's page on taints of
// managed node groups).
const maxTaints = 50

var (
	labelNamePattern   = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)$`)
	labelPrefixPattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$`)
)

// checkLabels checks what a node group is to have beside the labels of EKS.
func (s *Server) checkLabels(labels map[string]string) *apiError {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		if e := checkLabelKey("label", key); e != nil {
			return e
		}
		switch n := utf8.RuneCountInString(value); {
		case n == 0 || !labelNamePattern.MatchString(value):
			return invalidParameter("Label value is invalid. Invalid value: %q: a valid label must consist of alphanumeric characters, '-', '_' or '.', "+
				"and must start and end with an alphanumeric character, regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'", value)
		case n > 63:
			return invalidParameter("The value of label %q has %d characters and may have at most 63", key, n)
		case reservedLabel(key) && !s.assumptions.ReservedLabelsAccepted:
			return invalidParameter("Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]: %s", key)
		}
	}
	return nil
}

// checkLabelKey checks the key of a label or a taint: at most 63 characters in all.
func checkLabelKey(what, key string) *apiError {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		name = prefix
	}
	if n := utf8.RuneCountInString(key); n < 1 || n > 63 {
		return invalidParameter("The key of a %s must be 1 to 63 characters long, got %d", what, n)
	}
	if !labelNamePattern.MatchString(name) || prefixed && !labelPrefixPattern.MatchString(prefix) {
		return invalidParameter("The %s key is invalid. Invalid value: %q: name part must consist of alphanumeric characters, '-', '_' or '.', "+
			"and must start and end with an alphanumeric character", what, key)
	}
	return nil
}

// reservedLabel reports whether a key has a prefix that nobody else may use.
func reservedLabel(key string) bool {
	prefix, _, ok := strings.Cut(key, "/")
	if !ok {
		return false
	}
	for _, own := range []string{"kubernetes.io", "k8s.io", "eks.amazonaws.com"} {
		if prefix == own || strings.HasSuffix(prefix, "."+own) {
			return true
		}
	}
	return false
}

func checkTaints(taints []taintObject) *apiError {
	for i, t := range taints {
		if e := checkLabelKey("taint", t.Key); e != nil {
			return e
		}
		switch {
		case t.Effect == "":
			return invalidParameter("A taint must have an effect")
		case utf8.RuneCountInString(t.Value) > 63:
			return invalidParameter("The value of a taint may have at most 63 characters")
		case t.Value != "" && !labelNamePattern.MatchString(t.Value):
			return invalidParameter("The taint value is invalid. Invalid value: %q", t.Value)
		case slices.ContainsFunc(taints[:i], t.same):
			return invalidParameter("Taint %s with effect %s is given twice", t.Key, t.Effect)
		}
		if e := oneOf("effect", t.Effect, "NO_EXECUTE", "NO_SCHEDULE", "PREFER_NO_SCHEDULE"); e != nil {
			return e
		}
	}
	if len(taints) > maxTaints {
		return invalidParameter("A nodegroup may have at most %d taints, got %d", maxTaints, len(taints))
	}
	return nil
}

// same reports whether two taints are of one key and effect, of which a node has one.
func (t taintObject) same(other taintObject) bool {
	return t.Key == other.Key && t.Effect == other.Effect
}

// groupChange is one kind of change to the configuration of a node group.
type groupChange struct {
	params []updateParam
	// apply makes it; nil: the core has done so.
	apply func()
}

// labelChange adds and removes labels; those that the request does not name stay.
func (s *Server) labelChange(own *groupRecord, in *labelsRequest) (change groupChange, e *apiError) {
	if e := s.checkLabels(in.AddOrUpdateLabels); e != nil {
		return change, e
	}
	then := map[string]string{}
	maps.Copy(then, own.labels)
	for _, key := range in.RemoveLabels {
		_, there := then[key]
		if _, both := in.AddOrUpdateLabels[key]; both {
			return change, invalidParameter("The label key %s is to be added and to be removed", key)
		}
		if !there && !s.assumptions.RemoveAbsentOK {
			return change, invalidParameter("The label key %s to remove is not on the nodegroup", key)
		}
		delete(then, key)
	}
	maps.Copy(then, in.AddOrUpdateLabels)
	if maps.Equal(then, own.labels) {
		return change, invalidParameter("No changes needed for the labels provided")
	}
	change.add("LabelsToAdd", len(in.AddOrUpdateLabels), in.AddOrUpdateLabels)
	change.add("LabelsToRemove", len(in.RemoveLabels), in.RemoveLabels)
	change.apply = func() { own.labels = then }
	return change, nil
}

// taintChange adds and removes taints. One to be removed is named whole.
func (s *Server) taintChange(own *groupRecord, in *taintsRequest) (change groupChange, e *apiError) {
	for _, list := range [][]taintObject{in.AddOrUpdateTaints, in.RemoveTaints} {
		if e := checkTaints(list); e != nil {
			return change, e
		}
	}
	then := slices.Clone(own.taints)
	for _, t := range in.RemoveTaints {
		at := slices.Index(then, t)
		switch {
		case slices.ContainsFunc(in.AddOrUpdateTaints, t.same):
			return change, invalidParameter("Taint %s with effect %s is to be added and to be removed", t.Key, t.Effect)
		case at >= 0:
			then = slices.Delete(then, at, at+1)
		case !s.assumptions.RemoveAbsentOK:
			return change, invalidParameter("Taint %s=%s:%s to remove is not on the nodegroup", t.Key, t.Value, t.Effect)
		}
	}
	for _, t := range in.AddOrUpdateTaints {
		if at := slices.IndexFunc(then, t.same); at >= 0 {
			then[at] = t
		} else {
			then = append(then, t)
		}
	}
	switch {
	case slices.Equal(then, own.taints):
		return change, invalidParameter("No changes needed for the taints provided")
	case len(then) > maxTaints:
		return change, invalidParameter("A nodegroup may have at most %d taints, got %d", maxTaints, len(then))
	}
	change.add("TaintsToAdd", len(in.AddOrUpdateTaints), in.AddOrUpdateTaints)
	change.add("TaintsToRemove", len(in.RemoveTaints), in.RemoveTaints)
	change.apply = func() { own.taints = then }
	return change, nil
}

// add shows what was asked for in the update, as JSON.
func (c *groupChange) add(kind string, n int, value any) {
	if text, err := json.Marshal(value); n > 0 && err == nil {
		c.params = append(c.params, updateParam{kind, string(text)})
	}
}

// paceChange changes how many nodes an update takes down at once.
func paceChange(own *groupRecord, in *updateConfigObject) (change groupChange, e *apiError) {
	if e := checkUpdateConfig(in); e != nil {
		return change, e
	}
	change.add("MaxUnavailable", pointed(in.MaxUnavailable), in.MaxUnavailable)
	change.add("MaxUnavailablePercentage", pointed(in.MaxUnavailablePercentage), in.MaxUnavailablePercentage)
	if in.UpdateStrategy != "" {
		change.params = append(change.params, updateParam{"UpdateStrategy", in.UpdateStrategy})
	}
	change.apply = func() { own.updateConfig = *in }
	return change, nil
}

func pointed(n *int32) int {
	if n == nil {
		return 0
	}
	return 1
}

// reconfigure begins an update of a node group. The core knows of sizes alone. No node is
// replaced by the rest, and what is read is the old until the update has succeeded.
func (s *Server) reconfigure(c *call, rec *clusterRecord, g *core.NodeGroup, changes []groupChange, sizes *scalingObject) (core.Result, error) {
	c.Outcome.Effect = func(end core.OperationRecord) {
		for _, change := range changes {
			if end.Failure == "" && change.apply != nil {
				change.apply()
			}
		}
	}
	if sizes != nil {
		return s.world.Apply(c.Now, core.Scale{
			ClusterID: rec.live.ID, GroupID: g.ID, Desired: int(sizes.DesiredSize), Min: int(sizes.MinSize), Max: int(sizes.MaxSize),
		}, c.Outcome)
	}
	took := time.Duration(float64(s.world.Profile().Typical(profile.UpdateCluster)) * s.scale)
	return s.world.Apply(c.Now, core.Work{ClusterID: rec.live.ID, GroupID: g.ID, Took: took}, c.Outcome)
}
