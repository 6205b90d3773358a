// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestTrustClusters: an API server whose certificate is of the authority of its kubeconfig
// is reached, once the kubeconfig has gone by; nothing else is trusted for it.
func TestTrustClusters(t *testing.T) {
	t.Parallel()
	cluster := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer cluster.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cluster.Certificate().Raw})
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "clusters:\n- cluster:\n    certificate-authority-data: %s\n", base64.StdEncoding.EncodeToString(authority))
	}))
	defer cloud.Close()
	next := trustClusters(&http.Transport{})
	get := func(url string) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := next.RoundTrip(req)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	api := cluster.URL + kubernetesPath + "kube-system/configmaps/x"
	if err := get(api); err == nil {
		t.Error("it is trusted before its kubeconfig was seen")
	}
	for range 2 {
		if err := get(cloud.URL); err != nil {
			t.Fatal(err)
		}
		if err := get(api); err != nil {
			t.Error(err)
		}
	}
	if err := get(cluster.URL + "/v2/clusters"); err == nil {
		t.Error("its authority is trusted for the cloud too")
	}
}
