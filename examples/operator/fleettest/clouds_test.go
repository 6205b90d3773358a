// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"cmp"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/controller"
	"github.com/pmks-go/pmks/examples/operator/internal/objects"
	"github.com/pmks-go/pmks/simtest"
	_ "github.com/pmks-go/pmks/simtest/gcp"
)

// clouds are accounts on the seven simulated clouds, served on loopback as pmks-sim does,
// and the files by which an operator reaches them.
type clouds struct {
	// accounts are as many of each cloud as the fleet needs: the simulated clouds have the
	// quotas of the real ones.
	accounts map[string][]*simtest.Account
	// connections is the directory of the operator's -connections.
	connections string
	// trust is the file with the certificates of those that speak TLS.
	trust string
}

// quotas are how many clusters an account may have.
var quotas = map[string]int{"alibaba": 20, "nhn": 3}

const usualQuota = 100

// place spreads the clusters over the clouds, and as many accounts as they need.
func place(i int) (cloud string, account int) {
	names := simtest.Clouds()
	cloud = names[i%len(names)]
	return cloud, i / len(names) / cmp.Or(quotas[cloud], usualQuota)
}

func (*clouds) place(i int) (cloud string, account int) { return place(i) }

func (c *clouds) wanted(i int) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup) {
	cloud, account := place(i)
	return objects.Of(namespace, connection(cloud, account), c.accounts[cloud][account].ClusterRequest(clusterName(cloud, i)))
}

// has: a test's hands find no cluster that is gone.
func (c *clouds) has(_ *testing.T, i int) bool {
	cloud, account := place(i)
	return c.accounts[cloud][account].Break(pmks.IID{NameId: clusterName(cloud, i)}, pmks.IID{}, simtest.Healthy, "") == nil
}

// connection is the name of the connection to an account.
func connection(cloud string, account int) string { return fmt.Sprintf("%s-%d", cloud, account) }

func startClouds(t *testing.T, speed float64, size int) *clouds {
	t.Helper()
	c := &clouds{accounts: map[string][]*simtest.Account{}, connections: t.TempDir(), trust: filepath.Join(t.TempDir(), "trust.pem")}
	var certificates []byte
	for i := range size {
		name, number := place(i)
		if number < len(c.accounts[name]) {
			continue
		}
		a := simtest.Start(t, name, simtest.Options{Loopback: true, Speed: speed})
		c.accounts[name] = append(c.accounts[name], a)
		config := a.Config()
		data, err := yaml.Marshal(controller.Connection{
			Provider: name, Region: config.Region, Zone: config.Zone, Endpoint: config.Endpoint, Credentials: config.Credentials, Settings: config.Settings,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.connections, connection(name, number)+".yaml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		certificates = append(certificates, certificate(t, config.Endpoint)...)
	}
	if err := os.WriteFile(c.trust, certificates, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// certificate is what a server of this test shows, made for this run.
func certificate(t *testing.T, endpoint string) []byte {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "https" {
		return nil
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // its certificate is what is asked for
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw})
}

// names are those of the clouds, sorted.
func (c *clouds) names() []string { return slices.Sorted(maps.Keys(c.accounts)) }

// disturb makes some creations of clusters go wrong: answers that are lost, and clouds
// that are asked too much.
func (c *clouds) disturb() {
	for _, accounts := range c.accounts {
		a := accounts[0]
		a.Inject(simtest.Fault{Method: "CreateCluster", After: 1, Times: 1, Kind: simtest.LoseReply})
		a.Inject(simtest.Fault{Method: "CreateCluster", Times: 3, Kind: simtest.Throttle})
		a.Inject(simtest.Fault{Method: "CreateCluster", After: 2, Times: 1, Kind: simtest.Refuse, Code: pmks.CodeUnavailable})
	}
}

// made counts the requests of a method that took effect: those that were answered with
// success (Tencent refuses with HTTP 200 and a code), and those whose answer was lost. Those that name what they are for, and do so again,
// are in twice.
func made(accounts []*simtest.Account, method string) (n int, twice []string) {
	seen := map[string]bool{}
	a := accounts[0] // their requests go by the same names
	for _, call := range calls(accounts) {
		if !slices.Contains(a.Requests(method), call.Request) || !call.Lost && (call.Code != "" || call.Status < 200 || call.Status > 299) {
			continue
		}
		n++
		name := call.Cluster
		if method == "AddNodeGroup" {
			name += "/" + call.NodeGroup
		}
		if seen[name] && call.Cluster != "" && (call.NodeGroup != "" || method == "CreateCluster") {
			twice = append(twice, name)
		}
		seen[name] = true
	}
	return n, twice
}

// disturbed counts the requests whose answer was lost, and those whose answer was an error,
// such as of a look that finds nothing.
func disturbed(accounts []*simtest.Account) (lost, failed int) {
	for _, call := range calls(accounts) {
		switch {
		case call.Lost:
			lost++
		case call.Code != "":
			failed++
		}
	}
	return lost, failed
}

// notRefused checks that no request of a method was refused.
func notRefused(t *testing.T, accounts []*simtest.Account, method string) {
	t.Helper()
	n := 0
	for _, call := range calls(accounts) {
		if slices.Contains(accounts[0].Requests(method), call.Request) && call.Code != "" {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%d requests of %s were refused", n, method)
	}
}

// calls are all the requests of some accounts. No two clusters of the fleet share a name.
func calls(accounts []*simtest.Account) (list []simtest.Call) {
	for _, a := range accounts {
		list = append(list, a.Calls()...)
	}
	return list
}

// groupsLater are the clouds where node groups are added to a cluster that is there.
var groupsLater = []string{"alibaba", "aws", "tencent"}
