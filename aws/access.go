// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
)

const (
	// EKS accepts a token for 15 minutes after its signature; one minute is left
	// for clocks that differ (aws-iam-authenticator does the same).
	tokenLifetime = 14 * time.Minute

	tokenPrefix   = "k8s-aws-v1."
	clusterHeader = "x-k8s-aws-id"
	// signedSeconds is the validity written into the signed URL. The server
	// refuses URLs without one (aws-sdk-go-v2 issue 1922).
	signedSeconds = "60"
)

// newPresigner makes the client that signs cluster tokens. A token is a signed
// request to STS that the API server of the cluster sends, so it must name the
// real host of STS even when the other services are behind an endpoint override,
// which the SDK would find in its environment as well.
func newPresigner(cfg Config, sdk aws.Config) *sts.PresignClient {
	return sts.NewPresignClient(sts.NewFromConfig(sdk, func(o *sts.Options) {
		o.BaseEndpoint = nil
		if cfg.STSEndpoint != "" {
			o.BaseEndpoint = aws.String(cfg.STSEndpoint)
		}
	}))
}

// GenerateClusterToken implements [pmks.TokenIssuer]. It signs locally; the only
// possible network call is that of the credentials, and a look where the cluster is
// named by its ARN. Whether there is such a cluster, and the caller may log in, is
// decided by whoever gets the token.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	if err := errs.Over(ctx); err != nil {
		return pmks.Token{}, err
	}
	if t.byARN() {
		// A token holds the name of its cluster alone. A caller who may mint one need
		// not be allowed to look.
		if _, err := h.describeCluster(ctx, t); err != nil && !errs.Is(err, pmks.CodePermissionDenied) {
			return pmks.Token{}, err
		}
	}
	return h.token(ctx, t.cluster)
}

func (h *Handler) token(ctx context.Context, name string) (pmks.Token, error) {
	now := time.Now()
	signed, err := h.api.presign(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
		o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
			o.APIOptions = append(o.APIOptions,
				smithyhttp.SetHeaderValue(clusterHeader, name),
				smithyhttp.SetHeaderValue("X-Amz-Expires", signedSeconds))
		})
	})
	if err != nil {
		return pmks.Token{}, errs.Ended(ctx, fail(ctx, err))
	}
	t := pmks.Token{
		Value:     tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed.URL)),
		ExpiresAt: now.Add(tokenLifetime),
	}
	// Temporary credentials may end before the token does.
	if c, err := h.api.sdk.Credentials.Retrieve(ctx); err == nil && c.CanExpire && c.Expires.Before(t.ExpiresAt) {
		t.ExpiresAt = c.Expires
	}
	return t, nil
}

// access returns the way into a cluster: nothing until the endpoint and the
// certificate authority are there.
func (h *Handler) access(ctx context.Context, c *types.Cluster, withKubeconfig bool) (pmks.AccessInfo, error) {
	info := pmks.AccessInfo{Endpoint: aws.ToString(c.Endpoint)}
	if info.Endpoint == "" || c.CertificateAuthority == nil || aws.ToString(c.CertificateAuthority.Data) == "" || !withKubeconfig {
		return info, nil
	}
	ca, err := kubeconfig.DecodePEM(aws.ToString(c.CertificateAuthority.Data))
	if err != nil {
		return info, &pmks.Error{Code: pmks.CodeInternal, Message: "the certificate authority of the cluster cannot be read", Err: err}
	}
	name := aws.ToString(c.Name)
	k := kubeconfig.Config{Name: name, Server: info.Endpoint, CAData: ca}
	if h.cfg.KubeconfigKind == "exec" {
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(name)}
	} else {
		token, err := h.token(ctx, name)
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

// helperArgs tell the credential helper which identity to use. They hold no
// secret: static keys must be in the environment of the helper.
func (h *Handler) helperArgs(cluster string) []string {
	args := []string{"-provider", Name, "-region", h.api.region, "-cluster", cluster}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", redact.URL(h.cfg.Endpoint))
	}
	for _, s := range []struct{ name, value string }{
		{"profile", h.cfg.Profile},
		{"roleArn", h.cfg.RoleARN},
		{"externalId", h.cfg.ExternalID},
		{"webIdentityTokenFile", h.cfg.WebIdentityTokenFile},
		{"stsEndpoint", redact.URL(h.cfg.STSEndpoint)},
	} {
		if s.value != "" {
			args = append(args, "-setting", s.name+"="+s.value)
		}
	}
	return args
}
