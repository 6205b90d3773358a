// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/oauth2adapt"
	container "cloud.google.com/go/container/apiv1"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/refuse"
)

// scopes are those of requests and of cluster tokens alike. Without the second one
// a cluster knows a service account by a number, and not by its e-mail.
var scopes = []string{"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"}

// tokenURI is where the key of a service account is exchanged for a token.
const tokenURI = "https://oauth2.googleapis.com/token"

// mutationTimeout bounds a mutation whose context has no end, as the client library
// does.
const mutationTimeout = 45 * time.Second

// clients holds the clients of both services.
type clients struct {
	gke     *container.ClusterManagerClient
	compute *compute.Service
	creds   *auth.Credentials
	idle    func()
}

func (c clients) close() error {
	c.idle()
	if err := c.gke.Close(); err != nil {
		return fail(err)
	}
	return nil
}

// GKE returns the client of GKE as the handler uses it, for what pmks does not
// cover. It ends with the handler.
func (h *Handler) GKE() *container.ClusterManagerClient { return h.api.gke }

// Compute returns the client of Compute Engine as the handler uses it.
func (h *Handler) Compute() *compute.Service { return h.api.compute }

func newClients(ctx context.Context, cfg *Config) (clients, error) {
	base, idle := cfg.Transport, func() {}
	if base == nil {
		own := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: limit.Concurrency, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second}
		base, idle = own, own.CloseIdleConnections
	}
	creds, err := newCredentials(cfg, &http.Client{Transport: base})
	if err != nil {
		return clients{}, err
	}
	if cfg.ProjectID == "" {
		if cfg.ProjectID, err = creds.ProjectID(ctx); err != nil || cfg.ProjectID == "" {
			return clients{}, refuse.Invalid("Credentials.projectId", "is required: the credentials name no project")
		}
	}
	web := &http.Client{Transport: &bearer{creds: creds, next: base, logger: cfg.Logger}}
	c := clients{creds: creds, idle: idle}
	if c.compute, err = compute.NewService(ctx, computeOptions(cfg, web)...); err != nil {
		return clients{}, fail(err)
	}
	if cfg.Protocol == protocolREST {
		opts := []option.ClientOption{option.WithHTTPClient(web)}
		if cfg.Endpoint != "" {
			opts = append(opts, option.WithEndpoint(cfg.Endpoint))
		}
		c.gke, err = container.NewClusterManagerRESTClient(ctx, opts...)
	} else {
		c.gke, err = container.NewClusterManagerClient(ctx, grpcOptions(cfg, creds)...)
	}
	if err != nil {
		return clients{}, fail(err)
	}
	// The library repeats deletions; only a look can tell whether the first one
	// happened.
	once := []gax.CallOption{gax.WithTimeout(mutationTimeout)}
	c.gke.CallOptions.DeleteCluster, c.gke.CallOptions.DeleteNodePool = once, once
	return c, nil
}

func computeOptions(cfg *Config, web *http.Client) []option.ClientOption {
	opts := []option.ClientOption{option.WithHTTPClient(web)}
	if cfg.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(cfg.Endpoint, "/")+"/compute/v1/"))
	}
	return opts
}

func grpcOptions(cfg *Config, creds *auth.Credentials) []option.ClientOption {
	opts := []option.ClientOption{option.WithAuthCredentials(creds), option.WithUserAgent("pmks")}
	if cfg.Logger != nil {
		opts = append(opts, option.WithGRPCDialOption(grpc.WithUnaryInterceptor(logCalls(cfg.Logger))))
	}
	for _, dial := range cfg.DialOptions {
		opts = append(opts, option.WithGRPCDialOption(dial))
	}
	u, err := url.Parse(cfg.Endpoint)
	if cfg.Endpoint == "" || err != nil {
		return opts
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	opts = append(opts, option.WithEndpoint(host))
	if u.Scheme == "http" {
		opts = append(opts, option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	}
	return opts
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newCredentials makes the way to get tokens. None is got yet.
func newCredentials(cfg *Config, client *http.Client) (*auth.Credentials, error) {
	opts := &credentials.DetectOptions{Scopes: scopes, Client: client,
		// A token for a kubeconfig should live for a while.
		EarlyTokenRefresh: 10 * time.Minute, DisableAsyncRefresh: true}
	key := []byte(cfg.CredentialsJSON)
	switch {
	case cfg.TokenSource != nil:
		return auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: oauth2adapt.TokenProviderFromTokenSource(cfg.TokenSource)}), nil
	case cfg.ClientEmail != "":
		var err error
		if key, err = json.Marshal(map[string]string{
			"type": "service_account", "project_id": cfg.ProjectID, "client_email": cfg.ClientEmail, "token_uri": tokenURI,
			// Keys that went through an environment have their line ends spelled out.
			"private_key": strings.ReplaceAll(cfg.PrivateKey, `\n`, "\n"),
		}); err != nil {
			return nil, refuse.Invalid("Credentials.privateKey", "cannot be read")
		}
	case cfg.CredentialsFile != "":
		creds, err := credentials.NewCredentialsFromFile(credentials.ServiceAccount, cfg.CredentialsFile, opts)
		if err != nil {
			return nil, refuse.Invalid("Settings.credentialsFile", "%q cannot be read, or is not the key of a service account", cfg.CredentialsFile)
		}
		return creds, nil
	case cfg.CredentialsJSON == "":
		creds, err := credentials.DetectDefault(opts)
		if err != nil {
			return nil, &pmks.Error{Code: pmks.CodeUnauthenticated, Err: err,
				Message: "there are no Application Default Credentials: give the key of a service account, set GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login"}
		}
		return creds, nil
	}
	creds, err := credentials.NewCredentialsFromJSON(credentials.ServiceAccount, key, opts)
	if err != nil {
		// The library's text may quote what it read.
		return nil, refuse.Invalid("Credentials", "are not the key of a service account: check credentialsJson, or clientEmail and privateKey")
	}
	return creds, nil
}

// bearer signs requests, and logs them without their bodies.
type bearer struct {
	creds  *auth.Credentials
	next   http.RoundTripper
	logger *slog.Logger
}

// RoundTrip implements [http.RoundTripper].
func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := b.creds.Token(r.Context())
	if err != nil {
		return nil, noToken(err)
	}
	signed := r.Clone(r.Context())
	signed.Header.Set("Authorization", "Bearer "+token.Value)
	start := time.Now()
	response, err := b.next.RoundTrip(signed)
	if b.logger != nil {
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		b.logger.DebugContext(r.Context(), "gcp: request", "method", r.Method, "path", r.URL.Path, "status", status, "failed", err != nil, "took", time.Since(start))
	}
	return response, err
}

// noToken says why there is no token.
func noToken(err error) error {
	if ended := pmks.CodeOf(err); ended == pmks.CodeCanceled || ended == pmks.CodeTimeout {
		return err
	}
	var refused *auth.Error
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode >= 500 {
		return &pmks.Error{Code: pmks.CodeUnavailable, HTTPStatus: refused.Response.StatusCode, Message: "Google issues no tokens at the moment", Err: err}
	}
	return &pmks.Error{Code: pmks.CodeUnauthenticated, Err: err, Message: refusedCredentials}
}

const refusedCredentials = "Google refused the credentials: check the service account, that its key is not revoked, and the clock of this machine"

// logCalls logs calls of gRPC without their messages.
func logCalls(logger *slog.Logger) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		start := time.Now()
		err := invoke(ctx, method, req, reply, conn, opts...)
		logger.DebugContext(ctx, "gcp: call", "method", method, "failed", err != nil, "took", time.Since(start))
		return err
	}
}
