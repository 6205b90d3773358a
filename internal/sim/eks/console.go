// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Keys of core.Seed.Attr that Put understands: what consoles and other tools make.
const (
	// AttrAddons lists, with commas, the names of add-ons, each with "=" and its version
	// or without for DefaultAddonVersion.
	AttrAddons = "addons"
	// AttrAutoMode, with any value, makes a cluster with EKS Auto Mode on.
	AttrAutoMode = "autoMode"
	// AttrCustomTemplates lists, with commas, the node groups that have a launch
	// template of their owner with an image in it.
	AttrCustomTemplates = "customTemplates"
	// AttrFargateProfiles lists, with commas, the names of Fargate profiles.
	AttrFargateProfiles = "fargateProfiles"
	// AttrPrivate, with any value, makes a cluster with a private endpoint alone.
	AttrPrivate = "private"
	// AttrSelfManaged lists, with commas, Auto Scaling groups of nodes that joined the
	// cluster and are not managed by EKS. They have two nodes each.
	AttrSelfManaged = "selfManaged"
)

// Put adds a ready-made cluster, as if it had been made long ago. A network that
// is not given is that of the account's first VPC, with all of its subnets. The rules for
// labels, taints and zones do not hold for its node groups.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now, attr := s.Now(), seed.Attr
	uid := s.Random.UUID()
	seed.Attr = map[string]string{attrUID: uid}
	if seed.Network.VpcIID.IsZero() && len(s.resources.VPCs) > 0 {
		vpc := s.resources.VPCs[0].ID
		var subnets []string
		for _, subnet := range s.resources.Subnets {
			if subnet.VPC == vpc {
				subnets = append(subnets, subnet.ID)
			}
		}
		seed.Network = network(vpc, subnets, nil)
	}
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	private := attr[AttrPrivate] != ""
	in := createClusterRequest{
		RoleARN:            s.roleARN(&Role{Name: DefaultClusterRole}),
		ResourcesVpcConfig: &vpcConfigRequest{EndpointPublicAccess: new(!private), EndpointPrivateAccess: &private},
	}
	in.AccessConfig.AuthenticationMode = "API_AND_CONFIG_MAP"
	rec := s.newRecord(uid, in, live)
	rec.autoMode, rec.addons = attr[AttrAutoMode] != "", addonsOf(attr[AttrAddons])
	for _, name := range names(attr[AttrFargateProfiles]) {
		s.attachProfile(rec, name)
	}
	custom := names(attr[AttrCustomTemplates])
	for _, g := range live.Groups {
		s.seedGroup(now, rec, g, slices.Contains(custom, g.Name))
	}
	for _, name := range names(attr[AttrSelfManaged]) {
		s.selfManaged(now, rec, name)
	}
	return nil
}

// names splits a list with commas.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// seedGroup keeps what EKS knows of a ready-made node group; custom gives it a launch
// template with an image.
func (s *Server) seedGroup(now time.Time, rec *clusterRecord, g *core.NodeGroup, custom bool) {
	kind := cmp.Or(g.Spec.VMSpecName, "t3.medium")
	plan := nodegroupPlan{amiType: s.amiTypeOf(kind), instanceTypes: []string{kind}, diskSize: new(int32(20))}
	if custom {
		t := &launchTemplate{id: "lt-0" + s.Random.Text(16, simkit.LowerHex), name: "own-" + rec.name + "-" + g.Name, created: now}
		t.data = templateData{imageID: "ami-0" + s.Random.Text(16, simkit.LowerHex), instanceType: kind}
		s.templates = append(s.templates, t)
		plan = nodegroupPlan{amiType: customAMI, launchTemplate: &launchTemplateObject{t.id, t.name, "1"}}
	}
	in := &createNodegroupRequest{
		NodegroupName: g.Name, NodeRole: s.roleARN(&Role{Name: DefaultNodeRole}), Subnets: s.subnetsIn(rec, g.Spec.Zones), Labels: maps.Clone(g.Spec.Labels),
	}
	if g.Spec.Spot {
		in.CapacityType = "SPOT"
	}
	for _, t := range g.Spec.Taints {
		in.Taints = append(in.Taints, taintObject{t.Key, t.Value, effectTable[t.Effect]})
	}
	s.newGroup(now, rec, in, plan)
}

// effectTable holds EKS' words for the effects of taints.
var effectTable = map[pmks.TaintEffect]string{
	pmks.TaintNoExecute:        "NO_EXECUTE",
	pmks.TaintNoSchedule:       "NO_SCHEDULE",
	pmks.TaintPreferNoSchedule: "PREFER_NO_SCHEDULE",
}

// subnetsIn are the subnets of a cluster in these zones; none means all of them.
func (s *Server) subnetsIn(rec *clusterRecord, zones []string) (ids []string) {
	for _, id := range systemIDs(rec.live.Network.SubnetIIDs) {
		if subnet, _ := s.resources.subnet(id); len(zones) == 0 || slices.Contains(zones, subnet.Zone) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Server) amiTypeOf(instanceType string) string {
	if kind, ok := s.resources.instanceType(instanceType); ok && kind.Architectures[0] == archARM {
		return "AL2023_ARM_64_STANDARD"
	}
	return "AL2023_x86_64_STANDARD"
}

// selfManaged makes an Auto Scaling group whose nodes are in a cluster, and that is no
// node group.
func (s *Server) selfManaged(now time.Time, rec *clusterRecord, name string) {
	node := &core.NodeGroup{Name: name, State: profile.Active, Created: now, Desired: 2, Min: 1, Max: 3}
	for range node.Desired {
		node.Nodes = append(node.Nodes, pmks.IID{SystemId: "i-0" + s.Random.Text(16, simkit.LowerHex)})
	}
	own := &groupRecord{uid: s.Random.UUID(), name: name, asg: name, seq: s.Random.Next(), subnets: systemIDs(rec.live.Network.SubnetIIDs)}
	own.asgTags = map[string]asgTag{"Name": {value: name, propagate: true}, "kubernetes.io/cluster/" + rec.name: {value: "owned", propagate: true}}
	s.asgs.add(asg{rec: rec, own: own, unmanaged: node})
}
