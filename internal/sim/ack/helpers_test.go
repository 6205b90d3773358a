// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's older scheme has it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// client speaks to a simulator as a client of the vendor does. It signs by itself, in
// the scheme of the ROA style or in the newer one.
type client struct {
	t         testing.TB
	transport http.RoundTripper
	now       func() time.Time
	key       string
	secret    string
	token     string
	acs3      bool
	// before is called with each request before it is sent, and signs it again if it
	// returns true.
	before func(*http.Request)
}

var nonces atomic.Int64

// world is a simulator with its client and its clock.
type world struct {
	*client
	*Server
	clock *wiretest.Clock
}

// newWorld makes a simulator on a clock of its own, without limits unless change says
// so.
func newWorld(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	clock := wiretest.NewClock()
	o := Options{Seed: 1, Now: clock.Now, Unlimited: true}
	for _, f := range change {
		f(&o)
	}
	s := New(o)
	return &world{Server: s, clock: clock, client: &client{t: t, transport: s.Transport(), now: o.Now, key: DefaultAccessKeyID, secret: DefaultAccessKeySecret}}
}

func (w *world) pass() { w.clock.Pass() }

// clusterBody is a good request for a cluster; change replaces members, and nil takes
// one out.
func clusterBody(name string, change ...any) map[string]any {
	r := DefaultResources("ap-northeast-1")
	body := map[string]any{
		"name": name, "region_id": "ap-northeast-1", "cluster_type": "ManagedKubernetes", "cluster_spec": "ack.pro.small",
		"kubernetes_version": "1.35.3-aliyun.1", "vpcid": r.VPCs[0].ID, "vswitch_ids": []any{r.VSwitches[0].ID, r.VSwitches[1].ID},
		"security_group_id": r.SecurityGroups[0].ID, "service_cidr": "172.19.0.0/20", "container_cidr": "172.20.0.0/16",
		"endpoint_public_access": true, "tags": []any{map[string]any{"key": "env", "value": "test"}},
	}
	return with(body, change...)
}

// poolBody is the same for a node pool; "a.b" names a member of a block.
func poolBody(name string, change ...any) map[string]any {
	r := DefaultResources("ap-northeast-1")
	return with(map[string]any{
		"nodepool_info": map[string]any{"name": name, "type": "ess"},
		"scaling_group": map[string]any{
			"vswitch_ids": []any{r.VSwitches[0].ID}, "instance_types": []any{"ecs.g7.large"}, "system_disk_category": "cloud_essd", "system_disk_size": 120,
			"key_pair": r.KeyPairs[0], "image_type": "AliyunLinux3ContainerOptimized", "desired_size": 2,
			"tags": []any{map[string]any{"key": "a", "value": "b"}},
		},
		"auto_scaling": map[string]any{"enable": false},
	}, change...)
}

// with changes members of a body: names and values in turn.
func with(body map[string]any, change ...any) map[string]any {
	for i := 0; i+1 < len(change); i += 2 {
		in := body
		path := strings.Split(change[i].(string), ".")
		for _, step := range path[:len(path)-1] {
			if _, ok := in[step]; !ok {
				in[step] = map[string]any{}
			}
			in = in[step].(map[string]any)
		}
		if last := path[len(path)-1]; change[i+1] == nil {
			delete(in, last)
		} else {
			in[last] = change[i+1]
		}
	}
	return body
}

// autoOn is an auto_scaling with bounds.
func autoOn(least, most int) map[string]any {
	return map[string]any{"enable": true, "min_instances": least, "max_instances": most, "type": "cpu"}
}

// create makes a cluster that is running, and returns its id.
func (w *world) create(name string, change ...any) string {
	w.t.Helper()
	a := w.want(w.roa("POST", "/clusters", clusterBody(name, change...)), "202")
	w.pass()
	return a.text("cluster_id")
}

// addPool makes a node pool that is active, and returns the path to it.
func (w *world) addPool(cluster, name string, change ...any) string {
	w.t.Helper()
	a := w.want(w.roa("POST", "/clusters/"+cluster+"/nodepools", poolBody(name, change...)), "200")
	w.pass()
	return "/clusters/" + cluster + "/nodepools/" + a.text("nodepool_id")
}

// seedGroups are node pools of a ready-made cluster.
func seedGroups(names ...string) []pmks.NodeGroupInfo {
	var list []pmks.NodeGroupInfo
	for _, name := range names {
		list = append(list, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: 2})
	}
	return list
}

// seeded returns the path of the n-th node pool of a ready-made cluster; of the cluster
// itself for -1.
func (w *world) seeded(cluster string, n int) string {
	w.t.Helper()
	path := "/clusters/" + w.want(w.roa("GET", "/regions/ap-northeast-1/clusters?name="+cluster, nil), "200").text("clusters", 0, "cluster_id")
	if n < 0 {
		return path
	}
	return path + "/nodepools/" + w.roa("GET", path+"/nodepools", nil).text("nodepools", n, "nodepool_info", "nodepool_id")
}

// want checks the verdict on a call.
func (w *world) want(a answer, verdict string) answer {
	w.t.Helper()
	if a.verdict() != verdict {
		w.t.Fatalf("got %s, want %s\n%s", a.verdict(), verdict, a.body)
	}
	return a
}

// state is that of a cluster or a node pool, by its path.
func (w *world) state(path string) string {
	w.t.Helper()
	a := w.roa("GET", path, nil)
	if a.status != 200 {
		return a.verdict()
	}
	return a.text("state") + a.text("status", "state")
}

// task returns the state and the code of the error of a task.
func (w *world) task(id string) string {
	w.t.Helper()
	a := w.want(w.roa("GET", "/tasks/"+id, nil), "200")
	return strings.TrimSpace(a.text("state") + " " + a.text("error", "code"))
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// code is that of an error, empty for a success.
func (a answer) code() string {
	var e struct{ Code string }
	if a.status < 400 || json.Unmarshal(a.body, &e) != nil {
		return ""
	}
	return e.Code
}

// verdict is "status code".
func (a answer) verdict() string { return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, a.code())) }

// text returns a member of an object, by the path to it.
func (a answer) get(path ...any) any {
	var v any
	_ = json.Unmarshal(a.body, &v)
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			key, _ := step.(string)
			v = at[key]
		case []any:
			i, _ := step.(int)
			if v = nil; i < len(at) {
				v = at[i]
			}
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	s, _ := a.get(path...).(string)
	return s
}

func (a answer) number(path ...any) int {
	n, _ := a.get(path...).(float64)
	return int(n)
}

// roa makes a call of ACK.
func (c *client) roa(method, target string, body any) answer {
	c.t.Helper()
	return c.send(c.request(method, target, body))
}

// request makes a request of ACK that is not signed yet.
func (c *client) request(method, target string, body any) *http.Request {
	c.t.Helper()
	var data []byte
	switch body := body.(type) {
	case nil:
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, "https://cs.ap-northeast-1.aliyuncs.com"+target, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("x-acs-version", "2015-12-15")
	if data != nil {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return r
}

// versions are those of the RPC services.
var versions = map[string]string{serviceECS: "2014-05-26", serviceSTS: "2015-04-01", serviceVPC: "2016-04-28"}

// rpc calls an action of another service; parameters are pairs.
func (c *client) rpc(service, action string, parameters ...string) answer {
	c.t.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "https://"+service+".ap-northeast-1.aliyuncs.com/?"+query.Encode(), http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-version", versions[service])
	return c.send(r)
}

// send signs a request and sends it.
func (c *client) send(r *http.Request) answer {
	c.t.Helper()
	a, err := c.try(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *client) try(r *http.Request) (answer, error) {
	c.sign(r)
	if c.before != nil {
		c.before(r)
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

func (c *client) sign(r *http.Request) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	r.Header.Set("x-acs-signature-nonce", fmt.Sprint("nonce-", nonces.Add(1)))
	if c.token != "" {
		r.Header.Set("x-acs-accesskey-id", c.key)
		r.Header.Set("x-acs-security-token", c.token)
	}
	if c.acs3 || r.Header.Get("x-acs-version") != "2015-12-15" {
		c.signACS3(r, body)
		return
	}
	r.Header.Set("Date", c.now().UTC().Format(http.TimeFormat))
	r.Header.Set("x-acs-signature-method", "HMAC-SHA1")
	r.Header.Set("x-acs-signature-version", "1.0")
	mac := hmac.New(sha1.New, []byte(c.secret))
	mac.Write([]byte(roaText(r)))
	r.Header.Set("Authorization", "acs "+c.key+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// roaText is written from the dossier's words, apart from the simulator.
func roaText(r *http.Request) string {
	lines := []string{r.Method, r.Header.Get("Accept"), r.Header.Get("Content-Md5"), r.Header.Get("Content-Type"), r.Header.Get("Date")}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if strings.HasPrefix(name, "X-Acs-") {
			lines = append(lines, strings.ToLower(name)+":"+r.Header.Get(name))
		}
	}
	resource := r.URL.EscapedPath()
	keyOf := func(pair string) string {
		key, _, _ := strings.Cut(pair, "=")
		key, _ = url.QueryUnescape(key)
		return key
	}
	pairs := strings.Split(r.URL.RawQuery, "&")
	// By the keys alone: "=" comes behind the digits.
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(keyOf(a), keyOf(b)) })
	for i := range pairs {
		pairs[i], _ = url.QueryUnescape(strings.TrimSuffix(pairs[i], "="))
	}
	if r.URL.RawQuery != "" {
		resource += "?" + strings.Join(pairs, "&")
	}
	return strings.Join(append(lines, resource), "\n")
}

func (c *client) signACS3(r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	r.Header.Set("x-acs-date", c.now().UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-content-sha256", hex.EncodeToString(sum[:]))
	names, lines := []string{"host"}, map[string]string{"host": r.URL.Host}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-acs-") || lower == "content-type" {
			names, lines[lower] = append(names, lower), r.Header.Get(name)
		}
	}
	slices.Sort(names)
	text := r.Method + "\n" + r.URL.EscapedPath() + "\n" + strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n"
	for _, name := range names {
		text += name + ":" + lines[name] + "\n"
	}
	text += "\n" + strings.Join(names, ";") + "\n" + hex.EncodeToString(sum[:])
	hashed := sha256.Sum256([]byte(text))
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(hashed[:])))
	r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+c.key+",SignedHeaders="+strings.Join(names, ";")+",Signature="+hex.EncodeToString(mac.Sum(nil)))
}
