// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// ServiceAccountEmail is the service account whose key ServiceAccountJSON holds.
const ServiceAccountEmail = "pmks@" + DefaultProject + ".iam.gserviceaccount.com"

// defaultTokenURI is where Google's own token endpoint is.
const defaultTokenURI = "https://oauth2.googleapis.com/token"

// grantJWT is the only grant there is.
const grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// accountKey is the key of the service account, made once for each process.
var accountKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("gke: " + err.Error()) // there is no randomness to be had
	}
	return key
})

// PrivateKey returns the key of the service account as PEM.
func PrivateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(accountKey())
	if err != nil {
		panic("gke: " + err.Error()) // an RSA key can be marshaled
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// keyID returns the id of the key.
func keyID() string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&accountKey().PublicKey))
	return hex.EncodeToString(sum[:20])
}

// ServiceAccountJSON returns the credentials file of the service account. tokenURI
// is where its tokens come from, such as the URL of a listener with "/token" behind
// it; empty means Google's own, which Transport serves too.
func (s *Server) ServiceAccountJSON(tokenURI string) []byte {
	data, err := json.MarshalIndent(map[string]string{
		"type":            "service_account",
		"project_id":      cmp.Or(s.options.KeyProject, s.project),
		"private_key_id":  keyID(),
		"private_key":     PrivateKey(),
		"client_email":    ServiceAccountEmail,
		"client_id":       "100000000000000000001",
		"token_uri":       cmp.Or(tokenURI, defaultTokenURI),
		"universe_domain": "googleapis.com",
	}, "", "  ")
	if err != nil {
		panic("gke: " + err.Error()) // a map of texts can be marshaled
	}
	return data
}

// assertion holds the claims of a JSON web token.
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Scope    string `json:"scope"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// clockSkew is how far the clocks of caller and server may be apart.
const clockSkew = 5 * time.Minute

// fresh says whether the token is valid now, and not for more than an hour.
func (a assertion) fresh(now time.Time) bool {
	issued, expires := time.Unix(a.IssuedAt, 0), time.Unix(a.Expires, 0)
	return expires.After(issued) && expires.Sub(issued) <= time.Hour+clockSkew &&
		issued.Before(now.Add(clockSkew)) && expires.After(now.Add(-clockSkew))
}

// The errors of readAssertion.
var (
	errMalformed = errors.New("gke: not a JSON web token")
	errSignature = errors.New("gke: the signature does not match")
)

// readAssertion verifies the signature of a JSON web token and returns its claims.
func readAssertion(token string) (assertion, error) {
	signed, signature, ok := cutLast(token, ".")
	head, body, found := strings.Cut(signed, ".")
	var header struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		KeyID     string `json:"kid"`
	}
	var claims assertion
	if !ok || !found || !decodeSegment(head, &header) || !decodeSegment(body, &claims) {
		return assertion{}, errMalformed
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || header.Algorithm != "RS256" || header.KeyID != "" && header.KeyID != keyID() {
		return assertion{}, errSignature
	}
	sum := sha256.Sum256([]byte(signed))
	if rsa.VerifyPKCS1v15(&accountKey().PublicKey, crypto.SHA256, sum[:], raw) != nil {
		return assertion{}, errSignature
	}
	return claims, nil
}

func decodeSegment(segment string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	return err == nil && json.Unmarshal(data, into) == nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// tokenResponse and tokenError are what the token endpoint answers.
type (
	tokenResponse struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
		TokenType   string `json:"token_type"`
	}
	tokenError struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
)

// refuseToken is a refusal of the token endpoint.
func refuseToken(word, text string) *apiError {
	e := invalid("%s", text)
	e.oauth = word
	return e
}

// serveToken answers POST /token. The lock is held.
func (s *Server) serveToken(r *http.Request, body []byte, now time.Time) (any, *apiError) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form, err := url.ParseQuery(string(body))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuseToken("invalid_request", "Could not parse the request.")
	}
	if form.Get("grant_type") != grantJWT {
		return nil, refuseToken("unsupported_grant_type", "Invalid grant_type: "+form.Get("grant_type"))
	}
	claims, err := readAssertion(form.Get("assertion"))
	switch {
	case errors.Is(err, errSignature):
		return nil, refuseToken("invalid_grant", "Invalid JWT Signature.")
	case err != nil:
		return nil, refuseToken("invalid_grant", "Bad Request")
	case claims.Issuer != ServiceAccountEmail:
		return nil, refuseToken("invalid_grant", "Invalid grant: account not found")
	case claims.Audience != defaultTokenURI && !strings.HasSuffix(claims.Audience, "://"+r.Host+"/token"):
		return nil, refuseToken("invalid_grant", "Invalid JWT: Failed audience check.")
	case !claims.fresh(now):
		return nil, refuseToken("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
	case claims.Scope == "":
		return nil, refuseToken("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	}
	return tokenResponse{s.issue(claims.Issuer, strings.Fields(claims.Scope), now), int(tokenLife.Seconds()), "Bearer"}, nil
}

// metadataTable lists what the metadata server tells beside tokens.
func (s *Server) metadataTable() map[string]string {
	return map[string]string{
		"": "",
		"instance/service-accounts/default/email": ServiceAccountEmail,
		"instance/zone":              "projects/" + s.number + "/zones/" + s.region + "-a",
		"project/numeric-project-id": s.number,
		"project/project-id":         s.project,
		"universe/universe-domain":   "googleapis.com",
	}
}

// metadataRoot is where the metadata server keeps its values.
const metadataRoot = "/computeMetadata/v1/"

// serveMetadata answers what a VM of the project reads, its own token included. The
// lock is held.
func (s *Server) serveMetadata(r *http.Request) simkit.Reply {
	if r.Header.Get("Metadata-Flavor") != "Google" {
		return metadataReply(http.StatusForbidden, "text/html", "Missing Metadata-Flavor:Google header.\n")
	}
	key := strings.TrimPrefix(r.URL.Path, metadataRoot)
	if key == "instance/service-accounts/default/token" {
		var scopes []string
		if list := r.URL.Query().Get("scopes"); list != "" {
			scopes = strings.Split(list, ",")
		}
		reply := jsonReply(http.StatusOK, tokenResponse{s.issue(ServiceAccountEmail, scopes, s.Now()), int(tokenLife.Seconds()), "Bearer"})
		return metadataReply(reply.Status, "application/json", string(reply.Body))
	}
	if value, ok := s.metadataTable()[key]; ok {
		return metadataReply(http.StatusOK, "application/text", value)
	}
	return metadataReply(http.StatusNotFound, "text/html", "Not Found\n")
}

func metadataReply(status int, kind, body string) simkit.Reply {
	return simkit.Reply{Status: status, Header: http.Header{"Metadata-Flavor": {"Google"}, "Content-Type": {kind}}, Body: []byte(body)}
}
