// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/refuse"
)

// serverScope is the application of Entra that every AKS API server is, in all
// clouds (documentation of kubelogin, "Server ID").
const serverScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// isEntra reports whether a cluster takes tokens of Entra.
func isEntra(c *armcontainerservice.ManagedCluster) bool {
	return c.Properties != nil && c.Properties.AADProfile != nil && value(c.Properties.AADProfile.Managed)
}

// GenerateClusterToken implements [pmks.TokenIssuer]: a token of Entra, for
// clusters that take them. What its bearer may do is decided by the cluster.
//
// ErrFailedPrecondition: the cluster knows client certificates only.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer place(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return pmks.Token{}, err
	}
	if isEntra(c) {
		return h.token(ctx, c)
	}
	// Some clusters have a token in the administrator's kubeconfig that never ends.
	text, err := h.kubeconfig(ctx, r, false)
	if err != nil {
		return pmks.Token{}, err
	}
	token, err := kubeconfigyaml.StaticToken(text)
	if err != nil || token.IsZero() {
		return pmks.Token{}, refuse.Precondition("the cluster takes no tokens of Entra, because it was made without (setting entraAdmins): use the client certificate of its kubeconfig")
	}
	return pmks.Token{Value: token.Reveal()}, nil
}

func (h *Handler) token(ctx context.Context, c *armcontainerservice.ManagedCluster) (pmks.Token, error) {
	got, err := h.api.credential.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{serverScope}, TenantID: value(c.Properties.AADProfile.TenantID)})
	if err != nil {
		// Of a context that ended meanwhile the SDK keeps the text alone.
		return pmks.Token{}, fail(cmp.Or(ctx.Err(), err))
	}
	return pmks.Token{Value: got.Token, ExpiresAt: got.ExpiresOn.UTC()}, nil
}

// access returns the way into a cluster: nothing but the endpoint until AKS hands
// out credentials.
func (h *Handler) access(ctx context.Context, room limit.Limiter, r ref, c *armcontainerservice.ManagedCluster) (pmks.AccessInfo, error) {
	if c.Properties == nil {
		return pmks.AccessInfo{}, nil
	}
	info := pmks.AccessInfo{Endpoint: endpoint(c.Properties)}
	status, _, _ := clusterState(c).portable()
	if status == pmks.ClusterCreating || status == pmks.ClusterDeleting || info.Endpoint == "" {
		return info, nil
	}
	entraOnly := value(c.Properties.DisableLocalAccounts)
	var text []byte
	err := room.Do(ctx, func() (err error) {
		text, err = h.kubeconfig(ctx, r, entraOnly)
		return err
	})
	switch {
	case missing(err), has(err, pmks.CodeBusy), has(err, pmks.CodeFailedPrecondition):
		return info, nil // not yet, or not any more
	case has(err, pmks.CodePermissionDenied):
		return info, nil // to log in to clusters takes another role than to read them
	case err != nil:
		return info, err
	case h.cfg.KubeconfigKind == kindAdmin && !entraOnly:
		info.Kubeconfig = string(text)
		return info, nil
	}
	k, err := kubeconfigyaml.ParseCluster(text)
	if err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that AKS sent cannot be read", Err: err}
	}
	if k.Name = value(c.Name); h.cfg.KubeconfigKind == kindExec {
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(r)}
	} else {
		token, err := h.token(ctx, c)
		if err != nil {
			return info, err
		}
		k.Token, info.ExpiresAt = kubeconfig.NewSecret(token.Value), token.ExpiresAt
	}
	if info.Kubeconfig, err = kubeconfig.Build(k); err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	return info, nil
}

// kubeconfig gets the one of the cluster's administrator, or of a user of Entra.
func (h *Handler) kubeconfig(ctx context.Context, r ref, ofUser bool) ([]byte, error) {
	var list []*armcontainerservice.CredentialResult
	var err error
	if ofUser {
		var out armcontainerservice.ManagedClustersClientListClusterUserCredentialsResponse
		out, err = h.api.clusters.ListClusterUserCredentials(ctx, r.group, r.name, nil)
		list = out.Kubeconfigs
	} else {
		var out armcontainerservice.ManagedClustersClientListClusterAdminCredentialsResponse
		out, err = h.api.clusters.ListClusterAdminCredentials(ctx, r.group, r.name, nil)
		list = out.Kubeconfigs
	}
	if err != nil {
		return nil, fail(err)
	}
	if len(list) == 0 || list[0] == nil {
		return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: "AKS sent no kubeconfig"}
	}
	return list[0].Value, nil
}

// helperArgs tell the credential helper which identity to use. They hold no
// secret: that must be in the environment of the helper.
func (h *Handler) helperArgs(r ref) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Location, "-cluster", r.name}
	for _, s := range []struct{ name, value string }{
		{"resourceGroup", r.group},
		{"cloud", h.cfg.Cloud},
		{"certificateFile", h.cfg.CertificateFile},
		{"federatedTokenFile", h.cfg.FederatedTokenFile},
		{"authorityHost", h.cfg.AuthorityHost},
	} {
		if s.value != "" {
			args = append(args, "-setting", s.name+"="+s.value)
		}
	}
	return args
}
