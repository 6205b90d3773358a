// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/token"
	"github.com/pmks-go/pmks/internal/refuse"
)

// snapshot is what one request is signed with. The SDK asks a credential for its keys
// without a context and without a lock, so it gets one that knows them.
type snapshot struct {
	id, secret, token string
	bearer            string
	provider          string
}

var _ credentials.Credential = snapshot{}

// GetCredential implements [credentials.Credential].
func (s snapshot) GetCredential() (*credentials.CredentialModel, error) {
	return &credentials.CredentialModel{AccessKeyId: &s.id, AccessKeySecret: &s.secret, SecurityToken: &s.token, BearerToken: &s.bearer,
		Type: s.GetType(), ProviderName: &s.provider}, nil
}

// GetAccessKeyId and its like implement the older half of the interface.
func (s snapshot) GetAccessKeyId() (*string, error)     { return &s.id, nil }
func (s snapshot) GetAccessKeySecret() (*string, error) { return &s.secret, nil }
func (s snapshot) GetSecurityToken() (*string, error)   { return &s.token, nil }
func (s snapshot) GetBearerToken() *string              { return &s.bearer }

// GetType returns the vendor's word for the kind of credentials.
func (s snapshot) GetType() *string {
	switch {
	case s.bearer != "":
		return tea.String("bearer")
	case s.token != "":
		return tea.String("sts")
	}
	return tea.String("access_key")
}

func (s snapshot) usable() bool { return s.bearer != "" || s.id != "" && s.secret != "" }

// keyring holds the credentials of all requests of a handler.
type keyring struct {
	// fixed are static credentials; otherwise found gets what is to be used now.
	fixed snapshot
	found token.Cache[snapshot]
}

func newKeyring(c *Config) *keyring {
	k := &keyring{}
	var fetch func() (snapshot, error)
	switch {
	case c.Credential != nil:
		fetch = func() (snapshot, error) { return ask(c.Credential) }
	case c.BearerToken != "":
		k.fixed = snapshot{bearer: c.BearerToken, provider: "bearer"}
	case c.AccessKeyID != "" && c.RoleARN == "":
		k.fixed = snapshot{id: c.AccessKeyID, secret: c.AccessKeySecret, token: c.SecurityToken, provider: "static_ak"}
	default:
		fetch = c.chain()
	}
	var turn sync.Mutex // the SDK keeps what it has got, without a lock
	k.found.Fetch = func(context.Context) (snapshot, time.Time, error) {
		turn.Lock()
		defer turn.Unlock()
		keys, err := fetch()
		return keys, time.Time{}, noCredentials(err)
	}
	return k
}

// get returns the credentials to sign a request with. The getting ends by the SDK's own
// time limits; its callers wait no longer than their contexts.
func (k *keyring) get(ctx context.Context) (snapshot, error) {
	if k.fixed.usable() {
		return k.fixed, nil
	}
	return k.found.Get(ctx)
}

// secrets are what must not be shown.
func (k *keyring) secrets() []string {
	var list []string
	for _, keys := range append(k.found.Recent(), k.fixed) {
		list = append(list, keys.secret, keys.token, keys.bearer)
	}
	return list
}

// ask takes a snapshot of a credential of the SDK.
func ask(c credentials.Credential) (snapshot, error) {
	m, err := c.GetCredential()
	if err != nil {
		return snapshot{}, err
	}
	if m == nil {
		return snapshot{}, errors.New("the credential is empty")
	}
	s := snapshot{id: tea.StringValue(m.AccessKeyId), secret: tea.StringValue(m.AccessKeySecret), token: tea.StringValue(m.SecurityToken),
		bearer: tea.StringValue(m.BearerToken), provider: tea.StringValue(m.ProviderName)}
	if !s.usable() {
		return snapshot{}, errors.New("the credential holds no key")
	}
	return s, nil
}

// chain returns what gets credentials in the one way that is configured, or in the
// ways of the vendor's default chain. The vendor's own chain remembers a way before it
// has ever worked, and asks the metadata service of ECS, over plain http, unasked.
func (c *Config) chain() func() (snapshot, error) {
	ways := c.ways()
	var works providers.CredentialsProvider
	return func() (snapshot, error) {
		var faults []error
		if works != nil {
			s, err := keysOf(works)
			if err == nil {
				return s, nil
			}
			faults = append(faults, err)
		}
		works = nil
		for _, way := range ways {
			p, err := way()
			if err != nil {
				faults = append(faults, err)
				continue
			}
			s, err := keysOf(p)
			if err == nil {
				works = p
				return s, nil
			}
			faults = append(faults, err)
		}
		return snapshot{}, errors.Join(faults...)
	}
}

func keysOf(p providers.CredentialsProvider) (snapshot, error) {
	keys, err := p.GetCredentials()
	if err != nil {
		return snapshot{}, err
	}
	if keys == nil || keys.AccessKeyId == "" || keys.AccessKeySecret == "" {
		return snapshot{}, errors.New(p.GetProviderName() + " gives no key")
	}
	return snapshot{id: keys.AccessKeyId, secret: keys.AccessKeySecret, token: keys.SecurityToken,
		provider: cmp.Or(keys.ProviderName, p.GetProviderName())}, nil
}

// way makes one of the vendor's providers.
type way func() (providers.CredentialsProvider, error)

// built keeps the nil of a failed building from becoming a provider that is one.
func built[P providers.CredentialsProvider](p P, err error) (providers.CredentialsProvider, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (c *Config) ways() []way {
	oidc := func() (providers.CredentialsProvider, error) {
		return built(providers.NewOIDCCredentialsProviderBuilder().WithRoleArn(c.RoleARN).WithOIDCProviderARN(c.OIDCProviderARN).
			WithOIDCTokenFilePath(c.OIDCTokenFile).WithRoleSessionName(c.RoleSessionName).WithSTSEndpoint(hostOf(c.STSEndpoint)).WithStsRegionId(c.Region).Build())
	}
	profile := func() (providers.CredentialsProvider, error) {
		return built(providers.NewCLIProfileCredentialsProviderBuilder().WithProfileName(c.Profile).Build())
	}
	role := func() (providers.CredentialsProvider, error) {
		return built(providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(cmp.Or(c.ECSRole, os.Getenv("ALIBABA_CLOUD_ECS_METADATA"))).WithDisableIMDSv1(true).Build())
	}
	switch {
	case c.AccessKeyID != "": // with a role
		return []way{func() (providers.CredentialsProvider, error) {
			b := providers.NewRAMRoleARNCredentialsProviderBuilder().WithAccessKeyId(c.AccessKeyID).WithAccessKeySecret(c.AccessKeySecret)
			if c.SecurityToken != "" {
				b = b.WithSecurityToken(c.SecurityToken)
			}
			return built(b.WithRoleArn(c.RoleARN).WithRoleSessionName(c.RoleSessionName).WithExternalId(c.ExternalID).
				WithStsEndpoint(hostOf(c.STSEndpoint)).WithStsRegionId(c.Region).Build())
		}}
	case c.OIDCProviderARN != "":
		return []way{oidc}
	case c.Profile != "":
		return []way{profile}
	case c.ECSRole != "":
		return []way{role}
	}
	list := []way{
		func() (providers.CredentialsProvider, error) {
			return built(providers.NewEnvironmentVariableCredentialsProviderBuilder().Build())
		},
		oidc, profile,
		func() (providers.CredentialsProvider, error) {
			return built(providers.NewProfileCredentialsProviderBuilder().Build())
		},
	}
	if os.Getenv("ALIBABA_CLOUD_ECS_METADATA") != "" {
		list = append(list, role)
	}
	if uri := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI"); uri != "" {
		list = append(list, func() (providers.CredentialsProvider, error) {
			if err := endpoint.Check("ALIBABA_CLOUD_CREDENTIALS_URI", uri, false); err != nil {
				return nil, err
			}
			return built(providers.NewURLCredentialsProviderBuilder().WithUrl(uri).Build())
		})
	}
	return list
}

// noCredentials says why there are none. The SDK puts whole answers, with keys in
// them, into its errors: of each nothing is shown but its first words.
func noCredentials(err error) error {
	if err == nil {
		return nil
	}
	e := &pmks.Error{Code: pmks.CodeUnauthenticated, ProviderCode: "InvalidCredentials"}
	if cause, ok := errs.Transport(err); ok {
		return &pmks.Error{Code: pmks.CodeUnavailable, ProviderCode: e.ProviderCode, Message: "the credentials could not be got: " + cause}
	}
	parts := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		parts = joined.Unwrap()
	}
	var words []string
	for _, part := range parts {
		var ours *pmks.Error
		if errors.As(part, &ours) {
			words = append(words, strings.TrimSpace(ours.Field+" "+ours.Message))
			continue
		}
		word, _, _ := strings.Cut(part.Error(), "{")
		word, _, _ = strings.Cut(word, ": ")
		words = append(words, refuse.Clip(strings.Join(strings.Fields(word), " ")))
	}
	e.Message = "no usable credentials: give accessKeyId and accessKeySecret, or a profile, or set up the vendor's default chain (environment, OIDC, command line, shared file, credentials URI); " +
		strings.Join(words, "; ")
	return e
}
