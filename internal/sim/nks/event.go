// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// eventRenewal is the record of a renewal of the certificates, eventACL that of a change
// of the endpoint's access list, and eventGroupCreated that of a new node group.
const (
	eventACL          = "CLUSTER_API_EP_IPACL_UPDATE"
	eventRenewal      = "CLUSTER_ROTATE_CERTIFICATE"
	eventGroupCreated = "NODEGROUP_CREATE"
)

// eventsKept is how many events of a cluster are remembered.
const eventsKept = 200

// event is the record of an operation.
type event struct {
	ID           uint64          `json:"id"`
	UUID         string          `json:"uuid"`
	ProjectID    string          `json:"project_id"`
	ClusterUUID  string          `json:"cluster_uuid"`
	ClusterName  string          `json:"cluster_name"`
	ResourceUUID string          `json:"resource_uuid"`
	ResourceName string          `json:"resource_name"`
	ResourceType string          `json:"resource_type"`
	Type         string          `json:"type"`
	State        string          `json:"state"`
	Contents     *string         `json:"contents"`
	Details      json.RawMessage `json:"details"`
	CreatedAt    string          `json:"created_at"`
	UpdatedAt    *string         `json:"updated_at"`
}

// newEvent begins a record about a cluster; about makes it one of a node group.
func (s *Server) newEvent(c *call, rec *clusterRecord, kind string, details json.RawMessage) *event {
	ev := &event{
		ID: s.Random.Next() + 3000, UUID: s.Random.UUID(), ProjectID: rec.project.id, ClusterName: rec.request.Name, ResourceName: rec.request.Name,
		ResourceType: "cluster", Type: kind, State: "IN_PROGRESS", Details: details, CreatedAt: timestamp(c.Now),
	}
	if ev.Details == nil {
		ev.Details = json.RawMessage("null")
	}
	if rec.live != nil {
		ev.ClusterUUID, ev.ResourceUUID = rec.live.ID, rec.live.ID
	}
	return ev
}

// about makes a record one of a node group.
func (ev *event) about(uuid, name string) *event {
	ev.ResourceUUID, ev.ResourceName, ev.ResourceType = uuid, name, "nodegroup"
	return ev
}

// note keeps a record once its operation is accepted.
func (rec *clusterRecord) note(ev *event) {
	if rec.events = append(rec.events, ev); len(rec.events) > eventsKept {
		rec.events = slices.Clone(rec.events[1:])
	}
}

// end writes down how the operation ended.
func (ev *event) end(r core.OperationRecord) {
	ev.State, ev.UpdatedAt = "SUCCESS", textOrNull(timestamp(r.End))
	if r.Failure != "" {
		ev.State, ev.Contents = "FAIL", textOrNull(r.Failure)
	}
}

// rawDetails is a request as its record shows it.
func rawDetails(body []byte) json.RawMessage {
	if len(strings.TrimSpace(string(body))) == 0 {
		return nil
	}
	return slices.Clone(body)
}

// eventsOf returns the cluster of a call of events, which takes no name.
func (s *Server) eventsOf(c *call) (*clusterRecord, *apiError) {
	rec, known := c.project.clusters[c.vars["cluster"]]
	if !known || rec.live.State == profile.Gone {
		return nil, noCluster(c.vars["cluster"])
	}
	return rec, nil
}

// listEvents shows the newest records first, at once and not as reads of the cluster
// lag behind.
func (s *Server) listEvents(c *call) (*answer, *apiError) {
	rec, e := s.eventsOf(c)
	if e != nil {
		return nil, e
	}
	list := slices.Clone(rec.events)
	if !s.assume.EventsOldestFirst {
		slices.Reverse(list)
	}
	return ok(map[string][]*event{"events": append([]*event{}, list...)})
}

func (s *Server) getEvent(c *call) (*answer, *apiError) {
	rec, e := s.eventsOf(c)
	if e != nil {
		return nil, e
	}
	ev, found := find(rec.events, func(ev *event) bool { return ev.UUID == c.vars["event"] })
	if !found {
		return nil, fail(http.StatusNotFound, "EventNotFound", "Event %.64s could not be found.", c.vars["event"])
	}
	return ok(ev)
}
