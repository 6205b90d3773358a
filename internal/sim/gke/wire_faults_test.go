// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_answers: whole answers are replaced, and read as the clients read those
// of a proxy.
func TestServer_answers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer     core.Answer
		grpc, rest codes.Code
	}{
		"null":        {core.Answer{Status: 200, Body: "null"}, codes.OK, codes.Unknown},
		"object":      {core.Answer{Status: 200, Body: "{}"}, codes.OK, codes.OK},
		"html":        {core.Answer{Status: 502, Body: "<html>", Header: map[string]string{"Content-Type": "text/html"}}, codes.Unavailable, codes.Unavailable},
		"teapot":      {core.Answer{Status: 418}, codes.Unknown, codes.Unknown},
		"html-as-200": {core.Answer{Status: 200, Body: "<html>"}, codes.Unknown, codes.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "demo")
			w.Inject(core.Fault{Op: "GetCluster", Kind: core.FaultAnswer, Answer: &tt.answer, Times: 2})
			req := &containerpb.GetClusterRequest{Name: clusterName("demo")}
			c, err := w.gke.GetCluster(t.Context(), req, noRetry())
			if codeOf(err) != tt.grpc || err == nil && c.GetName() != "" {
				t.Errorf("over gRPC: %v, %v", c, err)
			}
			c, err = w.rest.GetCluster(t.Context(), req, noRetry())
			if (err == nil) != (tt.rest == codes.OK) || err == nil && c.GetName() != "" {
				t.Errorf("over REST: %v, %v", c, err)
			}
			if n := w.Count("GetCluster"); n != 2 {
				t.Errorf("%d calls", n)
			}
		})
	}
	w := newWorld(t)
	w.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultAnswerReply, Answer: &core.Answer{Status: 503}})
	if _, err := w.gke.CreateCluster(t.Context(), clusterRequest("demo")); codeOf(err) != codes.Unavailable {
		t.Error(err)
	}
	w.get(t, "demo")
}

// TestServer_retryAfter: the header comes in any form, from any service.
func TestServer_retryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, value := range []string{"-5", "1m", "Mon, 02 Nov 2026 09:31:00 GMT", "120"} {
		for _, op := range []string{"networks.get", "token"} {
			w.Inject(core.Fault{Op: op, Kind: core.FaultAnswer, Answer: &core.Answer{Status: 429, Header: map[string]string{"Retry-After": value}}})
		}
		_, err := w.compute.Networks.Get(DefaultProject, "vpc-01").Context(t.Context()).Do()
		var api *googleapi.Error
		if !errors.As(err, &api) || api.Code != 429 || api.Header.Get("Retry-After") != value {
			t.Errorf("%q: %v", value, err)
		}
		if status, header, _ := w.post(t, "/token"); status != 429 || header.Get("Retry-After") != value {
			t.Errorf("token, %q: %d, %v", value, status, header)
		}
	}
	for name, answer := range map[string]core.Answer{
		"redirect": {Status: 302, Header: map[string]string{"Location": "https://elsewhere.example/token"}}, "null": {Status: 200, Body: "null"},
	} {
		w.Inject(core.Fault{Op: "token", Kind: core.FaultAnswer, Answer: &answer})
		if status, header, body := w.post(t, "/token"); status != answer.Status || header.Get("Location") != answer.Header["Location"] || body != answer.Body {
			t.Errorf("%s: %d %v %q", name, status, header, body)
		}
	}
}

// post sends a request without a body.
func (w *world) post(t *testing.T, path string) (status int, header http.Header, body string) {
	t.Helper()
	response, body := wiretest.Send(t, w.Transport(), wiretest.NewRequest(t, http.MethodPost, "https://oauth2.googleapis.com"+path, ""))
	return response.StatusCode, response.Header, body
}

// TestServer_aggregated: every instance and every group in pages, with just the
// fields that are asked for, and zones that cannot be reached named.
func TestServer_aggregated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.MissingZones = []string{"asia-northeast3-c"} })
	two := seedOf("two", zoneA, group("ng1", 4))
	two.Zones = []string{zoneA, zoneB}
	w.put(t, two, seedOf("one", zoneA, group("ng1", 1), group("ng2", 2)))
	list := w.compute.Instances.AggregatedList(DefaultProject).MaxResults(3).
		Filter("labels.goog-k8s-cluster-name:*").Fields("nextPageToken,unreachables,items/*/instances(name,zone,status,labels)")
	var names []string
	pages := 0
	for token := ""; ; pages++ {
		out := wiretest.OK(list.PageToken(token).Context(t.Context()).Do(partial))(t)
		for _, scope := range out.Items {
			for _, i := range scope.Instances {
				names = append(names, i.Labels[labelCluster]+"/"+i.Labels[labelLocation]+"/"+i.Labels[labelPool]+i.Zone[strings.LastIndex(i.Zone, "-"):]+"/"+i.Status)
				if i.SelfLink != "" || i.Name == "" {
					t.Errorf("the fields are not those of the mask: %+v", i)
				}
			}
		}
		if len(out.Unreachables) != 1 || out.Unreachables[0] != "projects/pmks-sim/zones/asia-northeast3-c" {
			t.Errorf("unreachable are %v", out.Unreachables)
		}
		if token = out.NextPageToken; token == "" {
			break
		}
	}
	slices.Sort(names)
	if got, want := strings.Join(slices.Compact(names), " "), "one/"+zoneA+"/ng1-a/RUNNING one/"+zoneA+"/ng2-a/RUNNING two/"+zoneA+"/ng1-a/RUNNING two/"+zoneA+"/ng1-b/RUNNING"; got != want || pages != 2 {
		t.Errorf("%d pages\ngot  %s\nwant %s", pages+1, got, want)
	}
	managers := wiretest.OK(w.compute.InstanceGroupManagers.AggregatedList(DefaultProject).Filter("name:gke-two*").Context(t.Context()).Do(partial))(t)
	sizes := map[string]int64{}
	for scope, items := range managers.Items {
		for _, m := range items.InstanceGroupManagers {
			sizes[scope] += m.TargetSize
		}
	}
	if sizes["zones/"+zoneA] != 2 || sizes["zones/"+zoneB] != 2 || len(sizes) != 2 || managers.Items["zones/asia-northeast3-c"].Warning.Code != "UNREACHABLE" {
		t.Errorf("the target sizes are %v", sizes)
	}
	for what, tt := range map[string]struct {
		filter, fields string
		options        []googleapi.CallOption
		want           int
	}{
		"whole": {want: 503}, "filter": {filter: "a OR b", options: []googleapi.CallOption{partial}, want: 501},
		"fields": {fields: "items(", options: []googleapi.CallOption{partial}, want: 400},
	} {
		_, err := w.compute.Instances.AggregatedList(DefaultProject).Filter(tt.filter).Fields(googleapi.Field(tt.fields)).Context(t.Context()).Do(tt.options...)
		var api *googleapi.Error
		if !errors.As(err, &api) || api.Code != tt.want {
			t.Errorf("%s: %v, want %d", what, err, tt.want)
		}
	}
}

// TestFieldMask: what a mask keeps, and what is none.
func TestFieldMask(t *testing.T) {
	t.Parallel()
	const body = `{"a":{"b":1,"c":[{"d":2,"e":3}]},"f":4}`
	for mask, want := range map[string]string{
		"a": `{"a":{"b":1,"c":[{"d":2,"e":3}]}}`, "a/b,f": `{"a":{"b":1},"f":4}`, "a(c/d)": `{"a":{"c":[{"d":2}]}}`, "*/b": `{"a":{"b":1},"f":4}`, "x": `{}`,
	} {
		if m, ok := parseMask(mask); !ok || string(m.trim([]byte(body))) != want {
			t.Errorf("%s: %t, %s, want %s", mask, ok, m.trim([]byte(body)), want)
		}
	}
	for _, mask := range []string{"", "a(", "a(b", "a)", ",", "a/", "a,,b"} {
		if m, ok := parseMask(mask); ok {
			t.Errorf("%q is taken for %v", mask, m)
		}
	}
}

// TestServer_quotas: the published quotas hold unless they are switched off; a class of
// Compute Engine has its own, whose words are those of a refused permission.
func TestServer_quotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Buckets = []simkit.Bucket{{Service: "compute", Ops: []string{classDefault}, Burst: 1, Window: time.Minute}}
	})
	w.put(t, seedOf("demo", zoneA, group("ng1", 1)))
	g := groupsOf(t, w.get(t, "demo").GetNodePools()[0])[0]
	nodes := func() error {
		return wiretest.Err(w.compute.InstanceGroupManagers.ListManagedInstances(DefaultProject, g[0], g[1]).Context(t.Context()).Do())
	}
	wiretest.Must(t, nodes())
	var api *googleapi.Error
	if err := nodes(); !errors.As(err, &api) || api.Code != 403 || api.Errors[0].Reason != "rateLimitExceeded" || api.Header.Get("Retry-After") != "" {
		t.Errorf("the second of a minute: %v", err)
	}
	if _, err := w.compute.Networks.Get(DefaultProject, "vpc-01").Context(t.Context()).Do(); err != nil {
		t.Errorf("another class: %v", err)
	}
	w.clock.Add(time.Minute)
	if err := nodes(); err != nil {
		t.Errorf("in the next minute: %v", err)
	}
	if on := DefaultBuckets(); len(on) != 5 {
		t.Errorf("there are %d quotas", len(on))
	}
	classes := map[string]int{}
	for _, route := range computeTable {
		classes[route.class()]++
	}
	for _, b := range DefaultBuckets()[1:] {
		if classes[b.Ops[0]] == 0 {
			t.Errorf("no method counts against %s", b.Ops[0])
		}
	}
}

// TestServer_repeatedPage: a page that names itself as the next one.
func TestServer_repeatedPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.compute.Networks.List(DefaultProject).MaxResults(1)
	first := wiretest.OK(list.Context(t.Context()).Do())(t)
	w.Inject(core.Fault{Op: "networks.list", Kind: core.FaultRepeatPage, Times: 2})
	for range 2 {
		page, err := list.PageToken(first.NextPageToken).Context(t.Context()).Do()
		if err != nil || page.NextPageToken != first.NextPageToken {
			t.Errorf("the next token is %q, want %q again; %v", page.NextPageToken, first.NextPageToken, err)
		}
	}
}
