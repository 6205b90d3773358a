// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	// early is how long before its end a token is replaced.
	early = 10 * time.Minute
	// fetchTimeout bounds the getting of a token, whoever waits for it.
	fetchTimeout = 30 * time.Second
	// fetchPause is how long a token that still lives is used before another try to
	// replace it.
	fetchPause = 10 * time.Second
)

// token is a bearer token with its end.
type token struct {
	value, refresh string
	expiry         time.Time
}

// tokens keeps a token that all requests share. The SDK's authenticator for API keys
// holds a lock of the whole process while it asks IAM, deaf to the contexts of those
// who wait; here one goroutine asks, and each caller waits no longer than its own
// context lives. While a new token cannot be got the old one is used to its end.
type tokens struct {
	fetch func(context.Context) (token, error)

	mu      sync.Mutex
	current token
	// stale is from when on current should be replaced, and again when that may be
	// tried the next time.
	stale, again time.Time
	running      *fetching
}

// fetching is one request for a token, for all who wait for it.
type fetching struct {
	done    chan struct{}
	token   token
	err     error
	waiting int
	cancel  context.CancelFunc
}

// get returns a token that lives.
func (t *tokens) get(ctx context.Context) (token, error) {
	if err := ctx.Err(); err != nil {
		return token{}, err
	}
	t.mu.Lock()
	if now := time.Now(); now.Before(t.current.expiry) && (now.Before(t.stale) || now.Before(t.again)) {
		defer t.mu.Unlock()
		return t.current, nil
	}
	f := t.running
	if f == nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		f = &fetching{done: make(chan struct{}), cancel: cancel}
		t.running = f
		go t.run(bounded, f)
	}
	f.waiting++
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.token, f.err
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.waiting--; f.waiting == 0 {
			// Nobody wants it any more.
			f.cancel()
			if t.running == f {
				t.running = nil
			}
		}
		return token{}, ctx.Err()
	}
}

// run gets a token.
func (t *tokens) run(ctx context.Context, f *fetching) {
	defer close(f.done)
	defer f.cancel()
	var got token
	err := fanout.Guarded(func() (err error) {
		got, err = t.fetch(ctx)
		return err
	})
	if err == nil && (got.value == "" || !got.expiry.After(time.Now())) {
		// A token that does not say when it ends would be got anew for each request.
		err = errs.LostAnswer(iam, "token that says when it ends")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		t.current = got
		t.stale = got.expiry.Add(-min(early, got.expiry.Sub(now)/2))
	case now.Before(t.current.expiry):
		got, err = t.current, nil
	}
	t.again = now.Add(fetchPause)
	f.token, f.err = got, err
	if t.running == f {
		t.running = nil
	}
}

// drop forgets a token that a service has refused. One that came meanwhile stays.
func (t *tokens) drop(refused string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value == refused {
		t.current = token{}
	}
}

// values are what requests may have carried.
func (t *tokens) values() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return []string{t.current.value, t.current.refresh}
}

// iam is how messages call the service that issues tokens.
const iam = "IBM Cloud IAM"

// Clients that IAM knows: that of the command line, which is given refresh tokens, and
// that of Kubernetes.
const (
	clientCLI        = "bx"
	clientKubernetes = "kube"
)

// granted is what IAM answers.
type granted struct {
	Access     string `json:"access_token"`
	Refresh    string `json:"refresh_token"`
	Delegated  string `json:"delegated_refresh_token"`
	ID         string `json:"id_token"`
	Expiration int64  `json:"expiration"` // seconds since 1970
}

// issuer asks IAM for tokens.
type issuer struct {
	client *http.Client
	url    string
	apiKey string
}

// access gets the token for IBM's services, by the API key.
func (i issuer) access(ctx context.Context) (token, error) {
	g, err := i.post(ctx, clientCLI, url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {i.apiKey}, "response_type": {"cloud_iam"}})
	if err != nil || g.Expiration == 0 {
		return token{}, cmp.Or(err, errs.LostAnswer(iam, "token that says when it ends"))
	}
	return token{value: g.Access, refresh: g.Refresh, expiry: time.Unix(g.Expiration, 0)}, nil
}

// cluster gets the token that clusters take, in the three steps that IBM documents
// (Accessing clusters: using the API, read in November 2026).
func (i issuer) cluster(ctx context.Context) (token, error) {
	first, err := i.access(ctx)
	if err != nil {
		return token{}, err
	}
	delegated, err := i.post(ctx, clientCLI, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh},
		"response_type": {"delegated_refresh_token"}, "delegated_refresh_token_expiry": {"600"}, "receiver_client_ids": {clientKubernetes}})
	if err != nil || delegated.Delegated == "" {
		return token{}, cmp.Or(err, errs.LostAnswer(iam, "delegated token"))
	}
	g, err := i.post(ctx, clientKubernetes, url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:delegated-refresh-token"}, "refresh_token": {delegated.Delegated}})
	if err != nil {
		return token{}, err
	}
	expiry := time.Unix(int64(claims(g.ID).Expiry), 0)
	if g.ID == "" || claims(g.ID).Expiry == 0 {
		return token{}, errs.LostAnswer(iam, "token for clusters that says when it ends")
	}
	return token{value: g.ID, expiry: expiry}, nil
}

// post makes one request. A client's secret is its name.
func (i issuer) post(ctx context.Context, client string, form url.Values) (g granted, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/identity/token", strings.NewReader(form.Encode()))
	if err != nil {
		return g, err
	}
	req.SetBasicAuth(client, client)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := i.client.Do(req)
	if err != nil {
		return g, unreachable(iam, err)
	}
	body, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return g, unreachable(iam, err)
	case resp.StatusCode != http.StatusOK:
		return g, refusedBy(iam, resp.StatusCode, resp.Header, body)
	}
	if err := json.Unmarshal(body, &g); err != nil {
		return g, unreadable(iam, resp.StatusCode, resp.Header, body, err)
	}
	if g.Access == "" && g.Delegated == "" && g.ID == "" {
		return g, errs.LostAnswer(iam, "token")
	}
	return g, nil
}

// claimed is what pmks reads of a token. It is not verified: IBM's services do that.
type claimed struct {
	Expiry  float64 `json:"exp"`
	Account struct {
		ID string `json:"bss"`
	} `json:"account"`
}

// claims reads a JSON Web Token; zero for what is none.
func claims(text string) (c claimed) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return c
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return claimed{}
	}
	return c
}

// account is the id of the account that the token belongs to; empty where the token
// does not tell.
func (h *Handler) account(ctx context.Context) (string, error) {
	if err := h.signIn(ctx); err != nil {
		return "", err
	}
	t, err := h.api.tokens.get(ctx)
	return claims(t.value).Account.ID, err
}

// signIn gets the token that requests carry, or finds that it is there. Mutations do
// so first: while IAM does not answer nothing is sent, and nothing can have happened.
func (h *Handler) signIn(ctx context.Context) error {
	_, err := fanout.Read(ctx, h.api.iamLimiter, bucketIAM, func(ctx context.Context) (token, error) {
		return h.api.tokens.get(ctx)
	})
	return err
}

// clusterToken is a bearer token for the API of every cluster that the identity may
// see.
func (h *Handler) clusterToken(ctx context.Context) (token, error) {
	if h.api.clusterTokens == nil {
		return token{}, &pmks.Error{Code: pmks.CodeUnsupported, Message: "IBM Cloud IAM issues tokens for clusters to API keys only: give one, or use a client certificate"}
	}
	return fanout.Read(ctx, h.api.iamLimiter, bucketIAM, func(ctx context.Context) (token, error) {
		t, err := h.api.clusterTokens.get(ctx)
		if errors.Is(err, pmks.ErrUnauthenticated) {
			err = errs.With(err, func(e *pmks.Error) { e.Message = "there is no token for clusters: " + e.Message })
		}
		return t, err
	})
}
