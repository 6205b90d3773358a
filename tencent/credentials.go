// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/token"
	"github.com/pmks-go/pmks/internal/refuse"
)

// snapshot is what one request is signed with. The SDK asks a credential for its keys
// without a context, so it gets one that knows them.
type snapshot struct{ id, secret, token string }

var _ common.CredentialIface = snapshot{}

// GetCredential and its like implement [common.CredentialIface].
func (s snapshot) GetCredential() (id, secret, token string) { return s.id, s.secret, s.token }
func (s snapshot) GetSecretId() string                       { return s.id }
func (s snapshot) GetSecretKey() string                      { return s.secret }
func (s snapshot) GetToken() string                          { return s.token }

// sealed is a snapshot that a client may hold: fmt walks into the fields of one that is
// printed, and shows of a function no more than where it is.
type sealed func() snapshot

// GetCredential and its like implement [common.CredentialIface].
func (s sealed) GetCredential() (id, secret, token string) { return s().GetCredential() }
func (s sealed) GetSecretId() string                       { return s().id }
func (s sealed) GetSecretKey() string                      { return s().secret }
func (s sealed) GetToken() string                          { return s().token }

func (s snapshot) usable() bool { return s.id != "" && s.secret != "" }

// keyring holds the credentials of all requests of a handler.
type keyring struct {
	// fixed are static credentials; otherwise found gets what is to be used now.
	fixed snapshot
	found token.Cache[snapshot]
	// given are the secrets of the configuration.
	given []string
}

func newKeyring(c *Config, api *clients) *keyring {
	k := &keyring{given: []string{c.SecretKey, c.Token}}
	var fetch way
	switch {
	case c.Credential != nil:
		fetch = func(context.Context) (snapshot, time.Time, error) { return ask(c.Credential) }
	case c.SecretID != "" && c.RoleARN == "":
		k.fixed = snapshot{c.SecretID, c.SecretKey, c.Token}
	default:
		fetch = chain(c.ways(api))
	}
	turn := make(chan struct{}, 1) // a credential of the SDK may refresh itself without a lock
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

// get returns the credentials to sign a request with. A credential of the user may be deaf
// to contexts; its callers wait no longer than theirs.
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
		list = append(list, keys.secret, keys.token)
	}
	return list
}

// way is one in which credentials are got. Where it tells when they end they are kept until
// then.
type way func(context.Context) (snapshot, time.Time, error)

// errNotSet is the error of a way that is not set up: the next one counts.
var errNotSet = errors.New("not set up")

// ask takes a snapshot of a credential of the SDK.
func ask(c common.CredentialIface) (s snapshot, _ time.Time, err error) {
	if s.id, s.secret, s.token = c.GetCredential(); !s.usable() {
		err = errors.New("the credential holds no key")
	}
	return s, time.Time{}, err
}

// chain tries ways until one is set up, which counts even where it fails.
func chain(ways []way) way {
	return func(ctx context.Context) (snapshot, time.Time, error) {
		for _, one := range ways {
			keys, end, err := one(ctx)
			if !errors.Is(err, errNotSet) {
				return keys, end, err
			}
		}
		return snapshot{}, time.Time{}, errNotSet
	}
}

// ofFile is a way of the SDK that reads the environment or a file. Which of its errors
// mean that there is none it tells nobody: present says so.
func ofFile(present func() bool, provider common.Provider) way {
	return func(context.Context) (snapshot, time.Time, error) {
		if !present() {
			return snapshot{}, time.Time{}, errNotSet
		}
		c, err := provider.GetCredential()
		if err != nil {
			return snapshot{}, time.Time{}, err
		}
		return ask(c)
	}
}

// ways are the one that is configured, or those of the vendor's default chain, but that the
// metadata service of CVM, over plain http, is asked only where its role is named.
func (c *Config) ways(api *clients) []way {
	if c.RoleARN == "" {
		return c.ownWays(api)
	}
	return []way{api.assume(assumption{arn: c.RoleARN, session: c.RoleSessionName, provider: c.OIDCProviderID, tokenFile: c.OIDCTokenFile, keys: chain(c.ownWays(api))})}
}

// ownWays are those to the keys of the caller, who may assume a role with them.
func (c *Config) ownWays(api *clients) []way {
	switch {
	case c.SecretID != "":
		return []way{func(context.Context) (snapshot, time.Time, error) {
			return snapshot{c.SecretID, c.SecretKey, c.Token}, time.Time{}, nil
		}}
	case c.Profile != "":
		return []way{ofFile(func() bool { return true }, common.NewTccliProfileProvider(c.Profile))}
	case c.CVMRole != "":
		return []way{instanceRole(c.CVMRole)}
	}
	isSet := func(names ...string) func() bool {
		return func() bool {
			return !slices.ContainsFunc(names, func(name string) bool { _, ok := os.LookupEnv(name); return !ok })
		}
	}
	var list []way
	if file := os.Getenv("TKE_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		list = append(list, api.assume(assumption{arn: os.Getenv("TKE_ROLE_ARN"), provider: os.Getenv("TKE_PROVIDER_ID"), tokenFile: file, session: c.RoleSessionName}))
	}
	return append(list,
		ofFile(isSet("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"), common.DefaultEnvProvider()),
		ofFile(sharedFile, common.DefaultProfileProvider()))
}

// sharedFile reports whether there is the file of the vendor's SDKs.
func sharedFile() bool {
	if _, ok := os.LookupEnv(common.EnvCredentialFile); ok {
		return true
	}
	home, err := os.UserHomeDir()
	if err == nil {
		_, err = os.Stat(home + "/.tencentcloud/credentials")
	}
	return err == nil
}

// noCredentials says why there are none. The SDK quotes what it cannot read: of its errors
// nothing is shown but the first words.
func noCredentials(err error) error {
	if err == nil {
		return nil
	}
	var known *pmks.Error
	if errors.As(err, &known) {
		return known
	}
	e := &pmks.Error{Code: pmks.CodeUnauthenticated, ProviderCode: "ClientError.CredentialError",
		Message: "no usable credentials: give secretId and secretKey, or a profile, or set up the vendor's default chain (environment, shared file)"}
	if !errors.Is(err, errNotSet) {
		words := err.Error()
		if _, text, ok := strings.Cut(words, "Message="); ok {
			words, _, _ = strings.Cut(text, ", RequestId")
		}
		words, _, _ = strings.Cut(words, "{")
		e.Message += ": " + refuse.Clip(strings.Join(strings.Fields(words), " "))
	}
	return e
}
