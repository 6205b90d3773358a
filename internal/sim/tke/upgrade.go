// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

type updateVersionRequest struct {
	ClusterID          string   `json:"ClusterId" need:"yes"`
	DstVersion         string   `json:"DstVersion" need:"yes"`
	MaxNotReadyPercent *float64 `json:"MaxNotReadyPercent"`
	SkipPreCheck       bool     `json:"SkipPreCheck"`
	ExtraArgs          absent   `json:"ExtraArgs" sim:"no"`
}

// updateVersion upgrades the control plane. No node may be behind it then.
func (s *Server) updateVersion(c *call, in *updateVersionRequest) (any, *apiError) {
	rec, e := s.running(c, in.ClusterID, "ResourceNotFound")
	if e != nil {
		return nil, e
	}
	if allowed := s.reachable(rec.live.Version); !slices.Contains(allowed, in.DstVersion) {
		return nil, invalid("the cluster of version %s cannot be upgraded to %q, only to %v", rec.live.Version, in.DstVersion, allowed)
	}
	if n := len(s.lagging(c.Now, rec, upgradeReset)); n > 0 {
		return nil, fail("FailedOperation.ClusterUpgradeNodeVersion", "CLUSTER_UPGRADE_NODE_VERSION(%d nodes are older than the control plane %s)", n, rec.live.Version)
	}
	task := s.newTask(c.Now, taskUpgrade, rec)
	if _, e := s.apply(c, core.UpgradeControlPlane{ClusterID: rec.id, Version: in.DstVersion}, func(end core.OperationRecord) {
		if task.finish(end); end.Failure == "" {
			rec.moved = end.End
		}
	}); e != nil {
		return nil, e
	}
	rec.tasks = append(rec.tasks, task)
	return nil, nil
}

// The ways to upgrade nodes.
const (
	upgradeReset = "reset" // anew, to any version
	upgradeMajor = "major" // in place, to another minor
	upgradeHot   = "hot"   // in place, to another patch
)

// nodeUpgrade is an upgrade of nodes.
type nodeUpgrade struct {
	task   *taskRecord
	nodes  []string // those that are to be upgraded
	done   int      // how many of them are, since the last begin
	begun  time.Time
	took   time.Duration
	target string
}

// lagging lists the nodes that an upgrade of some kind would move.
func (s *Server) lagging(now time.Time, rec *clusterRecord, kind string) (list []shownNode) {
	master, err := kver.Parse(rec.live.Version)
	if err != nil {
		return nil
	}
	for _, g := range rec.live.Groups {
		for _, n := range rec.pools[g.ID].nodesAt(now) {
			v, err := kver.Parse(n.version)
			if err != nil || v.Compare(master) >= 0 || n.leaving {
				continue
			}
			if minors := v.MinorDistance(master); kind == upgradeReset || (kind == upgradeMajor) == (minors > 0) {
				list = append(list, n)
			}
		}
	}
	return list
}

type (
	checkUpgradeRequest struct {
		ClusterID   string   `json:"ClusterId" need:"yes"`
		InstanceIDs []string `json:"InstanceIds"`
		UpgradeType string   `json:"UpgradeType"`
		Offset      *int64   `json:"Offset"`
		Limit       *int64   `json:"Limit"`
		Filter      []filter `json:"Filter"`
	}
	checkUpgradeResponse struct {
		ClusterVersion           string              `json:"ClusterVersion"`
		LatestVersion            string              `json:"LatestVersion"`
		UpgradeAbleInstances     []upgradeableObject `json:"UpgradeAbleInstances"`
		Total                    int64               `json:"Total"`
		UnavailableVersionReason []unavailableReason `json:"UnavailableVersionReason"`
	}
	upgradeableObject struct {
		InstanceID           string `json:"InstanceId"`
		Version              string `json:"Version"`
		LatestVersion        string `json:"LatestVersion"`
		RuntimeVersion       string `json:"RuntimeVersion"`
		RuntimeLatestVersion string `json:"RuntimeLatestVersion"`
	}
	unavailableReason struct {
		InstanceID string `json:"InstanceId"`
		Reason     string `json:"Reason"`
	}
)

func checkUpgradeType(kind string) *apiError {
	if !slices.Contains([]string{upgradeReset, upgradeMajor, upgradeHot}, kind) {
		return invalid("UpgradeType %q must be reset, hot or major", kind)
	}
	return nil
}

func (s *Server) checkUpgrade(c *call, in *checkUpgradeRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "ResourceNotFound")
	if e == nil {
		e = checkUpgradeType(cmp.Or(in.UpgradeType, upgradeReset))
	}
	switch {
	case e != nil:
		return nil, e
	case len(in.Filter) > 0:
		return nil, notSimulated("Filter of CheckInstancesUpgradeAble")
	case len(in.InstanceIDs) > 100:
		return nil, invalid("at most 100 InstanceIds may be given, got %d", len(in.InstanceIDs))
	}
	out := checkUpgradeResponse{ClusterVersion: rec.live.Version, LatestVersion: rec.live.Version}
	list := []upgradeableObject{}
	able := map[string]bool{}
	behind := s.lagging(c.Now, rec, cmp.Or(in.UpgradeType, upgradeReset))
	if !rec.moved.IsZero() && c.Now.Before(rec.moved.Add(s.nodeLag)) {
		behind = nil
	}
	for _, n := range behind {
		if able[n.id] = true; len(in.InstanceIDs) == 0 || slices.Contains(in.InstanceIDs, n.id) {
			list = append(list, upgradeableObject{n.id, n.version, rec.live.Version, "containerd-1.6.9", "containerd-1.6.9"})
		}
	}
	for _, id := range in.InstanceIDs {
		if !able[id] {
			out.UnavailableVersionReason = append(out.UnavailableVersionReason, unavailableReason{id, "instance already the master latest version"})
		}
	}
	out.UpgradeAbleInstances, out.Total, e = page(s, c, in.Offset, in.Limit, list)
	return out, e
}

type upgradeNodesRequest struct {
	ClusterID          string   `json:"ClusterId" need:"yes"`
	Operation          string   `json:"Operation" need:"yes"`
	UpgradeType        string   `json:"UpgradeType"`
	InstanceIDs        []string `json:"InstanceIds"`
	SkipPreCheck       bool     `json:"SkipPreCheck"`
	MaxNotReadyPercent *float64 `json:"MaxNotReadyPercent"`
	UpgradeRunTime     bool     `json:"UpgradeRunTime"`
	Concurrent         *int64   `json:"Concurrent"`
	ResetParam         absent   `json:"ResetParam" sim:"no"`
}

// upgradeNodes begins an upgrade of nodes, stops it, or goes on with it.
func (s *Server) upgradeNodes(c *call, in *upgradeNodesRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	u := rec.upgrade
	state := ""
	if u != nil {
		state = u.task.state
	}
	switch in.Operation {
	case "create":
		return nil, s.beginUpgrade(c, rec, in)
	case "pause", "resume", "abort":
		if u == nil {
			return nil, fail("InternalError.TaskNotFound", "TASK_NOT_FOUND(the cluster %s has no upgrade of nodes)", rec.id)
		}
	default:
		return nil, invalid("Operation %q must be create, pause, resume or abort", in.Operation)
	}
	wrong := fail("FailedOperation.TaskLifeStateError", "TASK_LIFE_STATE_ERROR(the upgrade is %s)", state)
	switch {
	case in.Operation == "resume" && state == "paused":
		return nil, s.runUpgrade(c, rec, u)
	case in.Operation == "pause" && state == "process", in.Operation == "abort" && (state == "process" || state == "paused"):
		next := "paused"
		if in.Operation == "abort" {
			next = "aborted"
		}
		return nil, s.stopUpgrade(c.Now, rec, u, next)
	}
	return nil, wrong
}

func (s *Server) beginUpgrade(c *call, rec *clusterRecord, in *upgradeNodesRequest) *apiError {
	if e := checkUpgradeType(in.UpgradeType); e != nil {
		return e
	}
	percent, concurrent := valueOf(in.MaxNotReadyPercent, 20), valueOf(in.Concurrent, 1)
	switch u := rec.upgrade; {
	case percent < 0 || percent > 100 || concurrent < 1 || concurrent > 15:
		return invalid("MaxNotReadyPercent must be 0 to 100, and Concurrent 1 to 15")
	case len(in.InstanceIDs) == 0:
		return invalid("InstanceIds is empty")
	case u != nil && (u.task.state == "process" || u.task.state == "paused"):
		return fail("FailedOperation.TaskAlreadyRunning", "TASK_ALREADY_RUNNING(nodes of the cluster %s are upgraded already)", rec.id)
	case rec.live.State != profile.Active:
		return clusterState("ResourceUnavailable", rec.id, s.stateOf(rec, rec.live))
	}
	able := s.lagging(c.Now, rec, in.UpgradeType)
	for _, id := range in.InstanceIDs {
		if !slices.ContainsFunc(able, func(n shownNode) bool { return n.id == id }) {
			return invalid("the instance %s cannot be upgraded by %s", id, in.UpgradeType)
		}
	}
	for _, g := range rec.live.Groups {
		if g.State == profile.Creating || g.State == profile.Updating {
			return poolState(g.ID, s.poolWord(g, rec.pools[g.ID]))
		}
	}
	u := &nodeUpgrade{task: s.newTask(c.Now, taskNodes, rec), nodes: slices.Clone(in.InstanceIDs), target: rec.live.Version}
	if e := s.runUpgrade(c, rec, u); e != nil {
		return e
	}
	rec.upgrade = u
	rec.tasks = append(rec.tasks, u.task)
	return nil
}

// runUpgrade goes on with the nodes that are left.
func (s *Server) runUpgrade(c *call, rec *clusterRecord, u *nodeUpgrade) *apiError {
	if rec.live.State != profile.Active {
		return clusterState("ResourceUnavailable", rec.id, s.stateOf(rec, rec.live))
	}
	took := s.scaled(s.upgradeTime)
	targets := []string{""} // the cluster itself
	if s.assumptions.NodesHideUpgrade {
		targets = u.pools(rec)
	}
	for _, pool := range targets {
		if _, e := s.apply(c, core.Work{ClusterID: rec.id, GroupID: pool, Took: took}, func(end core.OperationRecord) {
			rec.word = ""
			if u.task.state != "process" {
				return // it was stopped, or is over already
			}
			if u.task.finish(end); end.Failure == "" {
				u.move(rec, len(u.nodes))
			}
		}); e != nil {
			return e
		}
	}
	u.task.state, u.task.updated, u.begun, u.took, rec.word = "process", c.Now, c.Now, took, "NodeUpgrading"
	return nil
}

// stopUpgrade ends what is under way, and leaves the nodes that are done as they are.
func (s *Server) stopUpgrade(now time.Time, rec *clusterRecord, u *nodeUpgrade, state string) *apiError {
	if u.task.state == "process" {
		u.move(rec, u.progress(now))
	}
	u.task.state, u.task.updated = state, now
	rec.word = ""
	if rec.live.State == profile.Updating {
		return s.must(now, core.Force{ClusterID: rec.id, State: profile.Active})
	}
	for _, g := range rec.live.Groups {
		if g.State == profile.Updating {
			if e := s.must(now, core.Force{ClusterID: rec.id, GroupID: g.ID, State: profile.Active}); e != nil {
				return e
			}
		}
	}
	return nil
}

// pools are the node pools that the nodes are in.
func (u *nodeUpgrade) pools(rec *clusterRecord) (ids []string) {
	for _, g := range rec.live.Groups {
		if slices.ContainsFunc(u.nodes, func(id string) bool { return rec.pools[g.ID].nodes[id] != nil }) {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// progress is how many nodes are upgraded by now.
func (u *nodeUpgrade) progress(now time.Time) int {
	if u.took <= 0 {
		return len(u.nodes)
	}
	return min(len(u.nodes), int(float64(len(u.nodes))*float64(now.Sub(u.begun))/float64(u.took)))
}

// move gives the first nodes their new version, and forgets them.
func (u *nodeUpgrade) move(rec *clusterRecord, n int) {
	for _, id := range u.nodes[:n] {
		for _, known := range rec.pools {
			if node := known.nodes[id]; node != nil {
				node.version = u.target
			}
		}
	}
	u.done += n
	u.nodes = u.nodes[n:]
}

type (
	progressRequest struct {
		ClusterID string `json:"ClusterId" need:"yes"`
		Limit     *int64 `json:"Limit"`
		Offset    *int64 `json:"Offset"`
	}
	progressResponse struct {
		Total         int64          `json:"Total"`
		Done          int64          `json:"Done"`
		LifeState     string         `json:"LifeState"`
		Instances     []progressItem `json:"Instances"`
		ClusterStatus podCounts      `json:"ClusterStatus"`
	}
	progressItem struct {
		InstanceID  string         `json:"InstanceID"`
		LifeState   string         `json:"LifeState"`
		StartAt     string         `json:"StartAt"`
		EndAt       string         `json:"EndAt"`
		CheckResult progressCheck  `json:"CheckResult"`
		Detail      []progressStep `json:"Detail"`
	}
	progressCheck struct {
		CheckPass  bool     `json:"CheckPass"`
		Items      []absent `json:"Items"`
		SinglePods []string `json:"SinglePods"`
	}
	progressStep struct {
		Step      string `json:"Step"`
		LifeState string `json:"LifeState"`
		StartAt   string `json:"StartAt"`
		EndAt     string `json:"EndAt"`
		FailedMsg string `json:"FailedMsg"`
	}
	podCounts struct {
		PodTotal    int64 `json:"PodTotal"`
		NotReadyPod int64 `json:"NotReadyPod"`
	}
)

// upgradeProgress shows the nodes that are not done.
func (s *Server) upgradeProgress(c *call, in *progressRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		e.code = "InvalidParameter.Param"
		return nil, e
	}
	u := rec.upgrade
	if u == nil {
		return nil, fail("InternalError.TaskNotFound", "TASK_NOT_FOUND(the cluster %s has no upgrade of nodes)", rec.id)
	}
	done := 0
	if u.task.state == "process" {
		done = u.progress(c.Now)
	}
	list := []progressItem{}
	for i, id := range u.nodes {
		item := progressItem{
			InstanceID: id, LifeState: u.task.state, StartAt: stamp(u.begun), CheckResult: progressCheck{true, []absent{}, []string{}},
			Detail: []progressStep{{Step: "upgrade", LifeState: "running", StartAt: stamp(u.begun)}},
		}
		switch step := &item.Detail[0]; {
		case i < done:
			item.LifeState, step.LifeState = "done", "success"
		case u.task.failure != "":
			step.LifeState, step.FailedMsg = "failed", u.task.failure
		case i > done:
			item.LifeState, step.LifeState = "pending", "pending"
		}
		list = append(list, item)
	}
	out := progressResponse{Total: int64(u.done + len(u.nodes)), Done: int64(u.done + done), LifeState: u.task.state}
	out.Instances, _, e = page(s, c, in.Offset, in.Limit, list)
	return out, e
}
