// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	roleNamePattern = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	policyPattern   = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::aws:policy/((?:[\w-]+/)*)([\w+=,.@-]+)$`)
)

type (
	roleObject struct {
		Path                     string
		RoleName                 string
		RoleID                   string `xml:"RoleId"`
		ARN                      string `xml:"Arn"`
		CreateDate               string
		AssumeRolePolicyDocument string
		Description              string `xml:",omitempty"`
		MaxSessionDuration       int
		Tags                     *roleTags // nil: none
	}
	roleTags struct {
		List []roleTag `xml:"member"`
	}
	roleTag struct {
		Key   string
		Value string
	}
	getRoleResponse struct {
		XMLName xml.Name   `xml:"https://iam.amazonaws.com/doc/2010-05-08/ GetRoleResponse"`
		Role    roleObject `xml:"GetRoleResult>Role"`
		metadata
	}
	createRoleResponse struct {
		XMLName xml.Name   `xml:"https://iam.amazonaws.com/doc/2010-05-08/ CreateRoleResponse"`
		Role    roleObject `xml:"CreateRoleResult>Role"`
		metadata
	}
	attachRolePolicyResponse struct {
		XMLName xml.Name `xml:"https://iam.amazonaws.com/doc/2010-05-08/ AttachRolePolicyResponse"`
		metadata
	}
)

func (s *Server) roleARN(r *Role) string {
	return s.arn("iam", false, "role%s%s", cmp.Or(r.Path, "/"), r.Name)
}

func (s *Server) roleObject(r *Role) roleObject {
	return roleObject{
		Path:       cmp.Or(r.Path, "/"),
		RoleName:   r.Name,
		RoleID:     r.id,
		ARN:        s.roleARN(r),
		CreateDate: iso(r.Created),
		// RFC 3986, which has no plus sign for a space (IAM API, Role).
		AssumeRolePolicyDocument: strings.ReplaceAll(url.QueryEscape(cmp.Or(r.document, s.trustDocument(r.Trust))), "+", "%20"),
		Description:              r.description,
		MaxSessionDuration:       r.longestSession(),
		Tags:                     r.tags,
	}
}

// policyDocument is what of a policy matters for trust.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Effect    string
	Principal map[string]any
	Action    any
}

// trustDocument writes the policy that Role.Trust stands for.
func (s *Server) trustDocument(trust []string) string {
	doc := policyDocument{Version: "2012-10-17"}
	for _, who := range trust {
		one := policyStatement{Effect: "Allow", Action: "sts:AssumeRole"}
		switch who {
		case TrustAccount:
			one.Principal = map[string]any{"AWS": s.arn("iam", false, "root")}
		case TrustWebIdentity:
			one.Principal = map[string]any{"Federated": s.arn("iam", false, "oidc-provider/simulated")}
			one.Action = "sts:AssumeRoleWithWebIdentity"
		default:
			one.Principal = map[string]any{"Service": who}
		}
		doc.Statement = append(doc.Statement, one)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// readTrust reads a policy back into what Role.Trust holds.
func readTrust(text string) ([]string, bool) {
	var doc policyDocument
	if json.Unmarshal([]byte(text), &doc) != nil || len(doc.Statement) == 0 {
		return nil, false
	}
	var trust []string
	for _, one := range doc.Statement {
		actions := texts(one.Action)
		if one.Effect != "Allow" || len(one.Principal) == 0 || len(actions) == 0 {
			return nil, false
		}
		for kind, who := range one.Principal {
			switch {
			case kind == "Service" && slices.Contains(actions, "sts:AssumeRole"):
				trust = append(trust, texts(who)...)
			case kind == "AWS" && slices.Contains(actions, "sts:AssumeRole"):
				trust = append(trust, TrustAccount)
			case kind == "Federated" && slices.Contains(actions, "sts:AssumeRoleWithWebIdentity"):
				trust = append(trust, TrustWebIdentity)
			}
		}
	}
	slices.Sort(trust)
	return trust, true
}

// texts reads a text or a list of them.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, one := range v {
			list = append(list, texts(one)...)
		}
		return list
	}
	return nil
}

func noSuchRole(name string) *apiError {
	return fail(http.StatusNotFound, "NoSuchEntity", "The role with name %s cannot be found.", name)
}

func checkRoleName(name string) *apiError {
	if !roleNamePattern.MatchString(name) {
		return fail(http.StatusBadRequest, "ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and be at most 64 long")
	}
	return nil
}

func (s *Server) getRole(c *call) (any, *apiError) {
	name := c.form.required("RoleName")
	if e := c.form.done(); e != nil {
		return nil, e
	}
	if e := checkRoleName(name); e != nil {
		return nil, e
	}
	role, ok := s.resources.role(name)
	if !ok {
		return nil, noSuchRole(name)
	}
	return getRoleResponse{Role: s.roleObject(role), metadata: metadata{c.requestID}}, nil
}

func (s *Server) createRole(c *call) (any, *apiError) {
	f := c.form
	name, document, path := f.required("RoleName"), f.required("AssumeRolePolicyDocument"), cmp.Or(f.text("Path"), "/")
	description, session := f.text("Description"), f.number("MaxSessionDuration", defaultSession, maxSession, defaultSession)
	var tags *roleTags
	for _, item := range f.items("Tags.member") {
		if tags == nil {
			tags = &roleTags{}
		}
		tags.List = append(tags.List, roleTag{f.required(item + ".Key"), f.text(item + ".Value")})
	}
	if e := f.done(); e != nil {
		return nil, e
	}
	if e := checkRoleName(name); e != nil {
		return nil, e
	}
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") || len(path) > 512 {
		return nil, fail(http.StatusBadRequest, "ValidationError", "The specified value for path is invalid")
	}
	trust, ok := readTrust(document)
	if !ok {
		return nil, fail(http.StatusBadRequest, "MalformedPolicyDocument", "The policy failed legacy parsing")
	}
	if _, exists := s.resources.role(name); exists {
		return nil, fail(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	role := Role{Name: name, Path: path, Trust: trust, Created: c.Now, id: "AROA" + s.Random.Text(17, upperAlnum), unknownFor: max(0, s.propagation),
		document: document, description: description, tags: tags, session: session}
	s.resources.Roles = append(s.resources.Roles, role)
	return createRoleResponse{Role: s.roleObject(&role), metadata: metadata{c.requestID}}, nil
}

func (s *Server) attachRolePolicy(c *call) (any, *apiError) {
	name, arn := c.form.required("RoleName"), c.form.required("PolicyArn")
	if e := c.form.done(); e != nil {
		return nil, e
	}
	role, ok := s.resources.role(name)
	if !ok {
		return nil, noSuchRole(name)
	}
	m := policyPattern.FindStringSubmatch(arn)
	if m == nil {
		return nil, fail(http.StatusBadRequest, "ValidationError", "The policy ARN %s is not valid, or not that of an AWS managed policy", arn)
	}
	if path, ok := managedPolicyTable[m[3]]; !ok || path != m[2] || m[1] != s.partition {
		return nil, fail(http.StatusNotFound, "NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
	}
	if !slices.Contains(role.Policies, m[3]) {
		role.Policies = append(role.Policies, m[3])
	}
	return attachRolePolicyResponse{metadata: metadata{c.requestID}}, nil
}
