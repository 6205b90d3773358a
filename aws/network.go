// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// network is a request's network with every reference resolved to an id.
type network struct {
	vpc            string
	subnets        []string
	securityGroups []string
}

// spareAddresses is how many free addresses EKS wants in each subnet (EKS user
// guide, network requirements).
const spareAddresses = 6

// resolveNetwork looks the references up, all kinds in parallel, and checks what
// EKS would refuse: subnets in fewer than two zones or in several VPCs, security
// groups of another VPC. Filters are used instead of ids because one unknown id
// fails a whole call and hides the others.
func (h *Handler) resolveNetwork(ctx context.Context, req pmks.NetworkInfo) (network, error) {
	var found lookups
	calls := found.subnetCalls(h, req.SubnetIIDs)
	calls = append(calls, found.securityGroupCalls(h, req.SecurityGroupIIDs)...)
	if vpc := req.VpcIID; !vpc.IsZero() && idOf(vpc, "vpc-") == "" {
		calls = append(calls, func(ctx context.Context) (err error) {
			found.vpcs, err = h.describeVPCs(ctx, nameFilter("tag:Name", vpc.NameId))
			return err
		})
	}
	if err := fanout.All(ctx, calls...); err != nil {
		return network{}, err
	}
	return choose(req, found.subnets, found.groups, found.vpcs)
}

// lookups collects what was found, by id and by name at the same time.
type lookups struct {
	mu      sync.Mutex
	subnets []ec2types.Subnet
	groups  []ec2types.SecurityGroup
	vpcs    []ec2types.Vpc
}

func (l *lookups) subnetCalls(h *Handler, refs []pmks.IID) (calls []func(context.Context) error) {
	for _, filter := range filters(refs, "subnet-", "subnet-id", "tag:Name") {
		calls = append(calls, func(ctx context.Context) error {
			list, err := h.describeSubnets(ctx, filter)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.subnets = append(l.subnets, list...)
			return err
		})
	}
	return calls
}

func (l *lookups) securityGroupCalls(h *Handler, refs []pmks.IID) (calls []func(context.Context) error) {
	for _, filter := range filters(refs, "sg-", "group-id", "group-name") {
		calls = append(calls, func(ctx context.Context) error {
			list, err := readList(ctx, h, bucketEC2+"DescribeSecurityGroups", h.api.ec2.DescribeSecurityGroups, "list of security groups", func(token *string) *ec2.DescribeSecurityGroupsInput {
				return &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{filter}, NextToken: token}
			}, func(o *ec2.DescribeSecurityGroupsOutput) ([]ec2types.SecurityGroup, *string) {
				return o.SecurityGroups, o.NextToken
			})
			l.mu.Lock()
			defer l.mu.Unlock()
			l.groups = append(l.groups, list...)
			return err
		})
	}
	return calls
}

func (h *Handler) describeSubnets(ctx context.Context, filter ec2types.Filter) ([]ec2types.Subnet, error) {
	return readList(ctx, h, bucketEC2+"DescribeSubnets", h.api.ec2.DescribeSubnets, "list of subnets", func(token *string) *ec2.DescribeSubnetsInput {
		return &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{filter}, NextToken: token}
	}, func(o *ec2.DescribeSubnetsOutput) ([]ec2types.Subnet, *string) { return o.Subnets, o.NextToken })
}

func (h *Handler) describeVPCs(ctx context.Context, filter ec2types.Filter) ([]ec2types.Vpc, error) {
	return readList(ctx, h, bucketEC2+"DescribeVpcs", h.api.ec2.DescribeVpcs, "list of VPCs", func(token *string) *ec2.DescribeVpcsInput {
		return &ec2.DescribeVpcsInput{Filters: []ec2types.Filter{filter}, NextToken: token}
	}, func(o *ec2.DescribeVpcsOutput) ([]ec2types.Vpc, *string) { return o.Vpcs, o.NextToken })
}

// choose finds each reference among what was looked up, and checks the whole.
func choose(req pmks.NetworkInfo, subnets []ec2types.Subnet, groups []ec2types.SecurityGroup, vpcs []ec2types.Vpc) (network, error) {
	var n network
	var f refuse.List
	var zones, owners []string
	for i, ref := range req.SubnetIIDs {
		field := fmt.Sprintf("Network.SubnetIIDs[%d]", i)
		found := matching(subnets, func(s ec2types.Subnet) bool {
			return matches(ref, "subnet-", aws.ToString(s.SubnetId), tagName(s.Tags))
		})
		if !one(&f, field, "subnet", ref, len(found)) {
			continue
		}
		s := found[0]
		n.subnets = append(n.subnets, aws.ToString(s.SubnetId))
		zones, owners = append(zones, aws.ToString(s.AvailabilityZone)), append(owners, aws.ToString(s.VpcId))
		if free := aws.ToInt32(s.AvailableIpAddressCount); free < spareAddresses {
			f.Add(field, "%s has %d free addresses, EKS needs at least %d", aws.ToString(s.SubnetId), free, spareAddresses)
		}
	}
	if len(n.subnets) == len(req.SubnetIIDs) {
		if distinct(zones) < capabilities.Subnets.DistinctZones {
			f.Add("Network.SubnetIIDs", "must lie in at least two availability zones, all are in %s", strings.Join(zones[:1], ""))
		}
		if distinct(owners) > 1 {
			f.Add("Network.SubnetIIDs", "must lie in one VPC, they are in %s", strings.Join(owners, ", "))
		}
	}
	if len(owners) > 0 {
		n.vpc = owners[0]
	}
	if !req.VpcIID.IsZero() {
		n.checkVPC(&f, req.VpcIID, vpcs)
	}
	for i, ref := range req.SecurityGroupIIDs {
		field := fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i)
		found := matching(groups, func(g ec2types.SecurityGroup) bool {
			// Names of security groups are unique within a VPC only.
			return matches(ref, "sg-", aws.ToString(g.GroupId), aws.ToString(g.GroupName)) &&
				(ref.SystemId != "" || n.vpc == "" || aws.ToString(g.VpcId) == n.vpc)
		})
		if !one(&f, field, "security group", ref, len(found)) {
			continue
		}
		if vpc := aws.ToString(found[0].VpcId); n.vpc != "" && vpc != n.vpc {
			f.Add(field, "%s is in VPC %s, the subnets are in %s", aws.ToString(found[0].GroupId), vpc, n.vpc)
		}
		n.securityGroups = append(n.securityGroups, aws.ToString(found[0].GroupId))
	}
	return n, f.Err()
}

// checkVPC compares the VPC of the request with that of the subnets, which is the
// one that EKS takes.
func (n *network) checkVPC(f *refuse.List, ref pmks.IID, vpcs []ec2types.Vpc) {
	want := idOf(ref, "vpc-")
	if want == "" {
		found := matching(vpcs, func(v ec2types.Vpc) bool { return tagName(v.Tags) == ref.NameId })
		if !one(f, "Network.VpcIID", "VPC", ref, len(found)) {
			return
		}
		want = aws.ToString(found[0].VpcId)
	}
	if n.vpc != "" && want != n.vpc {
		f.Add("Network.VpcIID", "is %s, but the subnets are in %s", want, n.vpc)
	}
}

// filters returns at most two filters for a list of references: for those with ids,
// and for those with names.
func filters(refs []pmks.IID, prefix, byID, byName string) []ec2types.Filter {
	var ids, names []string
	for _, ref := range refs {
		if id := idOf(ref, prefix); id != "" {
			ids = append(ids, id)
		} else {
			names = append(names, ref.NameId)
		}
	}
	var list []ec2types.Filter
	if len(ids) > 0 {
		list = append(list, nameFilter(byID, ids...))
	}
	if len(names) > 0 {
		list = append(list, nameFilter(byName, names...))
	}
	return list
}

// nameFilter makes a filter. EC2 takes its values for patterns, so what is found
// must be compared with what was asked for.
func nameFilter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: aws.String(name), Values: values}
}

// idOf returns the id that a reference holds; users put ids into either half.
func idOf(ref pmks.IID, prefix string) string {
	if ref.SystemId != "" {
		return ref.SystemId
	}
	if isID(ref.NameId, prefix) {
		return ref.NameId
	}
	return ""
}

// isID tells an id from a name such as "subnet-01": behind its prefix it has 8 or
// 17 hexadecimal digits (EC2 user guide, resource ids).
func isID(s, prefix string) bool {
	digits, ok := strings.CutPrefix(s, prefix)
	return ok && (len(digits) == 8 || len(digits) == 17) && strings.Trim(digits, "0123456789abcdef") == ""
}

func matches(ref pmks.IID, prefix, id, name string) bool {
	if want := idOf(ref, prefix); want != "" {
		return want == id
	}
	return ref.NameId == name
}

// one reports whether exactly one thing was found, and says so otherwise.
func one(f *refuse.List, field, kind string, ref pmks.IID, found int) bool {
	switch found {
	case 0:
		f.Add(field, "there is no %s %q in this region", kind, ref.String())
	case 1:
		return true
	default:
		f.Add(field, "%d %ss are called %q: give the SystemId", found, kind, ref.NameId)
	}
	return false
}

func matching[T any](list []T, is func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(t T) bool { return !is(t) })
}

func distinct(list []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(list))))
}

func tagName(tags []ec2types.Tag) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == "Name" {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// resolveKeyPair returns the name of a key pair; "" when none is asked for. EKS
// wants names, so an id is looked up.
func (h *Handler) resolveKeyPair(ctx context.Context, ref pmks.IID) (string, error) {
	if ref.IsZero() {
		return "", nil
	}
	by, want := "key-name", cmp.Or(ref.SystemId, ref.NameId)
	if isID(ref.SystemId, "key-") {
		by = "key-pair-id"
	}
	out, err := read(ctx, h, bucketEC2+"DescribeKeyPairs", h.api.ec2.DescribeKeyPairs, &ec2.DescribeKeyPairsInput{Filters: []ec2types.Filter{nameFilter(by, want)}},
		"list of key pairs", func(o *ec2.DescribeKeyPairsOutput) bool { return o.KeyPairs != nil })
	if err != nil {
		return "", err
	}
	found := matching(out.KeyPairs, func(k ec2types.KeyPairInfo) bool {
		return want == aws.ToString(k.KeyName) && by == "key-name" || want == aws.ToString(k.KeyPairId) && by == "key-pair-id"
	})
	var f refuse.List
	if !one(&f, "KeyPairIID", "key pair", ref, len(found)) {
		return "", f.Err()
	}
	return aws.ToString(found[0].KeyName), nil
}
