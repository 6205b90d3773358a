// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// script is an answer of EKS.
func script(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {jsonType}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// A name that the pages have again, because they move while they are read, is one cluster.
func TestHandler_nameTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 3, 1, eks.Options{})
		cfg := configFor(s)
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := s.Transport().RoundTrip(r)
			if err != nil || r.URL.Path != "/clusters" {
				return resp, err
			}
			return script(r, http.StatusOK, `{"clusters":["c000","c001","c000","c002","c001"]}`), resp.Body.Close()
		})
		h := newHandlerWith(t, cfg)
		s.Reset()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 3 {
			t.Errorf("%d clusters, %v", len(list), err)
		}
		if n := s.Count("DescribeCluster"); n != 3 {
			t.Errorf("%d were read", n)
		}
		if ids, err := h.ListIID(t.Context()); err != nil || len(ids) != 3 {
			t.Errorf("%v, %v", ids, err)
		}
	})
}

// One thing on each page, of every list there is: a whole life goes as ever.
func TestHandler_onePerPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resources := eks.DefaultResources("us-east-2")
		for i := range resources.Subnets {
			resources.Subnets[i].FreeIPs = 100
		}
		s := eks.New(eks.Options{PageSize: 1, Resources: &resources})
		h := newHandler(t, s)
		req := bench.SampleRequest("pages")
		req.Version = "1.33"
		req.NodeGroupList = append(req.NodeGroupList, bench.SampleNodeGroup("second"), bench.SampleNodeGroup("third"))
		for i := range req.NodeGroupList { // the sample names an AMI type, the default looks the instance type up
			req.NodeGroupList[i].ImageIID = pmks.IID{}
		}
		info, err := pmks.Provision(t.Context(), h, req)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range info.NodeGroupList {
			if len(g.Nodes) != g.DesiredNodeSize || len(info.NodeGroupList) != 3 {
				t.Errorf("%d node groups, %s has %d nodes of %d", len(info.NodeGroupList), g.IId, len(g.Nodes), g.DesiredNodeSize)
			}
		}
		if err := s.Put(core.Seed{Name: "other"}); err != nil {
			t.Fatal(err)
		}
		if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 2 || len(list[0].NodeGroupList)+len(list[1].NodeGroupList) != 3 {
			t.Errorf("ListCluster: %d clusters, %v", len(list), err)
		}
		if info, err = pmks.Upgrade(t.Context(), h, info.IId, "1.34"); err != nil || info.Version != "1.34" {
			t.Errorf("Upgrade: %v", err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil || len(s.Templates()) != 0 {
			t.Errorf("Teardown: templates %v, %v", s.Templates(), err)
		}
	})
}

// A page that names itself as the next is an error: the list is not known to its end.
func TestHandler_repeatedPage(t *testing.T) {
	t.Parallel()
	create := bench.CreateRequest("new")
	cluster := pmks.IID{NameId: "c000"}
	for op, call := range map[string]providertest.Call{
		"ListClusters":            providertest.ListIID,
		"ListNodegroups":          providertest.GetCluster(cluster),
		"DescribeClusterVersions": providertest.ListVersions,
		"DescribeSubnets":         providertest.CreateCluster(create),
		"ListFargateProfiles":     providertest.DeleteCluster(cluster),
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 3, 3, eks.Options{PageSize: 1})
				for _, profile := range []string{"a", "b", "c"} {
					if err := s.AttachFargateProfile("c000", profile); err != nil {
						t.Fatal(err)
					}
				}
				s.Inject(core.Fault{Op: op, Kind: core.FaultRepeatPage, Times: -1})
				err := call(t.Context(), newHandler(t, s))
				says(t, err, pmks.ErrUnavailable, "same page token")
				if n := s.Count(op); n > 20 {
					t.Errorf("%d pages were read", n)
				}
			})
		})
	}
}

// An error at the end of a context is one sentence, and its own.
func TestHandler_GetCluster_pastItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fleet(t, 1, 3, eks.Options{Latency: 40 * time.Millisecond}))
		for _, limit := range []time.Duration{0, 20 * time.Millisecond, 60 * time.Millisecond, 79 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			_, err := h.GetCluster(ctx, pmks.IID{NameId: "c000"})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) || strings.Contains(err.Error(), "\n") {
				t.Errorf("after %s: %v", limit, err)
			}
		}
	})
}

// A listing of many clusters starts goroutines in the order of its slots, not of the
// clusters.
func TestHandler_ListCluster_goroutines(t *testing.T) { //nolint:paralleltest // it counts the goroutines of the process
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 400, 1, eks.Options{Latency: 10 * time.Millisecond, Unlimited: true})
		h := newHandler(t, s)
		before := runtime.NumGoroutine()
		var most atomic.Int32
		done := make(chan struct{})
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
					most.Store(max(most.Load(), int32(runtime.NumGoroutine())))
				}
			}
		}()
		list, err := h.ListCluster(t.Context())
		close(done)
		<-watched
		if err != nil || len(list) != 400 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		if grown := int(most.Load()) - before; grown > 200 {
			t.Errorf("%d goroutines more", grown)
		}
	})
}

// CreateRoles attaches the policies of its own partition.
func TestHandler_CreateRoles_partitions(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"us-east-2", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1"} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				resources := eks.DefaultResources(region)
				resources.Roles = nil
				cfg := configFor(eks.New(eks.Options{Region: region, Resources: &resources}))
				cfg.Region = region
				h := newHandlerWith(t, cfg)
				if err := h.CreateRoles(t.Context()); err != nil {
					t.Fatal(err)
				}
				req := pmks.ClusterInfo{IId: pmks.IID{NameId: "here"}, Network: pmks.NetworkInfo{
					SubnetIIDs: []pmks.IID{{SystemId: resources.Subnets[0].ID}, {SystemId: resources.Subnets[1].ID}}}}
				if _, err := h.CreateCluster(t.Context(), req); err != nil {
					t.Fatal(err)
				}
				info, err := pmks.WaitClusterActive(t.Context(), h, req.IId)
				if err != nil {
					t.Fatal(err)
				}
				arn, _ := pmks.Lookup(info.KeyValueList, "Arn")
				if _, err := h.GetCluster(t.Context(), pmks.IID{SystemId: arn}); err != nil {
					t.Errorf("by its ARN %s: %v", arn, err)
				}
			})
		})
	}
}
