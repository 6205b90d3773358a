// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

var (
	demo  = pmks.IID{NameId: "demo"}
	first = pmks.IID{NameId: "ng1"}
)

// readyAccount is an account with the cluster demo and its node group ng1.
func readyAccount(t testing.TB, o tke.Options, attr map[string]string) *tke.Server {
	t.Helper()
	s := tke.New(o)
	putCluster(t, s, core.Seed{Name: "demo", Attr: attr, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
	return s
}

// putCluster puts a cluster that pmks has made.
func putCluster(t testing.TB, s *tke.Server, seed core.Seed) {
	t.Helper()
	net := bench.SampleRequest("x").Network
	seed.Tags = map[string]string{"CB-SPIDER-PMKS-SUBNET-ID": net.SubnetIIDs[0].SystemId, "CB-SPIDER-PMKS-SECURITYGROUP-ID": net.SecurityGroupIIDs[0].SystemId}
	if err := s.Put(seed); err != nil {
		t.Fatal(err)
	}
}

func plainRequest(name string) pmks.ClusterInfo {
	req := bench.SampleRequest(name)
	req.NodeGroupList = nil
	return req
}

func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // inside a synctest bubble

func actionOf(r *http.Request) string { return r.Header.Get("X-TC-Action") }

// hooked lets a function answer the n-th request of an action; nil passes it on.
func hooked(s *tke.Server, action string, f func(n int, r *http.Request) *http.Response) http.RoundTripper {
	var mu sync.Mutex
	n := 0
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if actionOf(r) == action {
			mu.Lock()
			n++
			k := n
			mu.Unlock()
			if resp := f(k, r); resp != nil {
				return resp, nil
			}
		}
		return s.Transport().RoundTrip(r)
	})
}

// copyOf copies a request so that both can be sent.
func copyOf(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := r.Clone(context.WithoutCancel(r.Context())) // it may outlive the caller
	c.Body = io.NopCloser(bytes.NewReader(body))
	return c
}

func bodyOf(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

func deliver(s *tke.Server, r *http.Request) {
	if resp, err := s.Transport().RoundTrip(r); err == nil {
		_ = resp.Body.Close()
	}
}

func refusalOf(r *http.Request, status int, code, message string) *http.Response {
	data, _ := json.Marshal(map[string]any{"Response": map[string]any{"Error": map[string]string{"Code": code, "Message": message}, "RequestId": "00000000-0000-4000-8000-000000000000"}})
	return providertest.Respond(r, status, string(data))
}

func isOpenOutcome(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.MayHaveHappened
}

func countClusters(t testing.TB, s *tke.Server) int {
	t.Helper()
	list, err := newHandler(t, s).ListIID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func poolsOf(t testing.TB, s *tke.Server) []pmks.NodeGroupInfo {
	t.Helper()
	info, err := newHandler(t, s).GetCluster(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	return info.NodeGroupList
}

// rewritten changes the answers of an action.
func rewritten(s *tke.Server, action string, change func(n int, answer map[string]any, request string)) http.RoundTripper {
	var mu sync.Mutex
	n := 0
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		sent := ""
		if actionOf(r) == action {
			sent = bodyOf(r)
		}
		resp, err := s.Transport().RoundTrip(r)
		if err != nil || actionOf(r) != action {
			return resp, err
		}
		mu.Lock()
		n++
		k := n
		mu.Unlock()
		var v map[string]map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			return nil, err
		}
		change(k, v["Response"], sent)
		out, _ := json.Marshal(v)
		return providertest.Respond(r, resp.StatusCode, string(out)), nil
	})
}

var writeActions = []string{
	"CreateCluster", "DeleteCluster", "UpdateClusterVersion", "UpgradeClusterInstances", "CreateClusterNodePool", "ModifyClusterNodePool", "ModifyNodePoolDesiredCapacityAboutAsg",
	"DeleteClusterNodePool", "CreateClusterEndpoint", "DeleteClusterEndpoint", "ModifyClusterTags", "DisableClusterDeletionProtection",
}

func writesOf(s *tke.Server) (n int) {
	for _, op := range writeActions {
		n += s.Count(op)
	}
	return n
}

// idsOf asks the simulator itself, which knows every cluster.
func idsOf(t testing.TB, s *tke.Server) (cluster, group pmks.IID) {
	t.Helper()
	var seen struct {
		cluster, group string
	}
	h := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) {
		list, _ := a["Clusters"].([]any)
		for _, c := range list {
			seen.cluster, _ = c.(map[string]any)["ClusterId"].(string)
			c.(map[string]any)["ClusterType"] = "MANAGED_CLUSTER"
		}
	}))
	list, err := h.ListCluster(t.Context())
	if err != nil || len(list) != 1 || len(list[0].NodeGroupList) == 0 {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	return pmks.IID{SystemId: seen.cluster}, pmks.IID{SystemId: list[0].NodeGroupList[0].IId.SystemId}
}
