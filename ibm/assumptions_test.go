// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestAssumptions takes a cluster through its life with either answer to each question
// that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a iks.Assumptions) {
		cfg := configFor(iks.New(iks.Options{Assumptions: a}))
		cfg.ForceUpdate = a.UnforcedUpdateRefused
		h := newHandlerWith(t, cfg)
		req, group := bench.SampleRequest("life"), bench.SampleNodeGroup("extra")
		req.Version = "1.34"
		providertest.Life{Handler: h, Request: req, Group: group, Scaled: [3]int{3, 1, 5}}.Run(t)
	}, nil)
}

// TestUpgrade_force: a warning of IBM's ends the upgrade with its words and the way on.
func TestUpgrade_force(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{UnforcedUpdateRefused: true}})
		put(t, s, seed("plain", "ng1"))
		_, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "forceUpdate") {
			t.Errorf("got %v", err)
		}
	})
}
