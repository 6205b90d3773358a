// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server on a clock of its own, with a caller who has a token.
type world struct {
	*Server
	clock  *wiretest.Clock
	client *http.Client
	token  string
}

func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	c := wiretest.NewClock()
	o := Options{Seed: 1, Now: c.Now, TokenLifetime: 1000 * time.Hour}
	for _, f := range change {
		f(&o)
	}
	s := New(o)
	w := &world{Server: s, clock: c, client: &http.Client{Transport: s.Transport()}}
	w.login(t)
	return w
}

// login gets the caller a new token.
func (w *world) login(t testing.TB) { t.Helper(); w.loginAs(t, DefaultAPIKey) }

func (w *world) loginAs(t testing.TB, key string) {
	t.Helper()
	r := w.form(t, "", url.Values{"grant_type": {grantAPIKey}, "apikey": {key}})
	var out tokenObject
	r.into(t, 200, &out)
	w.token = out.AccessToken
	w.Reset()
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// form asks the token endpoint, as a client of IAM or as nobody.
func (w *world) form(t testing.TB, client string, form url.Values) reply {
	t.Helper()
	r := newRequest(t, "POST", "https://iam.cloud.ibm.com/identity/token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		r.SetBasicAuth(client, client)
	}
	return w.send(t, r)
}

func newRequest(t testing.TB, method, address, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) send(t testing.TB, r *http.Request) reply {
	t.Helper()
	out, err := w.try(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) try(r *http.Request) (reply, error) {
	answer, err := w.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return reply{answer.StatusCode, answer.Header, body}, err
}

// request is a call with the caller's token. A path is that behind /global of the
// Kubernetes Service.
func (w *world) request(t testing.TB, method, address string, body any) *http.Request {
	t.Helper()
	text := ""
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		text = toJSON(t, b)
	}
	if strings.HasPrefix(address, "/") {
		address = "https://containers.cloud.ibm.com/global" + address
	}
	r := newRequest(t, method, address, text)
	r.Header.Set("Authorization", "Bearer "+w.token)
	if text != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (w *world) call(t testing.TB, method, address string, body any) reply {
	t.Helper()
	return w.send(t, w.request(t, method, address, body))
}

func (w *world) get(t testing.TB, address string) reply {
	t.Helper()
	return w.call(t, "GET", address, nil)
}

func (w *world) post(t testing.TB, address string, body any) reply {
	t.Helper()
	return w.call(t, "POST", address, body)
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// want ends the test if the status is another one.
func (r reply) want(t testing.TB, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// into reads the body.
func (r reply) into(t testing.TB, status int, out any) {
	t.Helper()
	r.want(t, status)
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
}

// refusal writes down an error of whatever service.
func (r reply) refusal() string {
	var body struct {
		Code      string
		ErrorCode string
		Reason    string
		Errors    []struct{ Code string }
	}
	var number struct{ Code int }
	if json.Unmarshal(r.body, &number) == nil && number.Code > 0 {
		var status struct{ Reason string }
		_ = json.Unmarshal(r.body, &status)
		return fmt.Sprintf("%d %s", r.status, status.Reason)
	}
	if json.Unmarshal(r.body, &body) != nil {
		return fmt.Sprintf("%d %s", r.status, strings.TrimSpace(string(r.body)))
	}
	code := body.Code + body.ErrorCode
	for _, e := range body.Errors {
		code += e.Code
	}
	return fmt.Sprintf("%d %s", r.status, code)
}

// subnets of the account, by zone.
func (w *world) subnet(i int) Subnet { return w.resources.Subnets[i] }

// poolBody is a pool that is accepted, in so many zones.
func (w *world) poolBody(name string, perZone, zones int) map[string]any {
	var list []map[string]string
	for i := range zones {
		list = append(list, map[string]string{"id": w.subnet(i).Zone, "subnetID": w.subnet(i).ID})
	}
	return map[string]any{
		"name": name, "flavor": "bx2.4x16", "vpcID": w.resources.VPCs[0].ID, "workerCount": perZone, "zones": list, "labels": map[string]string{"pmks.io/request": "r1"},
	}
}

// clusterBody is a cluster that is accepted.
func (w *world) clusterBody(name string) map[string]any {
	return map[string]any{
		"name": name, "provider": "vpc-gen2", "disablePublicServiceEndpoint": false, "workerPool": w.poolBody("ng1", 2, 1),
		"securityGroupIDs": []string{w.resources.SecurityGroups[0].ID},
	}
}

// create makes a cluster and returns its id.
func (w *world) create(t testing.TB, name string, change ...func(map[string]any)) string {
	t.Helper()
	body := w.clusterBody(name)
	for _, f := range change {
		f(body)
	}
	var out createdObject
	w.post(t, "/v2/vpc/createCluster", body).into(t, 201, &out)
	return out.ClusterID
}

// active makes a cluster and lets it become normal.
func (w *world) active(t testing.TB, name string, change ...func(map[string]any)) string {
	t.Helper()
	id := w.create(t, name, change...)
	w.finish()
	return id
}

// finish lets whatever is under way come to its end.
func (w *world) finish() {
	for {
		at, ok := w.NextEvent()
		if !ok {
			return
		}
		w.clock.Add(at.Sub(w.clock.Now()))
	}
}

func (w *world) cluster(t testing.TB, id string) clusterObject {
	t.Helper()
	var out clusterObject
	w.get(t, "/v2/vpc/getCluster?cluster="+id).into(t, 200, &out)
	return out
}

func (w *world) pools(t testing.TB, id string) []poolObject {
	t.Helper()
	var out []poolObject
	w.get(t, "/v2/vpc/getWorkerPools?cluster="+id).into(t, 200, &out)
	return out
}

func (w *world) workers(t testing.TB, id string) []workerObject {
	t.Helper()
	var out []workerObject
	w.get(t, "/v2/vpc/getWorkers?cluster="+id+"&showDeleted=false").into(t, 200, &out)
	return out
}

func (w *world) force(t testing.TB, cluster, pool string, state profile.State, reason string) {
	t.Helper()
	if err := w.Force(cluster, pool, state, reason); err != nil {
		t.Fatal(err)
	}
}

// configPath is where a cluster's API server has the ConfigMap.
const configPath = "/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap"

// The hosts of other services.
const (
	tagsHost     = "https://tags.global-search-tagging.cloud.ibm.com"
	resourceHost = "https://resource-controller.cloud.ibm.com"
	vpcHost      = "https://us-south.iaas.cloud.ibm.com"
)

// seeded is a ready-made cluster with one pool.
func seeded(name string) core.Seed {
	return core.Seed{Name: name, Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, VMSpecName: "bx2.4x16", DesiredNodeSize: 2}}}
}

// throttled calls until there is one call too many.
func (w *world) throttled(t testing.TB) reply {
	t.Helper()
	for range 200 {
		w.get(t, "/v1/versions").want(t, 200)
	}
	return w.get(t, "/v1/versions")
}

// withAutoscaler is a ready-made cluster with the add-on.
func withAutoscaler(name string) core.Seed {
	seed := seeded(name)
	seed.Attr = map[string]string{AttrAutoscaler: "true"}
	return seed
}

// kubeAccess is what an admin kubeconfig says.
type kubeAccess struct {
	server      string
	roots       []byte
	certificate []byte
	key         []byte
}

func readKubeconfig(t testing.TB, text string) kubeAccess {
	t.Helper()
	part := func(key string) []byte {
		_, rest, _ := strings.Cut(text, key+": ")
		line, _, _ := strings.Cut(rest, "\n")
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) == 0 {
			t.Fatalf("%s is not there in %s", key, text)
		}
		return data
	}
	return kubeAccess{serverOf(text), part("certificate-authority-data"), part("client-certificate-data"), part("client-key-data")}
}

// transport reaches the API server with the certificate, or without one.
func (a kubeAccess) transport(t testing.TB) *http.Transport {
	t.Helper()
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AppendCertsFromPEM(a.roots)
	if a.certificate != nil {
		pair, err := tls.X509KeyPair(a.certificate, a.key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
