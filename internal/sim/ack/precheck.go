// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The types of checks that the simulator knows, as RunClusterCheck names them.
const (
	checkClusterUpgrade  = "ClusterUpgrade"
	checkMasterUpgrade   = "MasterUpgrade"
	checkNodePoolUpgrade = "NodePoolUpgrade"
)

// Levels of what a check has found. The vendor's page shows "normal" in its one sample;
// the others are those of its inspections.
const (
	LevelNormal  = "normal"
	LevelWarning = "warning"
	LevelError   = "error"
)

// Finding is what a check finds.
type Finding struct {
	// Item is the name of the check item, and Group the part of the cluster that it is
	// about; empty means "ClusterResource".
	Item, Group string
	// Level is one of the constants, or another word.
	Level, Message string
	Targets        []string
}

// checkRecord is a check of a cluster.
type checkRecord struct {
	*taskRecord
	checkType string
	begun     time.Time
	found     []Finding
}

// checkSpan is how long a check takes.
const checkSpan = 2 * time.Minute

func (s *Server) runCheck(c *call) (any, *apiError) {
	rec, e := s.running(c)
	if e != nil {
		return nil, e
	}
	var in runCheckRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	switch in.Type {
	case "":
		return nil, missing("type")
	case checkClusterUpgrade, checkMasterUpgrade:
		in.Target = ""
	case checkNodePoolUpgrade:
		if in.Target == "" {
			return nil, missing("target")
		}
		if _, ok := rec.live.Group(in.Target); !ok {
			return nil, noNodePool(in.Target)
		}
	case "ClusterMigrate":
		return nil, notSimulated("checks of the type %s", in.Type)
	default:
		return nil, invalid("Type", "the type %q is not valid", in.Type)
	}
	k := &checkRecord{taskRecord: s.newTask("cluster_check", targetCluster), checkType: in.Type, begun: c.Now}
	k.target = in.Target
	if _, e := s.start(c, k.taskRecord, core.Work{ClusterID: rec.id, Took: s.scaled(checkSpan), Aside: true}, func(core.OperationRecord) {
		k.found = s.look(rec, k)
	}); e != nil {
		return nil, e
	}
	k.id = strconv.FormatInt(c.Now.UnixNano(), 10) + "-" + rec.id + "-clustercheck-" + s.Random.Text(5, simkit.LowerAlnum)
	rec.checks = append(rec.checks, k)
	return runCheckResponse{k.id, c.requestID}, nil
}

// look is what a check sees when it ends.
func (s *Server) look(rec *clusterRecord, k *checkRecord) []Finding {
	list := []Finding{{Item: "APIService", Level: LevelNormal, Targets: []string{"v1beta1.metrics.k8s.io"}}}
	if k.checkType != checkNodePoolUpgrade {
		for _, g := range rec.live.Groups {
			if g.Version != rec.live.Version {
				list = append(list, Finding{
					Item: "NodePoolVersion", Group: "NodePool", Level: LevelError, Targets: []string{g.ID},
					Message: fmt.Sprintf("the node pool is of version %s and the control plane of %s", g.Version, rec.live.Version),
				})
			}
		}
		for _, a := range rec.addons {
			if a.version != addonVersion {
				list = append(list, Finding{Item: "AddonVersion", Group: "Addon", Level: LevelWarning, Targets: []string{a.name}, Message: "the add-on should be upgraded to " + addonVersion})
			}
		}
	}
	return append(list, rec.findings[k.checkType]...)
}

// status is the word for how far a check is. Only that of a success is written down.
func (s *Server) checkStatus(k *checkRecord) string {
	running, failed := "Running", "Failed"
	if s.assumptions.OtherCheckWords {
		running, failed = "Pending", "Error"
	}
	blocked := slices.ContainsFunc(k.found, func(f Finding) bool { return f.Level == LevelError })
	switch {
	case !k.done:
		return running
	case k.failure != "", blocked && s.assumptions.CheckFailsOnError:
		return failed
	}
	return "Succeeded"
}

func (s *Server) checkItem(k *checkRecord) checkItem {
	o := checkItem{CheckID: k.id, Type: k.checkType, Status: s.checkStatus(k), CreatedAt: k.begun.UTC().Format(time.RFC3339Nano)}
	if k.done {
		o.FinishedAt, o.Message = k.updated.UTC().Format(time.RFC3339Nano), cmp.Or(k.failure, "task succeed")
	}
	return o
}

func (s *Server) getCheck(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	i := slices.IndexFunc(rec.checks, func(k *checkRecord) bool { return k.id == c.labels["check_id"] })
	if i < 0 {
		return nil, fail(http.StatusNotFound, "ErrCheckNotFound", "the check %s does not exist", c.labels["check_id"])
	}
	o := checkObject{checkItem: s.checkItem(rec.checks[i]), CheckItems: map[string][]checkFinding{}}
	for _, f := range rec.checks[i].found {
		level := levelObject{Message: f.Message, Targets: []targetObject{}}
		for _, target := range f.Targets {
			level.Targets = append(level.Targets, targetObject{target})
		}
		o.CheckItems[f.Item] = append(o.CheckItems[f.Item], checkFinding{
			"Group": cmp.Or(f.Group, "ClusterResource"), "Level": map[string]levelObject{f.Level: level},
		})
	}
	return o, nil
}

func (s *Server) listChecks(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	list := []checkItem{}
	for _, k := range slices.Backward(rec.checks) {
		is := func(key, value string) bool { return c.query.Get(key) == "" || c.query.Get(key) == value }
		if is("type", k.checkType) && is("target", k.target) {
			list = append(list, s.checkItem(k))
		}
	}
	if s.assumptions.ChecksOldestFirst {
		slices.Reverse(list)
	}
	return checksResponse{list}, nil
}

// Find lets every later check of a type find something in a cluster beside what is there:
// kind is as RunClusterCheck names it, such as "MasterUpgrade".
func (s *Server) Find(cluster, kind string, findings ...Finding) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	if rec.findings == nil {
		rec.findings = map[string][]Finding{}
	}
	rec.findings[kind] = findings
	return nil
}

// The requests and answers about checks.
type (
	runCheckRequest struct {
		Type    string            `json:"type"`
		Target  string            `json:"target"`
		Options map[string]string `json:"options"`
	}
	runCheckResponse struct {
		CheckID   string `json:"check_id"`
		RequestID string `json:"request_id"`
	}
	checksResponse struct {
		Checks []checkItem `json:"checks"`
	}
	checkItem struct {
		CheckID    string `json:"check_id"`
		Type       string `json:"type"`
		Status     string `json:"status"`
		Message    string `json:"message"`
		CreatedAt  string `json:"created_at"`
		FinishedAt string `json:"finished_at,omitempty"`
	}
	checkObject struct {
		checkItem
		CheckItems map[string][]checkFinding `json:"check_items"`
	}
	// checkFinding is an item without a model: its Group, and under Level what there is
	// to say under one of its words.
	checkFinding = map[string]any
	levelObject  struct {
		Message string         `json:"Message"`
		Targets []targetObject `json:"Targets"`
	}
	targetObject struct {
		Target string `json:"Target"`
	}
)
