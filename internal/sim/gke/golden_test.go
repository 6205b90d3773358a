// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// tape writes down what goes over the wire.
type tape struct{ wiretest.Tape }

func newTape(next http.RoundTripper) *tape {
	return &tape{wiretest.Tape{
		Next: next,
		Sent: func(r *http.Request) string {
			if params := r.Header.Get("x-goog-request-params"); params != "" {
				return "\n> x-goog-request-params: " + params + "\n"
			}
			return "\n"
		},
		Got: func(r *http.Response) string {
			if after := r.Header.Get("Retry-After"); after != "" {
				return "\n< Retry-After: " + after + "\n"
			}
			return "\n"
		},
	}}
}

// interceptor writes calls over gRPC down, their messages as JSON.
func (p *tape) interceptor(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	shown := func(m any) string {
		message, ok := m.(proto.Message)
		if !ok {
			return "not a message\n"
		}
		data, err := protojson.Marshal(message)
		if err != nil {
			return err.Error() + "\n"
		}
		return wiretest.Canonical("", data)
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	p.Note("> %s\n> x-goog-request-params: %s\n%s", method, strings.Join(md.Get("x-goog-request-params"), " and "), shown(req))
	err := invoke(ctx, method, req, reply, conn, opts...)
	st, _ := status.FromError(err)
	answer := reply
	if err != nil {
		answer = st.Proto()
	}
	p.Note("< %s\n%s\n", st.Code(), shown(answer))
	return err
}

// idPattern finds what is drawn at random, which may change with the order of
// drawing.
var idPattern = regexp.MustCompile(`operation-\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|gke-[0-9a-f]{32}|gke-demo-ng\d-[0-9a-f]{8}(?:-[a-z0-9]{4})?(?:\b|-grp)|0x[0-9a-f]{16}|"[0-9a-f]{64}"|"LS0t[^"]*"|"id": "\d+"`)

// golden compares what a tape has with a file.
func (p *tape) golden(t *testing.T, name string) {
	t.Helper()
	wiretest.Golden(t, name, wiretest.Mask(p.Text(), idPattern))
}

// TestServer_golden keeps pairs of requests, as the vendor's clients send them, and
// answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	t.Run("grpc", func(t *testing.T) {
		t.Parallel()
		w, p := newWorld(t), newTape(nil)
		w.gke = newGRPC(t, w.Server, static(DefaultToken), option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(p.interceptor)))
		goldenLife(t, w)
		p.golden(t, "grpc.golden")
	})
	t.Run("rest", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		p := newTape(w.Transport())
		w.gke, _ = newREST(t, simURL, p, DefaultToken)
		goldenLife(t, w)
		p.golden(t, "rest.golden")
	})
	t.Run("compute", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		p := newTape(w.Transport())
		w.watchCompute(t, p)
		goldenCompute(t, w)
		p.golden(t, "compute.golden")
	})
}

// watchCompute holds the answers of Compute Engine against the vendor's model.
func (w *world) watchCompute(t *testing.T, p *tape) {
	t.Helper()
	table := wiretest.ReadTable(t, "wire.json")
	p.Watch = func(r *http.Request, _ []byte, response *http.Response, got []byte) {
		if found, _, _ := w.routeCompute(r); response.StatusCode == http.StatusOK {
			for _, fault := range table.Answer(found.op, got) {
				t.Error(fault)
			}
		}
	}
	_, w.compute = newREST(t, simURL, p, DefaultToken)
}

func goldenLife(t *testing.T, w *world) {
	t.Helper()
	ctx := t.Context()
	run := func(call mutation) {
		t.Helper()
		wiretest.OK(call(ctx, w.gke))(t)
	}
	op := wiretest.OK(w.gke.CreateCluster(ctx, clusterRequest("demo")))(t)
	w.clock.Add(5 * time.Second)
	w.get(t, "demo")
	w.pass()
	wiretest.OK(w.gke.GetOperation(ctx, &containerpb.GetOperationRequest{Name: opName(op)}))(t)
	wiretest.OK(w.gke.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: "projects/pmks-sim/locations/-"}))(t)
	run(autoscale("ng1", &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: 1, MaxNodeCount: 4}))
	if _, err := size("ng1", 3)(ctx, w.gke); err == nil { // busy
		t.Fatal("two at a time")
	}
	w.pass()
	wiretest.OK(w.gke.GetNodePool(ctx, &containerpb.GetNodePoolRequest{Name: poolName("demo", "ng1")}))(t)
	w.Inject(core.Fault{Op: "SetNodePoolSize", Kind: core.FaultThrottle, RetryAfter: 7 * time.Second})
	w.Inject(core.Fault{Op: "UpdateMaster", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
	for _, call := range []mutation{size("ng1", 3), master("1.34"), setLabels(nil, "stale"), master("1.99"), deleteCluster("none")} {
		if _, err := call(ctx, w.gke); err == nil {
			t.Fatal("it was not refused")
		}
	}
	w.Inject(faultLater("CreateNodePool", "GCE_STOCKOUT: the zone does not have enough resources"))
	for _, call := range []mutation{createPool("ng2"), setLabels(map[string]string{"a": "b"}, fingerprint(map[string]string{"env": "test"})),
		master("1.34"), nodes("ng1", "-", "COS_CONTAINERD"), deletePool("ng2"), deleteCluster("demo")} {
		run(call)
		w.pass()
	}
	wiretest.OK(w.gke.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: inZone}))(t)
	wiretest.OK(w.gke.GetServerConfig(ctx, &containerpb.GetServerConfigRequest{Name: inZone}))(t)
	wiretest.OK(w.gke.ListUsableSubnetworks(ctx, &containerpb.ListUsableSubnetworksRequest{Parent: "projects/pmks-sim", PageSize: 2}).Next())(t)
}

func goldenCompute(t *testing.T, w *world) {
	t.Helper()
	w.create(t, "demo")
	group := groupsOf(t, w.get(t, "demo").GetNodePools()[0])[0]
	v, ctx, p := w.compute, t.Context(), DefaultProject
	for i, call := range []func() error{
		func() error { return wiretest.Err(v.InstanceGroupManagers.Get(p, zoneA, group[1]).Context(ctx).Do()) },
		func() error {
			return wiretest.Err(v.InstanceGroupManagers.ListManagedInstances(p, zoneA, group[1]).MaxResults(10).Context(ctx).Do())
		},
		func() error { return wiretest.Err(v.Networks.Get(p, "vpc-01").Context(ctx).Do()) },
		func() error { return wiretest.Err(v.Subnetworks.Get(p, region, "subnet-01").Context(ctx).Do()) },
		func() error { return wiretest.Err(v.Zones.Get(p, zoneA).Context(ctx).Do()) },
		func() error { return wiretest.Err(v.MachineTypes.Get(p, zoneA, "e2-standard-4").Context(ctx).Do()) },
		func() error { return wiretest.Err(v.Networks.List(p).MaxResults(1).Context(ctx).Do()) },
	} {
		if err := call(); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	w.Inject(core.Fault{Op: "networks.get", Kind: core.FaultThrottle})
	for i, call := range []func() error{
		func() error { return wiretest.Err(v.Networks.Get(p, "vpc-01").Context(ctx).Do()) },
		func() error { return wiretest.Err(v.Networks.Get(p, "none").Context(ctx).Do()) },
		func() error { return wiretest.Err(v.InstanceGroupManagers.Get(p, zoneA, "none").Context(ctx).Do()) },
	} {
		if call() == nil {
			t.Errorf("call %d was not refused", i)
		}
	}
}
