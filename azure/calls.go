// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// The requests that the provider makes. They are functions and no methods of an interface:
// a client of the SDK that is in an interface, or in a field of a type that is, keeps all
// its methods in any program that looks methods up by their names, as text/template does.
type (
	clusterCalls struct {
		Get                         func(ctx context.Context, group, name string, o *aks.ManagedClustersClientGetOptions) (aks.ManagedClustersClientGetResponse, error)
		NewListByResourceGroupPager func(group string, o *aks.ManagedClustersClientListByResourceGroupOptions) *runtime.Pager[aks.ManagedClustersClientListByResourceGroupResponse]
		ListKubernetesVersions      func(ctx context.Context, location string, o *aks.ManagedClustersClientListKubernetesVersionsOptions) (aks.ManagedClustersClientListKubernetesVersionsResponse, error)
		GetUpgradeProfile           func(ctx context.Context, group, name string, o *aks.ManagedClustersClientGetUpgradeProfileOptions) (aks.ManagedClustersClientGetUpgradeProfileResponse, error)
		ListClusterAdminCredentials func(ctx context.Context, group, name string, o *aks.ManagedClustersClientListClusterAdminCredentialsOptions) (aks.ManagedClustersClientListClusterAdminCredentialsResponse, error)
		ListClusterUserCredentials  func(ctx context.Context, group, name string, o *aks.ManagedClustersClientListClusterUserCredentialsOptions) (aks.ManagedClustersClientListClusterUserCredentialsResponse, error)
		BeginCreateOrUpdate         func(ctx context.Context, group, name string, in aks.ManagedCluster, o *aks.ManagedClustersClientBeginCreateOrUpdateOptions) (*runtime.Poller[aks.ManagedClustersClientCreateOrUpdateResponse], error)
		BeginDelete                 func(ctx context.Context, group, name string, o *aks.ManagedClustersClientBeginDeleteOptions) (*runtime.Poller[aks.ManagedClustersClientDeleteResponse], error)
		BeginUpdateTags             func(ctx context.Context, group, name string, in aks.TagsObject, o *aks.ManagedClustersClientBeginUpdateTagsOptions) (*runtime.Poller[aks.ManagedClustersClientUpdateTagsResponse], error)
	}
	poolCalls struct {
		Get                 func(ctx context.Context, group, cluster, name string, o *aks.AgentPoolsClientGetOptions) (aks.AgentPoolsClientGetResponse, error)
		BeginCreateOrUpdate func(ctx context.Context, group, cluster, name string, in aks.AgentPool, o *aks.AgentPoolsClientBeginCreateOrUpdateOptions) (*runtime.Poller[aks.AgentPoolsClientCreateOrUpdateResponse], error)
		BeginDelete         func(ctx context.Context, group, cluster, name string, o *aks.AgentPoolsClientBeginDeleteOptions) (*runtime.Poller[aks.AgentPoolsClientDeleteResponse], error)
	}
	machineCalls struct {
		NewListPager func(group, cluster, pool string, o *aks.MachinesClientListOptions) *runtime.Pager[aks.MachinesClientListResponse]
	}
	networkCalls struct {
		Get func(ctx context.Context, group, name string, o *armnetwork.VirtualNetworksClientGetOptions) (armnetwork.VirtualNetworksClientGetResponse, error)
	}
	securityGroupCalls struct {
		Get func(ctx context.Context, group, name string, o *armnetwork.SecurityGroupsClientGetOptions) (armnetwork.SecurityGroupsClientGetResponse, error)
	}
	keyCalls struct {
		Get func(ctx context.Context, group, name string, o *armcompute.SSHPublicKeysClientGetOptions) (armcompute.SSHPublicKeysClientGetResponse, error)
	}
)

func newClusterCalls(c *aks.ManagedClustersClient) clusterCalls {
	return clusterCalls{
		Get:                         c.Get,
		NewListByResourceGroupPager: c.NewListByResourceGroupPager,
		ListKubernetesVersions:      c.ListKubernetesVersions,
		GetUpgradeProfile:           c.GetUpgradeProfile,
		ListClusterAdminCredentials: c.ListClusterAdminCredentials,
		ListClusterUserCredentials:  c.ListClusterUserCredentials,
		BeginCreateOrUpdate:         c.BeginCreateOrUpdate,
		BeginDelete:                 c.BeginDelete,
		BeginUpdateTags:             c.BeginUpdateTags,
	}
}

func newPoolCalls(c *aks.AgentPoolsClient) poolCalls {
	return poolCalls{Get: c.Get, BeginCreateOrUpdate: c.BeginCreateOrUpdate, BeginDelete: c.BeginDelete}
}
