// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// text is a scalar of JSON that NKS writes now as a string, now as a number or a bool;
// null is empty. An array or object is kept as the JSON that it is.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 1 && b[0] == '"' && isPlain(b[1:len(b)-1]):
		*t = text(b[1 : len(b)-1])
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case string(b) == "null":
		*t = ""
	default:
		*t = text(b)
	}
	return nil
}

// isPlain reports whether a string of JSON stands for itself. Nearly all do, and a cluster
// with its groups has hundreds.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isTrue reads a bool, however it is written.
func (t text) isTrue() bool { return strings.EqualFold(strings.TrimSpace(string(t)), "true") }

// number reads a whole number; false where there is none that a size could have.
func (t text) number() (int, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(t)), 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > math.MaxInt32 {
		return 0, false
	}
	return int(f), true
}

// labels are those of a cluster or node group: no map of strings, since some are
// arrays of objects. The whole may be a string of JSON.
type labels map[string]text

// UnmarshalJSON implements [json.Unmarshaler].
func (l *labels) UnmarshalJSON(b []byte) error {
	w := walker{data: b}
	w.labels(l)
	return w.err
}

// manyLabels is about how many a node group has.
const manyLabels = 24

// labels reads labels. What cannot be read are none: old clusters have none either.
func (w *walker) labels(out *labels) {
	*out = nil
	if w.next() == '"' {
		var inner string
		if w.string(&inner); json.Valid([]byte(inner)) {
			w = &walker{data: []byte(inner)}
			w.labelsAsObject(out)
		}
		return
	}
	if !w.labelsAsObject(out) {
		w.raw()
	}
}

func (w *walker) labelsAsObject(out *labels) bool {
	if w.next() != '{' {
		return false
	}
	all := make(labels, manyLabels)
	*out = all
	return w.object(func(name []byte) {
		key := string(name)
		var value text
		w.text(&value)
		all[key] = value
	})
}

// clusterObject is a cluster. A list has less of it.
type clusterObject struct {
	UUID         string          `json:"uuid"`
	Name         string          `json:"name"`
	Status       text            `json:"status"`
	StatusReason text            `json:"status_reason"`
	APIAddress   text            `json:"api_address"`
	ProjectID    text            `json:"project_id"`
	UserID       text            `json:"user_id"`
	KeyPair      text            `json:"keypair"`
	FlavorID     text            `json:"flavor_id"`
	FixedNetwork text            `json:"fixed_network"`
	FixedSubnet  text            `json:"fixed_subnet"`
	NodeCount    text            `json:"node_count"`
	Labels       labels          `json:"labels"`
	CreatedAt    text            `json:"created_at"`
	UpdatedAt    text            `json:"updated_at"`
	HealthStatus text            `json:"health_status"`
	HealthReason json.RawMessage `json:"health_status_reason"`
	Faults       json.RawMessage `json:"faults"`
}

// faults are what Magnum says of the parts that failed.
func (c clusterObject) faults() string {
	var parts map[string]text
	_ = json.Unmarshal(c.Faults, &parts) // what is no object says nothing
	var list []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		list = append(list, name+": "+string(parts[name]))
	}
	return strings.Join(list, "; ")
}

// apiStatus is what the cluster's own API is doing, as NKS last saw it.
func (c clusterObject) apiStatus() string {
	var reason struct {
		Cluster struct {
			API text `json:"api_status"`
		} `json:"cluster"`
	}
	_ = json.Unmarshal(c.HealthReason, &reason) // its form is another in every version
	return string(reason.Cluster.API)
}

// groupObject is a node group. A list has neither its labels nor its addresses.
type groupObject struct {
	UUID         string   `json:"uuid"`
	Name         string   `json:"name"`
	ClusterID    text     `json:"cluster_id"`
	Role         text     `json:"role"`
	Status       text     `json:"status"`
	StatusReason text     `json:"status_reason"`
	FlavorID     text     `json:"flavor_id"`
	ImageID      text     `json:"image_id"`
	NodeCount    text     `json:"node_count"`
	MinNodeCount text     `json:"min_node_count"`
	MaxNodeCount text     `json:"max_node_count"`
	Labels       labels   `json:"labels"`
	Addresses    []string `json:"node_addresses"`
}

// eventObject is the record of an operation.
type eventObject struct {
	ID           text            `json:"id"`
	UUID         string          `json:"uuid"`
	ResourceUUID string          `json:"resource_uuid"`
	ResourceName string          `json:"resource_name"`
	Type         string          `json:"type"`
	State        string          `json:"state"`
	Contents     text            `json:"contents"`
	Details      json.RawMessage `json:"details"`
	CreatedAt    text            `json:"created_at"`
	UpdatedAt    text            `json:"updated_at"`
}

func (e eventObject) number() int64 {
	n, _ := strconv.ParseInt(string(e.ID), 10, 64)
	return n
}

// uuidObject is the answer of what has been accepted.
type uuidObject struct {
	UUID string `json:"uuid"`
}

// resizeObject is a request. A number of nodes of 0 is a value.
type resizeObject struct {
	NodeGroup string `json:"nodegroup"`
	NodeCount int    `json:"node_count"`
}

// securityGroupsObject are the security groups of the nodes' cards in a subnet.
type securityGroupsObject struct {
	Subnet string `json:"target_subnet"`
	IDs    string `json:"security_group_ids"` // with commas between
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// stamp is a time as OpenStack writes it, with or without its zone; zero where there is
// none.
func stamp[S ~string](s S) time.Time {
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if at, err := time.Parse(layout, string(s)); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
