// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// levels are the sizes of a control plane.
var levels = []string{"", "L5", "L20", "L50", "L100", "L200", "L500", "L1000", "L3000", "L5000"}

// checkCreateCluster checks a request for a cluster. It takes names that exist already,
// and tags that no machine can have.
func (s *Server) checkCreateCluster(c *call, in *createClusterRequest) *apiError {
	for _, check := range []func() *apiError{
		func() *apiError { return checkKind(in) },
		func() *apiError { return s.checkAccount(in) },
		func() *apiError { return s.checkWords(in) },
		func() *apiError { return s.checkVersion(in) },
		func() *apiError { return checkTags(in.ClusterBasicSettings.TagSpecification) },
		func() *apiError { return s.checkRanges(c, in) },
		func() *apiError { return s.checkQuota() },
	} {
		if e := check(); e != nil {
			return e
		}
	}
	return nil
}

func checkKind(in *createClusterRequest) *apiError {
	switch {
	case in.ClusterType == kindIndependent:
		return notSimulated("clusters with masters of their own")
	case in.ClusterType != kindManaged:
		return invalid("ClusterType %q is not valid", in.ClusterType)
	case len(in.RunInstancesForNode)+len(in.ExistedInstancesForNode)+len(in.InstanceDataDiskMountSettings) > 0:
		return notSimulated("clusters that are made with nodes")
	case len(in.ExtensionAddons)+len(in.DisableAddons) > 0:
		return notSimulated("the choice of addons")
	}
	return nil
}

// checkAccount checks what an account needs for clusters.
func (s *Server) checkAccount(in *createClusterRequest) *apiError {
	roles := []string{roleTKE}
	if in.ClusterAdvancedSettings.NetworkType == networkCNI {
		roles = append(roles, roleIPAM)
	}
	for _, role := range roles {
		if slices.Contains(s.resources.Roles, role) {
			continue
		}
		if s.assumptions.OtherCodes {
			return fail("InternalError.UnexpectedInternal", "UNEXPECTED_INTERNAL_ERROR(assume role %s failed)", role)
		}
		return fail("FailedOperation.AccountUserNotAuthenticated", "ACCOUNT_USER_NOT_AUTHENTICATED(the service role %s is not authorized)", role)
	}
	if s.resources.NoBalance {
		return fail("FailedOperation.TradeInsufficientBalance", "TRADE_INSUFFICIENT_BALANCE(the balance of the account is not sufficient)")
	}
	return nil
}

func (s *Server) checkWords(in *createClusterRequest) *apiError {
	basic, advanced := in.ClusterBasicSettings, in.ClusterAdvancedSettings
	oneOf := func(member, value string, words ...string) *apiError {
		if value == "" || slices.Contains(words, value) {
			return nil
		}
		return invalid("%s %q must be one of %s", member, value, strings.Join(words, ", "))
	}
	image, known := s.resources.image(basic.ClusterOS)
	switch n := utf8.RuneCountInString(basic.ClusterName); {
	case n < 1 || n > 50:
		return invalid("ClusterName %q must have 1 to 50 characters", basic.ClusterName)
	case basic.ClusterOS != "" && (!known || image.Offline):
		return fail("InvalidParameter.OsNotSupport", "the OS %q is not supported", basic.ClusterOS)
	case advanced.AsEnabled:
		return invalid("AsEnabled cannot be set at creation")
	case basic.SubnetID != "":
		return notSimulated("SubnetId of ClusterBasicSettings")
	case basic.ProjectID < 0:
		return invalid("ProjectId %d is not valid", basic.ProjectID)
	}
	for _, e := range []*apiError{
		oneOf("ClusterLevel", basic.ClusterLevel, levels[1:]...), oneOf("NetworkType", advanced.NetworkType, networkGR, networkCNI),
		oneOf("ContainerRuntime", advanced.ContainerRuntime, "containerd", "docker"), oneOf("KubeProxyMode", advanced.KubeProxyMode, "iptables", "ipvs", "ipvs-bpf"),
		oneOf("NodeNameType", advanced.NodeNameType, "lan-ip", "hostname"), oneOf("OsCustomizeType", basic.OSCustomizeType, "GENERAL", "DOCKER_CUSTOMIZE"),
		oneOf("VpcCniType", advanced.VPCCNIType, "tke-route-eni", "tke-direct-eni"),
	} {
		if e != nil {
			return e
		}
	}
	return nil
}

// checkVersion checks the version, and the runtime against it. What is not given has
// defaults that are years old.
func (s *Server) checkVersion(in *createClusterRequest) *apiError {
	version, runtime := in.ClusterBasicSettings.ClusterVersion, in.ClusterAdvancedSettings.ContainerRuntime
	if version == "" {
		version = "1.10.5"
	}
	if offered := s.world.Profile().OfferedNames(); !slices.Contains(offered, version) {
		return invalid("the version %q is not supported, use one of %s", version, strings.Join(offered, ", "))
	}
	since, _ := kver.Parse("1.24")
	if v, err := kver.Parse(version); err == nil && v.Compare(since) >= 0 && runtime != "containerd" {
		e := invalid("the runtime docker is not supported by the version %s", version)
		if s.assumptions.OtherCodes {
			e.code = "FailedOperation.Param"
		}
		return e
	}
	return nil
}

// maxTags is how many tags a cluster may have.
const maxTags = 50

// checkTags checks the few rules that hold for the tags of clusters: characters and
// empty values are refused much later, by CVM.
func checkTags(specs []tagSpecification) *apiError {
	seen := map[string]bool{}
	for _, spec := range specs {
		if spec.ResourceType != "cluster" {
			return invalid("ResourceType %q of a TagSpecification must be cluster", spec.ResourceType)
		}
		for _, t := range spec.Tags {
			switch {
			case t.Key == "" || utf8.RuneCountInString(t.Key) > 127 || utf8.RuneCountInString(t.Value) > 255 || seen[t.Key]:
				return fail("FailedOperation.TagCommon", "TAG_COMMON_ERROR(the tag %q is not valid)", t.Key)
			case slices.ContainsFunc([]string{"qcloud", "tencent", "project", "qcs:"}, func(p string) bool { return strings.HasPrefix(t.Key, p) }):
				return fail("FailedOperation.TagCommon", "TAG_COMMON_ERROR(the tag key %q is reserved)", t.Key)
			}
			seen[t.Key] = true
		}
	}
	if len(seen) > maxTags {
		return fail("FailedOperation.TagCommon", "TAG_COMMON_ERROR(at most %d tags may be given, got %d)", maxTags, len(seen))
	}
	return nil
}

// checkRanges checks the networks of pods and Services against the VPC and the other
// clusters in it.
func (s *Server) checkRanges(c *call, in *createClusterRequest) *apiError {
	asked, network := in.ClusterCIDRSettings, in.ClusterAdvancedSettings.NetworkType
	vpc := in.ClusterBasicSettings.VPCID
	if vpc == "" {
		return missing("ClusterBasicSettings.VpcId")
	}
	if _, ok := s.here(c).vpc(vpc); !ok {
		return fail("FailedOperation.VpcRecodrNotFound", "VPC_RECORD_NOT_FOUND(the VPC %s is not found)", vpc)
	}
	if n, m := valueOf(asked.MaxNodePodNum, 256), valueOf(asked.MaxClusterServiceNum, 256); n < 16 || n > 256 || m < 32 || m > 32768 {
		return invalid("MaxNodePodNum %d must be 16 to 256, and MaxClusterServiceNum %d 32 to 32768", n, m)
	}
	if n := valueOf(asked.ClaimExpiredSeconds, 300); n < 300 || n > 15768000 {
		return invalid("ClaimExpiredSeconds %d must be 300 to 15768000", n)
	}
	pods, services := roundUp(asked.MaxNodePodNum, 256), roundUp(asked.MaxClusterServiceNum, 256)
	if network == networkCNI {
		return s.checkCNI(c, asked, vpc)
	}
	if len(asked.EniSubnetIDs) > 0 {
		return invalid("EniSubnetIds are of the network type %s", networkCNI)
	}
	cluster, e := s.readRange(asked.ClusterCIDR, 10, 24)
	if e != nil {
		return e
	}
	ranges := []string{cluster.String()}
	if asked.ServiceCIDR == "" {
		if size := int64(1) << (32 - cluster.Bits()); services+pods > size {
			return s.badRange("CidrOutOfRouteTable", "ClusterCIDR %s has no room for %d Services and a node of %d pods", cluster, services, pods)
		}
	} else {
		own, e := s.readRange(asked.ServiceCIDR, 17, 27)
		switch {
		case e != nil:
			return e
		case own.Overlaps(cluster):
			return s.badRange("CidrInvalid", "ServiceCIDR %s overlaps ClusterCIDR %s", own, cluster)
		}
		ranges = append(ranges, own.String())
	}
	return s.checkOverlap(ranges, vpc, asked.IgnoreClusterCIDRConflict)
}

// checkCNI is checkRanges for pods in subnets of the VPC.
func (s *Server) checkCNI(c *call, asked *clusterCIDRSettings, vpc string) *apiError {
	switch {
	case asked.ClusterCIDR != "":
		return invalid("ClusterCIDR is of the network type %s", networkGR)
	case asked.ServiceCIDR == "":
		return missing("ClusterCIDRSettings.ServiceCIDR")
	case len(asked.EniSubnetIDs) == 0:
		return missing("ClusterCIDRSettings.EniSubnetIds")
	}
	for _, id := range asked.EniSubnetIDs {
		if v, ok := s.here(c).subnet(id); !ok || v.VPC != vpc {
			return fail("InvalidParameter.SubnetNotExist", "the subnet %s does not exist in the VPC %s", id, vpc)
		}
	}
	own, e := s.readRange(asked.ServiceCIDR, 17, 27)
	if e != nil {
		return e
	}
	return s.checkOverlap([]string{own.String()}, vpc, asked.IgnoreServiceCIDRConflict)
}

// badRange is a refusal of a network: its detail comes under two groups.
func (s *Server) badRange(detail, format string, args ...any) *apiError {
	if s.assumptions.OtherCodes {
		detail = strings.ReplaceAll(strings.ReplaceAll(detail, "CIDR", "Cidr"), "CidrInvalid", "CidrInvali")
		return fail("InternalError."+detail, format, args...)
	}
	return fail("InvalidParameter."+detail, format, args...)
}

var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// readRange reads a private network of a size between two.
func (s *Server) readRange(text string, largest, smallest int) (netip.Prefix, *apiError) {
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil || prefix != prefix.Masked() || !prefix.Addr().Is4():
		return prefix, s.badRange("CidrInvalid", "%q is not a network", text)
	case prefix.Bits() < largest || prefix.Bits() > smallest:
		return prefix, s.badRange("CIDRMaskSizeOutOfRange", "the mask of %s must be from /%d to /%d", prefix, largest, smallest)
	case !slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Overlaps(prefix) && p.Bits() <= prefix.Bits() }):
		return prefix, s.badRange("InvalidPrivateNetworkCIDR", "%s is not a private network", prefix)
	}
	return prefix, nil
}

func overlap(a, b string) bool {
	one, err := netip.ParsePrefix(a)
	other, otherErr := netip.ParsePrefix(b)
	return err == nil && otherErr == nil && one.Overlaps(other)
}

// checkOverlap compares networks with those in a VPC.
func (s *Server) checkOverlap(ranges []string, id string, otherClusters bool) *apiError {
	vpc, _ := s.resources.vpc(id)
	for _, mine := range ranges {
		for _, cidr := range append([]string{vpc.CIDR}, vpc.Assistant...) {
			if overlap(mine, cidr) {
				return s.badRange("CidrConflictWithVpcCidr", "%s conflicts with %s of the VPC %s", mine, cidr, id)
			}
		}
		for _, other := range slices.Sorted(maps.Keys(s.clusters)) {
			rec := s.clusters[other]
			if otherClusters || rec.vpc != id || rec.live.State == profile.Gone {
				continue
			}
			for _, cidr := range []string{rec.podCIDR, rec.serviceCIDR} {
				if overlap(mine, cidr) {
					return s.badRange("CidrConflictWithOtherCluster", "%s conflicts with %s of the cluster %s", mine, cidr, other)
				}
			}
		}
	}
	return nil
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
		return fail("FailedOperation.QuotaMaxClsLimit", "QUOTA_MAX_CLS_LIMIT(the quota of %d clusters is used up)", limit)
	}
	return nil
}
