// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

var (
	clusterNamePattern   = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`)
	nodegroupNamePattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,62}$`)
	minorPattern         = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	roleARNPattern       = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role(/.+)$`)
	tagKeyPattern        = regexp.MustCompile(`^[\pL\pN +\-=._:/@]*$`)
)

// badZones lists the ids of zones in which EKS puts no control plane.
var badZones = []string{"use1-az3", "usw1-az2", "cac1-az3"}

// minFreeIPs is how many free addresses a subnet of a cluster needs.
const minFreeIPs = 6

// checkCreateCluster checks what can be checked without the account.
func (s *Server) checkCreateCluster(in *createClusterRequest) *apiError {
	switch {
	case !clusterNamePattern.MatchString(in.Name):
		return invalidParameter("The name %q must be 1 to 100 characters, letters, digits, hyphens and underscores, and begin with a letter or digit", in.Name)
	case in.RoleARN == "":
		return invalidParameter("roleArn is required")
	case in.ResourcesVpcConfig == nil:
		return invalidParameter("resourcesVpcConfig is required")
	case in.Version != "" && !minorPattern.MatchString(in.Version),
		in.Version != "" && !slices.Contains(s.world.Profile().OfferedNames(), in.Version):
		return invalidParameter("unsupported Kubernetes version")
	}
	if e := in.ResourcesVpcConfig.checkEndpoint(in.ResourcesVpcConfig.newEndpoint()); e != nil {
		return e
	}
	k := in.KubernetesNetworkConfig
	if prefix, err := netip.ParsePrefix(k.ServiceIPv4CIDR); k.ServiceIPv4CIDR != "" && (err != nil || !prefix.Addr().IsPrivate() || prefix.Bits() < 12 || prefix.Bits() > 24) {
		return invalidParameter("The service CIDR %s is invalid", k.ServiceIPv4CIDR)
	}
	for _, e := range []*apiError{
		oneOf("ipFamily", k.IPFamily, "ipv4"),
		oneOf("authenticationMode", in.AccessConfig.AuthenticationMode, "API", "API_AND_CONFIG_MAP", "CONFIG_MAP"),
		oneOf("supportType", in.UpgradePolicy.SupportType, "EXTENDED", "STANDARD"),
		s.checkTags(in.Tags, "InvalidParameterException"),
	} {
		if e != nil {
			return e
		}
	}
	if k.IPFamily != "" && k.IPFamily != "ipv4" {
		return notSimulated("ipFamily %s", k.IPFamily)
	}
	return checkLogging(in.Logging)
}

func checkLogging(l *loggingObject) *apiError {
	if l == nil {
		return nil
	}
	for _, setup := range l.ClusterLogging {
		for _, kind := range setup.Types {
			if e := oneOf("logging type", kind, logTypes...); e != nil {
				return e
			}
		}
	}
	return nil
}

// oneOf checks the value of an enumeration; empty means that it is not given.
func oneOf(field, value string, allowed ...string) *apiError {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return invalidParameter("%s must be one of [%s], got %q", field, strings.Join(allowed, ", "), value)
}

// checkTags checks the rules for tags.
func (s *Server) checkTags(tags map[string]string, code string) *apiError {
	if tags != nil && len(tags) == 0 {
		return fail(http.StatusBadRequest, code, "tags must not be empty")
	}
	if len(tags) > 50 {
		return fail(http.StatusBadRequest, code, "A resource may have at most 50 tags, got %d", len(tags))
	}
	for key, value := range tags {
		if e := s.checkTagKey(key, code); e != nil {
			return e
		}
		if utf8.RuneCountInString(value) > 256 {
			return fail(http.StatusBadRequest, code, "The value of tag %q is longer than 256 characters", key)
		}
		if !tagKeyPattern.MatchString(s.withoutHash(value)) {
			return fail(http.StatusBadRequest, code, "The value of tag %q has characters that are not allowed", key)
		}
	}
	return nil
}

func (s *Server) checkTagKey(key, code string) *apiError {
	switch n := utf8.RuneCountInString(key); {
	case n < 1 || n > 128:
		return fail(http.StatusBadRequest, code, "The key of a tag must be 1 to 128 characters long, got %d", n)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return fail(http.StatusBadRequest, code, "The key of tag %q begins with aws:, which is reserved", key)
	case !tagKeyPattern.MatchString(s.withoutHash(key)):
		return fail(http.StatusBadRequest, code, "The key of tag %q has characters that are not allowed", key)
	}
	return nil
}

// withoutHash hides "#" from the pattern where it is chosen to be allowed.
func (s *Server) withoutHash(text string) string {
	if s.assumptions.HashInTagKeys {
		return strings.ReplaceAll(text, "#", "")
	}
	return text
}

// checkNetwork checks the subnets and security groups of a cluster and returns
// its VPC.
func (s *Server) checkNetwork(v *vpcConfigRequest) (vpc string, e *apiError) {
	zones := map[string]bool{}
	vpcs := map[string]bool{}
	seen := map[string]bool{}
	for _, id := range v.SubnetIDs {
		subnet, ok := s.resources.subnet(id)
		switch {
		case !ok:
			return "", invalidParameter("The subnet ID '%s' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)", id)
		case seen[id]:
			return "", invalidParameter("The subnet ID '%s' is given twice", id)
		case slices.Contains(badZones, subnet.ZoneID):
			return "", s.badZone(subnet)
		case subnet.FreeIPs < minFreeIPs:
			return "", invalidParameter("The subnet %s has %d free IP addresses and needs at least %d", id, subnet.FreeIPs, minFreeIPs)
		}
		seen[id], zones[subnet.Zone], vpcs[subnet.VPC] = true, true, true
		vpc = subnet.VPC
	}
	switch {
	case len(v.SubnetIDs) < 2 || len(zones) < 2:
		return "", invalidParameter("Subnets specified must be in at least two different AZs")
	case len(vpcs) > 1:
		return "", invalidParameter("Subnets specified must belong to the same VPC")
	case len(v.SecurityGroupIDs) > s.assumptions.MaxSecurityGroups:
		return "", invalidParameter("A cluster may have at most %d security groups, got %d", s.assumptions.MaxSecurityGroups, len(v.SecurityGroupIDs))
	}
	for _, id := range v.SecurityGroupIDs {
		if e := s.checkSecurityGroup(id, vpc); e != nil {
			return "", e
		}
	}
	return vpc, nil
}

func (s *Server) badZone(subnet Subnet) *apiError {
	var valid []string
	for _, other := range s.resources.Subnets {
		if !slices.Contains(badZones, other.ZoneID) && !slices.Contains(valid, other.Zone) {
			valid = append(valid, other.Zone)
		}
	}
	slices.Sort(valid)
	e := fail(http.StatusBadRequest, "UnsupportedAvailabilityZoneException",
		"Cannot create cluster because %s, the targeted availability zone, does not currently have sufficient capacity to support the cluster", subnet.Zone)
	e.validZones = valid
	return e
}

func (s *Server) checkSecurityGroup(id, vpc string) *apiError {
	group, ok := simkit.Find(s.securityGroups(), func(g SecurityGroup) bool { return g.ID == id })
	switch {
	case !ok:
		return invalidParameter("The security group '%s' does not exist", id)
	case group.VPC != vpc:
		return invalidParameter("Security group(s) [%s] are not in the same VPC as the subnets", id)
	}
	return nil
}

// checkRole checks that EKS may use a role. A role that was made just now is not
// seen for some calls.
func (s *Server) checkRole(arn, service string, policies []string) *apiError {
	parts := roleARNPattern.FindStringSubmatch(arn)
	if parts == nil {
		return invalidParameter("The role ARN %q is not valid", arn)
	}
	name := parts[3][strings.LastIndexByte(parts[3], '/')+1:]
	role, ok := s.resources.role(name)
	if !ok || s.roleARN(role) != arn { // of another partition or account, too
		return invalidParameter("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct", arn)
	}
	if role.unknownFor > 0 {
		role.unknownFor--
		return invalidParameter("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct", arn)
	}
	if !slices.Contains(role.Trust, service) {
		return invalidParameter("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct", arn)
	}
	for _, policy := range policies {
		if !slices.Contains(role.Policies, policy) {
			return invalidParameter("The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policies [%s] are attached", strings.Join(policies, ", "))
		}
	}
	return nil
}

// splitReason reads "Code: message" or "Code: message [id, id]"; a reason without a
// code or ids gets the other ones.
func splitReason(reason, code string, ids ...string) (c, message string, resources []string) {
	m := reasonPattern.FindStringSubmatch(reason)
	if m == nil {
		return "", "", nil
	}
	if m[1] != "" {
		code = m[1]
	}
	if m[3] != "" {
		ids = names(m[3])
	}
	return code, m[2], ids
}

var reasonPattern = regexp.MustCompile(`(?s)^(?:([A-Z][A-Za-z0-9]+): )?(.+?)(?: \[([^\]]+)\])?$`)
