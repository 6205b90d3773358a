// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// Tags that pmks keeps, the first two spelled as CB-Spider spells them on Tencent Cloud.
// Those of a cluster come down to its nodes, whose service takes neither # nor commas nor
// empty values: it would make no node any more.
const (
	tagPrefix         = "CB-SPIDER-PMKS-"
	tagSecurityGroups = tagPrefix + "SECURITYGROUP-ID"
	tagSubnets        = tagPrefix + "SUBNET-ID"
	tagRequest        = "pmks-request-id" // what only one request has
	tagSeparator      = ":"
)

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

// newFacts begins one with the vendor's word for a state.
func newFacts(status string) facts {
	const most = 8
	return append(make(facts, 0, most), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: status})
}

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

// sameIID is the identity of what has no name but its id.
func sameIID(id string) pmks.IID { return pmks.IID{NameId: id, SystemId: id} }

func sameIIDs(ids []string) []pmks.IID {
	var list []pmks.IID
	for _, id := range ids {
		list = append(list, sameIID(id))
	}
	return list
}

func clusterIID(c *tke.Cluster) pmks.IID {
	return pmks.IID{NameId: deref(c.ClusterName), SystemId: deref(c.ClusterId)}
}

// clusterTags are all tags of a cluster.
func clusterTags(c *tke.Cluster) []*tke.Tag {
	var tags []*tke.Tag
	for _, s := range withoutNil(c.TagSpecification) {
		tags = append(tags, withoutNil(s.Tags)...)
	}
	return tags
}

// tagOf is the value of a tag; "" where there is none of that key.
func tagOf(tags []*tke.Tag, key string) string {
	for _, t := range withoutNil(tags) {
		if deref(t.Key) == key {
			return deref(t.Value)
		}
	}
	return ""
}

// clusterInfo converts a cluster without its pools and its access.
func clusterInfo(c *tke.Cluster) pmks.ClusterInfo {
	m := clusterMeaning(deref(c.ClusterStatus))
	net := deref(c.ClusterNetworkSettings)
	info := pmks.ClusterInfo{
		IId: clusterIID(c), Version: deref(c.ClusterVersion), CreatedTime: stamp(c.CreatedTime),
		Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final, Access: pmks.Access{Mode: modeOf(c)},
	}
	if vpc := deref(net.VpcId); vpc != "" {
		info.Network.VpcIID = sameIID(vpc)
	}
	info.Network.SubnetIIDs, info.Network.SecurityGroupIIDs = sameIIDs(subnetsOf(c)), sameIIDs(securityGroupsOf(c))
	for _, t := range clusterTags(c) {
		if key := deref(t.Key); !isOwn(key) && !isReservedTag(key) {
			info.TagList = append(info.TagList, pmks.KeyValue{Key: key, Value: deref(t.Value)})
		}
	}
	slices.SortFunc(info.TagList, func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
	var property struct{ NetworkType string }
	_ = json.Unmarshal([]byte(deref(c.Property)), &property) // a text that is none says nothing
	list := newFacts(deref(c.ClusterStatus))
	list.add("ClusterLevel", deref(c.ClusterLevel))
	list.add("PodCIDR", deref(net.ClusterCIDR))
	list.add("ServiceCIDR", deref(net.ServiceCIDR))
	list.add("NetworkType", property.NetworkType)
	list.add("ContainerRuntime", deref(c.ContainerRuntime))
	if deref(c.DeletionProtection) {
		list.add("DeletionProtection", "true")
	}
	info.KeyValueList = list
	return info
}

// isOwn reports whether a tag is kept by pmks.
func isOwn(key string) bool { return strings.HasPrefix(key, tagPrefix) || key == tagRequest }

// marker matches what older drivers wrote into descriptions, and the form of the
// specification.
var marker = regexp.MustCompile(`[#@]CB-SPIDER:PMKS:(SECURITYGROUP|SUBNET):(?:ID:)?([A-Za-z0-9_-]+)`)

// marked are the ids of a kind that the description of a cluster holds.
func marked(c *tke.Cluster, kind string) []string {
	var ids []string
	for _, m := range marker.FindAllStringSubmatch(deref(c.ClusterDescription), -1) {
		if m[1] == kind && !slices.Contains(ids, m[2]) {
			ids = append(ids, m[2])
		}
	}
	return ids
}

func recorded(c *tke.Cluster, tag, kind string) []string {
	if text := tagOf(clusterTags(c), tag); text != "" {
		return slices.DeleteFunc(strings.Split(text, tagSeparator), func(id string) bool { return id == "" })
	}
	return marked(c, kind)
}

// securityGroupsOf and subnetsOf are those that were recorded: TKE keeps none.
func securityGroupsOf(c *tke.Cluster) []string {
	return recorded(c, tagSecurityGroups, "SECURITYGROUP")
}

func subnetsOf(c *tke.Cluster) []string { return recorded(c, tagSubnets, "SUBNET") }

// stamp is a time as the services write it; zero where there is none.
func stamp(text *string) time.Time {
	layout := time.RFC3339
	if t := deref(text); len(t) > len(time.DateOnly) && t[len(time.DateOnly)] == ' ' {
		layout = time.DateTime
	}
	at, err := time.Parse(layout, deref(text))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// server is an address of the API server as a URL: TKE writes a host, with a port or
// without, of an address or a name, and at times a URL.
func server(address *string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(deref(address)), "https://"), "/")
	if host == "" || strings.ContainsAny(host, "/ @?#") {
		return ""
	}
	return "https://" + strings.TrimSuffix(host, ":443")
}

func poolIID(p *tke.NodePool) pmks.IID {
	return pmks.IID{NameId: deref(p.Name), SystemId: deref(p.NodePoolId)}
}

// size is how many nodes a pool is to have; -1 where TKE does not tell.
func size(p *tke.NodePool) int {
	if p.DesiredNodesNum == nil {
		return -1
	}
	return int(*p.DesiredNodesNum)
}

// count is how many nodes a pool has; -1 where TKE does not tell.
func count(p *tke.NodePool) int {
	s := p.NodeCountSummary
	if s == nil || s.AutoscalingAdded == nil || s.AutoscalingAdded.Total == nil {
		return -1
	}
	n := int(*s.AutoscalingAdded.Total)
	if s.ManuallyAdded != nil {
		n += int(deref(s.ManuallyAdded.Total))
	}
	return n
}

// isAuto reports whether the autoscaler of the cluster moves the size of a pool, or is
// about to.
func isAuto(p *tke.NodePool) bool {
	word := strings.ToLower(deref(p.AutoscalingGroupStatus))
	return word == "enabled" || word == "enabling"
}

// isSwitching reports whether that is being changed.
func isSwitching(p *tke.NodePool) bool {
	word := strings.ToLower(deref(p.AutoscalingGroupStatus))
	return word == "enabling" || word == "disabling"
}

// bounds are those of a pool, or where TKE does not tell them those of a request that
// leaves them out.
func bounds(p *tke.NodePool) (minimum, maximum int) {
	if deref(p.MaxNodesNum) > 0 {
		return int(deref(p.MinNodesNum)), int(*p.MaxNodesNum)
	}
	g := capabilities.WithDefaultBounds(pmks.NodeGroupInfo{DesiredNodeSize: max(0, size(p))})
	return g.MinNodeSize, g.MaxNodeSize
}

// isUnbalanced reports whether nodes of a normal pool are missing, too many or not ready
// yet: the pool itself says nothing of it.
func isUnbalanced(p *tke.NodePool) bool {
	if strings.ToLower(deref(p.LifeState)) != stateNormal || p.NodeCountSummary == nil || p.NodeCountSummary.AutoscalingAdded == nil {
		return false
	}
	a := p.NodeCountSummary.AutoscalingAdded
	return deref(a.Joining)+deref(a.Initializing) > 0 || a.Total != nil && size(p) >= 0 && int(*a.Total) != size(p)
}

// poolRead is a pool with what other services tell of it.
type poolRead struct {
	pool    *tke.NodePool
	machine *as.LaunchConfiguration // nil where it is not known
	group   *as.AutoScalingGroup    // the same; read only where zones were asked for
	// last is the newest activity of the scaling group, read where nodes are missing;
	// lastErr is why it could not be.
	last    *as.Activity
	lastErr error
	// givenUp: it failed, and nothing is to come after it.
	givenUp bool
}

// meaning is what the state of a pool says together with that of its nodes.
func (r poolRead) meaning() ready.Meaning {
	m := poolMeaning(deref(r.pool.LifeState))
	switch {
	case m.Status != pmks.ClusterActive:
		return m
	case isUnbalanced(r.pool) && r.last != nil:
		if _, failed := taskState(deref(r.last.StatusCode)); failed {
			return ready.Meaning{Status: pmks.ClusterInactive, Final: r.givenUp, Reason: cmp.Or(activityText(r.last), "a scaling activity failed")}
		}
		return ready.Meaning{Status: pmks.ClusterUpdating}
	case isUnbalanced(r.pool), isSwitching(r.pool):
		return ready.Meaning{Status: pmks.ClusterUpdating}
	}
	return m
}

// activityText is what an activity says of how it ended.
func activityText(a *as.Activity) string {
	text := cmp.Or(deref(a.StatusMessage), deref(a.StatusMessageSimplified))
	for _, d := range withoutNil(a.DetailedStatusMessageSet) {
		if more := strings.TrimPrefix(deref(d.Code)+": ", ": ") + deref(d.Message); deref(d.Message) != "" && !strings.Contains(text, deref(d.Message)) {
			text = strings.TrimPrefix(text+"; "+more, "; ")
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// info converts a node pool without its nodes and their version.
func (r poolRead) info() pmks.NodeGroupInfo {
	p, m := r.pool, r.meaning()
	g := pmks.NodeGroupInfo{
		IId: poolIID(p), OnAutoScaling: isAuto(p), DesiredNodeSize: size(p),
		Status: m.NodeGroupStatus(), StatusReason: m.Reason, StatusFinal: m.Final,
	}
	g.MinNodeSize, g.MaxNodeSize = bounds(p)
	g.Labels, g.Taints, g.Spot, g.Zones = labelsOf(p), taintsOf(p), isSpot(r.machine), zonesOf(r.group)
	if image := cmp.Or(deref(p.ImageId), deref(p.NodePoolOs)); image != "" {
		g.ImageIID = pmks.IID{NameId: cmp.Or(deref(p.NodePoolOs), image), SystemId: image}
	}
	list := newFacts(deref(p.LifeState))
	list.add("ScalingGroup", deref(p.AutoscalingGroupId))
	list.add("LaunchConfiguration", deref(p.LaunchConfigurationId))
	list.add("AutoscalingGroupStatus", deref(p.AutoscalingGroupStatus))
	if deref(p.DeletionProtection) {
		list.add("DeletionProtection", "true")
	}
	if l := r.machine; l != nil {
		types := texts(l.InstanceTypes)
		g.VMSpecName = deref(l.InstanceType)
		if g.VMSpecName == "" && len(types) > 0 {
			g.VMSpecName = types[0]
		}
		if d := l.SystemDisk; d != nil {
			g.RootDiskType = deref(d.DiskType)
			if n := deref(d.DiskSize); n > 0 {
				g.RootDiskSize = strconv.FormatUint(n, 10)
			}
		}
		if l.LoginSettings != nil {
			if keys := texts(l.LoginSettings.KeyIds); len(keys) > 0 {
				g.KeyPairIID = sameIID(keys[0])
			}
		}
		list.add("SecurityGroups", strings.Join(texts(l.SecurityGroupIds), ","))
	}
	g.KeyValueList = list
	if g.DesiredNodeSize < 0 {
		g.DesiredNodeSize = 0
		g.KeyValueList = pmks.AddUnread(list, "DesiredNodeSize", errs.LostAnswer(vendor, "size of the node pool"))
	}
	g.KeyValueList = pmks.AddUnread(g.KeyValueList, "StatusReason", r.lastErr)
	return g
}
