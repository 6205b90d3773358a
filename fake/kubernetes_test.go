// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// kubeClient calls a cluster with what its kubeconfig holds.
type kubeClient struct {
	http   *http.Client
	config kubeconfig.Config
}

func newKubeClient(t *testing.T, h *Handler, info pmks.ClusterInfo) *kubeClient {
	t.Helper()
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(k.CAData))
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if k.ClientCertificate != "" {
		pair, err := tls.X509KeyPair([]byte(k.ClientCertificate), []byte(k.ClientKey.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: h.DialKubernetes, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &kubeClient{&http.Client{Transport: transport}, k}
}

func (k *kubeClient) open(t *testing.T, method, path, token string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, k.config.Server+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return k.http.Do(req)
}

// call returns the status and, of a JSON object, the member that the path names.
func (k *kubeClient) call(t *testing.T, method, path, token string, member ...string) (int, string) {
	t.Helper()
	resp, err := k.open(t, method, path, token)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var value any
	if err := json.NewDecoder(resp.Body).Decode(&value); err != nil {
		t.Fatal(err)
	}
	for _, name := range member {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return resp.StatusCode, fmt.Sprint(value)
}

// TestHandler_kubernetes: what every cloud's kubeconfig opens, and how its nodes follow
// its node groups, in virtual time.
func TestHandler_kubernetes(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name), WithKubernetesInProcess())
				defer closeHandler(t, h)
				info := mustGet(t, h, running(t, h, p).IId)
				k := newKubeClient(t, h, info)
				token := k.config.Token.Reveal()
				status, version := k.call(t, http.MethodGet, "/version", token, "gitVersion")
				if number := strings.TrimPrefix(info.Version, "v"); status != http.StatusOK || !strings.HasPrefix(version, "v"+number) {
					t.Errorf("/version says %d %s, the cluster is at %s", status, version, info.Version)
				}
				status, who := k.call(t, http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", token, "status", "userInfo", "username")
				if status != http.StatusCreated || who != "fake-admin" {
					t.Errorf("the kubeconfig is that of %q: %d", who, status)
				}
				want := 0
				for _, g := range info.NodeGroupList {
					want += len(g.Nodes)
				}
				watch, err := k.open(t, http.MethodGet, "/api/v1/nodes?watch=1&allowWatchBookmarks=false", token)
				if err != nil {
					t.Fatal(err)
				}
				defer watch.Body.Close()
				events := bufio.NewScanner(watch.Body)
				events.Buffer(nil, 1<<20)
				count := func(kind string, n int) {
					t.Helper()
					for range n {
						if !events.Scan() || !strings.Contains(events.Text(), `"type":"`+kind+`"`) {
							t.Fatalf("the watch says %.200q, want %s", events.Text(), kind)
						}
					}
				}
				count("ADDED", want)
				g := group(t, info)
				if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, g.IId, g.DesiredNodeSize+2, 1, g.DesiredNodeSize+2); err != nil {
					t.Fatal(err)
				}
				count("ADDED", 2)
				settled(t, h, info.IId)
				if _, err := h.RemoveNodeGroup(t.Context(), info.IId, g.IId); err != nil {
					t.Fatal(err)
				}
				count("DELETED", g.DesiredNodeSize+2)
			})
		})
	}
}

func closeHandler(t *testing.T, h *Handler) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestHandler_kubernetesTokens: a token opens its own cluster, as long as it is good.
func TestHandler_kubernetesTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustProfile(t, "aws")
		h := New(WithProfile("aws"), WithKubernetesInProcess())
		defer closeHandler(t, h)
		info := mustGet(t, h, running(t, h, p).IId)
		k := newKubeClient(t, h, info)
		check := func(what, token string, want int) {
			t.Helper()
			if status, _ := k.call(t, http.MethodGet, "/api/v1/nodes", token); status != want {
				t.Errorf("%s: got %d, want %d", what, status, want)
			}
		}
		issue := func() string {
			t.Helper()
			token, err := h.GenerateClusterToken(t.Context(), info.IId)
			if err != nil {
				t.Fatal(err)
			}
			return token.Value
		}
		first := issue()
		check("a token", first, http.StatusOK)
		check("no token", "", http.StatusForbidden)
		check("another's token", "fake-token-of-other-until-9999999999", http.StatusUnauthorized)
		check("a token made by hand", tokenText("demo", "", time.Now().Add(time.Minute).Unix()), http.StatusUnauthorized)
		time.Sleep(p.Caps.Access.TokenLifetime) //nolint:forbidigo // inside a synctest bubble
		check("an old token", first, http.StatusUnauthorized)
		second := issue()
		check("a new token", second, http.StatusOK)
		if err := h.RevokeAccess(info.IId); err != nil {
			t.Fatal(err)
		}
		check("a revoked token", second, http.StatusUnauthorized)
		k.http.CloseIdleConnections()
		var unknown x509.UnknownAuthorityError
		if _, err := k.open(t, http.MethodGet, "/version", ""); !errors.As(err, &unknown) {
			t.Errorf("the old authority is trusted: %v", err)
		}
		k = newKubeClient(t, h, mustGet(t, h, info.IId))
		check("a token after the change", issue(), http.StatusOK)
		if _, err := h.GenerateClusterToken(t.Context(), info.IId); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		if _, err := k.open(t, http.MethodGet, "/version", ""); err == nil {
			t.Error("a cluster that is gone answers")
		}
	})
}

// TestHandler_kubernetesOnLoopback: an address of its own for each cluster, which
// closes with it.
func TestHandler_kubernetesOnLoopback(t *testing.T) {
	t.Parallel()
	p := mustProfile(t, "gcp")
	h := New(WithProfile("gcp"), WithKubernetesAPI())
	defer closeHandler(t, h)
	servers := map[string]*kubeClient{}
	for _, name := range []string{"one", "two"} {
		if err := h.Put(Cluster{Name: name, NodeGroups: []pmks.NodeGroupInfo{p.SampleNodeGroup("pool")}}); err != nil {
			t.Fatal(err)
		}
		info := mustGet(t, h, pmks.IID{NameId: name})
		k := newKubeClient(t, h, info)
		k.http.Transport.(*http.Transport).DialContext = nil
		if status, version := k.call(t, http.MethodGet, "/version", k.config.Token.Reveal(), "gitVersion"); status != http.StatusOK || !strings.Contains(version, "-gke.") {
			t.Errorf("/version says %d %s", status, version)
		}
		servers[info.AccessInfo.Endpoint] = k
	}
	if len(servers) != 2 {
		t.Errorf("two clusters are at %v", servers)
	}
	for _, name := range []string{"one", "two"} {
		if err := h.Break(pmks.IID{NameId: name}, pmks.IID{}, Vanished, ""); err != nil {
			t.Fatal(err)
		}
	}
	for server, k := range servers {
		closed := false
		for range 10000 { // it closes on a goroutine of its own
			k.http.CloseIdleConnections()
			_, err := k.open(t, http.MethodGet, "/version", "")
			if closed = errors.Is(err, syscall.ECONNREFUSED); closed {
				break
			}
		}
		if !closed {
			t.Errorf("%s is open, and its cluster is gone", server)
		}
	}
}

// TestHandler_kubernetesNot: without the option there is nothing behind the endpoint.
func TestHandler_kubernetesNot(t *testing.T) {
	t.Parallel()
	h := New()
	if _, err := h.DialKubernetes(t.Context(), "tcp", "c.example.com:443"); err == nil || !strings.Contains(err.Error(), "WithKubernetesAPI") {
		t.Errorf("got %v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestHandler_kubernetesNodes: the nodes have the labels, the taints and the zones that
// their group was asked for.
func TestHandler_kubernetesNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := New(WithKubernetesInProcess(), WithClusters(Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "batch"}, DesiredNodeSize: 2, Labels: map[string]string{"team": "blue"}, Zones: []string{"sim-1c"},
			Taints: []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}},
		}}}))
		defer closeHandler(t, h)
		k := newKubeClient(t, h, mustGet(t, h, pmks.IID{NameId: "demo"}))
		resp, err := k.open(t, http.MethodGet, "/api/v1/nodes", k.config.Token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var nodes struct {
			Items []struct {
				Metadata struct{ Labels map[string]string }
				Spec     struct{ Taints []pmks.Taint }
			}
		}
		if err := json.NewDecoder(resp.Body).Decode(&nodes); err != nil || len(nodes.Items) != 2 {
			t.Fatalf("%d nodes, %v", len(nodes.Items), err)
		}
		for _, n := range nodes.Items {
			if l := n.Metadata.Labels; l["team"] != "blue" || l["topology.kubernetes.io/zone"] != "sim-1c" {
				t.Errorf("labels are %v", l)
			}
			if len(n.Spec.Taints) != 1 || n.Spec.Taints[0].String() != "dedicated=batch:NoSchedule" {
				t.Errorf("taints are %v", n.Spec.Taints)
			}
		}
		k.http.CloseIdleConnections()
	})
}
