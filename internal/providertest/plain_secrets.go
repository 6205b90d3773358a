// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust/canary"
)

// Canaries searches everything that a plain cloud shows for the secrets that it hands out,
// tokens and what is in kubeconfigs: errors, logs, events and printed values, while all goes
// well and while the first request of each operation goes wrong. logged returns all that was
// logged so far.
func (p Plain) Canaries(t *testing.T, logged func() string) {
	t.Helper()
	c := &coop{t: t, cage: &canary.Cage{}}
	for _, op := range operations {
		for i, trouble := range append([]Trouble{{}}, p.Troubles...) {
			if UnderRace && i > 2 {
				break
			}
			synctest.Test(t, func(t *testing.T) { p.sing(t, c, op, trouble.Name, logged) })
		}
	}
	if c.cage.Len() == 0 {
		t.Error("there are no secrets")
	}
	c.report()
}

// sing runs an operation, of which the first request goes wrong where there is a trouble.
func (p Plain) sing(t *testing.T, c *coop, op operation, trouble string, logged func() string) {
	s := p.open(t, 0, op)
	if op.start != nothing {
		info, err := s.direct.GetCluster(t.Context(), clusterIID)
		if err != nil {
			t.Fatal(err)
		}
		c.cage.AddKubeconfig(info.AccessInfo.Kubeconfig)
		if token, err := s.direct.GenerateClusterToken(t.Context(), clusterIID); err == nil {
			c.cage.Add("the token of a cluster", token.Value)
		}
	}
	events := &heard{}
	s.h = pmks.New(s.Handler, pmks.WithObserver(events))
	if trouble != "" {
		defer s.Strike(0, trouble)()
	}
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	out := s.do(ctx)
	name := fmt.Sprintf("%s, %s", op.name, trouble)
	if out.err != nil {
		for _, place := range canary.Show("the error of "+name, out.err) {
			c.look("error", place)
		}
	}
	if out.value != nil {
		c.shows("value", "the result of "+name, out.value)
	}
	c.look("log", canary.Place{Name: "the log of " + name, Text: logged()})
	for _, e := range events.all() {
		for _, place := range canary.Show("an event of "+name, e) {
			c.look("event", place)
		}
	}
	if trouble == "" && op.name == "GetCluster" {
		c.shows("value", "the handler", s.h.Unwrap())
		c.shows("value", "the client", s.h)
	}
}

// HostileNames gives every call names and ids that mean harm: the error is a typed one.
func (p Plain) HostileNames(t *testing.T) {
	t.Helper()
	group := slices.IndexFunc(operations, func(op operation) bool { return op.name == "GetNodeGroup" })
	synctest.Test(t, func(t *testing.T) {
		s := p.open(t, 0, operations[group])
		h, ok := s.Handler.(Handler)
		if !ok {
			t.Fatalf("%T lacks methods", s.Handler)
		}
		none := &post{evil: true}
		for _, n := range naming {
			for _, evil := range evilNames {
				var faults []string
				for _, iid := range []pmks.IID{{NameId: evil}, {SystemId: evil}, {NameId: evil, SystemId: evil}} {
					faults = append(faults, none.given(t, h, n.call(iid, s.firstIID()))...)
					faults = append(faults, none.given(t, h, n.call(clusterIID, iid))...)
				}
				noteHostile(t, n.name, "name", fmt.Sprintf("%.40q", evil), faults)
			}
		}
	})
}
