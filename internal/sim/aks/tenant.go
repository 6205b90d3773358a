// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"strings"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// What a sign-in and a command line ask of Azure Resource Manager before they come to
// clusters: the endpoints of the cloud, the subscriptions and their resource groups.

// cloudEndpoints is what /metadata/endpoints says of a cloud.
func (s *Server) cloudEndpoints(c *call) (*answer, *apiError) {
	host := strings.TrimPrefix(strings.TrimPrefix(c.base, "https://"), "http://")
	return ok(map[string]any{
		"name": "PmksSimulated", "portal": c.base, "resourceManager": c.base, "graphAudience": c.base + "/graph", "gallery": c.base,
		"microsoftGraphResourceId": c.base + "/graph", "activeDirectoryDataLake": c.base, "batch": c.base, "media": c.base,
		"sqlManagement": c.base, "vmImageAliasDoc": c.base,
		"authentication": map[string]any{
			"loginEndpoint": c.base, "audiences": []string{armAudiences[2], armAudiences[0]}, "tenant": "common", "identityProvider": "AAD",
		},
		"suffixes": map[string]string{"storage": host, "keyVaultDns": host, "acrLoginServer": host, "sqlServerHostname": host},
	})
}

type (
	tenantObject struct {
		ID          string `json:"id"`
		TenantID    string `json:"tenantId"`
		DisplayName string `json:"displayName"`
		Category    string `json:"tenantCategory"`
	}
	subscriptionObject struct {
		ID             string `json:"id"`
		SubscriptionID string `json:"subscriptionId"`
		TenantID       string `json:"tenantId"`
		DisplayName    string `json:"displayName"`
		State          string `json:"state"`
		Source         string `json:"authorizationSource"`
		Managers       []any  `json:"managedByTenants"`
		Policies       struct {
			LocationPlacementID string `json:"locationPlacementId"`
			QuotaID             string `json:"quotaId"`
			SpendingLimit       string `json:"spendingLimit"`
		} `json:"subscriptionPolicies"`
	}
	resourceGroupObject struct {
		ID         string            `json:"id"`
		Name       string            `json:"name"`
		Type       string            `json:"type"`
		Location   string            `json:"location"`
		ManagedBy  string            `json:"managedBy,omitempty"`
		Tags       map[string]string `json:"tags,omitempty"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	locationObject struct {
		ID          string `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	}
)

func (s *Server) listTenants(*call) (*answer, *apiError) {
	return ok(list[tenantObject]{Value: []tenantObject{{"/tenants/" + s.home, s.home, "pmks", "Home"}}})
}

func (s *Server) subscriptionObject() subscriptionObject {
	o := subscriptionObject{ID: "/subscriptions/" + s.subscription, SubscriptionID: s.subscription, TenantID: s.tenant,
		DisplayName: "pmks-" + s.subscription[len(s.subscription)-4:], State: "Enabled", Source: "RoleBased", Managers: []any{}}
	o.Policies.LocationPlacementID, o.Policies.QuotaID, o.Policies.SpendingLimit = "Public_2014-09-01", "PayAsYouGo_2014-09-01", "Off"
	return o
}

// listSubscriptions lists what the principal may see.
func (s *Server) listSubscriptions(*call) (*answer, *apiError) {
	out := list[subscriptionObject]{Value: []subscriptionObject{}}
	for _, id := range s.ids {
		if other := s.Subscription(id); !other.denied && other.tenant == s.home {
			out.Value = append(out.Value, other.subscriptionObject())
		}
	}
	return ok(out)
}

func (s *Server) getSubscription(*call) (*answer, *apiError) { return ok(s.subscriptionObject()) }

func (s *Server) listLocations(*call) (*answer, *apiError) {
	return ok(list[locationObject]{Value: []locationObject{{"/subscriptions/" + s.subscription + "/locations/" + s.location, s.location, s.location}}})
}

func (s *Server) resourceGroupObject(name, location, managedBy string) resourceGroupObject {
	o := resourceGroupObject{ID: "/subscriptions/" + s.subscription + "/resourceGroups/" + name, Name: name, Type: "Microsoft.Resources/resourceGroups",
		Location: location, ManagedBy: managedBy}
	o.Properties.ProvisioningState = "Succeeded"
	return o
}

// getResourceGroup shows a group of the subscription's own, or one that AKS made.
func (s *Server) getResourceGroup(c *call) (*answer, *apiError) {
	if g, found := s.resources.group(c.group()); found {
		return ok(s.resourceGroupObject(g.Name, g.Location, ""))
	}
	rec, _ := s.clusterOfNodeGroup(c.group()) // it exists, or the call was not admitted
	return ok(s.resourceGroupObject(rec.nodeGroup, s.location, s.clusterID(rec, false)))
}

func (s *Server) listResourceGroups(c *call) (*answer, *apiError) {
	all := list[resourceGroupObject]{Value: []resourceGroupObject{}}
	for _, g := range s.resources.ResourceGroups {
		all.Value = append(all.Value, s.resourceGroupObject(g.Name, g.Location, ""))
	}
	for shown := range s.world.All(c.Now) {
		if rec := s.clusters[shown.Attr[attrUID]]; rec.live.State != profile.Gone && !rec.nodesHidden {
			all.Value = append(all.Value, s.resourceGroupObject(rec.nodeGroup, s.location, s.clusterID(rec, false)))
		}
	}
	return paged(s, c, all)
}

// getProvider shows whether the subscription is registered for AKS.
func (s *Server) getProvider(c *call) (*answer, *apiError) {
	state := "Registered"
	if s.unregistered {
		state = "NotRegistered"
	}
	return ok(map[string]any{"id": c.path, "namespace": "Microsoft.ContainerService", "registrationState": state, "resourceTypes": []any{}})
}
