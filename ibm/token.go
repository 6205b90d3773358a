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
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/redact"
)

// bearer is a token that requests carry, with what a new one of another kind is got by.
type bearer struct {
	value, refresh string
	expiry         time.Time
}

// expiring is fetch for a cache: a token that does not say when it ends would be got anew
// for each request.
func expiring(fetch func(context.Context) (bearer, error)) func(context.Context) (bearer, time.Time, error) {
	return func(ctx context.Context) (bearer, time.Time, error) {
		b, err := fetch(ctx)
		if err == nil && (b.value == "" || !b.expiry.After(time.Now())) {
			err = errs.LostAnswer(iam, "token that says when it ends")
		}
		return b, b.expiry, err
	}
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
func (i issuer) access(ctx context.Context) (bearer, error) {
	g, err := i.post(ctx, clientCLI, url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:apikey"}, "apikey": {i.apiKey}, "response_type": {"cloud_iam"}})
	if err != nil || g.Expiration == 0 {
		return bearer{}, cmp.Or(err, errs.LostAnswer(iam, "token that says when it ends"))
	}
	return bearer{value: g.Access, refresh: g.Refresh, expiry: time.Unix(g.Expiration, 0)}, nil
}

// cluster gets the token that clusters take, in the three steps that IBM documents
// (Accessing clusters: using the API, read in November 2026).
func (i issuer) cluster(ctx context.Context) (bearer, error) {
	first, err := i.access(ctx)
	if err != nil {
		return bearer{}, err
	}
	if first.refresh == "" || first.refresh == "not_supported" {
		return bearer{}, &pmks.Error{Code: pmks.CodeUnsupported, Message: iam + " gives this identity no refresh token, by which those for clusters are got"}
	}
	delegated, err := i.post(ctx, clientCLI, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.refresh},
		"response_type": {"delegated_refresh_token"}, "delegated_refresh_token_expiry": {"600"}, "receiver_client_ids": {clientKubernetes}})
	if err != nil || delegated.Delegated == "" {
		return bearer{}, cmp.Or(err, errs.LostAnswer(iam, "delegated token"))
	}
	g, err := i.post(ctx, clientKubernetes, url.Values{
		"grant_type": {"urn:ibm:params:oauth:grant-type:delegated-refresh-token"}, "refresh_token": {delegated.Delegated}})
	if err != nil {
		return bearer{}, err
	}
	return bearer{value: g.ID, expiry: time.Unix(int64(claims(g.ID).Expiry), 0)}, nil
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
		// The tokens of the steps are kept nowhere, and cut out here.
		return g, refusedBy(iam, resp.StatusCode, resp.Header, []byte(redact.Text(string(body), form.Get("refresh_token"))))
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
	t, err := h.api.tokens.Get(ctx)
	return claims(t.value).Account.ID, err
}

// signIn gets the token that requests carry, or finds that it is there. Mutations do
// so first: while IAM does not answer nothing is sent, and nothing can have happened.
func (h *Handler) signIn(ctx context.Context) error {
	_, err := fanout.Read(ctx, h.api.iamLimiter, bucketIAM, func(ctx context.Context) (bearer, error) {
		return h.api.tokens.Get(ctx)
	})
	return err
}

// clusterToken is a bearer token for the API of every cluster that the identity may
// see.
func (h *Handler) clusterToken(ctx context.Context) (bearer, error) {
	return fanout.Read(ctx, h.api.iamLimiter, bucketIAM, func(ctx context.Context) (bearer, error) {
		t, err := h.api.clusterTokens.Get(ctx)
		if errors.Is(err, pmks.ErrUnauthenticated) {
			err = errs.With(err, func(e *pmks.Error) { e.Message = "there is no token for clusters: " + e.Message })
		}
		return t, err
	})
}
