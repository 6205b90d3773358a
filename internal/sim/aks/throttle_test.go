// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_throttle_words: the level that counted a call refuses it in its own
// words, whatever service was called.
func TestServer_throttle_words(t *testing.T) {
	t.Parallel()
	cluster := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.clusters.Get(ctx, testGroup, "a", nil))
	}
	sets := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.sets.NewListPager(testGroup, nil).NextPage(ctx))
	}
	machines := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.vms.NewListPager(testGroup, "none", nil).NextPage(ctx))
	}
	for _, test := range []struct {
		name   string
		bucket simkit.Bucket
		call   func(context.Context, *world) error
		code   string
		body   string // without spaces and line ends
	}{
		{"arm", simkit.Bucket{Level: "arm", Ops: []string{classRead}}, cluster, "SubscriptionRequestsThrottled", `{"error":{"code":"SubscriptionRequestsThrottled","message":"`},
		{"arm-compute", simkit.Bucket{Level: "arm", Ops: []string{classRead}}, sets, "SubscriptionRequestsThrottled", `{"error":{"code":"SubscriptionRequestsThrottled","message":"`},
		{"aks", simkit.Bucket{Level: "aks", Service: containerService}, cluster, "Throttled", `{"code":"Throttled","details":null,"message":"`},
		{"compute", simkit.Bucket{Level: "compute", Service: compute}, sets, "OperationNotAllowed", `"details":[{"code":"TooManyRequests","message":"`},
		{"compute-set", simkit.Bucket{Level: "compute-set", Ops: []string{"VirtualMachineScaleSetVMs_List"}, Per: "set"}, machines, "OperationNotAllowed", `"details":[{"code":"TooManyRequests","message":"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.bucket.Burst, test.bucket.Every = 1, time.Minute
			w := newWorld(t, func(o *Options) { o.Buckets = []simkit.Bucket{test.bucket} })
			var e *azcore.ResponseError
			if err := test.call(t.Context(), w); errors.As(err, &e) && e.StatusCode == http.StatusTooManyRequests {
				t.Errorf("call 1: %v", err)
			}
			err := test.call(t.Context(), w)
			if !errors.As(err, &e) || e.StatusCode != http.StatusTooManyRequests || e.ErrorCode != test.code || e.RawResponse.Header.Get("Retry-After") != "60" ||
				!strings.Contains(strings.Join(strings.Fields(err.Error()), ""), strings.ReplaceAll(test.body, " ", "")) {
				t.Errorf("call 2: %v, want %s in %s", err, test.code, test.body)
			}
		})
	}
}
