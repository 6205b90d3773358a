// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
)

const (
	testKey    = "AKIAIOSFODNN7EXAMPLE"
	testSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func testHandler(t *testing.T, change func(*Config)) *Handler {
	t.Helper()
	cfg := Config{Region: "us-east-2", AccessKeyID: testKey, SecretAccessKey: testSecret}
	if change != nil {
		change(&cfg)
	}
	h, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestHandler_token checks what the API server checks (aws-iam-authenticator,
// pkg/token): prefix, host, path, and a closed list of parameters.
func TestHandler_token(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := testHandler(t, func(c *Config) { c.Endpoint = "http://127.0.0.1:1" })
		token, err := h.token(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Until(token.ExpiresAt); got != 14*time.Minute {
			t.Errorf("expires in %s, want 14m", got)
		}
		encoded, ok := strings.CutPrefix(token.Value, "k8s-aws-v1.")
		raw, err := base64.RawURLEncoding.DecodeString(encoded)
		if !ok || err != nil || len(token.Value) > 4096 {
			t.Fatalf("malformed token: prefix %t, %v, %d bytes", ok, err, len(token.Value))
		}
		u, err := url.Parse(string(raw))
		if err != nil || u.Scheme != "https" || u.Host != "sts.us-east-2.amazonaws.com" || u.Path != "/" {
			t.Fatalf("signed URL for %s://%s%s, %v", u.Scheme, u.Host, u.Path, err)
		}
		query := u.Query()
		for key, want := range map[string]string{
			"Action": "GetCallerIdentity", "Version": "2011-06-15", "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
			"X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
		} {
			if got := query.Get(key); got != want {
				t.Errorf("%s = %q, want %q", key, got, want)
			}
			query.Del(key)
		}
		for _, key := range []string{"X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature"} {
			if query.Get(key) == "" {
				t.Errorf("%s is missing", key)
			}
			query.Del(key)
		}
		if len(query) > 0 {
			t.Errorf("parameters that the server refuses: %v", query)
		}
	})
}

func TestHandler_access(t *testing.T) {
	t.Parallel()
	const ca = "-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n"
	ready := &types.Cluster{
		Name: aws.String("demo"), Endpoint: aws.String("https://ABC.gr7.us-east-2.eks.amazonaws.com"),
		CertificateAuthority: &types.Certificate{Data: aws.String(base64.StdEncoding.EncodeToString([]byte(ca)))},
	}
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		info, err := testHandler(t, nil).access(t.Context(), ready, true)
		if err != nil {
			t.Fatal(err)
		}
		k, err := kubeconfigyaml.Parse([]byte(info.Kubeconfig))
		if err != nil || k.Server != info.Endpoint || k.Token.IsZero() || info.ExpiresAt.IsZero() {
			t.Errorf("got %v, %v, expires %s", k, err, info.ExpiresAt)
		}
		if strings.Contains(fmt.Sprintf("%+v %#v", info, info), k.Token.Reveal()) {
			t.Error("printing shows the token")
		}
	})
	t.Run("exec", func(t *testing.T) {
		t.Parallel()
		info, err := testHandler(t, func(c *Config) { c.KubeconfigKind = "exec" }).access(t.Context(), ready, true)
		if err != nil {
			t.Fatal(err)
		}
		k, err := kubeconfigyaml.Parse([]byte(info.Kubeconfig))
		if err != nil || k.Exec == nil || k.Exec.Command != DefaultCredentialHelper || !info.ExpiresAt.IsZero() {
			t.Errorf("got %v, %v", k, err)
		}
	})
	t.Run("not-ready", func(t *testing.T) {
		t.Parallel()
		for _, c := range []*types.Cluster{
			{Name: aws.String("demo")},
			{Name: aws.String("demo"), CertificateAuthority: &types.Certificate{}},
			{Name: aws.String("demo"), Endpoint: ready.Endpoint},
		} {
			info, err := testHandler(t, nil).access(t.Context(), c, true)
			if err != nil || info.Kubeconfig != "" {
				t.Errorf("got %v, %v", info, err)
			}
		}
	})
}
