// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"net"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// GenerateClusterToken implements [pmks.TokenIssuer]: an access token of Google,
// which every GKE cluster takes. What its bearer may do is decided by IAM and the
// cluster.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	// A token for a cluster that does not exist would look like a good one.
	if _, err := h.cluster(ctx, r); err != nil {
		return pmks.Token{}, err
	}
	return h.token(ctx)
}

func (h *Handler) token(ctx context.Context) (pmks.Token, error) {
	t, err := h.api.tokens.Token(ctx)
	if err != nil {
		return pmks.Token{}, errs.Ended(ctx, h.fail(noToken(err)))
	}
	return pmks.Token{Value: t.Value, ExpiresAt: t.Expiry.UTC()}, nil
}

// server is the address of the API server, and whether its certificate is one of
// the cluster's own authority: the public address, or the DNS name if that is open
// to the outside, or the private address.
func server(c *containerpb.Cluster) (url string, ownAuthority bool) {
	w := waysTo(c)
	if w.public == "" && w.dns != "" {
		return w.dns, false
	}
	return cmp.Or(w.public, w.private), true
}

// host puts an IPv6 address into brackets.
func host(address string) string {
	if ip := net.ParseIP(address); ip != nil && ip.To4() == nil {
		return "[" + address + "]"
	}
	return address
}

// addAccess puts the way into a cluster into info: nothing until the endpoint and
// the certificate authority are there. A kubeconfig that cannot be made is named.
func (h *Handler) addAccess(ctx context.Context, c *containerpb.Cluster, info *pmks.ClusterInfo, withKubeconfig bool) {
	url, own := server(c)
	info.AccessInfo.Endpoint = url
	ca := c.GetMasterAuth().GetClusterCaCertificate()
	if url == "" || own && ca == "" || !withKubeconfig {
		return
	}
	var err error
	if info.AccessInfo, err = h.access(ctx, h.refOf(c), url, own, ca); err != nil {
		unread(&info.KeyValueList, "Kubeconfig", err)
	}
}

// access makes a kubeconfig.
func (h *Handler) access(ctx context.Context, r ref, url string, own bool, ca string) (pmks.AccessInfo, error) {
	info := pmks.AccessInfo{Endpoint: url}
	k := kubeconfig.Config{Name: "gke_" + r.project + "_" + r.location + "_" + r.name, Server: url}
	if own {
		var err error
		if k.CAData, err = kubeconfig.DecodePEM(ca); err != nil {
			return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the certificate authority of the cluster cannot be read", Err: err}
		}
	}
	var expires time.Time
	if h.cfg.KubeconfigKind == kindExec {
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(r)}
	} else {
		token, err := h.token(ctx)
		if err != nil {
			return info, err
		}
		k.Token, expires = kubeconfig.NewSecret(token.Value), token.ExpiresAt
	}
	text, err := kubeconfig.Build(k)
	if err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	info.Kubeconfig, info.ExpiresAt = text, expires
	return info, nil
}

// helperArgs tell the credential helper which identity to use and where the cluster
// is: the project of the credentials may be another. They hold no secret: that must
// be in the environment of the helper.
func (h *Handler) helperArgs(r ref) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Region}
	if h.cfg.Zone != "" {
		args = append(args, "-zone", h.cfg.Zone)
	}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", h.cfg.Endpoint)
	}
	args = append(args, "-cluster", r.name+":"+r.path(), "-setting", "project="+r.project)
	if h.cfg.Regional {
		args = append(args, "-setting", "regional=true")
	}
	if h.cfg.Protocol != protocolGRPC {
		args = append(args, "-setting", "protocol="+h.cfg.Protocol)
	}
	if h.cfg.CredentialsFile != "" {
		args = append(args, "-setting", "credentialsFile="+h.cfg.CredentialsFile)
	}
	return args
}
