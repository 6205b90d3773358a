// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// What the account of the credential tests knows beside the default key.
const (
	sessionKey      = "ASIASIMULATED0000001"
	sessionSecret   = "pmks-simulated-session-secret-0000000001"
	sessionToken    = "pmks-simulated-session-token-0000000001"
	endedKey        = "ASIASIMULATED0000002"
	webToken        = "pmks.simulated.web-identity-token"
	externalID      = "pmks-simulated-external-id"
	operatorRole    = "arn:aws:iam::" + eks.DefaultAccountID + ":role/" + eks.OperatorRole
	operatorSession = "arn:aws:sts::" + eks.DefaultAccountID + ":assumed-role/" + eks.OperatorRole + "/"
	defaultUser     = "arn:aws:iam::" + eks.DefaultAccountID + ":user/pmks"
	sessionUser     = "arn:aws:iam::" + eks.DefaultAccountID + ":user/temporary"
)

// account is a simulated account on a loopback listener, because the SDK's default
// chain has a client of its own, with one cluster.
func account(t testing.TB) aws.Config {
	t.Helper()
	s := eks.New(eks.Options{
		Keys: map[string]eks.Key{
			eks.DefaultAccessKey: {Secret: eks.DefaultSecret},
			sessionKey:           {Secret: sessionSecret, SessionToken: sessionToken, ARN: sessionUser},
			endedKey:             {Secret: sessionSecret, SessionToken: sessionToken, Expires: time.Unix(1, 0)},
		},
		WebIdentityTokens: []string{webToken},
	})
	if err := s.Put(core.Seed{Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return aws.Config{Region: "us-east-2", Endpoint: l.URL()}
}

// file writes a file for one test.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// profiles sets the shared files of the SDK.
func profiles(t testing.TB, config, credentials string) {
	t.Helper()
	t.Setenv("AWS_CONFIG_FILE", file(t, "config", config))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file(t, "credentials", credentials))
}

const keysOfTeam = "[team]\naws_access_key_id = " + sessionKey + "\naws_secret_access_key = " + sessionSecret + "\naws_session_token = " + sessionToken + "\n"

// TestCredentials finds an identity in every way there is, lists the clusters with
// it, and asks the account who that was.
func TestCredentials(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*testing.T, *aws.Config)
		want    string
	}{
		{"static-keys", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
		}, defaultUser},
		{"static-session-token", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey, c.SessionToken = sessionKey, sessionSecret, sessionToken
		}, sessionUser},
		{"static-keys-before-environment", func(t *testing.T, c *aws.Config) {
			t.Setenv("AWS_ACCESS_KEY_ID", sessionKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", sessionSecret)
			t.Setenv("AWS_SESSION_TOKEN", sessionToken)
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
		}, defaultUser},
		{"environment", func(t *testing.T, c *aws.Config) {
			t.Setenv("AWS_ACCESS_KEY_ID", sessionKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", sessionSecret)
			t.Setenv("AWS_SESSION_TOKEN", sessionToken)
			t.Setenv("AWS_REGION", "us-east-2")
			c.Region = ""
		}, sessionUser},
		{"profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\nregion = us-east-2\n", keysOfTeam)
			c.Profile, c.Region = "team", ""
		}, sessionUser},
		{"profile-before-environment", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			t.Setenv("AWS_ACCESS_KEY_ID", eks.DefaultAccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", eks.DefaultSecret)
			c.Profile = "team"
		}, sessionUser},
		{"profile-of-the-environment", func(t *testing.T, _ *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			t.Setenv("AWS_PROFILE", "team")
		}, sessionUser},
		{"role", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN, c.ExternalID = operatorRole, externalID
		}, operatorSession + "pmks"},
		{"role-session-name", func(_ *testing.T, c *aws.Config) {
			c.AccessKeyID, c.SecretAccessKey = eks.DefaultAccessKey, eks.DefaultSecret
			c.RoleARN, c.SessionName = operatorRole, "night-shift"
		}, operatorSession + "night-shift"},
		{"role-on-a-profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile team]\n", keysOfTeam)
			c.Profile, c.RoleARN = "team", operatorRole
		}, operatorSession + "pmks"},
		{"role-of-a-profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile operator]\nrole_arn = "+operatorRole+"\nsource_profile = team\nrole_session_name = shared\nexternal_id = "+externalID+"\n", keysOfTeam)
			c.Profile = "operator"
		}, operatorSession + "shared"},
		{"web-identity", func(t *testing.T, c *aws.Config) {
			c.RoleARN, c.WebIdentityTokenFile = operatorRole, file(t, "token", webToken)
		}, operatorSession + "pmks"},
		{"web-identity-of-the-environment", func(t *testing.T, _ *aws.Config) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file(t, "token", webToken))
			t.Setenv("AWS_ROLE_ARN", operatorRole)
			t.Setenv("AWS_ROLE_SESSION_NAME", "pod")
		}, operatorSession + "pod"},
		{"web-identity-of-a-profile", func(t *testing.T, c *aws.Config) {
			profiles(t, "[profile pod]\nrole_arn = "+operatorRole+"\nweb_identity_token_file = "+file(t, "token", webToken)+"\nrole_session_name = pod\n", "")
			c.Profile = "pod"
		}, operatorSession + "pod"},
		{"role-by-web-identity-of-the-environment", func(t *testing.T, c *aws.Config) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file(t, "token", webToken))
			t.Setenv("AWS_ROLE_ARN", operatorRole)
			c.RoleARN, c.SessionName = operatorRole, "second"
		}, operatorSession + "second"},
	} {
		t.Run(test.name, func(t *testing.T) {
			clearEnvironment(t)
			cfg := account(t)
			test.prepare(t, &cfg)
			h := newHandlerWith(t, cfg)
			list, err := h.ListIID(t.Context())
			if err != nil || len(list) != 1 || list[0].NameId != "demo" {
				t.Fatalf("got %d clusters, %v", len(list), err)
			}
			who, err := sts.NewFromConfig(h.SDK()).GetCallerIdentity(t.Context(), nil)
			if err != nil || *who.Arn != test.want {
				t.Fatalf("the clusters were listed by %v, %v, want %s", who, err, test.want)
			}
		})
	}
}

// TestCredentials_endpoint: an endpoint that is given is used whatever the
// environment says.
func TestCredentials_endpoint(t *testing.T) {
	clearEnvironment(t)
	cfg := account(t)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EKS", "AWS_ENDPOINT_URL_STS"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	cfg.AccessKeyID, cfg.SecretAccessKey, cfg.RoleARN = eks.DefaultAccessKey, eks.DefaultSecret, operatorRole
	if list, err := newHandlerWith(t, cfg).ListIID(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("got %d clusters, %v", len(list), err)
	}
}

// TestNew_environmentEndpoint: the one check of endpoints holds for those that the
// environment names.
func TestNew_environmentEndpoint(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EKS", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_AUTO_SCALING"} {
		for url, good := range map[string]bool{"http://192.0.2.1": false, "ftp://eks.example.com": false, "http://127.0.0.1:1": true, "https://eks.example.com": true} {
			clearEnvironment(t)
			t.Setenv(name, url)
			_, err := aws.New(t.Context(), aws.Config{Region: "us-east-2", AccessKeyID: "AKIA", SecretAccessKey: "s3cr3t"})
			if (err == nil) != good || !good && (!errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL")) {
				t.Errorf("%s=%s: %v", name, url, err)
			}
		}
	}
}

// TestCredentials_session: the SDK assumes a role for fifteen minutes. A cluster
// token ends with the session, and what comes after it has a new one.
func TestCredentials_session(t *testing.T) {
	clearEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 0, eks.Options{})
		cfg := configFor(s)
		cfg.RoleARN = operatorRole
		h := newHandlerWith(t, cfg)
		start := time.Now()
		for _, test := range []struct {
			after, ends time.Duration
			sessions    int
		}{
			{0, 14 * time.Minute, 1},
			{10 * time.Minute, 15 * time.Minute, 1},
			{20 * time.Minute, 34 * time.Minute, 2},
		} {
			time.Sleep(time.Until(start.Add(test.after))) //nolint:forbidigo // inside a synctest bubble
			token, err := h.GenerateClusterToken(t.Context(), pmks.IID{NameId: "c000"})
			if err != nil {
				t.Fatal(err)
			}
			if ends := token.ExpiresAt.Sub(start); ends != test.ends {
				t.Errorf("a token made after %s ends after %s, want %s", test.after, ends, test.ends)
			}
			if who, err := s.VerifyToken(token.Value, "c000"); err != nil || who != operatorSession+"pmks" {
				t.Errorf("the token is that of %q, %v", who, err)
			}
			if n := s.Count("AssumeRole"); n != test.sessions {
				t.Errorf("%d sessions after %s, want %d", n, test.after, test.sessions)
			}
		}
	})
}
