// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	labelName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
)

// checkKey checks the key of a label or a taint by Kubernetes' rules.
func (s *Server) checkKey(kind, key string) *apiError {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	}
	switch {
	case !s.assumptions.LongLabelKeys && utf8.RuneCountInString(key) > 63:
		return invalid("the key %q of a %s must have at most 63 characters", key, kind)
	case !labelName.MatchString(name), found && (len(prefix) > 253 || !labelPrefix.MatchString(prefix)):
		return invalid("the key %q of a %s is not valid", key, kind)
	}
	return nil
}

func checkValue(kind, value string) *apiError {
	if value != "" && !labelName.MatchString(value) {
		return invalid("the value %q of a %s is not valid", value, kind)
	}
	return nil
}

// checkLabels checks the labels of a node pool.
func (s *Server) checkLabels(labels []labelObject) *apiError {
	for i, l := range labels {
		e := s.checkKey("label", l.Name)
		switch {
		case e != nil:
			return e
		case slices.ContainsFunc(labels[:i], func(other labelObject) bool { return other.Name == l.Name }):
			return invalid("the label %q is given twice", l.Name)
		}
		if e := checkValue("label", *l.Value); e != nil {
			return e
		}
	}
	return nil
}

// checkTaints checks the taints of a node pool. One key may have several effects.
func (s *Server) checkTaints(taints []taintObject) *apiError {
	for i, t := range taints {
		e := s.checkKey("taint", t.Key)
		switch {
		case e != nil:
			return e
		case !slices.Contains([]string{"NoExecute", "NoSchedule", "PreferNoSchedule"}, t.Effect):
			return invalid("a taint with the key %q and the effect %q is not valid", t.Key, t.Effect)
		case slices.ContainsFunc(taints[:i], func(other taintObject) bool { return other.Key == t.Key && other.Effect == t.Effect }):
			return invalid("the taint %q with the effect %s is given twice", t.Key, t.Effect)
		}
		if e := checkValue("taint", t.Value); e != nil {
			return e
		}
	}
	return nil
}
