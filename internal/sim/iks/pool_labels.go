// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	labelsRequest struct {
		poolNameRequest
		Labels *map[string]string `json:"labels"`
	}
	// taintsRequest has a text like "value:NoSchedule" for each key.
	taintsRequest struct {
		poolNameRequest
		Taints *map[string]string `json:"taints"`
	}
)

// ownLabels is the prefix of the labels that the service puts on pools.
const ownLabels = "ibm-cloud.kubernetes.io/"

var (
	labelKeyPattern   = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	labelValuePattern = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
	taintEffects      = []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
)

func checkLabels(labels map[string]string) *apiError {
	for key, value := range labels {
		switch name := key[strings.LastIndex(key, "/")+1:]; {
		case !labelKeyPattern.MatchString(key) || len(name) > 63 || !labelValuePattern.MatchString(value):
			return badRequest("The label %q with the value %q is not valid.", key, value)
		case strings.HasPrefix(key, ownLabels):
			return badRequest("The label %q is reserved.", key)
		}
	}
	return nil
}

func (s *Server) checkTaints(taints map[string]string) *apiError {
	for key, text := range taints {
		value, effect, found := strings.Cut(text, ":")
		if !labelKeyPattern.MatchString(key) || !labelValuePattern.MatchString(value) || !found || !slices.Contains(taintEffects, effect) {
			e := badRequest("The taint %q with %q is not valid. It must be the value and the effect, separated by a colon.", key, text)
			if s.assume.BadRequestTexts {
				e.code = "E0d71"
			}
			return e
		}
	}
	return nil
}

// shownLabels are the labels of a pool as reads have them: its own between those of the
// service.
func (s *Server) shownLabels(rec *clusterRecord, p *poolRecord, now time.Time) map[string]string {
	out := map[string]string{ownLabels + "worker-pool-id": p.id}
	if s.assume.KubernetesLabels {
		out["kubernetes.io/os"], out["node.k8s.io/flavor"] = "linux", p.flavor
	}
	there := func(w *worker) bool { return w.state(now) == workerDeployed }
	if !s.assume.LabelsLate || slices.ContainsFunc(rec.workersOf(p.id), there) {
		maps.Copy(out, p.labels)
	}
	return out
}

// setWorkerPoolLabels replaces the custom labels of a pool.
func (s *Server) setWorkerPoolLabels(c *call) (*answer, *apiError) {
	var in labelsRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	if e := s.setLabels(c, in.Cluster, in.WorkerPool, in.Labels); e != nil {
		return nil, e
	}
	return none(http.StatusNoContent)
}

func (s *Server) setLabels(c *call, cluster, pool string, labels *map[string]string) *apiError {
	rec, p, e := s.poolToMark(c, cluster, pool)
	switch {
	case e != nil:
		return e
	case labels == nil:
		return badRequest("The required member 'labels' is missing.")
	}
	if e := checkLabels(*labels); e != nil {
		return e
	}
	p.labels, rec.changed = maps.Clone(*labels), c.Now
	return nil
}

// setWorkerPoolTaints replaces the taints of a pool, which hold for the workers that
// are there and for later ones.
func (s *Server) setWorkerPoolTaints(c *call) (*answer, *apiError) {
	var in taintsRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	rec, p, e := s.poolToMark(c, in.Cluster, in.WorkerPool)
	switch {
	case e != nil:
		return nil, e
	case in.Taints == nil:
		return nil, badRequest("The required member 'taints' is missing.")
	}
	if e := s.checkTaints(*in.Taints); e != nil {
		return nil, e
	}
	taints := map[string]string{}
	if s.assume.TaintsMerge {
		maps.Copy(taints, p.taints)
	}
	maps.Copy(taints, *in.Taints)
	if p.taints, rec.changed = taints, c.Now; len(taints) == 0 {
		p.taints = nil // reads show null
	}
	if s.assume.TaintsAccepted {
		return none(http.StatusAccepted)
	}
	return none(http.StatusNoContent)
}

// poolToMark finds a pool that is to get other labels or taints.
func (s *Server) poolToMark(c *call, cluster, pool string) (*clusterRecord, *poolRecord, *apiError) {
	rec, e := s.toWrite(c, cluster)
	if e != nil {
		return nil, nil, e
	}
	p, g, e := s.poolToWrite(rec, pool)
	switch {
	case e != nil:
		return nil, nil, e
	case g.State == profile.Deleting || rec.live.State == profile.Deleting:
		return nil, nil, conflict("The worker pool is being deleted.")
	}
	return rec, p, nil
}
