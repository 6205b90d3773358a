// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"
)

// resource is what every resource of Compute Engine has; numbers of 64 bits are
// texts.
type resource struct {
	Kind              string `json:"kind"`
	ID                string `json:"id"`
	Name              string `json:"name"`
	SelfLink          string `json:"selfLink"`
	CreationTimestamp string `json:"creationTimestamp,omitempty"`
}

// list is a page of resources.
type list[T any] struct {
	Kind          string `json:"kind"`
	ID            string `json:"id"`
	Items         []T    `json:"items,omitempty"`
	NextPageToken string `json:"nextPageToken,omitempty"`
	SelfLink      string `json:"selfLink"`
}

type (
	projectObject struct {
		resource
		DefaultServiceAccount string `json:"defaultServiceAccount"`
	}
	networkObject struct {
		resource
		AutoCreateSubnetworks bool     `json:"autoCreateSubnetworks"`
		Subnetworks           []string `json:"subnetworks,omitempty"`
	}
	rangeObject struct {
		RangeName   string `json:"rangeName"`
		IPCidrRange string `json:"ipCidrRange"`
	}
	subnetworkObject struct {
		resource
		Network           string        `json:"network"`
		IPCidrRange       string        `json:"ipCidrRange"`
		Region            string        `json:"region"`
		Purpose           string        `json:"purpose"`
		StackType         string        `json:"stackType"`
		SecondaryIPRanges []rangeObject `json:"secondaryIpRanges,omitempty"`
	}
	zoneObject struct {
		resource
		Region string `json:"region"`
		Status string `json:"status"`
	}
	regionObject struct {
		resource
		Zones  []string `json:"zones"`
		Status string   `json:"status"`
	}
	machineTypeObject struct {
		resource
		GuestCPUs int    `json:"guestCpus"`
		MemoryMB  int    `json:"memoryMb"`
		Zone      string `json:"zone"`
	}
	diskTypeObject struct {
		resource
		Zone string `json:"zone"`
	}
	managerObject struct {
		resource
		Zone                        string        `json:"zone"`
		BaseInstanceName            string        `json:"baseInstanceName"`
		InstanceGroup               string        `json:"instanceGroup"`
		InstanceTemplate            string        `json:"instanceTemplate"`
		TargetSize                  int           `json:"targetSize"`
		ListManagedInstancesResults string        `json:"listManagedInstancesResults"`
		CurrentActions              actionsObject `json:"currentActions"`
		Status                      statusObject  `json:"status"`
	}
	actionsObject struct {
		Abandoning int `json:"abandoning"`
		Creating   int `json:"creating"`
		Deleting   int `json:"deleting"`
		None       int `json:"none"`
		Recreating int `json:"recreating"`
		Refreshing int `json:"refreshing"`
		Restarting int `json:"restarting"`
	}
	statusObject struct {
		IsStable bool `json:"isStable"`
	}
	groupObject struct {
		resource
		Zone    string `json:"zone"`
		Network string `json:"network"`
		Size    int    `json:"size"`
	}
	managedInstance struct {
		CurrentAction  string         `json:"currentAction"`
		ID             string         `json:"id"`
		Instance       string         `json:"instance"`
		InstanceStatus string         `json:"instanceStatus"`
		Name           string         `json:"name"`
		Version        *versionObject `json:"version,omitempty"`
	}
	versionObject struct {
		InstanceTemplate string `json:"instanceTemplate"`
	}
	managedInstances struct {
		ManagedInstances []managedInstance `json:"managedInstances,omitempty"`
		NextPageToken    string            `json:"nextPageToken,omitempty"`
	}
	groupInstance struct {
		Instance string `json:"instance"`
		Status   string `json:"status"`
	}
)

// number is a made-up id that is the same for the same link.
func number(link string) string {
	sum := fnv.New64a()
	fmt.Fprint(sum, link)
	return strconv.FormatUint(sum.Sum64()>>1, 10)
}

// resource describes something at a path of the project.
func (s *Server) resource(kind, path, name string) resource {
	return s.resourceOf("", kind, path, name)
}

// resourceOf is resource for a host project; empty means this one.
func (s *Server) resourceOf(project, kind, path, name string) resource {
	link := s.linkIn(project, path)
	return resource{Kind: "compute#" + kind, ID: number(link), Name: name, SelfLink: link, CreationTimestamp: "2026-01-01T00:00:00.000-08:00"}
}

// pageOf is a page of a list.
func pageOf[T any](s *Server, in computeCallInfo, kind, path string, all []T) (any, *apiError) {
	items, next, e := slice(s, in, all)
	if e != nil {
		return nil, e
	}
	return list[T]{Kind: "compute#" + kind, ID: "projects/" + cmp.Or(in.host, s.project) + "/" + path, Items: items, NextPageToken: next, SelfLink: s.linkIn(in.host, path)}, nil
}

func (s *Server) getManager(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroupManagers")
	if e != nil {
		return nil, e
	}
	return s.managerObject(m, path, in.Now), nil
}

func (s *Server) managerObject(m managed, path string, now time.Time) managerObject {
	zone, name := m.pool.zones[m.zone], m.base+"-grp"
	out := managerObject{
		resource: s.resource("instanceGroupManager", path, name), Zone: s.computeLink("zones/" + zone),
		BaseInstanceName: m.base, InstanceTemplate: s.template(m), InstanceGroup: s.computeLink("zones/" + zone + "/instanceGroups/" + name),
		TargetSize: m.target(), ListManagedInstancesResults: "PAGELESS",
	}
	if s.options.PagedGroups {
		out.ListManagedInstancesResults = "PAGINATED"
	}
	list := m.instances(now)
	for _, i := range list {
		switch i.action {
		case actionCreating:
			out.CurrentActions.Creating++
		case actionDeleting:
			out.CurrentActions.Deleting++
		default:
			out.CurrentActions.None++
		}
	}
	out.CurrentActions.Creating += max(0, out.TargetSize-len(list))
	out.Status.IsStable = out.CurrentActions.Deleting == 0 && out.CurrentActions.Creating == 0
	return out
}

// managed finds the instance group that a call is about.
func (s *Server) managed(in computeCallInfo, kind string) (managed, string, *apiError) {
	zone, name := in.labels["zone"], in.labels["group"]
	path := "zones/" + zone + "/" + kind + "/" + name
	m, ok := s.group(zone, name, in.Now)
	switch {
	case ok:
		return m, path, nil
	case realZone(zone) && !slices.Contains(s.zones(), zone):
		return managed{}, path, noLocation(zone)
	}
	return managed{}, path, s.noResource(path)
}

// managerLink is the URL of an instance group as node pools have it.
func (s *Server) managerLink(zone, name string) string {
	return s.computeLink("zones/" + zone + "/instanceGroupManagers/" + name)
}

func (s *Server) template(m managed) string {
	return s.computeLink("global/instanceTemplates/" + m.base)
}

func (s *Server) listManagedInstances(in computeCallInfo) (any, *apiError) {
	m, _, e := s.managed(in, "instanceGroupManagers")
	if e != nil {
		return nil, e
	}
	var all []managedInstance
	for _, i := range m.instances(in.Now) {
		link := s.computeLink("zones/" + in.labels["zone"] + "/instances/" + i.name)
		item := managedInstance{CurrentAction: i.action, ID: number(link), Instance: link, InstanceStatus: i.status(), Name: i.name,
			Version: &versionObject{s.template(m)}}
		all = append(all, item)
	}
	if !s.options.PagedGroups {
		return managedInstances{ManagedInstances: all}, nil
	}
	items, next, e := slice(s, in, all)
	return managedInstances{items, next}, e
}

// status is that of the VM itself.
func (i instance) status() string {
	switch i.action {
	case actionCreating:
		return "STAGING"
	case actionDeleting:
		return "STOPPING"
	}
	return "RUNNING"
}

func (s *Server) getGroup(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroups")
	if e != nil {
		return nil, e
	}
	return groupObject{
		resource: s.resource("instanceGroup", path, in.labels["group"]), Zone: s.computeLink("zones/" + in.labels["zone"]),
		Network: s.computeLink("global/networks/" + m.rec.base.GetNetwork()), Size: len(m.instances(in.Now)),
	}, nil
}

func (s *Server) listInstances(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroups")
	if e != nil {
		return nil, e
	}
	var all []groupInstance
	for _, i := range m.instances(in.Now) {
		all = append(all, groupInstance{s.computeLink("zones/" + in.labels["zone"] + "/instances/" + i.name), i.status()})
	}
	return pageOf(s, in, "instanceGroupsListInstances", path+"/listInstances", all)
}
