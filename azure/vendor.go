// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package azure

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// Clients are what [Handler.Vendor] returns: the SDK's factories, each of which makes
// the clients of one service in the subscription of the handler.
type Clients struct {
	// ContainerService is AKS: clusters, agent pools, machines, planned maintenance, run
	// command, start and stop.
	ContainerService *aks.ClientFactory
	Network          *armnetwork.ClientFactory
	Compute          *armcompute.ClientFactory

	// Credential and Options make clients of other services; Options.Retry lets them
	// repeat requests.
	Credential azcore.TokenCredential
	Options    *arm.ClientOptions
}

// Vendor returns the SDK's own clients with the credential, the endpoints and the
// transport of the handler, for what pmks does not cover. It makes no call. Their
// requests pass by the rates that the handler keeps to and are repeated by nobody, and
// their errors are those of the SDK.
//
// What is changed there is seen by the next read. AKS takes one change of a cluster at
// a time, whoever makes it.
//
// A program that does not call Vendor does not hold the whole APIs, unless something in it
// looks methods up by their names, as text/template does: then it does without with the
// build tag pmks_novendor, which takes Vendor away. [Handler.SDK] stays.
func (h *Handler) Vendor() Clients {
	credential, options := h.SDK()
	v := Clients{Credential: credential, Options: options}
	var err error
	if v.ContainerService, err = aks.NewClientFactory(h.cfg.SubscriptionID, credential, options); err == nil {
		if v.Network, err = armnetwork.NewClientFactory(h.cfg.SubscriptionID, credential, options); err == nil {
			v.Compute, err = armcompute.NewClientFactory(h.cfg.SubscriptionID, credential, options)
		}
	}
	if err != nil {
		panic("azure: the SDK makes no clients of what New has made some: " + err.Error())
	}
	return v
}
