// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// What the other services list.
type (
	flavorObject struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Disabled text   `json:"OS-FLV-DISABLED:disabled"`
	}
	imageObject struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Status    string `json:"status"`
		MinDisk   text   `json:"min_disk"`
		OSDistro  text   `json:"os_distro"`
		OSVersion text   `json:"os_version"`
		CreatedAt text   `json:"created_at"`
	}
	namedObject struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	subnetObject struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		VPCID string `json:"vpc_id"`
		VPC   struct {
			ID string `json:"id"`
		} `json:"vpc"`
		CIDR         string `json:"cidr"`
		RoutingTable struct {
			Gateway text `json:"gateway_id"`
		} `json:"routingtable"`
	}
	externalObject struct {
		ID      string   `json:"id"`
		Subnets []string `json:"subnets"`
	}
	zoneObject struct {
		Name  string `json:"zoneName"`
		State struct {
			Available bool `json:"available"`
		} `json:"zoneState"`
	}
)

// vpc is that of a subnet, which is written in one of two ways.
func (s subnetObject) vpc() string { return cmp.Or(s.VPCID, s.VPC.ID) }

// The filters of images that NKS takes, by the kind of the flavor.
const (
	imagesCPU = "nhncloud_allow_nks_cpu_flavor"
	imagesGPU = "nhncloud_allow_nks_gpu_flavor"
)

func (h *Handler) flavors(ctx context.Context) ([]flavorObject, error) {
	list, err := side(ctx, h, serviceCompute, []string{"flavors", "detail"}, nil, "flavors", func(f flavorObject) string { return f.ID })
	if err == nil {
		h.names.learnFlavors(list)
	}
	return list, err
}

func (h *Handler) images(ctx context.Context, filter string) ([]imageObject, error) {
	return side(ctx, h, serviceImage, []string{"images"}, url.Values{filter: {"true"}, "visibility": {"public"}}, "images", func(i imageObject) string { return i.ID })
}

func (h *Handler) vpcs(ctx context.Context) ([]namedObject, error) {
	return side(ctx, h, serviceNetwork, []string{"vpcs"}, nil, "vpcs", namedObject.id)
}

func (n namedObject) id() string { return n.ID }

// side lists what another service has. That its list is not found is a wrong address.
func side[T any](ctx context.Context, h *Handler, service string, path []string, query url.Values, key string, id func(T) string) ([]T, error) {
	list, err := pages(ctx, h, service, path, query, key, id)
	return list, notFoundAs(err, pmks.CodeUnavailable)
}

// chosen is what an IID means among things that have ids and names.
func chosen[T any](field, what string, iid pmks.IID, list []T, id, name func(T) string) (T, error) {
	var found []T
	for _, t := range list {
		if iid.SystemId != "" && id(t) == iid.SystemId || iid.SystemId == "" && (name(t) == iid.NameId || id(t) == iid.NameId) {
			found = append(found, t)
		}
	}
	var none T
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return none, refuse.Invalid(field, "there is no %s %q", what, refuse.Clip(iid.String()))
	}
	return none, refuse.Invalid(field, "%d of them are called %q: give the SystemId of the %s", len(found), refuse.Clip(iid.NameId), what)
}

// flavor finds a flavor by its name or id.
func (h *Handler) flavor(ctx context.Context, field, name string) (string, error) {
	list, err := h.flavors(ctx)
	if err != nil {
		return "", err
	}
	list = slices.DeleteFunc(list, func(f flavorObject) bool { return f.Disabled.isTrue() })
	f, err := chosen(field, "flavor that can be used", pmks.IID{NameId: name}, list,
		func(f flavorObject) string { return f.ID }, func(f flavorObject) string { return f.Name })
	return f.ID, err
}

// image finds an image that NKS takes: the one that is asked for, or the newest Ubuntu
// Server. Those for GPUs are looked at where the others do not have it.
func (h *Handler) image(ctx context.Context, field string, iid pmks.IID) (imageObject, error) {
	isDefault := kver.IsDefault(cmp.Or(iid.SystemId, iid.NameId))
	var last error
	for _, filter := range []string{imagesCPU, imagesGPU} {
		list, err := h.images(ctx, filter)
		if err != nil {
			return imageObject{}, err
		}
		list = slices.DeleteFunc(list, func(i imageObject) bool { return i.Status != "" && !strings.EqualFold(i.Status, "active") })
		if isDefault {
			return newestUbuntu(field, list)
		}
		i, err := chosen(field, "image that NKS takes", iid, list, func(i imageObject) string { return i.ID }, func(i imageObject) string { return i.Name })
		if last = err; err == nil {
			return i, nil
		}
	}
	return imageObject{}, last
}

func newestUbuntu(field string, list []imageObject) (imageObject, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(i imageObject) bool {
		return !strings.Contains(strings.ToLower(string(i.OSDistro)+" "+i.Name), "ubuntu")
	})
	if len(list) == 0 {
		return imageObject{}, refuse.Invalid(field, "NKS offers no Ubuntu image here: name one")
	}
	return slices.MaxFunc(list, func(a, b imageObject) int {
		return cmp.Or(compareNumbers(string(a.OSVersion), string(b.OSVersion)), stamp(a.CreatedAt).Compare(stamp(b.CreatedAt)), strings.Compare(a.ID, b.ID))
	}), nil
}

// compareNumbers compares versions such as 22.04.5 part by part.
func compareNumbers(a, b string) int {
	digits := func(s string) []int {
		var list []int
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < '0' || r > '9' }) {
			n, _ := text(part).number()
			list = append(list, n)
		}
		return list
	}
	return slices.Compare(digits(a), digits(b))
}

// checkKeyPair looks a key pair up in the list of the API user.
func (h *Handler) checkKeyPair(ctx context.Context, field, name string) error {
	_, err := read(ctx, h, serviceCompute, []string{"os-keypairs", name}, nil, func(out *struct {
		KeyPair struct { // its id is a number
			Name string `json:"name"`
		} `json:"keypair"`
	}) error {
		if out.KeyPair.Name != name {
			return errs.LostAnswer(titleOf[serviceCompute], "key pair "+name)
		}
		return nil
	})
	return missing(err, field, fmt.Sprintf("the API user has no key pair %q", name))
}

// missing says of a reference that was looked up that there is no such thing.
func missing(err error, field, what string) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code, e.Field, e.Message = pmks.CodeInvalidArgument, field, what+": "+e.Message })
}

// zone is where the nodes of a new group are: the zone that is asked for, else that of the
// configuration, else the first that is available.
func (h *Handler) zone(ctx context.Context, at string, asked []string) (string, error) {
	if len(asked) == 0 && h.cfg.Zone != "" {
		return h.cfg.Zone, nil
	}
	names, err := h.zones(ctx)
	switch {
	case err != nil:
		return "", err
	case len(asked) > 0:
		return asked[0], checkZone(at+"Zones[0]", asked[0], h.cfg.Region, names)
	case len(names) == 0:
		return "", refuse.Precondition("no availability zone of the region %s is available", h.cfg.Region)
	}
	return names[0], nil
}

// zones are the availability zones of the region in which machines can be made now.
func (h *Handler) zones(ctx context.Context) ([]string, error) {
	list, err := side(ctx, h, serviceCompute, []string{"os-availability-zone"}, nil, "availabilityZoneInfo", func(z zoneObject) string { return z.Name })
	if err != nil {
		return nil, err
	}
	var names []string
	for _, z := range list {
		if z.State.Available && z.Name != "" {
			names = append(names, z.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// place is where a new cluster is, in ids.
type place struct {
	vpc            string
	subnets        []subnetObject
	securityGroups []string
	external       externalObject
}

// info is the place with both halves of each reference of a request.
func (p place) info(in pmks.NetworkInfo) pmks.NetworkInfo {
	out := pmks.NetworkInfo{VpcIID: both(in.VpcIID, p.vpc)}
	for i, s := range p.subnets {
		out.SubnetIIDs = append(out.SubnetIIDs, both(pmks.IID{NameId: cmp.Or(in.SubnetIIDs[i].NameId, s.Name)}, s.ID))
	}
	for i, id := range p.securityGroups {
		out.SecurityGroupIIDs = append(out.SecurityGroupIIDs, both(in.SecurityGroupIIDs[i], id))
	}
	return out
}

// online reports whether the nodes have a way to the internet.
func (p place) online() bool { return len(p.subnets) > 0 && p.subnets[0].RoutingTable.Gateway != "" }

// findPlace looks up the network of a request, in parallel, and checks what NKS would
// refuse or fail by later.
func (h *Handler) findPlace(ctx context.Context, in pmks.NetworkInfo) (place, error) {
	p := place{vpc: in.VpcIID.SystemId, subnets: make([]subnetObject, len(in.SubnetIIDs)), securityGroups: make([]string, len(in.SecurityGroupIIDs))}
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		p.external, err = h.external(ctx)
		return err
	}}
	if p.vpc == "" {
		reads = append(reads, func(ctx context.Context) error {
			list, err := h.vpcs(ctx)
			if err == nil {
				var found namedObject
				found, err = chosen("Network.VpcIID", "VPC", in.VpcIID, list, namedObject.id, func(v namedObject) string { return v.Name })
				p.vpc = found.ID
			}
			return err
		})
	}
	for i, iid := range in.SubnetIIDs {
		reads = append(reads, func(ctx context.Context) (err error) {
			p.subnets[i], err = h.subnet(ctx, fmt.Sprintf("Network.SubnetIIDs[%d]", i), iid)
			return err
		})
	}
	if len(in.SecurityGroupIIDs) > 0 {
		reads = append(reads, func(ctx context.Context) error {
			return h.findSecurityGroups(ctx, in.SecurityGroupIIDs, p.securityGroups)
		})
	}
	if err := fanout.All(ctx, reads...); err != nil {
		return p, err
	}
	return p, h.checkPlace(ctx, p)
}

// external is the network with the internet gateway; none where there is none.
func (h *Handler) external(ctx context.Context) (externalObject, error) {
	list, err := side(ctx, h, serviceNetwork, []string{"networks"}, url.Values{"router:external": {"True"}}, "networks", func(n externalObject) string { return n.ID })
	if err != nil || len(list) == 0 {
		return externalObject{}, err
	}
	return slices.MinFunc(list, func(a, b externalObject) int { return strings.Compare(a.ID, b.ID) }), nil
}

func (h *Handler) findSecurityGroups(ctx context.Context, iids []pmks.IID, ids []string) error {
	list, err := side(ctx, h, serviceNetwork, []string{"security-groups"}, nil, "security_groups", namedObject.id)
	if err != nil {
		return err
	}
	var f refuse.List
	for i, iid := range iids {
		found, err := chosen(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), "security group", iid, list, namedObject.id, func(g namedObject) string { return g.Name })
		f.Join(err)
		ids[i] = found.ID
	}
	return f.Err()
}

// subnet reads a subnet: by its id alone, by name with the list before it, which does
// not tell the routing.
func (h *Handler) subnet(ctx context.Context, field string, iid pmks.IID) (subnetObject, error) {
	id := iid.SystemId
	if id == "" {
		list, err := side(ctx, h, serviceNetwork, []string{"vpcsubnets"}, nil, "vpcsubnets", func(s subnetObject) string { return s.ID })
		if err != nil {
			return subnetObject{}, err
		}
		found, err := chosen(field, "subnet", iid, list, func(s subnetObject) string { return s.ID }, func(s subnetObject) string { return s.Name })
		if err != nil {
			return subnetObject{}, err
		}
		id = found.ID
	}
	out, err := read(ctx, h, serviceNetwork, []string{"vpcsubnets", id}, nil, func(out *struct {
		Subnet subnetObject `json:"vpcsubnet"`
	}) error {
		if out.Subnet.ID != id || out.Subnet.vpc() == "" {
			return errs.LostAnswer(titleOf[serviceNetwork], "subnet "+id)
		}
		return nil
	})
	return out.Subnet, missing(err, field, fmt.Sprintf("there is no subnet %q", id))
}

// checkPlace checks that the subnets belong together and can have nodes.
func (h *Handler) checkPlace(ctx context.Context, p place) error {
	var f refuse.List
	taken := map[string]string{"serviceCidr": cmp.Or(h.cfg.ServiceCIDR, defaultServices), "podCidr": cmp.Or(h.cfg.PodCIDR, defaultPods)}
	var before []netip.Prefix
	for i, s := range p.subnets {
		field := fmt.Sprintf("Network.SubnetIIDs[%d]", i)
		if i == 0 && s.vpc() != p.vpc {
			return h.otherVPC(ctx, p)
		}
		cidr, err := netip.ParsePrefix(s.CIDR)
		if err != nil {
			continue // NKS will tell
		}
		if cidr.Bits() > smallestNetwork {
			f.Add(field, "the subnet %s is too small: NKS wants /%d at least", cidr, smallestNetwork)
		}
		for _, setting := range []string{"podCidr", "serviceCidr"} {
			if inner, err := netip.ParsePrefix(taken[setting]); err == nil && inner.Overlaps(cidr) {
				f.Add(field, "the subnet %s overlaps with %s inside the cluster: give another %s", cidr, inner, setting)
			}
		}
		if slices.ContainsFunc(before, cidr.Overlaps) {
			f.Add(field, "the subnet %s overlaps with another one of the request", cidr)
		}
		before = append(before, cidr)
	}
	if err := f.Err(); err != nil {
		return err
	}
	switch {
	case p.online() && p.external.ID == "":
		return refuse.Precondition("the subnet has an internet gateway, and no external network is to be seen that it leads to: check the role of the user in the service Network")
	case !p.online() && h.cfg.NCRGateway == "":
		return refuse.Precondition("the subnet has no internet gateway: attach one to its routing table, or give the service gateways in the settings ncrGateway and obsGateway")
	}
	return nil
}

// What NKS takes for the networks inside a cluster (NKS user guide).
const (
	defaultServices = "10.254.0.0/16"
	defaultPods     = "10.100.0.0/16"
)

// otherVPC says what is wrong where the subnet is of another VPC than was asked for.
func (h *Handler) otherVPC(ctx context.Context, p place) error {
	list, err := h.vpcs(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(v namedObject) bool { return v.ID == p.vpc }) {
		return refuse.Invalid("Network.VpcIID", "there is no VPC %q", refuse.Clip(p.vpc))
	}
	return refuse.Invalid("Network.SubnetIIDs[0]", "the subnet %s is of another VPC, %s", p.subnets[0].ID, p.subnets[0].vpc())
}
