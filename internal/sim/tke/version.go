// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"

	"github.com/pmks-go/pmks/internal/kver"
)

// independentVersion is one that only clusters with masters of their own can be made of.
const independentVersion = "1.34.2"

type (
	describeVersionsRequest  struct{}
	describeVersionsResponse struct {
		TotalCount         int64             `json:"TotalCount"`
		VersionInstanceSet []versionInstance `json:"VersionInstanceSet"`
	}
	versionInstance struct {
		Name    string `json:"Name"`
		Version string `json:"Version"`
		Remark  string `json:"Remark"`
	}
)

// describeVersions shows them in no order.
func (s *Server) describeVersions(*call, *describeVersionsRequest) (any, *apiError) {
	list := []versionInstance{{"k8s", independentVersion, "SUITABLE_FOR_INDEPENDENT_CLUSTER"}}
	for _, name := range slices.Backward(s.world.Profile().OfferedNames()) {
		list = append(list, versionInstance{"k8s", name, ""})
	}
	return describeVersionsResponse{int64(len(list)), list}, nil
}

// reachable lists the versions that a control plane can go to in one step, the oldest
// first.
func (s *Server) reachable(version string) []string {
	list := []string{}
	from, err := kver.Parse(version)
	if err != nil {
		return list
	}
	for _, name := range slices.Backward(s.world.Profile().OfferedNames()) {
		if to, err := kver.Parse(name); err == nil && to.Compare(from) > 0 && from.MinorDistance(to) <= s.world.Profile().Caps.Versions.LargestStep {
			list = append(list, name)
		}
	}
	return list
}

type (
	describeAvailableVersionsRequest struct {
		ClusterID  string   `json:"ClusterId"`
		ClusterIDs []string `json:"ClusterIds"`
	}
	describeAvailableVersionsResponse struct {
		Versions []string         `json:"Versions"`
		Clusters []clusterVersion `json:"Clusters"`
	}
	clusterVersion struct {
		ClusterID string   `json:"ClusterId"`
		Versions  []string `json:"Versions"`
	}
)

// describeAvailableVersions answers null where there is nothing newer.
func (s *Server) describeAvailableVersions(c *call, in *describeAvailableVersionsRequest) (any, *apiError) {
	if (in.ClusterID == "") == (len(in.ClusterIDs) == 0) {
		return nil, invalid("one of ClusterId and ClusterIds must be given")
	}
	out := describeAvailableVersionsResponse{Clusters: []clusterVersion{}}
	for _, id := range append(slices.Clone(in.ClusterIDs), in.ClusterID) {
		if id == "" {
			continue
		}
		rec, e := s.find(c, id, "ResourceNotFound")
		if e != nil {
			return nil, e
		}
		list := s.reachable(rec.live.Version)
		out.Clusters = append(out.Clusters, clusterVersion{id, list})
		if id == in.ClusterID && len(list) > 0 {
			out.Versions = list
		}
	}
	return out, nil
}
