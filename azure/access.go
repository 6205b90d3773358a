// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// serverScope is the application of Entra that every AKS API server is, in all
// clouds (documentation of kubelogin, "Server ID").
const serverScope = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"

// isEntra reports whether a cluster takes tokens of Entra.
func isEntra(p *aks.ManagedClusterProperties) bool {
	return p.AADProfile != nil && value(p.AADProfile.Managed)
}

// errNoLogin is of a cluster that was left without any way in.
func errNoLogin() error {
	return refuse.Precondition("local accounts are disabled and the cluster takes no tokens of Entra: nobody can log in until one of both is turned on")
}

// GenerateClusterToken implements [pmks.TokenIssuer]: a token of Entra, for
// clusters that take them. What its bearer may do is decided by the cluster.
//
// ErrFailedPrecondition: the cluster knows client certificates only.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer errs.Annotate(&err, Name, "GenerateClusterToken", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	c, err := h.readCluster(ctx, r)
	switch {
	case err != nil:
		return pmks.Token{}, err
	case isEntra(c.Properties):
		return h.token(ctx, c)
	case value(c.Properties.DisableLocalAccounts):
		return pmks.Token{}, errNoLogin()
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

func (h *Handler) token(ctx context.Context, c *aks.ManagedCluster) (pmks.Token, error) {
	tenant := ""
	if p := c.Properties; p != nil && p.AADProfile != nil {
		tenant = value(p.AADProfile.TenantID)
	}
	got, err := h.api.gate.token.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{serverScope}, TenantID: tenant})
	if err != nil {
		return pmks.Token{}, errs.Ended(ctx, fail(err))
	}
	return pmks.Token{Value: got.Token, ExpiresAt: got.ExpiresOn.UTC()}, nil
}

// access returns the way into a cluster: nothing but the endpoint until AKS hands
// out credentials. The endpoint is good whatever the error says.
func (h *Handler) access(ctx context.Context, r ref, c *aks.ManagedCluster) (pmks.AccessInfo, error) {
	status := clusterState(c).meaning().Status
	if status == pmks.ClusterCreating {
		return pmks.AccessInfo{}, nil
	}
	info := pmks.AccessInfo{Endpoint: serverURL(c.Properties)}
	if status == pmks.ClusterDeleting {
		return info, nil // not any more
	}
	if info.Endpoint == "" {
		return info, nil
	}
	entraOnly := value(c.Properties.DisableLocalAccounts)
	if entraOnly && !isEntra(c.Properties) {
		return info, errNoLogin()
	}
	text, err := h.kubeconfig(ctx, r, entraOnly)
	if err != nil {
		return info, err
	}
	whole := info
	if h.cfg.KubeconfigKind == kindAdmin && !entraOnly {
		whole.Kubeconfig, err = adminKubeconfig(text)
	} else {
		err = h.ownKubeconfig(ctx, &whole, r, c, text)
	}
	if err != nil {
		return info, err
	}
	return whole, nil
}

// adminKubeconfig checks that a kubeconfig works with nothing else installed. An
// answer of something on the way would be handed to the user otherwise, and a plugin
// that it names be run.
func adminKubeconfig(text []byte) (string, error) {
	k, err := kubeconfigyaml.Parse(text)
	if err == nil && k.Exec != nil {
		return "", &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that AKS sent for the administrator calls a program in place of holding a certificate"}
	}
	return string(text), unreadable(err)
}

func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that AKS sent cannot be read", Err: err}
}

// ownKubeconfig builds a kubeconfig with the cluster's address and certificate from
// the one that AKS sent, and a token or the credential helper.
func (h *Handler) ownKubeconfig(ctx context.Context, info *pmks.AccessInfo, r ref, c *aks.ManagedCluster, text []byte) error {
	k, err := kubeconfigyaml.ParseCluster(text)
	if err != nil {
		return unreadable(err)
	}
	if k.Name = value(c.Name); h.cfg.KubeconfigKind == kindExec {
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(r)}
	} else {
		token, err := h.token(ctx, c)
		if err != nil {
			return err
		}
		k.Token, info.ExpiresAt = kubeconfig.NewSecret(token.Value), token.ExpiresAt
	}
	if info.Kubeconfig, err = kubeconfig.Build(k); err != nil {
		return &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	return nil
}

// kubeconfig gets the one of the cluster's administrator, or of a user of Entra.
func (h *Handler) kubeconfig(ctx context.Context, r ref, ofUser bool) ([]byte, error) {
	name := "clusterAdmin"
	if ofUser {
		name = "clusterUser"
	}
	list, err := read(ctx, h, aksRest, func(ctx context.Context) ([]*aks.CredentialResult, error) {
		if ofUser {
			out, err := h.api.clusters.ListClusterUserCredentials(ctx, r.group, r.name, nil)
			return out.Kubeconfigs, notFoundOf(fail(err), r)
		}
		out, err := h.api.clusters.ListClusterAdminCredentials(ctx, r.group, r.name, nil)
		return out.Kubeconfigs, notFoundOf(fail(err), r)
	}, func(list []*aks.CredentialResult) error {
		if chooseKubeconfig(list, name) == nil {
			return lost("kubeconfig")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return chooseKubeconfig(list, name), nil
}

// chooseKubeconfig returns the kubeconfig of a name, or the first one where none has
// it.
func chooseKubeconfig(list []*aks.CredentialResult, name string) []byte {
	var first []byte
	for _, k := range list {
		switch {
		case k == nil || len(k.Value) == 0:
		case strings.EqualFold(value(k.Name), name):
			return k.Value
		case first == nil:
			first = k.Value
		}
	}
	return first
}

// helperArgs tell the credential helper where the cluster is and which identity to
// use. They hold no secret: that must be in the environment of the helper.
func (h *Handler) helperArgs(r ref) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Location, "-cluster", r.name}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", h.cfg.Endpoint)
	}
	for _, s := range []struct{ name, value string }{
		{"subscriptionId", h.cfg.SubscriptionID},
		{"resourceGroup", r.group},
		{"tenantId", h.cfg.TenantID},
		{"clientId", h.cfg.ClientID},
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
