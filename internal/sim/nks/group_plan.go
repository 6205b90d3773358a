// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"maps"
	"slices"
	"strconv"
)

// groupPlan is a node group that is to be made.
type groupPlan struct {
	name, flavor, image string
	count               int
	labels              labels
	// vpc and subnet are those of the cluster.
	vpc, subnet string
	auto        autoscaleObject
}

// planGroup refuses what NKS would refuse of a group, and fills in its defaults.
func (s *Server) planGroup(c *call, p groupPlan) (groupPlan, *apiError) {
	r, l, most := c.project.resources, p.labels, s.profile.Limits.NodesPerGroup
	flavor, known := r.flavor(p.flavor)
	if !known || flavor.Disabled {
		return p, missing("flavor", p.flavor)
	}
	image, known := r.image(p.image)
	size := l.number("boot_volume_size", 0)
	switch {
	case !known:
		return p, missing("image", p.image)
	case image.Inactive || !image.CPU && !image.GPU:
		return p, badRequest("The image %s cannot be used for NKS.", p.image)
	case image.Distro == "CentOS" || image.Distro == "Debian":
		return p, badRequest("The image %s cannot be used for new node groups.", p.image)
	case size < image.MinDisk:
		return p, badRequest("The boot_volume_size %d is smaller than the min_disk %d of the image.", size, image.MinDisk)
	case !slices.Contains(r.VolumeTypes, l.text("boot_volume_type")):
		return p, missing("volume type", l.text("boot_volume_type"))
	case !slices.Contains(r.Zones, l.text("availability_zone")):
		return p, missing("availability zone", l.text("availability_zone"))
	case p.count < 1 || p.count > most:
		return p, badRequest("The node_count %d is outside of the allowed range 1 to %d.", p.count, most)
	}
	if e := r.checkCards(l, p.subnet, p.vpc); e != nil {
		return p, e
	}
	p.auto = defaultAutoscale(most)
	p.auto.merge(l)
	if p.auto.Min > p.auto.Max || p.count < p.auto.Min || p.count > p.auto.Max {
		return p, badRequest("The node_count %d must lie between ca_min_node_count %d and ca_max_node_count %d.", p.count, p.auto.Min, p.auto.Max)
	}
	return p, nil
}

// newGroup is a group that is not in the world yet.
func (s *Server) newGroup(p groupPlan) *groupRecord {
	own := &groupRecord{
		number: s.Random.Next(), flavor: p.flavor, image: p.image, stack: s.Random.UUID(), labels: maps.Clone(p.labels), kind: "CREATE", auto: p.auto,
	}
	own.labels["node_image"] = p.image
	own.labels["clusterautoscale"] = "nodegroupfeature"
	return own
}

// autoscaleObject is the cluster autoscaler of a group.
type autoscaleObject struct {
	Enable, ScaleDown                              bool
	Replicas, Min, Max, Unneeded, Threshold, Delay int
}

func defaultAutoscale(most int) autoscaleObject {
	return autoscaleObject{ScaleDown: true, Replicas: 1, Min: 1, Max: max(1, most), Unneeded: 10, Threshold: 50, Delay: 10}
}

// members are what a GET shows, with the types that its sample has.
func (a autoscaleObject) members() map[string]any {
	return map[string]any{
		"ca_enable": a.Enable, "ca_pod_replicas": a.Replicas, "ca_min_node_count": a.Min, "ca_max_node_count": a.Max,
		"ca_scale_down_enable": a.ScaleDown, "ca_scale_down_unneeded_time": a.Unneeded, "ca_scale_down_util_thresh": a.Threshold,
		"ca_scale_down_delay_after_add": a.Delay,
	}
}

// texts are members as labels have them.
func (a autoscaleObject) texts() map[string]any {
	out := a.members()
	for key, value := range out {
		switch value := value.(type) {
		case bool:
			out[key] = truthText(value)
		case int:
			out[key] = strconv.Itoa(value)
		}
	}
	return out
}
