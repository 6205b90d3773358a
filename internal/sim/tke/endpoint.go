// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The states of an endpoint of the API server.
const (
	endpointNone     = "NotFound"
	endpointOpening  = "Creating"
	endpointOpen     = "Created"
	endpointBroken   = "CreateFailed"
	endpointClosing  = "Deleting"
	endpointClosed   = "Deleted"
	endpointStubborn = "DeletedFailed"
)

// endpointTime is how long an endpoint takes to open or close.
const endpointTime = 45 * time.Second

// endpointRecord is the way to the API server from outside, or from the VPC.
type endpointRecord struct {
	status, words         string // the status is empty for NotFound
	securityGroup, subnet string
	domain                string
}

func (e *endpointRecord) is(status string) bool {
	return e.status == status || e.status == "" && status == endpointNone
}

// reachable reports whether the endpoint can be used.
func (e *endpointRecord) reachable() bool {
	return e.is(endpointOpen) || e.is(endpointClosing) || e.is(endpointStubborn)
}

func (rec *clusterRecord) endpoint(extranet bool) *endpointRecord {
	if extranet {
		return &rec.public
	}
	return &rec.private
}

type (
	createEndpointRequest struct {
		ClusterID             string `json:"ClusterId" need:"yes"`
		SubnetID              string `json:"SubnetId"`
		IsExtranet            bool   `json:"IsExtranet"`
		Domain                string `json:"Domain"`
		SecurityGroup         string `json:"SecurityGroup"`
		ExtensiveParameters   string `json:"ExtensiveParameters"`
		ExistedLoadBalancerID absent `json:"ExistedLoadBalancerId" sim:"no"`
	}
	endpointRequest struct {
		ClusterID  string `json:"ClusterId" need:"yes"`
		IsExtranet bool   `json:"IsExtranet"`
	}
	endpointStatusResponse struct {
		Status   string `json:"Status"`
		ErrorMsg string `json:"ErrorMsg"`
	}
	endpointsResponse struct {
		CertificationAuthority  string   `json:"CertificationAuthority"`
		ClusterExternalEndpoint string   `json:"ClusterExternalEndpoint"`
		ClusterIntranetEndpoint string   `json:"ClusterIntranetEndpoint"`
		ClusterDomain           string   `json:"ClusterDomain"`
		ClusterExternalACL      []string `json:"ClusterExternalACL"`
		ClusterExternalDomain   string   `json:"ClusterExternalDomain"`
		ClusterIntranetDomain   string   `json:"ClusterIntranetDomain"`
		SecurityGroup           string   `json:"SecurityGroup"`
		ClusterIntranetSubnetID string   `json:"ClusterIntranetSubnetId"`
		IntranetSecurityGroup   string   `json:"IntranetSecurityGroup,omitempty"`
	}
	kubeconfigResponse struct {
		Kubeconfig string `json:"Kubeconfig"`
	}
)

// createEndpoint opens one. It wants a node that runs, behind which the address is.
func (s *Server) createEndpoint(c *call, in *createEndpointRequest) (any, *apiError) {
	rec, e := s.running(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	endpoint := rec.endpoint(in.IsExtranet)
	_, group := s.here(c).securityGroup(in.SecurityGroup)
	subnet, known := s.here(c).subnet(in.SubnetID)
	switch {
	case endpoint.is(endpointOpening), endpoint.is(endpointClosing):
		return nil, s.sameTask()
	case endpoint.reachable():
		return nil, fail("ResourceInUse.ResourceExistAlready", "the endpoint of the cluster %s exists already", rec.id)
	case in.IsExtranet && !group:
		return nil, fail("InvalidParameter", "the security group %q is invalid", in.SecurityGroup)
	case !in.IsExtranet && (!known || subnet.VPC != rec.vpc):
		return nil, fail("InvalidParameter", "the subnet %q is not in the VPC %s", in.SubnetID, rec.vpc)
	case !in.IsExtranet && in.SecurityGroup != "" && !group:
		return nil, fail("InvalidParameter", "the security group %q is invalid", in.SecurityGroup)
	case in.ExtensiveParameters != "" && !json.Valid([]byte(in.ExtensiveParameters)):
		return nil, invalid("ExtensiveParameters is not JSON")
	case s.readyNodes(c.Now, rec) == 0 && s.assumptions.OtherCodes:
		return nil, clusterState("ResourceUnavailable", rec.id, "without nodes")
	case s.readyNodes(c.Now, rec) == 0:
		return nil, fail("InvalidParameter", "No normal node in the cluster %s, please add one first", rec.id)
	}
	if _, e := s.apply(c, core.Work{ClusterID: rec.id, Took: s.scaled(endpointTime), Aside: true}, func(end core.OperationRecord) {
		switch {
		case cut(end):
		case end.Failure != "":
			endpoint.status, endpoint.words = endpointBroken, end.Failure
		default:
			s.opened(end.End, rec, in.IsExtranet)
		}
	}); e != nil {
		return nil, e
	}
	*endpoint = endpointRecord{status: endpointOpening, securityGroup: in.SecurityGroup, subnet: in.SubnetID, domain: in.Domain}
	return nil, nil
}

// opened is an endpoint that is there. The vendor's own sample has words with it.
func (s *Server) opened(at time.Time, rec *clusterRecord, extranet bool) {
	endpoint := rec.endpoint(extranet)
	endpoint.status, endpoint.words = endpointOpen, "created"
	if extranet {
		_ = s.must(at, core.SetAccess{ClusterID: rec.id, Open: true}) // the cluster is being deleted otherwise
	}
}

// sameTask refuses what is under way already.
func (s *Server) sameTask() *apiError {
	code := "OperationDenied"
	if s.assumptions.OtherCodes {
		code = "FailedOperation"
	}
	return fail(code, "same type task in execution")
}

// readyNodes counts the nodes that run.
func (s *Server) readyNodes(now time.Time, rec *clusterRecord) (n int64) {
	for _, g := range rec.live.Groups {
		n += rec.pools[g.ID].counts(now).Normal
	}
	return n
}

func (s *Server) deleteEndpoint(c *call, in *endpointRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	endpoint := rec.endpoint(in.IsExtranet)
	switch {
	case rec.live.State == profile.Deleting:
		return nil, clusterState("InternalError", rec.id, s.stateOf(rec, rec.live))
	case endpoint.is(endpointOpening), endpoint.is(endpointClosing):
		return nil, s.sameTask()
	case endpoint.is(endpointNone), endpoint.is(endpointClosed):
		return nil, fail("ResourceNotFound", "the cluster %s has no such endpoint", rec.id)
	}
	if _, e := s.apply(c, core.Work{ClusterID: rec.id, Took: s.scaled(endpointTime / 3), Aside: true}, func(end core.OperationRecord) {
		switch {
		case cut(end):
		case end.Failure != "":
			endpoint.status, endpoint.words = endpointStubborn, end.Failure
		default:
			*endpoint = endpointRecord{}
			if s.assumptions.ClosedEndpointShown {
				endpoint.status = endpointClosed
			}
			if in.IsExtranet {
				_ = s.must(end.End, core.SetAccess{ClusterID: rec.id}) // the cluster is being deleted otherwise
			}
		}
	}); e != nil {
		return nil, e
	}
	endpoint.status, endpoint.words = endpointClosing, ""
	return nil, nil
}

func (s *Server) describeEndpointStatus(c *call, in *endpointRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e == nil {
		e = s.checkReadable(rec, rec.live, "InternalError.KubeClientConnection")
	}
	if e != nil {
		return nil, e
	}
	endpoint := rec.endpoint(in.IsExtranet)
	if endpoint.is(endpointNone) {
		return endpointStatusResponse{Status: endpointNone}, nil
	}
	return endpointStatusResponse{endpoint.status, endpoint.words}, nil
}

// domain is there from the beginning, and leads nowhere.
func (rec *clusterRecord) domain() string { return rec.id + ".ccs.tencent-cloud.com" }

// address is where an endpoint is; empty where there is none.
func (s *Server) endpointAddress(rec *clusterRecord, extranet bool) string {
	if !rec.endpoint(extranet).reachable() {
		return ""
	}
	given := s.vendorAddress(rec, extranet)
	if url := s.KubernetesEndpoint(rec.id, "https://"+given); s.ServesKubernetes() {
		return strings.TrimPrefix(url, "https://")
	}
	return given
}

// vendorAddress is where an endpoint is in the cloud.
func (s *Server) vendorAddress(rec *clusterRecord, extranet bool) string {
	sum := fnv.New32a()
	sum.Write([]byte(rec.id))
	n := sum.Sum32()%250 + 2
	switch {
	case !extranet:
		return fmt.Sprintf("10.0.200.%d", n)
	case s.assumptions.Endpoint == EndpointIPPort:
		return fmt.Sprintf("203.0.113.%d:443", n)
	case s.assumptions.Endpoint == EndpointDomain:
		return fmt.Sprintf("lb-%08x.clb.%s-tencentclb.com:443", sum.Sum32(), rec.region)
	}
	return fmt.Sprintf("203.0.113.%d", n)
}

func (s *Server) describeEndpoints(c *call, in *clusterIDRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "ResourceNotFound")
	if e == nil {
		e = s.checkReadable(rec, rec.live, "ResourceUnavailable.ClusterInAbnormalStat")
	}
	if e != nil {
		return nil, e
	}
	out := endpointsResponse{
		ClusterExternalEndpoint: s.endpointAddress(rec, true), ClusterIntranetEndpoint: s.endpointAddress(rec, false), ClusterDomain: rec.domain(),
		ClusterExternalDomain: rec.public.domain, ClusterIntranetDomain: rec.private.domain,
		SecurityGroup: rec.public.securityGroup, ClusterIntranetSubnetID: rec.private.subnet, IntranetSecurityGroup: rec.private.securityGroup,
	}
	if rec.live.ControlPlaneUp {
		authority, _ := base64.StdEncoding.DecodeString(rec.authority.Certificate) // our own
		out.CertificationAuthority = string(authority)
	}
	return out, nil
}

// describeKubeconfig answers a kubeconfig with a client certificate of the user. Its server
// leads nowhere unless the endpoint is open.
func (s *Server) describeKubeconfig(c *call, in *endpointRequest) (any, *apiError) {
	rec, e := s.find(c, in.ClusterID, "ResourceNotFound")
	switch {
	case e != nil:
		return nil, e
	case !rec.live.ControlPlaneUp:
		return nil, fail("ResourceUnavailable.ClusterInAbnormalStat", "the cluster %s is %s", rec.id, s.stateOf(rec, rec.live))
	}
	certificate, key, err := rec.authority.Issue(c.who.user, "system:users")
	if err != nil {
		return nil, fail("InternalError", "%v", err)
	}
	server := s.endpointAddress(rec, in.IsExtranet)
	if server == "" {
		server = rec.domain()
	}
	return kubeconfigResponse{fmt.Sprintf(kubeconfigText, rec.authority.Certificate, server, rec.id, c.who.user, certificate, key)}, nil
}

// kubeconfigText has the names of users as numbers, as TKE's has.
const kubeconfigText = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %[1]s
    server: https://%[2]s
  name: %[3]s
contexts:
- context:
    cluster: %[3]s
    user: %[4]s
  name: %[3]s-%[4]s-context-default
current-context: %[3]s-%[4]s-context-default
kind: Config
preferences: {}
users:
- name: %[4]s
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
`

// Certificate returns the certificate of the authority of a cluster, as PEM in base64.
func (s *Server) Certificate(cluster string) (string, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err != nil {
		return "", err
	}
	return rec.authority.Certificate, nil
}
