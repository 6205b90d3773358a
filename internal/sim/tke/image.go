// SPDX-License-Identifier: Apache-2.0

package tke

type (
	describeImagesRequest struct {
		Filters absent `json:"Filters" sim:"no"`
	}
	describeImagesResponse struct {
		TotalCount       int64         `json:"TotalCount"`
		OSImageSeriesSet []imageObject `json:"OSImageSeriesSet"`
	}
	imageObject struct {
		SeriesName      string `json:"SeriesName"`
		Alias           string `json:"Alias"`
		OSName          string `json:"OsName"`
		OSCustomizeType string `json:"OsCustomizeType"`
		Status          string `json:"Status"`
		ImageID         string `json:"ImageId"`
		Arch            string `json:"Arch"`
	}
)

func (s *Server) describeImages(*call, *describeImagesRequest) (any, *apiError) {
	list := []imageObject{}
	for _, i := range s.resources.Images {
		status := "online"
		if i.Offline {
			status = "offline"
		}
		list = append(list, imageObject{i.Series, i.Alias, i.OSName, "GENERAL", status, i.ID, "amd64"})
	}
	return describeImagesResponse{int64(len(list)), list}, nil
}
