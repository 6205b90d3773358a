// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSignToken holds the signature against two vectors of the vendor's own tool, with keys
// alone and with a security token.
func TestSignToken(t *testing.T) {
	t.Parallel()
	const id = "c82e6987e2961451182edacd74faf0001"
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct{ token, signed, signature string }{
		{"", "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version", "d1c16ba3eaba952faf00ebbe32cacd4959b8fce4d6425de80cbbeb8ae92b6b6f"},
		{"STS+tok/en==", "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-version", "21814d7c89d62aa9ced0fd99878fe32c413ac3c55b3334a73cf2f0dd6cf1fb71"},
	} {
		token := signToken(snapshot{id: "testAK", secret: "testSK", token: test.token}, id, at)
		text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(token, "k8s-ack-v2."))
		if err != nil || !strings.HasPrefix(token, "k8s-ack-v2.") {
			t.Fatalf("got %q, %v", token, err)
		}
		var request struct {
			ClusterID string            `json:"clusterId"`
			Method    string            `json:"method"`
			Path      string            `json:"path"`
			Query     map[string]string `json:"query"`
			Headers   map[string]string `json:"headers"`
		}
		if err := json.Unmarshal(text, &request); err != nil {
			t.Fatal(err)
		}
		if request.ClusterID != id || request.Method != http.MethodPost || request.Path != "/" || request.Query["ACKClusterId"] != id {
			t.Errorf("got %+v", request)
		}
		want := "ACS3-HMAC-SHA256 Credential=testAK,SignedHeaders=" + test.signed + ",Signature=" + test.signature
		if got := request.Headers["Authorization"]; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if request.Headers["x-acs-date"] != "2026-11-23T00:00:00Z" || request.Headers["x-acs-security-token"] != test.token || request.Headers["x-acs-action"] != "GetCallerIdentity" {
			t.Errorf("headers %v", request.Headers)
		}
	}
}
