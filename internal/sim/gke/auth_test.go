// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpccreds "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_tokens: which tokens are accepted, over gRPC, over REST and by Compute
// Engine.
func TestServer_tokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Tokens = map[string]Token{
			"good": {}, "ended": {Expires: o.Now()}, "narrow": {Scopes: []string{"https://www.googleapis.com/auth/drive"}},
			"compute": {Scopes: []string{scopeCompute}},
		}
	})
	issued := w.Token()
	const no, denied = codes.Unauthenticated, codes.PermissionDenied
	for _, tt := range []struct {
		name, token string
		gke         codes.Code
		reason      string
		compute     int
	}{
		{"good", "good", codes.OK, "", 200},
		{"issued", issued, codes.OK, "", 200},
		{"none", "", no, "CREDENTIALS_MISSING", 401},
		{"unknown", "other", no, "ACCESS_TOKEN_TYPE_UNSUPPORTED", 401},
		{"ended", "ended", no, "ACCESS_TOKEN_EXPIRED", 401},
		{"forged", "eyJhbGciOiJub25lIn0.e30.", no, "ACCESS_TOKEN_TYPE_UNSUPPORTED", 401},
		{"scope", "narrow", denied, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", 403},
		{"scope-compute", "compute", denied, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			login := static(tt.token)
			if tt.token == "" {
				login = option.WithoutAuthentication()
			}
			req := &containerpb.ListClustersRequest{Parent: inZone}
			_, err := newGRPC(t, w.Server, login).ListClusters(t.Context(), req)
			if codeOf(err) != tt.gke || reasonOf(err) != tt.reason {
				t.Errorf("gRPC: got %v with %q: %v", codeOf(err), reasonOf(err), err)
			}
			rest, vm := newREST(t, simURL, w.Transport(), tt.token)
			_, err = rest.ListClusters(t.Context(), req)
			if codeOf(err) == codes.OK != (tt.gke == codes.OK) {
				t.Errorf("REST: %v", err)
			}
			var api *googleapi.Error
			if errors.As(err, &api) && (api.Code != statusTable[tt.gke].status || !strings.Contains(api.Body, tt.reason)) {
				t.Errorf("REST: %d %s", api.Code, api.Body)
			}
			_, err = vm.Zones.Get(DefaultProject, zoneA).Context(t.Context()).Do()
			code := 200
			if errors.As(err, &api) {
				code = api.Code
			}
			if code != tt.compute {
				t.Errorf("Compute Engine: %v", err)
			}
		})
	}
}

// TestServer_serviceAccount logs in with the key of a service account, through the
// vendor's libraries, on a listener with TLS.
func TestServer_serviceAccount(t *testing.T) {
	t.Parallel()
	s := New(Options{Seed: 1})
	l, transport := wiretest.Listen(t, s.Listen, true)
	creds := wiretest.OK(credentials.NewCredentialsFromJSON(credentials.ServiceAccount, s.ServiceAccountJSON(l.URL()+"/token"), &credentials.DetectOptions{
		Scopes: []string{scopePlatform, "https://www.googleapis.com/auth/userinfo.email"}, Client: &http.Client{Transport: transport}}))(t)
	token, err := creds.Token(t.Context())
	if err != nil || !strings.HasPrefix(token.Value, "ya29.") || time.Until(token.Expiry) < 50*time.Minute {
		t.Fatalf("the token ends in %s, %v", time.Until(token.Expiry), err)
	}
	for name, login := range map[string]option.ClientOption{
		"exchanged":   option.WithAuthCredentials(creds),
		"self-signed": option.WithAuthCredentialsJSON(option.ServiceAccount, s.ServiceAccountJSON(l.URL()+"/token")),
	} {
		c := closing(t, []option.ClientOption{login, option.WithEndpoint(l.Addr()),
			option.WithGRPCDialOption(grpc.WithTransportCredentials(grpccreds.NewTLS(&tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12})))})
		if _, err := c.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	rest, vm := newREST(t, l.URL(), transport, token.Value)
	if _, err := rest.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}); err != nil {
		t.Error(err)
	}
	if _, err := vm.Networks.Get(DefaultProject, "vpc-01").Context(t.Context()).Do(); err != nil {
		t.Error(err)
	}
	if n := s.Count("token"); n != 1 {
		t.Errorf("the token endpoint was called %d times", n)
	}
}

// TestServer_tokenEndpoint: what the token endpoint refuses.
func TestServer_tokenEndpoint(t *testing.T) {
	t.Parallel()
	s := New(Options{Seed: 1})
	client := &http.Client{Transport: s.Transport()}
	for _, tt := range []struct{ name, form, want string }{
		{"grant", "grant_type=refresh_token", "unsupported_grant_type"},
		{"nothing", "", "unsupported_grant_type"},
		{"malformed", "grant_type=" + url.QueryEscape(grantJWT) + "&assertion=x", "invalid_grant"},
		{"unsigned", "grant_type=" + url.QueryEscape(grantJWT) + "&assertion=eyJhbGciOiJub25lIn0.e30.e30", "invalid_grant"},
		{"form", "%zz", "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := wiretest.NewRequest(t, http.MethodPost, defaultTokenURI, tt.form, "Content-Type", "application/x-www-form-urlencoded")
			response, body := wiretest.Send(t, s.Transport(), r)
			var e tokenError
			if json.Unmarshal([]byte(body), &e) != nil || response.StatusCode != http.StatusBadRequest || e.Error != tt.want || e.Description == "" {
				t.Errorf("got %s %s", response.Status, body)
			}
		})
	}
	// Signed rightly, and yet not what it takes.
	account := struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}{}
	if err := json.Unmarshal(s.ServiceAccountJSON(""), &account); err != nil || account.Key != PrivateKey() {
		t.Fatalf("the credentials file cannot be read: %v", err)
	}
	for _, tt := range []struct{ name, email, audience, want string }{
		{"audience", account.Email, "https://example.com/token", "audience"},
		{"account", "nobody@example.com", "", "account not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider := wiretest.OK(auth.New2LOTokenProvider(&auth.Options2LO{Email: tt.email, PrivateKey: []byte(account.Key), TokenURL: defaultTokenURI,
				Audience: tt.audience, Scopes: []string{scopePlatform}, Client: client}))(t)
			_, err := provider.Token(t.Context())
			var e *auth.Error
			if !errors.As(err, &e) || e.Response.StatusCode != http.StatusBadRequest || !strings.Contains(string(e.Body), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestServer_metadata: a VM of the project gets its token without a key.
func TestServer_metadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	get := func(path string, header ...string) (int, string) {
		t.Helper()
		response, body := wiretest.Send(t, w.Transport(), wiretest.NewRequest(t, http.MethodGet, "http://metadata.google.internal"+path, "", header...))
		return response.StatusCode, body
	}
	if status, _ := get(metadataRoot + "project/project-id"); status != 403 {
		t.Errorf("without the header: %d", status)
	}
	if status, body := get(metadataRoot+"project/project-id", "Metadata-Flavor", "Google"); status != 200 || body != DefaultProject {
		t.Errorf("the project: %d %s", status, body)
	}
	if status, _ := get(metadataRoot+"none", "Metadata-Flavor", "Google"); status != 404 {
		t.Errorf("what there is not: %d", status)
	}
	status, body := get(metadataRoot+"instance/service-accounts/default/token?scopes="+url.QueryEscape(scopePlatform), "Metadata-Flavor", "Google")
	var token tokenResponse
	if err := json.Unmarshal([]byte(body), &token); err != nil || status != 200 || token.ExpiresIn != 3599 {
		t.Fatalf("the token: %d %s", status, body)
	}
	if _, err := newGRPC(t, w.Server, static(token.AccessToken)).ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}); err != nil {
		t.Error(err)
	}
	w.clock.Add(time.Hour)
	_, err := newGRPC(t, w.Server, static(token.AccessToken)).ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone})
	if codeOf(err) != codes.Unauthenticated {
		t.Errorf("an hour later: %v", err)
	}
}

// TestServer_permissions: a service that is disabled, and a permission that nobody
// has.
func TestServer_permissions(t *testing.T) {
	t.Parallel()
	req := &containerpb.ListClustersRequest{Parent: inZone}
	disabled := newWorld(t, func(o *Options) { o.Disabled = []string{serviceContainer, serviceCompute} })
	_, err := disabled.gke.ListClusters(t.Context(), req)
	var api *apierror.APIError
	if !errors.As(err, &api) || codeOf(err) != codes.PermissionDenied || api.Reason() != "SERVICE_DISABLED" ||
		api.Domain() != domainGoogle || api.Metadata()["service"] != serviceContainer || api.Metadata()["consumer"] != "projects/"+DefaultProjectNumber {
		t.Errorf("disabled: %v", err)
	}
	_, err = disabled.compute.Zones.Get(DefaultProject, zoneA).Context(t.Context()).Do()
	var rest *googleapi.Error
	if !errors.As(err, &rest) || rest.Code != 403 || rest.Errors[0].Reason != "accessNotConfigured" {
		t.Errorf("disabled: %v", err)
	}
	denied := newWorld(t, func(o *Options) { o.Denied = []string{"container.clusters.list", "compute.zones.get"} })
	_, err = denied.gke.ListClusters(t.Context(), req)
	if !errors.As(err, &api) || codeOf(err) != codes.PermissionDenied || api.Reason() != "IAM_PERMISSION_DENIED" ||
		!strings.Contains(err.Error(), `Required "container.clusters.list" permission(s) for "projects/pmks-sim`) {
		t.Errorf("denied: %v", err)
	}
	_, err = denied.compute.Zones.Get(DefaultProject, zoneA).Context(t.Context()).Do()
	if !errors.As(err, &rest) || rest.Code != 403 || rest.Errors[0].Reason != "forbidden" {
		t.Errorf("denied: %v", err)
	}
	_, err = denied.gke.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: "projects/other/locations/-"})
	if codeOf(err) != codes.PermissionDenied {
		t.Errorf("another project: %v", err)
	}
	slow := newWorld(t, func(o *Options) { o.Buckets = []simkit.Bucket{{Service: "container", Burst: 2, Window: time.Minute}} })
	for range 2 {
		wiretest.OK(slow.gke.ListOperations(t.Context(), &containerpb.ListOperationsRequest{Parent: inZone}))(t)
	}
	if _, err := slow.gke.ListClusters(t.Context(), req); codeOf(err) != codes.ResourceExhausted || reasonOf(err) != "RATE_LIMIT_EXCEEDED" {
		t.Errorf("the third call of a minute: %v", err)
	}
	slow.clock.Add(time.Minute)
	if _, err := slow.gke.ListClusters(t.Context(), req); err != nil {
		t.Errorf("in the next minute: %v", err)
	}
}

// TestServer_header: a call over gRPC must carry the header that routes it.
func TestServer_header(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn := wiretest.OK(w.Dial(grpc.WithTransportCredentials(insecure.NewCredentials())))(t)
	t.Cleanup(func() { _ = conn.Close() })
	raw := containerpb.NewClusterManagerClient(conn)
	for header, want := range map[string]codes.Code{
		"":                                  codes.InvalidArgument,
		"parent=other":                      codes.InvalidArgument,
		"name=" + url.QueryEscape(inZone):   codes.InvalidArgument,
		"parent=" + url.QueryEscape(inZone): codes.OK,
	} {
		ctx := outgoing(t, header)
		if _, err := raw.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: inZone}); codeOf(err) != want {
			t.Errorf("with %q: %v", header, err)
		}
	}
}
