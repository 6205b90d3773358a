// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Shorter names of what describes the endpoints of a control plane.
type (
	endpointsConfig    = containerpb.ControlPlaneEndpointsConfig
	ipEndpoints        = containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig
	dnsEndpoint        = containerpb.ControlPlaneEndpointsConfig_DNSEndpointConfig
	authorizedNetworks = containerpb.MasterAuthorizedNetworksConfig
)

// networkLimit is how many blocks of addresses may be authorized.
const networkLimit = 50

// The fields of requests that are simulated; those behind them only come out.
var (
	endpointFields = []string{"ip_endpoints_config", "dns_endpoint_config"}
	ipEndFields    = []string{"enabled", "enable_public_endpoint", "global_access", "authorized_networks_config", "private_endpoint_subnetwork"}
	ipEndOutput    = []string{"public_endpoint", "private_endpoint"}
	dnsEndFields   = []string{"allow_external_traffic", "enable_k8s_tokens_via_dns", "enable_k8s_certs_via_dns"}
	networksFields = []string{"enabled", "cidr_blocks", "gcp_public_cidrs_access_enabled", "private_endpoint_enforcement_enabled"}
	privateFields  = []string{"enable_private_endpoint", "private_endpoint_subnetwork"}
	privateOutput  = []string{"private_endpoint", "public_endpoint", "peering_name"}
)

// planEndpoints checks the endpoints of a request for a cluster, and leaves those
// that its deprecated members ask for in the newer one. failure is why the
// operation, which is accepted, will fail.
func (s *Server) planEndpoints(base *cluster) (failure string, e *apiError) {
	ends := base.GetControlPlaneEndpointsConfig()
	private, networks := base.GetPrivateClusterConfig(), base.GetMasterAuthorizedNetworksConfig()
	if e := onlyFields("cluster.private_cluster_config", private, privateFields, privateOutput); e != nil {
		return "", e
	}
	// Each thing may be said in one of the two ways.
	for _, twin := range []struct {
		older string
		both  bool
	}{
		{"master_authorized_networks_config", networks != nil && ends.GetIpEndpointsConfig().GetAuthorizedNetworksConfig() != nil},
		{"private_cluster_config.enable_private_endpoint", private.GetEnablePrivateEndpoint() && ends.GetIpEndpointsConfig() != nil && ends.GetIpEndpointsConfig().EnablePublicEndpoint != nil},
		{"private_cluster_config.private_endpoint_subnetwork", private.GetPrivateEndpointSubnetwork() != "" && ends.GetIpEndpointsConfig().GetPrivateEndpointSubnetwork() != ""},
	} {
		if twin.both {
			return "", bothTwins(twin.older)
		}
	}
	if networks != nil || private != nil {
		ends = orNew(ends)
		ends.IpEndpointsConfig = orNew(ends.GetIpEndpointsConfig())
		if networks != nil {
			ends.IpEndpointsConfig.AuthorizedNetworksConfig = networks
		}
		if private.GetEnablePrivateEndpoint() {
			ends.IpEndpointsConfig.EnablePublicEndpoint = new(bool)
		}
		if subnetwork := private.GetPrivateEndpointSubnetwork(); subnetwork != "" {
			ends.IpEndpointsConfig.PrivateEndpointSubnetwork = subnetwork
		}
	}
	base.ControlPlaneEndpointsConfig, base.PrivateClusterConfig, base.MasterAuthorizedNetworksConfig = ends, nil, nil
	return s.checkEndpoints(ends)
}

func bothTwins(older string) *apiError {
	return invalid("Cluster.%s and Cluster.control_plane_endpoints_config cannot both be set.", older).badField("cluster." + older)
}

// orNew returns a message, or an empty one in place of none.
func orNew[T any](m *T) *T {
	if m == nil {
		return new(T)
	}
	return m
}

// checkEndpoints checks how a control plane is to be reached.
func (s *Server) checkEndpoints(ends *endpointsConfig) (failure string, e *apiError) {
	const field = "cluster.control_plane_endpoints_config"
	ip, networks := ends.GetIpEndpointsConfig(), ends.GetIpEndpointsConfig().GetAuthorizedNetworksConfig()
	for _, check := range []func() *apiError{
		func() *apiError { return onlyFields(field, ends, endpointFields, nil) },
		func() *apiError { return onlyFields(field+".ip_endpoints_config", ip, ipEndFields, ipEndOutput) },
		func() *apiError {
			return onlyFields(field+".dns_endpoint_config", ends.GetDnsEndpointConfig(), dnsEndFields, []string{"endpoint"})
		},
		func() *apiError {
			return onlyFields(field+".ip_endpoints_config.authorized_networks_config", networks, networksFields, nil)
		},
		func() *apiError { return checkNetworks(networks) },
		func() *apiError { return s.checkPrivateSubnetwork(ip.GetPrivateEndpointSubnetwork()) },
	} {
		if e := check(); e != nil {
			return "", e
		}
	}
	if ip != nil && ip.EnablePublicEndpoint != nil && !ip.GetEnablePublicEndpoint() {
		return publicNetwork(networks), nil
	}
	return "", nil
}

// checkNetworks checks the blocks of addresses that may reach a control plane.
func checkNetworks(networks *authorizedNetworks) *apiError {
	const field = "cluster.control_plane_endpoints_config.ip_endpoints_config.authorized_networks_config"
	blocks := networks.GetCidrBlocks()
	switch {
	case len(blocks) > networkLimit:
		return invalid("Too many master authorized networks: at most %d are allowed, got %d.", networkLimit, len(blocks)).badField(field)
	case len(blocks) > 0 && !networks.GetEnabled():
		return invalid("Master authorized networks cannot be set while they are not enabled.").badField(field)
	}
	for _, block := range blocks {
		prefix, err := netip.ParsePrefix(block.GetCidrBlock())
		switch {
		case err != nil || prefix != prefix.Masked():
			return invalid("Invalid master authorized networks: %q is not a valid CIDR block.", block.GetCidrBlock()).badField(field)
		case !prefix.Addr().Is4():
			return notSimulated("authorized networks of IPv6")
		}
	}
	return nil
}

// checkPrivateSubnetwork wants the subnetwork of a private endpoint to be there.
func (s *Server) checkPrivateSubnetwork(asked string) *apiError {
	if asked == "" {
		return nil
	}
	ref, ok := s.parseReference(asked, "subnetworks")
	if _, there := s.resources.subnetwork(ref.project, s.region, ref.name); !ok || !there || ref.scope != "" && ref.scope != "regions/"+s.region {
		return invalid("Subnetwork %q does not exist in region %q.", asked, s.region).
			badField("cluster.control_plane_endpoints_config.ip_endpoints_config.private_endpoint_subnetwork")
	}
	return nil
}

// reservedNetworks are those from which a private endpoint can be reached.
var reservedNetworks = func() (list []netip.Prefix) {
	for text := range strings.FieldsSeq("10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4") {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()

// publicNetwork is the failure of authorized networks that are none of a private
// endpoint; empty if there is none of those.
func publicNetwork(networks *authorizedNetworks) string {
	for _, block := range networks.GetCidrBlocks() {
		prefix, err := netip.ParsePrefix(block.GetCidrBlock())
		inside := func(reserved netip.Prefix) bool {
			return reserved.Bits() <= prefix.Bits() && reserved.Contains(prefix.Addr())
		}
		if err == nil && !slices.ContainsFunc(reservedNetworks, inside) {
			message := fmt.Sprintf("Invalid master authorized networks: network %q is not a reserved network, which is required for private endpoints", block.GetCidrBlock())
			return Failure{Code: code.Code_INVALID_ARGUMENT, Message: message}.Reason()
		}
	}
	return ""
}

// failing puts a failure that was found in the request in the place of a success,
// unless a test wants another one.
func failing(c *call, failure string) {
	if c.Outcome.Fail == "" {
		c.Outcome.Fail = failure
	}
}

// updateEndpoints changes how the control plane of a cluster is reached.
func (s *Server) updateEndpoints(c *call, rec *clusterRecord, update *containerpb.ClusterUpdate) (*operation, *apiError) {
	before := orNew(rec.base.GetControlPlaneEndpointsConfig())
	next := proto.CloneOf(before)
	next.IpEndpointsConfig = orNew(next.GetIpEndpointsConfig())
	switch asked := update.GetDesiredControlPlaneEndpointsConfig(); {
	case asked != nil && s.assume.EndpointsMerged:
		if asked.GetIpEndpointsConfig().GetAuthorizedNetworksConfig() != nil {
			next.IpEndpointsConfig.AuthorizedNetworksConfig = nil // a list is replaced
		}
		proto.Merge(next, asked)
	case asked != nil:
		next = proto.CloneOf(asked)
	case update.GetDesiredMasterAuthorizedNetworksConfig() != nil:
		next.IpEndpointsConfig.AuthorizedNetworksConfig = update.GetDesiredMasterAuthorizedNetworksConfig()
	default:
		next.IpEndpointsConfig.EnablePublicEndpoint = new(!update.GetDesiredEnablePrivateEndpoint())
	}
	failure, e := s.checkEndpoints(next)
	if e != nil {
		return nil, e
	}
	subnetwork := before.GetIpEndpointsConfig().GetPrivateEndpointSubnetwork()
	if wanted := next.GetIpEndpointsConfig().GetPrivateEndpointSubnetwork(); wanted != "" && wanted != subnetwork {
		return nil, invalid("The subnetwork of the private endpoint cannot be changed.").badField("update.desired_control_plane_endpoints_config")
	}
	if e := s.free(rec, ""); e != nil {
		return nil, e
	}
	failing(c, failure)
	op := s.startOwn(c.Now, rec, "", containerpb.Operation_UPDATE_CLUSTER, s.duration(profile.UpdateCluster), c.Outcome, func() {
		next.IpEndpointsConfig = orNew(next.GetIpEndpointsConfig())
		next.IpEndpointsConfig.PrivateEndpointSubnetwork = subnetwork // it stays where it is
		rec.base.ControlPlaneEndpointsConfig = next
	})
	return s.operationObject(op, c.Now), nil
}

// addAccess shows where the API server is. Before it is there, only what was asked
// for shows.
func (s *Server) addAccess(c *cluster, rec *clusterRecord, up bool) {
	asked := c.GetControlPlaneEndpointsConfig()
	if asked == nil && !up {
		return
	}
	ends := &endpointsConfig{IpEndpointsConfig: orNew(proto.CloneOf(asked.GetIpEndpointsConfig())), DnsEndpointConfig: orNew(proto.CloneOf(asked.GetDnsEndpointConfig()))}
	ip := ends.GetIpEndpointsConfig()
	for _, on := range []**bool{&ip.Enabled, &ip.EnablePublicEndpoint} {
		if *on == nil {
			*on = new(true)
		}
	}
	if ends.GetDnsEndpointConfig().AllowExternalTraffic == nil {
		ends.DnsEndpointConfig.AllowExternalTraffic = new(bool)
	}
	if up {
		s.addAddresses(c, rec, ends)
	}
	c.ControlPlaneEndpointsConfig = ends
	if asked == nil {
		return
	}
	// What is said in the newer member shows in the older ones, too.
	c.MasterAuthorizedNetworksConfig = proto.CloneOf(ip.GetAuthorizedNetworksConfig())
	c.PrivateClusterConfig = &containerpb.PrivateClusterConfig{
		EnablePrivateEndpoint: !ip.GetEnablePublicEndpoint(), PrivateEndpoint: ip.GetPrivateEndpoint(), PublicEndpoint: ip.GetPublicEndpoint(),
		PrivateEndpointSubnetwork: ip.GetPrivateEndpointSubnetwork(),
	}
	if ip.GlobalAccess != nil {
		c.PrivateClusterConfig.MasterGlobalAccessConfig = &containerpb.PrivateClusterMasterGlobalAccessConfig{Enabled: ip.GetGlobalAccess()}
	}
}

// addAddresses shows the addresses of the endpoints that there are. The endpoint of
// the cluster has no scheme; a port is there where the API server is simulated.
func (s *Server) addAddresses(c *cluster, rec *clusterRecord, ends *endpointsConfig) {
	ip := ends.GetIpEndpointsConfig()
	c.MasterAuth.ClusterCaCertificate = rec.authority.Certificate
	ends.DnsEndpointConfig.Endpoint = rec.dns
	if !ip.GetEnabled() {
		return
	}
	ip.PrivateEndpoint = "10.0.15." + rec.endpoint[strings.LastIndexByte(rec.endpoint, '.')+1:]
	c.Endpoint = ip.GetPrivateEndpoint()
	if ip.GetEnablePublicEndpoint() {
		ip.PublicEndpoint = strings.TrimPrefix(s.KubernetesEndpoint(rec.uid, "https://"+rec.endpoint), "https://")
		c.Endpoint = ip.GetPublicEndpoint()
	}
}
