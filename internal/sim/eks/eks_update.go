// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// rollbackWindow is how long after an upgrade EKS takes a control plane back.
const rollbackWindow = 7 * 24 * time.Hour

func (s *Server) updateClusterVersion(c *call, in *updateVersionRequest) (*made, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, e
	}
	live := rec.live
	switch {
	case in.Version == "":
		return nil, invalidParameter("version is required").in(rec.name, "")
	case !minorPattern.MatchString(in.Version):
		return nil, invalidParameter("unsupported Kubernetes version").in(rec.name, "")
	case s.isRollback(rec, in.Version, c.Now):
		return nil, notSimulated("the rollback of a control plane")
	}
	if found := s.blocking(rec, in.Version); len(found) > 0 && !in.Force && live.State == profile.Active {
		return nil, fail(http.StatusBadRequest, "InvalidStateException",
			"Cluster %s has upgrade readiness insights that block the update to version %s: %s", rec.name, in.Version, strings.Join(found, ", ")).in(rec.name, "")
	}
	result, err := s.world.Apply(c.Now, core.UpgradeControlPlane{ClusterID: live.ID, Version: in.Version}, c.Outcome)
	if err != nil {
		return nil, s.refusedUpgrade(rec, in.Version, err).in(rec.name, "")
	}
	rec.upgraded = c.Now
	u := s.newUpdate(c, rec, result.Operation, "VersionUpdate", "", []updateParam{
		{"Version", in.Version}, {"PlatformVersion", "eks.1"},
	})
	return &made{cluster: rec, update: u}, nil
}

// isRollback reports whether a version is the one before, soon enough after an
// upgrade.
func (s *Server) isRollback(rec *clusterRecord, version string, now time.Time) bool {
	from, err := kver.Parse(rec.live.Version)
	to, toErr := kver.Parse(version)
	return err == nil && toErr == nil && rec.live.State == profile.Active && !rec.upgraded.IsZero() &&
		now.Sub(rec.upgraded) < rollbackWindow && to.Compare(from) < 0 && from.MinorDistance(to) == 1
}

// refusedUpgrade says in EKS's words why a control plane does not move on.
func (s *Server) refusedUpgrade(rec *clusterRecord, version string, err error) *apiError {
	e, refusal := refused(err)
	switch refusal.Reason {
	case core.Busy, core.BadState:
		return inUse("Cannot update because cluster %s is not ACTIVE, or has an update in progress (%s)", rec.name, refusal.Blocker)
	case core.VersionUnknown:
		return invalidParameter("unsupported Kubernetes version")
	case core.Downgrade, core.StepTooLarge, core.NothingToDo:
		return invalidParameter("Unsupported Kubernetes minor version update from %s to %s", rec.live.Version, version)
	case core.GroupsLag:
		var lagging []string
		for _, g := range rec.live.Groups {
			if g.Version != rec.live.Version {
				lagging = append(lagging, g.Name)
			}
		}
		return invalidRequest("Nodegroups %s must be updated to match cluster version %s before updating cluster version",
			strings.Join(lagging, ", "), rec.live.Version)
	}
	return e
}

func (s *Server) updateNodegroupVersion(c *call, in *updateNodegroupVersionRequest) (*made, *apiError) {
	rec, g, own, e := s.currentGroup(c)
	if e != nil {
		return nil, e
	}
	live := rec.live
	switch {
	case in.ReleaseVersion != "":
		return nil, notSimulated("releaseVersion")
	case in.LaunchTemplate != nil:
		return nil, notSimulated("UpdateNodegroupVersion with a launch template")
	case own.customAMI:
		return nil, invalidParameter("You cannot specify a Kubernetes version for a nodegroup whose launch template has an image id.").in(rec.name, g.Name)
	case in.Version != "" && in.Version != live.Version && in.Version != g.Version:
		return nil, invalidParameter("Nodegroup Kubernetes version should be equal to Cluster kubernetes version %s or NodeGroup kubernetes version %s",
			live.Version, g.Version).in(rec.name, g.Name)
	}
	if e := s.updatable(rec, g); e != nil {
		return nil, e
	}
	if cmp.Or(in.Version, live.Version) == g.Version {
		return nil, invalidParameter("Nodegroup %s is at version %s already", g.Name, g.Version).in(rec.name, g.Name)
	}
	result, err := s.world.Apply(c.Now, core.UpgradeNodeGroup{ClusterID: live.ID, GroupID: g.ID}, c.Outcome)
	if err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, g.Name)
	}
	own.modified = c.Now
	s.restoreTags(rec, own)
	u := s.newUpdate(c, rec, result.Operation, "VersionUpdate", g.Name, []updateParam{
		{"Version", live.Version}, {"ReleaseVersion", releaseVersion(live.Version)},
	})
	return &made{cluster: rec, group: own, update: u}, nil
}

// newUpdate keeps an update object for an operation of the core.
func (s *Server) newUpdate(c *call, rec *clusterRecord, op core.OperationRecord, kind, group string, params []updateParam) *updateRecord {
	u := &updateRecord{id: op.ID, kind: kind, nodegroup: group, params: params, created: c.Now, seq: s.Random.Next(), resources: []string{rec.name}}
	if group != "" {
		u.resources = []string{group}
	}
	rec.updates = append(rec.updates, u)
	// The core remembers the last operations only, so what has ended is settled
	// before it can be forgotten.
	for _, other := range rec.updates[max(0, len(rec.updates)-40):] {
		s.updateObject(c.Now, other)
	}
	return u
}

// updateObject shows an update with the status of its operation.
func (s *Server) updateObject(now time.Time, u *updateRecord) updateObject {
	if u.final != nil {
		return *u.final
	}
	o := updateObject{ID: u.id, Type: u.kind, Params: u.params, CreatedAt: epoch(u.created), Status: "InProgress", Errors: []updateError{}}
	op, ok := s.world.Operation(now, u.id)
	if ok && !op.Done {
		return o
	}
	switch {
	case op.Failure == "":
		o.Status = "Successful"
	case strings.HasPrefix(op.Failure, "canceled:"):
		o.Status = "Cancelled"
	default:
		code, message, ids := splitReason(op.Failure, "Unknown", u.resources...)
		o.Status = "Failed"
		o.Errors = append(o.Errors, updateError{code, message, ids})
	}
	u.final = &o
	return o
}

func (s *Server) describeUpdate(c *call) (any, *apiError) {
	if c.query.Has("addonName") || c.query.Has("capabilityName") {
		return nil, notSimulated("updates of add-ons and capabilities")
	}
	_, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	for _, u := range rec.updates {
		if u.id == c.labels["updateId"] && u.nodegroup == c.query.Get("nodegroupName") {
			return updateResponse{s.updateObject(c.Now, u)}, nil
		}
	}
	return nil, notFound("No update found for ID: %s", c.labels["updateId"]).in(rec.name, c.query.Get("nodegroupName"))
}

func (s *Server) listUpdates(c *call) (any, *apiError) {
	if c.query.Has("addonName") || c.query.Has("capabilityName") {
		return nil, notSimulated("updates of add-ons and capabilities")
	}
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	group := c.query.Get("nodegroupName")
	if _, ok := cluster.GroupByName(group); group != "" && !ok {
		return nil, noNodegroup(rec.name, group)
	}
	var updates []*updateRecord
	for _, u := range rec.updates {
		if u.nodegroup == group {
			updates = append(updates, u)
		}
	}
	updates, next, e := pageOf(s, c, "ListUpdates/"+rec.uid+"/"+group, updates, func(u *updateRecord) uint64 { return u.seq })
	if e != nil {
		return nil, e
	}
	return updatesResponse{namesOf(updates, func(u *updateRecord) string { return u.id }), next}, nil
}

// Supports of versions.
const (
	supportStandard = "STANDARD_SUPPORT"
	supportExtended = "EXTENDED_SUPPORT"
	unsupported     = "UNSUPPORTED"
)

// versionTable lists the versions, newest first. Dates are made up from a first
// release so that they keep their order; the oldest is not on offer any more.
func (s *Server) versionTable() []versionObject {
	names := s.world.Profile().OfferedNames()
	list := make([]versionObject, 0, len(names)+1)
	add := func(name, support string, isDefault bool) {
		v, err := kver.Parse(name)
		if err != nil {
			return
		}
		release := time.Date(2022, 9, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 4*(v.Minor-25), 0)
		list = append(list, versionObject{
			ClusterVersion:           name,
			ClusterType:              "eks",
			DefaultPlatformVersion:   "eks.1",
			DefaultVersion:           isDefault,
			VersionStatus:            support,
			Status:                   strings.ReplaceAll(strings.ToLower(support), "_", "-"),
			ReleaseDate:              epoch(release),
			EndOfStandardSupportDate: epoch(release.AddDate(0, 14, 0)),
			EndOfExtendedSupportDate: epoch(release.AddDate(0, 26, 0)),
			KubernetesPatchVersion:   patchOf(name),
		})
	}
	for _, v := range s.world.Profile().Offer {
		if v.Deprecated {
			add(v.Name, supportExtended, v.Default)
		} else {
			add(v.Name, supportStandard, v.Default)
		}
	}
	if oldest, err := kver.Parse(names[len(names)-1]); err == nil {
		add(strconv.Itoa(oldest.Major)+"."+strconv.Itoa(oldest.Minor-1), unsupported, false)
	}
	return list
}

// patchOf returns the patch that a minor stands for.
func patchOf(version string) string { return version + ".4" }

func (s *Server) describeClusterVersions(c *call) (any, *apiError) {
	f := newForm(c.query, "eks")
	f.bad = "InvalidParameterException"
	onlyDefault, everything := f.boolean("defaultOnly", false), f.boolean("includeAll", false)
	if f.fault != nil {
		return nil, f.fault
	}
	support, kind, old := c.query.Get("versionStatus"), c.query.Get("clusterType"), c.query.Get("status")
	for _, e := range []*apiError{
		oneOf("versionStatus", support, supportStandard, supportExtended, unsupported),
		oneOf("status", old, "standard-support", "extended-support", "unsupported"),
	} {
		if e != nil {
			return nil, e
		}
	}
	asked := c.query["clusterVersions"]
	var list []versionObject
	for _, v := range s.versionTable() {
		named := slices.Contains(asked, v.ClusterVersion)
		switch {
		case len(asked) > 0 && !named, onlyDefault && !v.DefaultVersion,
			support != "" && v.VersionStatus != support, old != "" && v.Status != old,
			kind != "" && kind != v.ClusterType,
			v.VersionStatus == unsupported && !everything && !named && support != unsupported && old != "unsupported":
			continue
		}
		list = append(list, v)
	}
	position := func(v versionObject) uint64 {
		parsed, _ := kver.Parse(v.ClusterVersion)
		return uint64(1_000_000 - parsed.Minor) // the list is newest first
	}
	list, next, e := pageOf(s, c, "DescribeClusterVersions", list, position)
	if e != nil {
		return nil, e
	}
	return versionsResponse{append([]versionObject{}, list...), next}, nil
}
