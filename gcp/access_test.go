// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestKubeconfig_exec: it carries the place of the cluster, which the credentials of
// the helper need not name, and no secret.
func TestKubeconfig_exec(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	put(t, s, region, "wide")
	cfg := configFor(s)
	cfg.KubeconfigKind = "exec"
	info, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: "wide"})
	if err != nil {
		t.Fatal(err)
	}
	text := info.AccessInfo.Kubeconfig
	for _, arg := range []string{"-region", region, "-zone", region + "-a", "-endpoint", "http://127.0.0.1:1", "-setting", "project=" + gke.DefaultProject, "protocol=rest",
		"wide:" + parent + region + "/clusters/wide"} {
		if !strings.Contains(text, `- "`+arg+`"`) {
			t.Errorf("%s is not in\n%s", arg, text)
		}
	}
	if strings.Contains(text, gke.DefaultToken) || !info.AccessInfo.ExpiresAt.IsZero() {
		t.Error("it holds a token")
	}
	// What the helper is given opens the same cluster.
	iid, err := pmks.ParseIID("wide:" + parent + region + "/clusters/wide")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newHandler(t, s).GenerateClusterToken(t.Context(), iid); err != nil {
		t.Error(err)
	}
}

// TestProjectSetting: the project of a kubeconfig goes before nothing else.
func TestProjectSetting(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	key := string(s.ServiceAccountJSON("")) // whose own project is another
	key = strings.Replace(key, `"`+gke.DefaultProject+`"`, `"home-project"`, 1)
	open := func(credentials, settings map[string]string) error {
		client, err := pmks.Open(t.Context(), gcp.Name, pmks.Config{Zone: region + "-a", Endpoint: "http://127.0.0.1:1", Transport: s.Transport(), Credentials: credentials, Settings: settings})
		if err != nil {
			return err
		}
		defer client.Close()
		_, err = client.ListIID(t.Context())
		return err
	}
	if err := open(map[string]string{"credentialsJson": key}, map[string]string{"project": gke.DefaultProject}); err != nil {
		t.Errorf("a key of one project for another: %v", err)
	}
	if err := open(map[string]string{"credentialsJson": key}, nil); err == nil {
		t.Error("the project of the key has been left aside")
	}
	if err := open(map[string]string{"credentialsJson": key, "projectId": "one-project"}, map[string]string{"project": "two-project"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
		t.Errorf("two projects: %v", err)
	}
}

// TestKubeconfig_unread: a kubeconfig that cannot be made is named, and fails nothing.
func TestKubeconfig_unread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, gke.Options{})
		h := newHandler(t, s)
		if err := s.Alter("c000", func(c *containerpb.Cluster) { c.MasterAuth.ClusterCaCertificate = "no certificate" }); err != nil {
			t.Fatal(err)
		}
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); err != nil || got != "Kubeconfig(Internal)" || info.AccessInfo.Kubeconfig != "" || info.AccessInfo.Endpoint == "" || len(info.NodeGroupList[0].Nodes) != 2 {
			t.Errorf("unread is %q, %+v, %v", got, info.AccessInfo, err)
		}
	})
}

// TestEndpoint: credentials go nowhere unprotected, with a transport of the user's or
// without, and the password of an endpoint is never shown.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for endpoint, good := range map[string]bool{
		"https://gke.example": true, "http://127.0.0.1:8080": true, "http://localhost": true, "http://[::1]:80": true,
		"http://gke.example": false, "http://127.0.0.1.example": false, "ftp://gke.example": false, "gke.example": false,
		"https://user:hunter2@gke.example": false, "https://gke.example/?key=hunter2": false,
	} {
		for _, transport := range []http.RoundTripper{nil, gke.New(gke.Options{}).Transport()} {
			cfg := gcp.Config{ProjectID: gke.DefaultProject, Zone: region + "-a", Endpoint: endpoint, Transport: transport, TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})}
			h, err := gcp.New(t.Context(), cfg)
			if (err == nil) != good || err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", endpoint, err)
			}
			if err == nil {
				if err := h.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
