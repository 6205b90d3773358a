// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package alibaba

import (
	"context"
	"net/http"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
)

// Clients makes the SDK's clients with the credentials, endpoints and transport of a
// handler, for what pmks does not cover. The SDK's methods take no context: a client is made
// for one, and its calls end with it. They draw from no limiter of the handler, and are
// repeated by nobody.
type Clients struct{ h *Handler }

// Vendor returns what makes the SDK's clients. A program that is built with the tag
// pmks_novendor is without it, and smaller where it looks methods up by their names.
func (h *Handler) Vendor() Clients { return Clients{h} }

// ACK returns the client of Container Service for Kubernetes. Whoever calls it links the
// whole API of ACK.
//
// ErrUnauthenticated: there are no credentials.
func (c Clients) ACK(ctx context.Context) (*cs.Client, error) {
	keys, err := c.h.api.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	client, err := cs.NewClient(sdkConfig(c.h.cfg, c.h.cfg.Endpoint, ""))
	if err != nil {
		return nil, err
	}
	client.HttpClient, client.Credential = c.h.api.carry(ctx), sealed(func() snapshot { return keys })
	return client, nil
}

// VPC returns a generic client of that service, for its CallApi: an action, its version and
// its parameters.
//
// ErrUnauthenticated: there are no credentials.
func (c Clients) VPC(ctx context.Context) (*openapi.Client, error) {
	return c.generic(ctx, c.h.api.vpc)
}

// ECS returns one of that service, as [Clients.VPC] does.
func (c Clients) ECS(ctx context.Context) (*openapi.Client, error) {
	return c.generic(ctx, c.h.api.ecs)
}

// STS returns one of that service, as [Clients.VPC] does.
func (c Clients) STS(ctx context.Context) (*openapi.Client, error) {
	return c.generic(ctx, c.h.api.sts)
}

func (c Clients) generic(ctx context.Context, connect connectRPC) (*openapi.Client, error) {
	keys, err := c.h.api.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	return connect(c.h.api.carry(ctx), sealed(func() snapshot { return keys })), nil
}

// carry sends the requests of a client that a user has.
func (c *clients) carry(ctx context.Context) sender {
	return func(req *http.Request) (*http.Response, error) {
		tidyHeaders(req)
		return c.web.Do(req.WithContext(ctx))
	}
}
