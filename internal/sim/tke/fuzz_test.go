// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// FuzzServer sends signed requests made of arbitrary bytes: there is always an answer in
// the vendor's shape, and never a panic. {c} and {p} stand for a cluster and a node pool.
func FuzzServer(f *testing.F) {
	body := func(v any) string {
		data, _ := json.Marshal(v)
		return string(data)
	}
	for _, seed := range []struct{ service, action, body string }{
		{"tke", "DescribeClusters", `{"ClusterIds":["{c}"],"Limit":100,"Offset":-1,"Filters":[{"Name":"ClusterName","Values":["a"]}]}`},
		{"tke", "CreateCluster", body(clusterBody("b"))},
		{"tke", "CreateCluster", `{"ClusterType":"MANAGED_CLUSTER","ClusterCIDRSettings":{"ClusterCIDR":"::/0","MaxNodePodNum":18446744073709551615}}`},
		{"tke", "CreateClusterNodePool", body(poolBody("{c}", "ng2"))},
		{"tke", "CreateClusterNodePool", `{"ClusterId":"{c}","AutoScalingGroupPara":"{}","LaunchConfigurePara":"[]","InstanceAdvancedSettings":{},"EnableAutoscale":true}`},
		{"tke", "ModifyClusterNodePool", `{"ClusterId":"{c}","NodePoolId":"{p}","MinNodesNum":0,"MaxNodesNum":9223372036854775807,"Labels":[],"Taints":null}`},
		{"tke", "ModifyNodePoolDesiredCapacityAboutAsg", `{"ClusterId":"{c}","NodePoolId":"{p}","DesiredCapacity":0}`},
		{"tke", "DeleteClusterNodePool", `{"ClusterId":"{c}","NodePoolIds":["{p}","{p}"],"KeepInstance":true}`},
		{"tke", "UpgradeClusterInstances", `{"ClusterId":"{c}","Operation":"create","UpgradeType":"reset","InstanceIds":["ins-1"],"MaxNotReadyPercent":1e308}`},
		{"tke", "UpdateClusterVersion", `{"ClusterId":"{c}","DstVersion":"1.34.1"}`},
		{"tke", "DescribeTasks", `{"Filter":[{"Name":"ClusterId","Values":["{c}"]},{"Name":"TaskType","Values":["master_upgrade"]}],"Latest":true}`},
		{"tke", "ModifyClusterTags", `{"ClusterId":"{c}","Tags":[{"Key":"a"}]}`},
		{"as", "ModifyAutoScalingGroup", `{"AutoScalingGroupId":"{g}","DesiredCapacity":18446744073709551615}`},
		{"as", "DescribeLaunchConfigurations", `{"Limit":18446744073709551615,"Offset":18446744073709551615}`},
		{"as", "DescribeAutoScalingActivities", `{"StartTime":"0000-01-01T00:00:00Z","Limit":0}`},
		{"vpc", "DescribeSubnets", `{"Limit":"-1","Offset":"99999999999999999999"}`},
		{"cvm", "DescribeKeyPairs", `{"Offset":9223372036854775807}`},
		{"sts", "AssumeRole", `{"RoleArn":"qcs::cam::uin/1:roleName/","RoleSessionName":"x","DurationSeconds":18446744073709551615}`},
		{"sts", "AssumeRoleWithWebIdentity", `{"ProviderId":"p","WebIdentityToken":"t","RoleArn":"","RoleSessionName":"x"}`},
		{"", "", "\x00"},
	} {
		f.Add(seed.service, seed.action, seed.body)
	}
	f.Fuzz(func(t *testing.T, service, action, body string) {
		w := newWorld(t)
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		id, pool := w.seeded("a", 0)
		body = strings.NewReplacer("{c}", id, "{p}", pool, "{g}", w.groupOf(pool)).Replace(body)
		for range 2 { // the second time something has happened
			response, got := wiretest.Fuzzed(t, w.Transport(), http.MethodPost, "https://sim.example/", body, func(r *http.Request) bool {
				if strings.ContainsFunc(service+action, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' || c == ',' || c == '=' }) {
					return false
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-TC-Action", action)
				r.Header.Set("X-TC-Version", versions[service])
				r.Header.Set("X-TC-Region", "ap-seoul")
				w.client.sign(r, service)
				return true
			})
			a := answer{response.StatusCode, got}
			if !json.Valid(got) || a.text("RequestId") == "" || response.StatusCode != http.StatusOK && a.text("Error", "Code") != CodeNotSimulated ||
				strings.HasPrefix(a.verdict(), "InternalError.Unexpected") {
				t.Fatalf("got %d %q", response.StatusCode, got)
			}
			w.clock.Pass()
		}
	})
}

// TestServer_concurrent: calls side by side, for the race detector.
func TestServer_concurrent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				a := w.tke("CreateCluster", clusterBody(fmt.Sprint("c", i), "ClusterCIDRSettings.ClusterCIDR", fmt.Sprintf("172.%d.0.0/16", 16+i)))
				id := object{"ClusterId": a.text("ClusterId")}
				w.tke("DescribeClusters", object{})
				w.pass()
				w.tke("CreateClusterNodePool", poolBody(a.text("ClusterId"), "ng1"))
				w.tke("DescribeClusterNodePools", id)
				w.tke("DescribeClusterInstances", id)
				w.call("as", "DescribeAutoScalingActivities", object{})
				w.pass()
				w.tke("DeleteCluster", changed(id, "InstanceDeleteMode", "terminate"))
				w.pass()
			}
		})
	}
	all.Wait()
	if w.Count("CreateCluster") != 40 || w.MaxConcurrent() < 1 {
		t.Errorf("calls: %v", w.Counts())
	}
}

// TestServer_deterministic: the same seed, times and calls give the same answers.
func TestServer_deterministic(t *testing.T) {
	t.Parallel()
	wiretest.Same(t, func() string {
		text := ""
		for _, run := range []func(*world){goldenNodePool, goldenUpgrade} {
			w := newWorld(t)
			p := w.tape()
			w.transport = p
			run(w)
			text += p.Text()
		}
		return text
	})
}

// TestServer_many: the records of clusters that are gone do not pile up.
func TestServer_many(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 150 {
		id := w.create("a")
		w.addPool(id, "ng1")
		w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "")
		w.pass()
	}
	w.create("a")
	if n, groups := len(w.clusters), len(w.groups); n > 110 || groups > 220 {
		t.Errorf("%d records and %d groups are kept", n, groups)
	}
}

// TestServer_listen serves over a connection, plain and with TLS.
func TestServer_listen(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		w := newWorld(t)
		l, transport := wiretest.Listen(t, w.Listen, secure)
		r := w.client.request("tke", "DescribeVersions", object{})
		r.URL.Scheme, r.URL.Host, _ = strings.Cut(l.URL(), "://")
		r.Host = l.Addr()
		w.client.sign(r, "tke")
		response, body := wiretest.Send(t, transport, r)
		w.want(answer{response.StatusCode, []byte(body)}, "")
	}
	if _, err := newWorld(t).Listen("0.0.0.0:0", false); err == nil {
		t.Error("it serves the whole network")
	}
}

// TestServer_NextEvent: a test can wait for what comes next.
func TestServer_NextEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if at, ok := w.NextEvent(); ok {
		t.Errorf("something happens at %s", at)
	}
	w.tke("CreateCluster", clusterBody("a"))
	if at, ok := w.NextEvent(); !ok || !at.After(w.clock.Now()) {
		t.Errorf("the creation ends at %s, %v", at, ok)
	}
}
