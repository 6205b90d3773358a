// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// TestFaultMatrix makes every operation fail at every request in every way.
func TestFaultMatrix(t *testing.T) { bench.Matrix().Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) { bench.Matrix().RunJobs(t) }

// TestFaultMatrix_tokens is the same for the requests for the credentials of a role.
func TestFaultMatrix_tokens(t *testing.T) {
	b := bench
	b.Open = func(ctx context.Context, s *eks.Server, c providertest.Connection) (providertest.Handler, error) {
		cfg := connected(s, c)
		cfg.RoleARN = operatorRole
		return aws.New(ctx, cfg)
	}
	m := b.Matrix()
	m.Token = func(call string) bool { return call == "AssumeRole" }
	m.Exceptions = []providertest.Exception{
		{Call: "AssumeRole", Fault: "cancel-in-hang", Reason: "the SDK asks once for all who wait, whoever leaves; the request ends by its own bound of 30 s"},
	}
	m.Struck, m.Only = m.Token, []string{"CreateCluster", "GetCluster", "GenerateClusterToken"}
	m.Run(t)
}

// TestRates: as many callers as there are of all handlers of an account are served at the
// rate that EC2 publishes for each action, and none is throttled.
func TestRates(t *testing.T) {
	t.Parallel()
	bench.Rates(t, []providertest.Pace{{
		Name: "subnets", Call: providertest.CheckCluster(bench.CreateRequest("new")), PerSecond: 14, Burst: 70,
		Throttled: func(c simkit.Call) bool {
			return c.Status == http.StatusServiceUnavailable || c.Status == http.StatusTooManyRequests
		},
	}})
}

// TestCrowd: many jobs and many readers at once, under the published rates.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("1.35").Run(t)
}
