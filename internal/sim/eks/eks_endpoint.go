// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPublicCIDRs is how many blocks may reach a public endpoint, a quota that cannot be
// raised (the quotas page of EKS).
const maxPublicCIDRs = 40

// openToAll is who reaches a public endpoint where nobody is named.
var openToAll = []string{"0.0.0.0/0"}

// endpoint is how the API server of a cluster is reached.
type endpoint struct {
	public, private bool
	// cidrs may reach the public one; without it there are none.
	cidrs []string
}

// over lays what a request says over what is there.
func (v *vpcConfigRequest) over(base endpoint) endpoint {
	if v.EndpointPublicAccess != nil {
		base.public = *v.EndpointPublicAccess
	}
	if v.EndpointPrivateAccess != nil {
		base.private = *v.EndpointPrivateAccess
	}
	if len(v.PublicAccessCIDRs) > 0 {
		base.cidrs = v.PublicAccessCIDRs
	}
	switch {
	case !base.public:
		base.cidrs = nil // EKS says nothing of those that are sent, and forgets them
	case len(base.cidrs) == 0:
		base.cidrs = openToAll
	}
	return base
}

// newEndpoint is what a request makes of a cluster that has none.
func (v *vpcConfigRequest) newEndpoint() endpoint { return v.over(endpoint{public: true}) }

// checkEndpoint checks what a request says of the endpoint; all is what there would be.
func (v *vpcConfigRequest) checkEndpoint(all endpoint) *apiError {
	if !all.public && !all.private {
		return invalidParameter("Private and public endpoint access cannot be false")
	}
	if n := len(v.PublicAccessCIDRs); n > maxPublicCIDRs {
		return invalidParameter("publicAccessCidrs may have at most %d blocks, got %d", maxPublicCIDRs, n)
	}
	for _, cidr := range v.PublicAccessCIDRs {
		prefix, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil || prefix.Addr().Is6(): // clusters are of IPv4 here
			return invalidParameter("The following CIDRs are invalid in publicAccessCidrs: [%s]", cidr)
		case notPublic(prefix):
			return invalidParameter("The following CIDRs are not allowed in publicAccessCidrs: [%s]", cidr)
		}
	}
	return nil
}

// notPublic reports whether a block is of private or reserved addresses.
func notPublic(prefix netip.Prefix) bool {
	a := prefix.Addr()
	return prefix.Bits() > 0 && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || sharedBlock.Contains(a) || reservedBlock.Contains(a))
}

var (
	sharedBlock   = netip.MustParsePrefix("100.64.0.0/10")
	reservedBlock = netip.MustParsePrefix("240.0.0.0/4")
)

// endpointChange changes how the endpoint is reached; to change subnets and security
// groups is not simulated.
func (s *Server) endpointChange(rec *clusterRecord, v *vpcConfigRequest) (change configChange, e *apiError) {
	was := rec.endpoint
	base := was
	if s.assumptions.OmittedEndpointReset {
		base = endpoint{public: true, cidrs: openToAll}
	}
	then := v.over(base)
	if e := v.checkEndpoint(then); e != nil {
		return change, e
	}
	switch {
	case v.SubnetIDs != nil || v.SecurityGroupIDs != nil:
		return change, notSimulated("UpdateClusterConfig of subnets and security groups")
	case v.PublicAccessCIDRs != nil && len(v.PublicAccessCIDRs) == 0 && !s.assumptions.OmittedEndpointReset:
		return change, invalidParameter("publicAccessCidrs must not be empty")
	case then.public == was.public && then.private == was.private && sameCIDRs(then.cidrs, was.cidrs):
		return change, invalidParameter("Cluster is already at the desired configuration with endpointPrivateAccess: %t, endpointPublicAccess: %t, and Public Endpoint Restrictions: [%s]",
			was.private, was.public, strings.Join(was.cidrs, ", "))
	}
	cidrs, _ := json.Marshal(append([]string{}, then.cidrs...)) // texts can be marshalled
	params := []updateParam{
		{"EndpointPublicAccess", strconv.FormatBool(then.public)},
		{"EndpointPrivateAccess", strconv.FormatBool(then.private)},
		{"PublicAccessCidrs", string(cidrs)},
	}
	return configChange{"EndpointAccessUpdate", params, func(time.Time) { rec.endpoint = then }}, nil
}

// sameCIDRs compares blocks, whose order does not count.
func sameCIDRs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
