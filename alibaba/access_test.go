// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// ready is an account with one cluster that other hands made.
func ready(t testing.TB, attr map[string]string) *ack.Server {
	t.Helper()
	s := bench.Simulate(providertest.Options{})
	if err := s.Put(core.Seed{Name: "demo", Attr: attr, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}); err != nil {
		t.Fatal(err)
	}
	return s
}

var demo = pmks.IID{NameId: "demo"}

// TestAccess_certificate: a temporary certificate, for three days, of the public endpoint.
func TestAccess_certificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		info, err := newHandler(t, ready(t, nil)).GetCluster(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
		if err != nil || k.ClientCertificate == "" || k.Server != info.AccessInfo.Endpoint || !strings.Contains(k.Name, info.IId.SystemId) {
			t.Errorf("got %+v, %v", k, err)
		}
		if left := time.Until(info.AccessInfo.ExpiresAt); left < 71*time.Hour || left > 73*time.Hour {
			t.Errorf("it lives for %s", left)
		}
	})
}

// TestAccess_private: of a cluster that is open to its VPC alone the private address is
// shown, and said to be so, whichever way the handler makes its own.
func TestAccess_private(t *testing.T) {
	t.Parallel()
	for _, public := range []bool{true, false} {
		for _, attr := range []map[string]string{nil, {ack.AttrPrivate: "yes"}} {
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, attr)
				info, err := newHandler(t, s, func(c *alibaba.Config) { c.PublicEndpoint = &public }).GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				scope, _ := pmks.Lookup(info.KeyValueList, "EndpointScope")
				if private := attr != nil; private != (scope == "private") || info.AccessInfo.Kubeconfig == "" {
					t.Errorf("public %t, %v: scope %q, %v", public, attr, scope, info.KeyValueList)
				}
				if k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig)); err != nil || k.Server != info.AccessInfo.Endpoint {
					t.Errorf("the kubeconfig is for %q, the endpoint %q, %v", k.Server, info.AccessInfo.Endpoint, err)
				}
				want := 1
				if public == (attr != nil) {
					want = 2 // the other side is asked for when the address is known
				}
				if n := s.Count("DescribeClusterUserKubeconfig"); n != want {
					t.Errorf("%d kubeconfigs were made, want %d", n, want)
				}
			})
		}
	}
}

// TestAccess_exec: a kubeconfig that calls the helper says where the cluster is and holds
// no secret; without the add-on there is none, which is said.
func TestAccess_exec(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exec := func(c *alibaba.Config) { c.KubeconfigKind = "exec" }
		info, err := newHandler(t, ready(t, map[string]string{ack.AttrAddons: "ack-ram-authenticator"}), exec).GetCluster(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
		if err != nil || k.Exec == nil || !info.AccessInfo.ExpiresAt.IsZero() {
			t.Fatalf("got %+v, %v", k, err)
		}
		want := "-provider alibaba -region " + region + " -cluster demo:" + info.IId.SystemId
		if got := strings.Join(k.Exec.Args, " "); got != want || k.Exec.Command != alibaba.DefaultCredentialHelper {
			t.Errorf("got %s %s, want %s", k.Exec.Command, got, want)
		}
		providertest.ShowNone(t, []string{ack.DefaultAccessKeySecret, ack.DefaultAccessKeyID}, info.AccessInfo.Kubeconfig)
		info, err = newHandler(t, ready(t, nil), exec).GetCluster(t.Context(), demo)
		if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); err != nil || got != "Kubeconfig(FailedPrecondition)" || info.AccessInfo.Endpoint == "" {
			t.Errorf("without the add-on: unread %q, %v", got, err)
		}
	})
}

// TestAccess_execOfRole: the helper that an exec kubeconfig calls, with the keys in its
// environment, is the role that the handler is.
func TestAccess_execOfRole(t *testing.T) {
	noEnvironment(t)
	const role, external = "acs:ram::" + ack.DefaultAccountID + ":role/guarded", "given-by-the-owner"
	resources := ack.DefaultResources(region)
	resources.RAMRoles = []ack.RAMRole{{Name: "guarded", ExternalID: external}}
	s := ack.New(ack.Options{Unlimited: true, Resources: &resources})
	if err := s.Put(core.Seed{Name: "demo", Attr: map[string]string{ack.AttrAddons: "ack-ram-authenticator"}}); err != nil {
		t.Fatal(err)
	}
	h := newHandler(t, s, func(c *alibaba.Config) {
		c.KubeconfigKind, c.RoleARN, c.ExternalID, c.RoleSessionName = "exec", role, external, "nightly"
	})
	info, err := h.GetCluster(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil || k.Exec == nil {
		t.Fatalf("got %+v, %v, %v", k, info.KeyValueList, err)
	}
	cfg := pmks.Config{Region: region, Transport: s.Transport(), Settings: map[string]string{}}
	for i, arg := range k.Exec.Args {
		if name, value, ok := strings.Cut(arg, "="); ok && k.Exec.Args[i-1] == "-setting" {
			cfg.Settings[name] = value
		}
	}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", ack.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ack.DefaultAccessKeySecret)
	helper, err := pmks.Open(t.Context(), "alibaba", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = helper.Close() })
	token, err := helper.GenerateClusterToken(t.Context(), info.IId)
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(token.Value, "k8s-ack-v2."))
	if err != nil || !strings.Contains(string(text), "Credential=STS.") {
		t.Errorf("the token is signed %s, %v", text, err)
	}
	providertest.ShowNone(t, []string{ack.DefaultAccessKeySecret, ack.DefaultAccessKeyID}, info.AccessInfo.Kubeconfig)
}

// TestAccess_plugin: a kubeconfig that names a program, or cannot be read, is not handed
// on.
func TestAccess_plugin(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plugin": "\napiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {server: 'https://1.2.3.4:6443'}\ncontexts:\n- name: a\n  context: {cluster: a, user: a}\ncurrent-context: a\nusers:\n- name: a\n  user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: evil}\n",
		"page":   "<html>log in</html>", "blank": " \n ", "number": "7",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := ready(t, nil)
			s.Alter("DescribeClusterUserKubeconfig", func(any) any {
				return map[string]any{"config": text, "expiration": "2030-01-01T00:00:00Z"}
			})
			info, err := newHandler(t, s).GetCluster(t.Context(), demo)
			if unread, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); err != nil || info.AccessInfo.Kubeconfig != "" || !strings.HasPrefix(unread, "Kubeconfig(") {
				t.Errorf("%s: got %q, unread %q, %v", name, info.AccessInfo.Kubeconfig, unread, err)
			}
		})
	}
}

// TestAccess_token: a token is minted for a cluster with the add-on, also by who may not
// look; the others are told what to do.
func TestAccess_token(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, map[string]string{ack.AttrAddons: "ack-ram-authenticator"})
		h := newHandler(t, s)
		for range 2 {
			token, err := h.GenerateClusterToken(t.Context(), demo)
			if err != nil || !strings.HasPrefix(token.Value, "k8s-ack-v2.") || time.Until(token.ExpiresAt) != 10*time.Minute {
				t.Errorf("got a token for %s, %v", time.Until(token.ExpiresAt), err)
			}
			s.Deny("cs:GetClusterAddonInstance")
		}
		_, err := newHandler(t, ready(t, nil)).GenerateClusterToken(t.Context(), demo)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "ramAuthenticator") {
			t.Errorf("without the add-on: %v", err)
		}
	})
}
