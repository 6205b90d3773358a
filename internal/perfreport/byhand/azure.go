// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

const (
	// azureRows is the largest page of Azure Resource Graph ("Working with large Azure
	// resource data sets").
	azureRows   = 1000
	azureAtOnce = 6
)

// azureLister lists AKS with the clients of the Azure SDK for Go, which retry as they do
// by themselves.
type azureLister struct {
	subscription, group, region string
	clusters                    *aks.ManagedClustersClient
	pools                       *aks.AgentPoolsClient
	machines                    *aks.MachinesClient
	graph                       *arm.Client
}

func newAzure(ctx context.Context, cfg pmks.Config) (Lister, error) {
	place := cloud.AzurePublic
	if cfg.Endpoint != "" {
		place = cloud.Configuration{ActiveDirectoryAuthorityHost: cfg.Settings["authorityHost"], Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: cfg.Endpoint, Audience: place.Services[cloud.ResourceManager].Audience}}}
	}
	options := azcore.ClientOptions{Cloud: place}
	if cfg.Transport != nil {
		options.Transport = &http.Client{Transport: cfg.Transport}
	}
	credential, err := azidentity.NewClientSecretCredential(cfg.Credentials["tenantId"], cfg.Credentials["clientId"], cfg.Credentials["clientSecret"],
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: cfg.Endpoint != ""})
	if err != nil {
		return nil, fmt.Errorf("the credential: %w", err)
	}
	// Signing in is not what is measured; and in virtual time MSAL's lock, under which it
	// waits for Entra, would keep all who wait for that lock from being asleep.
	if _, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{place.Services[cloud.ResourceManager].Audience + "/.default"}, EnableCAE: true}); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	manager := &arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true}
	l := &azureLister{subscription: cfg.Credentials["subscriptionId"], group: cfg.Settings["resourceGroup"], region: cfg.Region}
	services, err := aks.NewClientFactory(l.subscription, credential, manager)
	if err != nil {
		return nil, fmt.Errorf("the clients of AKS: %w", err)
	}
	l.clusters, l.pools, l.machines = services.NewManagedClustersClient(), services.NewAgentPoolsClient(), services.NewMachinesClient()
	if l.graph, err = arm.NewClient("byhand", "v1.0.0", credential, manager); err != nil {
		return nil, fmt.Errorf("the client of Resource Graph: %w", err)
	}
	return l, nil
}

// Serial asks for each cluster, for its pools and for the machines of each by themselves.
func (l *azureLister) Serial(ctx context.Context) (Seen, error) {
	var seen Seen
	clusters, err := l.list(ctx)
	if err != nil {
		return seen, err
	}
	for _, c := range clusters {
		if _, err := l.clusters.Get(ctx, l.group, *c.Name, nil); err != nil {
			return seen, fmt.Errorf("get cluster %s: %w", *c.Name, err)
		}
		seen.Clusters++
		for pages := l.pools.NewListPager(l.group, *c.Name, nil); pages.More(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return seen, fmt.Errorf("list pools of %s: %w", *c.Name, err)
			}
			for _, p := range page.Value {
				n, err := l.nodes(ctx, *c.Name, *p.Name)
				if err != nil {
					return seen, err
				}
				seen.Groups++
				seen.Nodes += n
			}
		}
	}
	return seen, nil
}

// AtOnce lists the clusters beside the first page of the index of machines, and the other
// pages of that side by side; it counts what the index has of each pool.
func (l *azureLister) AtOnce(ctx context.Context) (Seen, error) {
	var seen Seen
	var clusters []*aks.ManagedCluster
	var first azurePage
	var work errgroup.Group
	work.SetLimit(azureAtOnce)
	work.Go(func() (err error) { clusters, err = l.list(ctx); return err })
	work.Go(func() (err error) { first, err = l.page(ctx, 0); return err })
	if err := work.Wait(); err != nil {
		return seen, err
	}
	for _, c := range clusters {
		seen.Clusters++
		seen.Groups += len(c.Properties.AgentPoolProfiles)
	}
	pages := []azurePage{first}
	if n := len(first.Data); n > 0 {
		pages = make([]azurePage, (first.Total+n-1)/n)
		pages[0] = first
		for i := 1; i < len(pages); i++ {
			work.Go(func() (err error) { pages[i], err = l.page(ctx, i*n); return err })
		}
		if err := work.Wait(); err != nil {
			return seen, err
		}
	}
	has := map[string]int{} // machines of pools, by the resource group of the nodes and the pool
	for _, page := range pages {
		for _, row := range page.Data {
			parts := strings.Split(strings.ToLower(row.ID), "/")
			if len(parts) == 11 {
				name := strings.Split(parts[8], "-") // aks-POOL-NUMBER-vmss
				has[parts[4]+"/"+name[min(1, len(name)-1)]]++
			}
		}
	}
	for _, c := range clusters {
		for _, p := range c.Properties.AgentPoolProfiles {
			n := has[strings.ToLower(*c.Properties.NodeResourceGroup+"/"+*p.Name)]
			if n != int(*p.Count) {
				return seen, fmt.Errorf("the index has %d machines of %s/%s, which has %d", n, *c.Name, *p.Name, *p.Count)
			}
			seen.Nodes += n
		}
	}
	return seen, nil
}

func (l *azureLister) list(ctx context.Context) ([]*aks.ManagedCluster, error) {
	var all []*aks.ManagedCluster
	for pages := l.clusters.NewListByResourceGroupPager(l.group, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		all = append(all, page.Value...)
	}
	return all, nil
}

// nodes counts the machines of a pool.
func (l *azureLister) nodes(ctx context.Context, cluster, pool string) (int, error) {
	n := 0
	for pages := l.machines.NewListPager(l.group, cluster, pool, nil); pages.More(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("list machines of %s/%s: %w", cluster, pool, err)
		}
		n += len(page.Value)
	}
	return n, nil
}

// azurePage is an answer of Azure Resource Graph.
type azurePage struct {
	Total int `json:"totalRecords"`
	Data  []struct {
		ID           string `json:"id"`
		ComputerName string `json:"computerName"`
	} `json:"data"`
}

// page asks Azure Resource Graph for the machines of scale sets from a place on.
func (l *azureLister) page(ctx context.Context, skip int) (out azurePage, err error) {
	r, err := runtime.NewRequest(ctx, http.MethodPost, runtime.JoinPaths(l.graph.Endpoint(), "/providers/Microsoft.ResourceGraph/resources"))
	if err != nil {
		return out, err
	}
	r.Raw().URL.RawQuery = "api-version=2024-04-01"
	if err := runtime.MarshalAsJSON(r, map[string]any{
		"subscriptions": []string{l.subscription},
		"query": "computeresources | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines'" +
			" | where location =~ '" + l.region + "' | where id contains '/virtualMachineScaleSets/aks'" +
			" | project id, computerName = tostring(properties.osProfile.computerName) | order by id asc",
		"options": map[string]any{"resultFormat": "objectArray", "$top": azureRows, "$skip": skip},
	}); err != nil {
		return out, err
	}
	response, err := l.graph.Pipeline().Do(r)
	if err != nil {
		return out, fmt.Errorf("ask Resource Graph: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it has been read, or nothing comes of it
	if !runtime.HasStatusCode(response, http.StatusOK) {
		return out, fmt.Errorf("ask Resource Graph: %w", runtime.NewResponseError(response))
	}
	return out, runtime.UnmarshalAsJSON(response, &out)
}
