// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// client speaks to a simulator as a client of the vendor does. It signs by itself.
type client struct {
	t           testing.TB
	transport   http.RoundTripper
	now         func() time.Time
	key, secret string
	token       string
	region      string
	// before is called with each request before it is sent, when it is signed.
	before func(*http.Request)
}

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
	return &world{Server: s, clock: clock, client: &client{
		t: t, transport: s.Transport(), now: o.Now, key: DefaultSecretID, secret: DefaultSecretKey, region: "ap-seoul",
	}}
}

func (w *world) pass() { w.clock.Pass() }

// object is a body, or a part of one.
type object = map[string]any

// clusterBody is a good request for a cluster; change replaces members, and nil takes
// one out; "a.b" names a member of a block.
func clusterBody(name string, change ...any) object {
	return changed(object{
		"ClusterType": "MANAGED_CLUSTER",
		"ClusterBasicSettings": object{
			"ClusterName": name, "VpcId": "vpc-q1c6fr9e", "ClusterVersion": "1.30.0", "ClusterLevel": "L5",
			"AutoUpgradeClusterLevel": object{"IsAutoUpgrade": true},
			"TagSpecification":        []any{object{"ResourceType": "cluster", "Tags": []any{object{"Key": "env", "Value": "test"}}}},
		},
		"ClusterCIDRSettings":     object{"ClusterCIDR": "172.16.0.0/16", "MaxNodePodNum": 64, "MaxClusterServiceNum": 1024, "IgnoreClusterCIDRConflict": false},
		"ClusterAdvancedSettings": object{"ContainerRuntime": "containerd", "NetworkType": "GR", "IPVS": true, "DeletionProtection": false},
	}, change...)
}

// poolBody is the same for a node pool; the names that begin with "asg." and "launch." are
// members of the two texts.
func poolBody(cluster, name string, change ...any) object {
	texts := object{
		"asg": object{"MaxSize": 3, "MinSize": 1, "DesiredCapacity": 2, "VpcId": "vpc-q1c6fr9e", "SubnetIds": []any{"subnet-rl79gxhv"},
			"RetryPolicy": "IMMEDIATE_RETRY", "ServiceSettings": object{"ScalingMode": "CLASSIC_SCALING"}},
		"launch": object{"InstanceType": "S5.MEDIUM4", "SecurityGroupIds": []any{"sg-46eef229"}, "SystemDisk": object{"DiskType": "CLOUD_PREMIUM", "DiskSize": 50},
			"LoginSettings": object{"KeyIds": []any{"skey-3a5n7k1p"}}, "InstanceChargeType": "POSTPAID_BY_HOUR",
			"InternetAccessible": object{"InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR", "InternetMaxBandwidthOut": 0, "PublicIpAssigned": false},
			"EnhancedService":    object{"SecurityService": object{"Enabled": true}, "MonitorService": object{"Enabled": true}}},
	}
	body := object{"ClusterId": cluster, "Name": name, "EnableAutoscale": false, "InstanceAdvancedSettings": object{}, "DeletionProtection": false}
	for i := 0; i+1 < len(change); i += 2 {
		into := body
		if path := change[i].(string); strings.HasPrefix(path, "asg.") || strings.HasPrefix(path, "launch.") {
			into = texts
		}
		changed(into, change[i], change[i+1])
	}
	for member, text := range map[string]string{"AutoScalingGroupPara": "asg", "LaunchConfigurePara": "launch"} {
		data, _ := json.Marshal(texts[text])
		body[member] = string(data)
	}
	return body
}

// changed changes members of a body: names and values in turn.
func changed(body object, change ...any) object {
	for i := 0; i+1 < len(change); i += 2 {
		in := body
		path := strings.Split(change[i].(string), ".")
		for _, step := range path[:len(path)-1] {
			if _, ok := in[step]; !ok {
				in[step] = object{}
			}
			in = in[step].(object)
		}
		if last := path[len(path)-1]; change[i+1] == nil {
			delete(in, last)
		} else {
			in[last] = change[i+1]
		}
	}
	return body
}

// create makes a cluster that is running, and returns its id.
func (w *world) create(name string, change ...any) string {
	w.t.Helper()
	a := w.want(w.tke("CreateCluster", clusterBody(name, change...)), "")
	w.pass()
	return a.text("ClusterId")
}

// addPool makes a node pool whose nodes run, and returns its id.
func (w *world) addPool(cluster, name string, change ...any) string {
	w.t.Helper()
	a := w.want(w.tke("CreateClusterNodePool", poolBody(cluster, name, change...)), "")
	w.pass()
	w.state(cluster) // the nodes begin to join when somebody looks
	w.pass()
	return a.text("NodePoolId")
}

// seedGroups are node pools of a ready-made cluster.
func seedGroups(names ...string) []pmks.NodeGroupInfo {
	var list []pmks.NodeGroupInfo
	for _, name := range names {
		list = append(list, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 5})
	}
	return list
}

// seeded returns the ids of a ready-made cluster and of its n-th node pool.
func (w *world) seeded(cluster string, n int) (id, pool string) {
	w.t.Helper()
	id = w.want(w.tke("DescribeClusters", object{"Filters": []any{byName("ClusterName", cluster)}}), "").text("Clusters", 0, "ClusterId")
	return id, w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id}), "").text("NodePoolSet", n, "NodePoolId")
}

// byName is a filter.
func byName(name string, values ...any) object { return object{"Name": name, "Values": values} }

// want checks the verdict on a call, which is empty for a success.
func (w *world) want(a answer, verdict string) answer {
	w.t.Helper()
	if a.verdict() != verdict {
		w.t.Fatalf("got %q, want %q\n%s", a.verdict(), verdict, a.body)
	}
	return a
}

// state is that of a cluster.
func (w *world) state(id string) string {
	w.t.Helper()
	return w.want(w.tke("DescribeClusters", object{"ClusterIds": []any{id}}), "").text("Clusters", 0, "ClusterStatus")
}

// pool is a node pool as the list shows it; empty if it does not.
func (w *world) pool(cluster, id string) answer {
	w.t.Helper()
	a := w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": cluster, "Filters": []any{byName("NodePoolsId", id)}}), "")
	data, _ := json.Marshal(object{"Response": a.get("NodePoolSet", 0)})
	return answer{200, data}
}

// poolState is the state of a node pool, its size and its nodes by their state.
func (w *world) poolState(cluster, id string) string {
	w.t.Helper()
	p := w.pool(cluster, id)
	if p.get() == nil {
		return "gone"
	}
	n := func(name string) int { return p.number("NodeCountSummary", "AutoscalingAdded", name) }
	return fmt.Sprintf("%s %s %d/%d/%d joining %d initializing %d normal %d of %d", p.text("LifeState"), p.text("AutoscalingGroupStatus"),
		p.number("MinNodesNum"), p.number("DesiredNodesNum"), p.number("MaxNodesNum"), n("Joining"), n("Initializing"), n("Normal"), n("Total"))
}

// activity is the newest activity of a node pool: its kind, its status and its message.
func (w *world) activity(cluster, id string) string {
	w.t.Helper()
	group := w.pool(cluster, id).text("AutoscalingGroupId")
	a := w.want(w.call("as", "DescribeAutoScalingActivities", object{"Filters": []any{byName("auto-scaling-group-id", group)}, "Limit": 1}), "")
	return strings.TrimSpace(a.text("ActivitySet", 0, "ActivityType") + " " + a.text("ActivitySet", 0, "StatusCode") + " " + a.text("ActivitySet", 0, "StatusMessage"))
}

// task is the newest task of a kind: its state and its error.
func (w *world) task(cluster string, kinds ...any) string {
	w.t.Helper()
	a := w.want(w.tke("DescribeTasks", object{"Filter": []any{byName("ClusterId", cluster), byName("TaskType", kinds...)}, "Latest": true}), "")
	return strings.TrimSpace(a.text("Tasks", 0, "TaskType") + " " + a.text("Tasks", 0, "LifeState") + " " + a.text("Tasks", 0, "LastError"))
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

// verdict is the code of an error, with the status if it is not 200; empty for a success.
func (a answer) verdict() string {
	verdict := a.text("Error", "Code")
	if a.status != http.StatusOK {
		verdict = strings.TrimSpace(strconv.Itoa(a.status) + " " + verdict)
	}
	return verdict
}

// get returns a member of the response, by the path to it.
func (a answer) get(path ...any) any {
	var envelope struct{ Response any }
	_ = json.Unmarshal(a.body, &envelope)
	v := envelope.Response
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

// size is the length of a list.
func (a answer) size(path ...any) int {
	list, _ := a.get(path...).([]any)
	return len(list)
}

// tke calls an action of TKE.
func (c *client) tke(action string, body any) answer {
	c.t.Helper()
	return c.call("tke", action, body)
}

// call calls an action of a service.
func (c *client) call(service, action string, body any) answer {
	c.t.Helper()
	return c.send(c.request(service, action, body))
}

// versions are those of the services.
var versions = map[string]string{"as": "2018-04-19", "cvm": "2017-03-12", "sts": "2018-08-13", "tke": "2018-05-25", "vpc": "2017-03-12"}

// request makes a request that is not signed yet.
func (c *client) request(service, action string, body any) *http.Request {
	c.t.Helper()
	data, ok := body.(string)
	if !ok {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		data = string(text)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, "https://"+service+".tencentcloudapi.com/", strings.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-TC-Action", action)
	r.Header.Set("X-TC-Version", versions[service])
	r.Header.Set("X-TC-Region", c.region)
	r.Header.Set("X-TC-Language", "en-US")
	return r
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
	service, _, _ := strings.Cut(r.URL.Host, ".")
	c.sign(r, service)
	if c.before != nil {
		c.before(r)
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, body}, err
}

// sign is written from the dossier's words, apart from the simulator.
func (c *client) sign(r *http.Request, service string) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	sha := func(data string) string {
		sum := sha256.Sum256([]byte(data))
		return hex.EncodeToString(sum[:])
	}
	keyed := func(key []byte, data string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(data))
		return mac.Sum(nil)
	}
	now := c.now().UTC()
	date, stamp := now.Format("2006-01-02"), strconv.FormatInt(now.Unix(), 10)
	scope := date + "/" + service + "/tc3_request"
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + host + "\n\ncontent-type;host\n" + sha(string(body))
	key := keyed(keyed(keyed([]byte("TC3"+c.secret), date), service), "tc3_request")
	value := hex.EncodeToString(keyed(key, "TC3-HMAC-SHA256\n"+stamp+"\n"+scope+"\n"+sha(canonical)))
	r.Header.Set("X-TC-Timestamp", stamp)
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+c.key+"/"+scope+", SignedHeaders=content-type;host, Signature="+value)
	if c.token != "" {
		r.Header.Set("X-TC-Token", c.token)
	}
}
