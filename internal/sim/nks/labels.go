// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// labelKind is what a label holds.
type labelKind int

const (
	labelText   labelKind = iota
	labelTruth            // "True" or "False", in any case
	labelNumber           // a number as text
	labelSize             // a number, as text or not
	labelIDs              // ids with colons between them
	labelRange            // a CIDR
	labelList             // a list of objects
	labelMap              // texts by key, or the JSON of that as text
)

// labelRule is one label that a request may have.
type labelRule struct {
	kind     labelKind
	min, max int // of a number
	// cluster: it is of the cluster as a whole, so that a node group cannot have it.
	cluster bool
	// unsimulated: NHN has it and this package has not.
	unsimulated bool
}

// labelTable lists the labels of the public API guide, read 2026-11-29. Its own
// sample has a delay of 3, below the 10 that its table names as the least.
var labelTable = map[string]labelRule{
	"additional_network_id_list":    {kind: labelIDs},
	"additional_subnet_id_list":     {kind: labelIDs},
	"availability_zone":             {},
	"boot_volume_appkey":            {unsimulated: true},
	"boot_volume_key_id":            {unsimulated: true},
	"boot_volume_size":              {kind: labelNumber, min: 1, max: 2048},
	"boot_volume_type":              {},
	"ca_enable":                     {kind: labelTruth},
	"ca_max_node_count":             {kind: labelNumber, min: 1, max: 10},
	"ca_min_node_count":             {kind: labelNumber, min: 1, max: 10},
	"ca_pod_replicas":               {kind: labelNumber, min: 1, max: 10},
	"ca_scale_down_delay_after_add": {kind: labelNumber, min: 3, max: 1440},
	"ca_scale_down_enable":          {kind: labelTruth},
	"ca_scale_down_unneeded_time":   {kind: labelNumber, min: 1, max: 1440},
	"ca_scale_down_util_thresh":     {kind: labelNumber, min: 1, max: 100},
	"cert_manager_api":              {cluster: true},
	"clusterautoscale":              {},
	"control_plane_log":             {cluster: true, unsimulated: true},
	"external_network_id":           {cluster: true},
	"external_subnet_id_list":       {kind: labelIDs, cluster: true},
	"extra_security_groups":         {kind: labelList},
	"extra_volumes":                 {kind: labelList},
	"fip_auto_bind_enable":          {unsimulated: true},
	"fip_bind_subnet":               {unsimulated: true},
	"fip_selector":                  {unsimulated: true},
	"k8s_node_labels":               {kind: labelMap},
	"kube_tag":                      {cluster: true},
	"master_lb_floating_ip_enabled": {kind: labelTruth, cluster: true},
	"mba_scale_in":                  {unsimulated: true},
	"mba_scale_out":                 {unsimulated: true},
	"ncr_sgw":                       {cluster: true},
	"node_image":                    {cluster: true},
	"obs_sgw":                       {cluster: true},
	"pods_network_cidr":             {kind: labelRange, cluster: true},
	"pods_network_subnet":           {kind: labelSize, min: 20, max: 28, cluster: true},
	"service_cluster_ip_range":      {kind: labelRange, cluster: true},
	"skm":                           {cluster: true, unsimulated: true},
	"strict_sg_rules":               {kind: labelTruth, cluster: true},
	"term_of_validity":              {kind: labelNumber, min: 1, max: 5, cluster: true},
	"user_script":                   {},
	"user_script_v2":                {},
}

// Labels that a create must have.
var (
	requiredOfCluster = []string{"availability_zone", "boot_volume_size", "boot_volume_type", "ca_enable", "cert_manager_api", "kube_tag",
		"master_lb_floating_ip_enabled", "node_image"}
	requiredOfGroup = []string{"availability_zone", "boot_volume_size", "boot_volume_type", "ca_enable"}
)

// labels of a request, as they were sent.
type labels map[string]any

// check refuses unknown and mistyped labels.
func (l labels) check(ofCluster bool, required []string, assume Assumptions, nodes int) *apiError {
	for _, key := range required {
		if _, ok := l[key]; !ok {
			return badRequest("The label %s is required.", key)
		}
	}
	for _, key := range sortedKeys(l) {
		rule, ok := labelTable[key]
		if strings.HasSuffix(key, "_node_count") {
			rule.max = nodes
		}
		switch {
		case !ok || rule.cluster && !ofCluster:
			return badRequest("The label %.64s is not known here.", key)
		case rule.unsimulated:
			return notSimulated("the label %s", key)
		}
		if number, isNumber := l[key].(float64); isNumber && (assume.NumberLabels || rule.kind == labelSize) {
			l[key] = strconv.FormatFloat(number, 'f', -1, 64)
		}
		if truth, isTruth := l[key].(bool); isTruth && assume.NumberLabels {
			l[key] = truthText(truth)
		}
		if e := rule.check(key, l[key]); e != nil {
			return e
		}
		if rule.kind == labelMap && !assume.NodeLabelsForm.takes(l[key]) {
			return badRequest("The label %s must be %s.", key, assume.NodeLabelsForm)
		}
	}
	return nil
}

func (r labelRule) check(key string, value any) *apiError {
	text, isText := value.(string)
	if r.kind == labelList {
		list, ok := value.([]any)
		for _, item := range list {
			_, object := item.(map[string]any)
			ok = ok && object
		}
		if !ok {
			return badRequest("The label %s must be a list of objects.", key)
		}
		return nil
	}
	if r.kind == labelMap {
		_, e := nodeLabelsOf(value)
		return e
	}
	if !isText {
		return badRequest("The label %s must be a string.", key)
	}
	good := true
	switch r.kind {
	case labelTruth:
		good = strings.EqualFold(text, "True") || strings.EqualFold(text, "False")
	case labelNumber, labelSize:
		n, err := strconv.Atoi(text)
		good = err == nil && n >= r.min && n <= r.max
	case labelIDs:
		good = !slices.Contains(strings.Split(text, ":"), "")
	case labelRange:
		p, err := netip.ParsePrefix(text)
		good = err == nil && p.Addr().Is4() && p == p.Masked() && p.Bits() <= 24
	default:
	}
	if !good {
		return badRequest("The value %.64q of the label %s is invalid.", text, key)
	}
	return nil
}

// text returns a label as text; empty if it is not there.
func (l labels) text(key string) string {
	text, _ := l[key].(string)
	return text
}

// number returns a label as a number, or otherwise.
func (l labels) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(l.text(key)); err == nil {
		return n
	}
	return otherwise
}

// truth returns a label as a truth value, or otherwise.
func (l labels) truth(key string, otherwise bool) bool {
	if text := l.text(key); text != "" {
		return strings.EqualFold(text, "True")
	}
	return otherwise
}

// ids returns a label that is a list of ids.
func (l labels) ids(key string) []string {
	if text := l.text(key); text != "" {
		return strings.Split(text, ":")
	}
	return nil
}

// shown returns labels as answers have them.
func (s *Server) shown(l labels) labels {
	out := maps.Clone(l)
	for key, value := range out {
		rule := labelTable[key]
		switch {
		case key == "extra_security_groups" && s.assume.ExtraSecurityGroups == EchoText:
			out[key] = rawJSON(value)
		case key == "extra_security_groups" && s.assume.ExtraSecurityGroups == EchoNone, key == "k8s_node_labels" && s.assume.NodeLabelsHidden:
			delete(out, key)
		case key == "k8s_node_labels" && s.assume.NodeLabelsText:
			if given, e := nodeLabelsOf(value); e == nil {
				out[key] = rawJSON(given)
			}
		case s.assume.NativeLabels && rule.kind == labelTruth:
			out[key] = l.truth(key, false)
		case s.assume.NativeLabels && (rule.kind == labelNumber || rule.kind == labelSize):
			out[key] = l.number(key, 0)
		}
	}
	return out
}

func truthText(on bool) string {
	if on {
		return "True"
	}
	return "False"
}
