// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// textList is a list of texts: nil for none, and empty for null too.
type textList []string

// UnmarshalJSON reads a list, or null.
func (l *textList) UnmarshalJSON(data []byte) error {
	list := []string{}
	err := json.Unmarshal(data, &list)
	if *l = list; list == nil {
		*l = textList{}
	}
	return err
}

// poolRequest is a pool as it is asked for.
type poolRequest struct {
	Name             string            `json:"name"`
	Flavor           string            `json:"flavor"`
	VPCID            string            `json:"vpcID"`
	WorkerCount      int               `json:"workerCount"`
	Zones            []zoneRequest     `json:"zones"`
	Labels           map[string]string `json:"labels"`
	OperatingSystem  string            `json:"operatingSystem"`
	Isolation        string            `json:"isolation"`
	DiskEncryption   *bool             `json:"diskEncryption"`
	SecurityGroupIDs textList          `json:"securityGroupIDs"`
	Entitlement      string            `json:"entitlement"`
	SecondaryStorage string            `json:"secondaryStorageOption"`
	VolumeEncryption any               `json:"workerVolumeEncryption" sim:"no"`
	KMSInstance      string            `json:"kmsInstanceID" sim:"no"`
	VolumeKey        string            `json:"workerVolumeCRKID" sim:"no"`
}

type zoneRequest struct {
	ID       string `json:"id"`
	SubnetID string `json:"subnetID"`
}

// size is how many workers a pool is to have in all of its zones.
func (p *poolRequest) size() int { return p.WorkerCount * len(p.Zones) }

var (
	clusterNamePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.-]{0,34}$`)
	poolNamePattern    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,31}$`)
)

// planCluster checks a request and returns the version and the record of what it
// makes.
func (s *Server) planCluster(c *call, in *createRequest) (version string, base *clusterRecord, e *apiError) {
	group := cmp.Or(c.header.Get(groupHeader), s.resources.defaultGroup().ID)
	version, offered := s.resolveVersion(in.KubeVersion)
	switch {
	case in.Name == "" || in.Provider == "" || in.WorkerPool == nil:
		return "", nil, badRequest("Required members are missing: name, provider and workerPool must be given.")
	case !clusterNamePattern.MatchString(in.Name):
		return "", nil, fail(http.StatusBadRequest, "E0002", "The cluster name %q is not valid. It must start with a letter, can contain letters, digits, periods and hyphens, and have 35 characters at most.", in.Name).of(kindBadRequest)
	case in.Provider != providerVPC:
		return "", nil, badRequest("The specified provider %q is not supported.", in.Provider)
	case in.COSInstance != "" || in.Entitlement != "":
		return "", nil, badRequest("cosInstanceCRN and defaultWorkerPoolEntitlement are for OpenShift clusters.")
	case in.NetworkPlugin != "" || in.Offering != "" || in.Billing != "":
		return "", nil, notSimulated("networkPlugin, offering and billing")
	case in.WorkerPool.HostPoolID != "":
		return "", nil, notSimulated("workerPool.hostPoolID")
	case strings.HasSuffix(in.KubeVersion, "_openshift"):
		return "", nil, notSimulated("the making of OpenShift clusters")
	case !offered:
		return "", nil, s.unknownVersion(in.KubeVersion)
	}
	base = &clusterRecord{
		region: s.region, group: group, kind: typeKubernetes, provider: providerVPC, vpc: in.WorkerPool.VPCID,
		private: in.DisablePublic, made: c.Now,
	}
	if base.podSubnet, e = planRange("podSubnet", in.PodSubnet, "172.17.0.0/18", 23); e != nil {
		return "", nil, e
	}
	if base.serviceSubnet, e = planRange("serviceSubnet", in.ServiceSubnet, "172.21.0.0/16", 24); e != nil {
		return "", nil, e
	}
	if netip.MustParsePrefix(base.podSubnet).Overlaps(netip.MustParsePrefix(base.serviceSubnet)) {
		return "", nil, badRequest("The pod subnet and the service subnet must not overlap.")
	}
	if base.securityGroups, e = s.planSecurityGroups(base.vpc, in.SecurityGroupIDs); e != nil {
		return "", nil, e
	}
	return version, base, s.planPool(&in.WorkerPool.poolRequest, base.vpc)
}

// clusterRanges are those that pods and services may have.
var clusterRanges = []netip.Prefix{
	netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("172.21.0.0/16"), netip.MustParsePrefix("172.22.0.0/15"),
	netip.MustParsePrefix("172.24.0.0/13"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.18.0.0/15"),
}

// planRange checks the range of the pods or the services; 0.0.0.0/18 asks for any of
// that size.
func planRange(name, text, otherwise string, smallest int) (string, *apiError) {
	if text == "" {
		return otherwise, nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err == nil && name == "podSubnet" && prefix.Addr().IsUnspecified() && prefix.Bits() >= 13 && prefix.Bits() <= 23 {
		return netip.PrefixFrom(netip.MustParseAddr("172.30.0.0"), prefix.Bits()).Masked().String(), nil
	}
	inside := func(of netip.Prefix) bool { return of.Bits() <= prefix.Bits() && of.Contains(prefix.Addr()) }
	if err != nil || prefix.Masked() != prefix || prefix.Bits() > smallest || !slices.ContainsFunc(clusterRanges, inside) {
		return "", badRequest("The %s %q is not valid.", name, text)
	}
	return text, nil
}

// planSecurityGroups checks a list of security groups, which may be missing but not
// empty.
func (s *Server) planSecurityGroups(vpc string, in textList) ([]string, *apiError) {
	if in == nil {
		return nil, nil
	}
	if len(in) == 0 || len(in) > 4 {
		return nil, badRequest("securityGroupIDs must hold from 1 to 4 security groups, got %d.", len(in))
	}
	for i, id := range in {
		g, found := s.resources.securityGroup(id)
		if !found || g.VPC != vpc || slices.Contains(in[:i], id) {
			return nil, badRequest("The security group %q could not be found in the VPC, or is given twice.", id)
		}
	}
	return in, nil
}

// planPool checks the request of a pool in a VPC.
func (s *Server) planPool(in *poolRequest, vpc string) *apiError {
	smallest := 1
	if s.assume.EmptyPools {
		smallest = 0
	}
	_, known := s.resources.vpc(in.VPCID)
	switch {
	case in.Flavor == "" || in.VPCID == "" || len(in.Zones) == 0:
		return badRequest("Required members are missing: flavor, vpcID and zones must be given.")
	case in.Name != "" && !poolNamePattern.MatchString(in.Name) && !s.assume.AnyPoolName:
		return badRequest("The worker pool name %q is not valid.", in.Name)
	case in.WorkerCount < smallest:
		return badRequest("workerCount must be at least %d, got %d.", smallest, in.WorkerCount)
	case !known || in.VPCID != vpc:
		return badRequest("The specified VPC %q could not be found.", in.VPCID)
	case in.OperatingSystem != "" && !slices.Contains(s.resources.OperatingSystems, in.OperatingSystem):
		return badRequest("The operating system %q is not supported.", in.OperatingSystem)
	case in.Entitlement != "":
		return badRequest("entitlement is for OpenShift clusters.")
	case in.SecondaryStorage != "":
		return notSimulated("secondaryStorageOption")
	case !slices.Contains([]string{"", "public"}, in.Isolation):
		return notSimulated("the isolation %.40q", in.Isolation)
	}
	if e := checkLabels(in.Labels); e != nil {
		return e
	}
	if _, e := s.planSecurityGroups(vpc, in.SecurityGroupIDs); e != nil {
		return e
	}
	return s.planZones(in)
}

// planZones checks the zones of a pool.
func (s *Server) planZones(in *poolRequest) *apiError {
	var seen []string
	for _, z := range in.Zones {
		if e := s.planZone(in.Flavor, z, seen); e != nil {
			return e
		}
		seen = append(seen, z.ID)
	}
	return nil
}

// planZone checks a zone for a pool of a flavor that has others already. That a subnet
// is of the VPC the service does not look at.
func (s *Server) planZone(flavor string, z zoneRequest, taken []string) *apiError {
	n, found := s.resources.subnet(z.SubnetID)
	_, offered := s.resources.flavor(flavor, z.ID)
	switch {
	case !s.isZone(z.ID):
		return badRequest("The specified zone %q could not be found.", z.ID)
	case slices.Contains(taken, z.ID):
		return fail(http.StatusConflict, "Ede7d", "The zone %q already exists in the worker pool.", z.ID).of(kindProvisioning)
	case !found:
		return badRequest("The specified subnet %q could not be found.", z.SubnetID)
	case n.Zone != z.ID:
		e := badRequest("The subnet %q is not in the zone %q.", z.SubnetID, z.ID)
		if s.assume.BadRequestTexts {
			e.code = "E0136"
		}
		return e
	case !offered:
		return fail(http.StatusBadRequest, "E4e5b", "The flavor %q is not available in the zone %q.", flavor, z.ID).of(kindBadRequest).
			recover("Run 'ibmcloud ks flavors --zone " + z.ID + " --provider vpc-gen2' to list the flavors.")
	}
	return nil
}
