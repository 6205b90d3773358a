// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func mustProfile(tb testing.TB, name string) *profile.Profile {
	tb.Helper()
	p, ok := profile.Get(name)
	if !ok {
		tb.Fatalf("there is no profile %q", name)
	}
	return p
}

// running makes the sample cluster of the profile, with two node groups at an
// older version than the newest, and waits until it is up.
func running(tb testing.TB, h *Handler, p *profile.Profile) pmks.ClusterInfo {
	tb.Helper()
	req := p.SampleRequest("demo")
	req.NodeGroupList = append(req.NodeGroupList, p.SampleNodeGroup("extra"))
	req.Version = p.Offer[len(p.Offer)-1].Name
	info, err := pmks.Provision(tb.Context(), h, req)
	if err != nil {
		tb.Fatal(err)
	}
	h.ResetCalls()
	return info
}

// group returns the second node group, which every cloud gives up.
func group(tb testing.TB, info pmks.ClusterInfo) pmks.NodeGroupInfo {
	tb.Helper()
	g, ok := info.NodeGroup(pmks.IID{NameId: "extra"})
	if !ok {
		tb.Fatalf("there is no node group %q in %v", "extra", info.NodeGroupList)
	}
	return g
}

func mustGet(tb testing.TB, h *Handler, iid pmks.IID) pmks.ClusterInfo {
	tb.Helper()
	info, err := h.GetCluster(tb.Context(), iid)
	if err != nil {
		tb.Fatal(err)
	}
	return info
}

// settled waits until nothing is under way in the cluster.
func settled(tb testing.TB, h *Handler, iid pmks.IID) pmks.ClusterInfo {
	tb.Helper()
	info, err := pmks.WaitCluster(tb.Context(), h, iid, func(c pmks.ClusterInfo) (bool, error) {
		rest := !c.Status.Transitional()
		for _, g := range c.NodeGroupList {
			rest = rest && !g.Status.Transitional()
		}
		return rest, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return info
}

// asError returns the *pmks.Error in err.
func asError(tb testing.TB, err error) *pmks.Error {
	tb.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		tb.Fatalf("got error %v of type %T, want a *pmks.Error", err, err)
	}
	return e
}

// same compares two values and prints what differs, from the first difference to
// the last.
func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := words(got), words(want)
	for len(g) > 0 && len(w) > 0 && g[0] == w[0] {
		g, w = g[1:], w[1:]
	}
	for len(g) > 0 && len(w) > 0 && g[len(g)-1] == w[len(w)-1] {
		g, w = g[:len(g)-1], w[:len(w)-1]
	}
	tb.Errorf("%s differs:\n got %s\nwant %s", what, strings.Join(g, ""), strings.Join(w, ""))
}

func words(v any) []string {
	return strings.SplitAfter(fmt.Sprintf("%+v", v), " ")
}

// mutations returns the number of requests that changed something, by method.
func mutations(h *Handler) map[string]int {
	counts := map[string]int{}
	for _, c := range h.Calls() {
		if c.Applied {
			counts[c.Op]++
		}
	}
	return counts
}
