// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"maps"
	"net/http"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,62}$`)
	specs       = []string{specBasic, "ack.pro.small", "ack.pro.xlarge", "ack.pro.2xlarge", "ack.pro.4xlarge"}
	// plugins are the network add-ons.
	plugins = []string{"flannel", "terway-eniip", "terway-controlplane"}
)

// maxTags is how many tags a cluster may have.
const maxTags = 20

// checkCreateCluster checks a request and returns the version to be made.
func (s *Server) checkCreateCluster(in *createClusterRequest) (version string, e *apiError) {
	for _, check := range []func() *apiError{
		func() *apiError { return s.checkRetired(in) },
		func() *apiError { return checkRequired(in) },
		func() *apiError { return s.checkService() },
		func() *apiError { return s.checkWords(in) },
		func() *apiError { return checkTags(in.Tags, true) },
		func() *apiError { return checkControlPlaneLog(in) },
		func() (e *apiError) { version, e = s.chooseVersion(in.KubernetesVersion); return e },
		func() *apiError { return s.checkVPC(in) },
		func() *apiError { return s.checkRanges(in) },
		func() *apiError { return s.checkQuota() },
	} {
		if e := check(); e != nil {
			return "", e
		}
	}
	return version, nil
}

// checkRetired refuses members that were switched off.
func (s *Server) checkRetired(in *createClusterRequest) *apiError {
	if len(in.Nodepools) > 0 || len(in.Taints) > 0 {
		return notSimulated("nodepools and taints of CreateCluster")
	}
	if s.assumptions.RetiredIgnored {
		return nil
	}
	v := reflect.ValueOf(in.retiredMembers)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() && (f.Kind() != reflect.Slice || f.Len() > 0) {
			return invalid("", "The parameter %s is no longer supported.", v.Type().Field(i).Tag.Get("json"))
		}
	}
	return nil
}

func checkRequired(in *createClusterRequest) *apiError {
	for _, m := range []struct{ name, value string }{
		{"name", in.Name}, {"region_id", in.RegionID}, {"cluster_type", in.ClusterType}, {"vpcid", in.VPCID}, {"service_cidr", in.ServiceCIDR},
	} {
		if m.value == "" {
			return missing(m.name)
		}
	}
	if len(in.VSwitchIDs) == 0 {
		return missing("vswitch_ids")
	}
	return nil
}

// checkService checks that the service is open and may use what it needs.
func (s *Server) checkService() *apiError {
	if s.resources.NotOpen {
		return fail(http.StatusBadRequest, "ErrServiceNotOpen", "The service is not activated, activate it at https://common-buy.aliyun.com/?commodityCode=csk")
	}
	for _, row := range roleTable {
		if !slices.Contains(s.resources.Roles, row.role) {
			return roleMissing(row.code, row.role)
		}
	}
	return nil
}

// roleMissing says where a service role is granted.
func roleMissing(code, role string) *apiError {
	return fail(http.StatusBadRequest, code, "The role %s is not attached to the service, authorize it at "+
		"https://ram.console.aliyun.com/role/authorize?request=%%7B%%22Requests%%22%%3A%%7B%%22request1%%22%%3A%%7B%%22RoleName%%22%%3A%%22%s%%22%%7D%%7D%%7D", role, role)
}

// checkWords checks the members that are a word of a few.
func (s *Server) checkWords(in *createClusterRequest) *apiError {
	oneOf := func(member, value string, words ...string) *apiError {
		if value == "" || slices.Contains(words, value) {
			return nil
		}
		return invalid("", "%s must be one of %s, got %q", member, strings.Join(words, ", "), value)
	}
	switch {
	case !namePattern.MatchString(in.Name):
		return invalid("Name", "the name %q must be 1 to 63 characters, letters, digits and hyphens, and not begin with a hyphen", in.Name)
	case in.RegionID != s.region:
		return notSimulated("CreateCluster in another region than %s", s.region)
	case in.ClusterType == "Kubernetes" || in.Profile == "Serverless" || in.Profile == "Edge" || in.Profile == "Lingjun":
		return notSimulated("clusters of type %s and profile %s", in.ClusterType, in.Profile)
	case in.IPStack == "ipv6" || in.IPStack == "dual":
		return notSimulated("ip_stack %s", in.IPStack)
	case in.TimeoutMins < 0:
		return invalid("", "timeout_mins must not be negative")
	}
	return cmp.Or(
		oneOf("cluster_type", in.ClusterType, kindManaged), oneOf("profile", in.Profile, profileDefault), oneOf("cluster_spec", in.ClusterSpec, specs...),
		oneOf("ip_stack", in.IPStack, "ipv4"), oneOf("proxy_mode", in.ProxyMode, "iptables", "ipvs", "nftables"),
		oneOf("node_cidr_mask", in.NodeCIDRMask, "24", "25", "26", "27", "28"),
	)
}

// checkTags checks the rules for tags; empty values are taken at creation only.
func checkTags(tags []tagObject, emptyValues bool) *apiError {
	if len(tags) > maxTags {
		return invalid("Tags", "at most %d tags may be given, got %d", maxTags, len(tags))
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if n := utf8.RuneCountInString(t.Key); n < 1 || n > 64 || reserved(t.Key) {
			return invalid("TagKey", "the tag key %q is not valid", t.Key)
		}
		if n := utf8.RuneCountInString(t.Value); n > 128 || n == 0 && !emptyValues || reserved(t.Value) {
			return invalid("TagValue", "the tag value %q is not valid", t.Value)
		}
		if seen[t.Key] {
			return invalid("TagKey", "the tag key %q is given twice", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

func reserved(text string) bool {
	return slices.ContainsFunc([]string{"aliyun", "acs:", "http://", "https://"}, func(p string) bool { return strings.HasPrefix(text, p) })
}

// checkVPC checks the network that a cluster is put into.
func (s *Server) checkVPC(in *createClusterRequest) *apiError {
	if _, ok := s.resources.vpc(in.VPCID); !ok {
		return fail(http.StatusBadRequest, "InvalidVpcId.NotFound", "The VPC %s does not exist", in.VPCID)
	}
	if e := s.checkVSwitches(in.VSwitchIDs, in.VPCID); e != nil {
		return e
	}
	group, ok := s.resources.securityGroup(in.SecurityGroupID)
	switch {
	case in.SecurityGroupID == "":
		return nil
	case in.IsEnterpriseSecurityGroup != nil && *in.IsEnterpriseSecurityGroup:
		return invalid("SecurityGroup", "security_group_id and is_enterprise_security_group exclude each other")
	case !ok:
		return fail(http.StatusBadRequest, "InvalidSecurityGroupId.NotFound", "The security group %s does not exist", in.SecurityGroupID)
	case group.VPC != in.VPCID:
		return invalid("SecurityGroup", "the security group %s does not belong to the VPC %s", in.SecurityGroupID, in.VPCID)
	}
	return nil
}

// checkVSwitches checks vSwitches that must lie in a VPC.
func (s *Server) checkVSwitches(ids []string, vpc string) *apiError {
	for i, id := range ids {
		v, ok := s.resources.vswitch(id)
		switch {
		case !ok:
			return fail(http.StatusBadRequest, "InvalidVSwitchId.NotFound", "The vSwitch %s does not exist", id)
		case v.VPC != vpc:
			return invalid("VSwitchId", "the vSwitch %s does not belong to the VPC %s", id, vpc)
		case slices.Contains(ids[:i], id):
			return invalid("VSwitchId", "the vSwitch %s is given twice", id)
		case v.FreeIPs < 1:
			return fail(http.StatusBadRequest, "InvalidVSwitchId.IpNotEnough", "The vSwitch %s has no free address", id)
		}
	}
	return nil
}

// checkRanges checks the networks of pods and Services against each other, the VPC and
// the other clusters in it.
func (s *Server) checkRanges(in *createClusterRequest) *apiError {
	services, e := readRange("ServiceCIDR", in.ServiceCIDR, 16, 24)
	if e != nil {
		return e
	}
	asked := []namedRange{{"service_cidr", services.String()}}
	plugin := "flannel"
	for _, a := range in.Addons {
		if slices.Contains(plugins, a.Name) {
			plugin = a.Name
		}
	}
	switch {
	case plugin != "flannel" && in.ContainerCIDR != "":
		return invalid("ContainerCIDR", "container_cidr is not supported with Terway")
	case plugin != "flannel" && len(in.PodVSwitchIDs) == 0:
		return missing("pod_vswitch_ids")
	case plugin != "flannel":
		if e := s.checkVSwitches(in.PodVSwitchIDs, in.VPCID); e != nil {
			return e
		}
	case in.ContainerCIDR == "":
		return missing("container_cidr")
	default:
		pods, e := readRange("ContainerCIDR", in.ContainerCIDR, 12, 24)
		if mask, _ := strconv.Atoi(cmp.Or(in.NodeCIDRMask, "26")); e == nil && mask <= pods.Bits() {
			e = invalid("NodeCIDRMask", "node_cidr_mask %d leaves no node in %s", mask, pods)
		}
		if e != nil {
			return e
		}
		if pods.Overlaps(services) {
			return s.conflictingCIDR("container_cidr %s overlaps service_cidr %s", pods, services)
		}
		asked = append(asked, namedRange{"container_cidr", pods.String()})
	}
	for _, mine := range asked {
		for _, taken := range s.takenRanges(in.VPCID) {
			if overlap(mine.cidr, taken.cidr) {
				return s.conflictingCIDR("%s %s overlaps %s of %s", mine.what, mine.cidr, taken.cidr, taken.what)
			}
		}
	}
	return nil
}

// namedRange is a network with what has it.
type namedRange struct{ what, cidr string }

func overlap(a, b string) bool {
	one, err := netip.ParsePrefix(a)
	other, otherErr := netip.ParsePrefix(b)
	return err == nil && otherErr == nil && one.Overlaps(other)
}

// takenRanges returns the networks in a VPC.
func (s *Server) takenRanges(id string) []namedRange {
	vpc, _ := s.resources.vpc(id)
	var taken []namedRange
	for _, cidr := range slices.Concat([]string{vpc.CIDR}, vpc.Secondary, vpc.User) {
		taken = append(taken, namedRange{"the VPC", cidr})
	}
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if rec := s.clusters[id]; rec.vpc == vpc.ID && rec.live.State != profile.Gone {
			taken = append(taken, namedRange{"the pods of " + rec.live.Name, rec.containerCIDR}, namedRange{"the Services of " + rec.live.Name, rec.serviceCIDR})
		}
	}
	return taken
}

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// readRange reads a private network of a size between two.
func readRange(field, text string, largest, smallest int) (netip.Prefix, *apiError) {
	prefix, err := netip.ParsePrefix(text)
	private := err == nil && slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Overlaps(prefix) && p.Bits() <= prefix.Bits() })
	if err != nil || !private || prefix != prefix.Masked() || prefix.Bits() < largest || prefix.Bits() > smallest {
		return prefix, invalid(field, "%q must be a private network from /%d to /%d", text, largest, smallest)
	}
	return prefix, nil
}

// checkQuota says whether the account may have another cluster.
func (s *Server) checkQuota() *apiError {
	n := 0
	for _, rec := range s.clusters {
		if rec.live.State != profile.Gone {
			n++
		}
	}
	if limit := s.resources.Quota.Clusters; limit > 0 && n >= limit {
		return fail(http.StatusBadRequest, "QuotaExceeded.Cluster", "The quota of %d clusters is used up", limit)
	}
	return nil
}
