// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The grants of IAM.
const (
	grantAPIKey    = "urn:ibm:params:oauth:grant-type:apikey"
	grantDelegated = "urn:ibm:params:oauth:grant-type:delegated-refresh-token"
	grantRefresh   = "refresh_token"
)

// The clients of IAM whose secrets everybody knows.
const (
	clientCLI  = "bx"
	clientKube = "kube"
)

// refreshLifetime is how long a refresh token is good.
const refreshLifetime = 30 * 24 * time.Hour

// refreshToken is what a refresh token, or a delegated one, stands for.
type refreshToken struct {
	who     identity
	expires time.Time
}

// claims is the second part of a token. The audience is empty for the services of
// IBM and "kube" for clusters.
type claims struct {
	ID       string       `json:"id"`
	IAMID    string       `json:"iam_id"`
	Subject  string       `json:"sub"`
	SubType  string       `json:"sub_type,omitempty"`
	Account  accountClaim `json:"account"`
	Audience string       `json:"aud,omitempty"`
	IssuedAt int64        `json:"iat"`
	Expires  int64        `json:"exp"`
	Issuer   string       `json:"iss"`
	Grant    string       `json:"grant_type"`
	Scope    string       `json:"scope"`
	ClientID string       `json:"client_id"`
}

type accountClaim struct {
	Valid bool   `json:"valid"`
	BSS   string `json:"bss"`
}

func (c claims) identity() identity {
	return identity{c.IAMID, c.Account.BSS, c.Subject, time.Unix(c.Expires, 0)}
}

// tokenObject is what the token endpoint answers.
type tokenObject struct {
	AccessToken    string `json:"access_token,omitempty"`
	IDToken        string `json:"id_token,omitempty"`
	RefreshToken   string `json:"refresh_token,omitempty"`
	DelegatedToken string `json:"delegated_refresh_token,omitempty"`
	TokenType      string `json:"token_type,omitempty"`
	ExpiresIn      int64  `json:"expires_in,omitempty"`
	Expiration     int64  `json:"expiration,omitempty"`
	Scope          string `json:"scope,omitempty"`
}

// formRules says what each grant takes.
var formRules = map[string][]string{
	grantAPIKey:    {"grant_type", "apikey", "response_type"},
	grantRefresh:   {"grant_type", "refresh_token", "response_type", "delegated_refresh_token_expiry", "receiver_client_ids"},
	grantDelegated: {"grant_type", "refresh_token"},
}

// token answers POST /identity/token.
func (s *Server) token(c *call) (*answer, *apiError) {
	form, err := url.ParseQuery(string(c.body))
	grant := form.Get("grant_type")
	allowed, known := formRules[grant]
	switch {
	case err != nil:
		return nil, iamError("BXNIM0109E", "The form cannot be read.")
	case grant == "":
		return nil, iamError("BXNIM0109E", "Property missing or empty: grant_type.")
	case !known:
		return nil, notSimulated("the grant type %.80q", grant)
	}
	for key := range form {
		if !slices.Contains(allowed, key) {
			return nil, notSimulated("the form member %.64q", key)
		}
	}
	client, e := clientOf(c.header.Get("Authorization"))
	if e != nil {
		return nil, e
	}
	switch grant {
	case grantAPIKey:
		return s.grantAPIKey(c, form, client)
	case grantRefresh:
		return s.grantRefresh(c, form, client)
	}
	return s.grantDelegated(c, form, client)
}

// clientOf reads the client out of a Basic authorization; there need not be one.
func clientOf(authorization string) (string, *apiError) {
	if authorization == "" {
		return "", nil
	}
	pair, found := strings.CutPrefix(authorization, "Basic ")
	text, err := base64.StdEncoding.DecodeString(pair)
	client, secret, _ := strings.Cut(string(text), ":")
	if !found || err != nil || client != secret || client != clientCLI && client != clientKube {
		return "", iamError("BXNIM0104E", "The client could not be authenticated.")
	}
	return client, nil
}

func (s *Server) grantAPIKey(c *call, form url.Values, client string) (*answer, *apiError) {
	text := form.Get("apikey")
	key, ok := s.keys[text]
	switch {
	case text == "":
		return nil, iamError("BXNIM0109E", "Property missing or empty: apikey.")
	case !ok:
		return nil, iamError("BXNIM0415E", "Provided API key could not be found.")
	case key.Locked:
		return nil, iamError("BXNIM0462E", "Provided API key is locked.")
	}
	if answers := form.Get("response_type"); answers != "" && answers != "cloud_iam" {
		return nil, notSimulated("the response type %.64q", answers)
	}
	who := identity{id: "IBMid-5500000PMKS", subject: "pmks@example.com", account: cmp.Or(key.Account, s.account)}
	if key.ServiceID {
		who.id, who.subject = "iam-ServiceId-00000000-0000-4000-a000-000000000000", "ServiceId-00000000-0000-4000-a000-000000000000"
	}
	if client == clientKube {
		if !s.assume.KubeGrantOfKeys {
			return nil, iamError("BXNIM0106E", "The client may not use this grant.")
		}
		return s.issue(c, who, client, form.Get("grant_type"))
	}
	return s.issue(c, who, client, form.Get("grant_type"))
}

// grantRefresh gives a delegated token, or new tokens, for a refresh token.
func (s *Server) grantRefresh(c *call, form url.Values, client string) (*answer, *apiError) {
	of, ok := s.refresh[form.Get("refresh_token")]
	switch {
	case client != clientCLI:
		return nil, iamError("BXNIM0104E", "The client could not be authenticated.")
	case !ok:
		return nil, iamError("BXNIM0407E", "Provided refresh_token is invalid.")
	case !c.Now.Before(of.expires):
		return nil, iamError("BXNIM0408E", "Provided refresh_token is expired.")
	}
	switch answers := form.Get("response_type"); answers {
	case "", "cloud_iam":
		return s.issue(c, of.who, client, grantRefresh)
	case "delegated_refresh_token":
	default:
		return nil, notSimulated("the response type %.64q", answers)
	}
	if form.Get("receiver_client_ids") != clientKube || form.Get("delegated_refresh_token_expiry") != "600" {
		return nil, iamError("BXNIM0109E", "Property missing or not valid: receiver_client_ids or delegated_refresh_token_expiry.")
	}
	token := s.Random.Text(64, simkit.LowerAlnum)
	s.delegated[token] = refreshToken{of.who, c.Now.Add(600 * time.Second)}
	return body(tokenObject{DelegatedToken: token})
}

// grantDelegated gives the client "kube" its tokens. A delegated token is good once.
func (s *Server) grantDelegated(c *call, form url.Values, client string) (*answer, *apiError) {
	token := form.Get("refresh_token")
	of, ok := s.delegated[token]
	switch {
	case client != clientKube:
		return nil, iamError("BXNIM0104E", "The client could not be authenticated.")
	case !ok:
		return nil, iamError("BXNIM0407E", "Provided refresh_token is invalid.")
	case !c.Now.Before(of.expires):
		return nil, iamError("BXNIM0408E", "Provided refresh_token is expired.")
	}
	delete(s.delegated, token)
	return s.issue(c, of.who, client, grantDelegated)
}

// issue answers with tokens. Only the client of the command line gets a refresh
// token, and only "kube" one for clusters.
func (s *Server) issue(c *call, who identity, client, grant string) (*answer, *apiError) {
	expires := c.Now.Add(s.lifetime)
	of := claims{
		ID: who.id, IAMID: who.id, Subject: who.subject, Account: accountClaim{true, who.account}, IssuedAt: c.Now.Unix(), Expires: expires.Unix(),
		Issuer: "https://iam.cloud.ibm.com/identity", Grant: grant, Scope: "ibm openid", ClientID: cmp.Or(client, "default"),
	}
	if strings.HasPrefix(who.id, "iam-ServiceId") {
		of.SubType = "ServiceId"
	}
	out := tokenObject{
		RefreshToken: "not_supported", TokenType: "Bearer", ExpiresIn: int64(s.lifetime / time.Second), Expiration: expires.Unix(), Scope: of.Scope,
	}
	if client == clientKube {
		of.Scope = "ibm openid containers-kubernetes"
		out.Scope = of.Scope
		forCluster := of
		forCluster.Audience = clientKube
		out.IDToken = s.sign(forCluster)
	}
	out.AccessToken = s.sign(of)
	if client != "" {
		out.RefreshToken = s.Random.Text(64, simkit.LowerAlnum)
		if client == clientCLI {
			s.refresh[out.RefreshToken] = refreshToken{who, c.Now.Add(refreshLifetime)}
		}
	}
	return body(out)
}

// tokenHeader is the first part of every token.
var tokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"20260801","alg":"EdDSA"}`))

// sign writes a token.
func (s *Server) sign(of claims) string {
	data, err := json.Marshal(of)
	if err != nil {
		panic("iks: " + err.Error()) // texts and numbers only
	}
	text := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(data)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.signer, []byte(text)))
}

// readToken verifies the signature of a token and reads it.
func (s *Server) readToken(token string) (claims, bool) {
	var of claims
	at := strings.LastIndex(token, ".")
	if at < 0 {
		return of, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	public, isKey := s.signer.Public().(ed25519.PublicKey)
	if err != nil || !isKey || !ed25519.Verify(public, []byte(token[:at]), signature) {
		return of, false
	}
	_, body, _ := strings.Cut(token[:at], ".")
	data, err := base64.RawURLEncoding.DecodeString(body)
	return of, err == nil && json.Unmarshal(data, &of) == nil
}

// iamError is a refusal of IAM, which answers 400 also for keys that are wrong.
func iamError(code, text string) *apiError { return fail(http.StatusBadRequest, code, "%s", text) }

// iamErrorObject is the body of an error of IAM.
type iamErrorObject struct {
	ErrorCode    string     `json:"errorCode"`
	ErrorMessage string     `json:"errorMessage"`
	ErrorDetails string     `json:"errorDetails,omitempty"`
	Context      iamContext `json:"context"`
}

type iamContext struct {
	RequestID string `json:"requestId"`
	URL       string `json:"url"`
	Host      string `json:"host"`
}

func iamErrorBody(c *call, e *apiError) iamErrorObject {
	return iamErrorObject{e.code, e.description, "", iamContext{c.requestID, c.base + "/identity/token", c.host}}
}
