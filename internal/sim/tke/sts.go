// SPDX-License-Identifier: Apache-2.0

package tke

type callerIdentity struct {
	ARN         string `json:"Arn"`
	AccountID   string `json:"AccountId"`
	UserID      string `json:"UserId"`
	PrincipalID string `json:"PrincipalId"`
	Type        string `json:"Type"`
}

// getCallerIdentity answers who asks.
func (s *Server) getCallerIdentity(c *call, _ *struct{}) (any, *apiError) {
	o := callerIdentity{AccountID: s.account, UserID: c.who.user, PrincipalID: c.who.user, Type: "CAMUser", ARN: "qcs::cam:" + s.account + ":uin/" + c.who.user}
	if c.who.role != "" {
		const id = "4611686018427397919"
		o.Type, o.UserID, o.ARN = "CAMRole", id+":"+c.who.role, "qcs::sts:"+s.account+":assumed-role/"+id
	}
	return o, nil
}
