// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/iks"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/tke"
	_ "github.com/pmks-go/pmks/nhn"
	_ "github.com/pmks-go/pmks/tencent"
)

// scale makes minutes of the simulated clouds hundredths of seconds.
const scale = 1e-4

// simulator is what all of them have.
type simulator interface {
	http.Handler
	Put(core.Seed) error
	Listen(addr string, secure bool) (*simkit.Listener, error)
	Calls() []simkit.Call
	CloseKubernetes() error
}

// cloud is a simulated cloud, and the kinds of kubeconfig of its provider.
type cloud struct {
	simulate func() simulator
	secure   bool // it is https only
	// reach says how to open the provider at a base URL, and what the credential helper
	// needs in its environment. In home there may be files.
	reach func(t *testing.T, s simulator, base, home string) (pmks.Config, []string)
	// kinds are the settings kubeconfigKind, and what they come to.
	kinds map[string]credential
	// attributes are of the cluster, to have what the kinds need.
	attributes map[string]string
	// rolesFirst: what a token may do is known to the cluster when one was minted.
	rolesFirst bool
	// group is the name of the group that a cluster always has; empty: none.
	group string
}

// credential is what a kubeconfig holds, or a helper gets.
type credential int

const (
	token credential = iota
	certificate
)

// kindExec is the kubeconfig that calls the credential helper.
const kindExec = "exec"

var clouds = map[string]cloud{
	"alibaba": {
		simulate: func() simulator {
			return ack.New(ack.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(_ *testing.T, _ simulator, base, _ string) (pmks.Config, []string) {
			return pmks.Config{
				Region: "ap-northeast-1", Credentials: map[string]string{"accessKeyId": ack.DefaultAccessKeyID, "accessKeySecret": ack.DefaultAccessKeySecret},
				Settings: map[string]string{"vpcEndpoint": base, "ecsEndpoint": base, "stsEndpoint": base, "pollInterval": "20ms"},
			}, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID=" + ack.DefaultAccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + ack.DefaultAccessKeySecret}
		},
		attributes: map[string]string{ack.AttrAddons: "ack-ram-authenticator"},
		kinds:      map[string]credential{"certificate": certificate, kindExec: token},
	},
	"aws": {
		simulate: func() simulator {
			return eks.New(eks.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(_ *testing.T, _ simulator, _, _ string) (pmks.Config, []string) {
			return pmks.Config{
				Region: "us-east-2", Credentials: map[string]string{"accessKeyId": eks.DefaultAccessKey, "secretAccessKey": eks.DefaultSecret},
			}, []string{"AWS_ACCESS_KEY_ID=" + eks.DefaultAccessKey, "AWS_SECRET_ACCESS_KEY=" + eks.DefaultSecret, "AWS_EC2_METADATA_DISABLED=true"}
		},
		kinds: map[string]credential{"token": token, kindExec: token},
	},
	"azure": {
		simulate: func() simulator {
			return aks.New(aks.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		secure: true,
		reach: func(_ *testing.T, _ simulator, base, _ string) (pmks.Config, []string) {
			return pmks.Config{
				Region: "koreacentral",
				Credentials: map[string]string{
					"tenantId": aks.DefaultTenantID, "clientId": aks.DefaultClientID, "clientSecret": aks.DefaultClientSecret, "subscriptionId": aks.DefaultSubscriptionID,
				},
				Settings: map[string]string{"resourceGroup": aks.DefaultResourceGroup, "authorityHost": base},
			}, []string{"AZURE_CLIENT_SECRET=" + aks.DefaultClientSecret, "AZURE_TENANT_ID=" + aks.DefaultTenantID, "AZURE_CLIENT_ID=" + aks.DefaultClientID, "AZURE_TOKEN_CREDENTIALS=EnvironmentCredential"}
		},
		attributes: map[string]string{aks.AttrEntra: "true"},
		kinds:      map[string]credential{"admin": certificate, kindExec: token},
	},
	"gcp": {
		simulate: func() simulator {
			return gke.New(gke.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(t *testing.T, s simulator, base, home string) (pmks.Config, []string) {
			t.Helper()
			server, ok := s.(*gke.Server)
			if !ok {
				t.Fatalf("a %T", s)
			}
			key := server.ServiceAccountJSON(base + "/token")
			path := filepath.Join(home, "key.json")
			if err := os.WriteFile(path, key, 0o600); err != nil {
				t.Fatal(err)
			}
			return pmks.Config{
				Region: "asia-northeast3", Zone: "asia-northeast3-a", Credentials: map[string]string{"credentialsJson": string(key)},
			}, []string{"GOOGLE_APPLICATION_CREDENTIALS=" + path}
		},
		kinds: map[string]credential{"token": token, kindExec: token},
	},
	"ibm": {
		simulate: func() simulator {
			return iks.New(iks.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(_ *testing.T, _ simulator, _, _ string) (pmks.Config, []string) {
			return pmks.Config{Region: "us-south", Credentials: map[string]string{"apiKey": iks.DefaultAPIKey}}, []string{"IC_API_KEY=" + iks.DefaultAPIKey}
		},
		kinds:      map[string]credential{"admin": certificate, "token": token, kindExec: token},
		rolesFirst: true,
	},
	"nhn": {
		simulate: func() simulator {
			return nks.New(nks.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(_ *testing.T, _ simulator, base, _ string) (pmks.Config, []string) {
			return pmks.Config{
				Region: "KR1", Endpoint: base + "/v2.0",
				Credentials: map[string]string{"username": nks.DefaultUser, "password": nks.DefaultPassword, "tenantId": nks.DefaultTenantID},
				Settings:    map[string]string{"pollInterval": "20ms"},
			}, []string{"OS_USERNAME=" + nks.DefaultUser, "OS_PASSWORD=" + nks.DefaultPassword}
		},
		kinds: map[string]credential{"certificate": certificate, kindExec: certificate},
		group: "default-worker",
	},
	"tencent": {
		simulate: func() simulator {
			return tke.New(tke.Options{Unlimited: true, Scale: scale, Kubernetes: kubeapi.Loopback})
		},
		reach: func(_ *testing.T, _ simulator, _, _ string) (pmks.Config, []string) {
			return pmks.Config{
				Region: "ap-seoul", Credentials: map[string]string{"secretId": tke.DefaultSecretID, "secretKey": tke.DefaultSecretKey},
				Settings: map[string]string{"pollInterval": "20ms"},
			}, []string{"TENCENTCLOUD_SECRET_ID=" + tke.DefaultSecretID, "TENCENTCLOUD_SECRET_KEY=" + tke.DefaultSecretKey}
		},
		attributes: map[string]string{tke.AttrPublic: "true"},
		kinds:      map[string]credential{"certificate": certificate, kindExec: certificate},
	},
}

// account is a simulated cloud with the cluster demo, as one kind of kubeconfig has it.
type account struct {
	simulator   simulator
	client      *pmks.Client
	cluster     pmks.IID
	group       pmks.IID
	environment []string
}

// open starts a cloud with a cluster of two nodes.
func (c cloud) open(t *testing.T, name, kind string) account {
	t.Helper()
	a := account{simulator: c.simulate(), group: pmks.IID{NameId: "workers"}}
	if c.group != "" {
		a.group.NameId = c.group
	}
	seed := core.Seed{Name: "demo", Attr: c.attributes,
		Groups: []pmks.NodeGroupInfo{{IId: a.group, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 5}}}
	if err := a.simulator.Put(seed); err != nil {
		t.Fatal(err)
	}
	l, err := a.simulator.Listen("127.0.0.1:0", c.secure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	t.Cleanup(func() { _ = a.simulator.CloseKubernetes() })
	home := t.TempDir()
	config, environment := c.reach(t, a.simulator, l.URL(), home)
	if config.Endpoint == "" {
		config.Endpoint = l.URL()
	}
	if config.Settings == nil {
		config.Settings = map[string]string{}
	}
	config.Settings["kubeconfigKind"], config.Settings["rateLimits"] = kind, "none"
	a.environment = environment
	if c.secure {
		trusted := filepath.Join(home, "ca.pem")
		if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw}), 0o600); err != nil {
			t.Fatal(err)
		}
		a.environment = append(a.environment, "SSL_CERT_FILE="+trusted)
		config.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool()}, ForceAttemptHTTP2: true}
	}
	if a.client, err = pmks.Open(t.Context(), name, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.client.Close() })
	info, err := a.client.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	a.cluster = info.IId
	if c.rolesFirst && kind != kindExec {
		if _, err := a.client.GenerateClusterToken(t.Context(), a.cluster); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// kubeconfig reads that of the cluster.
func (a account) kubeconfig(t *testing.T) string {
	t.Helper()
	info, err := a.client.GetCluster(t.Context(), a.cluster)
	if err != nil || info.AccessInfo.Kubeconfig == "" {
		t.Fatalf("no kubeconfig: %v %v", pmks.Unread(info.KeyValueList), err)
	}
	return info.AccessInfo.Kubeconfig
}

// user is one with the kubeconfig of the cluster.
func (a account) user(t *testing.T) *user {
	t.Helper()
	if _, err := findKubectl(); err != nil {
		return newUser(t, "", nil) // which says so
	}
	dir, err := helper()
	if err != nil {
		t.Fatal(err)
	}
	return newUser(t, a.kubeconfig(t), a.environment, dir)
}
