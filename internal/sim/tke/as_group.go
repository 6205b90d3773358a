// SPDX-License-Identifier: Apache-2.0

package tke

type (
	describeAsGroupsRequest struct {
		ClusterID           string   `json:"ClusterId" need:"yes"`
		AutoScalingGroupIDs []string `json:"AutoScalingGroupIds"`
		Offset              *int64   `json:"Offset"`
		Limit               *int64   `json:"Limit"`
	}
	describeAsGroupsResponse struct {
		TotalCount        int64           `json:"TotalCount"`
		ClusterAsGroupSet []asGroupObject `json:"ClusterAsGroupSet"`
	}
	asGroupObject struct {
		AutoScalingGroupID string        `json:"AutoScalingGroupId"`
		Status             string        `json:"Status"`
		IsUnschedulable    bool          `json:"IsUnschedulable"`
		Labels             []labelObject `json:"Labels"`
		CreatedTime        string        `json:"CreatedTime"`
	}
)

// describeAsGroups shows the scaling groups of a cluster.
func (s *Server) describeAsGroups(c *call, in *describeAsGroupsRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	by := map[string][]string{}
	if len(in.AutoScalingGroupIDs) > 0 {
		by["id"] = in.AutoScalingGroupIDs
	}
	list := []asGroupObject{}
	for _, g := range rec.live.Groups {
		known := rec.pools[g.ID]
		if is(by, "id", known.group) {
			list = append(list, asGroupObject{
				known.group, s.poolObject(c, rec, g, known).AutoscalingGroupStatus, known.unschedulable != 0, append([]labelObject{}, known.labels...), localTime(known.created),
			})
		}
	}
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	return describeAsGroupsResponse{total, items}, e
}
