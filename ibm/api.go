// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"net/http"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/token"
)

// clients holds the clients of the services. IBM's generated ones are not used: that of
// IKS cannot decode what the service answers, and that of VPC is one file of 7.6 MB of
// which four reads are needed.
type clients struct {
	client                     *http.Client
	idle                       func()
	iks, vpc, manager, tagging *core.BaseService

	tokens, clusterTokens *token.Cache[bearer]
	limiter, iamLimiter   *fanout.Limiter
}

func newClients(cfg *Config) (clients, error) {
	if err := cfg.findCredentials(); err != nil {
		return clients{}, err
	}
	base, idle := endpoint.Transport(cfg.Transport)
	where := cfg.urls()
	c := clients{idle: idle, iamLimiter: fanout.NewLimiter(nil), limiter: limiterFor(cfg, where.iks), tokens: &token.Cache[bearer]{}, clusterTokens: &token.Cache[bearer]{}}
	tokens, clusterTokens, key := c.tokens, c.clusterTokens, cfg.APIKey
	c.client = &http.Client{Transport: &endpoint.Carrier{Next: base, Provider: Name, Logger: cfg.Logger, Secrets: func() []string {
		list := []string{key}
		for _, b := range append(tokens.Recent(), clusterTokens.Recent()...) {
			list = append(list, b.value, b.refresh)
		}
		return list
	}}}
	if cfg.Authenticator != nil {
		keepAtHome(cfg.Authenticator, c.client)
		c.tokens.Fetch = expiring(fromAuthenticator(cfg.Authenticator))
		c.clusterTokens.Fetch = expiring(func(context.Context) (bearer, error) {
			return bearer{}, &pmks.Error{Code: pmks.CodeUnsupported, Message: iam + " issues tokens for clusters to API keys only: give one, or use a client certificate"}
		})
	} else {
		i := issuer{client: c.client, url: where.iam, apiKey: key}
		c.tokens.Fetch, c.clusterTokens.Fetch = expiring(i.access), expiring(i.cluster)
	}
	for _, s := range []struct {
		service **core.BaseService
		url     string
	}{{&c.iks, where.iks}, {&c.vpc, where.vpc}, {&c.manager, where.manager}, {&c.tagging, where.tagging}} {
		made, err := core.NewBaseService(&core.ServiceOptions{URL: s.url, Authenticator: &core.NoAuthAuthenticator{}})
		if err != nil {
			return clients{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "Endpoint", Message: "the SDK does not take it", Err: err}
		}
		made.SetHTTPClient(c.client)
		made.SetUserAgent("pmks")
		*s.service = made
	}
	return c, nil
}

// Buckets of requests. Only IKS publishes a rate.
const (
	bucketIKS     = "iks"
	bucketIAM     = "iam"
	bucketVPC     = "vpc"
	bucketManager = "resource manager"
	bucketCluster = "cluster"
)

// published keeps to 180 of the 200 requests in 10 seconds that IKS takes of a source
// address (Service limitations, read in November 2026): the rest is for a person's
// command line.
func published(bucket string) fanout.Rate {
	if bucket == bucketIKS {
		return fanout.Rate{PerSecond: 12, Burst: 60}
	}
	return fanout.Rate{}
}

// limiterFor returns the limiter of a handler. IKS counts what comes from one address,
// whatever identity sent it, so that all handlers that leave the same way share one.
func limiterFor(cfg *Config, url string) *fanout.Limiter {
	return fanout.Shared(fanout.Account{Provider: Name, Endpoint: url, Rates: cfg.RateLimits, Transport: cfg.Transport},
		fanout.Scaled(cfg.RateLimits, published))
}
