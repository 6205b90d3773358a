// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	vpcVersion = "2016-04-28"
	ecsVersion = "2014-05-26"
	vpcPage    = 50 // the largest of VPC
)

// network is a request's network, with every reference resolved to an id, and the ranges
// that are used in the VPC.
type network struct {
	vpc            string
	vswitches      []string
	securityGroups []string
	used           []netip.Prefix
	// unread is why the ranges of the VPC are not known.
	unread error
}

// The answers of VPC and ECS, as much as is needed.
type (
	vpcItem struct {
		VpcId   string `json:"VpcId"`
		VpcName string `json:"VpcName"`
	}
	vpcList struct {
		TotalCount *int32 `json:"TotalCount"`
		Vpcs       *struct {
			Vpc []*vpcItem `json:"Vpc"`
		} `json:"Vpcs"`
	}
	vpcAttribute struct {
		VpcId               string `json:"VpcId"`
		CidrBlock           string `json:"CidrBlock"`
		SecondaryCidrBlocks struct {
			SecondaryCidrBlock []string `json:"SecondaryCidrBlock"`
		} `json:"SecondaryCidrBlocks"`
		UserCidrs struct {
			UserCidr []string `json:"UserCidr"`
		} `json:"UserCidrs"`
	}
	vswitch struct {
		VSwitchId   string `json:"VSwitchId"`
		VSwitchName string `json:"VSwitchName"`
		VpcId       string `json:"VpcId"`
		CidrBlock   string `json:"CidrBlock"`
		ZoneId      string `json:"ZoneId"`
	}
	vswitchList struct {
		TotalCount *int32 `json:"TotalCount"`
		VSwitches  *struct {
			VSwitch []*vswitch `json:"VSwitch"`
		} `json:"VSwitches"`
	}
	securityGroup struct {
		SecurityGroupId   string `json:"SecurityGroupId"`
		SecurityGroupName string `json:"SecurityGroupName"`
		VpcId             string `json:"VpcId"`
	}
	securityGroupList struct {
		TotalCount     *int32 `json:"TotalCount"`
		SecurityGroups *struct {
			SecurityGroup []*securityGroup `json:"SecurityGroup"`
		} `json:"SecurityGroups"`
	}
)

func (o *vpcList) items() ([]*vpcItem, *int32, bool) {
	if o.Vpcs == nil {
		return nil, nil, false
	}
	return o.Vpcs.Vpc, o.TotalCount, true
}

func (o *vswitchList) items() ([]*vswitch, *int32, bool) {
	if o.VSwitches == nil {
		return nil, nil, false
	}
	return o.VSwitches.VSwitch, o.TotalCount, true
}

func (o *securityGroupList) items() ([]*securityGroup, *int32, bool) {
	if o.SecurityGroups == nil {
		return nil, nil, false
	}
	return o.SecurityGroups.SecurityGroup, o.TotalCount, true
}

// resolveNetwork looks the references up, all kinds in parallel. Security groups that are
// given by their ids are left to ACK, which checks them.
func (h *Handler) resolveNetwork(ctx context.Context, req pmks.NetworkInfo) (network, error) {
	n := network{}
	var err error
	if n.vpc, err = h.vpcID(ctx, req.VpcIID); err != nil {
		return n, err
	}
	var switches []*vswitch
	var noRanges, noSwitches error // what ACK judges then
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		n.used, err = h.vpcRanges(ctx, n.vpc)
		if errs.Is(err, pmks.CodePermissionDenied) {
			noRanges, err = err, nil
		}
		return err
	}, func(ctx context.Context) (err error) {
		switches, err = h.listVSwitches(ctx, n.vpc)
		if errs.Is(err, pmks.CodePermissionDenied) {
			noSwitches, err = err, nil
		}
		return err
	}, func(ctx context.Context) (err error) {
		n.securityGroups, err = h.securityGroupIDs(ctx, n.vpc, req.SecurityGroupIIDs)
		return err
	})
	if err != nil {
		return n, err
	}
	if n.unread = noRanges; noRanges == nil {
		n.unread = noSwitches
	}
	var f refuse.List
	for i, ref := range req.SubnetIIDs {
		n.vswitches = append(n.vswitches, chooseVSwitch(&f, fmt.Sprintf("Network.SubnetIIDs[%d]", i), ref, switches, n))
	}
	return n, f.Err()
}

// chooseVSwitch finds a reference among the vSwitches of the VPC.
func chooseVSwitch(f *refuse.List, field string, ref pmks.IID, list []*vswitch, n network) string {
	want := idOf(ref, "vsw-")
	if n.unread != nil && want != "" {
		return want
	}
	var found []string
	for _, s := range list {
		if s.VSwitchId == want || want == "" && s.VSwitchName == ref.NameId {
			found = append(found, s.VSwitchId)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		f.Add(field, "there is no vSwitch %q in the VPC %s", ref.String(), n.vpc)
	default:
		f.Add(field, "%d vSwitches of the VPC are called %q: give the SystemId", len(found), ref.NameId)
	}
	return ""
}

// vpcID returns the id of a VPC; one that is given by its name is looked up.
func (h *Handler) vpcID(ctx context.Context, ref pmks.IID) (string, error) {
	const field = "Network.VpcIID"
	if id := idOf(ref, "vpc-"); id != "" {
		return id, nil
	}
	list, err := listRPC(ctx, h, h.api.vpc, "vpc", vpcVersion, "DescribeVpcs", map[string]string{"VpcName": ref.NameId},
		func(v *vpcItem) string { return v.VpcId }, (*vpcList).items)
	if err != nil {
		return "", err
	}
	var found []string
	for _, v := range list {
		if v.VpcName == ref.NameId {
			found = append(found, v.VpcId)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", refuse.Invalid(field, "there is no VPC %q in the region", ref.NameId)
	}
	return "", refuse.Invalid(field, "%d VPCs are called %q: give the SystemId", len(found), ref.NameId)
}

// vpcRanges returns all ranges of a VPC.
func (h *Handler) vpcRanges(ctx context.Context, vpc string) ([]netip.Prefix, error) {
	out, err := readRPC(ctx, h, h.api.vpc, "vpc", vpcVersion, "DescribeVpcAttribute", map[string]string{"RegionId": h.cfg.Region, "VpcId": vpc},
		func(o *vpcAttribute) bool { return o.VpcId == vpc && o.CidrBlock != "" })
	if err != nil {
		return nil, err
	}
	texts := slices.Concat([]string{out.CidrBlock}, out.SecondaryCidrBlocks.SecondaryCidrBlock, out.UserCidrs.UserCidr)
	return prefixes(texts...), nil
}

func (h *Handler) listVSwitches(ctx context.Context, vpc string) ([]*vswitch, error) {
	return listRPC(ctx, h, h.api.vpc, "vpc", vpcVersion, "DescribeVSwitches", map[string]string{"VpcId": vpc},
		func(s *vswitch) string { return s.VSwitchId }, (*vswitchList).items)
}

// securityGroupIDs returns the ids of security groups; those that are given by name are
// looked up in the VPC.
func (h *Handler) securityGroupIDs(ctx context.Context, vpc string, refs []pmks.IID) ([]string, error) {
	ids := make([]string, len(refs))
	return ids, fanout.Each(ctx, len(refs), func(ctx context.Context, i int) error {
		if ids[i] = idOf(refs[i], "sg-"); ids[i] != "" {
			return nil
		}
		field := fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i)
		list, err := listRPC(ctx, h, h.api.ecs, "ecs", ecsVersion, "DescribeSecurityGroups", map[string]string{"VpcId": vpc, "SecurityGroupName": refs[i].NameId},
			func(g *securityGroup) string { return g.SecurityGroupId }, (*securityGroupList).items)
		if err != nil {
			return err
		}
		for _, g := range list {
			if g.SecurityGroupName != refs[i].NameId {
				continue
			}
			if ids[i] != "" {
				return refuse.Invalid(field, "several security groups of the VPC are called %q: give the SystemId", refs[i].NameId)
			}
			ids[i] = g.SecurityGroupId
		}
		if ids[i] == "" {
			return refuse.Invalid(field, "there is no security group %q in the VPC %s", refs[i].NameId, vpc)
		}
		return nil
	})
}

// podBits and serviceBits are the masks that ACK takes.
var podBits, serviceBits = [2]int{12, 24}, [2]int{16, 24}

// privateRanges are where pods and services may be.
var privateRanges = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")

func isPrivate(p netip.Prefix) bool {
	return slices.ContainsFunc(privateRanges, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) })
}

// prefixes reads ranges, and leaves out what is none.
func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, p.Masked())
		}
	}
	return list
}

// clusterRanges are those of the pods and services of the clusters in a VPC, of every
// type: all draw from its routes.
func clusterRanges(list []*cluster, vpc string) []netip.Prefix {
	var used []netip.Prefix
	for _, c := range list {
		if tea.StringValue(c.VpcId) == vpc && tea.StringValue(c.State) != stateDeleted {
			used = append(used, prefixes(tea.StringValue(c.ContainerCidr), tea.StringValue(c.ServiceCidr))...)
		}
	}
	return used
}

// chooseRanges returns the ranges of pods and services: those that are set, checked
// against what is used, or the first free ones, the same for the same request.
func (h *Handler) chooseRanges(used []netip.Prefix) (pods, services netip.Prefix, err error) {
	var f refuse.List
	used = slices.Clone(used)
	take := func(field, text string, candidates func(yield func(netip.Prefix) bool)) netip.Prefix {
		for p := range candidates {
			if free(p, used) {
				used = append(used, p)
				return p
			}
			if text != "" {
				f.Add(field, "%s overlaps with %s, which is used in the VPC", p, overlapped(p, used))
				return p
			}
		}
		f.Join(refuse.Precondition("no free range is left in the VPC: name one in %s", field))
		return netip.Prefix{}
	}
	// What is set comes first, so that the other gives way to it.
	if h.cfg.ServiceCIDR != "" {
		services = take("Settings.serviceCidr", h.cfg.ServiceCIDR, one(h.cfg.ServiceCIDR))
	}
	if h.cfg.PodCIDR != "" {
		pods = take("Settings.podCidr", h.cfg.PodCIDR, one(h.cfg.PodCIDR))
	} else {
		pods = take("Settings.podCidr", "", podCandidates)
	}
	if h.cfg.ServiceCIDR == "" {
		services = take("Settings.serviceCidr", "", serviceCandidates)
	}
	return pods, services, f.Err()
}

func one(text string) func(func(netip.Prefix) bool) { return slices.Values(prefixes(text)) }

func free(p netip.Prefix, used []netip.Prefix) bool {
	return !slices.ContainsFunc(used, p.Overlaps)
}

func overlapped(p netip.Prefix, used []netip.Prefix) netip.Prefix {
	return used[slices.IndexFunc(used, p.Overlaps)]
}

func range4(a, b, c, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(a), byte(b), byte(c), 0}), bits)
}

// podCandidates are 172.20 to 172.31, then 10.255 down to 10.0, then 192.168.
func podCandidates(yield func(netip.Prefix) bool) {
	for b := 20; b <= 31; b++ {
		if !yield(range4(172, b, 0, 16)) {
			return
		}
	}
	for b := 255; b >= 0; b-- {
		if !yield(range4(10, b, 0, 16)) {
			return
		}
	}
	yield(range4(192, 168, 0, 16))
}

// serviceCandidates are the parts of 172.19, which is the vendor's default, then those of
// 172.16 to 172.31 and of 192.168.
func serviceCandidates(yield func(netip.Prefix) bool) {
	for _, b := range []int{19, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31} {
		for c := 0; c < 256; c += 16 {
			if !yield(range4(172, b, c, 20)) {
				return
			}
		}
	}
	for c := 0; c < 256; c += 16 {
		if !yield(range4(192, 168, c, 20)) {
			return
		}
	}
}
