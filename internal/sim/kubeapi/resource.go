// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"strings"
	"time"
)

// object is a Kubernetes object as JSON has it. One that is in a store is never
// modified.
type object map[string]any

// resource is a kind of object.
type resource struct {
	group, version string // the group of the core is empty
	name, singular string
	kind           string
	short          []string
	namespaced     bool
	verbs          []string
	// members are those at the top of an object besides apiVersion, kind and metadata.
	members []string
	// versioned: an update must say which version it replaces.
	versioned bool
	// check says what is wrong with an object; empty if nothing is.
	check func(object) string
	// columns are those of its tables; cells fills them in.
	columns []column
	cells   func(o object, now time.Time) []any
}

// column is a column of a table. Those with a Priority show when more is asked for.
type column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format"`
	Description string `json:"description"`
	Priority    int    `json:"priority"`
}

var (
	readVerbs  = []string{"get", "list", "watch"}
	writeVerbs = []string{"create", "delete", "get", "list", "patch", "update", "watch"}
)

var (
	nodes = &resource{
		version: "v1", name: "nodes", singular: "node", kind: "Node", short: []string{"no"}, verbs: readVerbs,
		columns: []column{
			nameColumn, textColumn("Status", 0), textColumn("Roles", 0), ageColumn, textColumn("Version", 0), textColumn("Internal-IP", 1),
			textColumn("External-IP", 1), textColumn("OS-Image", 1), textColumn("Kernel-Version", 1), textColumn("Container-Runtime", 1),
		},
		cells: nodeCells,
	}
	namespaces = &resource{
		version: "v1", name: "namespaces", singular: "namespace", kind: "Namespace", short: []string{"ns"}, verbs: writeVerbs,
		members: []string{"spec", "status"},
		columns: []column{nameColumn, textColumn("Status", 0), ageColumn},
		cells: func(o object, now time.Time) []any {
			return []any{o.name(), o.text("status", "phase"), age(o, now)}
		},
	}
	configMaps = &resource{
		version: "v1", name: "configmaps", singular: "configmap", kind: "ConfigMap", short: []string{"cm"}, namespaced: true, verbs: writeVerbs,
		members: []string{"data", "binaryData", "immutable"}, check: checkConfigMap,
		columns: []column{nameColumn, textColumn("Data", 0), ageColumn},
		cells: func(o object, now time.Time) []any {
			return []any{o.name(), fmt.Sprint(len(o.child("data")) + len(o.child("binaryData"))), age(o, now)}
		},
	}
	leases = &resource{
		group: "coordination.k8s.io", version: "v1", name: "leases", singular: "lease", kind: "Lease", namespaced: true, verbs: writeVerbs,
		members: []string{"spec"}, versioned: true, check: checkLease,
		columns: []column{nameColumn, textColumn("Holder", 0), ageColumn},
		cells: func(o object, now time.Time) []any {
			return []any{o.name(), o.text("spec", "holderIdentity"), age(o, now)}
		},
	}
	reviews = &resource{
		group: "authentication.k8s.io", version: "v1", name: "selfsubjectreviews", singular: "selfsubjectreview", kind: "SelfSubjectReview",
		verbs: []string{"create"}, members: []string{"status"},
	}
)

// resources are all that there are, group by group.
var resources = []*resource{configMaps, namespaces, nodes, reviews, leases}

var (
	nameColumn = column{Name: "Name", Type: "string", Format: "name", Description: "Name must be unique within a namespace."}
	ageColumn  = textColumn("Age", 0)
)

func textColumn(name string, priority int) column {
	return column{Name: name, Type: "string", Priority: priority}
}

// apiVersion is the group and version as objects have it.
func (r *resource) apiVersion() string {
	if r.group == "" {
		return r.version
	}
	return r.group + "/" + r.version
}

// qualified is the resource with its group, as messages have it.
func (r *resource) qualified() string {
	if r.group == "" {
		return r.name
	}
	return r.name + "." + r.group
}

func checkConfigMap(o object) string {
	for _, member := range []string{"data", "binaryData"} {
		value, given := o[member]
		if given && value == nil {
			continue
		}
		entries, isMap := value.(map[string]any)
		if given && !isMap {
			return "ConfigMap." + member + " must be a map"
		}
		for key, value := range entries {
			if _, text := value.(string); !text {
				return fmt.Sprintf("json: cannot unmarshal %s into Go struct field ConfigMap.%s.%s of type string", typeName(value), member, key)
			}
		}
	}
	return ""
}

func checkLease(o object) string {
	spec := o.child("spec")
	for _, member := range []string{"leaseDurationSeconds", "leaseTransitions"} {
		switch value := spec[member].(type) {
		case nil:
		case float64:
			if member == "leaseDurationSeconds" && value <= 0 {
				return "spec.leaseDurationSeconds: Invalid value: must be greater than 0"
			}
		default:
			return fmt.Sprintf("json: cannot unmarshal %s into Go struct field LeaseSpec.spec.%s of type int32", typeName(value), member)
		}
	}
	for _, member := range []string{"acquireTime", "renewTime"} {
		switch value := spec[member].(type) {
		case nil:
		case string:
			if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
				return fmt.Sprintf("spec.%s: %q is not a time", member, value)
			}
		default:
			return fmt.Sprintf("json: cannot unmarshal %s into Go struct field LeaseSpec.spec.%s of type string", typeName(value), member)
		}
	}
	return ""
}

func typeName(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// child returns a member that is an object itself; nil is one without members.
func (o object) child(path ...string) object {
	for _, name := range path {
		next, _ := o[name].(map[string]any)
		o = next
	}
	return o
}

// text returns a member that is a text; empty if it is not there.
func (o object) text(path ...string) string {
	s, _ := o.child(path[:len(path)-1]...)[path[len(path)-1]].(string)
	return s
}

func (o object) meta(name string) string { return o.text("metadata", name) }
func (o object) name() string            { return o.meta("name") }
func (o object) namespace() string       { return o.meta("namespace") }

// strings returns a map of texts, such as the labels.
func (o object) strings(path ...string) map[string]string {
	out := map[string]string{}
	for key, value := range o.child(path...) {
		if s, ok := value.(string); ok {
			out[key] = s
		}
	}
	return out
}

// list returns the texts of a list.
func (o object) list(path ...string) []string {
	values, _ := o.child(path[:len(path)-1]...)[path[len(path)-1]].([]any)
	var out []string
	for _, value := range values {
		if s, ok := value.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// withMeta returns a copy with members of the metadata replaced; a nil value takes
// one out.
func (o object) withMeta(changes map[string]any) object {
	metadata := map[string]any{}
	for key, value := range o.child("metadata") {
		metadata[key] = value
	}
	for key, value := range changes {
		if metadata[key] = value; value == nil {
			delete(metadata, key)
		}
	}
	out := object{}
	for key, value := range o {
		out[key] = value
	}
	out["metadata"] = metadata
	return out
}

// key is where an object is among those of its resource, in the order of lists.
func (o object) key() string { return keyOf(o.namespace(), o.name()) }

func keyOf(namespace, name string) string { return namespace + "/" + name }

// age is how long an object is there, as kubectl shows it.
func age(o object, now time.Time) string {
	created, err := time.Parse(time.RFC3339, o.meta("creationTimestamp"))
	if err != nil {
		return "<unknown>"
	}
	return humanDuration(now.Sub(created))
}

// humanDuration has two units at most, and fewer the longer it is.
func humanDuration(d time.Duration) string {
	seconds := int(d.Seconds())
	minutes, hours := seconds/60, seconds/3600
	days := hours / 24
	both := func(whole int, unit string, rest int, small string) string {
		if rest == 0 {
			return fmt.Sprintf("%d%s", whole, unit)
		}
		return fmt.Sprintf("%d%s%d%s", whole, unit, rest, small)
	}
	switch {
	case seconds < 0:
		return "0s"
	case seconds < 120:
		return fmt.Sprintf("%ds", seconds)
	case minutes < 10:
		return both(minutes, "m", seconds%60, "s")
	case minutes < 180:
		return fmt.Sprintf("%dm", minutes)
	case hours < 8:
		return both(hours, "h", minutes%60, "m")
	case hours < 48:
		return fmt.Sprintf("%dh", hours)
	case hours < 192:
		return both(days, "d", hours%24, "h")
	case days < 2*365:
		return fmt.Sprintf("%dd", days)
	case days < 8*365:
		return both(days/365, "y", days%365, "d")
	}
	return fmt.Sprintf("%dy", days/365)
}

// stamp is a time as objects have it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// dnsName reports whether a text may be the name of an object.
func dnsName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.Trim(part, "-") != part || strings.ContainsFunc(part, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}) {
			return false
		}
	}
	return true
}
