// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// standardAddons are those that every cluster has.
var standardAddons = []string{"cloud-controller-manager", "coredns", "csi-plugin", "csi-provisioner", "kube-proxy", "metrics-server"}

// addonVersion is that of every add-on here.
const addonVersion = "v1.12.3.1"

// addonsOf lists the add-ons that a new cluster gets; without a network plugin it gets
// Flannel.
func addonsOf(in *createClusterRequest) []addonRecord {
	var list []addonRecord
	plugin := false
	for _, a := range in.Addons {
		if !a.Disabled {
			list = append(list, addonRecord{a.Name, cmp.Or(a.Version, addonVersion), a.Config})
		}
		plugin = plugin || slices.Contains(plugins, a.Name)
	}
	names := standardAddons
	if !plugin {
		names = append(slices.Clone(names), "flannel")
	}
	for _, name := range names {
		if !slices.ContainsFunc(in.Addons, func(a addonRequest) bool { return a.Name == name }) {
			list = append(list, addonRecord{name: name, version: addonVersion})
		}
	}
	return list
}

// addon is the add-on of that name; nil if there is none.
func (rec *clusterRecord) addon(name string) *addonRecord {
	for i := range rec.addons {
		if rec.addons[i].name == name {
			return &rec.addons[i]
		}
	}
	return nil
}

// autoscalers are the add-ons that scale, by scaler_type.
var autoscalers = map[string]string{"cluster-autoscaler": "cluster-autoscaler", "goatscaler": "ack-goatscaler"}

func (rec *clusterRecord) installAutoscaler(kind string) {
	if rec.autoscaler == "" {
		rec.autoscaler = kind
	}
	if name := autoscalers[kind]; rec.addon(name) == nil {
		rec.addons = append(rec.addons, addonRecord{name: name, version: addonVersion})
	}
}

func (s *Server) listAddons(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	list := []addonItem{}
	for _, a := range rec.addons {
		list = append(list, addonItem{a.name, rec.addonState(), a.version})
	}
	return addonsResponse{list}, nil
}

func (rec *clusterRecord) addonState() string {
	if rec.live.State == profile.Creating {
		return "initial"
	}
	return "active"
}

func (s *Server) getAddon(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	a := rec.addon(c.labels["instance_name"])
	if a == nil {
		return nil, fail(http.StatusNotFound, "AddonNotFound", "addon %s not found", c.labels["instance_name"])
	}
	return addonObject{addonItem{a.name, rec.addonState(), a.version}, a.config}, nil
}

// createAutoscalingConfig makes or changes the autoscaler of a cluster.
func (s *Server) createAutoscalingConfig(c *call) (any, *apiError) {
	rec, e := s.running(c)
	if e != nil {
		return nil, e
	}
	var in autoscalingConfigRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in.ScalerType == "" {
		in.ScalerType = "cluster-autoscaler"
	}
	_, known := autoscalers[in.ScalerType]
	switch {
	case !known:
		return nil, invalid("ScalerType", "scaler_type %q is not valid", in.ScalerType)
	case in.Expander != "" && !slices.Contains([]string{"least-waste", "priority", "random"}, in.Expander):
		return nil, invalid("Expander", "expander %q is not valid", in.Expander)
	case !slices.Contains(s.resources.Roles, roleAutoscaler):
		return nil, roleMissing("ErrAutoScalerRoleNotAttach", roleAutoscaler)
	case rec.autoscaler != "" && s.assumptions.AutoscalerConfiguredOnce:
		return nil, invalid("AutoscalingConfig", "the autoscaler %s is configured already", rec.autoscaler)
	case rec.autoscaler != "" && rec.autoscaler != in.ScalerType:
		return nil, invalid("ScalerType", "scaler_type cannot be changed from %s to %s", rec.autoscaler, in.ScalerType)
	}
	t := s.newTask("cluster_autoscaling_config", targetCluster)
	if _, e := s.start(c, t, core.Work{ClusterID: rec.id, Took: s.scaled(10 * time.Second), Aside: true}, nil); e != nil {
		return nil, e
	}
	if c.Outcome.Fail == "" {
		rec.installAutoscaler(in.ScalerType)
	}
	s.enlist(c.Now, rec, t, rec.id)
	if s.assumptions.EmptyAnswers {
		return nil, nil
	}
	return clusterTaskResponse{rec.id, c.requestID, t.id}, nil
}

// The requests and answers about add-ons.
type (
	addonsResponse struct {
		Addons []addonItem `json:"addons"`
	}
	addonItem struct {
		Name    string `json:"name"`
		State   string `json:"state"`
		Version string `json:"version"`
	}
	addonObject struct {
		addonItem
		Config string `json:"config"`
	}
	autoscalingConfigRequest struct {
		ScalerType                 string              `json:"scaler_type"`
		Expander                   string              `json:"expander"`
		CoolDownDuration           string              `json:"cool_down_duration"`
		UnneededDuration           string              `json:"unneeded_duration"`
		UtilizationThreshold       string              `json:"utilization_threshold"`
		GPUUtilizationThreshold    string              `json:"gpu_utilization_threshold"`
		ScanInterval               string              `json:"scan_interval"`
		ScaleDownEnabled           *bool               `json:"scale_down_enabled"`
		DaemonsetEvictionForNodes  *bool               `json:"daemonset_eviction_for_nodes"`
		MaxGracefulTerminationSec  *int                `json:"max_graceful_termination_sec"`
		MinReplicaCount            *int                `json:"min_replica_count"`
		Priorities                 map[string][]string `json:"priorities"`
		RecycleNodeDeletionEnabled *bool               `json:"recycle_node_deletion_enabled"`
		ScaleUpFromZero            *bool               `json:"scale_up_from_zero"`
		SkipNodesWithLocalStorage  *bool               `json:"skip_nodes_with_local_storage"`
		SkipNodesWithSystemPods    *bool               `json:"skip_nodes_with_system_pods"`
	}
)
