// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
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
		if err := s.Put(seed); err != nil {
			b.Fatal(err)
		}
	}
	options := clientOptions(simURL, &http.Client{Transport: s.Transport()})
	var credential azcore.TokenCredential
	credential, err := azidentity.NewClientSecretCredential(DefaultTenantID, DefaultClientID, DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options.ClientOptions, DisableInstanceDiscovery: true})
	if err != nil {
		b.Fatal(err)
	}
	clusters, err := armcontainerservice.NewManagedClustersClient(DefaultSubscriptionID, credential, options)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := clusters.Get(b.Context(), testGroup, "c50", nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("List/100-of-500-pools", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := clusters.NewListPager(nil).NextPage(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
