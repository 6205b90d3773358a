// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

type callerIdentity struct {
	ARN         string `json:"Arn"`
	AccountID   string `json:"AccountId"`
	UserID      string `json:"UserId"`
	PrincipalID string `json:"PrincipalId"`
	Type        string `json:"Type"`
}

// roleID is the number of every role.
const roleID = "4611686018427397919"

// getCallerIdentity answers who asks.
func (s *Server) getCallerIdentity(c *call, _ *struct{}) (any, *apiError) {
	o := callerIdentity{AccountID: s.account, UserID: c.who.user, PrincipalID: c.who.user, Type: "CAMUser", ARN: "qcs::cam:" + s.account + ":uin/" + c.who.user}
	if c.who.role != "" {
		o.Type, o.UserID, o.ARN = "CAMRole", roleID+":"+c.who.role, "qcs::sts:"+s.account+":assumed-role/"+roleID
	}
	return o, nil
}

type (
	assumeRoleRequest struct {
		RoleARN         string  `json:"RoleArn" need:"yes"`
		RoleSessionName string  `json:"RoleSessionName" need:"yes"`
		DurationSeconds *uint64 `json:"DurationSeconds"`
		ExternalID      string  `json:"ExternalId"`
		Policy          absent  `json:"Policy" sim:"no"`
		Tags            absent  `json:"Tags" sim:"no"`
		SourceIdentity  absent  `json:"SourceIdentity" sim:"no"`
		SerialNumber    absent  `json:"SerialNumber" sim:"no"`
		TokenCode       absent  `json:"TokenCode" sim:"no"`
	}
	webIdentityRequest struct {
		ProviderID       string `json:"ProviderId" need:"yes"`
		WebIdentityToken string `json:"WebIdentityToken" need:"yes"`
		RoleARN          string `json:"RoleArn" need:"yes"`
		RoleSessionName  string `json:"RoleSessionName" need:"yes"`
		DurationSeconds  *int64 `json:"DurationSeconds"`
	}
	sessionResponse struct {
		Credentials sessionCredentials `json:"Credentials"`
		ExpiredTime int64              `json:"ExpiredTime"`
		Expiration  string             `json:"Expiration"`
	}
	sessionCredentials struct {
		Token        string `json:"Token"`
		TmpSecretID  string `json:"TmpSecretId"`
		TmpSecretKey string `json:"TmpSecretKey"`
	}
)

// maxSession is how many seconds a session may last.
const maxSession = 43200

func (s *Server) assumeRole(c *call, in *assumeRoleRequest) (any, *apiError) {
	return s.session(c, in.RoleARN, in.ExternalID, in.RoleSessionName, int64(min(valueOf(in.DurationSeconds, 7200), maxSession+1)))
}

func (s *Server) assumeRoleWithWebIdentity(c *call, in *webIdentityRequest) (any, *apiError) {
	if !slices.Contains(s.oidcTokens, in.WebIdentityToken) {
		return nil, fail("InvalidParameter.WebIdentityTokenError", "The web identity token is invalid.")
	}
	return s.session(c, in.RoleARN, "", in.RoleSessionName, valueOf(in.DurationSeconds, 7200))
}

// session makes a key that ends by itself.
func (s *Server) session(c *call, arn, external, name string, seconds int64) (any, *apiError) {
	named, ok := strings.CutPrefix(arn, "qcs::cam::uin/"+s.account+":roleName/")
	role, known := simkit.Find(s.resources.CAMRoles, func(r CAMRole) bool { return ok && r.Name == named })
	switch {
	case !known:
		return nil, fail("ResourceNotFound.RoleNotFound", "The role %s does not exist.", arn)
	case role.ExternalID != external:
		return nil, fail("UnauthorizedOperation", "You are not authorized to assume the role %s.", arn)
	case seconds < 1 || seconds > maxSession:
		return nil, fail("InvalidParameter.OverTimeError", "DurationSeconds must be 1 to %d, got %d.", maxSession, seconds)
	}
	ends := c.Now.Add(time.Duration(seconds) * time.Second)
	o := sessionResponse{
		Credentials: sessionCredentials{Token: s.Random.Text(64, simkit.LowerAlnum), TmpSecretID: "AKID" + s.Random.Text(32, simkit.LowerAlnum), TmpSecretKey: s.Random.Text(32, simkit.LowerAlnum)},
		ExpiredTime: ends.Unix(), Expiration: stamp(ends),
	}
	s.keys[o.Credentials.TmpSecretID] = Key{Secret: o.Credentials.TmpSecretKey, Token: o.Credentials.Token, Expires: ends, Role: name}
	return o, nil
}
