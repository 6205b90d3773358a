// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// withAccess is an account with a cluster that was made for a mode, and a node group.
func withAccess(t testing.TB, mode pmks.AccessMode, o tke.Options) (*tke.Server, pmks.ClusterInfo) {
	t.Helper()
	s := tke.New(o)
	h := newHandler(t, s)
	req := plainRequest("demo")
	req.Access.Mode = mode
	made, err := h.CreateCluster(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
		t.Fatal(err)
	}
	if _, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("ng1")); err != nil {
		t.Fatal(err)
	}
	if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil {
		t.Fatal(err)
	}
	return s, made
}

// TestHandler_accessModes: the mode is remembered with the cluster, OpenAccess opens what
// it names whatever the settings say, and reads show which address is whose.
func TestHandler_accessModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []pmks.AccessMode{"", pmks.AccessPublic, pmks.AccessPrivate, pmks.AccessPublicAndPrivate} {
		for _, setting := range []string{"public", "private"} {
			t.Run(string(mode)+"-"+setting, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, made := withAccess(t, mode, tke.Options{})
					h := newHandler(t, s, func(c *tencent.Config) { c.EndpointAccess = setting })
					read := func() pmks.ClusterInfo {
						t.Helper()
						info, err := h.GetCluster(t.Context(), demo)
						if err != nil {
							t.Fatal(err)
						}
						if len(info.TagList) != len(plainRequest("demo").TagList) {
							t.Errorf("the tags are %v", info.TagList)
						}
						return info
					}
					if info := read(); made.Access.Mode != mode || info.Access.PublicEndpoint+info.Access.PrivateEndpoint != "" || info.Access.Mode != mode {
						t.Errorf("made as %+v, and closed read as %+v", made.Access, info.Access)
					}
					for range 2 {
						if err := h.OpenAccess(t.Context(), demo); err != nil {
							t.Fatal(err)
						}
						pass(time.Hour)
					}
					want := mode
					if want == "" {
						want = pmks.AccessMode(setting)
					}
					public, private := want != pmks.AccessPrivate, want != pmks.AccessPublic
					info := read()
					a := info.Access
					if a.Mode != want || (a.PublicEndpoint != "") != public || (a.PrivateEndpoint != "") != private || len(a.CIDRs) != 0 {
						t.Errorf("opened as %+v", a)
					}
					end := a.PublicEndpoint
					if !public || private && setting == "private" {
						end = a.PrivateEndpoint
					}
					if end == "" || info.AccessInfo.Endpoint != end || !strings.Contains(info.AccessInfo.Kubeconfig, end) {
						t.Errorf("the endpoint is %q, of %+v\n%s", info.AccessInfo.Endpoint, a, info.AccessInfo.Kubeconfig)
					}
					opened := 1
					if public && private {
						opened = 2
					}
					if n := s.Count("CreateClusterEndpoint"); n != opened {
						t.Errorf("%d endpoints were made", n)
					}
					if err := h.CloseAccess(t.Context(), demo); err != nil {
						t.Fatal(err)
					}
					pass(time.Hour)
					if info := read(); info.Access.Mode != mode || info.Access.PublicEndpoint+info.Access.PrivateEndpoint != "" || info.AccessInfo.Endpoint != "" {
						t.Errorf("closed as %+v", info.Access)
					}
				})
			})
		}
	}
}

// TestHandler_accessBeside: what somebody else has opened shows, asked for or not.
func TestHandler_accessBeside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := withAccess(t, pmks.AccessPrivate, tke.Options{})
		h := newHandlerOn(t, rewritten(s, "DescribeClusterEndpoints", func(_ int, a map[string]any, _ string) {
			a["ClusterExternalEndpoint"] = "203.0.113.9"
		}))
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.Access.Mode != pmks.AccessPublicAndPrivate || info.Access.PublicEndpoint != "https://203.0.113.9" || info.AccessInfo.Endpoint != "" {
			t.Errorf("%+v, endpoint %q, %v", info.Access, info.AccessInfo.Endpoint, err)
		}
		s.Deny("tke:DescribeClusterEndpoints")
		if info, err = newHandler(t, s).GetCluster(t.Context(), demo); err != nil || info.Access.Mode != pmks.AccessPrivate || len(pmks.Unread(info.KeyValueList)) == 0 {
			t.Errorf("endpoints that may not be read: %+v, %v", info.Access, err)
		}
	})
}

// TestHandler_accessHalf: the second endpoint fails, or has to wait for the first.
func TestHandler_accessHalf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := withAccess(t, pmks.AccessPublicAndPrivate, tke.Options{})
		refuse := true
		h := newHandlerOn(t, hooked(s, "CreateClusterEndpoint", func(n int, r *http.Request) *http.Response {
			if n == 2 && refuse {
				return refusalOf(r, 200, "LimitExceeded", "the quota of load balancers is used up")
			}
			return nil
		}))
		err := h.OpenAccess(t.Context(), demo)
		if pmks.CodeOf(err) != pmks.CodeQuotaExceeded || !strings.Contains(err.Error(), "the public endpoint is opened") {
			t.Errorf("%v", err)
		}
		if err := h.OpenAccess(t.Context(), demo); err != nil {
			t.Errorf("again: %v", err)
		}
		pass(time.Hour)
		if info, err := h.GetCluster(t.Context(), demo); err != nil || info.Access.PublicEndpoint == "" || info.Access.PrivateEndpoint == "" {
			t.Errorf("%+v, %v", info.Access, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, _ := withAccess(t, pmks.AccessPublicAndPrivate, tke.Options{})
		h := newHandlerOn(t, hooked(s, "CreateClusterEndpoint", func(n int, r *http.Request) *http.Response {
			if n == 2 {
				return refusalOf(r, 200, "OperationDenied", "same type task in execution")
			}
			return nil
		}))
		start := time.Now()
		if err := h.OpenAccess(t.Context(), demo); err != nil || time.Since(start) < 40*time.Second {
			t.Errorf("one after the other: %v, %s", err, time.Since(start))
		}
		pass(time.Hour)
		if info, err := h.GetCluster(t.Context(), demo); err != nil || info.Access.PublicEndpoint == "" || info.Access.PrivateEndpoint == "" {
			t.Errorf("%+v, %v", info.Access, err)
		}
	})
}

// TestHandler_accessRefused: networks cannot be named, and the way out is said; nothing
// is sent.
func TestHandler_accessRefused(t *testing.T) {
	t.Parallel()
	s := tke.New(tke.Options{})
	h := newHandler(t, s)
	for name, test := range map[string]struct {
		access pmks.Access
		code   pmks.Code
		says   string
	}{
		"cidrs": {pmks.Access{CIDRs: []string{"198.51.100.0/24"}}, pmks.CodeUnsupported, "security group"},
		"mode":  {pmks.Access{Mode: "open"}, pmks.CodeInvalidArgument, "Access.Mode"},
	} {
		req := plainRequest("demo")
		req.Access = test.access
		if _, err := h.CreateCluster(t.Context(), req); pmks.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || len(s.Calls()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProvision_access: the job ends with what the request asks for.
func TestProvision_access(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		req := bench.SampleRequest("demo")
		req.Access.Mode = pmks.AccessPublicAndPrivate
		for range 2 {
			info, err := pmks.Provision(t.Context(), newHandler(t, s), req)
			if err != nil || info.Access.Mode != req.Access.Mode || info.AccessInfo.Endpoint == "" {
				t.Fatalf("%+v, %v", info.Access, err)
			}
			pass(time.Hour)
		}
		s.Inject(core.Fault{Op: "CreateClusterEndpoint", Kind: core.FaultThrottle})
		if n := s.Count("CreateClusterEndpoint"); n != 2 {
			t.Errorf("%d endpoints", n)
		}
	})
}
