// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The longest session that a role can have, in seconds, and that of a role for
// which nothing was said.
const (
	maxSession     = 12 * 3600
	defaultSession = 3600
)

var sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

type (
	callerIdentity struct {
		ARN     string `xml:"Arn" json:"Arn"`
		UserID  string `xml:"UserId" json:"UserId"`
		Account string `xml:"Account" json:"Account"`
	}
	getCallerIdentityResponse struct {
		XMLName xml.Name       `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Result  callerIdentity `xml:"GetCallerIdentityResult"`
		metadata
	}
	credentialsObject struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	assumedRoleUser struct {
		AssumedRoleID string `xml:"AssumedRoleId"`
		ARN           string `xml:"Arn"`
	}
	assumeRoleResponse struct {
		XMLName     xml.Name          `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
		Credentials credentialsObject `xml:"AssumeRoleResult>Credentials"`
		User        assumedRoleUser   `xml:"AssumeRoleResult>AssumedRoleUser"`
		metadata
	}
	assumeWebResponse struct {
		XMLName     xml.Name          `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
		Credentials credentialsObject `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
		User        assumedRoleUser   `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser"`
		metadata
	}
)

// callerIdentityJSON is the answer where the caller asks for JSON, as the webhook
// that verifies tokens of EKS does.
type callerIdentityJSON struct {
	GetCallerIdentityResponse struct {
		GetCallerIdentityResult callerIdentity
		ResponseMetadata        struct {
			RequestID string `json:"RequestId"`
		}
	}
}

func (s *Server) getCallerIdentity(c *call) (any, *apiError) {
	if e := c.form.done(); e != nil {
		return nil, e
	}
	who := callerIdentity{ARN: c.who.arn, UserID: c.who.userID, Account: s.account}
	if c.json {
		var out callerIdentityJSON
		out.GetCallerIdentityResponse.GetCallerIdentityResult = who
		out.GetCallerIdentityResponse.ResponseMetadata.RequestID = c.requestID
		return out, nil
	}
	return getCallerIdentityResponse{Result: who, metadata: metadata{c.requestID}}, nil
}

// session reads what both ways to assume a role have in common.
func (s *Server) session(c *call, trust string) (credentialsObject, assumedRoleUser, *apiError) {
	f := c.form
	arn, name := f.required("RoleArn"), f.required("RoleSessionName")
	seconds := f.number("DurationSeconds", 900, maxSession, defaultSession)
	if e := f.done(); e != nil {
		return credentialsObject{}, assumedRoleUser{}, e
	}
	if !sessionNamePattern.MatchString(name) {
		return credentialsObject{}, assumedRoleUser{}, fail(http.StatusBadRequest, "ValidationError", "The RoleSessionName is not valid")
	}
	i := slices.IndexFunc(s.resources.Roles, func(r Role) bool { return s.roleARN(&r) == arn })
	if i < 0 || !slices.Contains(s.resources.Roles[i].Trust, trust) {
		return credentialsObject{}, assumedRoleUser{}, fail(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: sts:%s on resource: %s", c.who.arn, c.op, arn)
	}
	role := s.resources.Roles[i]
	if seconds > role.longestSession() {
		return credentialsObject{}, assumedRoleUser{}, fail(http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	key := Key{
		Secret:       s.Random.Text(40, simkit.LowerHex+upperAlnum),
		SessionToken: "FwoGZXIvYXdz" + s.Random.Text(88, simkit.LowerHex+upperAlnum),
		Expires:      c.Now.Add(time.Duration(seconds) * time.Second),
		ARN:          s.arn("sts", false, "assumed-role/%s/%s", role.Name, name),
		userID:       role.id + ":" + name,
	}
	id := "ASIA" + s.Random.Text(16, upperAlnum)
	s.keys[id] = key
	return credentialsObject{id, key.Secret, key.SessionToken, iso(key.Expires)}, assumedRoleUser{key.userID, key.ARN}, nil
}

func (s *Server) assumeRole(c *call) (any, *apiError) {
	c.form.text("ExternalId") // no role here asks for one
	creds, user, e := s.session(c, TrustAccount)
	if e != nil {
		return nil, e
	}
	return assumeRoleResponse{Credentials: creds, User: user, metadata: metadata{c.requestID}}, nil
}

func (s *Server) assumeRoleWithWebIdentity(c *call) (any, *apiError) {
	token := c.form.required("WebIdentityToken")
	c.form.text("ProviderId")
	if e := c.form.fault; e != nil {
		return nil, e
	}
	if !slices.Contains(s.webTokens, token) {
		return nil, fail(http.StatusBadRequest, "InvalidIdentityToken", "The web identity token that was passed is not valid")
	}
	creds, user, e := s.session(c, TrustWebIdentity)
	if e != nil {
		return nil, e
	}
	return assumeWebResponse{Credentials: creds, User: user, metadata: metadata{c.requestID}}, nil
}

// tokenPrefix begins every bearer token of EKS.
const tokenPrefix = "k8s-aws-v1."

// tokenParams lists the only parameters that the URL in a token may have.
var tokenParams = []string{"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
	"X-Amz-Security-Token", "X-Amz-SignedHeaders", "X-Amz-Signature"}

// VerifyToken checks a bearer token for a cluster as the API server of EKS does,
// by the rules of aws-iam-authenticator, and returns the ARN of the principal. It
// counts as no call.
func (s *Server) VerifyToken(token, cluster string) (arn string, err error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	who, err := s.verifyToken(token, cluster, s.Now())
	return who.arn, err
}

// verifyToken is VerifyToken while the lock is held.
func (s *Server) verifyToken(token, cluster string, now time.Time) (identity, error) {
	if len(token) > 4096 {
		return identity{}, errors.New("the token is longer than 4096 bytes")
	}
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return identity{}, fmt.Errorf("the token does not begin with %s", tokenPrefix)
	}
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return identity{}, errors.New("the token is not base64 without padding")
	}
	u, err := url.Parse(string(text))
	if err != nil {
		return identity{}, errors.New("the token does not hold a URL")
	}
	if err := s.checkTokenURL(u); err != nil {
		return identity{}, err
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	r.Header.Set("x-k8s-aws-id", cluster)
	query := u.Query()
	if signed := strings.Split(query.Get("X-Amz-SignedHeaders"), ";"); !slices.Equal(signed, []string{"host", "x-k8s-aws-id"}) {
		return identity{}, fmt.Errorf("the signed headers are %v and must be host and x-k8s-aws-id", signed)
	}
	who, e := s.authenticate(r, query, nil, "sts", now)
	if e != nil {
		return identity{}, fmt.Errorf("%s: %s", e.code, e.message)
	}
	return who, nil
}

func (s *Server) checkTokenURL(u *url.URL) error {
	hosts := []string{"sts." + s.region + "." + s.suffix, "sts-fips." + s.region + "." + s.suffix}
	if s.partition == "aws" {
		hosts = append(hosts, "sts."+s.region+".api.aws", "sts.amazonaws.com")
	}
	switch {
	case u.Scheme != "https":
		return fmt.Errorf("the scheme is %q and must be https", u.Scheme)
	case !slices.Contains(hosts, u.Host):
		return fmt.Errorf("the host %q is none of STS", u.Host)
	case u.Path != "/":
		return fmt.Errorf("the path is %q and must be /", u.Path)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("the query cannot be read")
	}
	for key, values := range query {
		if !slices.Contains(tokenParams, key) {
			return fmt.Errorf("the parameter %q is not allowed", key)
		}
		if len(values) != 1 {
			return fmt.Errorf("the parameter %q is given more than once", key)
		}
	}
	if query.Get("Action") != "GetCallerIdentity" {
		return errors.New("the action must be GetCallerIdentity")
	}
	if expires := query.Get("X-Amz-Expires"); len(expires) > 3 || len(expires) == 3 && expires > "900" {
		return errors.New("X-Amz-Expires must be at most 900")
	}
	return nil
}
