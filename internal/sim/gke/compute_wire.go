// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"fmt"
	"hash/fnv"
	"strconv"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
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
	link := s.computeLink(path)
	return resource{Kind: "compute#" + kind, ID: number(link), Name: name, SelfLink: link, CreationTimestamp: "2026-01-01T00:00:00.000-08:00"}
}

// pageOf is a page of a list.
func pageOf[T any](s *Server, in computeCallInfo, kind, path string, all []T) (any, *apiError) {
	items, next, e := slice(s, in, all)
	if e != nil {
		return nil, e
	}
	return list[T]{Kind: "compute#" + kind, ID: "projects/" + s.project + "/" + path, Items: items, NextPageToken: next, SelfLink: s.computeLink(path)}, nil
}

// instances returns the names of the instances of a group, and how many of them
// are to go. A pool's nodes are dealt to its zones in turn.
func (m managed) instances() (names []string, leaving int) {
	g, ok := m.rec.live.GroupByName(m.name)
	if !ok {
		return nil, 0
	}
	for i, node := range g.Nodes {
		if i%len(m.pool.zones) != m.zone {
			continue
		}
		names = append(names, m.instanceName(node))
		if i >= g.Desired || g.State == profile.Deleting || m.rec.live.State == profile.Deleting {
			leaving++
		}
	}
	return names, leaving
}

// instanceName is the whole name of what the core knows by its end; those of
// ready-made pools are whole already.
func (m managed) instanceName(node pmks.IID) string {
	if len(node.SystemId) > 4 {
		return node.SystemId
	}
	return m.pool.instanceBase(m.rec, m.zone) + "-" + node.SystemId
}

// target is the size that a group is to have.
func (m managed) target() int {
	g, ok := m.rec.live.GroupByName(m.name)
	if !ok || g.State == profile.Deleting || m.rec.live.State == profile.Deleting {
		return 0
	}
	// Those of the first zones get what is left over.
	return (g.Desired + len(m.pool.zones) - 1 - m.zone) / len(m.pool.zones)
}

func (s *Server) getManager(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroupManagers")
	if e != nil {
		return nil, e
	}
	names, leaving := m.instances()
	out := managerObject{
		resource:         s.resource("instanceGroupManager", path, in.labels["group"]),
		Zone:             s.computeLink("zones/" + in.labels["zone"]),
		BaseInstanceName: m.pool.instanceBase(m.rec, m.zone), InstanceTemplate: s.template(m),
		InstanceGroup: s.computeLink("zones/" + in.labels["zone"] + "/instanceGroups/" + in.labels["group"]),
		TargetSize:    m.target(), ListManagedInstancesResults: "PAGELESS",
	}
	if s.options.PagedGroups {
		out.ListManagedInstancesResults = "PAGINATED"
	}
	out.CurrentActions.Deleting, out.CurrentActions.None = leaving, len(names)-leaving
	out.CurrentActions.Creating = max(0, out.TargetSize-len(names))
	out.Status.IsStable = leaving == 0 && out.CurrentActions.Creating == 0
	return out, nil
}

// managed finds the instance group that a call is about.
func (s *Server) managed(in computeCallInfo, kind string) (managed, string, *apiError) {
	zone, name := in.labels["zone"], in.labels["group"]
	path := "zones/" + zone + "/" + kind + "/" + name
	m, ok := s.group(zone, name)
	if !ok {
		return managed{}, path, s.noResource(path)
	}
	return m, path, nil
}

func (s *Server) template(m managed) string {
	return s.computeLink("global/instanceTemplates/" + m.pool.instanceBase(m.rec, m.zone))
}

func (s *Server) listManagedInstances(in computeCallInfo) (any, *apiError) {
	m, _, e := s.managed(in, "instanceGroupManagers")
	if e != nil {
		return nil, e
	}
	names, leaving := m.instances()
	var all []managedInstance
	for i, name := range names {
		link := s.computeLink("zones/" + in.labels["zone"] + "/instances/" + name)
		item := managedInstance{CurrentAction: "NONE", ID: number(link), Instance: link, InstanceStatus: "RUNNING", Name: name,
			Version: &versionObject{s.template(m)}}
		if i >= len(names)-leaving {
			item.CurrentAction, item.InstanceStatus = "DELETING", "STOPPING"
		}
		all = append(all, item)
	}
	if !s.options.PagedGroups {
		return managedInstances{ManagedInstances: all}, nil
	}
	items, next, e := slice(s, in, all)
	return managedInstances{items, next}, e
}

func (s *Server) getGroup(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroups")
	if e != nil {
		return nil, e
	}
	names, _ := m.instances()
	return groupObject{
		resource: s.resource("instanceGroup", path, in.labels["group"]), Zone: s.computeLink("zones/" + in.labels["zone"]),
		Network: s.computeLink("global/networks/" + m.rec.base.GetNetwork()), Size: len(names),
	}, nil
}

func (s *Server) listInstances(in computeCallInfo) (any, *apiError) {
	m, path, e := s.managed(in, "instanceGroups")
	if e != nil {
		return nil, e
	}
	names, _ := m.instances()
	var all []groupInstance
	for _, name := range names {
		all = append(all, groupInstance{s.computeLink("zones/" + in.labels["zone"] + "/instances/" + name), "RUNNING"})
	}
	return pageOf(s, in, "instanceGroupsListInstances", path+"/listInstances", all)
}
