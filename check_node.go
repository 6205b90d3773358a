// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// What Kubernetes itself says of labels and taints: an optional prefix that is a DNS
// subdomain, a slash, and a name; a value like a name, or empty. Source: Kubernetes,
// "Labels and Selectors", "Taints and Tolerations".
const (
	longestLabelName   = 63
	longestLabelPrefix = 253

	labelName   = `[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?`
	labelPrefix = `[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*`
)

// checkNodes appends the faults of what a group asks of its nodes beyond V0.6.
func (c Capabilities) checkNodes(f *faults, path string, g NodeGroupInfo) {
	rule := c.NodeGroups
	if c.useBeyond(f, rule.Labels, path+"Labels", len(g.Labels) > 0) {
		c.checkLabels(f, path+"Labels", g.Labels)
	}
	if c.useBeyond(f, rule.Taints, path+"Taints", len(g.Taints) > 0) {
		c.checkTaints(f, path+"Taints", g.Taints)
	}
	c.useBeyond(f, rule.Spot, path+"Spot", g.Spot)
	if c.useBeyond(f, rule.Zones, path+"Zones", len(g.Zones) > 0) {
		c.checkZones(f, path+"Zones", g.Zones)
	}
}

// useBeyond is use for a field that a cloud honours only where its capabilities say so.
func (c Capabilities) useBeyond(f *faults, rule FieldUse, field string, given bool) bool {
	if rule == "" {
		rule = FieldRefused
	}
	return use(f, rule, field, c.Provider, given)
}

func (c Capabilities) checkLabels(f *faults, field string, labels map[string]string) {
	rule := c.NodeGroups
	if rule.MaxLabels > 0 && len(labels) > rule.MaxLabels {
		f.add(field, "%s takes at most %d, got %d", c.Provider, rule.MaxLabels, len(labels))
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := fmt.Sprintf("%s[%s]", field, clip(key))
		c.checkKey(f, at, key)
		checkLabelValue(f, at, labels[key], rule.EmptyLabelValue, c.Provider)
	}
}

func (c Capabilities) checkTaints(f *faults, field string, taints []Taint) {
	rule := c.NodeGroups
	if rule.MaxTaints > 0 && len(taints) > rule.MaxTaints {
		f.add(field, "%s takes at most %d, got %d", c.Provider, rule.MaxTaints, len(taints))
	}
	for i, t := range taints {
		at := fmt.Sprintf("%s[%d].", field, i)
		c.checkKey(f, at+"Key", t.Key)
		checkLabelValue(f, at+"Value", t.Value, rule.EmptyTaintValue, c.Provider)
		switch t.Effect {
		case TaintNoSchedule, TaintPreferNoSchedule, TaintNoExecute:
		default:
			f.add(at+"Effect", "%q is not one of %s, %s, %s", clip(string(t.Effect)), TaintNoSchedule, TaintPreferNoSchedule, TaintNoExecute)
		}
		if slices.ContainsFunc(taints[:i], func(o Taint) bool { return o.Key == t.Key && o.Effect == t.Effect }) {
			f.add(at+"Key", "%q is given twice with the effect %s", clip(t.Key), t.Effect)
		} else if rule.OneEffectPerKey && slices.ContainsFunc(taints[:i], func(o Taint) bool { return o.Key == t.Key }) {
			f.add(at+"Key", "%q is given twice: %s takes one effect for each key", clip(t.Key), c.Provider)
		}
	}
}

// checkKey checks the key of a label or taint.
func (c Capabilities) checkKey(f *faults, field, key string) {
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	}
	longest := c.NodeGroups.MaxLabelKey
	switch {
	case key == "":
		f.add(field, "must not be empty")
	case utf8.RuneCountInString(name) > longestLabelName:
		f.add(field, "the name of a key has at most %d characters, got %d", longestLabelName, utf8.RuneCountInString(name))
	case utf8.RuneCountInString(prefix) > longestLabelPrefix:
		f.add(field, "the prefix of a key has at most %d characters, got %d", longestLabelPrefix, utf8.RuneCountInString(prefix))
	case longest > 0 && utf8.RuneCountInString(key) > longest:
		f.add(field, "%s takes keys of at most %d characters, the prefix included, got %d", c.Provider, longest, utf8.RuneCountInString(key))
	case !compile(labelName).MatchString(name), prefixed && !compile(labelPrefix).MatchString(prefix):
		f.add(field, "%q is not a key such as team or example.com/team: letters, digits, -, _ and ., a letter or digit at both ends", clip(key))
	case c.NodeGroups.Reserved(key):
		f.add(field, "%q is reserved: take a prefix of your own, such as example.com/%s", clip(key), clip(name))
	}
}

// Reserved reports whether the key of a label or taint belongs to Kubernetes, to pmks or
// to the cloud: a request that has it is refused, and a read leaves it out.
func (r NodeGroupRule) Reserved(key string) bool {
	prefix, _, prefixed := strings.Cut(key, "/")
	return prefixed && slices.ContainsFunc([]string{"kubernetes.io", "k8s.io", "pmks.io"}, func(owner string) bool {
		return prefix == owner || strings.HasSuffix(prefix, "."+owner)
	}) || slices.ContainsFunc(r.ReservedKeys, func(start string) bool {
		if strings.HasPrefix(start, ".") {
			return prefixed && strings.HasSuffix(prefix+"/", start)
		}
		return strings.HasPrefix(key, start)
	})
}

func checkLabelValue(f *faults, field, value string, mayBeEmpty bool, provider string) {
	switch {
	case value == "" && !mayBeEmpty:
		f.add(field, "%s takes no empty value: give one, such as true", provider)
	case utf8.RuneCountInString(value) > longestLabelName:
		f.add(field, "a value has at most %d characters, got %d", longestLabelName, utf8.RuneCountInString(value))
	case value != "" && !compile(labelName).MatchString(value):
		f.add(field, "%q is not a value: letters, digits, -, _ and ., a letter or digit at both ends", clip(value))
	}
}

// checkZones checks what every cloud asks; whether the region has such a zone only its
// provider knows.
func (c Capabilities) checkZones(f *faults, field string, zones []string) {
	if most := c.NodeGroups.MaxZones; most > 0 && len(zones) > most {
		f.add(field, "%s takes at most %d, got %d", c.Provider, most, len(zones))
	}
	for i, zone := range zones {
		at := fmt.Sprintf("%s[%d]", field, i)
		if zone == "" {
			f.add(at, "must not be empty")
		} else if err := checkSegment(at, zone); err != nil {
			f.addErr(err)
		} else if slices.Contains(zones[:i], zone) {
			f.add(at, "%q is given twice", clip(zone))
		}
	}
}
