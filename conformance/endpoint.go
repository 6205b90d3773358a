// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

var endpointChecks = []check{
	{"endpoint/modes", endpointModes},
	{"endpoint/networks", endpointNetworks},
	{"endpoint/refused-by-capability", endpointRefused},
	{"endpoint/bad-input-sends-nothing", endpointBadInput},
}

// offices are networks that may reach a cluster.
var offices = []string{"198.51.100.0/24", "203.0.113.7/32"}

// endpointModes makes a cluster in each mode, and looks which address is whose.
func endpointModes(t T, c *Cloud) {
	caps := c.caps(t)
	capable(t, "the access to the Kubernetes API cannot be chosen", len(caps.Access.Modes) > 0)
	for _, mode := range caps.Access.Modes {
		req := c.ClusterRequest("mode-" + string(mode[:3]) + "-" + string(mode[len(mode)-1:]))
		req.Access.Mode = mode
		info := c.upWith(t, req)
		c.reachable(t, info, mode)
		if _, err := c.Handler.ChangeNodeGroupScaling(t.Context(), info.IId, first(t, info), 3, 1, 4); err != nil {
			t.Fatalf("%s: ChangeNodeGroupScaling: %v", mode, err)
		}
		c.groupActive(t, info.IId, first(t, info))
		c.active(t, info.IId)
		c.reachable(t, c.get(t, info.IId), mode)
		if got := listed(t, c, info.IId).Access; got.Mode != mode {
			t.Errorf("ListCluster shows the mode %q, want %q", got.Mode, mode)
		}
		// One at a time: quotas are not what is tested here.
		if err := pmks.Teardown(t.Context(), c.Handler, info.IId, c.Wait...); err != nil {
			t.Fatalf("%s: Teardown: %v", mode, err)
		}
	}
}

func (c *Cloud) reachable(t T, info pmks.ClusterInfo, mode pmks.AccessMode) {
	t.Helper()
	a := info.Access
	if a.Mode != mode {
		t.Errorf("the mode is %q, want %q", a.Mode, mode)
	}
	for _, door := range []struct {
		name, url string
		there     bool
	}{
		{"public", a.PublicEndpoint, mode != pmks.AccessPrivate},
		{"private", a.PrivateEndpoint, mode != pmks.AccessPublic},
	} {
		if (door.url != "") != door.there || door.there && !strings.HasPrefix(door.url, "https://") {
			t.Errorf("%s: the %s endpoint is %q", mode, door.name, door.url)
		}
	}
	if e := info.AccessInfo.Endpoint; e == "" || e != a.PublicEndpoint && e != a.PrivateEndpoint {
		t.Errorf("%s: the kubeconfig's endpoint is %q, which is neither %q nor %q", mode, e, a.PublicEndpoint, a.PrivateEndpoint)
	}
}

// endpointNetworks: the networks that may reach a cluster are shown, and kept.
func endpointNetworks(t T, c *Cloud) {
	caps := c.caps(t)
	capable(t, "the networks that reach the Kubernetes API cannot be limited at creation", honoured(caps.Access.CIDRs))
	req := c.ClusterRequest("offices")
	req.Version = c.offered(t)[0]
	req.Access.CIDRs = slices.Clone(offices)
	info := c.upWith(t, req)
	same := func(what string) {
		t.Helper()
		got := slices.Sorted(slices.Values(c.get(t, info.IId).Access.CIDRs))
		if !slices.Equal(got, slices.Sorted(slices.Values(offices))) {
			t.Errorf("%s: the networks are %v, want %v", what, got, offices)
		}
	}
	same("after the creation")
	if _, err := pmks.Upgrade(t.Context(), c.Handler, info.IId, c.nextVersion(t.Context(), info.IId), c.Wait...); err != nil {
		t.Fatalf("Upgrade: %v", err)
	}
	same("after the upgrade")
	req.Access.CIDRs = offices[:1]
	c.unchanged(t, "Provision with other networks", func() {
		_, err := pmks.Provision(t.Context(), c.Handler, req, c.Wait...)
		wantField(t, "Provision with other networks", err, pmks.CodeAlreadyExists, "Access.CIDRs")
	})
	if open := c.up(t, "open-to-all"); len(open.Access.CIDRs) > 0 {
		t.Errorf("a cluster that asked for no limits shows %v", open.Access.CIDRs)
	}
}

func endpointRefused(t T, c *Cloud) {
	caps := c.caps(t)
	for _, mode := range []pmks.AccessMode{pmks.AccessPublic, pmks.AccessPrivate, pmks.AccessPublicAndPrivate} {
		if slices.Contains(caps.Access.Modes, mode) {
			continue
		}
		req := c.createRequest(t, "closed")
		req.Access.Mode = mode
		c.refusedCreate(t, req, pmks.CodeUnsupported, "Access.Mode")
	}
	if !honoured(caps.Access.CIDRs) {
		req := c.createRequest(t, "closed")
		req.Access.CIDRs = slices.Clone(offices)
		c.refusedCreate(t, req, pmks.CodeUnsupported, "Access.CIDRs")
	}
}

func endpointBadInput(t T, c *Cloud) {
	caps := c.caps(t)
	req := c.createRequest(t, "careless")
	req.Access.Mode = "wide-open"
	c.refusedCreate(t, req, pmks.CodeInvalidArgument, "Access.Mode")
	if !honoured(caps.Access.CIDRs) {
		return
	}
	for _, bad := range []string{"office", "198.51.100.7", "198.51.100.7/24", "198.51.100.0/33", ""} {
		req := c.createRequest(t, "careless")
		req.Access.CIDRs = []string{offices[1], bad}
		c.refusedCreate(t, req, pmks.CodeInvalidArgument, "Access.CIDRs[1]")
	}
}

// refusedCreate expects a create request to be refused with nothing made.
func (c *Cloud) refusedCreate(t T, req pmks.ClusterInfo, code pmks.Code, field string) {
	t.Helper()
	c.unchanged(t, "CreateCluster with "+field, func() {
		_, err := c.Handler.CreateCluster(t.Context(), req)
		wantField(t, "CreateCluster with "+field, err, code, field)
	})
}
