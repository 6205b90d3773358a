// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tokens"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	// early is how long before its end a token is replaced.
	early = 10 * time.Minute
	// loginTimeout bounds the request for a token, whoever waits for it.
	loginTimeout = 30 * time.Second
	// loginPause is how long a token that still lives is used before another try to
	// replace it.
	loginPause = 10 * time.Second
)

// session is one token with the catalog that came with it. It does not change.
type session struct {
	provider *gophercloud.ProviderClient
	expires  time.Time
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

// sessions keeps the one session that all requests share. Whoever waits for a new one
// waits for the same request, which has a context of its own: the end of one caller's
// ends nobody else's.
type sessions struct {
	login func(context.Context) (*session, error)

	mu      sync.Mutex
	current *session
	again   time.Time // when replacing a session that lives may be tried the next time
	running *login
	seen    []string // tokens that answers may quote
}

// login is one request for a session, for all who wait for it.
type login struct {
	done    chan struct{}
	session *session
	err     error
	waiting int
	cancel  context.CancelFunc
}

// get returns a session that lives.
func (s *sessions) get(ctx context.Context) (*session, error) {
	if err := errs.Over(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if now := time.Now(); s.current != nil && (now.Before(s.current.expires.Add(-early)) || now.Before(s.again) && now.Before(s.current.expires)) {
		defer s.mu.Unlock()
		return s.current, nil
	}
	l := s.running
	if l == nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginTimeout)
		l = &login{done: make(chan struct{}), cancel: cancel}
		s.running = l
		go s.run(bounded, l)
	}
	l.waiting++
	s.mu.Unlock()
	select {
	case <-l.done:
		return l.session, l.err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if l.waiting--; l.waiting == 0 {
			// Nobody wants it any more.
			l.cancel()
			if s.running == l {
				s.running = nil
			}
		}
		return nil, errs.Over(ctx)
	}
}

// run gets a session. One that still lives is used on where there is no new one.
func (s *sessions) run(ctx context.Context, l *login) {
	defer close(l.done)
	defer l.cancel()
	var made *session
	err := fanout.Guarded(func() (err error) {
		made, err = s.login(ctx)
		return err
	})
	if err != nil {
		err = errs.With(errs.Ended(context.WithoutCancel(ctx), err), func(e *pmks.Error) { e.Err = notSentError{e.Err} })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		s.current = made
		s.seen = append(s.seen[max(0, len(s.seen)-3):], made.provider.TokenID)
	case s.current != nil && now.Before(s.current.expires):
		made, err = s.current, nil
	}
	s.again = now.Add(loginPause)
	l.session, l.err = made, err
	if s.running == l {
		s.running = nil
	}
}

// drop forgets a session that a service has refused, unless another one is in its
// place already.
func (s *sessions) drop(refused *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == refused {
		s.current = nil
	}
}

// tokens are those that requests may have carried of late.
func (s *sessions) tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
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
func newSession(ctx context.Context, cfg Config, web http.Client) (*session, error) {
	provider, err := openstack.NewClient(cfg.IdentityEndpoint)
	if err != nil {
		return nil, err
	}
	provider.HTTPClient = web
	provider.UserAgent.Prepend("pmks")
	err = openstack.AuthenticateV2(ctx, provider, tokens.AuthOptions{Username: cfg.Username, Password: cfg.Password, TenantID: cfg.TenantID}, gophercloud.EndpointOpts{})
	if err != nil {
		return nil, err
	}
	var out accessObject
	result, ok := provider.GetAuthResult().(tokens.CreateResult)
	if !ok || result.ExtractInto(&out) != nil {
		return nil, errs.LostAnswer(keystone, "token")
	}
	in := out.Access
	expires := stamp(in.Token.Expires)
	switch {
	case in.Token.ID == "" || expires.IsZero():
		return nil, errs.LostAnswer(keystone, "token")
	case len(in.Catalog) == 0:
		return nil, errs.LostAnswer(keystone, "catalog")
	case in.Token.Tenant.ID != "" && in.Token.Tenant.ID != cfg.TenantID:
		return nil, &pmks.Error{Code: pmks.CodeUnauthenticated, Message: "Keystone's token is for another tenant than was asked for"}
	}
	return &session{provider: provider, expires: expires, userID: in.User.ID, services: in.Catalog}, nil
}
