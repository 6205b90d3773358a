// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"

	"github.com/pmks-go/pmks"
)

var errorChecks = []check{
	{"errors/typed-and-placed", errorsTyped},
}

// errorsTyped: every error is, or holds, a *pmks.Error that says where it happened
// and has a text.
func errorsTyped(t T, c *Cloud) {
	info := c.up(t, "typed")
	provider := c.caps(t).Provider
	see := func(op string, err error) {
		t.Helper()
		var e *pmks.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %T is no *pmks.Error: %v", op, err, err)
			return
		}
		if e.Provider != provider {
			t.Errorf("%s: Provider is %q, want %q: %v", op, e.Provider, provider, err)
		}
		if e.Op != op {
			t.Errorf("%s: Op is %q: %v", op, e.Op, err)
		}
		if e.Message == "" && e.Err == nil {
			t.Errorf("%s: the error says nothing: %v", op, err)
		}
	}
	unknown := pmks.IID{NameId: "unknown"}
	for _, m := range calls {
		err := m.do(t.Context(), c, unknown, first(t, info))
		see(m.op, err)
		var e *pmks.Error
		if errors.As(err, &e) && e.Cluster.NameId != "unknown" {
			t.Errorf("%s: Cluster is %q: %v", m.op, e.Cluster, err)
		}
		if m.onGroup {
			err := m.do(t.Context(), c, info.IId, unknown)
			see(m.op, err)
			if errors.As(err, &e) && e.NodeGroup.NameId != "unknown" {
				t.Errorf("%s: NodeGroup is %q: %v", m.op, e.NodeGroup, err)
			}
		}
	}
	req := c.createRequest(t, "typed")
	_, err := c.Handler.CreateCluster(t.Context(), req)
	see("CreateCluster", err)
	req.IId.NameId = ""
	_, err = c.Handler.CreateCluster(t.Context(), req)
	see("CreateCluster", err)
}
