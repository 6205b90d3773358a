// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// everybody is what EKS shows where nobody is kept from the public endpoint.
var everybody = []string{"0.0.0.0/0", "::/0"}

// checkAccess refuses what EKS would: networks that the internet does not know, and
// networks for a public endpoint that the settings close.
func (h *Handler) checkAccess(f *refuse.List, a pmks.Access) {
	for i, cidr := range a.CIDRs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil && unroutable(prefix) {
			f.Add(fmt.Sprintf("Access.CIDRs[%d]", i), "%s is no network of the internet: whoever comes from within the VPC uses the private endpoint", cidr)
		}
	}
	if open := h.cfg.PublicEndpoint; a.Mode == "" && len(a.CIDRs) > 0 && open != nil && !*open {
		f.Add("Access.CIDRs", "bind the public endpoint, which the setting publicEndpoint closes: give Access.Mode %s or %s", pmks.AccessPublic, pmks.AccessPublicAndPrivate)
	}
}

// Blocks that no address of the internet is of, beside those that package netip knows:
// that of carriers (RFC 6598), and the reserved ones (RFC 1122).
var (
	carrierBlock  = netip.MustParsePrefix("100.64.0.0/10")
	reservedBlock = netip.MustParsePrefix("240.0.0.0/4")
)

func unroutable(prefix netip.Prefix) bool {
	a := prefix.Addr()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		a.IsUnspecified() && prefix.Bits() > 0 || carrierBlock.Contains(a) || reservedBlock.Contains(a)
}

// reach puts into a request from where the cluster can be reached. A mode overrules the
// settings, and CIDRs those of the settings.
func (h *Handler) reach(in *types.VpcConfigRequest, a pmks.Access) {
	in.EndpointPublicAccess, in.EndpointPrivateAccess, in.PublicAccessCidrs = h.cfg.PublicEndpoint, h.cfg.PrivateEndpoint, h.cfg.PublicAccessCIDRs
	if a.Mode != "" {
		in.EndpointPublicAccess = aws.Bool(a.Mode != pmks.AccessPrivate)
		in.EndpointPrivateAccess = aws.Bool(a.Mode != pmks.AccessPublic)
	}
	switch {
	case a.Mode == pmks.AccessPrivate:
		in.PublicAccessCidrs = nil
	case len(a.CIDRs) > 0:
		in.PublicAccessCidrs = slices.Clone(a.CIDRs)
	}
}

// accessOf shows from where a cluster can be reached. EKS has one name for both
// endpoints, which inside the VPC leads to the private one.
func accessOf(c *types.Cluster) pmks.Access {
	v := c.ResourcesVpcConfig
	if v == nil {
		return pmks.Access{}
	}
	var a pmks.Access
	switch {
	case v.EndpointPublicAccess && v.EndpointPrivateAccess:
		a.Mode = pmks.AccessPublicAndPrivate
	case v.EndpointPublicAccess:
		a.Mode = pmks.AccessPublic
	case v.EndpointPrivateAccess:
		a.Mode = pmks.AccessPrivate
	}
	if v.EndpointPublicAccess {
		a.PublicEndpoint = aws.ToString(c.Endpoint)
		if open := func(cidr string) bool { return slices.Contains(everybody, cidr) }; !slices.ContainsFunc(v.PublicAccessCidrs, open) {
			a.CIDRs = slices.Clone(v.PublicAccessCidrs)
		}
	}
	if v.EndpointPrivateAccess {
		a.PrivateEndpoint = aws.ToString(c.Endpoint)
	}
	return a
}
