// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestAccess: a mode in the request overrules the setting, is read back with the address
// of each endpoint, and stays.
func TestAccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		setting bool
		mode    pmks.AccessMode
		want    pmks.AccessMode
	}{
		{"default", false, "", pmks.AccessPublicAndPrivate},
		{"setting", true, "", pmks.AccessPrivate},
		{"private", false, pmks.AccessPrivate, pmks.AccessPrivate},
		{"public-for-all-that", true, pmks.AccessPublicAndPrivate, pmks.AccessPublicAndPrivate},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{})
				cfg := configFor(s)
				cfg.PrivateOnly = test.setting
				h := newHandlerWith(t, cfg)
				req := bench.SampleRequest("a")
				req.Access.Mode = test.mode
				info, err := h.CreateCluster(t.Context(), req)
				if err != nil || info.Access.Mode != test.want {
					t.Fatalf("created: %+v, %v", info.Access, err)
				}
				see := func() {
					t.Helper()
					info, err := h.GetCluster(t.Context(), info.IId)
					a := info.Access
					if err != nil || a.Mode != test.want || (a.PublicEndpoint != "") != (test.want != pmks.AccessPrivate) || !strings.Contains(a.PrivateEndpoint, ".private.") {
						t.Errorf("read: %+v, %v", a, err)
					}
					want := a.PublicEndpoint
					if test.want == pmks.AccessPrivate {
						want = a.PrivateEndpoint
					}
					if e := info.AccessInfo.Endpoint; e == "" || e != want {
						t.Errorf("the endpoint is %s of %+v", e, a)
					}
				}
				time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
				see()
				if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, pmks.IID{NameId: "ng1"}, 3, 1, 5); err != nil {
					t.Fatal(err)
				}
				if _, err := h.UpgradeCluster(t.Context(), info.IId, "1.35"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
				see()
			})
		})
	}
}

// TestAccess_refused: what IKS has not is refused before anything is sent, with the way
// out.
func TestAccess_refused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		h := newHandler(t, s)
		for _, test := range []struct {
			spoil func(*pmks.ClusterInfo)
			field string
			says  string
		}{
			{func(r *pmks.ClusterInfo) { r.Access.Mode = pmks.AccessPublic }, "Access.Mode", "public-and-private"},
			{func(r *pmks.ClusterInfo) { r.Access.CIDRs = []string{"198.51.100.0/24"} }, "Access.CIDRs", "context-based restrictions"},
			{func(r *pmks.ClusterInfo) { r.NodeGroupList[0].Spot = true }, "NodeGroupList[0].Spot", "cannot honour"},
		} {
			req := bench.SampleRequest("a")
			test.spoil(&req)
			_, err := h.CreateCluster(t.Context(), req)
			if e := asError(t, err); e.Code != pmks.CodeUnsupported || e.Field != test.field || !strings.Contains(e.Message, test.says) || len(s.Calls()) > 0 {
				t.Errorf("got %v (%s) after %d requests", err, e.Field, len(s.Calls()))
			}
		}
	})
}
