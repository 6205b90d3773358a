// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The bodies of network and image.
type (
	networkObject struct {
		ID           string   `json:"id"`
		Name         string   `json:"name"`
		Status       string   `json:"status"`
		Subnets      []string `json:"subnets"`
		TenantID     string   `json:"tenant_id"`
		External     bool     `json:"router:external"`
		AdminStateUp bool     `json:"admin_state_up"`
		Shared       bool     `json:"shared"`
		MTU          int      `json:"mtu"`
		PortSecurity bool     `json:"port_security_enabled"`
	}
	vpcBrief struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		CIDR   string `json:"cidrv4"`
		State  string `json:"state"`
		Shared bool   `json:"shared"`
	}
	vpcObject struct {
		vpcBrief
		TenantID      string               `json:"tenant_id"`
		External      bool                 `json:"router:external"`
		CreateTime    string               `json:"create_time"`
		Subnets       []subnetObject       `json:"subnets,omitempty"`
		RoutingTables []routingTableObject `json:"routingtables,omitempty"`
	}
	subnetObject struct {
		ID           string              `json:"id"`
		Name         string              `json:"name"`
		CIDR         string              `json:"cidr"`
		VPCID        string              `json:"vpc_id"`
		VPC          vpcBrief            `json:"vpc"`
		Gateway      string              `json:"gateway"`
		RoutingTable *routingTableObject `json:"routingtable,omitempty"`
		Routes       []string            `json:"routes"`
		Available    int                 `json:"available_ip_count"`
		DHCP         bool                `json:"enable_dhcp"`
		External     bool                `json:"router:external"`
		TenantID     string              `json:"tenant_id"`
		State        string              `json:"state"`
		CreateTime   string              `json:"create_time"`
		Shared       bool                `json:"shared"`
	}
	routingTableObject struct {
		ID        string  `json:"id"`
		Name      string  `json:"name"`
		GatewayID *string `json:"gateway_id"`
		Default   bool    `json:"default_table"`
		Explicit  bool    `json:"explicit"`
	}
	groupSecurityObject struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		TenantID    string   `json:"tenant_id"`
		Description string   `json:"description"`
		Rules       []string `json:"security_group_rules"`
	}
	imageObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Status     string `json:"status"`
		Visibility string `json:"visibility"`
		MinDisk    int    `json:"min_disk"`
		MinRAM     int    `json:"min_ram"`
		Distro     string `json:"os_distro"`
		OSVersion  string `json:"os_version"`
		OSType     string `json:"os_type"`
		CreatedAt  string `json:"created_at"`
		UpdatedAt  string `json:"updated_at"`
		Product    string `json:"nhncloud_product,omitempty"`
		CPU        string `json:"nhncloud_allow_nks_cpu_flavor,omitempty"`
		GPU        string `json:"nhncloud_allow_nks_gpu_flavor,omitempty"`
	}
	imageList struct {
		Images []imageObject `json:"images"`
		First  string        `json:"first"`
		Next   string        `json:"next,omitempty"`
		Schema string        `json:"schema"`
	}
)

// publicTenant owns what is NHN's, and creation is when networks were made.
const (
	publicTenant = "e873d250f2ca40b78e2c12cfbaaeb740"
	creation     = "2023-01-17 05:14:52"
)

// kept applies the filters of a list: members by their name, which must be texts or
// truth values of the objects. sort and paging are not among them.
func kept[T any](c *call, all []T, members func(T) map[string]string) ([]T, *apiError) {
	out := []T{}
	for _, x := range all {
		have, keep := members(x), true
		for _, key := range sortedKeys(c.query) {
			value, known := have[key]
			if !known {
				return nil, notSimulated("the query parameter %.64q of %s", key, c.op)
			}
			keep = keep && strings.EqualFold(value, c.query.Get(key))
		}
		if keep {
			out = append(out, x)
		}
	}
	return out, nil
}

func (s *Server) vpcObject(c *call, v VPC) vpcObject {
	o := vpcObject{vpcBrief: vpcBrief{v.ID, v.Name, v.CIDR, "available", v.External}, TenantID: c.project.id, External: v.External, CreateTime: creation}
	if v.External {
		o.TenantID = publicTenant
	}
	return o
}

func (s *Server) subnetObject(c *call, sub Subnet) subnetObject {
	vpc, _ := c.project.resources.vpc(sub.VPC)
	o := s.vpcObject(c, vpc)
	out := subnetObject{
		ID: sub.ID, Name: sub.Name, CIDR: sub.CIDR, VPCID: vpc.ID, VPC: o.vpcBrief, Gateway: sub.prefix().Addr().Next().String(), Routes: []string{},
		Available: 1<<(32-sub.prefix().Bits()) - 5, DHCP: true, External: vpc.External, TenantID: o.TenantID, State: "available", CreateTime: creation, Shared: vpc.External,
	}
	if !vpc.External {
		// One table for those with a gateway, and one for those without.
		out.RoutingTable = &routingTableObject{ID: sub.VPC[:len(sub.VPC)-1] + "1", Name: "rt-internet", GatewayID: textOrNull(sub.Gateway), Default: true}
		if sub.Gateway == "" {
			out.RoutingTable = &routingTableObject{ID: sub.VPC[:len(sub.VPC)-1] + "2", Name: "rt-isolated", Explicit: true}
		}
	}
	return out
}

// subnetsIn lists the subnets of a VPC.
func (s *Server) subnetsIn(c *call, vpc string) []subnetObject {
	out := []subnetObject{}
	for _, sub := range c.project.resources.Subnets {
		if vpc == "" || sub.VPC == vpc {
			out = append(out, s.subnetObject(c, sub))
		}
	}
	return out
}

// listNetworks is Neutron's own list, in which VPCs are networks.
func (s *Server) listNetworks(c *call) (*answer, *apiError) {
	var all []networkObject
	for _, v := range c.project.resources.VPCs {
		vpc := s.vpcObject(c, v)
		o := networkObject{ID: v.ID, Name: v.Name, Status: "ACTIVE", Subnets: []string{}, TenantID: vpc.TenantID, External: v.External, AdminStateUp: true, Shared: v.External, MTU: 1450, PortSecurity: true}
		for _, sub := range s.subnetsIn(c, v.ID) {
			o.Subnets = append(o.Subnets, sub.ID)
		}
		all = append(all, o)
	}
	list, e := kept(c, all, func(o networkObject) map[string]string {
		return map[string]string{"id": o.ID, "name": o.Name, "status": o.Status, "tenant_id": o.TenantID, "router:external": truthText(o.External), "shared": truthText(o.Shared)}
	})
	if e != nil {
		return nil, e
	}
	return ok(map[string][]networkObject{"networks": list})
}

func (s *Server) listVPCs(c *call) (*answer, *apiError) {
	list, e := kept(c, c.project.resources.VPCs, func(v VPC) map[string]string {
		o := s.vpcObject(c, v)
		return map[string]string{"id": v.ID, "name": v.Name, "tenant_id": o.TenantID, "router:external": truthText(v.External), "shared": truthText(v.External)}
	})
	if e != nil {
		return nil, e
	}
	out := []vpcObject{}
	for _, v := range list {
		out = append(out, s.vpcObject(c, v))
	}
	return ok(map[string][]vpcObject{"vpcs": out})
}

func (s *Server) getVPC(c *call) (*answer, *apiError) {
	v, found := c.project.resources.vpc(c.vars["id"])
	if !found {
		return nil, fail(http.StatusNotFound, "VpcNotFound", "Vpc %.64s could not be found.", c.vars["id"])
	}
	o := s.vpcObject(c, v)
	o.Subnets = s.subnetsIn(c, v.ID)
	for _, sub := range o.Subnets {
		if t := sub.RoutingTable; t != nil {
			if _, there := find(o.RoutingTables, func(other routingTableObject) bool { return other.ID == t.ID }); !there {
				o.RoutingTables = append(o.RoutingTables, *t)
			}
		}
	}
	return ok(map[string]vpcObject{"vpc": o})
}

func (s *Server) listSubnets(c *call) (*answer, *apiError) {
	list, e := kept(c, s.subnetsIn(c, ""), func(o subnetObject) map[string]string {
		return map[string]string{"id": o.ID, "name": o.Name, "vpc_id": o.VPCID, "cidr": o.CIDR, "shared": truthText(o.Shared)}
	})
	if e != nil {
		return nil, e
	}
	return ok(map[string][]subnetObject{"vpcsubnets": list})
}

func (s *Server) getSubnet(c *call) (*answer, *apiError) {
	sub, found := c.project.resources.subnet(c.vars["id"])
	if !found {
		return nil, fail(http.StatusNotFound, "VpcsubnetNotFound", "Vpcsubnet %.64s could not be found.", c.vars["id"])
	}
	return ok(map[string]subnetObject{"vpcsubnet": s.subnetObject(c, sub)})
}

// listSecurityGroups shows those of the project, and the one that each cluster has
// made for its nodes.
func (s *Server) listSecurityGroups(c *call) (*answer, *apiError) {
	var all []groupSecurityObject
	for _, g := range c.project.resources.SecurityGroups {
		all = append(all, groupSecurityObject{g.ID, g.Name, c.project.id, "", []string{}})
	}
	for live := range c.project.world.All(c.Now) {
		if rec := c.project.clusters[live.ID]; rec != nil && rec.live.State != profile.Creating && rec.live.State != profile.Gone {
			name := live.Name + "-" + rec.stack[:8] + "-secgroup_kube_minion-" + rec.minions[:8]
			all = append(all, groupSecurityObject{rec.minions, name, c.project.id, "", []string{}})
		}
	}
	list, e := kept(c, all, func(o groupSecurityObject) map[string]string {
		return map[string]string{"id": o.ID, "name": o.Name, "tenant_id": o.TenantID}
	})
	if e != nil {
		return nil, e
	}
	return ok(map[string][]groupSecurityObject{"security_groups": list})
}

// listImages filters by members and by properties, as Glance does.
func (s *Server) listImages(c *call) (*answer, *apiError) {
	var all []imageObject
	for _, i := range c.project.resources.Images {
		o := imageObject{
			ID: i.ID, Name: i.Name, Status: "active", Visibility: "public", MinDisk: i.MinDisk, Distro: i.Distro, OSVersion: i.OS, OSType: "linux",
			CreatedAt: i.Created, UpdatedAt: i.Created, Product: "compute",
		}
		if i.Inactive {
			o.Status = "deactivated"
		}
		if i.PrivateProject {
			o.Visibility = "private"
		}
		if i.CPU {
			o.CPU, o.Product = "true", "container"
		}
		if i.GPU {
			o.GPU, o.Product = "true", "container"
		}
		all = append(all, o)
	}
	// Paging is not filtering, and the page is cut behind the filters.
	paging := c.query
	c.query = map[string][]string{}
	for key, values := range paging {
		if key != "limit" && key != "marker" {
			c.query[key] = values
		}
	}
	list, e := kept(c, all, func(o imageObject) map[string]string {
		return map[string]string{
			"id": o.ID, "name": o.Name, "status": o.Status, "visibility": o.Visibility, "os_distro": o.Distro, "os_version": o.OSVersion, "os_type": o.OSType,
			"nhncloud_product": o.Product, "nhncloud_allow_nks_cpu_flavor": o.CPU, "nhncloud_allow_nks_gpu_flavor": o.GPU,
		}
	})
	filters := c.query.Encode()
	c.query = paging
	if e != nil {
		return nil, e
	}
	if c.query.Get("limit") == "" {
		c.query.Set("limit", itoa(min(imagePage, s.pageSize)))
	}
	items, next, e := page(s, c, list, func(o imageObject) string { return o.ID })
	if e != nil {
		return nil, e
	}
	out := imageList{Images: append([]imageObject{}, items...), First: "/v2/images", Schema: "/v2/schemas/images"}
	if filters != "" {
		out.First += "?" + filters
		filters += "&"
	}
	if next != "" {
		out.Next = "/v2/images?" + filters + next
	}
	return ok(out)
}

// imagePage is how many images a list holds unless it is asked for more.
const imagePage = 25
