// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	// configMinutes is how long the certificate of a kubeconfig lives: as long as ACK
	// gives a temporary one.
	configMinutes = 4320
	// tokenLifetime is how long a token is said to live: the add-on takes it for 15
	// minutes after its signature, of which some are left for clocks that differ.
	tokenLifetime = 10 * time.Minute

	tokenPrefix = "k8s-ack-v2."
	tokenAgent  = "pmks"
)

// kubeconfigRead is the kubeconfig that ACK makes, or why it made none.
type kubeconfigRead struct {
	text    string
	expires time.Time
	private bool
	err     error
}

// readKubeconfig has ACK make a temporary kubeconfig, for the outside or for the VPC.
func (h *Handler) readKubeconfig(ctx context.Context, id string, private bool) kubeconfigRead {
	out, err := read(ctx, h, "DescribeClusterUserKubeconfig", "kubeconfig", func(c csAPI) (*cs.DescribeClusterUserKubeconfigResponse, error) {
		return c.DescribeClusterUserKubeconfig(&id, &cs.DescribeClusterUserKubeconfigRequest{PrivateIpAddress: &private, TemporaryDurationMinutes: tea.Int64(configMinutes)})
	}, func(o *cs.DescribeClusterUserKubeconfigResponse) bool {
		return o.Body != nil && strings.TrimSpace(tea.StringValue(o.Body.Config)) != ""
	})
	if err != nil {
		return kubeconfigRead{private: private, err: err}
	}
	return kubeconfigRead{text: *out.Body.Config, expires: stamp(out.Body.Expiration), private: private}
}

// isPrivate reports whether the API of a cluster is closed to the outside, as far as it is
// known before the cluster is read.
func (h *Handler) isPrivate(id string) bool {
	if known, ok := h.private.Load(id); ok {
		return known.(bool) //nolint:errcheck // nothing else is stored
	}
	return !h.public()
}

// addKubeconfig puts a kubeconfig into info, once the control plane is up. One that cannot
// be made is named.
func (h *Handler) addKubeconfig(ctx context.Context, c *cluster, info *pmks.ClusterInfo, r kubeconfigRead) {
	endpoint, scope := server(c)
	if endpoint == "" || info.Status == pmks.ClusterCreating || info.Status == pmks.ClusterDeleting {
		return
	}
	private := scope == "private"
	if private != r.private {
		// The cluster is open to another side than the clusters of this handler are.
		r = h.readKubeconfig(ctx, info.IId.SystemId, private)
	}
	h.private.Store(info.IId.SystemId, private)
	access, err := h.access(ctx, info.IId, endpoint, r)
	if err != nil {
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Kubeconfig", err)
		return
	}
	info.AccessInfo = access
}

// access makes the kubeconfig of a cluster from the one that ACK sent.
func (h *Handler) access(ctx context.Context, iid pmks.IID, endpoint string, r kubeconfigRead) (pmks.AccessInfo, error) {
	info := pmks.AccessInfo{Endpoint: endpoint}
	if r.err != nil {
		return info, r.err
	}
	k, err := kubeconfigyaml.Parse([]byte(r.text))
	switch {
	case err != nil:
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that ACK sent cannot be read", Err: err}
	case k.ClientCertificate == "":
		// What it names, a program for one, would be run.
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that ACK sent holds no client certificate"}
	}
	k.Name, k.Server, info.ExpiresAt = iid.NameId+"-"+iid.SystemId, endpoint, r.expires
	if h.cfg.KubeconfigKind == kindExec {
		if err := h.checkAuthenticator(ctx, iid.SystemId); err != nil {
			return info, err
		}
		k.ClientCertificate, k.ClientKey, info.ExpiresAt = "", kubeconfig.Secret{}, time.Time{}
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(iid)}
	}
	if info.Kubeconfig, err = kubeconfig.Build(k); err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	return info, nil
}

// helperArgs tell the credential helper which identity to use and where the cluster is.
// They hold no secret: keys must be in the environment of the helper.
func (h *Handler) helperArgs(iid pmks.IID) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Region, "-cluster", iid.String()}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", h.cfg.Endpoint)
	}
	for _, s := range []struct{ name, value string }{
		{"profile", h.cfg.Profile}, {"ecsRole", h.cfg.ECSRole}, {"oidcProviderArn", h.cfg.OIDCProviderARN}, {"oidcTokenFile", h.cfg.OIDCTokenFile},
		{"roleArn", h.cfg.RoleARN}, {"roleSessionName", h.sessionOfRole()}, {"externalId", h.cfg.ExternalID}, {"stsEndpoint", h.cfg.STSEndpoint},
	} {
		if s.value != "" {
			args = append(args, "-setting", s.name+"="+s.value)
		}
	}
	if !h.public() {
		args = append(args, "-setting", "publicEndpoint=false")
	}
	return args
}

// sessionOfRole is the name of the session of a role, where it is not the default.
func (h *Handler) sessionOfRole() string {
	if h.cfg.RoleARN == "" || h.cfg.RoleSessionName == defaultSession {
		return ""
	}
	return h.cfg.RoleSessionName
}

// checkAuthenticator refuses tokens for a cluster that takes none.
func (h *Handler) checkAuthenticator(ctx context.Context, id string) error {
	_, err := read(ctx, h, "GetClusterAddonInstance", "add-on", func(c csAPI) (*cs.GetClusterAddonInstanceResponse, error) {
		return c.GetClusterAddonInstance(&id, tea.String(authenticator))
	}, func(o *cs.GetClusterAddonInstanceResponse) bool {
		return o.Body != nil && tea.StringValue(o.Body.Name) == authenticator
	})
	if errs.ProviderCode(err) == "AddonNotFound" {
		return errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeFailedPrecondition, "the cluster takes no tokens: install the add-on "+authenticator+", which the setting ramAuthenticator does for new clusters: "+e.Message
		})
	}
	return absent(err, noCluster)
}

// GenerateClusterToken implements [pmks.TokenIssuer]: a request for the identity of the
// caller, signed here, which the add-on ack-ram-authenticator of the cluster sends. What
// its bearer may do is decided by the cluster.
//
// ErrFailedPrecondition: the cluster does not have the add-on.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.Token{}, err
	}
	// Who may mint a token need not be allowed to look.
	err = h.within(ctx, id, func(ctx context.Context) error { return h.checkAuthenticator(ctx, id) })
	if err != nil && !errs.Is(err, pmks.CodePermissionDenied) {
		return pmks.Token{}, err
	}
	keys, err := h.api.keys.get(ctx)
	if err != nil {
		return pmks.Token{}, err
	}
	if keys.bearer != "" {
		return pmks.Token{}, refuse.Unsupported("Credentials.bearerToken", "a cluster token is signed with an access key: give one")
	}
	now := time.Now().UTC()
	token := pmks.Token{Value: signToken(keys, id, now), ExpiresAt: now.Add(tokenLifetime)}
	if !keys.ends.IsZero() && keys.ends.Before(token.ExpiresAt) {
		token.ExpiresAt = keys.ends // with its session ends what the session has signed
	}
	return token, nil
}

// signToken makes the token of a cluster: an unsent request to STS (ack-ram-tool,
// pkg/ramauthenticator, read in November 2026). The user agent is not signed.
func signToken(keys snapshot, id string, now time.Time) string {
	empty := sha256.Sum256(nil)
	headers := map[string]string{
		"x-acs-action": "GetCallerIdentity", "x-acs-version": stsVersion, "x-acs-date": now.Format("2006-01-02T15:04:05Z"),
		"x-acs-content-sha256": hex.EncodeToString(empty[:]),
	}
	if keys.token != "" {
		headers["x-acs-security-token"] = keys.token
	}
	names := slices.Sorted(maps.Keys(headers))
	canonical := "POST\n/\nACKClusterId=" + id + "\n"
	for _, name := range names {
		canonical += name + ":" + headers[name] + "\n"
	}
	canonical += "\n" + strings.Join(names, ";") + "\n" + headers["x-acs-content-sha256"]
	hash := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(keys.secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(hash[:])))
	headers["Authorization"] = "ACS3-HMAC-SHA256 Credential=" + keys.id + ",SignedHeaders=" + strings.Join(names, ";") + ",Signature=" + hex.EncodeToString(mac.Sum(nil))
	headers["user-agent"] = tokenAgent
	text, _ := json.Marshal(map[string]any{ // texts alone cannot fail
		"clusterId": id, "method": "POST", "path": "/", "query": map[string]string{"ACKClusterId": id}, "headers": headers})
	return tokenPrefix + base64.StdEncoding.EncodeToString(text)
}
