// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/simtest"
)

// TestSimtest_loopback: the life of a cluster over a socket, with minutes that are short.
func TestSimtest_loopback(t *testing.T) {
	t.Parallel()
	for _, cloud := range simtest.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			a := simtest.Start(t, cloud, simtest.Options{Loopback: true, Speed: 100_000, Kubernetes: true})
			c := open(t, cloud, a.Config())
			quick := pmks.WithInterval(5 * time.Millisecond)
			info, err := pmks.Provision(t.Context(), c, a.ClusterRequest("demo"), quick)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := nodes(t.Context(), c, info.IId, (&net.Dialer{}).DialContext); n != 2 || err != nil {
				t.Errorf("the cluster has %d nodes, %v", n, err)
			}
			if err := pmks.Teardown(t.Context(), c, info.IId, quick); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSimtest_grpc: GKE by its other protocol, which needs a socket.
func TestSimtest_grpc(t *testing.T) {
	t.Parallel()
	a := simtest.Start(t, "gcp", simtest.Options{Loopback: true})
	cfg := a.Config()
	cfg.Settings["protocol"] = "grpc"
	c := open(t, "gcp", cfg)
	if list, err := c.ListCluster(t.Context()); err != nil || len(list) != 0 || a.Count("ListClusters") != 1 {
		t.Errorf("got %v, %v, and the calls %+v", list, err, a.Calls())
	}
}

// TestSimtest_kubernetes: the API of a cluster in virtual time, through DialKubernetes.
func TestSimtest_kubernetes(t *testing.T) {
	t.Parallel()
	virtually(t, simtest.Options{Kubernetes: true}, func(t *testing.T, _ string, a *simtest.Account, c *pmks.Client) {
		info, err := pmks.Provision(t.Context(), c, a.ClusterRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := nodes(t.Context(), c, info.IId, a.DialKubernetes); n != 2 || err != nil {
			t.Errorf("the cluster has %d nodes, %v", n, err)
		}
	})
}

// nodes counts the nodes that the API of a cluster shows to the holder of its kubeconfig.
func nodes(ctx context.Context, c *pmks.Client, iid pmks.IID, dial func(context.Context, string, string) (net.Conn, error)) (n int, err error) {
	info, err := c.GetCluster(ctx, iid)
	if err != nil {
		return 0, err
	}
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil {
		return 0, err
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(k.CAData))
	if k.ClientCertificate != "" {
		pair, err := tls.X509KeyPair([]byte(k.ClientCertificate), []byte(k.ClientKey.Reveal()))
		if err != nil {
			return 0, err
		}
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.Server+"/api/v1/nodes", nil)
	if err != nil {
		return 0, err
	}
	if !k.Token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+k.Token.Reveal())
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var list struct{ Items []any }
	err = json.NewDecoder(resp.Body).Decode(&list)
	return len(list.Items), err
}

// TestSimtest_region: an account in another region takes the requests that it gives.
func TestSimtest_region(t *testing.T) {
	t.Parallel()
	for cloud, region := range map[string]string{
		"alibaba": "cn-hangzhou", "aws": "eu-west-1", "azure": "westeurope", "gcp": "europe-west1", "ibm": "eu-de", "nhn": "JP1", "tencent": "ap-tokyo",
	} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := simtest.Start(t, cloud, simtest.Options{Region: region})
				c := open(t, cloud, a.Config())
				if _, err := pmks.Provision(t.Context(), c, a.ClusterRequest("demo")); err != nil || a.Config().Region != region {
					t.Errorf("in %s: %v", a.Config().Region, err)
				}
			})
		})
	}
}

// TestSimtest_controls: what other hands do is seen by the provider.
func TestSimtest_controls(t *testing.T) {
	t.Parallel()
	virtually(t, simtest.Options{}, func(t *testing.T, cloud string, a *simtest.Account, c *pmks.Client) {
		old := a.ClusterRequest("old")
		old.CreatedTime = time.Now().Add(-24 * time.Hour)
		if err := a.Put(old); err != nil {
			t.Fatal(err)
		}
		info := get(t, c, pmks.IID{NameId: "old"})
		if len(info.NodeGroupList) != 1 || info.Status != pmks.ClusterActive || !info.CreatedTime.IsZero() && !info.CreatedTime.Equal(old.CreatedTime) {
			t.Errorf("what was put is %v", info)
		}
		group := info.NodeGroupList[0].IId
		for _, iid := range []pmks.IID{info.IId, {NameId: info.IId.NameId}} {
			if err := a.Break(iid, pmks.IID{}, simtest.Degraded, "SomeCode: by a test"); err != nil {
				t.Error(err)
			}
			if got := get(t, c, info.IId).Status; got != pmks.ClusterInactive {
				t.Errorf("a degraded cluster is %s", got)
			}
			if err := a.Break(iid, pmks.IID{}, simtest.Healthy, ""); err != nil {
				t.Error(err)
			}
			if got := get(t, c, info.IId).Status; got != pmks.ClusterActive {
				t.Errorf("a healthy cluster is %s", got)
			}
		}
		if err := a.Break(info.IId, group, simtest.Failed, "by a test"); err != nil {
			t.Error(err)
		}
		if got := get(t, c, info.IId).NodeGroupList[0]; got.Status != pmks.NodeGroupInactive {
			t.Errorf("a failed node group is %v", got)
		}
		for _, err := range []error{
			a.Break(pmks.IID{NameId: "none"}, pmks.IID{}, simtest.Failed, ""), a.Break(info.IId, pmks.IID{NameId: "none"}, simtest.Failed, ""),
			a.Break(pmks.IID{}, pmks.IID{}, simtest.Failed, ""), a.Break(info.IId, pmks.IID{}, "merry", ""), a.Put(pmks.ClusterInfo{}),
		} {
			if err == nil {
				t.Error("what cannot be was done")
			}
		}
		protect(t, cloud, a, c, info.IId)
		if err := a.Break(info.IId, pmks.IID{}, simtest.Vanished, ""); err != nil {
			t.Error(err)
		}
		if _, err := c.GetCluster(t.Context(), info.IId); !errors.Is(err, pmks.ErrNotFound) {
			t.Errorf("a cluster that has vanished: %v", err)
		}
	})
}

// get is GetCluster where it must succeed.
func get(t *testing.T, c *pmks.Client, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	info, err := c.GetCluster(t.Context(), iid)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// protect tries the protection of a cluster, on the clouds that have one.
func protect(t *testing.T, cloud string, a *simtest.Account, c *pmks.Client, iid pmks.IID) {
	t.Helper()
	none := map[string]bool{"gcp": true, "ibm": true, "nhn": true}
	err := a.Protect(iid, true)
	if none[cloud] {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Protect: got %v", err)
		}
		return
	}
	if err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteCluster(t.Context(), iid); !errors.Is(err, pmks.ErrFailedPrecondition) {
		t.Errorf("a protected cluster is deleted: %v", err)
	}
	if err := a.Protect(iid, false); err != nil {
		t.Error(err)
	}
}

// TestSimtest_hide: a read succeeds without what it may not read, and says so.
func TestSimtest_hide(t *testing.T) {
	t.Parallel()
	virtually(t, simtest.Options{}, func(t *testing.T, _ string, a *simtest.Account, c *pmks.Client) {
		info, err := pmks.Provision(t.Context(), c, a.ClusterRequest("demo"))
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range []simtest.Fact{simtest.Addons, simtest.Kubeconfig, simtest.Nodes} {
			show, err := a.Hide(fact, pmks.CodePermissionDenied)
			if errors.Is(err, errors.ErrUnsupported) && fact != simtest.Nodes {
				continue // told with the cluster, or not at all
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := unread(get(t, c, info.IId)); got[string(fact)] != pmks.CodePermissionDenied {
				t.Errorf("without %s there is unread %v", fact, got)
			}
			show()
			if got := unread(get(t, c, info.IId)); len(got) != 0 {
				t.Errorf("in the end there is unread %v", got)
			}
		}
		if _, err := a.Hide("Weather", pmks.CodePermissionDenied); err == nil || errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a fact that is none: %v", err)
		}
		if _, err := a.Hide(simtest.Nodes, pmks.CodeOK); err == nil {
			t.Error("a fault without a code was made")
		}
	})
}

// unread is what a read of a cluster or of one of its groups left out.
func unread(info pmks.ClusterInfo) map[string]pmks.Code {
	all := map[string]pmks.Code{}
	lists := [][]pmks.KeyValue{info.KeyValueList}
	for _, g := range info.NodeGroupList {
		lists = append(lists, g.KeyValueList)
	}
	for _, list := range lists {
		for _, u := range pmks.Unread(list) {
			all[u.Field] = u.Code
		}
	}
	return all
}

// TestSimtest_faults: how a creation goes that is struck, and that it is made once.
func TestSimtest_faults(t *testing.T) {
	t.Parallel()
	page := simtest.Answer{Status: http.StatusBadGateway, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>a proxy</html>"}
	for _, test := range []struct {
		name  string
		fault simtest.Fault
		want  error // nil: it comes to a cluster all the same
		made  int
	}{
		{"lost-reply", simtest.Fault{Kind: simtest.LoseReply}, nil, 1},
		{"lost-request", simtest.Fault{Kind: simtest.LoseRequest}, nil, 1},
		{"cut", simtest.Fault{Kind: simtest.Cut}, nil, 1},
		{"page-of-a-proxy-after", simtest.Fault{Kind: simtest.RespondAfter, Answer: page}, nil, 1},
		{"quota", simtest.Fault{Kind: simtest.Refuse, Code: pmks.CodeQuotaExceeded, Times: -1}, pmks.ErrQuotaExceeded, 0},
		{"slow", simtest.Fault{Kind: simtest.Delay, Delay: 20 * time.Second}, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			virtually(t, simtest.Options{}, func(t *testing.T, _ string, a *simtest.Account, c *pmks.Client) {
				fault := test.fault // the clouds run side by side
				fault.Method = "CreateCluster"
				defer a.Inject(fault)()
				req := a.ClusterRequest("demo")
				if c.Capabilities().GroupsAtCreate.Max == 0 {
					req.NodeGroupList = nil
				}
				if _, err := c.CreateCluster(t.Context(), req); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				list, err := c.ListIID(t.Context())
				if err != nil || len(list) != test.made {
					t.Errorf("there are %v, %v", list, err)
				}
			})
		})
	}
}
