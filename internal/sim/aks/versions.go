// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

// The support plans of versions.
const (
	planOfficial = "KubernetesOfficial"
	planLTS      = "AKSLongTermSupport"
)

// Versions that are listed beside those of the profile: one that only a Premium
// cluster with long-term support may have, and a preview.
const (
	LTSVersion     = "1.31.13"
	PreviewVersion = "1.37.0"
)

// offer adds those versions to what is on offer.
func offer(versions []pmks.Version) []pmks.Version {
	return slices.Concat([]pmks.Version{{Name: PreviewVersion}}, versions, []pmks.Version{{Name: LTSVersion, Deprecated: true}})
}

func minorOf(version string) string {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return version
	}
	return parts[0] + "." + parts[1]
}

// resolveVersion returns the full version that stands for what was asked for:
// nothing is the default, a minor its newest patch. What cannot be resolved is
// returned as it is.
func (s *Server) resolveVersion(asked string) string {
	if asked == "" {
		return s.world.Profile().Default()
	}
	if strings.Count(asked, ".") != 1 {
		return asked
	}
	best := asked
	for _, name := range s.world.Profile().OfferedNames() {
		if minorOf(name) == asked && (best == asked || newer(name, best)) {
			best = name
		}
	}
	return best
}

// checkVersion refuses a version that is not on offer, and one that is for
// long-term support only.
func (s *Server) checkVersion(asked, resolved string, lts bool, code string) *apiError {
	offered := s.world.Profile().OfferedNames()
	switch {
	case !slices.Contains(offered, resolved):
		return fail(http.StatusBadRequest, code, "Version %.64s is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region. "+
			"For more information, please check https://aka.ms/supported-version-list", asked).at("kubernetesVersion")
	case resolved == LTSVersion && !lts:
		return fail(http.StatusBadRequest, code, "Managed cluster is on version %s, which is only available for Long-Term Support (LTS). "+
			"If you intend to onboard to LTS, please ensure the cluster is in Premium tier and LTS support plan.", resolved).at("kubernetesVersion")
	}
	return nil
}

// upgradesFrom lists where one upgrade can lead, oldest first.
func (s *Server) upgradesFrom(version string) []string {
	from, err := kver.Parse(version)
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range slices.Backward(s.world.Profile().OfferedNames()) {
		to, err := kver.Parse(name)
		if err == nil && to.Compare(from) > 0 && from.MinorDistance(to) <= 1 {
			names = append(names, name)
		}
	}
	return names
}

// The answers about versions.
type (
	versionsObject struct {
		Values []versionObject `json:"values"`
	}
	versionObject struct {
		Version      string `json:"version"`
		IsDefault    *bool  `json:"isDefault,omitempty"`
		IsPreview    *bool  `json:"isPreview,omitempty"`
		Capabilities struct {
			SupportPlan []string `json:"supportPlan"`
		} `json:"capabilities"`
		PatchVersions map[string]patchObject `json:"patchVersions"`
	}
	patchObject struct {
		Upgrades []string `json:"upgrades"`
	}

	upgradeProfileObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Type       string `json:"type"`
		Properties struct {
			ControlPlaneProfile upgradeObject   `json:"controlPlaneProfile"`
			AgentPoolProfiles   []upgradeObject `json:"agentPoolProfiles"`
		} `json:"properties"`
	}
	upgradeObject struct {
		KubernetesVersion string          `json:"kubernetesVersion"`
		Name              string          `json:"name,omitempty"`
		OSType            string          `json:"osType"`
		Upgrades          []upgradeTarget `json:"upgrades,omitempty"`
	}
	upgradeTarget struct {
		KubernetesVersion string `json:"kubernetesVersion"`
		IsPreview         *bool  `json:"isPreview,omitempty"`
	}

	poolUpgradeObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Type       string `json:"type"`
		Properties struct {
			KubernetesVersion      string          `json:"kubernetesVersion"`
			OSType                 string          `json:"osType"`
			Upgrades               []upgradeTarget `json:"upgrades,omitempty"`
			LatestNodeImageVersion string          `json:"latestNodeImageVersion"`
		} `json:"properties"`
	}

	poolVersionsObject struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Type       string `json:"type"`
		Properties struct {
			AgentPoolVersions []poolVersion `json:"agentPoolVersions"`
		} `json:"properties"`
	}
	poolVersion struct {
		Default           *bool  `json:"default,omitempty"`
		IsPreview         *bool  `json:"isPreview,omitempty"`
		KubernetesVersion string `json:"kubernetesVersion"`
	}
)

// listVersions lists minors with their patches, in no order that means anything.
func (s *Server) listVersions(*call) (*answer, *apiError) {
	out := versionsObject{}
	for _, name := range slices.Backward(s.world.Profile().OfferedNames()) {
		minor := minorOf(name)
		i := slices.IndexFunc(out.Values, func(v versionObject) bool { return v.Version == minor })
		if i < 0 {
			v := versionObject{Version: minor, PatchVersions: map[string]patchObject{}}
			v.Capabilities.SupportPlan = []string{planOfficial, planLTS}
			switch minor {
			case minorOf(LTSVersion):
				v.Capabilities.SupportPlan = []string{planLTS}
			case minorOf(PreviewVersion):
				v.IsPreview = new(true)
			case minorOf(s.world.Profile().Default()):
				v.IsDefault = new(true)
			}
			out.Values = append(out.Values, v)
			i = len(out.Values) - 1
		}
		out.Values[i].PatchVersions[name] = patchObject{append([]string{}, s.upgradesFrom(name)...)}
	}
	return ok(out)
}

// upgradeTargets shows where one upgrade can lead.
func (s *Server) upgradeTargets(version string) []upgradeTarget {
	var list []upgradeTarget
	for _, name := range s.upgradesFrom(version) {
		if name == LTSVersion {
			continue
		}
		target := upgradeTarget{KubernetesVersion: name}
		if name == PreviewVersion {
			target.IsPreview = new(true)
		}
		list = append(list, target)
	}
	return list
}

// poolUpgradeProfile shows where an agent pool can go, which is no further than its
// control plane.
func (s *Server) poolUpgradeProfile(c *call) (*answer, *apiError) {
	shown, rec, g, own, e := s.viewPool(c)
	if e != nil {
		return nil, e
	}
	out := poolUpgradeObject{ID: s.clusterID(rec, true) + "/agentPools/" + own.name + "/upgradeprofiles/default", Name: "default", Type: actionPool + "/upgradeProfiles"}
	out.Properties.KubernetesVersion, out.Properties.OSType = g.Version, text(own.spec.OSType)
	out.Properties.LatestNodeImageVersion = nodeImage(own.spec)
	out.Properties.Upgrades = slices.DeleteFunc(s.upgradeTargets(g.Version), func(t upgradeTarget) bool { return newer(t.KubernetesVersion, shown.Version) })
	return ok(out)
}

func (s *Server) upgradeProfile(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	out := upgradeProfileObject{ID: s.clusterID(rec, true) + "/upgradeprofiles/default", Name: "default", Type: actionMC + "/upgradeProfiles"}
	out.Properties.ControlPlaneProfile = upgradeObject{shown.Version, rec.name, "Linux", s.upgradeTargets(shown.Version)}
	out.Properties.AgentPoolProfiles = []upgradeObject{}
	for _, g := range rec.inOrder(shown) {
		out.Properties.AgentPoolProfiles = append(out.Properties.AgentPoolProfiles, upgradeObject{g.Version, g.Name, text(rec.pools[g.Name].spec.OSType), s.upgradeTargets(g.Version)})
	}
	return ok(out)
}

// poolVersions lists what a new pool of a cluster may run.
func (s *Server) poolVersions(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	out := poolVersionsObject{ID: s.clusterID(rec, true) + "/availableagentpoolversions", Name: "default", Type: actionMC + "/availableAgentpoolVersions"}
	out.Properties.AgentPoolVersions = []poolVersion{}
	at, err := kver.Parse(shown.Version)
	for _, name := range s.world.Profile().OfferedNames() {
		v, parseErr := kver.Parse(name)
		if err != nil || parseErr != nil || v.Compare(at) > 0 || v.MinorDistance(at) > s.world.Profile().Upgrade.MaxSkew || name == LTSVersion {
			continue
		}
		item := poolVersion{KubernetesVersion: name}
		if name == shown.Version {
			item.Default = new(true)
		}
		out.Properties.AgentPoolVersions = append(out.Properties.AgentPoolVersions, item)
	}
	return ok(out)
}
