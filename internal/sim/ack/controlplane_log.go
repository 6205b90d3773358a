// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"slices"
	"strconv"
)

// logComponents are the parts of a control plane whose logs can be collected.
var logComponents = []string{"alb", "apiserver", "ccm", "controlplane-events", "kcm", "scheduler"}

// controlPlaneLog says where the logs of a control plane go.
type controlPlaneLog struct {
	components   []string
	project, ttl string
}

func checkControlPlaneLog(in *createClusterRequest) *apiError {
	for _, name := range in.ControlplaneLogComponents {
		if !slices.Contains(logComponents, name) {
			return invalid("ControlPlaneLogComponents", "the component %q has no logs", name)
		}
	}
	if days, err := strconv.Atoi(cmp.Or(in.ControlplaneLogTTL, "30")); err != nil || days < 1 || days > 3650 {
		return invalid("ControlPlaneLogTTL", "controlplane_log_ttl %q is not a number of days", in.ControlplaneLogTTL)
	}
	return nil
}

func (s *Server) describeControlPlaneLog(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	return controlPlaneLogResponse{
		AliUID: s.account, Components: append([]string{}, rec.log.components...),
		LogProject: cmp.Or(rec.log.project, "k8s-log-"+rec.id), LogTTL: cmp.Or(rec.log.ttl, "30"),
	}, nil
}

type controlPlaneLogResponse struct {
	AliUID     string   `json:"aliuid"`
	Components []string `json:"components"`
	LogProject string   `json:"log_project"`
	LogTTL     string   `json:"log_ttl"`
}
