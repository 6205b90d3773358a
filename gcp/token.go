// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/token"
)

// tokens keeps the access token that all requests share.
type tokens struct{ token.Cache[*auth.Token] }

func newTokens(source auth.TokenProvider) *tokens {
	t := &tokens{}
	t.Fetch = func(ctx context.Context) (*auth.Token, time.Time, error) {
		got, err := source.Token(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		if got == nil || got.Value == "" {
			return nil, time.Time{}, errs.LostAnswer(tokenEndpoint, "token")
		}
		return got, got.Expiry, nil
	}
	return t
}

// Token implements [auth.TokenProvider].
func (t *tokens) Token(ctx context.Context) (*auth.Token, error) { return t.Get(ctx) }

// values are the tokens that requests may have carried.
func (t *tokens) values() (list []string) {
	for _, got := range t.Recent() {
		list = append(list, got.Value)
	}
	return list
}

// interceptor gets the token before a call of gRPC, which keeps nothing but the text
// of why there is none.
func (t *tokens) interceptor(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if _, err := t.Token(ctx); err != nil {
		return noToken(err)
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

// bearer signs requests.
type bearer struct {
	tokens *tokens
	next   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := b.tokens.Get(r.Context())
	if err != nil {
		return nil, noToken(err)
	}
	signed := r.Clone(r.Context())
	signed.Header.Set("Authorization", "Bearer "+got.Value)
	return b.next.RoundTrip(signed)
}

const (
	tokenEndpoint      = "the token endpoint of Google"
	refusedCredentials = "Google refused the credentials: check the service account, that its key is not revoked, and the clock of this machine"
)

// noToken says why there is no token. Only what the token endpoint refuses with a
// word of its own means that the credentials are wrong.
func noToken(err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &pmks.Error{Code: pmks.CodeUnauthenticated, Err: err, Message: refusedCredentials}
	response, body := tokenAnswer(err) //nolint:bodyclose // the token library has read it and closed it
	if response == nil {
		if cause, ok := errs.Transport(err); ok {
			e.Code, e.Message = pmks.CodeUnavailable, tokenEndpoint+" could not be reached, or its answer was lost: "+cause
		} else if isDecodeError(err) {
			e.Code, e.Message = pmks.CodeUnavailable, "the answer of "+tokenEndpoint+" cannot be read: it counts as lost"
		}
		return e
	}
	e.HTTPStatus, e.RetryAfter = response.StatusCode, errs.RetryAfter(response.Header)
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &said) // a body that is not JSON says nothing
	e.ProviderCode = said.Code
	words := strings.TrimSuffix(strings.TrimSpace(said.Code+": "+said.Description), ":")
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests:
		e.Code, e.Message = pmks.CodeThrottled, tokenEndpoint+" is asked too often: "+cmp.Or(words, http.StatusText(status))
	case status >= 500, said.Code == "temporarily_unavailable", said.Code == "server_error", said.Code == "internal_failure":
		e.Code, e.Message = pmks.CodeUnavailable, tokenEndpoint+" issues no tokens at the moment: "+cmp.Or(words, http.StatusText(status))
	case said.Code == "":
		e.Code, e.Message = errs.ByStatus(status), errs.ForeignText(tokenEndpoint, status)
	default:
		e.Message += ": " + words
	}
	return e
}

// tokenAnswer is the answer of the token endpoint inside an error, if there was one.
func tokenAnswer(err error) (*http.Response, []byte) {
	var refused *auth.Error
	if errors.As(err, &refused) {
		return refused.Response, refused.Body
	}
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) {
		return retrieve.Response, retrieve.Body
	}
	return nil, nil
}

func isDecodeError(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind)
}
