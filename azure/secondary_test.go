// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// credentialsWith is an answer with kubeconfigs, by name and text in turn.
func credentialsWith(pairs ...string) *http.Response {
	body := `{"kubeconfigs":[`
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			body += ","
		}
		body += fmt.Sprintf(`{"name":%q,"value":%q}`, pairs[i], base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return replyWith(http.StatusOK, body+"]}")
}

const caData = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClptOXYKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

// kubeconfigOf is a kubeconfig with a user as YAML within one line.
func kubeconfigOf(user string) string {
	return "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters:\n- name: c\n  cluster: {server: \"https://c.hcp.koreacentral.azmk8s.io:443\", certificate-authority-data: " + caData +
		"}\ncontexts:\n- name: c\n  context: {cluster: c, user: u}\nusers:\n- name: u\n  user: " + user + "\n"
}

// TestGetCluster_kubeconfigUnread: whatever happens to the credentials, the cluster is
// read, and says what is missing.
func TestGetCluster_kubeconfigUnread(t *testing.T) {
	t.Parallel()
	const html = "<!DOCTYPE html><html><body>Sign in</body></html>"
	for _, test := range []struct {
		name  string
		reply func() *http.Response
		want  string
	}{
		{"400", func() *http.Response { return replyWith(400, `{"code":"BadRequest","message":"static credential"}`) }, "Kubeconfig(InvalidArgument)"},
		{"403", func() *http.Response {
			return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"no"}}`)
		}, "Kubeconfig(PermissionDenied)"},
		{"404", func() *http.Response { return replyWith(404, `{"code":"NotFound","message":"none"}`) }, "Kubeconfig(NotFound)"},
		{"409", func() *http.Response { return replyWith(409, `{"code":"OperationNotAllowed","message":"in progress"}`) }, "Kubeconfig(Busy)"},
		{"429", func() *http.Response { return replyWith(429, `{"code":"Throttled","message":"slow down"}`) }, "Kubeconfig(Throttled)"},
		{"500", func() *http.Response { return replyWith(500, "") }, "Kubeconfig(Internal)"},
		{"not-base64", func() *http.Response {
			return replyWith(200, `{"kubeconfigs":[{"name":"clusterAdmin","value":"%%%"}]}`)
		}, "Kubeconfig(Unavailable)"},
		{"none", func() *http.Response { return replyWith(200, `{"kubeconfigs":[]}`) }, "Kubeconfig(Unavailable)"},
		{"null", func() *http.Response { return replyWith(200, `null`) }, "Kubeconfig(Unavailable)"},
		{"page-of-a-proxy", func() *http.Response { return replyWith(200, html, "Content-Type", "text/html") }, "Kubeconfig(Unavailable)"},
		{"page-in-it", func() *http.Response { return credentialsWith("clusterAdmin", html) }, "Kubeconfig(Internal)"},
		{"plugin", func() *http.Response {
			return credentialsWith("clusterAdmin", kubeconfigOf(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: /tmp/evil, interactiveMode: Never}}`))
		}, "Kubeconfig(Internal)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, p, _ := tapped(t, seedOf("g0", "g1"), nil)
				p.answer = func(r *http.Request) *http.Response {
					if ending(http.MethodPost, "/listClusterAdminCredential")(r) {
						return test.reply()
					}
					return nil
				}
				info, err := h.GetCluster(t.Context(), clusterC)
				if err != nil {
					t.Fatal(err)
				}
				if info.AccessInfo.Kubeconfig != "" || info.AccessInfo.Endpoint == "" || unreadOf(info.KeyValueList) != test.want {
					t.Errorf("a kubeconfig of %d bytes, endpoint %q, unread %q, want %q", len(info.AccessInfo.Kubeconfig), info.AccessInfo.Endpoint, unreadOf(info.KeyValueList), test.want)
				}
				for _, g := range info.NodeGroupList {
					if len(g.Nodes) != 2 || unreadOf(g.KeyValueList) != "" {
						t.Errorf("%s has %d nodes, unread %q", g.IId, len(g.Nodes), unreadOf(g.KeyValueList))
					}
				}
				if _, err := pmks.WaitClusterActive(t.Context(), h, clusterC, pmks.WithInterval(time.Second)); err != nil {
					t.Errorf("WaitClusterActive: %v", err)
				}
			})
		})
	}
}

// TestGetCluster_nodesUnread: the machines of one pool cannot be read. Its siblings
// are not emptied, and no cluster is lost from the list.
func TestGetCluster_nodesUnread(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   string
	}{
		{400, `{"code":"BadRequest","message":"x"}`, "Nodes(InvalidArgument)"},
		{403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`, "Nodes(PermissionDenied)"},
		{404, `{"code":"NotFound","message":"x"}`, "Nodes(NotFound)"},
		{409, `{"code":"Conflict","message":"x"}`, "Nodes(Busy)"},
		{429, `{"code":"Throttled","message":"x"}`, "Nodes(Throttled)"},
		{502, "<html></html>", "Nodes(Unavailable)"},
		{200, `{}`, "Nodes(Unavailable)"},
		{200, `null`, "Nodes(Unavailable)"},
		{200, ``, "Nodes(Unavailable)"},
	} {
		t.Run(fmt.Sprintf("%d/%s", test.status, test.body), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, p, _ := tapped(t, seedOf("g0", "g1"), nil)
				p.answer = func(r *http.Request) *http.Response {
					if ending(http.MethodGet, "/agentPools/g1/machines")(r) {
						return replyWith(test.status, test.body)
					}
					return nil
				}
				info, err := h.GetCluster(t.Context(), clusterC)
				if err != nil {
					t.Fatal(err)
				}
				list, err := h.ListCluster(t.Context())
				if err != nil || len(list) != 1 {
					t.Fatalf("%d clusters, %v", len(list), err)
				}
				if info.AccessInfo.Kubeconfig == "" || unreadOf(info.KeyValueList) != "" {
					t.Errorf("no kubeconfig, unread %q", unreadOf(info.KeyValueList))
				}
				for _, groups := range [][]pmks.NodeGroupInfo{info.NodeGroupList, list[0].NodeGroupList} {
					if n, unread := len(groups[0].Nodes), unreadOf(groups[0].KeyValueList); n != 2 || unread != "" {
						t.Errorf("g0 has %d nodes, unread %q", n, unread)
					}
					if n, unread := len(groups[1].Nodes), unreadOf(groups[1].KeyValueList); n != 0 || unread != test.want {
						t.Errorf("g1 has %d nodes, unread %q, want %q", n, unread, test.want)
					}
				}
			})
		})
	}
}

// TestGetCluster_noWayIn: without local accounts and without Entra nobody can log in.
// Nothing is dereferenced that is not there, whatever AKS sends.
func TestGetCluster_noWayIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, p, _ := tapped(t, with(seedOf("g0"), map[string]string{aks.AttrNoLocalAccounts: "yes"}), nil)
		p.answer = func(r *http.Request) *http.Response {
			if ending(http.MethodPost, "/listClusterUserCredential")(r) {
				return credentialsWith("clusterUser", kubeconfigOf(`{token: t}`))
			}
			return nil
		}
		info, err := h.GetCluster(t.Context(), clusterC)
		if err != nil || info.AccessInfo.Kubeconfig != "" || unreadOf(info.KeyValueList) != "Kubeconfig(FailedPrecondition)" {
			t.Errorf("unread %q, %v", unreadOf(info.KeyValueList), err)
		}
		if _, err := h.GenerateClusterToken(t.Context(), clusterC); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("GenerateClusterToken: %v", err)
		}
	})
}

// TestGetCluster_severalKubeconfigs: the administrator's is the one of that name.
func TestGetCluster_severalKubeconfigs(t *testing.T) {
	t.Parallel()
	admin := kubeconfigOf(`{token: the-admins}`)
	for _, test := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"second", []string{"clusterUser", kubeconfigOf(`{token: a-users}`), "clusterAdmin", admin}, admin},
		{"another-case", []string{"other", kubeconfigOf(`{token: others}`), "ClusterAdmin", admin}, admin},
		{"no-such-name", []string{"first", admin, "second", kubeconfigOf(`{token: second}`)}, admin},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, p, _ := tapped(t, seedOf("g0"), nil)
			p.answer = func(r *http.Request) *http.Response {
				if ending(http.MethodPost, "/listClusterAdminCredential")(r) {
					return credentialsWith(test.pairs...)
				}
				return nil
			}
			info, err := h.GetCluster(t.Context(), clusterC)
			if err != nil || info.AccessInfo.Kubeconfig != test.want {
				t.Errorf("got %q, %v", info.AccessInfo.Kubeconfig, err)
			}
		})
	}
}

// TestChangeNodeGroupScaling_nodes: the answer shows the nodes as a read does, or says
// that they could not be read.
func TestChangeNodeGroupScaling_nodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, p, _ := tapped(t, seedOf("g0"), nil)
		before, err := h.GetCluster(t.Context(), clusterC)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 3, 1, 4)
		if err != nil || got.DesiredNodeSize != 3 || len(got.Nodes) != 2 || got.Nodes[0] != before.NodeGroupList[0].Nodes[0] {
			t.Errorf("%d nodes of %d, %v", len(got.Nodes), got.DesiredNodeSize, err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, clusterC, poolG0, pmks.WithInterval(time.Minute)); err != nil {
			t.Fatal(err)
		}
		p.answer = func(r *http.Request) *http.Response {
			if ending(http.MethodGet, "/machines")(r) {
				return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`)
			}
			return nil
		}
		got, err = h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 4, 1, 4)
		if err != nil || len(got.Nodes) != 0 || unreadOf(got.KeyValueList) != "Nodes(PermissionDenied)" {
			t.Errorf("%d nodes, unread %q, %v", len(got.Nodes), unreadOf(got.KeyValueList), err)
		}
	})
}

// TestKubeconfig_exec: the kubeconfig that calls the helper tells it where the cluster
// is and who asks; with the secret alone the helper opens the same cloud.
func TestKubeconfig_exec(t *testing.T) {
	t.Parallel()
	h, _, s := tapped(t, with(seedOf("g0"), map[string]string{aks.AttrEntra: "yes"}), func(c *azure.Config) { c.KubeconfigKind = "exec" })
	info, err := h.GetCluster(t.Context(), clusterC)
	if err != nil {
		t.Fatal(err)
	}
	cfg := helperConfig(t, info.AccessInfo.Kubeconfig)
	cfg.Credentials = map[string]string{"clientSecret": aks.DefaultClientSecret} // of the helper's environment
	cfg.Transport = s.Transport()
	client, err := pmks.Open(t.Context(), azure.Name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := client.GenerateClusterToken(t.Context(), clusterC)
	if err != nil || token.Value == "" {
		t.Errorf("GenerateClusterToken: %v", err)
	}
	if cfg.Endpoint != "https://aks.simulated" || cfg.Settings["subscriptionId"] != aks.DefaultSubscriptionID ||
		cfg.Settings["tenantId"] != aks.DefaultTenantID || cfg.Settings["clientId"] != aks.DefaultClientID {
		t.Errorf("the helper is told %v at %q", cfg.Settings, cfg.Endpoint)
	}
}
