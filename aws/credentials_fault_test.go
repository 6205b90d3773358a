// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// secrets are what no error may show.
var secrets = []string{eks.DefaultSecret, sessionSecret, sessionToken, webToken, externalID, wrongSecret}

const wrongSecret = "pmks-simulated-wrong-secret-00000000001"

// TestCredentials_faults: what is wrong with an identity is told by New or by the
// first call, with a code to act on and a way out, and without a secret.
func TestCredentials_faults(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*testing.T, *aws.Config)
		want    error
		says    []string
	}{
		{"none", func(*testing.T, *aws.Config) {}, pmks.ErrUnauthenticated, []string{"accessKeyId", "profile"}},
		{"no-region", func(_ *testing.T, c *aws.Config) { c.Region = "" }, pmks.ErrInvalidArgument, []string{"Region", "AWS_REGION"}},
		{"unknown-key", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = "AKIANOBODY0000000001", wrongSecret
		}, pmks.ErrUnauthenticated, []string{"UnrecognizedClientException", "check the access key id"}},
		{"wrong-secret", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, wrongSecret
		}, pmks.ErrUnauthenticated, []string{"InvalidSignatureException", "check the secret access key"}},
		{"wrong-session-token", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken = sessionKey, sessionSecret, webToken
		}, pmks.ErrUnauthenticated, []string{"UnrecognizedClientException", "session token"}},
		{"no-session-token", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = sessionKey, sessionSecret
		}, pmks.ErrUnauthenticated, []string{"UnrecognizedClientException", "session token"}},
		{"ended-session", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken = endedKey, sessionSecret, sessionToken
		}, pmks.ErrUnauthenticated, []string{"ExpiredTokenException", "get new credentials"}},
		{"absent-profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			c.Profile = "taem"
		}, pmks.ErrInvalidArgument, []string{"Settings.profile", `"taem"`}},
		{"absent-profile-of-the-environment", func(t *testing.T, _ *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			t.Setenv("AWS_PROFILE", "taem")
		}, pmks.ErrInvalidArgument, []string{"Settings.profile", `"taem"`, "AWS_PROFILE"}},
		{"profile-without-credentials", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\nregion = us-east-2\n", "")
			c.Profile = "team"
		}, pmks.ErrUnauthenticated, []string{"profile"}},
		{"profile-with-half-a-key", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\n", "[team]\naws_access_key_id = "+eks.DefaultAccessKey+"\n")
			c.Profile = "team"
		}, pmks.ErrInvalidArgument, []string{"partial credentials", "profile team"}},
		{"profile-on-an-absent-profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile operator]\nrole_arn = "+operatorRole+"\nsource_profile = taem\n", keysOfTeam)
			c.Profile = "operator"
		}, pmks.ErrInvalidArgument, []string{"Settings.profile", "taem"}},
		{"profile-file-not-readable", func(t *testing.T, c *aws.Config) {
			t.Setenv("AWS_CONFIG_FILE", t.TempDir())
			c.Profile = "team"
		}, pmks.ErrInvalidArgument, []string{"shared configuration files", "is a directory"}},
		{"role-of-a-profile-refused", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile operator]\nrole_arn = "+operatorRole+"s\nsource_profile = team\n", keysOfTeam)
			c.Profile = "operator"
		}, pmks.ErrPermissionDenied, []string{"sts:AssumeRole", operatorRole + "s"}},
		{"role-refused", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN = "arn:aws:iam::" + eks.DefaultAccountID + ":role/nobody"
		}, pmks.ErrPermissionDenied, []string{"sts:AssumeRole", "role/nobody", "trust"}},
		{"role-with-unknown-key", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.RoleARN = "AKIANOBODY0000000001", wrongSecret, operatorRole
		}, pmks.ErrUnauthenticated, []string{"InvalidClientTokenId", "check the access key id"}},
		{"role-with-wrong-external-id", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN, c.ExternalID = operatorRole, "guessed"
			c.Transport = &trusting{http.DefaultTransport, externalID}
		}, pmks.ErrPermissionDenied, []string{"sts:AssumeRole", "externalId"}},
		{"role-without-external-id", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN = operatorRole
			c.Transport = &trusting{http.DefaultTransport, externalID}
		}, pmks.ErrPermissionDenied, []string{"sts:AssumeRole", "externalId"}},
		{"web-identity-for-another-role", func(t *testing.T, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = "arn:aws:iam::"+eks.DefaultAccountID+":role/nobody", file(t, "token", webToken)
		}, pmks.ErrPermissionDenied, []string{"sts:AssumeRoleWithWebIdentity", "role/nobody"}},
		{"web-identity-file-absent", func(_ *testing.T, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = operatorRole, "no-such-token-file"
		}, pmks.ErrInvalidArgument, []string{"Settings.webIdentityTokenFile", "no-such-token-file"}},
		{"web-identity-file-of-the-environment-absent", func(t *testing.T, _ *aws.Config) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "no-such-token-file")
			t.Setenv("AWS_ROLE_ARN", operatorRole)
		}, pmks.ErrUnauthenticated, []string{"default chain", "web identity token file"}},
		{"web-identity-file-empty", func(t *testing.T, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = operatorRole, file(t, "token", "\n")
		}, pmks.ErrInvalidArgument, []string{"Settings.webIdentityTokenFile", "it is empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			clearEnvironment(t)
			cfg := account(t)
			test.prepare(t, &cfg)
			h, err := aws.New(t.Context(), cfg)
			if err == nil {
				_, err = h.ListIID(t.Context())
			}
			checkFault(t, err, test.want, test.says)
		})
	}
}

// TestCredentials_webIdentityRefused: STS may not know a token yet, so the SDK
// asks again, here in virtual time.
func TestCredentials_webIdentityRefused(t *testing.T) {
	clearEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		cfg := aws.Config{
			Region: "us-east-2", Endpoint: "https://eks.simulated", Transport: eks.New(eks.Options{WebIdentityTokens: []string{webToken}}).Transport(),
			RoleARN: operatorRole, WebIdentityTokenFile: file(t, "token", sessionToken),
		}
		_, err := newHandlerWith(t, cfg).ListIID(t.Context())
		checkFault(t, err, pmks.ErrUnauthenticated, []string{"InvalidIdentityToken", "web identity token"})
	})
}

// checkFault checks the code of an error, that it says some words, and that it
// shows no secret in any of its forms.
func checkFault(t *testing.T, err, want error, says []string) {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) || !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "err", err)
	text, jsonErr := json.Marshal(err)
	if jsonErr != nil {
		t.Error(jsonErr)
	}
	fmt.Fprintf(&b, "%s %v %+v %#v %v", text, err, err, err, errors.Unwrap(e))
	for _, secret := range secrets {
		if strings.Contains(b.String(), secret) {
			t.Errorf("the error shows %q: %s", secret, b.String())
		}
	}
}

// trusting is a transport before an account whose role asks for an external id,
// and answers as STS does where it is missing or another.
type trusting struct {
	next       http.RoundTripper
	externalID string
}

func (r *trusting) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body == nil {
		return r.next.RoundTrip(request)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err == nil && form.Get("Action") == "AssumeRole" && form.Get("ExternalId") != r.externalID {
		return respond(request, "403 assume-role-denied.xml")
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	return r.next.RoundTrip(request)
}
