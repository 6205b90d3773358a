// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/trust/same"
)

// TestTrust_same: the provider on its simulator answers as the fake with the profile of
// GKE does, whose channel has the default of the profile.
func TestTrust_same(t *testing.T) {
	b := bench
	b.OwnDefault = false
	b.Simulate = func(o providertest.Options) *gke.Server {
		channels := gke.DefaultChannels()
		channels[0].Default = bench.Version
		return gke.New(gke.Options{Latency: o.Latency, Scale: o.Scale, Unlimited: o.Unlimited, Channels: channels})
	}
	b.Same(t, 6,
		same.Exception{Where: `^LastOperation: error is "NotFound" on the fake, "none"`, Reason: "GKE keeps the records of a cluster that is gone"},
	)
}
