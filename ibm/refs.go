// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// resourceKind is a kind of resource of VPC: its word in a path, and in a CRN.
type resourceKind struct{ path, crn string }

var (
	kindVPC    = resourceKind{"vpcs", "vpc"}
	kindSubnet = resourceKind{"subnets", "subnet"}
	kindGroup  = resourceKind{"security_groups", "security-group"}
)

// network is where a cluster is to be.
type network struct {
	vpc            string
	zones          []ZoneRequest // with a subnet each
	securityGroups []string
}

// reference reads a reference: an id, a CRN that says all of it, or a name, for which
// id is empty.
func (h *Handler) reference(ctx context.Context, field string, iid pmks.IID, kind resourceKind) (id string, err error) {
	if err := pmks.CheckIID(field, iid); err != nil {
		return "", err
	}
	text := cmp.Or(iid.SystemId, iid.NameId)
	if parts, whole := crn(text); strings.HasPrefix(text, "crn:") {
		if !whole || parts[7] != "" || parts[8] != kind.crn {
			return "", refuse.Invalid(field, "%q is not the CRN of a %s", refuse.Clip(text), kind.crn)
		}
		location := h.cfg.Region
		if kind == kindSubnet && regionOf(parts[5]) == location {
			location = parts[5] // a subnet is in a zone, which is compared when it is read
		}
		return parts[9], h.matchCRN(ctx, field, text, parts, "is", location)
	}
	if iid.SystemId != "" && !resourcePattern.MatchString(iid.SystemId) {
		return "", refuse.Invalid(field, "%q is not the id of a %s, such as r006-5a3d2c1b-7e8f-4a90-b1c2-d3e4f5a6b7c8", refuse.Clip(iid.SystemId), kind.crn)
	}
	return iid.SystemId, nil
}

// resource reads a resource of VPC by its reference.
func (h *Handler) resource(ctx context.Context, field string, iid pmks.IID, kind resourceKind, vpc string) (resourceObject, error) {
	id, err := h.reference(ctx, field, iid, kind)
	if err != nil {
		return resourceObject{}, err
	}
	if id == "" {
		return h.resourceNamed(ctx, field, iid.NameId, kind, vpc)
	}
	c := call{method: "GET", path: "/" + kind.path + "/{id}", params: map[string]string{"id": id}, query: []string{"version", vpcVersion, "generation", "2"}}
	r, err := readFrom(ctx, h, h.api.vpc, bucketVPC, "the VPC API", c, func(r resourceObject) error {
		if r.ID != id {
			return errs.LostAnswer("the VPC API", kind.crn)
		}
		return nil
	})
	if parts, whole := crn(cmp.Or(iid.SystemId, iid.NameId)); err == nil && whole && kind == kindSubnet && parts[5] != r.Zone.Name {
		return r, refuse.Invalid(field, "%q is in the zone %q, not in %q", refuse.Clip(iid.SystemId), r.Zone.Name, refuse.Clip(parts[5]))
	}
	if errs.Is(err, pmks.CodeNotFound) {
		err = errs.With(err, func(e *pmks.Error) {
			e.Code, e.Field, e.Message = pmks.CodeInvalidArgument, field, fmt.Sprintf("there is no %s %q in the region %s: %s", kind.crn, id, h.cfg.Region, e.Message)
		})
	}
	return r, err
}

// resourceNamed finds a resource of VPC in all pages of the list; of subnets and
// security groups those of the VPC count.
func (h *Handler) resourceNamed(ctx context.Context, field, name string, kind resourceKind, vpc string) (resourceObject, error) {
	var found []resourceObject
	seen := map[string]bool{}
	for start := ""; ; {
		c := get("/"+kind.path, "version", vpcVersion, "generation", "2", "limit", "100")
		if start != "" {
			c.query = append(c.query, "start", start)
		}
		page, err := readFrom(ctx, h, h.api.vpc, bucketVPC, "the VPC API", c, func(page map[string]json.RawMessage) error {
			if page[kind.path] == nil {
				return errs.LostAnswer("the VPC API", "list of "+kind.path)
			}
			return nil
		})
		if err != nil {
			return resourceObject{}, err
		}
		var items []resourceObject
		var next struct {
			Href string `json:"href"`
		}
		if err := json.Unmarshal(page[kind.path], &items); err != nil {
			return resourceObject{}, errs.LostAnswer("the VPC API", "list of "+kind.path)
		}
		for _, r := range items {
			if r.Name == name && r.ID != "" && (vpc == "" || r.VPC.ID == vpc) {
				found = append(found, r)
			}
		}
		if page["next"] == nil || json.Unmarshal(page["next"], &next) != nil || next.Href == "" {
			break
		}
		link, err := url.Parse(next.Href)
		if err == nil {
			start = link.Query().Get("start") // the link itself may lead anywhere
		}
		if err != nil || start == "" || seen[start] {
			return resourceObject{}, &pmks.Error{Code: pmks.CodeInternal, Message: "the VPC API refers to a page of a list that was there before: the list has no end"}
		}
		seen[start] = true
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return resourceObject{}, refuse.Invalid(field, "there is no %s %q in the region %s", kind.crn, refuse.Clip(name), h.cfg.Region)
	}
	return resourceObject{}, refuse.Invalid(field, "the name %q is ambiguous: give the id of the %s", refuse.Clip(name), kind.crn)
}

// readNetwork looks the network of a request up, and checks what IKS does not: it takes
// a subnet of another VPC, and workers there reach nothing.
//
// The workers go into the zones that are wanted, or into all.
func (h *Handler) readNetwork(ctx context.Context, in pmks.NetworkInfo, workers int, wanted []string) (n network, err error) {
	const field = "Network.VpcIID"
	if n.vpc, err = h.reference(ctx, field, in.VpcIID, kindVPC); err != nil {
		return n, err
	}
	if n.vpc == "" {
		found, err := h.resourceNamed(ctx, field, in.VpcIID.NameId, kindVPC, "")
		if err != nil {
			return n, err
		}
		n.vpc = found.ID
	}
	subnets := make([]resourceObject, len(in.SubnetIIDs))
	groups := make([]string, len(in.SecurityGroupIIDs))
	err = fanout.All(ctx, func(ctx context.Context) error {
		return fanout.Each(ctx, len(subnets), func(ctx context.Context, i int) (err error) {
			subnets[i], err = h.resource(ctx, subnetField(i), in.SubnetIIDs[i], kindSubnet, n.vpc)
			return err
		})
	}, func(ctx context.Context) error {
		return fanout.Each(ctx, len(groups), func(ctx context.Context, i int) (err error) {
			groups[i], err = h.securityGroup(ctx, fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), in.SecurityGroupIIDs[i], n.vpc)
			return err
		})
	})
	var f refuse.List
	if err == nil {
		n.securityGroups = slices.Sorted(slices.Values(groups))
		for i, s := range subnets {
			each := workers / max(1, len(subnets))
			if len(wanted) > 0 {
				each = workers / len(wanted)
			}
			if len(wanted) > 0 && !slices.Contains(wanted, s.Zone.Name) {
				each = 0
			}
			f.Join(h.checkSubnet(subnetField(i), s, n, each))
			n.zones = append(n.zones, ZoneRequest{ID: s.Zone.Name, SubnetID: s.ID})
		}
		err = f.Err()
	}
	if !errs.Is(err, pmks.CodeInvalidArgument) {
		return n, err
	}
	// Perhaps there is no such VPC, and the others are right.
	if _, missing := h.resource(ctx, field, same(n.vpc), kindVPC, ""); errs.Is(missing, pmks.CodeInvalidArgument) {
		return n, missing
	}
	return n, err
}

func subnetField(i int) string { return fmt.Sprintf("Network.SubnetIIDs[%d]", i) }

// reservedRanges are IKS's own; nothing in a subnet that overlaps one is reached (IBM
// Cloud docs, Configuring VPC subnets, read in November 2026).
var reservedRanges = []netip.Prefix{
	netip.MustParsePrefix("172.16.0.0/16"), netip.MustParsePrefix("172.18.0.0/16"),
	netip.MustParsePrefix("172.19.0.0/16"), netip.MustParsePrefix("172.20.0.0/16"),
}

// checkSubnet says why a cluster cannot have its workers in a subnet.
func (h *Handler) checkSubnet(field string, s resourceObject, n network, workers int) error {
	name := cmp.Or(s.Name, s.ID)
	taken := slices.IndexFunc(n.zones, func(z ZoneRequest) bool { return z.ID == s.Zone.Name })
	cidr, cidrErr := netip.ParsePrefix(s.CIDR)
	overlaps := func(p netip.Prefix) bool { return cidrErr == nil && p.Overlaps(cidr) }
	own, _ := netip.ParsePrefix(h.cfg.PodSubnet)
	services, _ := netip.ParsePrefix(h.cfg.ServiceSubnet)
	switch {
	case s.VPC.ID != n.vpc:
		return refuse.Invalid(field, "%q is a subnet of another VPC, %s: workers there would reach nothing", name, s.VPC.ID)
	case regionOf(s.Zone.Name) != h.cfg.Region:
		return refuse.Invalid(field, "%q is in the zone %q, outside of the region %s", name, s.Zone.Name, h.cfg.Region)
	case s.Status != "" && s.Status != "available":
		return &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: field, Message: fmt.Sprintf("the subnet %q is %s: wait until it is available", name, s.Status)}
	case taken >= 0:
		return refuse.Invalid(field, "%q is in the zone %s, as %q is: IKS takes one subnet of each zone", name, s.Zone.Name, subnetField(taken))
	case slices.ContainsFunc(reservedRanges, overlaps), own.IsValid() && overlaps(own), services.IsValid() && overlaps(services):
		return refuse.Invalid(field, "the range %s of %q overlaps one that IKS uses itself, or that of pods or services", s.CIDR, name)
	case s.Available != nil && *s.Available < workers:
		return &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: field, Message: fmt.Sprintf("the subnet %q has %d free addresses, too few for %d workers", name, *s.Available, workers)}
	}
	return nil
}

// securityGroup looks a security group up. A caller who may not leaves that to IKS.
func (h *Handler) securityGroup(ctx context.Context, field string, iid pmks.IID, vpc string) (string, error) {
	g, err := h.resource(ctx, field, iid, kindGroup, vpc)
	switch {
	case errs.Is(err, pmks.CodePermissionDenied):
		return h.reference(ctx, field, iid, kindGroup)
	case err != nil:
		return "", err
	case g.VPC.ID != vpc:
		return "", refuse.Invalid(field, "%q is a security group of another VPC, %s", cmp.Or(g.Name, g.ID), g.VPC.ID)
	}
	return g.ID, nil
}

// resourceGroup returns the id of the group that new clusters belong to.
func (h *Handler) resourceGroup(ctx context.Context) (string, error) {
	const field = "Settings.resourceGroup"
	name := h.cfg.ResourceGroup
	if name == "" || groupPattern.MatchString(name) {
		return name, nil
	}
	type groups struct {
		Resources []struct {
			ID    string `json:"id"`
			Name  string `json:"name"`
			State string `json:"state"`
		} `json:"resources"`
	}
	list, err := readFrom(ctx, h, h.api.manager, bucketManager, "the resource manager", get("/v2/resource_groups", "name", name), func(g groups) error {
		if g.Resources == nil {
			return errs.LostAnswer("the resource manager", "list of groups")
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, g := range list.Resources {
		if g.Name == name && g.ID != "" {
			return g.ID, nil
		}
	}
	return "", &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: field, Message: fmt.Sprintf("there is no resource group %q that the caller may see: make it, or name another", refuse.Clip(name))}
}
