// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"cloud.google.com/go/auth"
	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clusterManager are the calls of GKE that the handler makes. They are functions and no
// methods of an interface: there, or in a field, the client would keep all its methods in
// every program that looks methods up by their names, as text/template does.
type clusterManager struct {
	ListClusters             func(context.Context, *containerpb.ListClustersRequest, ...gax.CallOption) (*containerpb.ListClustersResponse, error)
	GetCluster               func(context.Context, *containerpb.GetClusterRequest, ...gax.CallOption) (*containerpb.Cluster, error)
	CreateCluster            func(context.Context, *containerpb.CreateClusterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	DeleteCluster            func(context.Context, *containerpb.DeleteClusterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	UpdateMaster             func(context.Context, *containerpb.UpdateMasterRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetLabels                func(context.Context, *containerpb.SetLabelsRequest, ...gax.CallOption) (*containerpb.Operation, error)
	GetNodePool              func(context.Context, *containerpb.GetNodePoolRequest, ...gax.CallOption) (*containerpb.NodePool, error)
	CreateNodePool           func(context.Context, *containerpb.CreateNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	DeleteNodePool           func(context.Context, *containerpb.DeleteNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	UpdateNodePool           func(context.Context, *containerpb.UpdateNodePoolRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetNodePoolSize          func(context.Context, *containerpb.SetNodePoolSizeRequest, ...gax.CallOption) (*containerpb.Operation, error)
	SetNodePoolAutoscaling   func(context.Context, *containerpb.SetNodePoolAutoscalingRequest, ...gax.CallOption) (*containerpb.Operation, error)
	ListOperations           func(context.Context, *containerpb.ListOperationsRequest, ...gax.CallOption) (*containerpb.ListOperationsResponse, error)
	GetOperation             func(context.Context, *containerpb.GetOperationRequest, ...gax.CallOption) (*containerpb.Operation, error)
	GetServerConfig          func(context.Context, *containerpb.GetServerConfigRequest, ...gax.CallOption) (*containerpb.ServerConfig, error)
	FetchClusterUpgradeInfo  func(context.Context, *containerpb.FetchClusterUpgradeInfoRequest, ...gax.CallOption) (*containerpb.ClusterUpgradeInfo, error)
	FetchNodePoolUpgradeInfo func(context.Context, *containerpb.FetchNodePoolUpgradeInfoRequest, ...gax.CallOption) (*containerpb.NodePoolUpgradeInfo, error)
}

func newClusterManager(c *container.ClusterManagerClient) clusterManager {
	return clusterManager{
		ListClusters:             c.ListClusters,
		GetCluster:               c.GetCluster,
		CreateCluster:            c.CreateCluster,
		DeleteCluster:            c.DeleteCluster,
		UpdateMaster:             c.UpdateMaster,
		SetLabels:                c.SetLabels,
		GetNodePool:              c.GetNodePool,
		CreateNodePool:           c.CreateNodePool,
		DeleteNodePool:           c.DeleteNodePool,
		UpdateNodePool:           c.UpdateNodePool,
		SetNodePoolSize:          c.SetNodePoolSize,
		SetNodePoolAutoscaling:   c.SetNodePoolAutoscaling,
		ListOperations:           c.ListOperations,
		GetOperation:             c.GetOperation,
		GetServerConfig:          c.GetServerConfig,
		FetchClusterUpgradeInfo:  c.FetchClusterUpgradeInfo,
		FetchNodePoolUpgradeInfo: c.FetchNodePoolUpgradeInfo,
	}
}

// clients holds the clients of both services.
type clients struct {
	gke     clusterManager
	vendor  vendorClients // what gke is, where the program has Handler.Vendor
	end     func() error
	compute engine
	options []option.ClientOption // of a client of compute of the user's own
	tokens  *tokens
	limiter *fanout.Limiter
	keys    []string // private keys
	idle    func()
}

// secrets are what must not be shown: the key, and the token of the moment.
func (c clients) secrets() []string { return append(c.tokens.values(), c.keys...) }

func (c clients) close() error {
	c.idle()
	return fail(c.end())
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
	c.limiter = cfg.limiter()
	carrier := &endpoint.Carrier{Next: base, Provider: Name, Logger: cfg.Logger, Secrets: c.secrets}
	web := &http.Client{Transport: &bearer{tokens: c.tokens, next: carrier}}
	c.options = computeOptions(cfg, web)
	c.compute = newEngine(cfg, web)
	var sdk *container.ClusterManagerClient
	if cfg.Protocol == protocolREST {
		opts := []option.ClientOption{option.WithHTTPClient(web)}
		if cfg.Endpoint != "" {
			opts = append(opts, option.WithEndpoint(cfg.Endpoint))
		}
		sdk, err = container.NewClusterManagerRESTClient(ctx, opts...)
	} else {
		sdk, err = container.NewClusterManagerClient(ctx, grpcOptions(cfg, creds, c.tokens)...)
	}
	if err != nil {
		return clients{}, fail(err)
	}
	// What is repeated, and how long one try may take, is decided in package fanout. The
	// client reads the struct that it was made with, so it is emptied in place.
	*sdk.CallOptions = container.ClusterManagerCallOptions{}
	c.gke, c.end, c.vendor = newClusterManager(sdk), sdk.Close, newVendorClients(sdk)
	return c, nil
}

func computeOptions(cfg *Config, web *http.Client) []option.ClientOption {
	opts := []option.ClientOption{option.WithHTTPClient(web)}
	if cfg.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(computeBase(cfg)))
	}
	return opts
}

// pings find a connection that died unnoticed by its silence: all calls of a handler are
// made over one, and would go into it for a quarter of an hour. Only what waits for an
// answer for half a minute has them sent.
var pings = keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}

func grpcOptions(cfg *Config, creds *auth.Credentials, t *tokens) []option.ClientOption {
	opts := []option.ClientOption{option.WithAuthCredentials(creds), option.WithUserAgent("pmks"),
		option.WithGRPCDialOption(grpc.WithChainUnaryInterceptor(t.interceptor)), option.WithGRPCDialOption(grpc.WithKeepaliveParams(pings))}
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
