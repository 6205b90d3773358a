// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Kubernetes calls the API server of a simulated cluster in process, as a kubeconfig
// of the cloud lets it.
type Kubernetes struct {
	T *testing.T
	// Dial is that of the server.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Server is the endpoint, and Authority the certificate to trust, as PEM in base64.
	Server, Authority string
	// Token is sent if there is one; Certificate and Key are PEM in base64.
	Token, Certificate, Key string
}

func (k Kubernetes) client() *http.Client {
	k.T.Helper()
	decode := func(text string) []byte {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			k.T.Fatal(err)
		}
		return data
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AppendCertsFromPEM(decode(k.Authority))
	if k.Certificate != "" {
		pair, err := tls.X509KeyPair(decode(k.Certificate), decode(k.Key))
		if err != nil {
			k.T.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config, DialContext: k.Dial, ForceAttemptHTTP2: true}
	k.T.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (k Kubernetes) send(method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(k.T.Context(), method, k.Server+path, strings.NewReader("{}"))
	if err != nil {
		k.T.Fatal(err)
	}
	if k.Token != "" {
		req.Header.Set("Authorization", "Bearer "+k.Token)
	}
	return k.client().Do(req)
}

// Get returns the status, and what a path of members leads to in the answer.
func (k Kubernetes) Get(path string, members ...string) (status int, value any) {
	k.T.Helper()
	return k.call(http.MethodGet, path, members)
}

func (k Kubernetes) call(method, path string, members []string) (status int, value any) {
	k.T.Helper()
	resp, err := k.send(method, path)
	if err != nil {
		k.T.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		k.T.Fatal(err)
	}
	if err := json.Unmarshal(data, &value); err != nil {
		k.T.Fatalf("%v in %s", err, data)
	}
	for _, name := range members {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return resp.StatusCode, value
}

// WhoAmI returns the name of the caller, or the status of a refusal.
func (k Kubernetes) WhoAmI() string {
	k.T.Helper()
	status, name := k.call(http.MethodPost, "/apis/authentication.k8s.io/v1/selfsubjectreviews", []string{"status", "userInfo", "username"})
	if status != http.StatusCreated {
		return fmt.Sprint(status)
	}
	return fmt.Sprint(name)
}

// Nodes returns the metadata and the spec of the nodes: "name providerID label=value",
// with the labels that are asked for.
func (k Kubernetes) Nodes(labels ...string) []string {
	k.T.Helper()
	_, items := k.Get("/api/v1/nodes", "items")
	list, _ := items.([]any)
	var out []string
	for _, item := range list {
		var n struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
			Spec   struct{ ProviderID string }
			Status struct {
				NodeInfo struct{ KubeletVersion string }
			}
		}
		data, err := json.Marshal(item)
		if err == nil {
			err = json.Unmarshal(data, &n)
		}
		if err != nil {
			k.T.Fatal(err)
		}
		line := n.Metadata.Name + " " + n.Spec.ProviderID + " " + n.Status.NodeInfo.KubeletVersion
		for _, label := range labels {
			line += " " + label + "=" + n.Metadata.Labels[label]
		}
		out = append(out, line)
	}
	return out
}

// Watch returns a function that waits for the next event of a watch of the nodes, such
// as "ADDED ip-10-0-0-1"; it is empty once the watch has ended.
func (k Kubernetes) Watch() (next func() string) {
	k.T.Helper()
	resp, err := k.send(http.MethodGet, "/api/v1/nodes?watch=true")
	if err != nil {
		k.T.Fatal(err)
	}
	k.T.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	return func() string {
		k.T.Helper()
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return ""
		}
		var event struct {
			Type   string
			Object struct{ Metadata struct{ Name string } }
		}
		if err := json.Unmarshal(line, &event); err != nil {
			k.T.Fatalf("%v in %s", err, line)
		}
		return event.Type + " " + event.Object.Metadata.Name
	}
}

// KubernetesOf is the holder of a kubeconfig of a cloud, whose parts stand in lines of
// their own.
func KubernetesOf(t *testing.T, dial func(ctx context.Context, network, address string) (net.Conn, error), kubeconfig string) Kubernetes {
	t.Helper()
	part := func(key string) string {
		_, rest, _ := strings.Cut(kubeconfig, key+": ")
		line, _, _ := strings.Cut(rest, "\n")
		return strings.Trim(line, `"`)
	}
	return Kubernetes{
		T: t, Dial: dial, Server: part("server"), Authority: part("certificate-authority-data"),
		Certificate: part("client-certificate-data"), Key: part("client-key-data"),
	}
}

// Unreachable returns why no connection comes about, or nil.
func (k Kubernetes) Unreachable() error {
	k.T.Helper()
	resp, err := k.send(http.MethodGet, "/version")
	if err == nil {
		k.T.Logf("it answers %d", resp.StatusCode)
		_ = resp.Body.Close()
	}
	return err
}
