// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/json"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// resourcesOf lists what belongs to a cluster.
func (s *Server) resourcesOf(rec *clusterRecord) []resourceObject {
	var list []resourceObject
	add := func(kind, id string, made, deleted bool) {
		info, _ := json.Marshal(map[string]string{"name": id}) // texts only
		o := resourceObject{
			ClusterID: rec.id, Created: stamp(rec.live.Created), InstanceID: id, ResourceInfo: string(info), ResourceType: kind,
			State: "CREATE_COMPLETE", CreatorType: "user", Dependencies: []resourceDependency{},
		}
		if made {
			o.AutoCreate, o.CreatorType = 1, "system"
		}
		if rec.live.State == profile.DeleteFailed && kind == "SecurityGroup" {
			o.State = "DELETE_FAILED"
		}
		o.DeleteBehavior = deleteBehavior{DeleteByDefault: deleted, Changeable: kind == "SLS"}
		list = append(list, o)
	}
	add("SecurityGroup", rec.securityGroup, rec.ownSecurityGroup, rec.ownSecurityGroup)
	add("SLB", rec.balancer, true, true)
	if rec.nat != "" {
		add("NatGateway", rec.nat, true, true)
		add("EIP", "eip-"+rec.nat[len("ngw-"):], true, true)
	}
	add("RAMRole", rec.workerRole, true, true)
	add("SLS", "k8s-log-"+rec.id, true, false)
	for _, g := range rec.live.Groups {
		add("ScalingGroup", rec.pools[g.ID].group, true, true)
	}
	return list
}

func (s *Server) describeResources(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	if _, e := c.truth("with_addon_resources"); e != nil {
		return nil, e
	}
	return s.resourcesOf(rec), nil
}

// describeProtection lists what of Kubernetes is protected from deletion.
func (s *Server) describeProtection(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	kind := c.labels["resource_type"]
	if kind != "services" && kind != "namespaces" {
		return nil, invalid("ResourceType", "the resource type %q is not valid", kind)
	}
	if c.query.Get("resources") != "" || c.query.Get("namespace") != "" {
		return nil, notSimulated("DescribeResourcesDeleteProtection of single resources")
	}
	list := []protectedResource{}
	for _, r := range rec.protectedResources {
		if r.Resource == kind {
			list = append(list, r)
		}
	}
	return list, nil
}

// The answers about what belongs to a cluster.
type (
	resourceObject struct {
		ClusterID        string               `json:"cluster_id"`
		Created          string               `json:"created"`
		InstanceID       string               `json:"instance_id"`
		ResourceInfo     string               `json:"resource_info"`
		ResourceType     string               `json:"resource_type"`
		State            string               `json:"state"`
		AutoCreate       int                  `json:"auto_create"`
		Dependencies     []resourceDependency `json:"dependencies"`
		AssociatedObject associatedObject     `json:"associated_object"`
		DeleteBehavior   deleteBehavior       `json:"delete_behavior"`
		CreatorType      string               `json:"creator_type"`
	}
	resourceDependency struct {
		ClusterID    string `json:"cluster_id"`
		ResourceType string `json:"resource_type"`
		InstanceID   string `json:"instance_id"`
	}
	associatedObject struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	}
	deleteBehavior struct {
		DeleteByDefault bool `json:"delete_by_default"`
		Changeable      bool `json:"changeable"`
	}
	protectedResource struct {
		Name       string `json:"name"`
		Namespace  string `json:"namespace"`
		Resource   string `json:"resource"`
		Protection bool   `json:"protection"`
	}
)
