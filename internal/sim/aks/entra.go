// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// routeEntra says what a request asks of Entra; false if it is not for Entra.
func routeEntra(r *http.Request, segments []string, query url.Values, body []byte) (route, bool) {
	t := route{service: entra, path: r.URL.Path, query: query, body: body, vars: map[string]string{}}
	for _, entry := range []armRoute{
		{method: "GET", path: "/common/discovery/instance", op: "InstanceDiscovery", handle: (*Server).instanceDiscovery},
		{method: "GET", path: "/{tenant}/v2.0/.well-known/openid-configuration", op: "OpenIDConfiguration", handle: (*Server).openIDConfiguration},
		{method: "GET", path: "/{tenant}/discovery/v2.0/keys", op: "Keys", handle: (*Server).signingKeys},
		{method: "POST", path: "/{tenant}/oauth2/v2.0/token", op: "Token", handle: (*Server).issueToken},
	} {
		vars, matches := matchPath(entry.path, segments)
		if !matches {
			continue
		}
		t.op, t.vars, t.handle = entry.op, vars, entry.handle
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case entry.method != r.Method:
			t.fault = oauthError(http.StatusBadRequest, "invalid_request", 900561, "The endpoint only accepts %s requests. Received a %s request.", entry.method, r.Method)
		case entry.method == http.MethodPost && kind != "application/x-www-form-urlencoded":
			t.fault = oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
		}
		return t, true
	}
	return route{}, false
}

// oauthError is an error of Entra. Its code is OAuth's; the number goes into the
// message, as "AADSTS700016: ...".
func oauthError(status int, code string, number int, format string, args ...any) *apiError {
	return fail(status, code, "AADSTS%d: %s", number, fmt.Sprintf(format, args...))
}

// injectedEntra is the error that a fault of the plan asks for.
func injectedEntra(code pmks.Code, reason string) *apiError {
	e := oauthError(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided.")
	switch code {
	case pmks.CodeThrottled:
		e = oauthError(http.StatusTooManyRequests, "temporarily_unavailable", 90055, "The server is terminating the request because there are too many requests.").after(time.Second)
	case pmks.CodeUnavailable, pmks.CodeInternal:
		e = oauthError(http.StatusServiceUnavailable, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	default:
	}
	if reason != "" {
		e.message = reason
	}
	return e
}

// oauthBody is the body of an error of Entra.
type oauthBody struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
}

var aadstsPattern = regexp.MustCompile(`^AADSTS([0-9]+):`)

func (s *Server) entraBody(c *call, e *apiError) oauthBody {
	b := oauthBody{
		Error:         e.code,
		Description:   e.message + " Trace ID: " + c.requestID + " Correlation ID: " + c.requestID,
		Codes:         []int{},
		Timestamp:     c.Now.UTC().Format("2006-01-02 15:04:05Z"),
		TraceID:       c.requestID,
		CorrelationID: c.requestID,
	}
	if match := aadstsPattern.FindStringSubmatch(e.message); match != nil {
		if number, err := strconv.Atoi(match[1]); err == nil {
			b.Codes = append(b.Codes, number)
		}
	}
	return b
}

// checkTenant refuses a tenant that does not exist.
func (s *Server) checkTenant(c *call) *apiError {
	tenant := c.vars["tenant"]
	known := strings.EqualFold(tenant, s.home)
	for _, other := range s.servers {
		known = known || strings.EqualFold(tenant, other.tenant)
	}
	if !known {
		return oauthError(http.StatusBadRequest, "invalid_request", 90002, "Tenant '%.64s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant)
	}
	return nil
}

func (s *Server) instanceDiscovery(c *call) (*answer, *apiError) {
	host := strings.TrimPrefix(strings.TrimPrefix(c.base, "https://"), "http://")
	return ok(map[string]any{
		"tenant_discovery_endpoint": c.base + "/" + s.home + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{
			{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}},
		},
	})
}

func (s *Server) openIDConfiguration(c *call) (*answer, *apiError) {
	if e := s.checkTenant(c); e != nil {
		return nil, e
	}
	base := c.base + "/" + c.vars["tenant"]
	return ok(map[string]any{
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"issuer":                                base + "/v2.0",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"EdDSA"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
	})
}

// signingKeys returns the public half of the key that signs tokens.
func (s *Server) signingKeys(c *call) (*answer, *apiError) {
	if e := s.checkTenant(c); e != nil {
		return nil, e
	}
	public := s.signer.Public().(ed25519.PublicKey) //nolint:errcheck,forcetypeassert // that is what it is
	return ok(map[string]any{"keys": []map[string]any{{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "pmks-simulator", "x": base64.RawURLEncoding.EncodeToString(public),
	}}})
}

// tokenReply is what a client gets for its credentials.
type tokenReply struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	ExtExpiresIn int    `json:"ext_expires_in"`
	AccessToken  string `json:"access_token"`
}

func (s *Server) issueToken(c *call) (*answer, *apiError) {
	if e := s.checkTenant(c); e != nil {
		return nil, e
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, oauthError(http.StatusBadRequest, "invalid_request", 90014, "The request body cannot be read.")
	}
	for _, key := range []string{"grant_type", "client_id", "scope"} {
		if len(form[key]) != 1 || form.Get(key) == "" {
			return nil, oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", key)
		}
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return nil, oauthError(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%.64s'.", grant)
	}
	id := strings.ToLower(form.Get("client_id"))
	app, known := s.apps[id]
	if !known || !strings.EqualFold(c.vars["tenant"], s.home) {
		return nil, oauthError(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%.64s' was not found in the directory.", id)
	}
	if e := s.checkClient(c, id, app, form); e != nil {
		return nil, e
	}
	audience, e := audienceOf(form.Get("scope"))
	if e != nil {
		return nil, e
	}
	return ok(tokenReply{
		TokenType:    "Bearer",
		ExpiresIn:    int(s.lifetime / time.Second),
		ExtExpiresIn: int(s.lifetime / time.Second),
		AccessToken:  s.newToken(c, id, audience),
	})
}

// audienceOf reads the scopes that the client libraries of Azure send.
func audienceOf(scope string) (string, *apiError) {
	audience := ""
	for _, word := range strings.Fields(scope) {
		switch resource, found := strings.CutSuffix(word, "/.default"); {
		case slices.Contains([]string{"openid", "offline_access", "profile"}, word):
		case !found:
			return "", oauthError(http.StatusBadRequest, "invalid_scope", 1002012,
				"The provided value for scope %.64s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", word)
		case audience != "":
			return "", oauthError(http.StatusBadRequest, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. One resource at a time.")
		default:
			audience = resource
		}
	}
	if audience != KubernetesAudience && !slices.Contains(armAudiences, audience) {
		return "", oauthError(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %.64s was not found in the tenant.", audience)
	}
	return audience, nil
}

func (s *Server) newToken(c *call, id, audience string) string {
	object := s.objectID(id)
	return s.signToken(accessClaims{
		Audience:  audience,
		Issuer:    c.base + "/" + s.home + "/v2.0",
		IssuedAt:  c.Now.Unix(),
		NotBefore: c.Now.Unix(),
		Expires:   c.Now.Add(s.lifetime).Unix(),
		AppID:     id,
		IDType:    "app",
		ObjectID:  object,
		Subject:   object,
		TenantID:  s.home,
		Version:   "1.0",
	})
}

// objectID is the id of the service principal of an application.
func (s *Server) objectID(clientID string) string {
	sum := sha256.Sum256([]byte("principal/" + clientID))
	return simkit.UUIDOf(hex.EncodeToString(sum[:16]))
}

// checkClient verifies the credentials of a client.
func (s *Server) checkClient(c *call, id string, app App, form url.Values) *apiError {
	switch {
	case form.Has("client_secret") && form.Has("client_assertion"):
		return oauthError(http.StatusBadRequest, "invalid_request", 7000219, "'client_secret' and 'client_assertion' cannot both be given.")
	case form.Has("client_assertion"):
		if kind := form.Get("client_assertion_type"); kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			return oauthError(http.StatusBadRequest, "invalid_request", 50183, "The client assertion type '%.64s' is not supported.", kind)
		}
		if err := s.checkAssertion(c, id, app, form.Get("client_assertion")); err != nil {
			return oauthError(http.StatusUnauthorized, "invalid_client", 700027, "The client assertion failed validation: %v.", err)
		}
		return nil
	case !slices.Contains(app.Secrets, form.Get("client_secret")):
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "+
			"not the client secret ID, for a secret added to app '%s'.", id)
	case !app.SecretsExpire.IsZero() && !c.Now.Before(app.SecretsExpire):
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '%s' are expired.", id)
	}
	return nil
}

// checkAssertion verifies an assertion in place of a secret: one that the client
// signed with the key of a certificate, or the token of a federated issuer.
func (s *Server) checkAssertion(c *call, id string, app App, assertion string) error {
	var header tokenHeader
	var claims assertionClaims
	signed, err := parseToken(assertion, &header, &claims)
	if err != nil {
		return err
	}
	const skew = 5 * time.Minute
	switch {
	case claims.Expires == 0 || !c.Now.Add(-skew).Before(time.Unix(claims.Expires, 0)):
		return errors.New("the assertion is expired")
	case c.Now.Add(skew).Before(time.Unix(claims.NotBefore, 0)):
		return errors.New("the assertion is not valid yet")
	}
	for _, f := range app.Federated {
		if claims.Issuer != f.Issuer || claims.Subject != f.Subject {
			continue
		}
		if want := cmp.Or(f.Audience, "api://AzureADTokenExchange"); string(claims.Audience) != want {
			return fmt.Errorf("the audience is %.64q and must be %q", claims.Audience, want)
		}
		if header.Algorithm == "none" || f.Key != nil && !signed.verifies(header.Algorithm, f.Key) {
			return errors.New("the signature is not that of the issuer")
		}
		return nil
	}
	if !strings.EqualFold(claims.Issuer, id) || !strings.EqualFold(claims.Subject, id) {
		return errors.New("no matching federated identity record found, and issuer and subject are not the client")
	}
	if want := c.base + "/" + s.home + "/oauth2/v2.0/token"; string(claims.Audience) != want {
		return fmt.Errorf("the audience is %.64q and must be %q", claims.Audience, want)
	}
	for _, cert := range app.Certificates {
		long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw)
		if !sameThumbprint(header.SHA256, long[:]) && !sameThumbprint(header.SHA1, short[:]) {
			continue
		}
		if c.Now.After(cert.NotAfter) {
			return errors.New("the certificate is expired")
		}
		if signed.verifies(header.Algorithm, cert.PublicKey) {
			return nil
		}
		return errors.New("the signature is not that of the certificate")
	}
	return errors.New("the certificate is not registered on the application")
}
