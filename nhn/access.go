// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// keyPublicEndpoint is the label of NKS that says whether the endpoint of a cluster has an
// address on the internet. It has one address in either case.
const keyPublicEndpoint = "master_lb_floating_ip_enabled"

// accessMode is from where a new cluster is to be reached. Without a way to the internet
// it has no public address.
func (h *Handler) accessMode(asked pmks.AccessMode, p place) (pmks.AccessMode, error) {
	switch {
	case asked == pmks.AccessPublic && !p.online():
		return "", refuse.Invalid("Access.Mode", "the subnet has no internet gateway, so that its clusters are %s: attach one to its routing table, or leave it out", pmks.AccessPrivate)
	case asked != "":
		return asked, nil
	case p.online() && !h.cfg.PrivateEndpoint:
		return pmks.AccessPublic, nil
	}
	return pmks.AccessPrivate, nil
}

// accessOf is from where a cluster can be reached, by its label, and whose its address is.
// Who may reach it is another call of NKS, which reads do not make.
func accessOf(public text, endpoint string) (a pmks.Access) {
	switch {
	case public == "": // not told
	case public.isTrue():
		a.Mode, a.PublicEndpoint = pmks.AccessPublic, endpoint
	default:
		a.Mode, a.PrivateEndpoint = pmks.AccessPrivate, endpoint
	}
	return a
}

// soon is when the end of a client certificate is worth telling: those of NKS live for
// years.
const soon = 90 * 24 * time.Hour

// GenerateClusterToken implements [pmks.TokenIssuer] by saying that there are none: NKS
// takes no token of Keystone, and issues none of its own.
//
// ErrUnsupported: always.
func (h *Handler) GenerateClusterToken(_ context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	return pmks.Token{}, refuse.Unsupported("", "NKS has no bearer tokens: use the client certificate of the kubeconfig, or a token of a service account made in the cluster")
}

// access is the kubeconfig of a cluster: none until it is made, and while it goes. One
// that failed later still serves.
func (h *Handler) access(ctx context.Context, c clusterObject) (info pmks.AccessInfo, err error) {
	switch c.meaning().Status {
	case pmks.ClusterCreating, pmks.ClusterDeleting:
		return info, nil
	}
	if c.APIAddress == "" || c.Status == "CREATE_FAILED" {
		return info, nil
	}
	text, err := h.config(ctx, c.UUID)
	if err != nil {
		return info, err
	}
	k, err := kubeconfigyaml.Parse([]byte(text))
	if err == nil && k.Exec != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that NKS sent calls a program in place of holding a certificate"}
	}
	if err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that NKS sent cannot be read", Err: err}
	}
	// NKS calls user and context the same in every cluster's file: merged with another
	// one, one of both would be lost.
	k.Name = "nks_" + strings.ToLower(h.cfg.Region) + "_" + c.Name + "_" + c.UUID[:8]
	if h.cfg.KubeconfigKind == kindExec {
		k.ClientCertificate, k.ClientKey = "", kubeconfig.Secret{}
		k.Token = kubeconfig.Secret{}
		// The server's certificate tells the helper whether this file is older than the
		// last renewal.
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(c), ProvideClusterInfo: true}
	} else if end := certificateEnd(k.ClientCertificate); !end.IsZero() && time.Until(end) < soon {
		info.ExpiresAt = end
	}
	if info.Kubeconfig, err = kubeconfig.Build(k); err != nil {
		return pmks.AccessInfo{}, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	return info, nil
}

// config reads the kubeconfig as NKS has it.
func (h *Handler) config(ctx context.Context, uuid string) (string, error) {
	out, err := read(ctx, h, serviceNKS, []string{"clusters", uuid, "config"}, nil, func(out *struct {
		Config string `json:"config"`
	}) error {
		if out.Config = strings.TrimSpace(out.Config); out.Config == "" {
			return errs.LostAnswer(cloud, "kubeconfig")
		}
		return nil
	})
	return out.Config, notFoundAs(err, pmks.CodeUnavailable)
}

// certificateEnd is when a certificate ends; zero where that cannot be read.
func certificateEnd(text string) time.Time {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return time.Time{}
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return c.NotAfter.UTC()
}

// helperArgs tell the credential helper where the cluster is. They hold no secret: user
// and API password must be in the environment of the helper.
func (h *Handler) helperArgs(c clusterObject) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Region, "-cluster", c.iid().String(),
		// Also where it is the default: the environment may hold that of another cloud.
		"-endpoint", h.cfg.IdentityEndpoint, "-setting", "tenantId=" + h.cfg.TenantID}
	if h.cfg.KubernetesEndpoint != "" {
		args = append(args, "-setting", "kubernetesEndpoint="+h.cfg.KubernetesEndpoint)
	}
	return args
}
