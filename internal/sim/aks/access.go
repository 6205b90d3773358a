// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// maxRanges is how many ranges of addresses may reach an API server.
const maxRanges = 200

// The private DNS zones that are no ids.
const (
	zoneSystem = "system"
	zoneNone   = "none"
)

// checkServerAccess checks from where the API server of a cluster can be reached. is
// is how it could be until now; nil for a new cluster.
func (s *Server) checkServerAccess(p, is *clusterProperties) *apiError {
	const field = "apiServerAccessProfile."
	a := p.APIServerAccessProfile
	if a == nil && is != nil && !s.assumed.AbsentAccessKept {
		// A PUT is the whole of a cluster.
		a = &apiAccess{}
		p.APIServerAccessProfile = a
		if is.APIServerAccessProfile == nil {
			p.APIServerAccessProfile = nil
		}
	}
	if a == nil {
		return nil
	}
	switch {
	case is != nil && a.EnablePrivateCluster != private(is):
		return unchangeable("properties." + field + "enablePrivateCluster")
	case len(a.AuthorizedIPRanges) > 0 && a.EnablePrivateCluster:
		return invalid(field+"authorizedIPRanges", "a private cluster cannot have any")
	case len(a.AuthorizedIPRanges) > maxRanges:
		return invalid(field+"authorizedIPRanges", "there may be at most %d, got %d", maxRanges, len(a.AuthorizedIPRanges))
	}
	for i, r := range a.AuthorizedIPRanges {
		if !isRange(r) || slices.Contains(a.AuthorizedIPRanges[:i], r) {
			return invalid(field+"authorizedIPRanges", "%.64q is not a range of IPv4 addresses, or given twice", r)
		}
	}
	return s.checkZone(a, is)
}

// isRange reports whether a text is an address or a range of them.
func isRange(text string) bool {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Is4()
	}
	prefix, err := parsePrefix(text)
	return err == nil && prefix.Addr().Is4()
}

// checkZone checks where the name of a private API server is kept.
func (s *Server) checkZone(a *apiAccess, is *clusterProperties) *apiError {
	const field = "apiServerAccessProfile.privateDNSZone"
	zone := strings.ToLower(a.PrivateDNSZone)
	switch {
	case zone == "" && !a.EnablePrivateCluster:
		return nil
	case !a.EnablePrivateCluster:
		return invalid(field, "it needs enablePrivateCluster")
	case !slices.Contains([]string{"", zoneSystem, zoneNone}, zone) && !armID(a.PrivateDNSZone).is("Microsoft.Network/privateDnsZones"):
		return invalid(field, "%.64q is neither %s nor %s nor the id of a private DNS zone", a.PrivateDNSZone, zoneSystem, zoneNone)
	case zone == zoneNone && a.EnablePrivateClusterPublicFQDN != nil && !*a.EnablePrivateClusterPublicFQDN:
		return invalid(field, "%s needs enablePrivateClusterPublicFQDN", zoneNone)
	case is != nil && cmp.Or(zone, zoneSystem) != cmp.Or(strings.ToLower(is.APIServerAccessProfile.PrivateDNSZone), zoneSystem):
		return unchangeable("properties." + field)
	}
	return nil
}
