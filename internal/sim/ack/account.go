// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"slices"
	"strconv"
)

// checkServiceRole says which service roles are granted.
func (s *Server) checkServiceRole(c *call) (any, *apiError) {
	var in checkRolesRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if len(in.Roles) == 0 {
		return nil, missing("roles")
	}
	out := checkRolesResponse{Roles: []roleObject{}}
	for _, r := range in.Roles {
		if r.Name == "" {
			return nil, missing("roles.name")
		}
		o := roleObject{Name: r.Name, Granted: slices.Contains(s.resources.Roles, r.Name)}
		if !o.Granted {
			o.Message = roleMissing("", r.Name).message
		}
		out.Roles = append(out.Roles, o)
	}
	return out, nil
}

func (s *Server) describeQuota(*call) (any, *apiError) {
	q := s.resources.Quota
	return quotaResponse{AMKClusterQuota: q.Clusters, ASKClusterQuota: q.Clusters, ClusterQuota: 50, ClusterNodepoolQuota: q.NodePools, NodeQuota: q.Nodes,
		Quotas: map[string]quotaValue{"q_managed_cluster": {strconv.Itoa(q.Clusters), "q_managed_cluster", true, "count"}}}, nil
}

// The requests and answers about the account.
type (
	checkRolesRequest struct {
		Roles []struct {
			Name string `json:"name"`
		} `json:"roles"`
	}
	checkRolesResponse struct {
		Roles []roleObject `json:"roles"`
	}
	roleObject struct {
		Name    string `json:"name"`
		Granted bool   `json:"granted"`
		Message string `json:"message"`
	}
	quotaResponse struct {
		AMKClusterQuota      int                   `json:"amk_cluster_quota"`
		ASKClusterQuota      int                   `json:"ask_cluster_quota"`
		ClusterQuota         int                   `json:"cluster_quota"`
		ClusterNodepoolQuota int                   `json:"cluster_nodepool_quota"`
		NodeQuota            int                   `json:"node_quota"`
		Quotas               map[string]quotaValue `json:"quotas"`
	}
	quotaValue struct {
		Quota         string `json:"quota"`
		OperationCode string `json:"operation_code"`
		Adjustable    bool   `json:"adjustable"`
		Unit          string `json:"unit"`
	}
)
