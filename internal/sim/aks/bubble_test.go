// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_bubble: with the vendor's own credential, retries and pollers, whole
// operations pass in virtual time. Tokens end and are asked for again.
func TestServer_bubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1})
		options := clientOptions(simURL, &http.Client{Transport: s.Transport()})
		credential, err := azidentity.NewClientSecretCredential(DefaultTenantID, DefaultClientID, DefaultClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options.ClientOptions, DisableInstanceDiscovery: true})
		wiretest.Must(t, err)
		clusters, err := armcontainerservice.NewManagedClustersClient(DefaultSubscriptionID, credential, options)
		wiretest.Must(t, err)
		start := time.Now()
		created, err := clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", clusterInput(), nil)
		wiretest.Must(t, err)
		wiretest.OK(created.PollUntilDone(t.Context(), nil))(t)
		if took := time.Since(start); took < 4*time.Minute || took > 10*time.Minute {
			t.Errorf("the creation took %s", took)
		}
		time.Sleep(3 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		deleted, err := clusters.BeginDelete(t.Context(), testGroup, "a", nil)
		wiretest.Must(t, err)
		wiretest.OK(deleted.PollUntilDone(t.Context(), nil))(t)
		if s.Count("Token") < 2 || s.Count("Operations_GetStatus") < 10 {
			t.Errorf("calls: %v", s.Counts())
		}
	})
}
