// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"net"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// maxPrivateTags is how many tags a private cluster may have: AKS copies them to its
// private DNS zone, which takes no more (AKS, "Use Azure tags in AKS").
const maxPrivateTags = 15

// accessProfile is how the API server of a new cluster is to be reached; nil leaves it
// to AKS, which opens it to everybody. The DNS zone of a private one is AKS's own.
func accessProfile(a pmks.Access) *aks.ManagedClusterAPIServerAccessProfile {
	switch {
	case a.Mode == pmks.AccessPrivate:
		return &aks.ManagedClusterAPIServerAccessProfile{EnablePrivateCluster: new(true)}
	case len(a.CIDRs) == 0:
		return nil
	}
	p := &aks.ManagedClusterAPIServerAccessProfile{}
	for _, cidr := range a.CIDRs {
		p.AuthorizedIPRanges = append(p.AuthorizedIPRanges, &cidr)
	}
	return p
}

// checkPrivateTags refuses more tags than a private cluster may have, those that pmks
// needs included.
func checkPrivateTags(f *refuse.List, private bool, users, own int) {
	if private && users+own > maxPrivateTags {
		f.Add("TagList", "a private cluster takes at most %d, because its private DNS zone does, and pmks needs %d of them: got %d", maxPrivateTags, own, users)
	}
}

// ownTags is how many tags pmks needs of its own for a request.
func ownTags(req pmks.ClusterInfo) int {
	n := 2 + len(req.Network.SecurityGroupIIDs) // of the request, and when it was made
	if len(req.NodeGroupList) > 0 && !req.NodeGroupList[0].KeyPairIID.IsZero() {
		n++
	}
	return n
}

// isPrivate reports whether the API server has no address in the internet. It may have
// a public name all the same, which stands for the private address.
func isPrivate(p *aks.ManagedClusterProperties) bool {
	return p.APIServerAccessProfile != nil && value(p.APIServerAccessProfile.EnablePrivateCluster)
}

// accessOf says how the API server of a cluster is reached. Where it is in the cluster's
// own network (VNet integration) and public too, it is both, though no read tells its
// private address.
func accessOf(p *aks.ManagedClusterProperties) pmks.Access {
	var a pmks.Access
	if isPrivate(p) {
		a.Mode, a.PrivateEndpoint = pmks.AccessPrivate, serverURL(p)
	} else {
		a.Mode, a.PublicEndpoint, a.PrivateEndpoint = pmks.AccessPublic, hostURL(value(p.Fqdn)), hostURL(value(p.PrivateFQDN))
	}
	if profile := p.APIServerAccessProfile; profile != nil {
		a.CIDRs = texts(profile.AuthorizedIPRanges)
		if value(profile.EnableVnetIntegration) && a.Mode == pmks.AccessPublic {
			a.Mode = pmks.AccessPublicAndPrivate
		}
	}
	return a
}

// serverURL is the address of the API server in the kubeconfig that AKS hands out: the
// public one, unless the cluster is private.
func serverURL(p *aks.ManagedClusterProperties) string {
	if isPrivate(p) {
		return hostURL(firstText(p.PrivateFQDN, p.Fqdn))
	}
	return hostURL(firstText(p.Fqdn, p.PrivateFQDN))
}

// hostURL is the URL of an API server at a host; none of no host.
func hostURL(host string) string {
	if host == "" {
		return ""
	}
	// A simulated API server on a loopback address has its own port; one of AKS never has.
	if _, _, err := net.SplitHostPort(host); err == nil {
		return "https://" + host
	}
	return "https://" + host + ":443"
}
