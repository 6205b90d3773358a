// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_pages: every list with pages shows twenty unless more are asked for, also of
// those whose ids are given, and never more than a hundred.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "many"}, DesiredNodeSize: 130, MinNodeSize: 1, MaxNodeSize: 200}
	wiretest.Must(t, w.Put(core.Seed{Name: "c000", Groups: []pmks.NodeGroupInfo{group}}))
	for i := range 124 {
		wiretest.Must(t, w.Put(core.Seed{Name: fmt.Sprintf("c%03d", i+1), Groups: seedGroups("ng1")}))
	}
	id, _ := w.seeded("c000", 0)
	var clusters, configs []any
	w.Mu.Lock()
	for id, rec := range w.clusters {
		clusters = append(clusters, id)
		for _, known := range rec.pools {
			configs = append(configs, known.config)
		}
	}
	w.Mu.Unlock()
	for name, test := range map[string]struct {
		service, action string
		body            object
		list, key       string
		total           int
		texts           bool
		tooMany         string
	}{
		"clusters":       {serviceTKE, "DescribeClusters", object{}, "Clusters", "ClusterId", 125, false, "InvalidParameter.Param"},
		"clusters by id": {serviceTKE, "DescribeClusters", object{"ClusterIds": clusters[:100]}, "Clusters", "ClusterId", 100, false, "InvalidParameter.Param"},
		"nodes":          {serviceTKE, "DescribeClusterInstances", object{"ClusterId": id}, "InstanceSet", "InstanceId", 130, false, "InvalidParameter.Param"},
		"configs":        {serviceAS, "DescribeLaunchConfigurations", object{}, "LaunchConfigurationSet", "LaunchConfigurationId", 125, false, "InvalidParameterValue.LimitExceeded"},
		"configs by id":  {serviceAS, "DescribeLaunchConfigurations", object{"LaunchConfigurationIds": configs[:99]}, "LaunchConfigurationSet", "LaunchConfigurationId", 99, false, "InvalidParameterValue.LimitExceeded"},
		"groups":         {serviceAS, "DescribeAutoScalingGroups", object{}, "AutoScalingGroupSet", "AutoScalingGroupId", 125, false, "InvalidParameterValue.LimitExceeded"},
		"instances":      {serviceCVM, "DescribeInstances", object{}, "InstanceSet", "InstanceId", 130 + 124*2, false, "InvalidParameterValue.LimitExceeded"},
		"subnets":        {serviceVPC, "DescribeSubnets", object{}, "SubnetSet", "SubnetId", 3, true, "InvalidParameterValue.LimitExceeded"},
	} {
		number := func(n int) any {
			if test.texts {
				return fmt.Sprint(n)
			}
			return n
		}
		get := func(offset, limit int) (names []string, total int) {
			body := changed(object{}, "Offset", number(offset))
			for key, value := range test.body {
				body[key] = value
			}
			if limit > 0 {
				body["Limit"] = number(limit)
			}
			a := w.want(w.call(test.service, test.action, body), "")
			for i := range a.size(test.list) {
				names = append(names, a.text(test.list, i, test.key))
			}
			return names, a.number("TotalCount")
		}
		if names, total := get(0, 0); len(names) != min(20, test.total) || total != test.total {
			t.Errorf("%s: without a limit %d of %d", name, len(names), total)
		}
		var all []string
		for {
			names, _ := get(len(all), 7)
			if len(names) == 0 {
				break
			}
			all = append(all, names...)
		}
		slices.Sort(all)
		if n := len(slices.Compact(all)); n != test.total {
			t.Errorf("%s: %d by pages, want %d", name, n, test.total)
		}
		w.want(w.call(test.service, test.action, changed(object{"Limit": number(101)}, "ClusterId", test.body["ClusterId"])), test.tooMany)
	}
	w.want(w.tke("DescribeClusters", object{"ClusterIds": append(clusters[:100:100], clusters[100])}), "InvalidParameter.Param")
	w.want(w.tke("DescribeClusters", object{"Offset": -1}), "InvalidParameter.Param")
	w.want(w.call("vpc", "DescribeVpcs", object{"Limit": "many"}), "InvalidParameterValue.Malformed")
	w.Inject(core.Fault{Op: "DescribeClusters", Kind: core.FaultRepeatPage, Times: -1})
	if a := w.tke("DescribeClusters", object{"Offset": 100, "Limit": 100}); a.size("Clusters") != 100 || a.number("TotalCount") <= 200 {
		t.Errorf("a list without an end has %d of %d", a.size("Clusters"), a.number("TotalCount"))
	}
}

// TestServer_filters: each condition must hold, by any of its values.
func TestServer_filters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, seed := range []core.Seed{
		{Name: "demo", Tags: map[string]string{"env": "test"}, Groups: seedGroups("ng1", "ng10")},
		{Name: "demo-2", Tags: map[string]string{"env": "prod", "team": "a"}},
		{Name: "demo", Attr: map[string]string{AttrType: "INDEPENDENT_CLUSTER"}},
		{Name: "far", Attr: map[string]string{AttrRegion: "ap-tokyo"}},
	} {
		wiretest.Must(t, w.Put(seed))
	}
	for _, test := range []struct {
		body object
		want int
	}{
		{object{}, 3},
		{object{"ClusterIds": []any{}}, 3},
		{object{"ClusterType": "MANAGED_CLUSTER"}, 2},
		{object{"Filters": []any{byName("ClusterName", "demo")}}, 2},
		{object{"Filters": []any{byName("ClusterName", "dem")}}, 0},
		{object{"Filters": []any{byName("ClusterName", "demo", "demo-2")}}, 3},
		{object{"Filters": []any{byName("ClusterName", "demo"), byName("ClusterType", "MANAGED_CLUSTER")}}, 1},
		{object{"Filters": []any{byName("ClusterStatus", "Running")}}, 3},
		{object{"Filters": []any{byName("vpc-id", "vpc-none0000")}}, 0},
		{object{"Filters": []any{byName("tag-key", "env")}}, 2},
		{object{"Filters": []any{byName("tag-key", "env"), byName("tag-value", "prod")}}, 1},
	} {
		if a := w.want(w.tke("DescribeClusters", test.body), ""); a.number("TotalCount") != test.want {
			t.Errorf("%v: %d, want %d", test.body, a.number("TotalCount"), test.want)
		}
	}
	w.want(w.tke("DescribeClusters", object{"Filters": []any{byName("Name", "demo")}}), "InvalidParameter.Param")
	w.want(w.tke("DescribeClusters", object{"Filters": []any{byName("Tags", "{}")}}), "501 NotSimulated")
	id := w.tke("DescribeClusters", object{"Filters": []any{byName("tag-value", "test")}}).text("Clusters", 0, "ClusterId")
	for filter, want := range map[string]int{"ng1": 1, "ng": 0, "ng10": 1} {
		if a := w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id, "Filters": []any{byName("NodePoolsName", filter)}}), ""); a.number("TotalCount") != want {
			t.Errorf("%s: got %s", filter, a.body)
		}
	}
	w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id, "Filters": []any{byName("nodepool-id", "x")}}), "InvalidParameter.Param")
	w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id, "Filters": []any{byName("Tags", "x")}}), "501 NotSimulated")
	pool := w.tke("DescribeClusterNodePools", object{"ClusterId": id}).text("NodePoolSet", 1, "NodePoolId")
	if a := w.tke("DescribeClusterInstances", object{"ClusterId": id, "Filters": []any{byName("nodepool-id", pool)}}); a.number("TotalCount") != 2 || a.text("InstanceSet", 1, "NodePoolId") != pool {
		t.Errorf("nodes of one pool: %s", a.body)
	}
	w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id, "InstanceRole": "SLAVE"}), "InvalidParameter.Param")
	if a := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id, "InstanceRole": "MASTER"}), ""); a.number("TotalCount") != 0 {
		t.Errorf("masters: %s", a.body)
	}
	w.client.region = "ap-tokyo"
	if a := w.tke("DescribeClusters", object{}); a.number("TotalCount") != 1 || w.call("vpc", "DescribeVpcs", object{}).number("TotalCount") != 0 {
		t.Errorf("in another region: %s", a.body)
	}
}

// TestServer_lookups: what the account holds, by id and by name, but not by both.
func TestServer_lookups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, test := range []struct {
		service, action, list, ids string
		id, filter, name           string
	}{
		{"vpc", "DescribeVpcs", "VpcSet", "VpcIds", "vpc-q1c6fr9e", "vpc-name", "vpc-01"},
		{"vpc", "DescribeSubnets", "SubnetSet", "SubnetIds", "subnet-rl79gxhv", "subnet-name", "subnet-01"},
		{"vpc", "DescribeSecurityGroups", "SecurityGroupSet", "SecurityGroupIds", "sg-46eef229", "security-group-name", "sg-01"},
		{"cvm", "DescribeKeyPairs", "KeyPairSet", "KeyIds", "skey-3a5n7k1p", "key-name", "keypair-01"},
	} {
		for _, body := range []object{{test.ids: []any{test.id}}, {"Filters": []any{byName(test.filter, test.name)}}} {
			if a := w.want(w.call(test.service, test.action, body), ""); a.number("TotalCount") != 1 || !strings.Contains(string(a.body), test.id) || !strings.Contains(string(a.body), test.name) {
				t.Errorf("%s of %v: %s", test.action, body, a.body)
			}
		}
		w.want(w.call(test.service, test.action, object{test.ids: []any{test.id}, "Filters": []any{byName(test.filter, test.name)}}), "InvalidParameter.Coexist")
		w.want(w.call(test.service, test.action, object{"Filters": []any{byName("name", test.name)}}), "InvalidParameterValue.Filter")
		if a := w.call(test.service, test.action, object{test.ids: []any{test.id[:4] + "-none0000"}}); !strings.Contains(a.verdict(), "NotFound") {
			t.Errorf("%s of none: %s", test.action, a.body)
		}
	}
	if a := w.call("vpc", "DescribeVpcs", object{"Filters": []any{byName("vpc-name", "vpc")}}); a.number("TotalCount") != 1 {
		t.Errorf("a part of the name of a VPC: %s", a.body)
	}
	if a := w.tke("DescribeOSImages", object{}); a.number("TotalCount") != 5 || !strings.Contains(string(a.body), `"offline"`) {
		t.Errorf("images: %s", a.body)
	}
	if a := w.tke("DescribeVersions", object{}); a.number("TotalCount") != 5 || !strings.Contains(string(a.body), "SUITABLE_FOR_INDEPENDENT_CLUSTER") {
		t.Errorf("versions: %s", a.body)
	}
}

// TestServer_ReadLag: reads are behind what was accepted.
func TestServer_ReadLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = 10 * time.Second })
	id := w.want(w.tke("CreateCluster", clusterBody("demo")), "").text("ClusterId")
	if got := w.state(id); got != "" {
		t.Errorf("at once it is %s", got)
	}
	w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id}), "ResourceNotFound.ClusterNotFound")
	w.clock.Add(10 * time.Second)
	if got := w.state(id); got != "Creating" {
		t.Errorf("later it is %s", got)
	}
	w.pass()
	pool := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1")), "").text("NodePoolId")
	if got := w.poolState(id, pool); got != "gone" {
		t.Errorf("at once the pool is %s", got)
	}
	w.clock.Add(11 * time.Second)
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "creating") {
		t.Errorf("later the pool is %s", got)
	}
	w.pass()
	w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}), "")
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "normal disabled 1/2/3") {
		t.Errorf("at once the pool is %s", got)
	}
	w.pass()
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "")
	if got := w.state(id); got != "Running" {
		t.Errorf("after the deletion it is %s", got)
	}
}

// TestServer_nodeStates: nodes that failed, and those that belong to no node pool.
func TestServer_nodeStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1"), Attr: map[string]string{AttrStrays: "ins-1a2b3c4d,np-1a2b3c4d-5e6f7"}}))
	id, _ := w.seeded("a", 0)
	wiretest.Must(t, w.FailNodes("a", "ng1", "kubelet is not running"))
	a := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id}), "")
	if a.number("TotalCount") != 4 || a.text("InstanceSet", 0, "InstanceState") != nodeFailed || a.text("InstanceSet", 0, "FailedReason") != "kubelet is not running" ||
		a.text("InstanceSet", 2, "NodePoolId") != "" || a.text("InstanceSet", 3, "NodePoolId") != "np-1a2b3c4d" {
		t.Errorf("got %s", a.body)
	}
	s := w.want(w.tke("DescribeClusterStatus", object{"ClusterIds": []any{id}}), "")
	if s.text("ClusterStatusSet", 0, "ClusterState") != "Running" || s.number("ClusterStatusSet", 0, "ClusterFailedNodeNum") != 2 || s.text("ClusterStatusSet", 0, "ClusterInstanceState") != "PartialAbnormal" {
		t.Errorf("got %s", s.body)
	}
	created := w.want(w.tke("CreateCluster", clusterBody("b")), "").text("ClusterId")
	if s := w.tke("DescribeClusterStatus", object{"ClusterIds": []any{created}}); s.number("ClusterStatusSet", 0, "ClusterRunningNodeNum") != -1 {
		t.Errorf("what is not known: %s", s.body)
	}
	groups := w.want(w.tke("DescribeClusterAsGroups", object{"ClusterId": id}), "")
	if groups.number("TotalCount") != 1 || groups.text("ClusterAsGroupSet", 0, "Status") != "disabled" {
		t.Errorf("got %s", groups.body)
	}
}

// TestServer_scalingGroup: Auto Scaling knows the sizes of a node pool, and changes them
// together.
func TestServer_scalingGroup(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	group := w.pool(id, pool).text("AutoscalingGroupId")
	look := func() string {
		a := w.want(w.call("as", "DescribeAutoScalingGroups", object{"AutoScalingGroupIds": []any{group}}), "")
		g := func(name string) int { return a.number("AutoScalingGroupSet", 0, name) }
		return fmt.Sprintf("%d/%d/%d %d of %d %s", g("MinSize"), g("DesiredCapacity"), g("MaxSize"), g("InServiceInstanceCount"), g("InstanceCount"), a.text("AutoScalingGroupSet", 0, "InActivityStatus"))
	}
	if got := look(); got != "1/2/3 2 of 2 NOT_IN_ACTIVITY" {
		t.Errorf("at first: %s", got)
	}
	change := func(least, desired, most int) answer {
		return w.call("as", "ModifyAutoScalingGroup", object{"AutoScalingGroupId": group, "MinSize": least, "DesiredCapacity": desired, "MaxSize": most})
	}
	w.want(change(2, 1, 3), "InvalidParameterValue.Size")
	w.want(w.call("as", "ModifyAutoScalingGroup", object{"AutoScalingGroupId": "asg-none0000"}), "ResourceNotFound.AutoScalingGroupNotFound")
	w.want(change(4, 5, 6), "")
	w.want(change(4, 5, 6), "ResourceUnavailable.AutoScalingGroupInActivity")
	if got := look(); got != "4/5/6 2 of 2 IN_ACTIVITY" {
		t.Errorf("at once: %s", got)
	}
	w.pass()
	w.state(id)
	w.pass()
	if got := look(); got != "4/5/6 5 of 5 NOT_IN_ACTIVITY" {
		t.Errorf("later: %s", got)
	}
	activities := func(body object) int {
		return w.want(w.call("as", "DescribeAutoScalingActivities", body), "").number("TotalCount")
	}
	begun := w.clock.Now().Add(-50 * time.Hour).Format(time.RFC3339)
	for _, test := range []struct {
		body object
		want int
	}{
		{object{}, 2}, {object{"Filters": []any{byName("auto-scaling-group-id", group)}}, 2}, {object{"Filters": []any{byName("activity-status-code", "FAILED")}}, 0},
		{object{"StartTime": begun}, 1}, {object{"EndTime": begun}, 1}, {object{"ActivityIds": []any{"asa-none0000"}}, 0},
	} {
		if got := activities(test.body); got != test.want {
			t.Errorf("%v: %d, want %d", test.body, got, test.want)
		}
	}
	w.want(w.call("as", "DescribeAutoScalingActivities", object{"StartTime": "yesterday"}), "InvalidParameterValue.TimeFormat")
	w.want(w.call("as", "DescribeAutoScalingActivities", object{"ActivityIds": []any{"a"}, "Filters": []any{byName("activity-id", "a")}}), "InvalidParameterConflict")
	w.want(w.call("as", "DescribeAutoScalingGroups", object{"Filters": []any{byName("name", "a")}}), "InvalidParameterValue.Filter")
}

// TestServer_strangeAnswers: nulls wherever the vendor allows them, words that nobody knows,
// and whatever a test makes of an answer.
func TestServer_strangeAnswers(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	w.Nulls(true)
	cluster := w.want(w.tke("DescribeClusters", object{"ClusterIds": []any{id}}), "")
	group := w.want(w.tke("DescribeClusterNodePools", object{"ClusterId": id}), "")
	if cluster.get("Clusters", 0, "TagSpecification") != nil || group.get("NodePoolSet", 0, "RuntimeConfig") != nil || group.text("NodePoolSet", 0, "NodePoolId") != pool {
		t.Errorf("got %s and %s", cluster.body, group.body)
	}
	w.Nulls(false)
	wiretest.Must(t, w.Show("a", "", "Dreaming"))
	wiretest.Must(t, w.Show("a", "ng1", "dozing"))
	if got := w.poolState(id, pool); w.state(id) != "Dreaming" || !strings.HasPrefix(got, "dozing") {
		t.Errorf("got %s, %s", w.state(id), got)
	}
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "MaxNodesNum": 4}), "ResourceUnavailable.NodePoolStateNotNormal")
	wiretest.Must(t, w.Show("a", "", ""))
	w.Alter("DescribeVersions", func(v any) any {
		v.(map[string]any)["TotalCount"] = "five"
		return v
	})
	if a := w.tke("DescribeVersions", object{}); a.text("TotalCount") != "five" || a.text("RequestId") == "" {
		t.Errorf("got %s", a.body)
	}
	w.Alter("DescribeVersions", func(any) any { return nil })
	if a := w.tke("DescribeVersions", object{}); string(a.body) != `{"Response":null}` {
		t.Errorf("got %s", a.body)
	}
	w.Alter("DescribeVersions", nil)
	w.Inject(core.Fault{Op: "DescribeVersions", Kind: core.FaultAnswer, Answer: &core.Answer{Status: 502, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>"}})
	if a := w.tke("DescribeVersions", object{}); a.status != 502 || string(a.body) != "<html>" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	for _, err := range []error{w.Show("none", "", "x"), w.Show("a", "none", "x"), w.Protect("none", true), w.ProtectPool("none", "x", true), w.Force("none", "", 1, ""), w.Force("a", "none", 1, "")} {
		if err == nil {
			t.Error("what is not there is changed")
		}
	}
}
