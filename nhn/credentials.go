// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tokens"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// session is one token with the catalog that came with it. It does not change.
type session struct {
	provider *gophercloud.ProviderClient
	userID   string
	services []catalogService
}

// catalogService is a service of Keystone's catalog.
type catalogService struct {
	Type      string `json:"type"`
	Endpoints []struct {
		Region    string `json:"region"`
		PublicURL string `json:"publicURL"`
	} `json:"endpoints"`
}

// endpoint is the URL of a service in a region. A region without the service says so;
// a URL that would carry the token unprotected is not used.
func (s *session) endpoint(kind, region string) (string, error) {
	var regions []string
	for _, service := range s.services {
		if service.Type != kind {
			continue
		}
		for _, e := range service.Endpoints {
			if !strings.EqualFold(e.Region, region) {
				regions = append(regions, strings.ToUpper(e.Region))
				continue
			}
			if err := endpoint.Check("Endpoint", e.PublicURL, false); err != nil || e.PublicURL == "" {
				return "", &pmks.Error{Code: pmks.CodeFailedPrecondition,
					Message: fmt.Sprintf("the URL of %s in Keystone's catalog is not https: nothing was sent there; give the setting %s", kind, overrideOf[kind])}
			}
			return e.PublicURL, nil
		}
	}
	slices.Sort(regions)
	where := "no region has it"
	if len(regions) > 0 {
		where = "it is in " + strings.Join(slices.Compact(regions), ", ")
	}
	return "", &pmks.Error{Code: pmks.CodeUnsupported, Field: "Region",
		Message: fmt.Sprintf("the region %s has no %s for this tenant; %s", region, titleOf[kind], where)}
}

// accessObject is what matters in Keystone's answer.
type accessObject struct {
	Access struct {
		Token struct {
			ID      string `json:"id"`
			Expires string `json:"expires"`
			Tenant  struct {
				ID string `json:"id"`
			} `json:"tenant"`
		} `json:"token"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Catalog []catalogService `json:"serviceCatalog"`
	} `json:"access"`
}

// newSession asks Keystone for a token. gophercloud takes an answer without one for
// success, so what it must hold is checked here.
func newSession(ctx context.Context, cfg Config, web http.Client) (_ *session, expires time.Time, err error) {
	provider, err := openstack.NewClient(cfg.IdentityEndpoint)
	if err != nil {
		return nil, expires, err
	}
	provider.HTTPClient = web
	provider.UserAgent.Prepend("pmks")
	err = openstack.AuthenticateV2(ctx, provider, tokens.AuthOptions{Username: cfg.Username, Password: cfg.Password, TenantID: cfg.TenantID}, gophercloud.EndpointOpts{})
	if err != nil {
		return nil, expires, err
	}
	var out accessObject
	result, ok := provider.GetAuthResult().(tokens.CreateResult)
	if !ok || result.ExtractInto(&out) != nil {
		return nil, expires, errs.LostAnswer(keystone, "token")
	}
	in := out.Access
	expires = stamp(in.Token.Expires)
	switch {
	case in.Token.ID == "" || expires.IsZero():
		return nil, expires, errs.LostAnswer(keystone, "token")
	case len(in.Catalog) == 0:
		return nil, expires, errs.LostAnswer(keystone, "catalog")
	case in.Token.Tenant.ID != "" && in.Token.Tenant.ID != cfg.TenantID:
		return nil, expires, &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "Keystone's token is for another tenant than was asked for"}
	}
	return &session{provider: provider, userID: in.User.ID, services: in.Catalog}, expires, nil
}
