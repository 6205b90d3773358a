// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// kubernetesVariable makes the client of a simulator make a cluster and talk to it.
const kubernetesVariable = "PMKS_SIM_TEST_KUBERNETES"

// talk makes a cluster and prints the version and the nodes that its API server shows
// to the holder of its kubeconfig.
func talk(ctx context.Context, c *pmks.Client, provider string) error {
	p, _ := profile.Get(provider)
	info, err := pmks.Provision(ctx, c, p.SampleRequest("demo"), pmks.WithInterval(50*time.Millisecond))
	if err != nil {
		return err
	}
	if info, err = c.GetCluster(ctx, info.IId); err != nil {
		return err
	}
	k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
	if err != nil {
		return fmt.Errorf("the kubeconfig of %v: %w", info.KeyValueList, err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AppendCertsFromPEM([]byte(k.CAData))
	if k.ClientCertificate != "" {
		pair, err := tls.X509KeyPair([]byte(k.ClientCertificate), []byte(k.ClientKey.Reveal()))
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	kube := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	get := func(path string, into any) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.Server+path, nil)
		if err != nil {
			return err
		}
		if !k.Token.IsZero() {
			req.Header.Set("Authorization", "Bearer "+k.Token.Reveal())
		}
		resp, err := kube.Do(req)
		if err != nil {
			return err
		}
		return errors.Join(json.NewDecoder(resp.Body).Decode(into), resp.Body.Close())
	}
	var version struct{ GitVersion string }
	var nodes struct {
		Message string
		Items   []struct{ Metadata struct{ Name string } }
	}
	if err := errors.Join(get("/version", &version), get("/api/v1/nodes", &nodes)); err != nil {
		return err
	}
	fmt.Println("version", version.GitVersion, "of", info.Version, nodes.Message)
	for _, n := range nodes.Items {
		fmt.Println("node", n.Metadata.Name)
	}
	var known []string
	for _, g := range info.NodeGroupList {
		for _, n := range g.Nodes {
			known = append(known, cmp.Or(n.NameId, n.SystemId))
		}
	}
	fmt.Println("the cloud has", len(known), "nodes:", strings.Join(known, " "))
	return nil
}

// TestRun_kubernetes: every cloud's kubeconfig opens its simulated cluster, which has
// the nodes of the node groups.
func TestRun_kubernetes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a whole life in real time")
	}
	for _, cloud := range account.Names() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			environment, arguments, verdicts := program(t, []string{"-cloud", cloud, "-speed", "10000x", "-kubernetes"})
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(environment, "HOME="+t.TempDir(), childVariable+"="+arguments, kubernetesVariable+"=1")
			out, err := child.CombinedOutput()
			text := string(out)
			if err != nil || strings.Count(text, "node ") != 2 || !strings.Contains(text, "the cloud has 2 nodes") {
				t.Errorf("the client says %s, %v", text, err)
			}
			if log := verdicts(); !strings.Contains(log, "service=kubernetes") {
				t.Errorf("the log shows no call of a Kubernetes API")
			}
		})
	}
}
