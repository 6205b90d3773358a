// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// The nodes of a whole fleet come from two lists of Compute Engine over all zones:
// instances.aggregatedList, of the VMs, and instanceGroupManagers.aggregatedList, of how
// many each group is to have. They may lag, and leave out zones, so a group is taken from
// them only where a count proves it: it is at rest, and has as many VMs as it is to have.
// Any other is read by itself, as a read of one cluster reads all of its groups.

const (
	// listsFrom is from how many groups on a listing asks the lists: up to there it reads
	// all groups at once, in one step, for a few calls more.
	listsFrom = 7
	// mostRepairs is how many groups are read singly beside the lists: what Compute Engine
	// takes at once.
	mostRepairs = 100
	// notAgain is for how long lists are not asked that were denied, or of no use.
	notAgain = 10 * time.Minute
	// listsPage is the largest page.
	listsPage = "500"
)

// The labels that GKE puts on the VMs of its pools ("View cost breakdown with GKE labels"
// and Cloud Billing's list of labels of the system, read November 2026).
const (
	vmCluster  = googlePrefix + "k8s-cluster-name"
	vmLocation = googlePrefix + "k8s-cluster-location"
)

type (
	// everywhereAnswer is a page of a list over all zones.
	everywhereAnswer struct {
		Items         map[string]scopeObject `json:"items"` // by "zones/" and the zone
		NextPageToken string                 `json:"nextPageToken"`
		Unreachables  []string               `json:"unreachables"`
	}
	scopeObject struct {
		Instances []vmObject      `json:"instances"`
		Managers  []managerObject `json:"instanceGroupManagers"`
		Warning   struct {
			Code string `json:"code"`
		} `json:"warning"`
	}
	vmObject struct {
		Name   string   `json:"name"`
		Status string   `json:"status"`
		Labels vmLabels `json:"labels"`
	}
	// vmLabels say to which pool a VM belongs: names repeat over locations.
	vmLabels struct {
		Cluster  string `json:"goog-k8s-cluster-name"`
		Location string `json:"goog-k8s-cluster-location"`
		Pool     string `json:"goog-k8s-node-pool-name"`
	}
)

// everywhere makes a page of a list over all zones. The list leaves out, and names, what
// it cannot reach, where it would fail else.
func (e engine) everywhere(ctx context.Context, project, kind, members, filter, pageToken string) (*everywhereAnswer, error) {
	query := url.Values{"maxResults": {listsPage}, "returnPartialSuccess": {"true"},
		"fields": {"nextPageToken,unreachables,items/*(warning/code," + kind + "(" + members + "))"}}
	for key, value := range map[string]string{"filter": filter, "pageToken": pageToken} {
		if value != "" {
			query.Set(key, value)
		}
	}
	return ask[everywhereAnswer](ctx, e, http.MethodGet, []string{project, "aggregated", kind}, query)
}

// place is where VMs of one instance group are.
type place struct {
	vmLabels
	zone string
}

// everywhere is what both lists show.
type everywhere struct {
	managers map[instanceGroup]managerObject // without the project
	vms      map[place][]vmObject
	// away are the zones of which the lists do not know all.
	away map[string]bool
}

// readEverywhere reads both lists side by side, in no more than so many pages each: more
// are not worth it.
func (h *Handler) readEverywhere(ctx context.Context, filter string, pages int) (everywhere, error) {
	found := everywhere{managers: map[instanceGroup]managerObject{}, vms: map[place][]vmObject{}, away: map[string]bool{}}
	var mu sync.Mutex
	var vmsErr, managersErr error
	err := fanout.All(ctx, func(ctx context.Context) error {
		seen := map[string]bool{}
		vmsErr = h.readPages(ctx, "instances", "name,status,labels", filter, pages, func(page *everywhereAnswer) {
			mu.Lock()
			defer mu.Unlock()
			found.missing(page)
			for scope, o := range page.Items {
				zone := strings.TrimPrefix(scope, "zones/")
				for _, vm := range o.Instances {
					if at := zone + "/" + vm.Name; !seen[at] { // a page may begin with what has moved
						seen[at] = true
						in := place{vm.Labels, zone}
						found.vms[in] = append(found.vms[in], vm)
					}
				}
			}
		})
		return nil
	}, func(ctx context.Context) error {
		managersErr = h.readPages(ctx, "instanceGroupManagers", "name,baseInstanceName,targetSize,status/isStable", "", pages, func(page *everywhereAnswer) {
			mu.Lock()
			defer mu.Unlock()
			found.missing(page)
			for scope, o := range page.Items {
				zone := strings.TrimPrefix(scope, "zones/")
				for _, m := range o.Managers {
					found.managers[instanceGroup{zone: zone, name: m.Name}] = m
				}
			}
		})
		return nil
	})
	return found, errs.Join(err, vmsErr, managersErr)
}

// missing notes the zones that a page does not know all of.
func (l *everywhere) missing(page *everywhereAnswer) {
	for _, path := range page.Unreachables {
		l.away[path[strings.LastIndexByte(path, '/')+1:]] = true
	}
	for scope, o := range page.Items {
		// The only warning that says nothing is that a scope is on another page, or empty.
		if o.Warning.Code != "" && o.Warning.Code != "NO_RESULTS_ON_PAGE" {
			l.away[strings.TrimPrefix(scope, "zones/")] = true
		}
	}
}

// readPages reads the pages of one list.
func (h *Handler) readPages(ctx context.Context, kind, members, filter string, most int, take func(*everywhereAnswer)) error {
	token, seen := "", map[string]bool{}
	for n := 0; ; n++ {
		if n == most {
			return &pmks.Error{Code: pmks.CodeUnsupported, Message: "the list has too many pages"}
		}
		page, err := readCompute(ctx, h, bucketLists, func(ctx context.Context) (*everywhereAnswer, error) {
			page, err := h.api.compute.everywhere(ctx, h.cfg.ProjectID, kind, members, filter, token)
			if err == nil && page == nil {
				err = errs.LostAnswer("Compute Engine", "list of "+kind)
			}
			return page, err
		})
		if err != nil {
			return err
		}
		take(page)
		if token = page.NextPageToken; token == "" {
			return nil
		}
		if seen[token] {
			return &pmks.Error{Code: pmks.CodeInternal, Message: "Compute Engine gave a page token a second time: its list has no end"}
		}
		seen[token] = true
	}
}

// answer answers the read of a group, if the lists prove it.
func (l *everywhere) answer(g *groupRead) bool {
	if g.target || !g.rest || g.err != nil || l.away[g.at.zone] {
		return false
	}
	m, ok := l.managers[instanceGroup{zone: g.at.zone, name: g.at.name}]
	if !ok || !m.Status.IsStable || m.BaseInstanceName == "" {
		return false
	}
	vms := l.vms[place{vmLabels{g.of.name, g.of.location, g.pool}, g.at.zone}]
	var nodes []pmks.IID
	if len(vms) > 0 {
		nodes = make([]pmks.IID, 0, len(vms))
	}
	for _, vm := range vms {
		switch {
		case !strings.HasPrefix(vm.Name, m.BaseInstanceName+"-"):
			// It has the labels of another's VM, of which it may be a copy.
		case vm.Status != "RUNNING":
			return false
		default:
			nodes = append(nodes, poolIID(vm.Name))
		}
	}
	if len(nodes) != m.TargetSize {
		return false
	}
	g.nodes, g.size = nodes, len(nodes)
	return true
}

// fromLists answers what the lists prove of the groups, and returns those that are to be
// read singly. What would be too many is told as Throttled. believe is false where the
// lists know less than half of what they should: then all others are read.
func (l *everywhere) fromLists(reads []*groupRead) (left []*groupRead, believe bool) {
	should, proven := 0, 0
	for _, g := range reads {
		known := l.answer(g)
		if g.rest && !g.target && !l.away[g.at.zone] {
			should++
		}
		if known {
			proven++
			continue
		}
		left = append(left, g)
	}
	if 2*proven < should {
		return left, false
	}
	groups := map[string]bool{}
	return slices.DeleteFunc(left, func(g *groupRead) bool {
		if len(groups) == mostRepairs && !groups[g.url] {
			g.err = &pmks.Error{Code: pmks.CodeThrottled, Message: "more groups differ from the list of instances than may be read at once"}
			return true
		}
		groups[g.url] = true
		return false
	}), true
}

// worth remembers what the last listing of a handler was like: whether the lists are worth
// their price, and what to ask them for. It holds no answers.
type worth struct {
	mu     sync.Mutex
	groups int
	filter string
	until  time.Time // no lists before
}

// expected is what the next listing may begin with, beside the list of clusters; no pages
// where it should rather look first.
func (w *worth) expected() (filter string, pages int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.groups < listsFrom || time.Now().Before(w.until) {
		return "", 0
	}
	return w.filter, w.groups
}

// found notes what clusters there are, and says what to ask the lists for; no pages where
// they would save nothing.
func (w *worth) found(clusters []*containerpb.Cluster, of func(*containerpb.Cluster) ref) (filter string, pages int) {
	groups := 0
	locations := map[string]bool{}
	for _, c := range clusters {
		if c.GetAutopilot().GetEnabled() {
			continue
		}
		locations[of(c).location] = true
		for _, p := range c.GetNodePools() {
			groups += len(p.GetInstanceGroupUrls())
		}
	}
	// Of other VMs of the project nothing is sent, and of other clusters of GKE nothing
	// where one location has all of these.
	filter = "labels." + vmCluster + ":*"
	if len(locations) == 1 {
		for location := range locations {
			filter += " AND labels." + vmLocation + "=" + location
		}
	}
	w.mu.Lock()
	w.groups, w.filter = groups, filter
	w.mu.Unlock()
	return w.expected()
}

// useless keeps the next listings from asking.
func (w *worth) useless() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = time.Now().Add(notAgain)
}
