// SPDX-License-Identifier: Apache-2.0

package simtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/simtest"
)

// The tests that the guide docs/testing.md shows.

// TestFleet_inVirtualTime: in a bubble the quarter of an hour that a cluster takes costs
// nothing.
func TestFleet_inVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		account := simtest.Start(t, "aws", simtest.Options{})
		client, err := pmks.Open(t.Context(), "aws", account.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()

		start := time.Now()
		if _, err := pmks.Provision(t.Context(), client, account.ClusterRequest("demo")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 5*time.Minute {
			t.Errorf("a cluster of EKS took %v", took)
		}
	})
}

// TestFleet_lostReply: a creation whose reply is lost is made once.
func TestFleet_lostReply(t *testing.T) {
	t.Parallel()
	account := simtest.Start(t, "nhn", simtest.Options{Speed: 100_000})
	client, err := pmks.Open(t.Context(), "nhn", account.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	account.Inject(simtest.Fault{Method: "CreateCluster", Kind: simtest.LoseReply})
	if _, err := client.CreateCluster(t.Context(), account.ClusterRequest("demo")); err != nil {
		t.Fatal(err)
	}
	create := account.Requests("CreateCluster")
	if n := account.Count(create...); n != 1 {
		t.Errorf("%d requests %q: %+v", n, create, account.Calls())
	}
}
