// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// secrets are what no error may show.
var secrets = []string{eks.DefaultSecret, sessionSecret, sessionToken, webToken, externalID, wrongSecret}

const wrongSecret = "pmks-simulated-wrong-secret-00000000001"

// TestCredentials_faults: what is wrong with an identity is told by New or by the
// first call, with a code to act on and a way out, and without a secret.
func TestCredentials_faults(t *testing.T) {
	sound := func(t testing.TB) aws.Config {
		clearEnvironment(t)
		return account(t)
	}
	providertest.Credentials(t, aws.New, sound, secrets, []providertest.Setup[aws.Config]{
		{Name: "none", Code: pmks.CodeUnauthenticated, Says: []string{"accessKeyId", "profile"}},
		{Name: "no-region", Change: func(c *aws.Config) { c.Region = "" }, Code: pmks.CodeInvalidArgument, Says: []string{"Region", "AWS_REGION"}},
		{Name: "unknown-key", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = "AKIANOBODY0000000001", wrongSecret
		}, Code: pmks.CodeUnauthenticated, Says: []string{"UnrecognizedClientException", "check the access key id"}},
		{Name: "wrong-secret", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, wrongSecret
		}, Code: pmks.CodeUnauthenticated, Says: []string{"InvalidSignatureException", "check the secret access key"}},
		{Name: "wrong-session-token", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken = sessionKey, sessionSecret, webToken
		}, Code: pmks.CodeUnauthenticated, Says: []string{"UnrecognizedClientException", "session token"}},
		{Name: "no-session-token", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = sessionKey, sessionSecret
		}, Code: pmks.CodeUnauthenticated, Says: []string{"UnrecognizedClientException", "session token"}},
		{Name: "ended-session", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken = endedKey, sessionSecret, sessionToken
		}, Code: pmks.CodeUnauthenticated, Says: []string{"ExpiredTokenException", "get new credentials"}},
		{Name: "absent-profile", Prepare: func(t testing.TB, c *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			c.Profile = "taem"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"Settings.profile", `"taem"`}},
		{Name: "absent-profile-of-the-environment", Prepare: func(t testing.TB, _ *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			t.Setenv("AWS_PROFILE", "taem")
		}, Code: pmks.CodeInvalidArgument, Says: []string{"Settings.profile", `"taem"`, "AWS_PROFILE"}},
		{Name: "profile-without-credentials", Prepare: func(t testing.TB, c *aws.Config) {
			profiles(t, "[profile team]\nregion = us-east-2\n", "")
			c.Profile = "team"
		}, Code: pmks.CodeUnauthenticated, Says: []string{"profile"}},
		{Name: "profile-with-half-a-key", Prepare: func(t testing.TB, c *aws.Config) {
			profiles(t, "[profile team]\n", "[team]\naws_access_key_id = "+eks.DefaultAccessKey+"\n")
			c.Profile = "team"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"partial credentials", "profile team"}},
		{Name: "profile-on-an-absent-profile", Prepare: func(t testing.TB, c *aws.Config) {
			profiles(t, "[profile operator]\nrole_arn = "+operatorRole+"\nsource_profile = taem\n", keysOfTeam)
			c.Profile = "operator"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"Settings.profile", "taem"}},
		{Name: "profile-file-not-readable", Prepare: func(t testing.TB, c *aws.Config) {
			t.Setenv("AWS_CONFIG_FILE", t.TempDir())
			c.Profile = "team"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"shared configuration files", "is a directory"}},
		{Name: "role-of-a-profile-refused", Prepare: func(t testing.TB, c *aws.Config) {
			profiles(t, "[profile operator]\nrole_arn = "+operatorRole+"s\nsource_profile = team\n", keysOfTeam)
			c.Profile = "operator"
		}, Code: pmks.CodePermissionDenied, Says: []string{"sts:AssumeRole", operatorRole + "s"}},
		{Name: "role-refused", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN = "arn:aws:iam::" + eks.DefaultAccountID + ":role/nobody"
		}, Code: pmks.CodePermissionDenied, Says: []string{"sts:AssumeRole", "role/nobody", "trust"}},
		{Name: "role-with-unknown-key", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.RoleARN = "AKIANOBODY0000000001", wrongSecret, operatorRole
		}, Code: pmks.CodeUnauthenticated, Says: []string{"InvalidClientTokenId", "check the access key id"}},
		{Name: "role-with-wrong-external-id", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN, c.ExternalID = operatorRole, "guessed"
			c.Transport = &trusting{http.DefaultTransport, externalID}
		}, Code: pmks.CodePermissionDenied, Says: []string{"sts:AssumeRole", "externalId"}},
		{Name: "role-without-external-id", Change: func(c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN = operatorRole
			c.Transport = &trusting{http.DefaultTransport, externalID}
		}, Code: pmks.CodePermissionDenied, Says: []string{"sts:AssumeRole", "externalId"}},
		{Name: "web-identity-for-another-role", Prepare: func(t testing.TB, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = "arn:aws:iam::"+eks.DefaultAccountID+":role/nobody", file(t, "token", webToken)
		}, Code: pmks.CodePermissionDenied, Says: []string{"sts:AssumeRoleWithWebIdentity", "role/nobody"}},
		{Name: "web-identity-file-absent", Change: func(c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = operatorRole, "no-such-token-file"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"Settings.webIdentityTokenFile", "no-such-token-file"}},
		{Name: "web-identity-file-of-the-environment-absent", Prepare: func(t testing.TB, _ *aws.Config) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "no-such-token-file")
			t.Setenv("AWS_ROLE_ARN", operatorRole)
		}, Code: pmks.CodeUnauthenticated, Says: []string{"default chain", "web identity token file"}},
		{Name: "web-identity-file-empty", Prepare: func(t testing.TB, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = operatorRole, file(t, "token", "\n")
		}, Code: pmks.CodeInvalidArgument, Says: []string{"Settings.webIdentityTokenFile", "it is empty"}},
	})
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
		says(t, err, pmks.ErrUnauthenticated, "InvalidIdentityToken", "web identity token")
		providertest.ShowNone(t, secrets, err)
	})
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
