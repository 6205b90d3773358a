// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// accessList is what a user writes for a call that pmks does not have.
type accessList struct {
	Enable  string         `json:"enable"`
	Action  string         `json:"action,omitempty"`
	Targets []accessTarget `json:"ipacl_targets,omitempty"`
}

type accessTarget struct {
	CIDR string `json:"cidr_address"`
}

// TestVendor: what pmks does not cover is reached with its credentials, a change is seen
// by the next read, and each service answers.
func TestVendor(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		v := h.Vendor()
		path := "clusters/" + demo.IId.SystemId + "/api_ep_ipacl"
		var list accessList
		if err := v.NKS.Do(t.Context(), http.MethodGet, path, nil, &list); err != nil || list.Enable != "false" {
			t.Fatalf("got %+v, %v", list, err)
		}
		in := accessList{Enable: "True", Action: "ALLOW", Targets: []accessTarget{{CIDR: "198.51.100.0/24"}}}
		if err := v.NKS.Do(t.Context(), http.MethodPost, path, in, nil); err != nil {
			t.Fatal(err)
		}
		if got := get(t, h, demo.IId); got.Status != pmks.ClusterUpdating {
			t.Errorf("the cluster is %s", got.Status)
		}
		awaitCluster(t, h, demo.IId)
		if err := v.NKS.Do(t.Context(), http.MethodGet, path, nil, &list); err != nil || list.Enable != "true" || list.Targets[0].CIDR != "198.51.100.0/24" {
			t.Errorf("got %+v, %v", list, err)
		}
		for service, path := range map[*nhn.Service]string{v.Compute: "servers/detail?limit=1", v.Network: "vpcs", v.Image: "images?visibility=public", v.NKS: "/supports"} {
			var out map[string]any
			if err := service.Do(t.Context(), http.MethodGet, path, nil, &out); err != nil || len(out) == 0 {
				t.Errorf("%s: %v, %v", path, out, err)
			}
		}
		client, err := v.NKS.Client(t.Context())
		if err != nil || client.TokenID == "" {
			t.Errorf("the client of gophercloud: %v", err)
		}
		providertest.ShowNone(t, []string{nks.DefaultPassword, client.TokenID}, v)
		providertest.ShowNone(t, []string{nks.DefaultPassword, client.TokenID}, v.NKS)
	})
}

// TestVendor_refused: a path that leads elsewhere is not sent, an error is classified and
// says where it is from, a lost answer to a change leaves the outcome open, and a read is
// repeated.
func TestVendor_refused(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		v := h.Vendor()
		s.Reset()
		for _, path := range []string{"", "https://example.com/v1/clusters", "//example.com/clusters", "clusters/../../v2.0/tokens", "clusters/%2e%2e", "clusters//x", "clusters?a=%zz", "%zz"} {
			if err := v.NKS.Do(t.Context(), http.MethodGet, path, nil, nil); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%q: %v", path, err)
			}
		}
		for _, method := range []string{"", "get", "TRACE", "PO ST"} {
			if err := v.NKS.Do(t.Context(), method, "supports", nil, nil); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%q: %v", method, err)
			}
		}
		if e := asError(t, v.NKS.Do(t.Context(), http.MethodPost, "clusters", make(chan int), nil)); e.Code != pmks.CodeInvalidArgument || e.Field != "in" || e.MayHaveHappened {
			t.Errorf("what cannot be written: %v", e)
		}
		if n := len(s.Calls()); n > 0 {
			t.Errorf("%d requests were sent", n)
		}
		err := v.NKS.Do(t.Context(), http.MethodGet, "clusters/"+demo.IId.SystemId+"/nodegroups/a%2Fb", nil, nil)
		if e := asError(t, err); e.Code != pmks.CodeNotFound || e.Op != "Vendor" || e.Provider != nhn.Name {
			t.Errorf("got %v", err)
		}
		s.Inject(core.Fault{Op: "supports.get", Kind: core.FaultThrottle})
		if err := v.NKS.Do(t.Context(), http.MethodGet, "supports", nil, nil); err != nil || s.Count("supports.get") != 2 {
			t.Errorf("a read: %v after %d requests", err, s.Count("supports.get"))
		}
		s.Inject(core.Fault{Op: "ipacl.set", Kind: core.FaultLoseReply})
		err = v.NKS.Do(t.Context(), http.MethodPost, "clusters/"+demo.IId.SystemId+"/api_ep_ipacl", accessList{Enable: "False"}, nil)
		if e := asError(t, err); e.Code != pmks.CodeUnavailable || !e.MayHaveHappened || s.Count("ipacl.set") != 1 {
			t.Errorf("a lost answer: %v after %d requests", err, s.Count("ipacl.set"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := v.NKS.Do(ctx, http.MethodGet, "supports", nil, nil); pmks.CodeOf(err) != pmks.CodeCanceled {
			t.Errorf("a caller who left: %v", err)
		}
	})
}

// TestVendor_token: a token that is refused is replaced, also under a change.
func TestVendor_token(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.RevokeTokens()
		path := fmt.Sprintf("clusters/%s/api_ep_ipacl", demo.IId.SystemId)
		if err := h.Vendor().NKS.Do(t.Context(), http.MethodPost, path, accessList{Enable: "False"}, nil); err != nil {
			t.Error(err)
		}
	})
}
