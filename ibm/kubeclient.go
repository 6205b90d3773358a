// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// way is how a call comes to the API of a cluster.
type way struct {
	// admin is the certificate of the administrator, where it is at hand.
	admin *kubeconfig.Config
	// changes: the call changes something, so that it may also make the caller's roles
	// known to the cluster. A read leaves that to others.
	changes bool
}

// kubeClient makes requests of the API of one cluster.
type kubeClient struct {
	client *http.Client
	url    string
	token  string
}

// withCluster calls f with a client of a cluster's API, which has the certificate of the
// administrator, read if it is not at hand. Where the user's transport cannot carry that,
// a token goes instead.
func withCluster[T any](ctx context.Context, h *Handler, c clusterObject, w way, f func(*kubeClient) (T, error)) (out T, err error) {
	if err := h.checkReachable(c); err != nil {
		return out, err
	}
	server := h.endpoint(c)
	if err := endpoint.Check("Endpoint", server, false); err != nil {
		return out, err
	}
	k := &kubeClient{url: strings.TrimRight(server, "/") + configMapPath}
	var base *http.Transport
	switch t := h.cfg.Transport.(type) {
	case nil:
		base = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, HTTP2: endpoint.Pings()}
	case *http.Transport:
		base = t.Clone()
	default:
		k.client = h.api.client
		for range 2 {
			var token bearer
			if token, err = h.clusterToken(ctx); err != nil {
				return out, err
			}
			k.token = token.value
			if out, err = f(k); !errs.Is(err, pmks.CodeUnauthenticated) {
				break
			}
			h.api.clusterTokens.Drop(func(b bearer) bool { return b.value == token.value })
		}
		if !errs.Is(err, pmks.CodePermissionDenied) || !w.changes {
			return out, err
		}
		// The roles may not have reached the cluster.
		if err := h.syncRoles(ctx, c); err != nil {
			return out, err
		}
		return f(k)
	}
	admin := w.admin
	if admin == nil {
		read, err := h.adminConfig(ctx, c)
		if err != nil {
			return out, err
		}
		admin = &read
	}
	if base.TLSClientConfig, err = tlsConfig(base.TLSClientConfig, *admin); err != nil {
		return out, err
	}
	defer base.CloseIdleConnections()
	k.client = &http.Client{Transport: &endpoint.Carrier{Next: endpoint.Guard(base), Provider: Name, Logger: h.cfg.Logger,
		Secrets: func() []string { return []string{admin.ClientKey.Reveal()} }}}
	return f(k)
}

// checkReachable says why the API of a cluster cannot be reached from here, where that is
// known: a private endpoint would only be waited for in vain.
func (h *Handler) checkReachable(c clusterObject) error {
	e := c.ServiceEndpoints
	switch {
	case h.endpoint(c) == "":
		return refuse.Precondition("the cluster has no endpoint of the kind that the setting endpointType=%s names", h.cfg.EndpointType)
	case h.cfg.EndpointType == endpointPublic && !h.cfg.PrivateOnly && !e.PublicEnabled && e.PrivateEnabled:
		return refuse.Precondition("the API of the cluster has a private endpoint only: call from within IBM Cloud, with the setting endpointType=private")
	}
	return nil
}

// tlsConfig trusts the cluster's own authority and shows the administrator's certificate.
func tlsConfig(base *tls.Config, admin kubeconfig.Config) (*tls.Config, error) {
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	base = base.Clone()
	pair, err := tls.X509KeyPair([]byte(admin.ClientCertificate), []byte(admin.ClientKey.Reveal()))
	if err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInternal, Message: "the certificate of the administrator cannot be used"}
	}
	base.Certificates = []tls.Certificate{pair}
	if admin.CAData != "" {
		if base.RootCAs == nil {
			base.RootCAs = x509.NewCertPool()
		} else {
			base.RootCAs = base.RootCAs.Clone() // it is the user's
		}
		base.RootCAs.AppendCertsFromPEM([]byte(admin.CAData))
	}
	return base, nil
}

func (k *kubeClient) read(ctx context.Context, h *Handler) (*configMap, error) {
	return fanout.Read(ctx, h.api.limiter, bucketCluster, func(ctx context.Context) (*configMap, error) {
		body, err := k.do(ctx, http.MethodGet, nil)
		if err != nil {
			return nil, err
		}
		return decodeConfigMap(body)
	})
}

// do makes one request.
func (k *kubeClient) do(ctx context.Context, method string, body []byte) ([]byte, error) {
	const name = "the cluster's API"
	req, err := http.NewRequestWithContext(ctx, method, k.url, bytes.NewReader(body))
	if err != nil {
		return nil, unsendable(err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.token != "" {
		req.Header.Set("Authorization", "Bearer "+k.token)
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, unreachable(name, err)
	}
	answer, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err != nil:
		return nil, unreachable(name, err)
	case resp.StatusCode != http.StatusOK:
		return nil, refusedBy(name, resp.StatusCode, resp.Header, answer)
	}
	return answer, nil
}
