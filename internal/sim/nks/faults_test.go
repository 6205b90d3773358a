// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// errStatus is the refusal of a call.
type errStatus struct{ text string }

func (e errStatus) Error() string { return e.text }

// TestServer_faults holds every kind of fault against a call that changes something.
func TestServer_faults(t *testing.T) {
	t.Parallel()
	// start returns the subject on a server that is reached over next.
	start := func(t *testing.T, s *Server, base string, next http.RoundTripper) wiretest.Subject {
		t.Helper()
		w := connect(s)
		w.base, w.next = base, next
		w.login(t, DefaultUser, DefaultPassword)
		wiretest.Must(t, s.Put(core.Seed{Name: "demo"}))
		rec, err := s.named("demo")
		wiretest.Must(t, err)
		return wiretest.Subject{
			Sim: s.Kit, Op: "clusters.resize", Cluster: "demo",
			Do: func(ctx context.Context) error {
				r, err := w.do(ctx, http.MethodPost, "/v1/clusters/"+rec.live.ID+"/actions/resize", object{"nodegroup": "default-worker", "node_count": 3})
				if err == nil && (r.status != http.StatusAccepted || r.body["uuid"] != rec.live.ID) {
					err = errStatus{fmt.Sprint(r.status, " ", strings.Contains(string(r.raw), `"errors"`) || at(r.body, "error", "code") != nil)}
				}
				return err
			},
			Applied: func() bool { return rec.live.Groups[0].Desired == 3 },
		}
	}
	matrix := wiretest.Matrix{
		Start: func(t *testing.T) wiretest.Subject {
			s := New(Options{Seed: 1})
			return start(t, s, simURL, s.Transport())
		},
		Codes: map[pmks.Code]string{
			pmks.CodeAlreadyExists: "409 true", pmks.CodeBusy: "400 true", pmks.CodeFailedPrecondition: "400 true", pmks.CodeInternal: "500 true",
			pmks.CodeInvalidArgument: "400 true", pmks.CodeNotFound: "404 true", pmks.CodePermissionDenied: "403 true", pmks.CodeQuotaExceeded: "403 true",
			pmks.CodeThrottled: "429 true", pmks.CodeTimeout: "504 true", pmks.CodeUnauthenticated: "401 true", pmks.CodeUnavailable: "503 true",
		},
		Refusal: func(err error) string {
			var e errStatus
			_ = errors.As(err, &e)
			return e.text
		},
	}
	t.Run("in-process", matrix.Run)
	matrix.Start = func(t *testing.T) wiretest.Subject {
		s := New(Options{Seed: 1})
		l, transport := wiretest.Listen(t, s.Listen, false)
		return start(t, s, l.URL(), transport)
	}
	t.Run("listener", matrix.RunConnected)
}

// TestServer_injected: the same fault in the words of each service.
func TestServer_injected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		op, target string
		code       pmks.Code
		status     int
		words      string
	}{
		{"clusters.list", "/v1/clusters", pmks.CodeThrottled, 429, `{"errors":[`},
		{"servers.list", "/compute/v2/" + DefaultTenantID + "/servers/detail", pmks.CodeThrottled, 413, `{"overLimit":{`},
		{"flavors.list", "/compute/v2/" + DefaultTenantID + "/flavors/detail", pmks.CodeInternal, 500, `{"computeFault":{`},
		{"keypairs.get", "/compute/v2/" + DefaultTenantID + "/os-keypairs/keypair-01", pmks.CodePermissionDenied, 403, `{"forbidden":{`},
		{"volumeTypes.list", "/volume/v2/" + DefaultTenantID + "/types", pmks.CodeUnavailable, 503, `{"serviceUnavailable":{`},
		{"vpcs.list", "/network/v2.0/vpcs", pmks.CodeNotFound, 404, `{"NeutronError":{`},
		{"images.list", "/image/v2/images", pmks.CodeUnavailable, 503, "<html>"},
		{"clusters.list", "/v1/clusters", pmks.CodeUnauthenticated, 401, `{"error":{"code":401`},
	} {
		w.Inject(core.Fault{Op: tt.op, Kind: core.FaultRefuse, Code: tt.code, Reason: "for a reason", RetryAfter: 3 * time.Second})
		r := w.call(t, http.MethodGet, tt.target, nil)
		if r.status != tt.status || !strings.Contains(string(r.raw), tt.words) || !strings.Contains(string(r.raw), "for a reason") || r.header.Get("Retry-After") != "3" {
			t.Errorf("%s: got %s after %s", tt.op, r.raw, r.header.Get("Retry-After"))
		}
		w.get(t, tt.target)
	}
	w.Inject(core.Fault{Op: opToken, Kind: core.FaultRefuse, Code: pmks.CodeUnavailable})
	w.refused(t, 503, "unavailable", http.MethodPost, "/v2.0/tokens", tokenBody(DefaultUser, DefaultPassword, DefaultTenantID))
}

// TestServer_stick: an operation that sticks never ends, and one that is in the way of
// a deletion is cut short.
func TestServer_stick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1, TokenLifetime: 2000 * time.Hour})
		w := connect(s)
		w.login(t, DefaultUser, DefaultPassword)
		wiretest.Must(t, s.Put(core.Seed{Name: "demo"}))
		w.Inject(core.Fault{Op: "certificates.renew", Kind: core.FaultStick})
		w.change(t, http.MethodPatch, "/v1/certificates/demo", object{"term_of_validity": 1})
		time.Sleep(1000 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		c := w.get(t, "/v1/clusters/demo")
		if c["status"] != "UPDATE_IN_PROGRESS" {
			t.Errorf("after a thousand hours the cluster is %v", c["status"])
		}
		w.ok(t, http.StatusNoContent, http.MethodDelete, "/v1/clusters/demo", nil)
		ev := items(w.get(t, "/v1/clusters/"+text(c["uuid"])+"/events")["events"])
		if len(ev) != 2 || ev[1]["state"] != "FAIL" || ev[0]["type"] != "CLUSTER_DELETE" {
			t.Errorf("the records are %v", ev)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		w.refused(t, http.StatusNotFound, "", http.MethodGet, "/v1/clusters/demo", nil)
	})
}

// TestServer_journal: every call is counted, and neither the journal nor the log holds
// a secret.
func TestServer_journal(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	w := newWorld(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&logs, nil))
		o.Faults = []core.Fault{{Op: "nodegroups.get", Kind: core.FaultRefuse, Code: pmks.CodeInternal}}
	})
	path := w.create(t, "demo")
	worker := w.worker(t, path)
	w.refused(t, 500, "", http.MethodGet, worker, nil)
	w.get(t, path+"/config")
	calls := w.Calls()
	i := slices.IndexFunc(calls, func(c Call) bool { return c.Op == "nodegroups.get" })
	want := Call{Service: serviceNKS, Op: "nodegroups.get", Cluster: "demo", NodeGroup: "default-worker", Status: 500, Code: "Internal",
		Start: calls[i].Start, End: calls[i].End, Concurrent: 1}
	if calls[i] != want {
		t.Errorf("got %+v, want %+v", calls[i], want)
	}
	if w.Count("clusters.create") != 1 || w.Counts()[opToken] != 2 || w.MaxConcurrent() != 1 {
		t.Errorf("calls: %v", w.Counts())
	}
	for _, secret := range []string{DefaultPassword, w.token} {
		if strings.Contains(logs.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// TestServer_throttle: a service that is asked too often says when to come back, and
// the others answer.
func TestServer_throttle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Unlimited = false })
	wiretest.Must(t, w.Put(core.Seed{Name: "demo"}))
	for range 20 {
		w.get(t, "/v1/clusters/demo")
	}
	if r := w.call(t, http.MethodGet, "/v1/clusters/demo", nil); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != "1" {
		t.Errorf("got %s after %q", r, r.header.Get("Retry-After"))
	}
	w.get(t, "/network/v2.0/vpcs")
	w.clock.Add(time.Second)
	w.get(t, "/v1/clusters/demo")
	for i := range 11 {
		r := w.call(t, http.MethodDelete, "/v1/clusters/demo/nodegroups/none", nil)
		if want := map[bool]int{true: 429, false: 404}[i == 10]; r.status != want {
			t.Errorf("change %d: got %s", i, r)
		}
	}
}

// TestServer_pages reads lists page by page, and makes the markers wrong.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PageSize = 2 })
	var names, groups []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("c%d", i))
		seed := core.Seed{Name: names[i]}
		for j := range 3 {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("g%d", j)}, DesiredNodeSize: 1})
		}
		wiretest.Must(t, w.Put(seed))
	}
	groups = []string{"g0", "g1", "g2"}
	var servers, images []string
	for _, o := range items(newPaged(t, w, 1000, "/compute/v2/"+DefaultTenantID+"/servers/detail", "servers")) {
		servers = append(servers, text(o["name"]))
	}
	for _, i := range DefaultResources("KR1").Images {
		images = append(images, i.Name)
	}
	for _, tt := range []struct {
		name, target, list string
		want               []string
		last               bool // no link says that there are more: the last item is the marker
	}{
		{"clusters", "/v1/clusters", "clusters", names, false},
		{"groups", "/v1/clusters/c0/nodegroups", "nodegroups", groups, false},
		{"servers", "/compute/v2/" + DefaultTenantID + "/servers/detail", "servers", servers, true},
		{"images", "/image/v2/images", "images", images, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wiretest.Pages{
				Get: func(token string) ([]string, string, error) {
					target := tt.target
					if token != "" {
						target += "?limit=2&marker=" + token
					}
					r := w.call(t, http.MethodGet, target, nil)
					if r.status != http.StatusOK {
						return nil, "", errStatus{r.String()}
					}
					var got []string
					list := items(r.body[tt.list])
					for _, o := range list {
						got = append(got, text(o["name"]))
					}
					_, next, _ := strings.Cut(text(r.body["next"]), "marker=")
					if tt.last && len(list) == 2 {
						next = text(list[1]["id"])
					}
					return got, next, nil
				},
				Want: tt.want, Limit: 2,
				Refused: func(err error) bool {
					return strings.HasPrefix(err.Error(), "404") && strings.Contains(err.Error(), "The marker")
				},
			}.Run(t)
		})
	}
	w.Inject(core.Fault{Op: "clusters.list", Kind: core.FaultRepeatPage})
	next := text(w.get(t, "/v1/clusters")["next"])
	if !strings.HasPrefix(next, simURL+"/v1/clusters?limit=2&marker=") {
		t.Errorf("the next page is at %q", next)
	}
	w.Inject(core.Fault{Op: "clusters.list", Kind: core.FaultRepeatPage})
	if again := text(w.get(t, strings.TrimPrefix(next, simURL))["next"]); again != next {
		t.Errorf("the page names %q behind itself", again)
	}
	if got := text(items(w.get(t, "/v1/clusters?sort_key=name&sort_dir=desc")["clusters"])[0]["name"]); got != "c4" {
		t.Errorf("the last comes as %s", got)
	}
}

// newPaged reads a list of another server with the same things in it, whole.
func newPaged(t *testing.T, w *world, size int, target, list string) any {
	t.Helper()
	before := w.pageSize
	w.pageSize = size
	defer func() { w.pageSize = before }()
	return w.get(t, target)[list]
}

// TestServer_network: the networks by their filters.
func TestServer_network(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	nhn, _ := profile.Get("nhn")
	vpc, subnet := nhn.SampleRequest("x").Network.VpcIID.SystemId, nhn.SampleRequest("x").Network.SubnetIIDs[0].SystemId
	for target, want := range map[string]int{
		"/network/v2.0/networks?router:external=True": 1, "/network/v2.0/networks": 3, "/network/v2.0/vpcs?name=vpc-01": 1, "/network/v2.0/vpcs?name=VPC": 0,
		"/network/v2.0/vpcsubnets?vpc_id=" + vpc: 5, "/network/v2.0/vpcsubnets?name=subnet-01": 1, "/network/v2.0/security-groups": 4,
		"/network/v2.0/security-groups?name=sg-02": 1, "/image/v2/images?nhncloud_allow_nks_cpu_flavor=true&visibility=public": 4,
		"/image/v2/images?nhncloud_allow_nks_gpu_flavor=true": 1, "/image/v2/images?nhncloud_product=container&status=active": 4,
		"/volume/v2/" + DefaultTenantID + "/types": 2, "/compute/v2/" + DefaultTenantID + "/os-availability-zone": 2,
		"/compute/v2/" + DefaultTenantID + "/flavors/detail": 6, "/v1/addons": 6, "/v1/addons/?k8s_version=v1.30.3": 4, "/v1/addon_types/": 3,
	} {
		body := w.get(t, target)
		for key, list := range body {
			if items, isList := list.([]any); isList && len(items) != want {
				t.Errorf("%s: %d %s, want %d", target, len(items), key, want)
			}
		}
	}
	o := at(w.get(t, "/network/v2.0/vpcsubnets/"+subnet), "vpcsubnet")
	if at(o, "vpc_id") != vpc || at(o, "cidr") != "10.0.0.0/17" || at(o, "routingtable", "gateway_id") == nil {
		t.Errorf("the subnet is %v", o)
	}
	if o := at(w.get(t, "/network/v2.0/vpcsubnets/"+subnetNamed(IsolatedSubnet)), "vpcsubnet"); at(o, "routingtable", "gateway_id") != nil {
		t.Errorf("the isolated subnet is %v", o)
	}
	if o := at(w.get(t, "/network/v2.0/vpcs/"+vpc), "vpc"); len(items(at(o, "subnets"))) != 5 || len(items(at(o, "routingtables"))) != 2 {
		t.Errorf("the VPC is %v", o)
	}
	if list := items(w.get(t, "/v1/clusters/demo/addons/")["addons"]); len(list) != 2 || list[0]["type"] != "cni" {
		t.Errorf("the add-ons are %v", list)
	}
}

// TestServer_Listen: over TLS, and never on an address that others reach.
func TestServer_Listen(t *testing.T) {
	t.Parallel()
	s := New(Options{Seed: 1})
	l, transport := wiretest.Listen(t, s.Listen, true)
	w := connect(s)
	w.base, w.next = l.URL(), transport
	w.login(t, DefaultUser, DefaultPassword)
	w.get(t, "/v1/clusters")
	if _, err := s.Listen("0.0.0.0:0", false); err == nil {
		t.Error("it listens to the whole network")
	}
}

// TestServer_addresses: they are given out for days.
func TestServer_addresses(t *testing.T) {
	t.Parallel()
	p := New(Options{Seed: 1}).projects[DefaultTenantID]
	seen := map[string]bool{}
	for i := range 2000 {
		seen[p.address(subnetNamed("subnet-01"), fmt.Sprint(i))] = true
	}
	for i := range 1 << 17 {
		p.address("elsewhere", fmt.Sprint(i))
	}
	if len(seen) != 2000 || len(p.addresses) > 1<<16+1 {
		t.Errorf("%d addresses, %d kept", len(seen), len(p.addresses))
	}
}
