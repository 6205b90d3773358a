// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The phases of an add-on.
const (
	addonInstalled = "Succeeded"
	addonBroken    = "UpgradFailed" // the vendor's spelling
)

// addonRecord is an add-on of a cluster; phase is empty for one that is as it should be.
type addonRecord struct{ name, version, phase, reason string }

// defaultAddons are those that each cluster has by itself.
var defaultAddons = []addonRecord{{name: "cbs", version: "1.1.9"}, {name: "ip-masq-agent", version: "1.1.3"}, {name: "monitoragent", version: "1.3.8"}}

type (
	describeAddonsRequest struct {
		ClusterID string `json:"ClusterId" need:"yes"`
		AddonName string `json:"AddonName"`
	}
	describeAddonsResponse struct {
		Addons []addonObject `json:"Addons"`
	}
	addonObject struct {
		AddonName    string `json:"AddonName"`
		AddonVersion string `json:"AddonVersion"`
		RawValues    string `json:"RawValues"`
		Phase        string `json:"Phase"`
		Reason       string `json:"Reason"`
		CreateTime   string `json:"CreateTime"`
	}
)

// describeAddons shows the add-ons of a cluster, or the one of a name.
func (s *Server) describeAddons(c *call, in *describeAddonsRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "ResourceNotFound")
	if e == nil {
		e = s.checkReadable(rec, rec.live, "ResourceUnavailable.ClusterState")
	}
	if e != nil {
		return nil, e
	}
	out := describeAddonsResponse{[]addonObject{}}
	for _, a := range rec.addons {
		if in.AddonName != "" && in.AddonName != a.name {
			continue
		}
		o := addonObject{a.name, a.version, "e30=", a.phase, a.reason, stamp(rec.live.Created)}
		switch {
		case a.phase != "":
		case rec.live.State == profile.Creating:
			o.Phase = "Installing"
		default:
			o.Phase = addonInstalled
		}
		out.Addons = append(out.Addons, o)
	}
	if in.AddonName != "" && len(out.Addons) == 0 {
		return nil, fail("ResourceNotFound", "the cluster %s has no addon %s", rec.id, in.AddonName)
	}
	return out, nil
}

// FailAddon lets an add-on of a cluster have failed, with a reason; empty heals it. One that
// the cluster does not have is installed.
func (s *Server) FailAddon(cluster, name, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rec.addons, func(a addonRecord) bool { return a.name == name })
	if i < 0 {
		i = len(rec.addons)
		rec.addons = append(rec.addons, addonRecord{name: name, version: "1.0.0"})
	}
	a := &rec.addons[i]
	if a.phase, a.reason = "", reason; reason != "" {
		a.phase = addonBroken
	}
	return nil
}
