// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The labels that GKE puts on the instances of its pools.
const (
	labelCluster  = "goog-k8s-cluster-name"
	labelLocation = "goog-k8s-cluster-location"
	labelPool     = "goog-k8s-node-pool-name"
)

type (
	instanceObject struct {
		resource
		Zone        string            `json:"zone"`
		MachineType string            `json:"machineType"`
		Status      string            `json:"status"`
		Labels      map[string]string `json:"labels"`
	}
	// scopeObject is a zone in a list over all of them; one of its lists is there, or
	// the warning.
	scopeObject struct {
		Instances             []instanceObject `json:"instances,omitempty"`
		InstanceGroupManagers []managerObject  `json:"instanceGroupManagers,omitempty"`
		Warning               *warningObject   `json:"warning,omitempty"`
	}
	warningObject struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	aggregatedList struct {
		Kind          string                  `json:"kind"`
		ID            string                  `json:"id"`
		Items         map[string]*scopeObject `json:"items"`
		NextPageToken string                  `json:"nextPageToken,omitempty"`
		SelfLink      string                  `json:"selfLink"`
		Unreachables  []string                `json:"unreachables,omitempty"`
	}
)

// termPattern is a part of a filter.
var termPattern = regexp.MustCompile(`^\(?(name|status|labels\.[a-z0-9_-]+)\s*(=|!=|:)\s*"?([^"()\s]*)"?\)?$`)

// filterOf reads a filter: terms that all must hold. A "*" at the end of the value of
// a ":" stands for anything.
func filterOf(text string) (func(name, status string, labels map[string]string) bool, *apiError) {
	var terms [][]string
	for term := range strings.SplitSeq(text, " AND ") {
		m := termPattern.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil && text != "" {
			return nil, notSimulated("the filter %q", text)
		}
		terms = append(terms, m)
	}
	return func(name, status string, labels map[string]string) bool {
		return text == "" || !slices.ContainsFunc(terms, func(m []string) bool {
			value, there := map[string]string{"name": name, "status": status}[m[1]], true
			if key, ok := strings.CutPrefix(m[1], "labels."); ok {
				value, there = labels[key]
			}
			switch {
			case m[2] == "!=":
				return value == m[3]
			case m[2] == ":" && strings.HasSuffix(m[3], "*"):
				return !there || !strings.HasPrefix(value, strings.TrimSuffix(m[3], "*"))
			}
			return !there || value != m[3]
		})
	}, nil
}

// scoped is something in a zone, with what a filter may ask of it.
type scoped struct {
	zone, name, status string
	labels             map[string]string
	put                func(*scopeObject)
}

// The methods that list over all zones.
const (
	listOfManagers  = "instanceGroupManagers.aggregatedList"
	listOfInstances = "instances.aggregatedList"
)

// everyGroup calls do for each instance group, cluster by cluster.
func (s *Server) everyGroup(now time.Time, do func(m managed, zone, name string)) {
	for _, l := range s.locations {
		for shown := range l.world.All(now) {
			rec := l.byUID[shown.Attr[attrUID]]
			if rec.live.State == profile.Gone {
				continue
			}
			for _, g := range rec.live.Groups {
				known := rec.pools[g.Name]
				for i, zone := range known.zones {
					for _, hashes := range [][]string{known.hashes, known.green} {
						if hashes == nil {
							continue
						}
						name := known.groupName(rec, hashes[i])
						if m, ok := s.group(zone, name, now); ok {
							do(m, zone, name)
						}
					}
				}
			}
		}
	}
}

func (s *Server) aggregateManagers(in computeCallInfo) (any, *apiError) {
	return s.aggregate(in, "instanceGroupManager", s.managersEverywhere)
}

// managersEverywhere are all instance groups with their sizes.
func (s *Server) managersEverywhere(now time.Time) []scoped {
	var all []scoped
	s.everyGroup(now, func(m managed, zone, name string) {
		all = append(all, scoped{zone: zone, name: name, put: func(o *scopeObject) {
			o.InstanceGroupManagers = append(o.InstanceGroupManagers, s.managerObject(m, "zones/"+zone+"/instanceGroupManagers/"+name, now))
		}})
	})
	return all
}

func (s *Server) aggregateInstances(in computeCallInfo) (any, *apiError) {
	return s.aggregate(in, "instance", s.instancesEverywhere)
}

// instancesEverywhere are all instances that there are already.
func (s *Server) instancesEverywhere(now time.Time) []scoped {
	var all []scoped
	s.everyGroup(now, func(m managed, zone, _ string) {
		pool := m.pool.base
		labels := map[string]string{labelCluster: m.rec.name, labelLocation: m.rec.location.name, labelPool: pool.GetName(), "goog-gke-node": ""}
		for _, i := range m.instances(now) {
			if i.action == actionCreating {
				continue
			}
			all = append(all, scoped{zone, i.name, i.status(), labels, func(o *scopeObject) {
				o.Instances = append(o.Instances, instanceObject{
					resource: s.resource("instance", "zones/"+zone+"/instances/"+i.name, i.name), Zone: s.computeLink("zones/" + zone),
					MachineType: s.computeLink("zones/" + zone + "/machineTypes/" + pool.GetConfig().GetMachineType()),
					Status:      i.status(), Labels: labels,
				})
			}})
		}
	})
	return all
}

// aggregate is a page of a list over all zones. A zone that cannot be reached is left
// out and named, if the caller takes a part for success.
func (s *Server) aggregate(in computeCallInfo, kind string, everywhere func(time.Time) []scoped) (any, *apiError) {
	match, e := filterOf(in.query.Get("filter"))
	if e != nil {
		return nil, e
	}
	all, held := s.heldLists[in.Entry.Op]
	if !held {
		all = everywhere(in.Now)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(x scoped) bool { return !match(x.name, x.status, x.labels) })
	slices.SortStableFunc(all, func(a, b scoped) int { return strings.Compare(a.zone, b.zone) })
	path := "aggregated/" + kind + "s"
	out := aggregatedList{Kind: "compute#" + kind + "AggregatedList", ID: "projects/" + s.project + "/" + path,
		Items: map[string]*scopeObject{}, SelfLink: s.computeLink(path)}
	for _, zone := range s.zones() {
		o := &scopeObject{Warning: &warningObject{"NO_RESULTS_ON_PAGE", "There are no results for scope 'zones/" + zone + "' on this page."}}
		out.Items["zones/"+zone] = o
		if !slices.Contains(s.options.MissingZones, zone) && s.lostZones[zone] == 0 {
			continue
		}
		if in.query.Get("returnPartialSuccess") != "true" {
			return nil, fail(codes.Unavailable, "The zone '%s' cannot be reached.", zone)
		}
		o.Warning = &warningObject{"UNREACHABLE", "The zone cannot be reached."}
		out.Unreachables = append(out.Unreachables, "projects/"+s.project+"/zones/"+zone)
		all = slices.DeleteFunc(all, func(x scoped) bool { return x.zone == zone })
	}
	items, next, e := slice(s, in, all)
	if e != nil {
		return nil, e
	}
	out.NextPageToken = next
	for _, x := range items {
		o := out.Items["zones/"+x.zone]
		o.Warning = nil
		x.put(o)
	}
	return out, nil
}
