// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/xml"
	"hash/fnv"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// asgTag is a tag of an Auto Scaling group.
type asgTag struct {
	value     string
	propagate bool
}

const asgType = "auto-scaling-group"

type (
	asgObject struct {
		Name              string        `xml:"AutoScalingGroupName"`
		ARN               string        `xml:"AutoScalingGroupARN"`
		MinSize           int           `xml:"MinSize"`
		MaxSize           int           `xml:"MaxSize"`
		DesiredCapacity   int           `xml:"DesiredCapacity"`
		DefaultCooldown   int           `xml:"DefaultCooldown"`
		AvailabilityZones []string      `xml:"AvailabilityZones>member"`
		HealthCheckType   string        `xml:"HealthCheckType"`
		CreatedTime       string        `xml:"CreatedTime"`
		VPCZoneIdentifier string        `xml:"VPCZoneIdentifier"`
		Instances         []asgInstance `xml:"Instances>member"`
		Tags              []asgTagItem  `xml:"Tags>member"`
	}
	asgInstance struct {
		InstanceID           string `xml:"InstanceId"`
		AvailabilityZone     string
		LifecycleState       string
		HealthStatus         string
		ProtectedFromScaleIn bool
	}
	asgTagItem struct {
		ResourceID        string `xml:"ResourceId"`
		ResourceType      string
		Key               string
		Value             string
		PropagateAtLaunch bool
	}
	describeASGResponse struct {
		XMLName   xml.Name    `xml:"http://autoscaling.amazonaws.com/doc/2011-01-01/ DescribeAutoScalingGroupsResponse"`
		Groups    []asgObject `xml:"DescribeAutoScalingGroupsResult>AutoScalingGroups>member"`
		NextToken string      `xml:"DescribeAutoScalingGroupsResult>NextToken,omitempty"`
		metadata
	}
	// The SDK wants the Result element even when the list is empty.
	emptyASGResponse struct {
		XMLName xml.Name `xml:"http://autoscaling.amazonaws.com/doc/2011-01-01/ DescribeAutoScalingGroupsResponse"`
		Groups  string   `xml:"DescribeAutoScalingGroupsResult>AutoScalingGroups"`
		metadata
	}
	createTagsResponse struct {
		XMLName xml.Name `xml:"http://autoscaling.amazonaws.com/doc/2011-01-01/ CreateOrUpdateTagsResponse"`
		metadata
	}
	deleteTagsResponse struct {
		XMLName xml.Name `xml:"http://autoscaling.amazonaws.com/doc/2011-01-01/ DeleteTagsResponse"`
		metadata
	}
)

func (s *Server) asgObject(a asg) asgObject {
	group := a.group()
	o := asgObject{
		Name:              a.own.asg,
		ARN:               s.arn("autoscaling", true, "autoScalingGroup:%s:autoScalingGroupName/%s", a.own.uid, a.own.asg),
		MinSize:           group.Min,
		MaxSize:           group.Max,
		DesiredCapacity:   group.Desired,
		DefaultCooldown:   300,
		HealthCheckType:   "EC2",
		CreatedTime:       iso(group.Created),
		VPCZoneIdentifier: strings.Join(a.own.subnets, ","),
	}
	for _, id := range a.own.subnets {
		if subnet, ok := s.resources.subnet(id); ok && !slices.Contains(o.AvailabilityZones, subnet.Zone) {
			o.AvailabilityZones = append(o.AvailabilityZones, subnet.Zone)
		}
	}
	life := "InService"
	if group.State == profile.Deleting {
		// EKS sets the group to nothing and drains it.
		o.MinSize, o.MaxSize, o.DesiredCapacity = 0, 0, 0
		life = "Terminating:Wait"
	}
	for _, node := range group.Nodes {
		o.Instances = append(o.Instances, asgInstance{
			InstanceID: node.SystemId, AvailabilityZone: zoneOf(node.SystemId, o.AvailabilityZones), LifecycleState: life, HealthStatus: "Healthy",
		})
	}
	for _, key := range slices.Sorted(maps.Keys(a.own.asgTags)) {
		tag := a.own.asgTags[key]
		o.Tags = append(o.Tags, asgTagItem{a.own.asg, asgType, key, tag.value, tag.propagate})
	}
	return o
}

// zoneOf puts an instance into a zone, always the same.
func zoneOf(id string, zones []string) string {
	if len(zones) == 0 {
		return ""
	}
	h := fnv.New32a()
	h.Write([]byte(id))
	return zones[h.Sum32()%uint32(len(zones))]
}

func validation(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "ValidationError", format, args...)
}

func (s *Server) describeAutoScalingGroups(c *call) (any, *apiError) {
	f := c.form
	names := f.list("AutoScalingGroupNames.member")
	filters := f.filters("Filters.member", "Values.member", "tag-key", "tag-value", "tag:")
	limit := f.number("MaxRecords", 1, 100, 50)
	token := f.text("NextToken")
	withInstances := f.boolean("IncludeInstances", true)
	if e := f.done(); e != nil {
		return nil, e
	}
	if len(names) > limit {
		return nil, validation("The number of group names, %d, is above the number of records asked for, %d", len(names), limit)
	}
	chosen := func(seq uint64) iter.Seq[asg] {
		return func(yield func(asg) bool) {
			for a := range s.asgs.choose(names, seq) {
				if all(filters, a.fact) && !yield(a) {
					return
				}
			}
		}
	}
	list, next, ok := simkit.PageOf(s.Kit, &c.Exchange, "DescribeAutoScalingGroups", token, s.onPage(limit), chosen, func(a asg) uint64 { return a.own.seq })
	if !ok {
		return nil, fail(http.StatusBadRequest, "InvalidNextToken", "The NextToken value is not valid.")
	}
	if len(list) == 0 {
		return emptyASGResponse{metadata: metadata{c.requestID}}, nil
	}
	out := describeASGResponse{NextToken: next, metadata: metadata{c.requestID}}
	for _, a := range list {
		o := s.asgObject(a)
		if !withInstances {
			o.Instances = nil
		}
		out.Groups = append(out.Groups, o)
	}
	return out, nil
}

func (a asg) fact(name string) []string {
	var facts []string
	for key, tag := range a.own.asgTags {
		switch name {
		case "tag-key":
			facts = append(facts, key)
		case "tag-value":
			facts = append(facts, tag.value)
		case "tag:" + key:
			return []string{tag.value}
		}
	}
	return facts
}

// tagChange is one tag of a request, with the group that it is for.
type tagChange struct {
	group asg
	key   string
	asgTag
}

// tagChanges reads a list of tags and checks it whole, so that either every
// change is made or none.
func (s *Server) tagChanges(c *call) ([]tagChange, *apiError) {
	f := c.form
	var changes []tagChange
	for _, item := range f.items("Tags.member") {
		key, id := f.required(item+".Key"), f.required(item+".ResourceId")
		value := f.text(item + ".Value")
		propagate := f.boolean(item+".PropagateAtLaunch", false)
		if kind := f.text(item + ".ResourceType"); kind != asgType {
			f.refuse(f.bad, "The resource type %q is not valid", kind)
		}
		if utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256 || strings.HasPrefix(key, "aws:") {
			f.refuse(f.bad, "The tag %q is not valid", key)
		}
		group, ok := s.asgs.named(id)
		if !ok {
			f.refuse(f.bad, "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", id)
		}
		changes = append(changes, tagChange{group, key, asgTag{value, propagate}})
	}
	if len(changes) == 0 {
		f.refuse(f.missing, "The request must contain the parameter Tags")
	}
	return changes, f.done()
}

func (s *Server) createOrUpdateTags(c *call) (any, *apiError) {
	changes, e := s.tagChanges(c)
	if e != nil {
		return nil, e
	}
	for _, change := range changes {
		change.group.own.asgTags[change.key] = change.asgTag
	}
	return createTagsResponse{metadata: metadata{c.requestID}}, nil
}

func (s *Server) deleteTags(c *call) (any, *apiError) {
	changes, e := s.tagChanges(c)
	if e != nil {
		return nil, e
	}
	for _, change := range changes {
		delete(change.group.own.asgTags, change.key)
	}
	return deleteTagsResponse{metadata: metadata{c.requestID}}, nil
}
