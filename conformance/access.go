// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
)

var accessChecks = []check{
	{"access/kubeconfig", accessKubeconfig},
	{"access/token", accessToken},
	{"access/open-and-close", accessOpen},
}

func accessKubeconfig(t T, c *Cloud) {
	caps := c.caps(t)
	created, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "early"))
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	got := c.get(t, created.IId).AccessInfo
	if got.Kubeconfig != "" {
		t.Errorf("there is a kubeconfig before the control plane is up")
	}
	if got.Endpoint != "" && !strings.HasPrefix(got.Endpoint, "https://") {
		t.Errorf("the endpoint is %q before there is one: want it empty, not a sentence", got.Endpoint)
	}
	c.active(t, created.IId)
	info := c.up(t, "early") // adds what Provision adds
	access := c.get(t, info.IId).AccessInfo
	if !strings.HasPrefix(access.Endpoint, "https://") {
		t.Errorf("the endpoint is %q", access.Endpoint)
	}
	k, err := kubeconfigyaml.Parse([]byte(access.Kubeconfig))
	if err != nil {
		t.Fatalf("the kubeconfig cannot be read: %v", err)
	}
	if k.Server != access.Endpoint {
		t.Errorf("the kubeconfig is for %q, the endpoint is %q", k.Server, access.Endpoint)
	}
	if k.CAData == "" {
		t.Errorf("the kubeconfig trusts nobody")
	}
	switch {
	case caps.Access.Certificate && (k.ClientCertificate == "" || k.ClientKey.IsZero()):
		t.Errorf("the kubeconfig has no client certificate, which the capabilities promise")
	case !caps.Access.Certificate && k.Exec == nil && k.Token.IsZero():
		t.Errorf("the kubeconfig has no token")
	case !caps.Access.Certificate && k.Exec == nil && !access.ExpiresAt.After(time.Now()):
		t.Errorf("a token that ended at %s", access.ExpiresAt)
	}
}

func accessToken(t T, c *Cloud) {
	issuer, ok := c.Handler.(pmks.TokenIssuer)
	if !c.caps(t).Access.Token {
		if ok {
			_, err := issuer.GenerateClusterToken(t.Context(), pmks.IID{NameId: "any"})
			want(t, "GenerateClusterToken where there is none", err, pmks.CodeUnsupported)
		}
		return
	}
	if !ok {
		t.Fatalf("the capabilities promise tokens, and there is no TokenIssuer")
	}
	info := c.up(t, "token")
	token, err := issuer.GenerateClusterToken(t.Context(), info.IId)
	if err != nil || token.Value == "" {
		t.Fatalf("GenerateClusterToken: %v", err)
	}
	lifetime := c.caps(t).Access.TokenLifetime
	if left := time.Until(token.ExpiresAt); left <= 0 || left > lifetime+time.Minute {
		t.Errorf("the token lives for %s, the capabilities say %s", left, lifetime)
	}
	if !c.OfflineTokens {
		_, err = issuer.GenerateClusterToken(t.Context(), pmks.IID{NameId: "unknown"})
		want(t, "GenerateClusterToken of nothing", err, pmks.CodeNotFound)
	}
}

func accessOpen(t T, c *Cloud) {
	opener, ok := c.Handler.(pmks.AccessOpener)
	if !c.caps(t).Access.OpenCall {
		if ok {
			want(t, "OpenAccess where there is none", opener.OpenAccess(t.Context(), pmks.IID{NameId: "any"}), pmks.CodeUnsupported)
		}
		return
	}
	if !ok {
		t.Fatalf("the capabilities promise OpenAccess, and there is no AccessOpener")
	}
	info := c.up(t, "open")
	for _, open := range []bool{false, true, true} {
		change := opener.CloseAccess
		if open {
			change = opener.OpenAccess
		}
		if err := change(t.Context(), info.IId); err != nil {
			t.Fatalf("open %t: %v", open, err)
		}
		got, err := pmks.WaitCluster(t.Context(), c.Handler, info.IId, func(info pmks.ClusterInfo) (bool, error) {
			return (info.AccessInfo.Kubeconfig != "") == open, nil
		}, c.Wait...)
		if err != nil || (got.AccessInfo.Endpoint != "") != open {
			t.Errorf("open %t: endpoint %q, %v", open, got.AccessInfo.Endpoint, err)
		}
	}
	c.unchanged(t, "OpenAccess when it is open", func() {
		if err := opener.OpenAccess(t.Context(), info.IId); err != nil {
			t.Errorf("OpenAccess again: %v", err)
		}
	})
}
