// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
)

// trusting sends the requests for API servers of clusters over a transport that trusts the
// authorities of their kubeconfigs, which have gone by before. A provider does so itself
// where it makes its transport; of one that is given to it, as the recorder is, it cannot.
type trusting struct {
	base *http.Transport

	mu sync.Mutex
	// clusters is nil until an authority was seen.
	clusters *http.Transport
	roots    *x509.CertPool
}

// trustClusters lets a transport trust API servers; one that leads to a simulator in process
// needs no trust.
func trustClusters(next http.RoundTripper) http.RoundTripper {
	if base, ok := next.(*http.Transport); ok {
		return &trusting{base: base}
	}
	return next
}

// RoundTrip sends r on.
func (t *trusting) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, kubernetesPath) {
		return t.ofClusters().RoundTrip(r)
	}
	response, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	for _, m := range authorityData.FindAllSubmatch(body, -1) {
		if pem, err := base64.StdEncoding.DecodeString(string(m[1])); err == nil {
			t.see(pem)
		}
	}
	return response, nil
}

func (t *trusting) ofClusters() *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.clusters == nil {
		return t.base
	}
	return t.clusters
}

// see adds an authority. Connections that are there stay as they are.
func (t *trusting) see(pem []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	roots := t.roots
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
	}
	more := roots.Clone()
	if !more.AppendCertsFromPEM(pem) || more.Equal(roots) {
		return
	}
	t.roots, t.clusters = more, t.base.Clone()
	t.clusters.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: more}
}
