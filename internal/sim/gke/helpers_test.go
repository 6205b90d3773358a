// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"errors"
	"net/http"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2"
	"github.com/googleapis/gax-go/v2/apierror"
	"go.uber.org/goleak"
	"golang.org/x/oauth2"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	zoneA  = "asia-northeast3-a"
	region = "asia-northeast3"
	inZone = "projects/" + DefaultProject + "/locations/" + zoneA
)

// world is a server with the vendor's own clients in front of it.
type world struct {
	*Server
	clock   *wiretest.Clock
	gke     *container.ClusterManagerClient // over gRPC
	rest    *container.ClusterManagerClient
	compute *compute.Service
}

func static(token string) option.ClientOption {
	return option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}))
}

// newWorld starts a server on a clock of its own, with clients in process.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	o := Options{Seed: 1}
	c := wiretest.NewClock()
	o.Now = c.Now
	for _, f := range change {
		f(&o)
	}
	w := &world{Server: New(o), clock: c}
	w.gke = newGRPC(t, w.Server, static(DefaultToken))
	w.rest, w.compute = newREST(t, simURL, w.Transport(), DefaultToken)
	return w
}

// newGRPC returns a client over gRPC in process.
func newGRPC(t testing.TB, s *Server, opts ...option.ClientOption) *container.ClusterManagerClient {
	t.Helper()
	opts = append(opts, option.WithEndpoint("passthrough:///gke.simulated"))
	for _, dial := range s.DialOptions() {
		opts = append(opts, option.WithGRPCDialOption(dial))
	}
	return closing(t, opts)
}

func closing(t testing.TB, opts []option.ClientOption) *container.ClusterManagerClient {
	t.Helper()
	c := wiretest.OK(container.NewClusterManagerClient(t.Context(), opts...))(t)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// bearer puts a token onto every request.
type bearer struct {
	next  http.RoundTripper
	token string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(r)
}

// simURL is where the clients think that the simulator is.
const simURL = "https://gke.simulated"

// newREST returns the two clients over HTTP.
func newREST(t testing.TB, base string, next http.RoundTripper, token string) (*container.ClusterManagerClient, *compute.Service) {
	t.Helper()
	client := option.WithHTTPClient(&http.Client{Transport: bearer{next, token}})
	rest := wiretest.OK(container.NewClusterManagerRESTClient(t.Context(), client, option.WithEndpoint(base)))(t)
	return rest, wiretest.OK(compute.NewService(t.Context(), client, option.WithEndpoint(base+"/compute/v1/")))(t)
}

// listen puts a loopback listener between the clients and the server.
func (w *world) listen(t *testing.T) *simkit.Listener {
	t.Helper()
	l, transport := wiretest.Listen(t, w.Listen, false)
	w.gke = closing(t, []option.ClientOption{static(DefaultToken), option.WithEndpoint(l.Addr()),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials()))})
	w.rest, w.compute = newREST(t, l.URL(), transport, DefaultToken)
	return l
}

// send sends a request that no client would, under a good token.
func (w *world) send(t *testing.T, method, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	response, answer := wiretest.Send(t, bearer{w.Transport(), DefaultToken}, wiretest.NewRequest(t, method, url, body, header...))
	return response.StatusCode, answer
}

// pass lets every operation that is under way end.
func (w *world) pass() { w.clock.Pass() }

// clusterRequest is a request that is accepted.
func clusterRequest(name string, change ...func(*containerpb.Cluster)) *containerpb.CreateClusterRequest {
	p, _ := profile.Get("gcp")
	sample := p.SampleRequest(name)
	c := &containerpb.Cluster{
		Name:               name,
		Network:            sample.Network.VpcIID.SystemId,
		Subnetwork:         sample.Network.SubnetIIDs[0].SystemId,
		ResourceLabels:     map[string]string{"env": "test"},
		IpAllocationPolicy: &containerpb.IPAllocationPolicy{UseIpAliases: true, StackType: containerpb.StackType_IPV4},
		Locations:          []string{zoneA},
		NodePools:          []*containerpb.NodePool{poolRequest("ng1")},
	}
	for _, f := range change {
		f(c)
	}
	return &containerpb.CreateClusterRequest{Parent: inZone, Cluster: c}
}

func poolRequest(name string) *containerpb.NodePool {
	p, _ := profile.Get("gcp")
	sample := p.SampleNodeGroup(name)
	return &containerpb.NodePool{
		Name: name, InitialNodeCount: 2,
		Config: &containerpb.NodeConfig{
			MachineType: sample.VMSpecName, DiskType: sample.RootDiskType, DiskSizeGb: 100, ImageType: sample.ImageIID.NameId,
			Tags: []string{"sg-01"}, OauthScopes: []string{"https://www.googleapis.com/auth/devstorage.read_only"},
		},
	}
}

func clusterName(name string) string { return inZone + "/clusters/" + name }

func poolName(cluster, name string) string { return clusterName(cluster) + "/nodePools/" + name }

func opName(op *containerpb.Operation) string { return inZone + "/operations/" + op.GetName() }

// create makes a cluster and lets it run.
func (w *world) create(t *testing.T, name string, change ...func(*containerpb.Cluster)) {
	t.Helper()
	wiretest.OK(w.gke.CreateCluster(t.Context(), clusterRequest(name, change...)))(t)
	w.pass()
}

func (w *world) get(t *testing.T, name string) *containerpb.Cluster {
	t.Helper()
	c := wiretest.OK(w.gke.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName(name)}))(t)
	return c
}

// read reads an operation again.
func (w *world) read(t *testing.T, op *containerpb.Operation) *containerpb.Operation {
	t.Helper()
	return wiretest.OK(w.gke.GetOperation(t.Context(), &containerpb.GetOperationRequest{Name: opName(op)}))(t)
}

// noRetry keeps the vendor's client from trying again, which it does for reads and
// deletions.
func noRetry() gax.CallOption {
	return gax.WithRetry(func() gax.Retryer { return gax.OnCodes(nil, gax.Backoff{}) })
}

// codeOf returns the code of an error of any of the clients. The vendor's client
// takes it from the HTTP status over REST, which is not always right.
func codeOf(err error) codes.Code {
	var api *googleapi.Error
	if err == nil {
		return codes.OK
	}
	if errors.As(err, &api) {
		for code, row := range statusTable {
			if row.status == api.Code && len(api.Errors) > 0 && row.reason == api.Errors[0].Reason {
				return code
			}
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return codes.DeadlineExceeded
	}
	return status.Code(err)
}

// reasonOf returns the reason of the ErrorInfo of an error over gRPC.
func reasonOf(err error) string {
	var api *apierror.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.Reason()
}

// outgoing is the context of a call over gRPC that the vendor's client does not
// make.
func outgoing(t testing.TB, params string) context.Context {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+DefaultToken)
	if params != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-goog-request-params", params)
	}
	return ctx
}
