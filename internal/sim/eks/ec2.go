// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The answers of EC2.
type (
	ec2Tag struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	}
	subnetItem struct {
		SubnetID                string   `xml:"subnetId"`
		VpcID                   string   `xml:"vpcId"`
		State                   string   `xml:"state"`
		AvailabilityZone        string   `xml:"availabilityZone"`
		AvailabilityZoneID      string   `xml:"availabilityZoneId"`
		AvailableIPAddressCount int      `xml:"availableIpAddressCount"`
		CIDRBlock               string   `xml:"cidrBlock"`
		MapPublicIPOnLaunch     bool     `xml:"mapPublicIpOnLaunch"`
		Tags                    []ec2Tag `xml:"tagSet>item"`
	}
	describeSubnetsResponse struct {
		XMLName   xml.Name     `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeSubnetsResponse"`
		RequestID string       `xml:"requestId"`
		Items     []subnetItem `xml:"subnetSet>item"`
		NextToken string       `xml:"nextToken,omitempty"`
	}
	vpcItem struct {
		VpcID     string   `xml:"vpcId"`
		State     string   `xml:"state"`
		CIDRBlock string   `xml:"cidrBlock"`
		Tags      []ec2Tag `xml:"tagSet>item"`
	}
	describeVpcsResponse struct {
		XMLName   xml.Name  `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeVpcsResponse"`
		RequestID string    `xml:"requestId"`
		Items     []vpcItem `xml:"vpcSet>item"`
		NextToken string    `xml:"nextToken,omitempty"`
	}
	groupItem struct {
		OwnerID     string   `xml:"ownerId"`
		GroupID     string   `xml:"groupId"`
		GroupName   string   `xml:"groupName"`
		Description string   `xml:"groupDescription"`
		VpcID       string   `xml:"vpcId"`
		Tags        []ec2Tag `xml:"tagSet>item"`
	}
	describeSecurityGroupsResponse struct {
		XMLName   xml.Name    `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeSecurityGroupsResponse"`
		RequestID string      `xml:"requestId"`
		Items     []groupItem `xml:"securityGroupInfo>item"`
		NextToken string      `xml:"nextToken,omitempty"`
	}
	instanceTypeItem struct {
		InstanceType  string   `xml:"instanceType"`
		Architectures []string `xml:"processorInfo>supportedArchitectures>item"`
		DefaultVCPUs  int      `xml:"vCpuInfo>defaultVCpus"`
		SizeInMiB     int      `xml:"memoryInfo>sizeInMiB"`
		GPU           *gpuInfo `xml:"gpuInfo"`
		Neuron        *devices `xml:"neuronInfo"`
	}
	gpuInfo struct {
		Devices []deviceItem `xml:"gpus>item"`
	}
	devices struct {
		Devices []deviceItem `xml:"neuronDevices>item"`
	}
	deviceItem struct {
		Count int    `xml:"count"`
		Name  string `xml:"name"`
	}
	describeInstanceTypesResponse struct {
		XMLName   xml.Name           `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeInstanceTypesResponse"`
		RequestID string             `xml:"requestId"`
		Items     []instanceTypeItem `xml:"instanceTypeSet>item"`
		NextToken string             `xml:"nextToken,omitempty"`
	}
	keyItem struct {
		KeyName   string `xml:"keyName"`
		KeyPairID string `xml:"keyPairId"`
		KeyType   string `xml:"keyType"`
	}
	describeKeyPairsResponse struct {
		XMLName   xml.Name  `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeKeyPairsResponse"`
		RequestID string    `xml:"requestId"`
		Items     []keyItem `xml:"keySet>item"`
	}
)

// inventory is how one kind of resource is described.
type inventory[T any] struct {
	list []T
	// byKey lists the parameters that name resources, in order.
	byKey []naming[T]
	// facts are the filters that there are, with what each looks at. tags are what
	// "tag:..." looks at; nil: there is no such filter.
	facts map[string]func(T) []string
	tags  func(T) map[string]string
	// least and most bound MaxResults; without them there are no pages.
	least, most int
}

// naming is one parameter that names resources.
type naming[T any] struct {
	param string
	of    func(T) string
	// code is the error for one that does not exist; malformed, unless empty, is
	// for what does not begin with prefix.
	code, malformed, prefix string
}

// describe answers the Describe calls of EC2: one unknown id fails the whole
// call, filters just leave out.
func describe[T any](s *Server, c *call, inv inventory[T]) (items []T, next string, e *apiError) {
	f := c.form
	chosen, named := inv.list, false
	for _, by := range inv.byKey {
		ids := f.list(by.param)
		if len(ids) == 0 {
			continue
		}
		named = true
		for _, id := range ids {
			if slices.ContainsFunc(inv.list, func(item T) bool { return by.of(item) == id }) {
				continue
			}
			if by.malformed != "" && !strings.HasPrefix(id, by.prefix) {
				f.refuse(by.malformed, "Invalid id: \"%s\" (expecting \"%s...\")", id, by.prefix)
			}
			f.refuse(by.code, "The %s '%s' does not exist", by.param, id)
		}
		kept := chosen[:0:0]
		for _, item := range chosen {
			if slices.Contains(ids, by.of(item)) {
				kept = append(kept, item)
			}
		}
		chosen = kept
	}
	allowed := slices.Collect(maps.Keys(inv.facts))
	if inv.tags != nil {
		allowed = append(allowed, "tag:")
	}
	filters := f.filters("Filter", "Value", allowed...)
	limit := len(inv.list) + 1
	token := ""
	if inv.most > 0 {
		if f.has("MaxResults") && named {
			f.refuse("InvalidParameterCombination", "The parameter MaxResults cannot be used with ids")
		}
		limit = s.onPage(f.number("MaxResults", inv.least, inv.most, inv.most))
		token = f.text("NextToken")
	}
	if e := f.done(); e != nil {
		return nil, "", e
	}
	for _, item := range chosen {
		if all(filters, func(name string) []string { return inv.fact(item, name) }) {
			items = append(items, item)
		}
	}
	items, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, c.op, token, limit, items)
	if !ok {
		return nil, "", fail(http.StatusBadRequest, "InvalidParameterValue", "The token is not valid")
	}
	return items, next, nil
}

// fact is what a filter looks at.
func (inv inventory[T]) fact(item T, name string) []string {
	if of, ok := inv.facts[name]; ok {
		return of(item)
	}
	return tagFact(name, inv.tags(item))
}

// the makes a fact of a text.
func the[T any](of func(T) string) func(T) []string {
	return func(item T) []string { return []string{of(item)} }
}

func nameTags(name string) map[string]string {
	if name == "" {
		return nil
	}
	return map[string]string{"Name": name}
}

func tagItems(tags map[string]string) []ec2Tag {
	var items []ec2Tag
	for key, value := range tags {
		items = append(items, ec2Tag{key, value})
	}
	slices.SortFunc(items, func(a, b ec2Tag) int { return strings.Compare(a.Key, b.Key) })
	return items
}

func subnetID(v Subnet) string { return v.ID }

func (s *Server) describeSubnets(c *call) (any, *apiError) {
	list, next, e := describe(s, c, inventory[Subnet]{
		list:  s.resources.Subnets,
		byKey: []naming[Subnet]{{"SubnetId", subnetID, "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "subnet-"}},
		facts: map[string]func(Subnet) []string{
			"availability-zone": the(func(v Subnet) string { return v.Zone }),
			"subnet-id":         the(subnetID),
			"vpc-id":            the(func(v Subnet) string { return v.VPC }),
		},
		tags:  func(v Subnet) map[string]string { return nameTags(v.Name) },
		least: 5, most: 1000,
	})
	if e != nil {
		return nil, e
	}
	out := describeSubnetsResponse{RequestID: c.requestID, NextToken: next}
	for _, v := range list {
		out.Items = append(out.Items, subnetItem{v.ID, v.VPC, "available", v.Zone, v.ZoneID, v.FreeIPs, v.CIDR, v.MapPublicIP, tagItems(nameTags(v.Name))})
	}
	return out, nil
}

func vpcID(v VPC) string { return v.ID }

func (s *Server) describeVpcs(c *call) (any, *apiError) {
	list, next, e := describe(s, c, inventory[VPC]{
		list:  s.resources.VPCs,
		byKey: []naming[VPC]{{"VpcId", vpcID, "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "vpc-"}},
		facts: map[string]func(VPC) []string{"vpc-id": the(vpcID)},
		tags:  func(v VPC) map[string]string { return nameTags(v.Name) },
		least: 5, most: 1000,
	})
	if e != nil {
		return nil, e
	}
	out := describeVpcsResponse{RequestID: c.requestID, NextToken: next}
	for _, v := range list {
		out.Items = append(out.Items, vpcItem{v.ID, "available", v.CIDR, tagItems(nameTags(v.Name))})
	}
	return out, nil
}

// securityGroups lists the security groups of the account, those included that
// EKS makes for clusters and for remote access.
func (s *Server) securityGroups() []SecurityGroup {
	list := slices.Clone(s.resources.SecurityGroups)
	for cluster := range s.world.All(time.Time{}) { // the time has been advanced already
		rec := s.clusters[cluster.Attr[attrUID]]
		vpc := cluster.Network.VpcIID.SystemId
		if cluster.ControlPlaneUp {
			list = append(list, SecurityGroup{rec.securityGroup, "eks-cluster-sg-" + rec.name, vpc})
		}
		for _, g := range cluster.Groups {
			if own := rec.groups[g.Name]; own.remoteGroup != "" {
				list = append(list, SecurityGroup{own.remoteGroup, "eks-remoteAccess-" + own.uid, vpc})
			}
		}
	}
	return list
}

func groupID(v SecurityGroup) string   { return v.ID }
func groupName(v SecurityGroup) string { return v.Name }

func (s *Server) describeSecurityGroups(c *call) (any, *apiError) {
	list, next, e := describe(s, c, inventory[SecurityGroup]{
		list: s.securityGroups(),
		byKey: []naming[SecurityGroup]{
			{"GroupId", groupID, "InvalidGroup.NotFound", "InvalidGroupId.Malformed", "sg-"},
			{"GroupName", groupName, "InvalidGroup.NotFound", "", ""},
		},
		facts: map[string]func(SecurityGroup) []string{
			"group-id":   the(groupID),
			"group-name": the(groupName),
			"vpc-id":     the(func(v SecurityGroup) string { return v.VPC }),
		},
		tags:  func(v SecurityGroup) map[string]string { return nameTags(v.Name) },
		least: 5, most: 1000,
	})
	if e != nil {
		return nil, e
	}
	out := describeSecurityGroupsResponse{RequestID: c.requestID, NextToken: next}
	for _, v := range list {
		out.Items = append(out.Items, groupItem{s.account, v.ID, v.Name, v.Name, v.VPC, tagItems(nameTags(v.Name))})
	}
	return out, nil
}

func typeName(v InstanceType) string { return v.Name }

func (s *Server) describeInstanceTypes(c *call) (any, *apiError) {
	list, next, e := describe(s, c, inventory[InstanceType]{
		list:  s.resources.InstanceTypes,
		byKey: []naming[InstanceType]{{"InstanceType", typeName, "InvalidInstanceType", "", ""}},
		facts: map[string]func(InstanceType) []string{
			"instance-type":                         the(typeName),
			"processor-info.supported-architecture": func(v InstanceType) []string { return v.Architectures },
		},
		least: 5, most: 100,
	})
	if e != nil {
		return nil, e
	}
	out := describeInstanceTypesResponse{RequestID: c.requestID, NextToken: next}
	for _, v := range list {
		item := instanceTypeItem{InstanceType: v.Name, Architectures: v.Architectures, DefaultVCPUs: v.VCPUs, SizeInMiB: v.MemoryMiB}
		if v.GPU {
			item.GPU = &gpuInfo{[]deviceItem{{1, "T4"}}}
		}
		if v.Neuron {
			item.Neuron = &devices{[]deviceItem{{1, "Inferentia2"}}}
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

func keyName(v KeyPair) string { return v.Name }
func keyID(v KeyPair) string   { return v.ID }

func (s *Server) describeKeyPairs(c *call) (any, *apiError) {
	list, _, e := describe(s, c, inventory[KeyPair]{
		list: s.resources.KeyPairs,
		byKey: []naming[KeyPair]{
			{"KeyName", keyName, "InvalidKeyPair.NotFound", "", ""},
			{"KeyPairId", keyID, "InvalidKeyPair.NotFound", "", ""},
		},
		facts: map[string]func(KeyPair) []string{"key-name": the(keyName), "key-pair-id": the(keyID)},
	})
	if e != nil {
		return nil, e
	}
	out := describeKeyPairsResponse{RequestID: c.requestID}
	for _, v := range list {
		out.Items = append(out.Items, keyItem{v.Name, v.ID, "rsa"})
	}
	return out, nil
}
