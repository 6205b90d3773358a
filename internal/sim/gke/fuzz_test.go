// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// fuzzed is a server with a cluster "a" that has a pool "g".
func fuzzed(t *testing.T) *Server {
	t.Helper()
	now := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	s := New(Options{Seed: 1, Now: func() time.Time { return now }})
	wiretest.Must(t, s.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{seedGroup("g")}}))
	return s
}

// FuzzServer_http sends requests made of arbitrary bytes: there is always an answer
// in the vendor's shape, and never a panic.
func FuzzServer_http(f *testing.F) {
	const root = "/v1/" + inZone
	for _, seed := range []struct{ method, target, body string }{
		{"GET", root + "/clusters?alt=json", ""},
		{"GET", root + "/clusters/a/nodePools/g", ""},
		{"POST", root + "/clusters", `{"cluster":{"name":"b","network":"vpc-01","subnetwork":"subnet-01","nodePools":[{"name":"g","initialNodeCount":1}]}}`},
		{"POST", root + "/clusters/a/nodePools", `{"nodePool":{"name":"h","initialNodeCount":2147483647,"locations":["` + zoneA + `","` + zoneA + `"]}}`},
		{"POST", root + "/clusters/a/nodePools/g:setSize", `{"nodeCount":3}`},
		{"POST", root + "/clusters/a/nodePools/g:setAutoscaling", `{"autoscaling":{"enabled":true,"maxNodeCount":3}}`},
		{"PUT", root + "/clusters/a/nodePools/g", `{"nodeVersion":"-","imageType":"COS"}`},
		{"PUT", root + "/clusters/a", `{"update":{"desiredMasterVersion":"1.34"}}`},
		{"POST", root + "/clusters/a:updateMaster", `{"masterVersion":"latest"}`},
		{"POST", root + "/clusters/a:setResourceLabels", `{"resourceLabels":{"a":"b"},"labelFingerprint":"811c9dc5"}`},
		{"DELETE", root + "/clusters/a", ""},
		{"GET", root + "/serverConfig", ""},
		{"GET", "/v1/projects/pmks-sim/aggregated/usableSubnetworks?pageSize=1&pageToken=1", ""},
		{"GET", computeRoot + "projects/pmks-sim/global/networks?maxResults=1&pageToken=2", ""},
		{"POST", computeRoot + "projects/pmks-sim/zones/" + zoneA + "/instanceGroupManagers/x/listManagedInstances", ""},
		{"GET", computeRoot + "projects/pmks-sim", ""},
		{"POST", "/token", "grant_type=x&assertion=a.b.c"},
		{"GET", metadataRoot + "project/project-id", ""},
		{"PUT", "//..%2f", "\x00"},
	} {
		f.Add(seed.method, seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		s := fuzzed(t)
		response, answer := wiretest.Fuzzed(t, s.Transport(), method, "https://sim.example"+target, body, func(r *http.Request) bool {
			r.Header.Set("Content-Type", "application/json")
			if r.URL.Path == "/token" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.Header.Set("Authorization", "Bearer "+DefaultToken)
			return true
		})
		if strings.HasPrefix(response.Request.URL.Path, metadataRoot) {
			return // plain text
		}
		checkShape(t, response, answer)
		if c := s.Calls(); len(c) != 1 || c[0].Status != response.StatusCode {
			t.Errorf("the journal has %+v for %d", c, response.StatusCode)
		}
	})
}

// checkShape checks that an answer is JSON, and an error of Google if its status is
// one.
func checkShape(t *testing.T, response *http.Response, answer []byte) {
	t.Helper()
	if response.StatusCode < 400 {
		if !json.Valid(answer) {
			t.Fatalf("not JSON: %q", answer)
		}
		return
	}
	var out struct{ Error json.RawMessage }
	var object errorObject
	var word string
	if err := json.Unmarshal(answer, &out); err != nil {
		t.Fatalf("not JSON: %v: %q", err, answer)
	}
	if json.Unmarshal(out.Error, &word) == nil && word != "" {
		return // of the token endpoint
	}
	if json.Unmarshal(out.Error, &object) != nil || object.Code != response.StatusCode || object.Message == "" || len(object.Errors) != 1 {
		t.Fatalf("not an error of Google: %q", answer)
	}
}

// FuzzServer_grpc sends messages made of arbitrary bytes to every method.
func FuzzServer_grpc(f *testing.F) {
	add := func(method string, m proto.Message) {
		data, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		for i, desc := range containerpb.ClusterManager_ServiceDesc.Methods {
			if desc.MethodName == method {
				f.Add(byte(i), data)
			}
		}
	}
	add("CreateCluster", clusterRequest("b"))
	add("CreateNodePool", &containerpb.CreateNodePoolRequest{Parent: clusterName("a"), NodePool: poolRequest("h")})
	add("GetCluster", &containerpb.GetClusterRequest{Name: clusterName("a")})
	add("ListClusters", &containerpb.ListClustersRequest{Parent: "projects/pmks-sim/locations/-"})
	add("SetNodePoolSize", &containerpb.SetNodePoolSizeRequest{Name: poolName("a", "g"), NodeCount: 1 << 30})
	add("UpdateCluster", &containerpb.UpdateClusterRequest{Name: clusterName("a"), Update: &containerpb.ClusterUpdate{DesiredMasterVersion: "-"}})
	add("UpdateNodePool", &containerpb.UpdateNodePoolRequest{Name: poolName("a", "g"), Labels: &containerpb.NodeLabels{Labels: map[string]string{"a": "b"}}})
	add("SetLegacyAbac", &containerpb.SetLegacyAbacRequest{Name: clusterName("a")})
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		s := fuzzed(t)
		list := containerpb.ClusterManager_ServiceDesc.Methods
		desc := list[int(which)%len(list)]
		md := metadata.Pairs("authorization", "Bearer "+DefaultToken)
		var readable bool
		out, err := desc.Handler(&service{s: s}, metadata.NewIncomingContext(t.Context(), md), func(m any) error {
			message, ok := m.(proto.Message)
			if !ok || proto.Unmarshal(data, message) != nil {
				return status.Error(codes.Internal, "unreadable")
			}
			readable = true
			field := methods[desc.MethodName].field
			md.Set("x-goog-request-params", field+"="+url.QueryEscape(textField(message.ProtoReflect(), field)))
			return nil
		}, s.interceptor(nil))
		if !readable {
			return
		}
		st, ok := status.FromError(err)
		if !ok || err == nil && out == nil {
			t.Fatalf("%s: got %v, %v", desc.MethodName, out, err)
		}
		if err != nil && (st.Message() == "" || len(st.Details()) == 0 || st.Code() == codes.Unknown) {
			t.Errorf("%s: not an error of Google: %v", desc.MethodName, st)
		}
		if message, ok := out.(proto.Message); ok && err == nil {
			if _, err := proto.Marshal(message); err != nil {
				t.Errorf("%s: the answer cannot be sent: %v", desc.MethodName, err)
			}
		}
	})
}
