// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// BenchmarkServer measures calls through the SDK in process: tokens, sending,
// verifying and decoding.
func BenchmarkServer(b *testing.B) {
	s := New(Options{Seed: 1})
	for i := range 100 {
		seed := core.Seed{Name: fmt.Sprintf("c%d", i)}
		for j := range 5 {
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprintf("ng%d", j)}, DesiredNodeSize: 2})
		}
		wiretest.Must(b, s.Put(seed))
	}
	options := clientOptions(simURL, &http.Client{Transport: s.Transport()})
	credential := wiretest.OK(azidentity.NewClientSecretCredential(DefaultTenantID, DefaultClientID, DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options.ClientOptions, DisableInstanceDiscovery: true}))(b)
	clusters := wiretest.OK(armcontainerservice.NewManagedClustersClient(DefaultSubscriptionID, credential, options))(b)
	wiretest.Bench(b, map[string]func() error{
		"Get":                   func() error { return wiretest.Err(clusters.Get(b.Context(), testGroup, "c50", nil)) },
		"List/100-of-500-pools": func() error { return wiretest.Err(clusters.NewListPager(nil).NextPage(b.Context())) },
	})
}
