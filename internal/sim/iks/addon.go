// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// addonObject is an add-on on offer, or in a cluster.
type addonObject struct {
	Name                   string   `json:"name"`
	Version                string   `json:"version"`
	TargetVersion          string   `json:"targetVersion"`
	MinKubeVersion         string   `json:"minKubeVersion"`
	SupportedKubeRange     string   `json:"supportedKubeRange"`
	Deprecated             bool     `json:"deprecated"`
	HealthState            string   `json:"healthState"`
	HealthStatus           string   `json:"healthStatus"`
	AllowedUpgradeVersions []string `json:"allowed_upgrade_versions"`
	Options                string   `json:"options,omitempty"`
	VLANSpanningRequired   bool     `json:"vlan_spanning_required"`
}

// addonRecord is an add-on of a cluster.
type addonRecord struct {
	name, version, options string
	// ready is when it is normal; zero for never.
	ready  time.Time
	failed string
	shown  string
}

type (
	patchAddonsRequest struct {
		Addons []addonRequest `json:"addons"`
		Enable *bool          `json:"enable"`
		Update bool           `json:"update"`
	}
	addonRequest struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Options string `json:"options"`
		// Clients send back what they read; it means nothing.
		AllowedUpgradeVersions []string `json:"allowed_upgrade_versions"`
		Deprecated             bool     `json:"deprecated"`
		HealthState            string   `json:"healthState"`
		HealthStatus           string   `json:"healthStatus"`
		InstallOptionsTemplate any      `json:"installOptionsTemplate"`
		MinKubeVersion         string   `json:"minKubeVersion"`
		MinOCPVersion          string   `json:"minOCPVersion"`
		SupportedKubeRange     string   `json:"supportedKubeRange"`
		SupportedOCPRange      string   `json:"supportedOCPRange"`
		TargetVersion          string   `json:"targetVersion"`
		VLANSpanningRequired   bool     `json:"vlan_spanning_required"`
	}
	patchedAddons struct {
		MissingDeps    map[string]any `json:"missingDeps,omitempty"`
		OrphanedAddons map[string]any `json:"orphanedAddons,omitempty"`
	}
)

func offeredAddon(a Addon) addonObject {
	least, _, _ := strings.Cut(strings.TrimPrefix(a.Range, ">="), " ")
	return addonObject{Name: a.Name, Version: a.Version, MinKubeVersion: least, SupportedKubeRange: a.Range, AllowedUpgradeVersions: []string{}}
}

func (s *Server) getAddons(*call) (*answer, *apiError) {
	return body(mapped(s.resources.Addons, offeredAddon))
}

// addonObject shows an add-on of a cluster.
func (s *Server) addonObject(a *addonRecord, now time.Time) addonObject {
	of, _ := simkit.Find(s.resources.Addons, func(o Addon) bool { return o.Name == a.name && o.Version == a.version })
	out := offeredAddon(of)
	out.Options, out.TargetVersion = a.options, a.version
	for _, o := range s.resources.Addons {
		if o.Name == a.name && o.Version != a.version {
			out.AllowedUpgradeVersions = append(out.AllowedUpgradeVersions, o.Version)
		}
	}
	switch {
	case a.shown != "":
		out.HealthState, out.HealthStatus = a.shown, "Addon state is "+a.shown+"."
	case a.failed != "":
		out.HealthState, out.HealthStatus = "critical", a.failed
	case a.ready.IsZero() || now.Before(a.ready):
		out.HealthState, out.HealthStatus = "pending", "Enabling"
	default:
		out.HealthState, out.HealthStatus = healthNormal, "Addon Ready"
	}
	return out
}

func (s *Server) getClusterAddons(c *call) (*answer, *apiError) {
	_, rec, e := s.asRead(c, c.vars["cluster"])
	if e != nil {
		return nil, e
	}
	return body(mapped(rec.addons, func(a *addonRecord) addonObject { return s.addonObject(a, c.Now) }))
}

// supports reports whether an add-on works with a version of Kubernetes.
func (a Addon) supports(version string) bool {
	at, err := kver.Parse(version)
	lower, upper, _ := strings.Cut(a.Range, " ")
	from, errFrom := kver.Parse(strings.TrimPrefix(lower, ">="))
	to, errTo := kver.Parse(strings.TrimPrefix(upper, "<"))
	return err == nil && errFrom == nil && errTo == nil && at.Compare(from) >= 0 && at.Compare(to) < 0
}

// patchClusterAddons installs, updates or takes out add-ons.
func (s *Server) patchClusterAddons(c *call) (*answer, *apiError) {
	var in patchAddonsRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	rec, e := s.toWrite(c, c.vars["cluster"])
	if e != nil {
		return nil, e
	}
	switch {
	case len(in.Addons) == 0:
		return nil, badRequest("The required member 'addons' is missing.")
	case in.Enable == nil && !in.Update || in.Enable != nil && *in.Enable && in.Update:
		return nil, badRequest("Exactly one of enable and update must be given.")
	case len(in.Addons) > 1:
		return nil, notSimulated("several add-ons in one call")
	case rec.live.State == profile.Deleting:
		return nil, conflict("The cluster is being deleted.")
	case s.condition(rec.live, rec, c.Now).masterState != masterDeployed:
		return nil, fail(http.StatusBadRequest, "E7b85", "The cluster is not fully deployed. Wait until the cluster is deployed and try again.").of(kindCluster)
	}
	return s.patchAddon(c, rec, &in)
}

func (s *Server) patchAddon(c *call, rec *clusterRecord, in *patchAddonsRequest) (*answer, *apiError) {
	want := in.Addons[0]
	have, installed := simkit.Find(rec.addons, func(a *addonRecord) bool { return a.name == want.Name })
	if !in.Update && !*in.Enable {
		if !installed {
			return nil, badRequest("The add-on %q is not enabled.", want.Name)
		}
		s.dropAddon(rec, want.Name)
		return body(patchedAddons{})
	}
	offer, found := simkit.Find(s.resources.Addons, func(o Addon) bool {
		return o.Name == want.Name && (o.Version == want.Version || want.Version == "" && o.Default)
	})
	switch {
	case !found:
		return nil, badRequest("The add-on %q in the version %q could not be found.", want.Name, want.Version)
	case !offer.supports(rec.live.Version):
		return nil, badRequest("The add-on %q in the version %q does not support Kubernetes %s.", want.Name, offer.Version, rec.live.Version)
	case in.Update && !installed:
		return nil, badRequest("The add-on %q is not enabled.", want.Name)
	case !in.Update && installed:
		return nil, fail(http.StatusConflict, "E7b86", "The add-on %q is already enabled.", want.Name).of(kindCluster)
	}
	if !installed {
		have = &addonRecord{name: want.Name}
	}
	took := 9 * s.duration(profile.UpdateCluster)
	c.Outcome.Effect = func(r core.OperationRecord) { s.addonReady(rec, have, r) }
	r, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.id, Took: took, Aside: true}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	if !installed {
		rec.addons = append(rec.addons, have)
	}
	options := want.Options
	if in.Update && s.assume.OptionsSurvive {
		options = cmp.Or(options, have.options)
	}
	have.version, have.options, have.ready, have.failed = offer.Version, options, r.Operation.End, ""
	return body(patchedAddons{})
}

// addonReady ends the installation of an add-on; that of the autoscaler writes its
// ConfigMap, if there is none from an earlier time.
func (s *Server) addonReady(rec *clusterRecord, a *addonRecord, r core.OperationRecord) {
	switch {
	case canceled(r):
	case r.Failure != "":
		a.failed = r.Failure
	case a.name == autoscaler && rec.config == nil:
		rec.config = s.newConfigMap(r.End)
	}
}

func (s *Server) dropAddon(rec *clusterRecord, name string) {
	var rest []*addonRecord
	for _, a := range rec.addons {
		if a.name != name {
			rest = append(rest, a)
		}
	}
	rec.addons = rest
	if name == autoscaler {
		for _, p := range rec.pools {
			p.auto = false
		}
	}
}
