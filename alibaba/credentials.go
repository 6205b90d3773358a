// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
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
	// ends is when the session that they are of ends; zero where that is not known.
	ends time.Time
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

// sealed is a snapshot in a client that a user gets and may print: whatever the verb, fmt
// shows a function as an address, where it opens what a pointer leads to for some.
type sealed func() snapshot

var _ credentials.Credential = sealed(nil)

// GetCredential and its like implement [credentials.Credential].
func (s sealed) GetCredential() (*credentials.CredentialModel, error) { return s().GetCredential() }
func (s sealed) GetAccessKeyId() (*string, error)                     { return s().GetAccessKeyId() }
func (s sealed) GetAccessKeySecret() (*string, error)                 { return s().GetAccessKeySecret() }
func (s sealed) GetSecurityToken() (*string, error)                   { return s().GetSecurityToken() }
func (s sealed) GetBearerToken() *string                              { return s().GetBearerToken() }
func (s sealed) GetType() *string                                     { return s().GetType() }

func (s snapshot) usable() bool { return s.bearer != "" || s.id != "" && s.secret != "" }

// keyring holds the credentials of all requests of a handler.
type keyring struct {
	// fixed are static credentials; otherwise found gets what is to be used now.
	fixed snapshot
	found token.Cache[snapshot]
	// given are the secrets of the configuration.
	given []string
}

func newKeyring(c *Config, api *clients) *keyring {
	k := &keyring{given: []string{c.AccessKeySecret, c.SecurityToken, c.BearerToken}}
	var fetch way
	switch {
	case c.Credential != nil:
		fetch = func(context.Context) (snapshot, time.Time, error) { return ask(c.Credential) }
	case c.BearerToken != "":
		k.fixed = snapshot{bearer: c.BearerToken, provider: "bearer"}
	case c.AccessKeyID != "" && c.RoleARN == "":
		k.fixed = snapshot{id: c.AccessKeyID, secret: c.AccessKeySecret, token: c.SecurityToken, provider: "static_ak"}
	default:
		fetch = chain(c.ways(api))
	}
	turn := make(chan struct{}, 1) // the SDK keeps what it has got, without a lock
	k.found.Fetch = func(ctx context.Context) (snapshot, time.Time, error) {
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			return snapshot{}, time.Time{}, errs.Over(ctx)
		}
		keys, end, err := fetch(ctx)
		return keys, end, noCredentials(err)
	}
	return k
}

// get returns the credentials to sign a request with. What the SDK gets ends by the SDK's
// own time limits; its callers wait no longer than their contexts.
func (k *keyring) get(ctx context.Context) (snapshot, error) {
	if k.fixed.usable() {
		return k.fixed, nil
	}
	return k.found.Get(ctx)
}

// secrets are what must not be shown.
func (k *keyring) secrets() []string {
	list := slices.Clone(k.given)
	for _, keys := range k.found.Recent() {
		list = append(list, keys.secret, keys.token, keys.bearer)
	}
	return list
}

// way is one in which credentials are got. Where it tells when they end they are kept until
// then; the SDK's ways keep them by themselves.
type way func(context.Context) (snapshot, time.Time, error)

// ask takes a snapshot of a credential of the SDK.
func ask(c credentials.Credential) (snapshot, time.Time, error) {
	m, err := c.GetCredential()
	if err != nil {
		return snapshot{}, time.Time{}, err
	}
	if m == nil {
		return snapshot{}, time.Time{}, errors.New("the credential is empty")
	}
	s := snapshot{id: tea.StringValue(m.AccessKeyId), secret: tea.StringValue(m.AccessKeySecret), token: tea.StringValue(m.SecurityToken),
		bearer: tea.StringValue(m.BearerToken), provider: tea.StringValue(m.ProviderName)}
	if !s.usable() {
		err = errors.New("the credential holds no key")
	}
	return s, time.Time{}, err
}

// chain tries ways until one works, and that one first from then on. The vendor's own
// chain remembers a way before it has ever worked.
func chain(ways []way) way {
	works := 0
	return func(ctx context.Context) (snapshot, time.Time, error) {
		var faults []error
		for i := range ways {
			n := (works + i) % len(ways)
			keys, end, err := ways[n](ctx)
			if err == nil {
				works = n
				return keys, end, nil
			}
			faults = append(faults, err)
		}
		works = 0
		return snapshot{}, time.Time{}, errors.Join(faults...)
	}
}

// sdkWay is one of the SDK's providers, which is built when it is needed first.
func sdkWay[P providers.CredentialsProvider](build func() (P, error)) way {
	var built *P
	return func(context.Context) (snapshot, time.Time, error) {
		if built == nil {
			p, err := build()
			if err != nil {
				return snapshot{}, time.Time{}, err
			}
			built = &p
		}
		keys, err := (*built).GetCredentials()
		if err == nil && (keys == nil || keys.AccessKeyId == "" || keys.AccessKeySecret == "") {
			err = errors.New((*built).GetProviderName() + " gives no key")
		}
		if err != nil {
			return snapshot{}, time.Time{}, err
		}
		return snapshot{id: keys.AccessKeyId, secret: keys.AccessKeySecret, token: keys.SecurityToken,
			provider: cmp.Or(keys.ProviderName, (*built).GetProviderName())}, time.Time{}, nil
	}
}

// ways are the one that is configured, or those of the vendor's default chain, but that the
// metadata service of ECS, over plain http, is asked only where its role is named.
func (c *Config) ways(api *clients) []way {
	metadata := cmp.Or(c.ECSRole, os.Getenv("ALIBABA_CLOUD_ECS_METADATA"))
	profile := sdkWay(providers.NewCLIProfileCredentialsProviderBuilder().WithProfileName(c.Profile).Build)
	role := sdkWay(providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(metadata).WithDisableIMDSv1(true).Build)
	switch {
	case c.RoleARN != "":
		own := *c
		own.RoleARN = ""
		return []way{api.assume(assumption{arn: c.RoleARN, session: c.RoleSessionName, externalID: c.ExternalID, provider: c.OIDCProviderARN, tokenFile: c.OIDCTokenFile,
			keys: chain(own.ways(api))})}
	case c.AccessKeyID != "":
		keys := snapshot{id: c.AccessKeyID, secret: c.AccessKeySecret, token: c.SecurityToken, provider: "static_ak"}
		return []way{func(context.Context) (snapshot, time.Time, error) { return keys, time.Time{}, nil }}
	case c.Profile != "":
		return []way{profile}
	case c.ECSRole != "":
		return []way{role}
	}
	list := []way{sdkWay(providers.NewEnvironmentVariableCredentialsProviderBuilder().Build)}
	if file := os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE"); file != "" {
		list = append(list, api.assume(assumption{arn: os.Getenv("ALIBABA_CLOUD_ROLE_ARN"), provider: os.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), tokenFile: file,
			session: cmp.Or(os.Getenv("ALIBABA_CLOUD_ROLE_SESSION_NAME"), c.RoleSessionName)}))
	}
	list = append(list, profile, sdkWay(providers.NewProfileCredentialsProviderBuilder().Build))
	if metadata != "" {
		list = append(list, role)
	}
	if uri := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_URI"); uri != "" {
		list = append(list, sdkWay(func() (*providers.URLCredentialsProvider, error) {
			if err := endpoint.Check("ALIBABA_CLOUD_CREDENTIALS_URI", uri, false); err != nil {
				return nil, err
			}
			return providers.NewURLCredentialsProviderBuilder().WithUrl(uri).Build()
		}))
	}
	return list
}

// noCredentials says why there are none. The SDK puts whole answers, with keys in
// them, into its errors: of each nothing is shown but its first words.
func noCredentials(err error) error {
	if err == nil {
		return nil
	}
	if known, ok := err.(*pmks.Error); ok { //nolint:errorlint // one way, which has said all
		return known
	}
	e := &pmks.Error{Code: pmks.CodeUnauthenticated, ProviderCode: "InvalidCredentials"}
	if cause, ok := errs.Transport(err); ok {
		return &pmks.Error{Code: pmks.CodeUnavailable, ProviderCode: e.ProviderCode, Message: "the credentials could not be got: " + cause}
	}
	parts := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		if parts = joined.Unwrap(); len(parts) == 1 {
			return noCredentials(parts[0])
		}
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
