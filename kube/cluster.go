// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"time"

	"k8s.io/client-go/rest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
)

// facts are what a client must know of a cluster.
type facts struct {
	// home is the API server as the cloud tells it, server the one that is asked: they
	// differ where a tunnel is used.
	home, server *url.URL
	ca           string
	// certificate and key are PEM; empty where tokens are used.
	certificate, key string
	// generation is the same for facts that make the same connection.
	generation uint64
}

// sameWay reports whether a connection made for one of both is good for the other.
func (f *facts) sameWay(o *facts) bool {
	return f.home.String() == o.home.String() && f.server.String() == o.server.String() &&
		f.ca == o.ca && f.certificate == o.certificate && f.key == o.key
}

// tls returns what client-go needs of a connection.
func (f *facts) tls() rest.TLSClientConfig {
	c := rest.TLSClientConfig{CAData: []byte(f.ca), CertData: []byte(f.certificate), KeyData: []byte(f.key)}
	if f.ca == "" {
		c.CAData = nil
	}
	if f.certificate == "" {
		c.CertData, c.KeyData = nil, nil
	}
	if f.server.Host != f.home.Host {
		c.ServerName = f.home.Hostname()
	}
	return c
}

// connection is the way to one cluster, which all clients of one config share.
type connection struct {
	h      pmks.ClusterHandler
	iid    pmks.IID
	opts   options
	first  *url.URL // the server that clients are made for
	facts  *renewer[*facts]
	tokens *renewer[string] // nil where a certificate is used
}

// connect reads a cluster and gets its first credential.
func connect(ctx context.Context, h pmks.ClusterHandler, iid pmks.IID, o options) (*connection, error) {
	info, k, err := readCluster(ctx, h, iid)
	if err != nil {
		return nil, err
	}
	c := &connection{h: h, iid: identity(iid, info.IId), opts: o}
	f, end, err := c.convert(k)
	if err != nil {
		return nil, err
	}
	c.first = f.server
	c.facts = newRenewer(c.readFacts, c.late("the client certificate could not be renewed yet"))
	c.facts.put(f, end)
	if f.certificate != "" {
		return c, nil
	}
	c.tokens = newRenewer(c.readToken, c.late("the token could not be renewed yet"))
	if now := time.Now(); !k.Token.IsZero() && (info.AccessInfo.ExpiresAt.IsZero() || info.AccessInfo.ExpiresAt.After(now.Add(tooLate))) {
		c.tokens.put(k.Token.Reveal(), info.AccessInfo.ExpiresAt)
		return c, nil
	}
	_, err = c.tokens.get(ctx)
	return c, err
}

// identity is what the cluster is read by from now on: a name may pass to another
// cluster, an id does not.
func identity(asked, found pmks.IID) pmks.IID {
	if found.SystemId == "" {
		return asked
	}
	return found
}

func (c *connection) late(what string) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		c.opts.logger.WarnContext(ctx, "kube: "+what+"; the old one is still good", "cluster", c.iid.String(), "error", err)
	}
}

// readCluster returns a cluster with its kubeconfig, read.
func readCluster(ctx context.Context, h pmks.ClusterHandler, iid pmks.IID) (pmks.ClusterInfo, kubeconfig.Config, error) {
	if h == nil {
		return pmks.ClusterInfo{}, kubeconfig.Config{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "h", Message: "no handler: give one that pmks.Open returned"}
	}
	if err := pmks.CheckIID("clusterIID", iid); err != nil {
		return pmks.ClusterInfo{}, kubeconfig.Config{}, err
	}
	info, err := h.GetCluster(ctx, iid)
	if err != nil {
		return info, kubeconfig.Config{}, err
	}
	if err := checkAccess(h, info); err != nil {
		return info, kubeconfig.Config{}, err
	}
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil {
		return info, k, &pmks.Error{Code: pmks.CodeInternal, Field: "AccessInfo.Kubeconfig", Message: "the kubeconfig of the cluster cannot be read: " + err.Error(), Err: err}
	}
	return info, k, nil
}

// checkAccess says why a cluster has no way in, and what to do about it.
func checkAccess(h pmks.ClusterHandler, info pmks.ClusterInfo) error {
	a := info.AccessInfo
	if a.Kubeconfig != "" && info.Status != pmks.ClusterDeleting {
		return nil
	}
	e := &pmks.Error{Code: pmks.CodeFailedPrecondition, Field: "AccessInfo.Endpoint"}
	reason := ""
	if info.StatusReason != "" {
		reason = " (" + info.StatusReason + ")"
	}
	openCall := false
	if r, ok := h.(pmks.CapabilityReporter); ok {
		openCall = r.Capabilities().Access.OpenCall
	}
	switch {
	case info.Status == pmks.ClusterDeleting:
		e.Message = "the cluster is being deleted: nothing can be asked of it any more"
	case info.Status == pmks.ClusterCreating:
		e.Code, e.Message = pmks.CodeBusy, "the cluster has no endpoint yet: wait until it is Active (pmks.WaitClusterActive) and call again"
	case a.Endpoint == "" && info.Status == pmks.ClusterInactive:
		e.Message = "the cluster has no endpoint while it is Inactive" + reason
	case a.Endpoint == "" && openCall:
		e.Message = "the endpoint of the cluster is closed: open it (pmks.Client.OpenAccess) and call again"
	case a.Endpoint == "":
		e.Message = "the cluster has no endpoint that this handler's settings allow to be used: open one for the outside, or set the handler to use the private one" + reason
	default:
		e.Field, e.Message = "AccessInfo.Kubeconfig", "the cloud told no way in beside the endpoint"+reason
		for _, fact := range pmks.Unread(info.KeyValueList) {
			if fact.Field == "Kubeconfig" {
				e.Code, e.Message = fact.Code, "the kubeconfig of the cluster could not be read ("+fact.Code.String()+")"
				if fact.Code == pmks.CodePermissionDenied {
					e.Message += ": allow the credentials of the handler to read it"
				}
			}
		}
	}
	return e
}

// readFacts reads the cluster anew.
func (c *connection) readFacts(ctx context.Context) (*facts, time.Time, error) {
	_, k, err := readCluster(ctx, c.h, c.iid)
	if err != nil {
		return nil, time.Time{}, annotate(err, c.h, "GetCluster", c.iid)
	}
	f, end, err := c.convert(k)
	if err != nil {
		return nil, time.Time{}, annotate(err, c.h, "GetCluster", c.iid)
	}
	old := c.facts.peek().value
	if (f.certificate == "") != (old.certificate == "") {
		return nil, time.Time{}, annotate(&pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "the cluster issues another kind of credential than when this client was made: make a new one"}, c.h, "GetCluster", c.iid)
	}
	f.generation = old.generation
	if !f.sameWay(old) {
		f.generation++
		c.opts.logger.InfoContext(ctx, "kube: the way to the cluster has changed", "cluster", c.iid.String(), "server", f.home.Redacted(),
			"newServer", f.home.String() != old.home.String(), "newAuthority", f.ca != old.ca, "newCertificate", f.certificate != old.certificate)
	}
	return f, end, nil
}

// convert makes facts of a kubeconfig and checks what only a handshake would find.
func (c *connection) convert(k kubeconfig.Config) (*facts, time.Time, error) {
	bad := func(field, message string, err error) error {
		return &pmks.Error{Code: pmks.CodeInternal, Field: "AccessInfo.Kubeconfig", Message: field + " of the kubeconfig that the cloud issued: " + message, Err: err}
	}
	home, err := url.Parse(k.Server)
	if err != nil { // Parse has looked at it
		return nil, time.Time{}, bad("server", "not a URL", nil)
	}
	home.Path = strings.TrimSuffix(home.Path, "/")
	f := &facts{home: home, server: home, ca: k.CAData}
	if c.opts.server != "" {
		if f.server, err = parseServer(c.opts.server); err != nil {
			return nil, time.Time{}, err
		}
		f.server.Path = strings.TrimSuffix(f.server.Path, "/")
	}
	if k.CAData != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(k.CAData)) {
		return nil, time.Time{}, bad("certificate-authority-data", "no certificate in it can be read", nil)
	}
	if k.ClientCertificate == "" {
		return f, time.Time{}, nil
	}
	pair, err := tls.X509KeyPair([]byte(k.ClientCertificate), []byte(k.ClientKey.Reveal()))
	if err != nil {
		return nil, time.Time{}, bad("client-certificate-data", "it and its key cannot be used together", errors.New("not a pair"))
	}
	end := pair.Leaf.NotAfter
	if now := time.Now(); !end.After(now) {
		return nil, time.Time{}, &pmks.Error{Code: pmks.CodeUnauthenticated, Field: "AccessInfo.Kubeconfig",
			Message: "the client certificate that the cloud issued ended at " + end.UTC().Format(time.RFC3339) + ": have the cloud renew the certificates of the cluster, and compare the clock of this machine"}
	}
	f.certificate, f.key = k.ClientCertificate, k.ClientKey.Reveal()
	return f, end, nil
}
