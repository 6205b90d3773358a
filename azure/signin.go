// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/redact"
)

const (
	// signInTimeout ends one attempt to get a token.
	signInTimeout = time.Minute
	// renewal is how long before its end a token is replaced, as the SDK does it.
	renewal = 5 * time.Minute
	// grace is how long a token must last to be worth sending.
	grace = 10 * time.Second
)

// signIn gets tokens from a credential of the SDK and keeps them. The SDK's own
// cache holds a lock while it asks Entra, which is deaf to the contexts of those who
// wait for it; here each waits no longer than its own context lives. And what the
// SDK panics on ends the call, not the process.
type signIn struct {
	credential azcore.TokenCredential
	// secrets are those of the configuration, which Entra may quote.
	secrets []string
	// turn is held by the one caller that asks the credential.
	turn chan struct{}

	mu     sync.Mutex
	tokens map[string]azcore.AccessToken // by tenant and scopes
}

func newSignIn(credential azcore.TokenCredential, cfg Config) *signIn {
	return &signIn{credential: credential, secrets: []string{cfg.ClientSecret, cfg.CertificatePassword},
		turn: make(chan struct{}, 1), tokens: map[string]azcore.AccessToken{}}
}

// GetToken implements [azcore.TokenCredential]. Its error is a [*pmks.Error].
func (s *signIn) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	key := o.TenantID + " " + strings.Join(o.Scopes, " ")
	// A challenge asks for a new token in place of the one that is there.
	fresh := o.Claims == ""
	held, good := s.held(key)
	if fresh && good {
		return held, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, fail(ctx.Err())
	}
	// The one before may have got it.
	if held, good = s.held(key); fresh && good {
		return held, nil
	}
	got, err := s.ask(ctx, o)
	if err == nil {
		s.mu.Lock()
		s.tokens[key] = got
		s.mu.Unlock()
		return got, nil
	}
	if fresh && time.Until(held.ExpiresOn) > grace {
		return held, nil // it was to be replaced early, which has time
	}
	return azcore.AccessToken{}, err
}

// held returns the token that is kept, and whether it need not be replaced yet.
func (s *signIn) held(key string) (azcore.AccessToken, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[key]
	early := cmp.Or(t.RefreshOn, t.ExpiresOn.Add(-renewal))
	return t, t.Token != "" && time.Until(early) > 0 && time.Until(t.ExpiresOn) > grace
}

// ask asks the credential, for a minute at most.
func (s *signIn) ask(ctx context.Context, o policy.TokenRequestOptions) (got azcore.AccessToken, err error) {
	defer func() {
		// The library below dereferences what an answer such as null does not have.
		if recover() != nil {
			got, err = azcore.AccessToken{}, noToken()
		}
	}()
	limited, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	got, err = s.credential.GetToken(limited, o)
	switch {
	case err == nil && (got.Token == "" || got.ExpiresOn.IsZero()):
		return azcore.AccessToken{}, noToken()
	case err == nil:
		return got, nil
	case ctx.Err() != nil:
		// Of a context that ended meanwhile the SDK keeps the text alone.
		return azcore.AccessToken{}, fail(ctx.Err())
	case limited.Err() != nil:
		return azcore.AccessToken{}, &pmks.Error{Code: pmks.CodeUnavailable, Message: "Microsoft Entra did not answer within " + signInTimeout.String(), Err: err}
	}
	var e *pmks.Error
	if errors.As(fail(err), &e) {
		c := *e
		c.Message = redact.Text(c.Message, s.secrets...)
		return azcore.AccessToken{}, &c
	}
	return azcore.AccessToken{}, err
}

func noToken() error {
	return &pmks.Error{Code: pmks.CodeUnavailable, Message: "the answer of Microsoft Entra holds no token: it counts as lost"}
}

// gate is the first policy of a request to Azure Resource Manager. A next page may
// be anywhere that an answer says, and the token goes with the request: so nothing
// leaves for another host. And it gets the token, before the SDK's own policy
// waits for it behind a lock.
type gate struct {
	scheme string
	host   string
	token  *signIn
	scope  string
}

// Do implements [policy.Policy].
func (g gate) Do(r *policy.Request) (*http.Response, error) {
	if u := r.Raw().URL; !strings.EqualFold(u.Scheme, g.scheme) || !strings.EqualFold(u.Host, g.host) {
		return nil, &pmks.Error{Code: pmks.CodeUnavailable, Message: "an answer of Azure refers to another host, to which no credential is sent"}
	}
	if err := g.signIn(r.Raw().Context()); err != nil {
		return nil, err
	}
	response, err := r.Next()
	if err == nil && response.StatusCode >= 400 {
		cutSecrets(response, g.token.secrets)
	}
	return response, err
}

// cutSecrets cuts out of a refusal what it quotes of the credentials: the SDK's own
// error is kept, and everybody may print that.
func cutSecrets(response *http.Response, secrets []string) {
	body, err := runtime.Payload(response)
	if err != nil {
		return // whoever reads it meets the same fault
	}
	token := ""
	if response.Request != nil {
		_, token, _ = strings.Cut(response.Request.Header.Get("Authorization"), " ")
	}
	if text := redact.Text(string(body), append(slices.Clone(secrets), token)...); text != string(body) {
		response.Body = io.NopCloser(strings.NewReader(text))
	}
}

// signIn gets the token that requests to Azure Resource Manager carry, or finds that
// it is there.
func (g gate) signIn(ctx context.Context) error {
	_, err := g.token.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{g.scope}, EnableCAE: true})
	return err
}
