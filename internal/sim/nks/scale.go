// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// typical is how long an operation takes that only NKS knows.
func (s *Server) typical(kind profile.Operation) time.Duration {
	d, given := s.options.Durations[kind]
	if !given {
		d = s.profile.Typical(kind)
	}
	return time.Duration(float64(d) * s.scale)
}

type resizeRequest struct {
	NodeCount     *int     `json:"node_count"`
	NodeGroup     string   `json:"nodegroup"`
	NodesToRemove []string `json:"nodes_to_remove"`
}

// resize sets the size of a group. The same size is accepted, and mends what has
// failed.
func (s *Server) resize(c *call) (*answer, *apiError) {
	var in resizeRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, e := s.current(c)
	switch {
	case e != nil:
		return nil, e
	case in.NodeCount == nil || in.NodeGroup == "":
		return nil, badRequest("Invalid input for field/attribute resize. Mandatory field missing.")
	case in.NodeGroup == defaultMaster || in.NodeGroup == rec.master:
		return nil, badRequest("Resizing a master nodegroup is not supported.")
	}
	g, own, e := rec.group(rec.live, in.NodeGroup)
	if e != nil {
		return nil, e
	}
	if e := s.checkIdle(rec, "Resizing a cluster", true); e != nil {
		return nil, e
	}
	if e := s.checkResize(in, g); e != nil {
		return nil, e
	}
	kind := "CLUSTER_RESIZE"
	if s.assume.ResizeEvents {
		kind = "NODEGROUP_SCALE_OUT"
		if *in.NodeCount < g.Desired {
			kind = "NODEGROUP_SCALE_IN"
		}
	}
	ev := s.newEvent(c, rec, kind, rawDetails(c.body))
	cmd := core.Scale{ClusterID: rec.live.ID, GroupID: g.ID, Desired: *in.NodeCount, Remove: in.NodesToRemove}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, own, ev, "UPDATE", func() { own.stopped = min(own.stopped, g.Desired) })); err != nil {
		return nil, s.refused(err)
	}
	// Which of the two it is about, no source says: the cluster's is answered, and the group is named.
	rec.note(ev.about(g.ID, g.Name))
	return &answer{http.StatusAccepted, uuidObject{rec.live.ID}}, nil
}

func (s *Server) checkResize(in resizeRequest, g *core.NodeGroup) *apiError {
	count, most := *in.NodeCount, s.profile.Limits.NodesPerGroup
	if g.Auto {
		return badRequest("The nodegroup %s cannot be resized while its autoscaler is enabled.", g.Name)
	}
	if count < 1 || count > most {
		return badRequest("The node_count %d is outside of the allowed range 1 to %d.", count, most)
	}
	if len(in.NodesToRemove) > max(0, g.Desired-count) {
		return badRequest("There are more nodes_to_remove than are to be removed.")
	}
	for i, id := range in.NodesToRemove {
		if !slices.ContainsFunc(g.Nodes, func(n pmks.IID) bool { return n.SystemId == id }) || slices.Contains(in.NodesToRemove[:i], id) {
			return badRequest("The node %.64s of nodes_to_remove is not in the nodegroup.", id)
		}
	}
	return nil
}

// getAutoscale shows the cluster autoscaler of a group.
func (s *Server) getAutoscale(c *call) (*answer, *apiError) {
	_, _, g, own, e := s.viewGroup(c)
	if e != nil {
		return nil, e
	}
	a := own.autoOf(g)
	out := a.members()
	if s.assume.TextAutoscale {
		out = a.texts()
	}
	out["clusterautoscale"] = "nodegroupfeature"
	if s.assume.AutoscaleImage {
		out["ca_image"] = autoscalerImage
	}
	return ok(out)
}

// autoscaleRequest has values of either type: the sample of the guide has truth
// values and numbers, and its table texts.
type autoscaleRequest struct {
	Enable    any `json:"ca_enable"`
	Replicas  any `json:"ca_pod_replicas"`
	Min       any `json:"ca_min_node_count"`
	Max       any `json:"ca_max_node_count"`
	ScaleDown any `json:"ca_scale_down_enable"`
	Unneeded  any `json:"ca_scale_down_unneeded_time"`
	Threshold any `json:"ca_scale_down_util_thresh"`
	Delay     any `json:"ca_scale_down_delay_after_add"`
	Image     any `json:"ca_image"`
}

// autoscalerImage is what the autoscaler is made from.
const autoscalerImage = "registry.example/cluster-autoscaler:v1.32.0"

// members are those that were given, as labels have them.
func (in autoscaleRequest) members() labels {
	l := labels{}
	for key, value := range map[string]any{
		"ca_enable": in.Enable, "ca_pod_replicas": in.Replicas, "ca_min_node_count": in.Min, "ca_max_node_count": in.Max, "ca_scale_down_enable": in.ScaleDown,
		"ca_scale_down_unneeded_time": in.Unneeded, "ca_scale_down_util_thresh": in.Threshold, "ca_scale_down_delay_after_add": in.Delay,
	} {
		switch value := value.(type) {
		case nil:
		case bool:
			l[key] = truthText(value)
		case float64:
			l[key] = strconv.FormatFloat(value, 'f', -1, 64)
		default:
			l[key] = value
		}
	}
	return l
}

// setAutoscale replaces the settings of the cluster autoscaler of a group.
func (s *Server) setAutoscale(c *call) (*answer, *apiError) {
	var in autoscaleRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	if in.Image != nil && (!s.assume.AutoscaleImage || in.Image != autoscalerImage) {
		return nil, badRequest("Unknown attribute: ca_image.")
	}
	rec, g, own, e := s.currentGroup(c)
	if e != nil {
		return nil, e
	}
	l, most := in.members(), s.profile.Limits.NodesPerGroup
	if e := l.check(false, []string{"ca_enable"}, s.assume, most); e != nil {
		return nil, e
	}
	a := defaultAutoscale(most)
	if s.assume.OmittedAutoscaleKept {
		a = own.autoOf(g)
	}
	a.merge(l)
	switch {
	case a.Min > a.Max:
		return nil, invalidGroup(g.Name, "ca_min_node_count", "it is more than ca_max_node_count")
	case a.Enable && own.mba:
		return nil, badRequest("The cluster autoscaler cannot be enabled while the metric-based autoscaler is.")
	case a.Enable && own.stopped > 0:
		return nil, badRequest("The cluster autoscaler cannot be enabled while nodes are stopped.")
	case (g.Desired < a.Min || g.Desired > a.Max) && a.Enable && !s.assume.SizeMayLeaveBounds:
		return nil, invalidGroup(g.Name, "node_count", "it is %d and must lie between %d and %d", g.Desired, a.Min, a.Max)
	}
	if e := s.checkIdle(rec, "Updating a nodegroup", s.assume.ChangesFromFailed); e != nil {
		return nil, e
	}
	ev := s.newEvent(c, rec, "NODEGROUP_SET_CLUSTER_AUTOSCALER", rawDetails(c.body))
	cmd := core.SetAutoScaling{ClusterID: rec.live.ID, GroupID: g.ID, On: a.Enable, Min: a.Min, Max: a.Max}
	if _, err := c.project.world.Apply(c.Now, cmd, s.outcome(c, rec, own, ev, "UPDATE", func() { own.auto = a })); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev.about(g.ID, g.Name))
	return s.accepted(g.ID), nil
}

// merge sets what labels say.
func (a *autoscaleObject) merge(l labels) {
	a.Enable, a.ScaleDown = l.truth("ca_enable", a.Enable), l.truth("ca_scale_down_enable", a.ScaleDown)
	a.Min, a.Max, a.Replicas = l.number("ca_min_node_count", a.Min), l.number("ca_max_node_count", a.Max), l.number("ca_pod_replicas", a.Replicas)
	a.Unneeded, a.Threshold = l.number("ca_scale_down_unneeded_time", a.Unneeded), l.number("ca_scale_down_util_thresh", a.Threshold)
	a.Delay = l.number("ca_scale_down_delay_after_add", a.Delay)
}
