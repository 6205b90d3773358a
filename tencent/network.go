// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
	vpc "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc/v20170312"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// network is a request's network, with every reference resolved to an id, and the ranges
// that are used in the VPC.
type network struct {
	vpc            string
	subnets        []string
	securityGroups []string
	used           []netip.Prefix
}

// resolveNetwork looks the references up, all kinds in parallel. What the caller may not
// look at TKE judges, where an id is given.
func (h *Handler) resolveNetwork(ctx context.Context, req pmks.NetworkInfo) (network, error) {
	var n network
	if id := idOf(req.VpcIID, "vpc-"); id == "" {
		v, err := h.readVPC(ctx, req.VpcIID)
		if err != nil {
			return n, err
		}
		n.vpc = deref(v.VpcId)
		n.used = vpcRanges(v)
	} else {
		n.vpc = id
	}
	err := fanout.All(ctx, func(ctx context.Context) error {
		if n.used != nil {
			return nil
		}
		v, err := h.readVPC(ctx, req.VpcIID)
		if errs.Is(err, pmks.CodePermissionDenied) {
			return nil // a range that overlaps is refused at once
		}
		if err == nil {
			n.used = vpcRanges(v)
		}
		return err
	}, func(ctx context.Context) (err error) {
		n.subnets, err = h.subnetIDs(ctx, n.vpc, req.SubnetIIDs)
		return err
	}, func(ctx context.Context) (err error) {
		n.securityGroups, err = h.securityGroupIDs(ctx, req.SecurityGroupIIDs)
		return err
	})
	return n, err
}

func vpcFilter(name string, values ...string) []*vpc.Filter {
	return []*vpc.Filter{{Name: &name, Values: pointers(values)}}
}

// text is a number as VPC wants it.
func text(n int) *string { return new(strconv.Itoa(n)) }

// readVPC reads the VPC that is meant.
func (h *Handler) readVPC(ctx context.Context, iid pmks.IID) (*vpc.Vpc, error) {
	const field = "Network.VpcIID"
	id := idOf(iid, "vpc-")
	list, err := readPages(func(v *vpc.Vpc) string { return deref(v.VpcId) }, func(offset int) ([]*vpc.Vpc, int, error) {
		in := vpc.NewDescribeVpcsRequest()
		in.Offset, in.Limit = text(offset), text(pageSize)
		if id != "" {
			in.VpcIds = pointers([]string{id})
		} else {
			in.Filters = vpcFilter("vpc-name", iid.NameId)
		}
		out, err := read(ctx, h, in, vpc.NewDescribeVpcsResponse, "list of VPCs", func(o *vpc.DescribeVpcsResponse) bool { return o.Response != nil && o.Response.TotalCount != nil })
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.VpcSet), int(*out.Response.TotalCount), nil
	})
	if err != nil {
		return nil, unknownReference(err, field, "VPC", given(iid))
	}
	list = slices.DeleteFunc(list, func(v *vpc.Vpc) bool {
		return id != "" && deref(v.VpcId) != id || id == "" && deref(v.VpcName) != iid.NameId
	})
	switch len(list) {
	case 1:
		return list[0], nil
	case 0:
		return nil, refuse.Invalid(field, "there is no VPC %q in the region", given(iid))
	}
	return nil, refuse.Invalid(field, "%d VPCs are called %q: give the SystemId", len(list), iid.NameId)
}

// unknownReference says of a refusal which reference it is about: VPC answers ids that
// are not there, or are none, in several ways.
func unknownReference(err error, field, what, ref string) error {
	if isRefusal(err) && (errs.Is(err, pmks.CodeInvalidArgument) || errs.Is(err, pmks.CodeNotFound) || errs.Is(err, pmks.CodeFailedPrecondition)) {
		return errs.With(err, func(e *pmks.Error) {
			e.Code, e.Field, e.Message = pmks.CodeInvalidArgument, field, fmt.Sprintf("there is no %s %q in the region: %s", what, ref, e.Message)
		})
	}
	return err
}

// vpcRanges are all ranges of a VPC; never nil.
func vpcRanges(v *vpc.Vpc) []netip.Prefix {
	list := []string{deref(v.CidrBlock)}
	for _, a := range withoutNil(v.AssistantCidrSet) {
		list = append(list, deref(a.CidrBlock))
	}
	return append([]netip.Prefix{}, prefixes(list...)...)
}

// subnetIDs returns the ids of subnets, all of which must lie in the VPC.
func (h *Handler) subnetIDs(ctx context.Context, vpcID string, refs []pmks.IID) ([]string, error) {
	list, err := h.listSubnets(ctx, vpcID)
	denied := errs.Is(err, pmks.CodePermissionDenied)
	if err != nil && !denied {
		return nil, unknownReference(err, "Network.VpcIID", "VPC", vpcID)
	}
	var f refuse.List
	ids := make([]string, len(refs))
	for i, ref := range refs {
		field, want := fmt.Sprintf("Network.SubnetIIDs[%d]", i), idOf(ref, "subnet-")
		if denied {
			if ids[i] = want; want == "" {
				f.Join(errs.With(err, func(e *pmks.Error) { e.Field = field }))
			}
			continue
		}
		var found []string
		for _, s := range list {
			if id := deref(s.SubnetId); id == want || want == "" && deref(s.SubnetName) == ref.NameId {
				found = append(found, id)
			}
		}
		switch len(found) {
		case 1:
			ids[i] = found[0]
		case 0:
			f.Add(field, "there is no subnet %q in the VPC %s", given(ref), vpcID)
		default:
			f.Add(field, "%d subnets of the VPC are called %q: give the SystemId", len(found), ref.NameId)
		}
	}
	return ids, f.Err()
}

// securityGroupIDs returns the ids of security groups, those with an id looked up in one
// call, those with a name each in its own.
func (h *Handler) securityGroupIDs(ctx context.Context, refs []pmks.IID) ([]string, error) {
	ids := make([]string, len(refs))
	var wanted []string
	for i, ref := range refs {
		if ids[i] = idOf(ref, "sg-"); ids[i] != "" {
			wanted = append(wanted, ids[i])
		}
	}
	field := func(i int) string { return fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i) }
	reads := []func(context.Context) error{}
	if len(wanted) > 0 {
		reads = append(reads, func(ctx context.Context) error {
			in := vpc.NewDescribeSecurityGroupsRequest()
			in.SecurityGroupIds = pointers(wanted)
			list, err := h.listSecurityGroups(ctx, in)
			if errs.Is(err, pmks.CodePermissionDenied) {
				return nil
			}
			if err != nil {
				return unknownReference(err, field(slices.Index(ids, wanted[0])), "security group", wanted[0])
			}
			var f refuse.List
			for i, id := range ids {
				if slices.Contains(wanted, id) && !slices.ContainsFunc(list, func(g *vpc.SecurityGroup) bool { return deref(g.SecurityGroupId) == id }) {
					f.Add(field(i), "there is no security group %q in the region", id)
				}
			}
			return f.Err()
		})
	}
	for i, ref := range refs {
		if ids[i] != "" {
			continue
		}
		reads = append(reads, func(ctx context.Context) error {
			in := vpc.NewDescribeSecurityGroupsRequest()
			in.Filters = vpcFilter("security-group-name", ref.NameId)
			list, err := h.listSecurityGroups(ctx, in)
			if err != nil {
				return err
			}
			list = slices.DeleteFunc(list, func(g *vpc.SecurityGroup) bool { return deref(g.SecurityGroupName) != ref.NameId })
			switch len(list) {
			case 1:
				ids[i] = deref(list[0].SecurityGroupId)
				return nil
			case 0:
				return refuse.Invalid(field(i), "there is no security group %q in the region", ref.NameId)
			}
			return refuse.Invalid(field(i), "%d security groups are called %q: give the SystemId", len(list), ref.NameId)
		})
	}
	return ids, fanout.All(ctx, reads...)
}

func (h *Handler) listSecurityGroups(ctx context.Context, in *vpc.DescribeSecurityGroupsRequest) ([]*vpc.SecurityGroup, error) {
	return readPages(func(g *vpc.SecurityGroup) string { return deref(g.SecurityGroupId) }, func(offset int) ([]*vpc.SecurityGroup, int, error) {
		in.Offset, in.Limit = text(offset), text(pageSize)
		out, err := read(ctx, h, in, vpc.NewDescribeSecurityGroupsResponse, "list of security groups", func(o *vpc.DescribeSecurityGroupsResponse) bool {
			return o.Response != nil && o.Response.TotalCount != nil
		})
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.SecurityGroupSet), int(*out.Response.TotalCount), nil
	})
}

// podBits and serviceBits are the masks that TKE takes.
var podBits, serviceBits = [2]int{10, 24}, [2]int{17, 27}

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
func clusterRanges(list []*tke.Cluster, vpcID string) []netip.Prefix {
	var used []netip.Prefix
	for _, c := range list {
		if n := c.ClusterNetworkSettings; n != nil && deref(n.VpcId) == vpcID {
			used = append(used, prefixes(deref(n.ClusterCIDR), deref(n.ServiceCIDR))...)
		}
	}
	return used
}

// podRange chooses the range of pods, whose end is for services where those have none of
// their own: the one that is set, or the first free one from a place that the name of the
// cluster tells, so that those who choose at the same time begin elsewhere.
func (h *Handler) podRange(name string, used []netip.Prefix) (netip.Prefix, error) {
	used = append(slices.Clone(used), prefixes(h.cfg.ServiceCIDR)...)
	if h.cfg.PodCIDR != "" {
		p := netip.MustParsePrefix(h.cfg.PodCIDR) // New has read it
		if i := slices.IndexFunc(used, p.Overlaps); i >= 0 {
			return p, refuse.Invalid("Settings.podCidr", "%s overlaps with %s, which is used in the VPC", p, used[i])
		}
		return p, nil
	}
	var all []netip.Prefix
	for b := 16; b <= 31; b++ {
		all = append(all, range16(172, b))
	}
	for b := range 256 {
		all = append(all, range16(10, b))
	}
	all = append(all, range16(192, 168))
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name)) // never fails
	first := int(hash.Sum32() % uint32(len(all)))
	for i := range all {
		if p := all[(first+i)%len(all)]; !slices.ContainsFunc(used, p.Overlaps) {
			return p, nil
		}
	}
	return netip.Prefix{}, refuse.Precondition("no free range is left in the VPC: name one in Settings.podCidr")
}

func range16(a, b int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(a), byte(b), 0, 0}), 16)
}
