// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

type (
	addonsResponse struct {
		Addons    []string `json:"addons"`
		NextToken *string  `json:"nextToken"`
	}
	addonResponse struct {
		Addon addonObject `json:"addon"`
	}
	addonObject struct {
		AddonName    string            `json:"addonName"`
		AddonARN     string            `json:"addonArn"`
		ClusterName  string            `json:"clusterName"`
		AddonVersion string            `json:"addonVersion"`
		Status       string            `json:"status"`
		Health       healthObject      `json:"health"`
		CreatedAt    epoch             `json:"createdAt"`
		ModifiedAt   epoch             `json:"modifiedAt"`
		Tags         map[string]string `json:"tags"`
	}
	addonVersionsResponse struct {
		Addons    []addonInfo `json:"addons"`
		NextToken *string     `json:"nextToken"`
	}
	addonInfo struct {
		AddonName        string             `json:"addonName"`
		Type             string             `json:"type"`
		Owner            string             `json:"owner"`
		Publisher        string             `json:"publisher"`
		DefaultNamespace string             `json:"defaultNamespace"`
		AddonVersions    []addonVersionInfo `json:"addonVersions"`
	}
	addonVersionInfo struct {
		AddonVersion           string               `json:"addonVersion"`
		Architecture           []string             `json:"architecture"`
		ComputeTypes           []string             `json:"computeTypes"`
		Compatibilities        []compatibilityEntry `json:"compatibilities"`
		RequiresConfiguration  bool                 `json:"requiresConfiguration"`
		RequiresIAMPermissions bool                 `json:"requiresIamPermissions"`
	}
	compatibilityEntry struct {
		ClusterVersion   string   `json:"clusterVersion"`
		PlatformVersions []string `json:"platformVersions"`
		DefaultVersion   bool     `json:"defaultVersion"`
	}
)

// addon is an add-on of a cluster. They come with Put; making them is not simulated.
type addon struct{ name, version string }

// Versions of every add-on: the one goes with every version of Kubernetes, the other
// with none that is newer than the default.
const (
	DefaultAddonVersion = "v1.0.0-eksbuild.1"
	OldAddonVersion     = "v0.9.0-eksbuild.1"
)

// addonTable lists the add-ons that DescribeAddonVersions knows, with their type.
var addonTable = []struct{ name, kind string }{
	{"aws-ebs-csi-driver", "storage"}, {"coredns", "networking"}, {"kube-proxy", "networking"}, {"vpc-cni", "networking"},
}

// addonsOf reads a list of add-ons with commas, each as "name" or "name=version".
func addonsOf(list string) (addons []addon) {
	for _, text := range names(list) {
		name, version, _ := strings.Cut(text, "=")
		addons = append(addons, addon{name, cmp.Or(version, DefaultAddonVersion)})
	}
	return addons
}

// goesWith reports whether a version of an add-on is one for a version of Kubernetes.
func (s *Server) goesWith(version, kubernetes string) bool {
	of, err := kver.Parse(kubernetes)
	newest, defaultErr := kver.Parse(s.world.Profile().Default())
	return version == DefaultAddonVersion || version == OldAddonVersion && err == nil && defaultErr == nil && of.Compare(newest) <= 0
}

// compatibleVersions lists the versions of an add-on for a version of Kubernetes, none for an
// add-on that is not known.
func (s *Server) compatibleVersions(name, kubernetes string) (versions []string) {
	for _, known := range addonTable {
		for _, version := range []string{DefaultAddonVersion, OldAddonVersion} {
			if known.name == name && s.goesWith(version, kubernetes) {
				versions = append(versions, version)
			}
		}
	}
	return versions
}

// describeAddonVersions lists what there is to install. An add-on or a version that is
// not known is no error: the list is empty.
func (s *Server) describeAddonVersions(c *call) (any, *apiError) {
	limit, e := s.limit(c)
	if e != nil {
		return nil, e
	}
	asked := func(key, value string) bool { return !c.query.Has(key) || slices.Contains(c.query[key], value) }
	list := []addonInfo{}
	for _, known := range addonTable {
		info := addonInfo{AddonName: known.name, Type: known.kind, Owner: "aws", Publisher: "eks", DefaultNamespace: "kube-system"}
		for _, version := range []string{DefaultAddonVersion, OldAddonVersion} {
			v := addonVersionInfo{AddonVersion: version, Architecture: []string{"amd64", "arm64"}, ComputeTypes: []string{"ec2", "fargate"}}
			for _, offered := range s.world.Profile().OfferedNames() {
				if s.goesWith(version, offered) && asked("kubernetesVersion", offered) {
					v.Compatibilities = append(v.Compatibilities, compatibilityEntry{offered, []string{"*"}, version == DefaultAddonVersion})
				}
			}
			if len(v.Compatibilities) > 0 {
				info.AddonVersions = append(info.AddonVersions, v)
			}
		}
		if len(info.AddonVersions) > 0 && asked("addonName", info.AddonName) && asked("types", info.Type) && asked("publishers", info.Publisher) && asked("owners", info.Owner) {
			list = append(list, info)
		}
	}
	list, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, "DescribeAddonVersions", c.query.Get("nextToken"), limit, list)
	if !ok {
		return nil, badToken()
	}
	return addonVersionsResponse{append([]addonInfo{}, list...), optional(next)}, nil
}

func (s *Server) listAddons(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	if cluster.State == profile.Creating && s.assumptions.AddonsWantActive {
		return nil, invalidRequest("Cluster '%s' is not in ACTIVE status", rec.name).in(rec.name, "")
	}
	limit, e := s.limit(c)
	if e != nil {
		return nil, e
	}
	list, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, "ListAddons/"+rec.uid, c.query.Get("nextToken"), limit, rec.addons)
	if !ok {
		return nil, badToken()
	}
	return addonsResponse{namesOf(list, func(a addon) string { return a.name }), optional(next)}, nil
}

func (s *Server) describeAddon(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	name := c.labels["addonName"]
	a, ok := simkit.Find(rec.addons, func(a addon) bool { return a.name == name })
	if !ok {
		return nil, notFound("No addon: %s found in cluster: %s", name, rec.name).in(rec.name, "")
	}
	return addonResponse{addonObject{
		AddonName: name, AddonARN: s.arn("eks", true, "addon/%s/%s/%s", rec.name, name, rec.uid), ClusterName: rec.name,
		AddonVersion: a.version, Status: "ACTIVE", Health: healthObject{Issues: []issueObject{}},
		CreatedAt: epoch(cluster.Created), ModifiedAt: epoch(cluster.Created), Tags: map[string]string{},
	}}, nil
}
