// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// answering is a transport that is a function.
type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// withMetadata answers what the SDK asks of Entra before it asks for a token.
func withMetadata(token answering) answering {
	const base = "https://login.test/" + testSubscription
	metadata, _ := json.Marshal(map[string]string{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize"})
	return func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			return token(r)
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(bytes.NewReader(metadata))}, nil
	}
}

// TestFail_Entra gets a token through the SDK's own credential: what Entra refuses,
// and what keeps it from answering. No secret is in any text, although Entra
// repeats it.
func TestFail_Entra(t *testing.T) {
	t.Parallel()
	say := func(status int, body string) answering {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"4"}, "Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(strings.NewReader(body))}, nil
		}
	}
	for _, test := range []struct {
		name   string
		answer answering
		code   pmks.Code
		native string
	}{
		{"wrong-secret", say(401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: `+planted+`"}`), pmks.CodeUnauthenticated, "AADSTS7000215"},
		{"expired-secret", say(401, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired"}`), pmks.CodeUnauthenticated, "AADSTS7000222"},
		{"unknown-application", say(400, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application was not found in the directory"}`), pmks.CodeUnauthenticated, "AADSTS700016"},
		{"no-words", say(400, ""), pmks.CodeUnauthenticated, ""},
		{"throttled", say(429, `{"error":"throttled"}`), pmks.CodeThrottled, ""},
		{"down", say(503, "<html>"+planted+"</html>"), pmks.CodeUnavailable, ""},
		{"broken", say(500, ""), pmks.CodeInternal, ""},
		{"unreachable", func(*http.Request) (*http.Response, error) {
			return nil, errors.New("connection refused by " + planted)
		}, pmks.CodeUnavailable, ""},
		{"cut-short", func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)))}, nil
		}, pmks.CodeUnavailable, ""},
		{"canceled", func(r *http.Request) (*http.Response, error) {
			r.Context().Value(cancelKey{}).(context.CancelFunc)()
			return nil, r.Context().Err()
		}, pmks.CodeCanceled, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // the SDK pauses between its tries
				h, err := New(t.Context(), Config{SubscriptionID: testSubscription, ResourceGroup: "group", Location: "koreacentral",
					TenantID: testSubscription, ClientID: testSubscription, ClientSecret: planted, AuthorityHost: "https://login.test", Transport: withMetadata(test.answer)})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ctx = context.WithValue(ctx, cancelKey{}, cancel)
				_, listed := h.ListCluster(ctx)
				_, token := h.token(ctx, &armcontainerservice.ManagedCluster{Properties: &armcontainerservice.ManagedClusterProperties{AADProfile: &armcontainerservice.ManagedClusterAADProfile{}}})
				for _, err := range []error{listed, token} {
					var e *pmks.Error
					if !errors.As(err, &e) || e.Code != test.code || e.ProviderCode != test.native || e.Message == "" {
						t.Errorf("got %v, want %s %s", err, test.code, test.native)
					}
					if e != nil && e.Code == pmks.CodeThrottled && e.RetryAfter != 4*time.Second {
						t.Errorf("retry after %s", e.RetryAfter)
					}
					if text := everyText(err); strings.Contains(text, planted) {
						t.Errorf("a secret is in %s", text)
					}
				}
			})
		})
	}
}

type cancelKey struct{}

const testSubscription = "00000000-0000-4000-8000-000000000001"

// TestFail_NoCredentials: the default chain found nothing.
func TestFail_NoCredentials(t *testing.T) {
	t.Parallel()
	chain, err := azidentity.NewChainedTokenCredential([]azcore.TokenCredential{nothing{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = chain.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{serverScope}})
	if e := faultOf(t, err); e.Code != pmks.CodeUnauthenticated || strings.Contains(everyText(e), planted) || !strings.Contains(e.Message, "clientSecret") {
		t.Errorf("got %v", e)
	}
}

// nothing is a credential that is not set up.
type nothing struct{}

func (nothing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError("EnvironmentCredential: missing " + planted)
}
