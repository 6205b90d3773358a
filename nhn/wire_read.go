// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"slices"
)

// walked is an object that a [walker] reads. walk returns false where there is no object,
// and reads nothing then. The tags of its members say what they are called too: a test
// holds both ways to read it against each other.
type walked interface{ walk(w *walker) bool }

// unmarshal reads an object. What is none, and not null, is an error.
func unmarshal(b []byte, o walked) error {
	w := walker{data: b}
	w.walked(o)
	return w.err
}

func (w *walker) walked(o walked) {
	if !o.walk(w) {
		w.other(new(map[string]json.RawMessage))
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (c *clusterObject) UnmarshalJSON(b []byte) error { return unmarshal(b, c) }

func (c *clusterObject) walk(w *walker) bool {
	return w.object(func(name []byte) {
		switch string(name) {
		case "uuid":
			w.string(&c.UUID)
		case "name":
			w.string(&c.Name)
		case "status":
			w.text(&c.Status)
		case "status_reason":
			w.text(&c.StatusReason)
		case "api_address":
			w.text(&c.APIAddress)
		case "project_id":
			w.text(&c.ProjectID)
		case "user_id":
			w.text(&c.UserID)
		case "keypair":
			w.text(&c.KeyPair)
		case "flavor_id":
			w.text(&c.FlavorID)
		case "fixed_network":
			w.text(&c.FixedNetwork)
		case "fixed_subnet":
			w.text(&c.FixedSubnet)
		case "node_count":
			w.text(&c.NodeCount)
		case "labels":
			w.labels(&c.Labels)
		case "created_at":
			w.text(&c.CreatedAt)
		case "updated_at":
			w.text(&c.UpdatedAt)
		case "health_status":
			w.text(&c.HealthStatus)
		case "health_status_reason":
			w.json(&c.HealthReason)
		case "faults":
			w.json(&c.Faults)
		default:
			w.raw()
		}
	})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (g *groupObject) UnmarshalJSON(b []byte) error { return unmarshal(b, g) }

func (g *groupObject) walk(w *walker) bool {
	return w.object(func(name []byte) {
		switch string(name) {
		case "uuid":
			w.string(&g.UUID)
		case "name":
			w.string(&g.Name)
		case "cluster_id":
			w.text(&g.ClusterID)
		case "role":
			w.text(&g.Role)
		case "status":
			w.text(&g.Status)
		case "status_reason":
			w.text(&g.StatusReason)
		case "flavor_id":
			w.text(&g.FlavorID)
		case "image_id":
			w.text(&g.ImageID)
		case "node_count":
			w.text(&g.NodeCount)
		case "min_node_count":
			w.text(&g.MinNodeCount)
		case "max_node_count":
			w.text(&g.MaxNodeCount)
		case "labels":
			w.labels(&g.Labels)
		case "node_addresses":
			w.strings(&g.Addresses)
		default:
			w.raw()
		}
	})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *serverObject) UnmarshalJSON(b []byte) error { return unmarshal(b, s) }

func (s *serverObject) walk(w *walker) bool {
	return w.object(func(name []byte) {
		switch string(name) {
		case "id":
			w.string(&s.ID)
		case "name":
			w.string(&s.Name)
		case "OS-EXT-AZ:availability_zone":
			w.string(&s.Zone)
		case "status":
			w.string(&s.Status)
		case "addresses":
			s.Addresses = nil
			if !w.object(func(vpc []byte) { s.addresses(w, string(vpc)) }) {
				w.other(new(map[string]json.RawMessage))
			}
		default:
			w.raw()
		}
	})
}

// addresses reads the addresses of a server in a VPC.
func (s *serverObject) addresses(w *walker, vpc string) {
	if !w.array(func() {
		a := serverAddress{vpc: vpc}
		w.walked(&a)
		s.Addresses = append(s.Addresses, a)
	}) {
		w.other(new([]json.RawMessage))
	}
}

func (a *serverAddress) walk(w *walker) bool {
	return w.object(func(name []byte) {
		switch string(name) {
		case "addr":
			w.string(&a.address)
		case "OS-EXT-IPS:type":
			w.string(&a.kind)
		default:
			w.raw()
		}
	})
}

// mostItems are those of the largest page, for which there is room before they are read.
const mostItems = 1000

// pageOf is one page of a list, of which the next one's is told beside it.
type pageOf[T any] struct {
	key         string // how the list is called
	items       []T
	isList      bool
	err         error // of the items
	next, links json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *pageOf[T]) UnmarshalJSON(b []byte) error {
	*p = pageOf[T]{key: p.key}
	return unmarshal(b, p)
}

func (p *pageOf[T]) walk(w *walker) bool {
	links := p.key + "_links"
	return w.object(func(name []byte) {
		switch string(name) {
		case p.key:
			p.list(w)
		case links:
			w.json(&p.links)
		case "next":
			w.json(&p.next)
		default:
			w.raw()
		}
	})
}

// list reads the items. That one is not what it should be is told beside the page.
func (p *pageOf[T]) list(w *walker) {
	p.items = nil
	before := w.err
	w.err = nil
	p.isList = w.array(func() {
		start := w.at
		p.items = append(p.items, *new(T))
		item := &p.items[len(p.items)-1]
		if o, ok := any(item).(walked); ok {
			w.walked(o)
		} else {
			w.other(item)
		}
		if length := w.at - start; len(p.items) == 1 && length > 0 {
			// The others are about as long: there is room for them at once.
			p.items = slices.Grow(p.items, min((len(w.data)-w.at)/length+1, mostItems))
		}
	})
	if !p.isList {
		w.raw()
	}
	p.err, w.err = w.err, before
}
