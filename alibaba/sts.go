// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"bytes"
	"context"
	"os"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

const stsVersion = "2015-04-01"

// assumption is a role that is to be assumed: with other keys, or with the token of an OIDC
// provider, which is read anew each time because what put it there renews it.
type assumption struct {
	arn, session, externalID string
	keys                     way
	provider, tokenFile      string
}

// assume returns the way to a role. The SDK's own way follows redirects, with the token, and
// knows nothing of the transport and the endpoint of the handler.
func (c *clients) assume(a assumption) way {
	type answer struct {
		Credentials *struct {
			AccessKeyId, AccessKeySecret, SecurityToken string
			Expiration                                  *string
		}
	}
	return func(ctx context.Context) (snapshot, time.Time, error) {
		call := rpcCall{action: "AssumeRole", version: stsVersion, auth: "AK", query: map[string]string{"RoleArn": a.arn, "RoleSessionName": a.session}}
		if a.externalID != "" {
			call.query["ExternalId"] = a.externalID
		}
		var oidc string
		var keys snapshot
		var err error
		if a.provider == "" {
			if keys, _, err = a.keys(ctx); err != nil {
				return snapshot{}, time.Time{}, err
			}
		} else {
			text, err := os.ReadFile(a.tokenFile)
			if oidc = string(bytes.TrimSpace(text)); err != nil || oidc == "" {
				return snapshot{}, time.Time{}, refuse.Invalid("Settings.oidcTokenFile", "%q cannot be read, or is empty: name a file with a token", a.tokenFile)
			}
			call.action, call.auth = "AssumeRoleWithOIDC", "Anonymous"
			call.form = map[string]any{"OIDCProviderArn": a.provider, "OIDCToken": oidc}
		}
		var out answer
		err = c.exchange(ctx, keys, func(web sender, keys snapshot) error { return call.make(c.sts(web, keys), &out) })
		if err == nil && (out.Credentials == nil || out.Credentials.AccessKeyId == "" || out.Credentials.AccessKeySecret == "" || stamp(out.Credentials.Expiration).IsZero()) {
			err = errs.LostAnswer(vendor, "keys of the role")
		}
		if err != nil {
			return snapshot{}, time.Time{}, errs.With(err, func(e *pmks.Error) {
				if e.HTTPStatus >= 400 && e.HTTPStatus < 500 && e.Code != pmks.CodePermissionDenied && e.Code != pmks.CodeThrottled {
					e.Code = pmks.CodeUnauthenticated
				}
				e.Message, e.Field, e.Err = "the role "+a.arn+" could not be assumed: "+redact.Text(e.Message, oidc, keys.secret, keys.token), "", nil
			})
		}
		k, ends := out.Credentials, stamp(out.Credentials.Expiration)
		return snapshot{id: k.AccessKeyId, secret: k.AccessKeySecret, token: k.SecurityToken, provider: "ram_role_arn", ends: ends}, ends, nil
	}
}
