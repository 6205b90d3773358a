// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// Tags that pmks keeps, spelled as CB-Spider spells them on Alibaba Cloud.
const (
	tagPrefix        = "CB-SPIDER:PMKS:"
	tagCluster       = tagPrefix + "CLUSTER"
	tagNodeGroup     = tagPrefix + "NODEGROUP"
	tagRequest       = tagPrefix + "REQUEST"        // what only one request has
	tagBounds        = tagPrefix + "MINMAX"         // while autoscaling is off
	tagVersion       = tagPrefix + "VERSION"        // that a pool was made with
	tagZones         = tagPrefix + "ZONES"          // of a pool whose zones were chosen
	tagSecurityGroup = tagPrefix + "SECURITYGROUP:" // and an id; the value is its place
	owned            = "owned"
)

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

func (f *facts) addNumber(key string, n *int64) {
	if n != nil {
		f.add(key, strconv.FormatInt(*n, 10))
	}
}

// sameIID is the identity of what has no name but its id.
func sameIID(id string) pmks.IID {
	return pmks.IID{NameId: id, SystemId: id}
}

func clusterIID(c *cluster) pmks.IID {
	return pmks.IID{NameId: tea.StringValue(c.Name), SystemId: tea.StringValue(c.ClusterId)}
}

// clusterVersion is the version of the control plane; while it is made, the one that it
// will have.
func clusterVersion(c *cluster) string {
	return cmp.Or(tea.StringValue(c.CurrentVersion), tea.StringValue(c.InitVersion))
}

// clusterInfo converts a cluster without its pools and without a kubeconfig.
func clusterInfo(c *cluster) pmks.ClusterInfo {
	m := clusterMeaning(tea.StringValue(c.State))
	info := pmks.ClusterInfo{
		IId: clusterIID(c), Version: clusterVersion(c), Network: networkInfo(c), CreatedTime: stamp(c.Created),
		Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
	}
	for _, t := range withoutNil(c.Tags) {
		if key := tea.StringValue(t.Key); !isOwn(key) {
			info.TagList = append(info.TagList, pmks.KeyValue{Key: key, Value: tea.StringValue(t.Value)})
		}
	}
	slices.SortFunc(info.TagList, func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
	list := facts{{Key: pmks.KeyNativeStatus, Value: tea.StringValue(c.State)}}
	list.add("ClusterSpec", tea.StringValue(c.ClusterSpec))
	list.add("PodCIDR", tea.StringValue(c.ContainerCidr))
	list.add("ServiceCIDR", tea.StringValue(c.ServiceCidr))
	list.add("NextVersion", tea.StringValue(c.NextVersion))
	list.add("Region", tea.StringValue(c.RegionId))
	list.add("ResourceGroup", tea.StringValue(c.ResourceGroupId))
	if tea.BoolValue(c.DeletionProtection) {
		list.add("DeletionProtection", "true")
	}
	var scope string
	if info.AccessInfo.Endpoint, scope = server(c); scope != "" {
		list.add("EndpointScope", scope)
	}
	info.Access = accessOf(c)
	info.KeyValueList = list
	return info
}

// isOwn reports whether a tag is kept by pmks or the vendor.
func isOwn(key string) bool {
	return strings.HasPrefix(strings.TrimPrefix(key, "#"), tagPrefix) || strings.HasPrefix(key, "ack.") || isReserved(strings.ToLower(key))
}

func networkInfo(c *cluster) pmks.NetworkInfo {
	var n pmks.NetworkInfo
	if vpc := tea.StringValue(c.VpcId); vpc != "" {
		n.VpcIID = sameIID(vpc)
	}
	for _, id := range vswitches(c) {
		n.SubnetIIDs = append(n.SubnetIIDs, sameIID(id))
	}
	for _, id := range securityGroups(c) {
		n.SecurityGroupIIDs = append(n.SecurityGroupIIDs, sameIID(id))
	}
	return n
}

// vswitches are those of a cluster; older answers have them in one text.
func vswitches(c *cluster) []string {
	list := tea.StringSliceValue(withoutNil(c.VswitchIds))
	if len(list) == 0 && tea.StringValue(c.VswitchId) != "" {
		list = strings.Split(*c.VswitchId, ",")
	}
	return list
}

// securityGroups are the one that ACK keeps, and those of our tags in their order.
func securityGroups(c *cluster) []string {
	list := []string{}
	if id := tea.StringValue(c.SecurityGroupId); id != "" {
		list = append(list, id)
	}
	type placed struct {
		place int
		id    string
	}
	var more []placed
	for _, t := range withoutNil(c.Tags) {
		if id, ok := strings.CutPrefix(strings.TrimPrefix(tea.StringValue(t.Key), "#"), tagSecurityGroup); ok && !slices.Contains(list, id) {
			place, _ := strconv.Atoi(tea.StringValue(t.Value))
			more = append(more, placed{place, id})
		}
	}
	slices.SortFunc(more, func(a, b placed) int { return cmp.Or(a.place-b.place, strings.Compare(a.id, b.id)) })
	for _, m := range more {
		list = append(list, m.id)
	}
	return list
}

// stamp is a time as the vendor writes it; zero where there is none.
func stamp(text *string) time.Time {
	at, err := time.Parse(time.RFC3339, tea.StringValue(text))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// servers are the addresses of the API server; each is empty where there is none, or not
// yet. They are JSON in a text, which may be masked.
func servers(c *cluster) (public, private string) {
	var urls struct {
		Public  string `json:"api_server_endpoint"`
		Private string `json:"intranet_api_server_endpoint"`
	}
	if json.Unmarshal([]byte(tea.StringValue(c.MasterUrl)), &urls) != nil {
		return "", ""
	}
	for _, u := range []*string{&urls.Public, &urls.Private} {
		if !strings.HasPrefix(*u, "https://") {
			*u = ""
		}
	}
	return urls.Public, urls.Private
}

// server is the address of the API server that is meant for a caller, and its scope:
// "private" where it is to be reached from the VPC alone.
func server(c *cluster) (url, scope string) {
	public, private := servers(c)
	if public == "" && private != "" {
		return private, "private"
	}
	return public, ""
}

// accessOf says from where the API server can be reached. The private address is always
// there, and tells by itself that there is no public one; without any ACK says nothing.
func accessOf(c *cluster) pmks.Access {
	a := pmks.Access{}
	switch a.PublicEndpoint, a.PrivateEndpoint = servers(c); {
	case a.PublicEndpoint != "":
		a.Mode = pmks.AccessPublicAndPrivate
	case a.PrivateEndpoint != "":
		a.Mode = pmks.AccessPrivate
	}
	return a
}

func poolID(p *pool) string {
	if p.NodepoolInfo == nil {
		return ""
	}
	return tea.StringValue(p.NodepoolInfo.NodepoolId)
}

func poolName(p *pool) string {
	if p.NodepoolInfo == nil {
		return ""
	}
	return tea.StringValue(p.NodepoolInfo.Name)
}

func poolState(p *pool) string {
	if p.Status == nil {
		return ""
	}
	return tea.StringValue(p.Status.State)
}

func poolIID(p *pool) pmks.IID { return pmks.IID{NameId: poolName(p), SystemId: poolID(p)} }

// size is how many nodes a pool is to have: what ACK was told, or else how many there
// are; -1 where it tells neither.
func size(p *pool) int {
	if p.ScalingGroup != nil && p.ScalingGroup.DesiredSize != nil {
		return int(*p.ScalingGroup.DesiredSize)
	}
	return count(p)
}

// count is how many nodes a pool has; -1 where ACK does not tell.
func count(p *pool) int {
	if p.Status != nil && p.Status.TotalNodes != nil {
		return int(*p.Status.TotalNodes)
	}
	return -1
}

func isAuto(p *pool) bool { return p.AutoScaling != nil && tea.BoolValue(p.AutoScaling.Enable) }

// poolTag is a tag of a pool; "" where it has none of that key.
func poolTag(p *pool, key string) string {
	if p.ScalingGroup == nil {
		return ""
	}
	for _, t := range withoutNil(p.ScalingGroup.Tags) {
		if strings.TrimPrefix(tea.StringValue(t.Key), "#") == key {
			return tea.StringValue(t.Value)
		}
	}
	return ""
}

// recordedBounds are those of our tag, which count while autoscaling is off: ACK forgets
// its own then.
func recordedBounds(p *pool) (minimum, maximum int, ok bool) {
	a, b, _ := strings.Cut(poolTag(p, tagBounds), "-")
	minimum, err1 := strconv.Atoi(a)
	maximum, err2 := strconv.Atoi(b)
	return minimum, maximum, err1 == nil && err2 == nil && minimum >= 0 && maximum >= max(1, minimum)
}

func boundsText(minimum, maximum int) string {
	return strconv.Itoa(minimum) + "-" + strconv.Itoa(maximum)
}

// bounds are those of the autoscaler, or while it is off the recorded ones, or else those
// of a request that leaves them out.
func bounds(p *pool) (minimum, maximum int) {
	if isAuto(p) && p.AutoScaling.MaxInstances != nil && *p.AutoScaling.MaxInstances > 0 {
		return int(tea.Int64Value(p.AutoScaling.MinInstances)), int(*p.AutoScaling.MaxInstances)
	}
	if minimum, maximum, ok := recordedBounds(p); ok {
		return minimum, maximum
	}
	g := capabilities.WithDefaultBounds(pmks.NodeGroupInfo{DesiredNodeSize: max(0, size(p))})
	return g.MinNodeSize, g.MaxNodeSize
}

// poolInfo converts a node pool without its nodes.
func poolInfo(p *pool, version string) pmks.NodeGroupInfo {
	m := poolMeaning(poolState(p))
	info := pmks.NodeGroupInfo{
		IId: poolIID(p), OnAutoScaling: isAuto(p), DesiredNodeSize: size(p), Version: version,
		Status: m.NodeGroupStatus(), StatusReason: m.Reason, StatusFinal: m.Final,
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p)
	addNodes(&info, p)
	list := facts{{Key: pmks.KeyNativeStatus, Value: poolState(p)}}
	if g := p.ScalingGroup; g != nil {
		addMachines(&info, &list, g)
	}
	if p.NodepoolInfo != nil && tea.BoolValue(p.NodepoolInfo.IsDefault) {
		list.add("Default", "true")
	}
	if s := p.Status; s != nil {
		list.addNumber("HealthyNodes", s.HealthyNodes)
		list.addNumber("FailedNodes", s.FailedNodes)
		list.addNumber("OfflineNodes", s.OfflineNodes)
		if tea.Int64Value(s.FailedNodes) > 0 || tea.Int64Value(s.OfflineNodes) > 0 {
			list.add("Degraded", "true")
		}
	}
	info.KeyValueList = list
	if info.DesiredNodeSize < 0 {
		info.DesiredNodeSize = 0
		info.KeyValueList = pmks.AddUnread(list, "DesiredNodeSize", errs.LostAnswer(vendor, "size of the node pool"))
	}
	return info
}

// addMachines adds what the machines of a pool are.
func addMachines(info *pmks.NodeGroupInfo, list *facts, g *cs.DescribeClusterNodePoolsResponseBodyNodepoolsScalingGroup) {
	if image := cmp.Or(tea.StringValue(g.ImageType), tea.StringValue(g.ImageId)); image != "" {
		info.ImageIID = sameIID(image)
	}
	if types := tea.StringSliceValue(withoutNil(g.InstanceTypes)); len(types) > 0 {
		info.VMSpecName = types[0]
		list.add("MoreInstanceTypes", strings.Join(types[1:], ","))
	}
	info.RootDiskType = tea.StringValue(g.SystemDiskCategory)
	if categories := withoutNil(g.SystemDiskCategories); info.RootDiskType == "" && len(categories) > 0 {
		info.RootDiskType = *categories[0]
	}
	if n := tea.Int64Value(g.SystemDiskSize); n > 0 {
		info.RootDiskSize = strconv.FormatInt(n, 10)
	}
	if key := tea.StringValue(g.KeyPair); key != "" {
		info.KeyPairIID = sameIID(key)
	}
	list.add("ScalingGroup", tea.StringValue(g.ScalingGroupId))
	if strategy := tea.StringValue(g.SpotStrategy); strategy != spotNone {
		list.add("SpotStrategy", strategy)
	}
	list.add("ImageId", tea.StringValue(g.ImageId))
}
