// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clusterManager are the calls of GKE that the handler makes.
type clusterManager interface {
	ListClusters(context.Context, *containerpb.ListClustersRequest, ...gax.CallOption) (*containerpb.ListClustersResponse, error)
	GetCluster(context.Context, *containerpb.GetClusterRequest, ...gax.CallOption) (*containerpb.Cluster, error)
	CreateCluster(context.Context, *containerpb.CreateClusterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	DeleteCluster(context.Context, *containerpb.DeleteClusterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	UpdateMaster(context.Context, *containerpb.UpdateMasterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetLabels(context.Context, *containerpb.SetLabelsRequest, ...gax.CallOption) (*containerpb.Operation, error)
	GetNodePool(context.Context, *containerpb.GetNodePoolRequest, ...gax.CallOption) (*containerpb.NodePool, error)
	CreateNodePool(context.Context, *containerpb.CreateNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	DeleteNodePool(context.Context, *containerpb.DeleteNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	UpdateNodePool(context.Context, *containerpb.UpdateNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetNodePoolSize(context.Context, *containerpb.SetNodePoolSizeRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetNodePoolAutoscaling(context.Context, *containerpb.SetNodePoolAutoscalingRequest, ...gax.CallOption) (*containerpb.Operation, error)
	ListOperations(context.Context, *containerpb.ListOperationsRequest, ...gax.CallOption) (*containerpb.ListOperationsResponse, error)
	GetOperation(context.Context, *containerpb.GetOperationRequest, ...gax.CallOption) (*containerpb.Operation, error)
	GetServerConfig(context.Context, *containerpb.GetServerConfigRequest, ...gax.CallOption) (*containerpb.ServerConfig, error)
}

// engine are the calls of Compute Engine that the handler makes. They are functions
// because its client, in a field or behind an interface, would keep the whole API in
// every program: 13 MB.
type engine struct {
	network    func(ctx context.Context, project, name string) (*compute.Network, error)
	subnetwork func(ctx context.Context, project, region, name string) (*compute.Subnetwork, error)
	manager    func(ctx context.Context, project, zone, name string) (*compute.InstanceGroupManager, error)
	instances  func(ctx context.Context, project, zone, name, pageToken string) (*compute.InstanceGroupManagersListManagedInstancesResponse, error)
}

// clients holds the clients of both services.
type clients struct {
	gke     clusterManager
	sdk     *container.ClusterManagerClient // what gke is, for [Handler.GKE]
	compute engine
	options []option.ClientOption // of compute
	tokens  *tokens
	limiter *fanout.Limiter
	keys    []string // private keys
	idle    func()
}

// secrets are what must not be shown: the key, and the token of the moment.
func (c clients) secrets() []string { return append(c.tokens.values(), c.keys...) }

func (c clients) close() error {
	c.idle()
	return fail(c.sdk.Close())
}

// GKE returns the client of GKE as the handler uses it, for what pmks does not
// cover. It ends with the handler.
func (h *Handler) GKE() *container.ClusterManagerClient { return h.api.sdk }

// NewComputeService returns a client of Compute Engine with the credentials,
// endpoint and transport of a handler, for what pmks does not cover. It is a function
// and no method so that only programs that call it hold the whole API.
func NewComputeService(ctx context.Context, h *Handler) (*compute.Service, error) {
	s, err := compute.NewService(ctx, h.api.options...)
	return s, fail(err)
}

func newClients(ctx context.Context, cfg *Config) (clients, error) {
	base, idle := endpoint.Transport(cfg.Transport)
	creds, key, err := newCredentials(cfg, &http.Client{Transport: base})
	if err != nil {
		return clients{}, err
	}
	if cfg.ProjectID == "" {
		if cfg.ProjectID, err = creds.ProjectID(ctx); err != nil || cfg.ProjectID == "" {
			return clients{}, refuse.Invalid("Credentials.projectId", "is required: the credentials name no project")
		}
	}
	c := clients{tokens: newTokens(creds.TokenProvider), keys: []string{key}, idle: idle}
	creds.TokenProvider = c.tokens
	if cfg.RateLimits == ratesNone {
		c.limiter = fanout.NewLimiter(nil)
	} else {
		c.limiter = fanout.NewLimiter(published)
	}
	carrier := &endpoint.Carrier{Next: base, Provider: Name, Logger: cfg.Logger, Secrets: c.secrets}
	web := &http.Client{Transport: &bearer{tokens: c.tokens, next: carrier}}
	c.options = computeOptions(cfg, web)
	if c.compute, err = newEngine(ctx, c.options); err != nil {
		return clients{}, fail(err)
	}
	if cfg.Protocol == protocolREST {
		opts := []option.ClientOption{option.WithHTTPClient(web)}
		if cfg.Endpoint != "" {
			opts = append(opts, option.WithEndpoint(cfg.Endpoint))
		}
		c.sdk, err = container.NewClusterManagerRESTClient(ctx, opts...)
	} else {
		c.sdk, err = container.NewClusterManagerClient(ctx, grpcOptions(cfg, creds, c.tokens)...)
	}
	if err != nil {
		return clients{}, fail(err)
	}
	// What is repeated, and how long one try may take, is decided in package fanout. The
	// client reads the struct that it was made with, so it is emptied in place.
	*c.sdk.CallOptions = container.ClusterManagerCallOptions{}
	c.gke = c.sdk
	return c, nil
}

func newEngine(ctx context.Context, opts []option.ClientOption) (engine, error) {
	s, err := compute.NewService(ctx, opts...)
	if err != nil {
		return engine{}, err
	}
	return engine{
		network: func(ctx context.Context, project, name string) (*compute.Network, error) {
			return s.Networks.Get(project, name).Context(ctx).Do()
		},
		subnetwork: func(ctx context.Context, project, region, name string) (*compute.Subnetwork, error) {
			return s.Subnetworks.Get(project, region, name).Context(ctx).Do()
		},
		manager: func(ctx context.Context, project, zone, name string) (*compute.InstanceGroupManager, error) {
			return s.InstanceGroupManagers.Get(project, zone, name).Context(ctx).Do()
		},
		instances: func(ctx context.Context, project, zone, name, pageToken string) (*compute.InstanceGroupManagersListManagedInstancesResponse, error) {
			call := s.InstanceGroupManagers.ListManagedInstances(project, zone, name).Context(ctx)
			if pageToken != "" {
				call = call.PageToken(pageToken)
			}
			return call.Do()
		},
	}, nil
}

func computeOptions(cfg *Config, web *http.Client) []option.ClientOption {
	opts := []option.ClientOption{option.WithHTTPClient(web)}
	if cfg.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(cfg.Endpoint, "/")+"/compute/v1/"))
	}
	return opts
}

func grpcOptions(cfg *Config, creds *auth.Credentials, t *tokens) []option.ClientOption {
	opts := []option.ClientOption{option.WithAuthCredentials(creds), option.WithUserAgent("pmks"),
		option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(t.interceptor))}
	if cfg.Logger != nil {
		opts = append(opts, option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(logCalls(cfg.Logger))))
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

// logCalls logs calls of gRPC without their messages.
func logCalls(logger *slog.Logger) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		start := time.Now()
		err := invoke(ctx, method, req, reply, conn, opts...)
		logger.DebugContext(ctx, "gcp: call", "method", method, "failed", err != nil, "took", time.Since(start))
		return err
	}
}
