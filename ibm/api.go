// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/redact"
)

// clients holds the clients of the services. IBM's generated ones are not used: that of
// IKS cannot decode what the service answers, and that of VPC is one file of 7.6 MB of
// which four reads are needed.
type clients struct {
	client            *http.Client
	iks, vpc, manager *core.BaseService

	tokens, clusterTokens *tokens
	limiter, iamLimiter   *fanout.Limiter
}

// IKS returns the SDK's base service for the Kubernetes service as the handler uses it,
// for what pmks does not cover. Requests of it need an Authorization header.
func (h *Handler) IKS() *core.BaseService { return h.api.iks }

func newClients(cfg *Config) (clients, error) {
	if err := cfg.findCredentials(); err != nil {
		return clients{}, err
	}
	base := cfg.Transport
	if base == nil {
		base = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: fanout.Slots, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second}
	}
	where := cfg.urls()
	c := clients{iamLimiter: fanout.NewLimiter(nil), limiter: limiterFor(cfg, where.iks)}
	carry := &carrier{next: endpoint.Guard(base), logger: cfg.Logger, secrets: func() []string {
		list := append([]string{cfg.APIKey}, c.tokens.values()...)
		if c.clusterTokens != nil {
			list = append(list, c.clusterTokens.values()...)
		}
		return list
	}}
	c.client = &http.Client{Transport: carry}
	if cfg.Authenticator != nil {
		keepAtHome(cfg.Authenticator, c.client)
		c.tokens = &tokens{fetch: fromAuthenticator(cfg.Authenticator)}
	} else {
		i := issuer{client: c.client, url: where.iam, apiKey: cfg.APIKey}
		c.tokens, c.clusterTokens = &tokens{fetch: i.access}, &tokens{fetch: i.cluster}
	}
	for _, s := range []struct {
		service **core.BaseService
		url     string
	}{{&c.iks, where.iks}, {&c.vpc, where.vpc}, {&c.manager, where.manager}} {
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

// carrier carries all requests. It logs them without their bodies, and cuts out of a
// refusal what it quotes of the credentials: the SDK's own error is kept, and everybody
// may print that.
type carrier struct {
	next    http.RoundTripper
	logger  *slog.Logger
	secrets func() []string
}

// RoundTrip implements [http.RoundTripper].
func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := c.next.RoundTrip(r)
	if err == nil && resp.StatusCode >= 400 {
		body, readErr := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // what was read of it counts
		text := redact.Text(string(body), c.secrets()...)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(text), failing{readErr}))
		resp.ContentLength = -1
	}
	if c.logger != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		c.logger.DebugContext(r.Context(), "ibm: request", "method", r.Method, "host", r.URL.Host, "path", r.URL.Path,
			"status", status, "failed", err != nil, "took", time.Since(start))
	}
	return resp, err
}

// CloseIdleConnections passes the wish on.
func (c *carrier) CloseIdleConnections() {
	if closer, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// failing is the rest of a body: its end, or that it could not be read.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
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

// shared are the limiters of the process by the service's URL: IKS counts what comes
// from one address, whatever handler sent it.
var shared struct {
	sync.Mutex
	limiters map[string]*fanout.Limiter
}

// limiterFor returns the limiter of a handler. One with a transport of its own may leave
// by another address, and has its own.
func limiterFor(cfg *Config, url string) *fanout.Limiter {
	switch {
	case cfg.RateLimits == ratesNone:
		return fanout.NewLimiter(nil)
	case cfg.Transport != nil:
		return fanout.NewLimiter(published)
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.limiters == nil {
		shared.limiters = map[string]*fanout.Limiter{}
	}
	if shared.limiters[url] == nil {
		shared.limiters[url] = fanout.NewLimiter(published)
	}
	return shared.limiters[url]
}
