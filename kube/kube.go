// SPDX-License-Identifier: Apache-2.0

// Package kube leads from a cluster to a Kubernetes client, with no plugin and no
// vendor's program installed:
//
//	cfg, err := kube.RESTConfig(ctx, client, pmks.IID{NameId: "demo"})
//	clients, err := kubernetes.NewForConfig(cfg)
//
// [RESTConfig] is for programs on client-go, [TokenSource] for those that bring a
// transport of their own, [Kubeconfig], [MergeKubeconfig] and [RemoveKubeconfig] are
// for kubectl and its kin. Package clientset below makes a typed clientset in one
// call; it is apart because it makes a program 23 MB larger.
//
// # Credentials
//
// What the cloud issues decides: a client certificate where the kubeconfig of the
// cluster holds one, else bearer tokens from [pmks.TokenIssuer]. Both are renewed
// before they end, one renewal at a time for all goroutines that share a config, and
// once when the API server refuses them. A request is repeated then if its body can
// be read again, as that of every request of client-go can.
//
// # What may change under a client
//
// The endpoint and the certificate authority of a cluster are read again when the API
// server cannot be reached, or cannot be trusted any more, at most once a minute; a
// client goes on with what the cloud says then. Upgraded connections (exec,
// port-forward) use what was known when the config was made.
//
// # Errors
//
// Every error is, or wraps, a [*pmks.Error] that names the way out; requests of
// client-go that fail on their way return one inside an [*url.Error], so that
// errors.Is(err, pmks.ErrNotFound) is true for a cluster that was deleted meanwhile. A
// credential that is refused although it is new is pmks.ErrUnauthenticated and, to
// apierrors.IsUnauthorized, what it always was. No error holds a credential.
package kube

import (
	"context"
	"log/slog"
	"net/url"

	"k8s.io/client-go/rest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// Option changes how a cluster is reached.
type Option func(*options)

type options struct {
	server string
	logger *slog.Logger
}

// WithServer reaches the API server at another URL than the one the cloud tells: the
// near end of a tunnel into the network of a private cluster. The certificate of the
// server must still be that of the cluster.
func WithServer(serverURL string) Option { return func(o *options) { o.server = serverURL } }

// WithLogger logs what a client does by itself: renewals that failed while the old
// credential was good, and endpoints and authorities that changed. Nil means silence,
// which is the default.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

func newOptions(opts []Option) options {
	var o options
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if o.logger == nil {
		o.logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// RESTConfig returns a client-go configuration for a cluster. ctx bounds this call
// alone; what is renewed later is bounded by the context of the request that needs it.
//
// The config may be changed and copied as any other (QPS, UserAgent, Timeout,
// Impersonate); all copies share one credential. What authenticates is in its
// WrapTransport: what replaces that replaces the credential. It needs no Close.
//
// ErrBusy: the cluster is being created. ErrFailedPrecondition: it is being deleted, is
// stopped, or has no endpoint that can be reached. ErrUnauthenticated: the cloud issued a
// credential that has ended. ErrNotFound: no such cluster.
func RESTConfig(ctx context.Context, h pmks.ClusterHandler, clusterIID pmks.IID, opts ...Option) (*rest.Config, error) {
	const op = "RESTConfig"
	o := newOptions(opts)
	if o.server != "" {
		if err := checkServer(o.server); err != nil {
			return nil, annotate(err, h, op, clusterIID)
		}
	}
	c, err := connect(ctx, h, clusterIID, o)
	if err != nil {
		return nil, annotate(err, h, op, clusterIID)
	}
	f := c.facts.peek()
	cfg := &rest.Config{
		Host:            f.value.server.String(),
		TLSClientConfig: f.value.tls(),
	}
	cfg.Wrap(c.wrap)
	return cfg, nil
}

// annotate says where an error happened.
func annotate(err error, h pmks.ClusterHandler, op string, iid pmks.IID) error {
	where := pmks.Error{Op: op, Cluster: iid}
	if r, ok := h.(pmks.CapabilityReporter); ok {
		where.Provider = r.Capabilities().Provider
	}
	return pmks.Annotate(err, where)
}

// checkServer refuses a server that a credential must not be sent to.
func checkServer(server string) error {
	_, err := parseServer(server)
	return err
}

func parseServer(server string) (*url.URL, error) {
	if err := kubeconfig.CheckServer(server); err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "WithServer", Message: err.Error() + "; want https://host:port, or http on a loopback host", Err: err}
	}
	return url.Parse(server)
}
