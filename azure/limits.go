// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"strings"

	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Buckets in which Azure counts requests (Azure Resource Manager: "Understand how
// Azure Resource Manager throttles requests"; AKS: "Quotas, SKUs and regions"). Each
// request is counted by Azure Resource Manager, and by the service behind it.
const (
	armReads   = "arm reads"
	armWrites  = "arm writes"
	armDeletes = "arm deletes"
	// aksList are lists of clusters, aksRest is all that AKS counts together in a
	// subscription and region: machines, agent pools, credentials, versions. It is
	// the tight one, and nothing polls with it.
	aksList = "aks list"
	aksRest = "aks rest"
	// graph is Azure Resource Graph, which counts by user.
	graph = "graph"

	// In front of the name of what has a bucket of its own.
	clusterReads  = "cluster reads "
	clusterWrites = "cluster writes "
	poolWrites    = "pool writes "
)

// rateTable holds how much of each bucket a handler draws: nine tenths of what Azure
// Resource Manager grants a principal, and seven tenths of what the services grant
// all tools of an account together. A bucket of one resource is found by the words
// before its name.
var rateTable = map[string]fanout.Rate{
	aksList:       {PerSecond: 0.7, Burst: 40, Within: armReads},
	aksRest:       {PerSecond: 0.7, Burst: 40, Within: armReads},
	armDeletes:    {PerSecond: 9, Burst: 180},
	armReads:      {PerSecond: 22, Burst: 220},
	armWrites:     {PerSecond: 9, Burst: 180},
	clusterReads:  {PerSecond: 0.7, Burst: 40, Within: armReads},
	clusterWrites: {PerSecond: 1.0 / 60, Burst: 14, Within: armWrites},
	graph:         {PerSecond: 1.8, Burst: 5}, // 15 in any five seconds, of which 14
	poolWrites:    {PerSecond: 1.0 / 60, Burst: 14, Within: armWrites},
}

// rateOf returns the rate of a bucket.
func rateOf(bucket string) fanout.Rate {
	for _, kind := range []string{clusterReads, clusterWrites, poolWrites} {
		if strings.HasPrefix(bucket, kind) {
			return rateTable[kind]
		}
	}
	return rateTable[bucket]
}

// limiterOf is the limiter of all handlers of a subscription and region: AKS counts what
// they do together.
func limiterOf(c Config) *fanout.Limiter {
	if c.RateLimits == limitsNone {
		return fanout.NewLimiter(nil)
	}
	return fanout.Shared(fanout.Account{Provider: Name, Identity: strings.ToLower(c.SubscriptionID), Region: c.Location,
		Endpoint: c.Cloud + " " + c.Endpoint, Rates: c.RateLimits, Transport: c.Transport}, fanout.Scaled(c.RateLimits, rateOf))
}

// of names the bucket of one cluster, or of one agent pool of it.
func of(kind string, r ref, pool string) string {
	return kind + strings.ToLower(r.group+"/"+r.name+"/"+pool)
}
