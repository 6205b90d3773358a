// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// CatalogService is one service of the catalog with its endpoints.
type CatalogService struct {
	Type      string            `json:"type"`
	Name      string            `json:"name"`
	Endpoints []CatalogEndpoint `json:"endpoints"`
}

// CatalogEndpoint is where a service is in one region.
type CatalogEndpoint struct {
	Region    string `json:"region"`
	PublicURL string `json:"publicURL"`
}

// ForeignRegion has instances, images and networks, and no NKS. The catalog names it,
// and nothing of it is simulated.
const ForeignRegion = "JP1"

// DefaultCatalog returns the catalog of a token: all services of the region at base,
// and those of ForeignRegion.
func DefaultCatalog(base, region, tenant string) []CatalogService {
	list := []CatalogService{
		{Type: serviceNKS, Name: "magnum", Endpoints: []CatalogEndpoint{{region, base + nksRoot}}},
		{Type: serviceCompute, Name: "nova", Endpoints: []CatalogEndpoint{{region, base + computeRoot + "/" + tenant}}},
		{Type: serviceImage, Name: "glance", Endpoints: []CatalogEndpoint{{region, base + imageRoot}}},
		{Type: serviceNetwork, Name: "neutron", Endpoints: []CatalogEndpoint{{region, base + networkRoot}}},
		{Type: serviceVolume, Name: "cinderv2", Endpoints: []CatalogEndpoint{{region, base + volumeRoot + "/" + tenant}}},
	}
	for i := range list[1:] {
		s := &list[i+1]
		s.Endpoints = append(s.Endpoints, CatalogEndpoint{ForeignRegion, base + "/" + ForeignRegion + s.Endpoints[0].PublicURL[len(base):]})
	}
	return list
}

// tokenRequest is the body of a request for a token.
type tokenRequest struct {
	Auth struct {
		TenantID            string `json:"tenantId"`
		TenantName          string `json:"tenantName" sim:"no"`
		Token               any    `json:"token" sim:"no"`
		PasswordCredentials *struct {
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"passwordCredentials"`
	} `json:"auth"`
}

// The answer to it.
type (
	tokenAnswer struct {
		Access accessObject `json:"access"`
	}
	accessObject struct {
		Token          tokenObject      `json:"token"`
		ServiceCatalog []CatalogService `json:"serviceCatalog"`
		User           userObject       `json:"user"`
		Metadata       metadataObject   `json:"metadata"`
	}
	tokenObject struct {
		ID       string       `json:"id"`
		Expires  string       `json:"expires"`
		IssuedAt string       `json:"issued_at"`
		Tenant   tenantObject `json:"tenant"`
	}
	tenantObject struct {
		ID            string `json:"id"`
		Name          string `json:"name"`
		GroupID       string `json:"groupId"`
		Description   string `json:"description"`
		Enabled       bool   `json:"enabled"`
		ProjectDomain string `json:"project_domain"`
	}
	userObject struct {
		ID         string       `json:"id"`
		Username   string       `json:"username"`
		Name       string       `json:"name"`
		Roles      []roleObject `json:"roles"`
		RolesLinks []string     `json:"roles_links"`
	}
	roleObject struct {
		Name string `json:"name"`
	}
	metadataObject struct {
		IsAdmin int      `json:"is_admin"`
		Roles   []string `json:"roles"`
	}
)

// createToken gives out a token for one project.
func (s *Server) createToken(c *call) (*answer, *apiError) {
	var in tokenRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	given := in.Auth.PasswordCredentials
	if given == nil || given.Username == "" || in.Auth.TenantID == "" {
		return nil, badRequest("Expecting to find tenantId and passwordCredentials in auth. The server could not comply with the request since it is either malformed or otherwise incorrect.")
	}
	i := slices.IndexFunc(s.users, func(u User) bool { return u.Name == given.Username && u.Password == given.Password })
	project, known := s.projects[in.Auth.TenantID]
	if i < 0 || !known {
		return nil, fail(http.StatusUnauthorized, "Unauthorized", textUnauthorized)
	}
	user := s.users[i]
	for text, t := range s.tokens {
		if !c.Now.Before(t.expires) {
			delete(s.tokens, text)
		}
	}
	id, expires := s.Random.Text(32, simkit.LowerHex), c.Now.Add(s.lifetime)
	s.tokens[id] = token{user.Name, project.id, expires}
	role := "ADMIN"
	if user.ReadOnly {
		role = "MEMBER"
	}
	catalog := s.options.Catalog
	if catalog == nil {
		catalog = DefaultCatalog
	}
	return ok(tokenAnswer{accessObject{
		Token: tokenObject{
			ID: id, Expires: expires.UTC().Format(time.RFC3339), IssuedAt: c.Now.UTC().Format("2006-01-02T15:04:05.000000"),
			Tenant: tenantObject{ID: project.id, Name: project.id[:min(8, len(project.id))], GroupID: "XEj2zkHrbA7modGU", Enabled: true, ProjectDomain: "NORMAL"},
		},
		ServiceCatalog: catalog(c.base, s.region, project.id),
		User:           userObject{ID: user.ID, Username: user.Name, Name: user.Name, Roles: []roleObject{{role}}, RolesLinks: []string{}},
		Metadata:       metadataObject{Roles: []string{role}},
	}})
}

// timestamp is a time as NKS writes it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// textOrNull is null for nothing.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// rawJSON writes what can be marshaled.
func rawJSON(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

// discover answers at the root of a service with the versions that are there.
func (s *Server) discover(c *call) (*answer, *apiError) {
	if !s.assume.Discovery {
		return nil, fail(http.StatusNotFound, "NotFound", "The resource could not be found.")
	}
	type version struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Links  []link `json:"links"`
	}
	if c.service == serviceImage {
		list := []version{{"v2.5", "CURRENT", []link{{c.base + imageRoot + "/v2/", "self"}}}}
		return &answer{http.StatusMultipleChoices, map[string][]version{"versions": list}}, nil
	}
	return ok(map[string][]version{"versions": {{"v2.0", "CURRENT", []link{{c.base + networkRoot + "/v2.0/", "self"}}}}})
}
