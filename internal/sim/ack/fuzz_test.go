// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// FuzzServer sends signed requests made of arbitrary bytes: there is always an answer in
// the vendor's shape, and never a panic. {c} and {p} stand for a cluster and a node pool.
func FuzzServer(f *testing.F) {
	for _, seed := range []struct{ version, action, method, target, body string }{
		{"2015-12-15", "", "GET", "/regions/ap-northeast-1/clusters?page_size=1&name=a", ""},
		{"2015-12-15", "", "POST", "/clusters", `{"name":"b","region_id":"ap-northeast-1","cluster_type":"ManagedKubernetes","vpcid":"v","vswitch_ids":["x"],"service_cidr":"172.19.0.0/20"}`},
		{"2015-12-15", "", "POST", "/clusters/{c}/nodepools", `{"nodepool_info":{"name":"n"},"scaling_group":{"vswitch_ids":["x"],"instance_types":["ecs.g7.large"],"desired_size":1},"auto_scaling":{"enable":true}}`},
		{"2015-12-15", "", "PUT", "/clusters/{c}/nodepools/{p}", `{"scaling_group":{"desired_size":0,"tags":[{"key":"a"}]},"auto_scaling":{"enable":false,"min_instances":1}}`},
		{"2015-12-15", "", "POST", "/clusters/{c}/nodepools/{p}", `{"count":1}`},
		{"2015-12-15", "", "DELETE", "/clusters/{c}/nodepools/{p}/nodes?release_node=true&instance_ids=%5B%22i%22%5D", ""},
		{"2015-12-15", "", "POST", "/api/v2/clusters/{c}/upgrade", `{"next_version":"1.36.2-aliyun.1","master_only":false,"rolling_policy":{"max_parallelism":0}}`},
		{"2015-12-15", "", "DELETE", "/clusters/{c}?delete_options=%5B%7B%7D%5D&retain_resources=%5B%5D", ""},
		{"2015-12-15", "", "POST", "/cluster/{c}/autoscale/config/", `{"priorities":{"1":["a"]}}`},
		{"2015-12-15", "", "GET", "/k8s/{c}/user_config?PrivateIpAddress=x&TemporaryDurationMinutes=99999999999999999999", ""},
		{"2015-12-15", "", "GET", "/tags?resource_ids=%5B%22{c}%22%5D&region_id=a&resource_type=CLUSTER&next_token=0123456789abcdef1", ""},
		{"2016-04-28", "DescribeVSwitches", "POST", "/?RegionId=ap-northeast-1&PageNumber=1048576&PageSize=50", ""},
		{"2014-05-26", "DescribeInstances", "POST", "/", "RegionId=ap-northeast-1&InstanceIds=%5B1%5D"},
		{"2015-04-01", "GetCallerIdentity", "GET", "/?ACKClusterId=c", ""},
		{"", "", "PUT", "/clusters//..", "\x00"},
	} {
		f.Add(seed.version, seed.action, seed.method, seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, version, action, method, target, body string) {
		w := newWorld(t)
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		pool := strings.Split(w.seeded("a", 0), "/")
		places := map[string]string{"{c}": pool[2], "{p}": pool[4]}
		response, answer := wiretest.Fuzzed(t, w.Transport(), method, "https://sim.example"+fill(target, places), fill(body, places), func(r *http.Request) bool {
			if strings.ContainsFunc(version+action, func(c rune) bool { return c <= ' ' || c > '~' }) {
				return false
			}
			r.Header.Set("x-acs-version", version)
			r.Header.Set("x-acs-action", action)
			r.Header.Set("Content-Type", "application/json")
			if version != "2015-12-15" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if action == "" {
				r.Header.Del("x-acs-action")
			}
			w.acs3 = true
			w.sign(r)
			return true
		})
		if response.Header.Get("x-acs-request-id") == "" || len(answer) > 0 && !json.Valid(answer) {
			t.Fatalf("got %d %q", response.StatusCode, answer)
		}
		var e struct{ Code, Message string }
		if response.StatusCode < 400 {
			return
		}
		if err := json.Unmarshal(answer, &e); err != nil || e.Code == "" || e.Message == "" || response.StatusCode == http.StatusInternalServerError {
			t.Fatalf("not an error of the vendor's: %d %q", response.StatusCode, answer)
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
			pods, services := fmt.Sprintf("172.%d.0.0/16", 20+i), fmt.Sprintf("192.168.%d.0/24", i)
			for range 5 {
				a := w.roa("POST", "/clusters", clusterBody("c"+strconv.Itoa(i), "container_cidr", pods, "service_cidr", services))
				path := "/clusters/" + a.text("cluster_id")
				w.roa("GET", "/regions/ap-northeast-1/clusters", nil)
				w.pass()
				w.roa("POST", path+"/nodepools", poolBody("ng1"))
				w.roa("GET", path+"/nodepools", nil)
				w.roa("GET", path+"/nodes", nil)
				w.roa("DELETE", path, nil)
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
		w := newWorld(t)
		p := w.tape()
		w.transport = p
		goldenNodePool(w)
		return p.Text()
	})
}

// TestServer_many: the records of clusters that are gone do not pile up.
func TestServer_many(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 150 {
		id := w.create("a")
		w.want(w.roa("DELETE", "/clusters/"+id, nil), "202")
		w.pass()
	}
	w.create("a")
	if n, tasks := len(w.clusters), len(w.tasks); n > 110 || tasks > 220 {
		t.Errorf("%d records and %d tasks are kept", n, tasks)
	}
}

// TestServer_listen serves over a connection, plain and with TLS.
func TestServer_listen(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		w := newWorld(t)
		l, transport := wiretest.Listen(t, w.Listen, secure)
		r := w.request("GET", "/quota", nil)
		r.URL.Scheme, r.URL.Host, _ = strings.Cut(l.URL(), "://")
		r.Host = l.Addr()
		w.transport, w.acs3 = transport, true
		w.want(w.send(r), "200")
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
	w.roa("POST", "/clusters", clusterBody("a"))
	if at, ok := w.NextEvent(); !ok || !at.After(w.clock.Now()) {
		t.Errorf("the creation ends at %s, %v", at, ok)
	}
}
