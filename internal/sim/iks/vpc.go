// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The objects of the VPC service, as far as clusters need them.
type (
	reference struct {
		ID   string `json:"id,omitempty"`
		CRN  string `json:"crn,omitempty"`
		Href string `json:"href,omitempty"`
		Name string `json:"name"`
	}
	vpcObject struct {
		ID            string    `json:"id"`
		Name          string    `json:"name"`
		CRN           string    `json:"crn"`
		Href          string    `json:"href"`
		Status        string    `json:"status"`
		ResourceGroup reference `json:"resource_group"`
	}
	subnetObject struct {
		ID            string     `json:"id"`
		Name          string     `json:"name"`
		CRN           string     `json:"crn"`
		Href          string     `json:"href"`
		Status        string     `json:"status"`
		IPVersion     string     `json:"ip_version"`
		CIDR          string     `json:"ipv4_cidr_block"`
		Available     int        `json:"available_ipv4_address_count"`
		Total         int        `json:"total_ipv4_address_count"`
		Zone          reference  `json:"zone"`
		VPC           reference  `json:"vpc"`
		PublicGateway *reference `json:"public_gateway,omitempty"`
		ResourceGroup reference  `json:"resource_group"`
	}
	securityGroupObject struct {
		ID            string    `json:"id"`
		Name          string    `json:"name"`
		CRN           string    `json:"crn"`
		Href          string    `json:"href"`
		VPC           reference `json:"vpc"`
		ResourceGroup reference `json:"resource_group"`
	}
	hrefObject struct {
		Href string `json:"href"`
	}
	// page is what every list has.
	page struct {
		Limit int         `json:"limit"`
		Total int         `json:"total_count"`
		First hrefObject  `json:"first"`
		Next  *hrefObject `json:"next,omitempty"`
	}
	vpcList struct {
		page
		VPCs []vpcObject `json:"vpcs"`
	}
	subnetList struct {
		page
		Subnets []subnetObject `json:"subnets"`
	}
	securityGroupList struct {
		page
		SecurityGroups []securityGroupObject `json:"security_groups"`
	}
)

// datePattern is a version of the VPC service.
var datePattern = regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)

// checkVPCQuery looks for what every call of the VPC service needs.
func checkVPCQuery(c *call) *apiError {
	switch {
	case !datePattern.MatchString(c.query.Get("version")):
		return fail(http.StatusBadRequest, "invalid_version", "The `version` query parameter must be a date such as 2026-04-07.")
	case c.query.Get("generation") != "2":
		return fail(http.StatusBadRequest, "invalid_generation", "The `generation` query parameter must be 2.")
	}
	return nil
}

func vpcNotFound(what, id string) *apiError {
	return fail(http.StatusNotFound, "not_found", "%s not found: %s", what, id)
}

// crn is the name of a thing of the VPC service in all of IBM's cloud.
func (s *Server) crn(place, kind, id string) string {
	return "crn:v1:bluemix:public:is:" + place + ":a/" + s.account + "::" + kind + ":" + id
}

func (s *Server) href(kind, id string) string {
	return "https://" + s.region + ".iaas.cloud.ibm.com/v1/" + kind + "/" + id
}

func (s *Server) defaultGroupReference() reference {
	g := s.resources.defaultGroup()
	return reference{ID: g.ID, Name: g.Name}
}

func (s *Server) vpcReference(id string) reference {
	v, _ := s.resources.vpc(id)
	return reference{ID: id, CRN: s.crn(s.region, "vpc", id), Href: s.href("vpcs", id), Name: v.Name}
}

func (s *Server) vpcObject(v VPC) vpcObject {
	return vpcObject{v.ID, v.Name, s.crn(s.region, "vpc", v.ID), s.href("vpcs", v.ID), "available", s.defaultGroupReference()}
}

// free is how many addresses of a subnet are left.
func (s *Server) free(n Subnet) int {
	free := n.Free
	if free == 0 {
		free = 240
	}
	for _, rec := range s.clusters {
		for _, w := range rec.workers {
			if w.subnet == n.ID && !w.gone(s.Now()) {
				free--
			}
		}
	}
	return max(0, free)
}

func (s *Server) subnetObject(n Subnet) subnetObject {
	out := subnetObject{
		ID: n.ID, Name: n.Name, CRN: s.crn(n.Zone, "subnet", n.ID), Href: s.href("subnets", n.ID), Status: cmp.Or(n.Status, "available"),
		IPVersion: "ipv4", CIDR: n.CIDR, Available: s.free(n), Total: 256,
		Zone: reference{Name: n.Zone, Href: "https://" + s.region + ".iaas.cloud.ibm.com/v1/regions/" + s.region + "/zones/" + n.Zone},
		VPC:  s.vpcReference(n.VPC), ResourceGroup: s.defaultGroupReference(),
	}
	if n.Gateway {
		id := "r006-9a8b7c6d-5e4f-4031-8293-" + n.ID[len(n.ID)-12:]
		out.PublicGateway = &reference{ID: id, CRN: s.crn(n.Zone, "public-gateway", id), Href: s.href("public_gateways", id), Name: "gateway-" + n.Zone}
	}
	return out
}

func (s *Server) securityGroupObject(g SecurityGroup) securityGroupObject {
	return securityGroupObject{g.ID, g.Name, s.crn(s.region, "security-group", g.ID), s.href("security_groups", g.ID), s.vpcReference(g.VPC), s.defaultGroupReference()}
}

func (s *Server) vpcByID(c *call) (*answer, *apiError) {
	v, found := s.resources.vpc(c.vars["id"])
	if !found || c.who.account != s.account {
		return nil, vpcNotFound("VPC", c.vars["id"])
	}
	return body(s.vpcObject(v))
}

func (s *Server) subnetByID(c *call) (*answer, *apiError) {
	n, found := s.resources.subnet(c.vars["id"])
	if !found || c.who.account != s.account {
		return nil, vpcNotFound("Subnet", c.vars["id"])
	}
	return body(s.subnetObject(n))
}

func (s *Server) securityGroupByID(c *call) (*answer, *apiError) {
	g, found := s.resources.securityGroup(c.vars["id"])
	if !found || c.who.account != s.account {
		return nil, vpcNotFound("Security group", c.vars["id"])
	}
	return body(s.securityGroupObject(g))
}

// pageOf is the page of a list of the VPC service that a call asks for.
func pageOf[T any](s *Server, c *call, list []T) (items []T, p page, e *apiError) {
	p.Limit, p.Total = 50, len(list)
	if text := c.query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return nil, p, fail(http.StatusBadRequest, "invalid_value", "The `limit` query parameter must be from 1 to 100.")
		}
		p.Limit = n
	}
	if c.who.account != s.account {
		list = nil
	}
	items, next, good := simkit.PageByNumber(s.Kit, &c.Exchange, c.op, c.query.Get("start"), p.Limit, list)
	if !good {
		return nil, p, fail(http.StatusBadRequest, "invalid_value", "The `start` query parameter is not valid.")
	}
	at := func(start string) string {
		q := url.Values{"limit": {strconv.Itoa(p.Limit)}}
		if start != "" {
			q.Set("start", start)
		}
		return c.base + "/v1/" + listPath[c.op] + "?" + q.Encode()
	}
	p.First.Href = at("")
	if next != "" {
		p.Next = &hrefObject{at(next)}
	}
	return items, p, nil
}

// listPath is the last word of the path of each list.
var listPath = map[string]string{"listVPCs": "vpcs", "listSubnets": "subnets", "listSecurityGroups": "security_groups"}

func (s *Server) listVPCs(c *call) (*answer, *apiError) {
	items, p, e := pageOf(s, c, s.resources.VPCs)
	if e != nil {
		return nil, e
	}
	return body(vpcList{p, mapped(items, s.vpcObject)})
}

func (s *Server) listSubnets(c *call) (*answer, *apiError) {
	vpc := c.query.Get("vpc.id")
	items, p, e := pageOf(s, c, slices.DeleteFunc(slices.Clone(s.resources.Subnets), func(n Subnet) bool { return vpc != "" && n.VPC != vpc }))
	if e != nil {
		return nil, e
	}
	return body(subnetList{p, mapped(items, s.subnetObject)})
}

func (s *Server) listSecurityGroups(c *call) (*answer, *apiError) {
	vpc := c.query.Get("vpc.id")
	items, p, e := pageOf(s, c, slices.DeleteFunc(slices.Clone(s.resources.SecurityGroups), func(g SecurityGroup) bool { return vpc != "" && g.VPC != vpc }))
	if e != nil {
		return nil, e
	}
	return body(securityGroupList{p, mapped(items, s.securityGroupObject)})
}

// mapped is never null in JSON.
func mapped[T, R any](list []T, to func(T) R) []R {
	out := make([]R, len(list))
	for i, item := range list {
		out[i] = to(item)
	}
	return out
}
