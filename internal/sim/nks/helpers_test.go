// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const simURL = "https://nks.simulated"

// object is a body, written and read without the structs of the simulator.
type object = map[string]any

// world is a server with a client in front of it.
type world struct {
	*Server
	clock *wiretest.Clock
	next  http.RoundTripper
	base  string
	token string
	// header is sent with every call.
	header http.Header
}

// newWorld starts a server on a clock of its own. Reads do not lag behind, and there are
// no limits, unless a test wants them.
func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	clock := wiretest.NewClock()
	o := Options{Seed: 1, Now: clock.Now, ReadLag: -1, Unlimited: true}
	for _, f := range change {
		f(&o)
	}
	w := connect(New(o))
	w.clock = clock
	w.login(t, DefaultUser, DefaultPassword)
	return w
}

func connect(s *Server) *world {
	return &world{Server: s, next: s.Transport(), base: simURL, header: http.Header{"Openstack-Api-Version": {"container-infra latest"}}}
}

// as returns another client of the same server.
func (w *world) as(t testing.TB, user, password string) *world {
	t.Helper()
	other := *w
	other.header = w.header.Clone()
	other.login(t, user, password)
	return &other
}

func tokenBody(user, password, tenant string) object {
	return object{"auth": object{"tenantId": tenant, "passwordCredentials": object{"username": user, "password": password}}}
}

func (w *world) login(t testing.TB, user, password string) {
	t.Helper()
	a := w.ok(t, http.StatusOK, http.MethodPost, "/v2.0/tokens", tokenBody(user, password, DefaultTenantID))
	w.token = at(a, "access", "token", "id").(string)
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   object
}

// String is the status with the sentence of a refusal.
func (r reply) String() string {
	text := string(r.raw)
	if list, ok := r.body["errors"].([]any); ok && len(list) == 1 {
		text, _ = list[0].(object)["detail"].(string)
	} else {
		for _, inner := range r.body {
			if fault, ok := inner.(object); ok && r.status >= 400 {
				text, _ = fault["message"].(string)
			}
		}
	}
	return fmt.Sprintf("%d %s", r.status, text)
}

// do makes one call.
func (w *world) do(ctx context.Context, method, target string, body any) (reply, error) {
	var data []byte
	switch body := body.(type) {
	case nil:
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			return reply{}, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, w.base+target, bytes.NewReader(data))
	if err != nil {
		return reply{}, err
	}
	for key, values := range w.header {
		r.Header[key] = values
	}
	if w.token != "" {
		r.Header.Set("X-Auth-Token", w.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	out := reply{status: response.StatusCode, header: response.Header}
	if out.raw, err = io.ReadAll(response.Body); err != nil {
		return out, err
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") && len(out.raw) > 0 {
		err = json.Unmarshal(out.raw, &out.body)
	}
	return out, err
}

// call makes a call whose answer comes.
func (w *world) call(t testing.TB, method, target string, body any) reply {
	t.Helper()
	r, err := w.do(t.Context(), method, target, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return r
}

// ok makes a call that has this status, and returns its body.
func (w *world) ok(t testing.TB, status int, method, target string, body any) object {
	t.Helper()
	r := w.call(t, method, target, body)
	if r.status != status {
		t.Fatalf("%s %s: got %s, want %d", method, target, r, status)
	}
	return r.body
}

func (w *world) get(t testing.TB, target string) object {
	t.Helper()
	return w.ok(t, http.StatusOK, http.MethodGet, target, nil)
}

// change makes a call of NKS's own, which answers 200 or 202.
func (w *world) change(t testing.TB, method, target string, body any) object {
	t.Helper()
	r := w.call(t, method, target, body)
	if r.status != http.StatusOK && r.status != http.StatusAccepted {
		t.Fatalf("%s %s: got %s", method, target, r)
	}
	return r.body
}

// refused makes a call that must be refused, with a sentence that has these words.
func (w *world) refused(t testing.TB, status int, words, method, target string, body any) {
	t.Helper()
	if r := w.call(t, method, target, body); r.status != status || !strings.Contains(r.String(), words) {
		t.Errorf("%s %s: got %s, want %d %s", method, target, r, status, words)
	}
}

// at goes into a body by the names of members.
func at(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// items are the objects of a list.
func items(v any) []object {
	list, _ := v.([]any)
	out := make([]object, len(list))
	for i := range list {
		out[i], _ = list[i].(object)
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// pass lets every operation that is under way end.
func (w *world) pass() { w.clock.Pass() }

// allowed is an access list of an API endpoint that is accepted.
func allowed(ranges ...string) object {
	list := []any{}
	for _, text := range ranges {
		list = append(list, object{"cidr_address": text, "description": "of " + text})
	}
	return object{"enable": "True", "action": "ALLOW", "ipacl_targets": list}
}

// cluster is a request that is accepted.
func cluster(name string, change ...func(object)) object {
	nhn, _ := profile.Get("nhn")
	sample := nhn.SampleRequest(name)
	in := object{
		"name": name, "cluster_template_id": "iaas_console", "create_timeout": 60, "keypair": sample.NodeGroupList[0].KeyPairIID.NameId, "node_count": 2,
		"flavor_id": flavorID, "fixed_network": sample.Network.VpcIID.SystemId, "fixed_subnet": sample.Network.SubnetIIDs[0].SystemId,
		"labels": object{
			"availability_zone": "kr-pub-a", "node_image": sample.NodeGroupList[0].ImageIID.SystemId, "boot_volume_type": "General SSD", "boot_volume_size": "50",
			"cert_manager_api": "True", "ca_enable": "False", "ca_min_node_count": "1", "ca_max_node_count": "3", "kube_tag": "v1.32.3",
			"clusterautoscale": "nodegroupfeature", "master_lb_floating_ip_enabled": "True", "external_network_id": ExternalNetwork,
			"external_subnet_id_list": "59ddc195-76b1-431d-9693-f09880747dc6:6aeed2a6-87c2-442e-a7a4-01a991858ed7",
			"extra_security_groups":   []any{object{"target_subnet": sample.Network.SubnetIIDs[0].SystemId, "security_group_ids": sample.Network.SecurityGroupIIDs[0].SystemId}},
		},
		"addons": []any{object{"name": "calico", "version": "v3.28.2-nks1", "options": object{"mode": "vxlan"}}, object{"name": "coredns", "version": "1.8.4-nks1"}},
	}
	for _, f := range change {
		f(in)
	}
	return in
}

// flavorID is that of the profile's sample.
const flavorID = "6ef27f21-c774-4c0e-84ff-7dd4a762571f"

// group is a request for a node group that is accepted.
func group(name string, change ...func(object)) object {
	nhn, _ := profile.Get("nhn")
	in := object{
		"name": name, "flavor_id": flavorID, "image_id": nhn.SampleNodeGroup(name).ImageIID.SystemId, "node_count": 1,
		"labels": object{"availability_zone": "kr-pub-b", "boot_volume_type": "General HDD", "boot_volume_size": "30", "ca_enable": "False"},
	}
	for _, f := range change {
		f(in)
	}
	return in
}

// label sets a label of a request; nil takes it away.
func label(key string, value any) func(object) {
	return func(in object) { set(in["labels"].(object), key, value) }
}

// member sets a member of a request; nil takes it away.
func member(key string, value any) func(object) {
	return func(in object) { set(in, key, value) }
}

func set(in object, key string, value any) {
	if in[key] = value; value == nil {
		delete(in, key)
	}
}

// create makes a cluster and lets it run; it returns its path.
func (w *world) create(t testing.TB, name string, change ...func(object)) string {
	t.Helper()
	a := w.ok(t, http.StatusAccepted, http.MethodPost, "/v1/clusters", cluster(name, change...))
	w.pass()
	w.login(t, DefaultUser, DefaultPassword) // the token of the day before is none
	return "/v1/clusters/" + text(a["uuid"])
}

// add adds a node group and lets it run; it returns its path.
func (w *world) add(t testing.TB, cluster, name string, change ...func(object)) string {
	t.Helper()
	a := w.ok(t, http.StatusAccepted, http.MethodPost, cluster+"/nodegroups", group(name, change...))
	w.rest(t)
	return cluster + "/nodegroups/" + text(a["uuid"])
}

// rest lets what is under way end, and takes a new token.
func (w *world) rest(t testing.TB) {
	t.Helper()
	w.pass()
	w.login(t, DefaultUser, DefaultPassword)
}

// status of a cluster or a group by its path.
func (w *world) status(t testing.TB, target string) string {
	t.Helper()
	return text(w.get(t, target)["status"])
}

// worker is the path of the first group of a cluster.
func (w *world) worker(t testing.TB, cluster string) string {
	t.Helper()
	list := items(w.get(t, cluster+"/nodegroups")["nodegroups"])
	if len(list) == 0 {
		t.Fatal("there is no node group")
	}
	return cluster + "/nodegroups/" + text(list[0]["uuid"])
}
