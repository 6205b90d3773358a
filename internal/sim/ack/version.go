// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/kver"
)

// chooseVersion is the version that a new cluster gets: the newest there is, unless
// one is asked for.
func (s *Server) chooseVersion(asked string) (string, *apiError) {
	offered := s.world.Profile().OfferedNames()
	switch {
	case asked == "":
		return offered[0], nil
	case !slices.Contains(offered, asked):
		return "", invalid("KubernetesVersion", "the version %s is not supported to create a cluster, choose of %s", asked, strings.Join(offered, ", "))
	}
	return asked, nil
}

// retiredVersion is one that clusters still have and none can be made of.
const retiredVersion = "1.32.7-aliyun.1"

func (s *Server) describeVersions(c *call) (any, *apiError) {
	q := c.query
	switch {
	case q.Get("Region") == "":
		return nil, missing("Region")
	case q.Get("ClusterType") == "":
		return nil, missing("ClusterType")
	case q.Get("Mode") != "" && q.Get("Mode") != "supported" && q.Get("Mode") != "creatable":
		return nil, invalid("Mode", "Mode must be supported or creatable, got %q", q.Get("Mode"))
	}
	withTargets, e := c.truth("QueryUpgradableVersion")
	if e != nil {
		return nil, e
	}
	list := []versionObject{}
	if q.Get("ClusterType") != kindManaged || q.Get("Profile") != "" && q.Get("Profile") != profileDefault {
		return list, nil
	}
	add := func(name string, creatable bool, expires int) {
		if asked := q.Get("KubernetesVersion"); asked != "" && asked != name || q.Get("Mode") == "creatable" && !creatable {
			return
		}
		list = append(list, s.versionObject(name, creatable, expires, withTargets))
	}
	add(retiredVersion, false, 20)
	// The order is not that of the versions.
	for _, v := range slices.Backward(s.world.Profile().Offer) {
		expires := 14
		if v.Deprecated {
			expires = 10
		}
		add(v.Name, true, expires)
	}
	return list, nil
}

func (s *Server) versionObject(name string, creatable bool, months int, withTargets bool) versionObject {
	o := versionObject{
		Version:  name,
		Runtimes: []runtimeObject{{"containerd", "2.1.4.1"}},
		Images: []imageObject{
			{ImageID: "aliyun_3_x64_20G_container_optimized_alibase_20261015.vhd", ImageName: "Alibaba Cloud Linux 3 Container Optimized", ImageType: "AliyunLinux3ContainerOptimized",
				OSType: "Linux", OSVersion: "3", Platform: "AliyunLinux", ImageCategory: "system", Architecture: "x86_64"},
			{ImageID: "aliyun_3_arm64_20G_alibase_20261015.vhd", ImageName: "Alibaba Cloud Linux 3 ARM", ImageType: "AliyunLinux3Arm64",
				OSType: "Linux", OSVersion: "3", Platform: "AliyunLinux", ImageCategory: "system", Architecture: "arm64"},
		},
		Capabilities: map[string]any{"AnyUserSubNet": true}, MetaData: map[string]any{},
	}
	if s.assumptions.OldVersionMetadata {
		return o
	}
	// Dates are made up so that they keep the order of the versions.
	if v, err := kver.Parse(name); err == nil {
		release := time.Date(2022, 9, 1, 0, 0, 0, 0, shanghai).AddDate(0, 4*(v.Minor-25), 0)
		o.ReleaseDate, o.ExpirationDate = stamp(release), stamp(release.AddDate(0, months, 0))
	}
	o.Creatable = &creatable
	if withTargets {
		targets := s.upgradable(name)
		o.UpgradableVersions = &targets
	}
	return o
}

// The answer about versions.
type (
	versionObject struct {
		Version            string          `json:"version"`
		Creatable          *bool           `json:"creatable,omitempty"`
		ReleaseDate        string          `json:"release_date,omitempty"`
		ExpirationDate     string          `json:"expiration_date,omitempty"`
		Runtimes           []runtimeObject `json:"runtimes"`
		Images             []imageObject   `json:"images"`
		Capabilities       map[string]any  `json:"capabilities"`
		MetaData           map[string]any  `json:"meta_data"`
		UpgradableVersions *[]string       `json:"upgradable_versions,omitempty"`
	}
	runtimeObject struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	imageObject struct {
		ImageID       string `json:"image_id"`
		ImageName     string `json:"image_name"`
		ImageType     string `json:"image_type"`
		OSType        string `json:"os_type"`
		OSVersion     string `json:"os_version"`
		Platform      string `json:"platform"`
		ImageCategory string `json:"image_category"`
		Architecture  string `json:"architecture"`
	}
)
