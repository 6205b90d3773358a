// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_pages reads every list page by page, and without an end.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for i := range 7 {
		names = append(names, "c"+strconv.Itoa(i))
		wiretest.Must(t, w.Put(core.Seed{Name: names[i]}))
	}
	groups := []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 23}}
	wiretest.Must(t, w.Put(core.Seed{Name: "big", Groups: groups}))
	big := w.seeded("big", -1)
	names = append(names, "big")
	for _, test := range []struct {
		target, number, size string
		total                []any
		item                 []any
		want                 int
	}{
		{"/regions/ap-northeast-1/clusters", "page_number", "page_size", []any{"page_info", "total_count"}, []any{"clusters", 0, "name"}, 8},
		{big + "/nodes", "pageNumber", "pageSize", []any{"page", "total_count"}, []any{"nodes", 0, "instance_id"}, 23},
	} {
		var all []string
		for page := 1; page <= test.want/3+2; page++ {
			a := w.want(w.roa("GET", fmt.Sprintf("%s?%s=%d&%s=3", test.target, test.number, page, test.size), nil), "200")
			if got := a.number(test.total...); got != test.want {
				t.Errorf("%s says there are %d", test.target, got)
			}
			for i := 0; ; i++ {
				name := a.text(test.item[0], i, test.item[2])
				if name == "" {
					break
				}
				all = append(all, name)
			}
		}
		if len(all) != test.want || len(slices.Compact(slices.Sorted(slices.Values(all)))) != test.want {
			t.Errorf("%s: got %v", test.target, all)
		}
	}
	if a := w.roa("GET", big+"/nodes", nil); a.number("page", "page_size") != 10 || a.text("nodes", 10, "instance_id") != "" {
		t.Errorf("a page of nodes is %s", a.body)
	}
	w.Inject(core.Fault{Op: "DescribeClustersForRegion", Kind: core.FaultRepeatPage, Times: -1})
	for page := 2; page < 5; page++ {
		a := w.roa("GET", "/regions/ap-northeast-1/clusters?page_size=2&page_number="+strconv.Itoa(page), nil)
		if a.text("clusters", 0, "name") != names[0] || a.number("page_info", "total_count") <= page*2 {
			t.Errorf("page %d is %s", page, a.body)
		}
	}
	a := w.want(w.rpc(serviceVPC, "DescribeVSwitches", "RegionId", "ap-northeast-1", "PageSize", "2", "PageNumber", "2"), "200")
	if a.number("TotalCount") != 3 || a.text("VSwitches", "VSwitch", 0, "VSwitchName") != "subnet-03" || a.get("VSwitches", "VSwitch", 1) != nil {
		t.Errorf("the second page is %s", a.body)
	}
}

// TestServer_filters: the name is fuzzy, and the region is that of the path.
func TestServer_filters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "alpha"}))
	wiretest.Must(t, w.Put(core.Seed{Name: "alpha-2", Attr: map[string]string{AttrType: "Kubernetes"}}))
	wiretest.Must(t, w.Put(core.Seed{Name: "alpha", Attr: map[string]string{AttrProfile: "Serverless"}}))
	wiretest.Must(t, w.Put(core.Seed{Name: "beta", Attr: map[string]string{AttrNoProfile: "x", AttrSpec: specBasic, AttrPrivate: "x"}}))
	wiretest.Must(t, w.Put(core.Seed{Name: "far", Attr: map[string]string{AttrRegion: "cn-hangzhou"}}))
	for query, want := range map[string]int{
		"": 4, "?name=alpha": 3, "?name=lph": 3, "?name=none": 0, "?cluster_type=Kubernetes": 1, "?profile=Serverless": 1, "?cluster_spec=ack.standard": 1,
	} {
		if got := w.roa("GET", "/regions/ap-northeast-1/clusters"+query, nil).number("page_info", "total_count"); got != want {
			t.Errorf("%s: %d clusters", query, got)
		}
	}
	far := w.roa("GET", "/regions/cn-hangzhou/clusters", nil).text("clusters", 0, "cluster_id")
	if a := w.want(w.roa("GET", "/clusters/"+far, nil), "200"); a.text("region_id") != "cn-hangzhou" {
		t.Errorf("a cluster of another region is %s", a.body)
	}
	if a := w.roa("GET", w.seeded("beta", -1), nil); strings.Contains(a.text("master_url"), "203.0.113.") || a.text("profile") != "" {
		t.Errorf("a private cluster is %s", a.body)
	}
}

// TestServer_Put: what a seed says is shown.
func TestServer_Put(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{
		Name: "集群 one", Version: "1.33.1-aliyun.1", State: profile.UpdateFailed, Reason: "X: y", Tags: map[string]string{"a": "b"}, Protected: true,
		Attr: map[string]string{
			AttrAddons: "ack-ram-authenticator", AttrInitVersion: "1.32.1-aliyun.1", AttrCIDRs: "192.168.0.0/17,192.168.128.0/20", AttrUnsized: "ng2",
			AttrImageOnly: "ng1", AttrDefaultPool: "ng1", AttrTags + "ng2": "x=y,z=1", AttrProtectedServices: "web,db",
		},
		Groups: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "ng1"}, VMSpecName: "ecs.c7.xlarge", RootDiskSize: "64", DesiredNodeSize: 1},
			{IId: pmks.IID{NameId: "ng2"}, DesiredNodeSize: 2, OnAutoScaling: true, MinNodeSize: 1, MaxNodeSize: 3, Status: pmks.NodeGroupUpdating},
		},
	}))
	path := w.seeded("one", -1)
	a := w.roa("GET", path, nil)
	for member, want := range map[string]any{
		"name": "集群 one", "state": "updating_failed", "current_version": "1.33.1-aliyun.1", "init_version": "1.32.1-aliyun.1", "next_version": "1.34.3-aliyun.1",
		"container_cidr": "192.168.0.0/17", "service_cidr": "192.168.128.0/20", "deletion_protection": true, "size": 3.0,
	} {
		if got := a.get(member); got != want {
			t.Errorf("%s is %v, want %v", member, got, want)
		}
	}
	one, two := w.roa("GET", w.seeded("one", 0), nil), w.roa("GET", w.seeded("one", 1), nil)
	if one.text("scaling_group", "image_id") == "" || one.text("scaling_group", "image_type") != "" || one.get("nodepool_info", "is_default") != true || one.number("scaling_group", "system_disk_size") != 64 {
		t.Errorf("the first pool is %s", one.body)
	}
	if two.get("scaling_group", "desired_size") != nil || two.number("auto_scaling", "max_instances") != 3 || two.text("scaling_group", "tags", 1, "key") != "z" || two.text("status", "state") != "scaling" {
		t.Errorf("the second pool is %s", two.body)
	}
	w.want(w.roa("GET", path+"/addon_instances/ack-ram-authenticator", nil), "200")
	if a := w.want(w.roa("GET", path+"/resources/services/protection", nil), "200"); a.text(1, "name") != "db" {
		t.Errorf("protected are %s", a.body)
	}
	if a := w.want(w.roa("GET", path+"/resources/namespaces/protection", nil), "200"); string(a.body) != "[]" {
		t.Errorf("protected are %s", a.body)
	}
	w.want(w.roa("DELETE", path, nil), "400 ErrorDeletionProtection")
	// Beside cluster_spec the protection stays, though the task succeeds.
	w.want(w.roa("PUT", "/api/v2"+path, map[string]any{"deletion_protection": false, "cluster_spec": "ack.pro.small"}), "202")
	w.pass()
	w.want(w.roa("DELETE", path, nil), "400 ErrorDeletionProtection")
	w.want(w.roa("PUT", "/api/v2"+path, map[string]any{}), "400 InvalidParameter")
	w.want(w.roa("PUT", "/api/v2"+path, map[string]any{"cluster_name": "other"}), "501 NotSimulated")
	w.want(w.roa("PUT", "/api/v2"+path, map[string]any{"deletion_protection": false}), "202")
	resources := w.want(w.roa("GET", path+"/resources?with_addon_resources=true", nil), "200")
	if n := strings.Count(string(resources.body), "ScalingGroup"); n != 2 || !strings.Contains(string(resources.body), "NatGateway") {
		t.Errorf("its resources are %s", resources.body)
	}
	w.want(w.roa("DELETE", path, nil), "202")
	// A network that is gone.
	wiretest.Must(t, w.Put(core.Seed{Name: "lost", Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-gone"}}, Groups: seedGroups("ng1")}))
	if a := w.want(w.roa("GET", w.seeded("lost", -1), nil), "200"); a.text("vpc_id") != "vpc-gone" || a.text("vswitch_ids", 0) != "vsw-gone" || a.number("size") != 2 {
		t.Errorf("without a network the cluster is %s", a.body)
	}
	if err := w.Put(core.Seed{}); err == nil {
		t.Error("a seed without a name is taken")
	}
}

// TestServer_kubeconfig: certificates, their end, and where the server is.
func TestServer_kubeconfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	for query, want := range map[string]struct{ server, ends string }{
		"":                             {"https://203.0.113.", "2029-11-03T09:30:00Z"},
		"?TemporaryDurationMinutes=15": {"https://203.0.113.", "2026-11-03T09:45:00Z"},
		"?PrivateIpAddress=true":       {"https://10.0.200.", "2029-11-03T09:30:00Z"},
	} {
		a := w.want(w.roa("GET", "/k8s/"+id+"/user_config"+query, nil), "200")
		authority, err := w.Certificate("a")
		wiretest.Must(t, err)
		if config := a.text("config"); !strings.HasPrefix(config, "\napiVersion: v1") || !strings.Contains(config, `server: "`+want.server) || !strings.Contains(config, authority) || a.text("expiration") != want.ends {
			t.Errorf("%s: %s until %s", query, config, a.text("expiration"))
		}
	}
	private := w.create("b", "endpoint_public_access", false, "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")
	if a := w.roa("GET", "/k8s/"+private+"/user_config", nil); !strings.Contains(a.text("config"), `server: ""`) {
		t.Errorf("without a public endpoint: %s", a.text("config"))
	}
	if _, err := w.Certificate("none"); err == nil {
		t.Error("there is a certificate of nothing")
	}
}

// TestServer_versions: what can be made, and what can be gone to.
func TestServer_versions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const target = "/api/v1/metadata/versions?Region=ap-northeast-1&ClusterType=ManagedKubernetes"
	list := func(more string) (names []string) {
		a := w.want(w.roa("GET", target+more, nil), "200")
		for i := 0; a.get(i) != nil; i++ {
			names = append(names, a.text(i, "version")+" "+strconv.FormatBool(a.get(i, "creatable") == true))
		}
		return names
	}
	if got := list(""); len(got) != 6 || got[0] != retiredVersion+" false" || got[5] != "1.36.2-aliyun.1 true" {
		t.Errorf("got %v", got)
	}
	if got := list("&Mode=creatable&Profile=Default"); len(got) != 5 {
		t.Errorf("creatable are %v", got)
	}
	if got := list("&Profile=Edge"); got != nil {
		t.Errorf("of another profile are %v", got)
	}
	a := w.roa("GET", target+"&KubernetesVersion=1.34.3-aliyun.1&QueryUpgradableVersion=true", nil)
	if fmt.Sprint(a.get(0, "upgradable_versions")) != "[1.35.3-aliyun.1 1.35.2-aliyun.1]" || a.get(1) != nil {
		t.Errorf("got %s", a.body)
	}
}

// TestServer_tags: tags are merged, taken and listed.
func TestServer_tags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	where := "region_id=ap-northeast-1&resource_type=CLUSTER&resource_ids=%5B%22" + id + "%22%5D"
	put := func(tags []any, want string) {
		t.Helper()
		w.want(w.roa("PUT", "/tags", map[string]any{"region_id": "ap-northeast-1", "resource_type": "CLUSTER", "resource_ids": []any{id}, "tags": tags}), want)
	}
	put(tag("b", "1"), "200")
	put(tag("env", ""), "400 InvalidParameter.TagValue")
	put(nil, "400 MissingParameter.tags")
	put(many(19), "400 InvalidParameter.Tags")
	if a := w.want(w.roa("GET", "/tags?"+where, nil), "200"); a.text("tag_resources", "tag_resource", 0, "tag_key") != "b" || a.text("tag_resources", "tag_resource", 1, "tag_value") != "test" {
		t.Errorf("got %s", a.body)
	}
	w.want(w.roa("DELETE", "/tags?"+where+"&tag_keys=%5B%22env%22%5D", nil), "200")
	if a := w.roa("GET", "/clusters/"+id, nil); a.text("tags", 0, "key") != "b" || a.get("tags", 1) != nil {
		t.Errorf("left are %s", a.body)
	}
	w.want(w.roa("DELETE", "/tags?"+where+"&all=true&tag_keys=%5B%5D", nil), "200")
	if a := w.roa("GET", "/clusters/"+id, nil); a.get("tags", 0) != nil {
		t.Errorf("left are %s", a.body)
	}
	w.want(w.roa("GET", "/tags?"+where+"&next_token=none", nil), "400 InvalidParameter.NextToken")
	w.want(w.roa("GET", "/tags?"+where+"&tags=%5B%5D", nil), "501 NotSimulated")
}

// TestServer_Alter: answers as the vendor's fuzzy ones may be.
func TestServer_Alter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	w.Alter("DescribeClusterDetail", func(v any) any {
		o, _ := v.(map[string]any)
		o["size"], o["more"] = "0", nil
		delete(o, "master_url")
		return o
	})
	if a := w.roa("GET", "/clusters/"+id, nil); a.text("size") != "0" || !strings.Contains(string(a.body), `"more":null`) || strings.Contains(string(a.body), "master_url") {
		t.Errorf("got %s", a.body)
	}
	w.Alter("DescribeClusterDetail", nil)
	if a := w.roa("GET", "/clusters/"+id, nil); a.text("master_url") == "" {
		t.Errorf("got %s", a.body)
	}
}

// TestServer_sameNames: ACK lets several clusters, and node pools, have one name.
func TestServer_sameNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	w.create("a", "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")
	one, two := w.addPool(id, "ng1"), w.addPool(id, "ng1")
	if n := w.roa("GET", "/regions/ap-northeast-1/clusters?name=a", nil).number("page_info", "total_count"); n != 2 || one == two {
		t.Errorf("there are %d clusters, and the pools %s and %s", n, one, two)
	}
	if a := w.roa("GET", "/clusters/"+id+"/nodepools?NodepoolName=ng1", nil); a.text("nodepools", 1, "nodepool_info", "name") != "ng1" {
		t.Errorf("the pools are %s", a.body)
	}
}
