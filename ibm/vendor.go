// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package ibm

import (
	"context"
	"net/http"

	"github.com/IBM/go-sdk-core/v5/core"
)

// Clients are the SDK's base services for what pmks does not cover, as the handler uses
// them: with its URLs, its transport, and its token, which each request gets unless it
// has an Authorization header already. IBM's generated clients take a base service too.
//
// Their requests pass by the rates that the handler keeps to, and are repeated by nobody.
type Clients struct {
	// IKS is the Kubernetes service, with /global in its URL.
	IKS *core.BaseService
	// VPC is the VPC API of the region, with /v1 in its URL. Its requests say version and
	// generation in their query.
	VPC *core.BaseService
	// ResourceManager knows the resource groups.
	ResourceManager *core.BaseService
	// Tagging holds the user tags of the account, which pmks leaves alone.
	Tagging *core.BaseService
}

// Vendor returns the SDK's base services; a program that is built with the tag
// pmks_novendor is without it. They are the caller's own: a change of one of
// them changes nothing of the handler.
func (h *Handler) Vendor() Clients {
	own := func(s *core.BaseService) *core.BaseService {
		s = s.Clone()
		s.DefaultHeaders = s.DefaultHeaders.Clone()
		s.Options.Authenticator = signer(h.api.tokens.Get)
		return s
	}
	return Clients{IKS: own(h.api.iks), VPC: own(h.api.vpc), ResourceManager: own(h.api.manager), Tagging: own(h.api.tagging)}
}

// IKS returns the base service for the Kubernetes service.
//
// Deprecated: use [Handler.Vendor].
func (h *Handler) IKS() *core.BaseService { return h.Vendor().IKS }

// signer puts the token of a handler on requests. It is a function because fmt shows one as
// an address, whatever the verb, where it opens what a pointer leads to for some.
type signer func(context.Context) (bearer, error)

func (signer) AuthenticationType() string { return core.AUTHTYPE_BEARER_TOKEN }

func (signer) Validate() error { return nil }

func (s signer) Authenticate(r *http.Request) error {
	if r.Header.Get("Authorization") != "" {
		return nil
	}
	t, err := s(r.Context())
	if err != nil {
		// The SDK keeps the cause of its own errors only.
		return core.SDKErrorf(unreachable(iam, err), err.Error(), "no-token", core.NewProblemComponent("pmks", ""))
	}
	r.Header.Set("Authorization", "Bearer "+t.value)
	return nil
}
