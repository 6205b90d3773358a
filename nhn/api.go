// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/token"
)

// The services, by their types in Keystone's catalog.
const (
	serviceNKS     = "container-infra"
	serviceCompute = "compute"
	serviceNetwork = "network"
	serviceImage   = "image"

	keystone = "Keystone"
	cloud    = "NKS" // how messages call the service
)

// titleOf, overrideOf and versionOf are how messages call a service, the setting with
// its URL, and the path that follows the URL of the catalog.
var (
	titleOf    = map[string]string{serviceNKS: cloud, serviceCompute: "Compute", serviceNetwork: "Network", serviceImage: "Image"}
	overrideOf = map[string]string{serviceNKS: "kubernetesEndpoint", serviceCompute: "computeEndpoint", serviceNetwork: "networkEndpoint", serviceImage: "imageEndpoint"}
	versionOf  = map[string]string{serviceNetwork: "v2.0", serviceImage: "v2"}
)

// client makes the requests of a handler.
type client struct {
	cfg      Config // without its password
	sessions token.Cache[*session]
	limiter  *fanout.Limiter
	idle     func()
}

func newClient(cfg Config) *client {
	c := &client{}
	var base http.RoundTripper
	base, c.idle = endpoint.Transport(cfg.Transport)
	// gophercloud would send the token, and the password, wherever a redirect leads.
	secrets := func() []string { return append(c.tokens(), cfg.Password) }
	web := http.Client{Transport: &endpoint.Carrier{Next: base, Provider: Name, Logger: cfg.Logger, Secrets: secrets},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	rates := fanout.Scaled(cfg.RateLimits, published)
	account := fanout.Account{Provider: Name, Identity: cfg.TenantID, Region: cfg.Region, Endpoint: cfg.IdentityEndpoint + " " + cfg.KubernetesEndpoint,
		Rates: cfg.RateLimits, Transport: cfg.Transport}
	c.limiter = fanout.Shared(account, rates)
	// The requests for a token are made while others hold the places of the limiter: they
	// have one of their own.
	account.Provider += "/" + keystone
	logins := fanout.Shared(account, rates)
	c.sessions.Fetch = func(ctx context.Context) (made *session, end time.Time, err error) {
		made, err = fanout.Do(ctx, logins, keystone, func(ctx context.Context) (s *session, err error) {
			s, end, err = newSession(ctx, cfg, web)
			return s, failLogin(err)
		})
		return made, end, err
	}
	return c
}

// tokens are those that answers may quote.
func (c *client) tokens() (list []string) {
	for _, s := range c.sessions.Recent() {
		list = append(list, s.provider.TokenID)
	}
	return list
}

// session returns one that lives. Without it nothing is sent.
func (c *client) session(ctx context.Context) (*session, error) {
	s, err := c.sessions.Get(ctx)
	if err == nil {
		// A region without NKS has nothing that could be asked of the other services.
		_, err = c.service(s, serviceNKS)
	}
	if err != nil {
		return nil, errs.With(err, func(e *pmks.Error) { e.Err = notSentError{e.Err} })
	}
	return s, nil
}

// service is gophercloud's client of a service.
func (c *client) service(s *session, kind string) (*gophercloud.ServiceClient, error) {
	override := ""
	switch kind {
	case serviceNKS:
		override = c.cfg.KubernetesEndpoint
	case serviceCompute:
		override = c.cfg.ComputeEndpoint
	case serviceNetwork:
		override = c.cfg.NetworkEndpoint
	case serviceImage:
		override = c.cfg.ImageEndpoint
	}
	if override == "" {
		var err error
		if override, err = s.endpoint(kind, c.cfg.Region); err != nil {
			return nil, err
		}
	}
	base := strings.TrimRight(override, "/") + "/"
	sc := &gophercloud.ServiceClient{ProviderClient: s.provider, Endpoint: base}
	if v := versionOf[kind]; v != "" && !strings.HasSuffix(base, "/"+v+"/") {
		sc.ResourceBase = base + v + "/"
	}
	if kind == serviceNKS {
		// Without it the calls of node groups answer 406 (NKS API guide).
		sc.Type, sc.Microversion = serviceNKS, "latest"
	}
	return sc, nil
}

// request is one call of a service.
type request struct {
	service, method string
	path            []string
	query           url.Values
	body            any
	ok              []int
}

// do makes a request, and once again with a new token where the service refuses the
// one it had: 401 says that nothing was done.
func (c *client) do(ctx context.Context, r request, out any) error {
	s, err := c.session(ctx)
	if err != nil {
		return err
	}
	err = c.send(ctx, s, r, out)
	if !gophercloud.ResponseCodeIs(err, http.StatusUnauthorized) {
		return fail(r.service, err)
	}
	c.sessions.Drop(func(current *session) bool { return current == s })
	if s, err = c.session(ctx); err != nil {
		return err
	}
	return fail(r.service, c.send(ctx, s, r, out))
}

func (c *client) send(ctx context.Context, s *session, r request, out any) error {
	sc, err := c.service(s, r.service)
	if err != nil {
		return err
	}
	// gophercloud joins paths as they are.
	path := make([]string, len(r.path))
	for i, part := range r.path {
		path[i] = url.PathEscape(part)
	}
	where := sc.ServiceURL(path...)
	if len(r.query) > 0 {
		where += "?" + r.query.Encode()
	}
	opts := &gophercloud.RequestOpts{JSONBody: r.body, JSONResponse: out, OkCodes: r.ok}
	_, err = sc.Request(ctx, r.method, where, opts) //nolint:bodyclose // gophercloud closes it
	return err
}

// NKS returns gophercloud's client of the container service, with a token that lives.
//
// Deprecated: use Client of the NKS that [Handler.Vendor] returns.
func (h *Handler) NKS(ctx context.Context) (*gophercloud.ServiceClient, error) {
	return h.Vendor().NKS.Client(ctx)
}
