// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// subnetNamed is the id of a subnet of DefaultResources.
func subnetNamed(name string) string {
	s, _ := find(DefaultResources("KR1").Subnets, func(s Subnet) bool { return s.Name == name })
	return s.ID
}

func imageNamed(name string) string {
	i, _ := find(DefaultResources("KR1").Images, func(i Image) bool { return i.Name == name })
	return i.ID
}

func flavorNamed(name string) string {
	f, _ := find(DefaultResources("KR1").Flavors, func(f Flavor) bool { return f.Name == name })
	return f.ID
}

// isolated is a cluster without a way to the internet.
func isolated(in object) {
	member("fixed_subnet", subnetNamed(IsolatedSubnet))(in)
	for _, key := range []string{"external_network_id", "external_subnet_id_list", "extra_security_groups"} {
		label(key, nil)(in)
	}
	label("master_lb_floating_ip_enabled", "False")(in)
	label("ncr_sgw", DefaultNCRGateway)(in)
	label("obs_sgw", DefaultOBSGateway)(in)
}

// both applies two changes.
func both(a, b func(object)) func(object) {
	return func(in object) { a(in); b(in) }
}

// manyLabels are so many labels of nodes.
func manyLabels(n int) object {
	out := object{}
	for i := range n {
		out[fmt.Sprint("label-", i)] = "x"
	}
	return out
}

const unknownID = "00000000-0000-4000-8000-000000000000"

// TestServer_createCluster: what differs from a good request in one thing.
func TestServer_createCluster(t *testing.T) {
	t.Parallel()
	vpc := text(cluster("x")["fixed_network"])
	subnet := text(cluster("x")["fixed_subnet"])
	for _, tt := range []struct {
		name   string
		change func(object)
		status int
		words  string
	}{
		{"good", func(object) {}, 202, ""},
		{"lower-case-truth", label("ca_enable", "false"), 202, ""},
		{"all-labels", func(in object) {
			for key, value := range map[string]any{"ca_pod_replicas": "1", "ca_scale_down_delay_after_add": "3", "ca_scale_down_enable": "true", "ca_scale_down_unneeded_time": "3",
				"ca_scale_down_util_thresh": "50", "k8s_node_labels": `{"a":"b"}`, "pods_network_cidr": "10.200.0.0/16", "pods_network_subnet": 24,
				"service_cluster_ip_range": "10.254.0.0/16", "strict_sg_rules": "True", "user_script_v2": "", "extra_volumes": []any{object{"volume_type": "General HDD", "volume_size": 100}}} {
				label(key, value)(in)
			}
		}, 202, ""},
		{"two-cards", twoCards, 202, ""},
		{"isolated", isolated, 202, ""},
		{"unknown-member", member("master", 1), 400, "unknown field"},
		{"member-of-magnum", member("master_count", 1), 501, "not simulated"},
		{"null-timeout", func(in object) { in["create_timeout"] = nil }, 400, "create_timeout"},
		{"no-timeout", member("create_timeout", nil), 202, ""},
		{"no-labels", member("labels", nil), 400, "labels"},
		{"text-count", member("node_count", "2"), 400, "node_count"},
		{"no-count", member("node_count", nil), 400, "node_count"},
		{"no-nodes", member("node_count", 0), 400, "allowed range"},
		{"too-many-nodes", member("node_count", 11), 400, "allowed range"},
		{"template", member("cluster_template_id", "k8s"), 400, "template"},
		{"name-upper-case", member("name", "Demo"), 400, "name"},
		{"name-too-long", member("name", strings.Repeat("a", 33)), 400, "name"},
		{"name-ends-badly", member("name", "a-"), 400, "name"},
		{"name-uuid", member("name", "abcdefab-0000-4000-8000-000000000000"), 400, "name"},
		{"name-hex", member("name", strings.Repeat("a", 32)), 400, "name"},
		{"key-pair", member("keypair", "none"), 404, "Unable to find keypair none"},
		{"flavor", member("flavor_id", unknownID), 400, "Unable to find flavor"},
		{"disabled-flavor", member("flavor_id", flavorNamed(DisabledFlavor)), 400, "Unable to find flavor"},
		{"network", member("fixed_network", unknownID), 400, "Unable to find fixed network"},
		{"external-as-network", member("fixed_network", ExternalNetwork), 400, "Unable to find fixed network"},
		{"subnet", member("fixed_subnet", unknownID), 400, "Unable to find fixed subnet"},
		{"subnet-of-another", member("fixed_subnet", subnetNamed(OtherSubnet)), 400, "Unable to find fixed subnet"},
		{"small-subnet", member("fixed_subnet", subnetNamed(SmallSubnet)), 400, "/24"},
		{"overlapping-subnet", both(member("fixed_subnet", subnetNamed(OverlappingSubnet)), label("extra_security_groups", nil)), 400, "overlaps"},
		{"no-zone", label("availability_zone", nil), 400, "availability_zone is required"},
		{"zone", label("availability_zone", "kr-pub-z"), 400, "availability zone"},
		{"unknown-label", label("flavour", "x"), 400, "not known"},
		{"label-not-simulated", label("fip_auto_bind_enable", "True"), 501, "not simulated"},
		{"label-cni", label("cni_driver", "calico"), 400, "not known"},
		{"number-label", label("boot_volume_size", 50), 400, "must be a string"},
		{"truth-label", label("ca_enable", false), 400, "must be a string"},
		{"no-truth", label("ca_enable", "yes"), 400, "ca_enable"},
		{"certificates", label("cert_manager_api", "False"), 400, "cert_manager_api"},
		{"autoscale-kind", label("clusterautoscale", "x"), 400, "clusterautoscale"},
		{"version", label("kube_tag", "v1.99.0"), 400, "not supported"},
		{"version-without-v", label("kube_tag", "1.32.3"), 400, "not supported"},
		{"closed-version", label("kube_tag", "v1.30.3"), 400, "not supported"},
		{"volume-type", label("boot_volume_type", "SSD"), 400, "volume type"},
		{"volume-small", label("boot_volume_size", "20"), 400, "min_disk"},
		{"volume-large", label("boot_volume_size", "2049"), 400, "boot_volume_size"},
		{"image", label("node_image", unknownID), 400, "Unable to find image"},
		{"image-windows", label("node_image", imageNamed(WindowsImage)), 400, "cannot be used"},
		{"image-old", label("node_image", imageNamed(OldImage)), 400, "new node groups"},
		{"bounds-crossed", label("ca_min_node_count", "4"), 400, "ca_min_node_count"},
		{"size-outside", member("node_count", 4), 400, "must lie between"},
		{"bounds-beyond-quota", label("ca_max_node_count", "11"), 400, "ca_max_node_count"},
		{"no-external", both(label("external_network_id", nil), label("external_subnet_id_list", nil)), 400, "are required"},
		{"half-external", label("external_network_id", nil), 400, "go together"},
		{"external-none", label("external_network_id", vpc), 400, "external network"},
		{"external-subnet-none", label("external_subnet_id_list", subnet), 400, "external subnet"},
		{"leading-colon", label("external_subnet_id_list", ":59ddc195-76b1-431d-9693-f09880747dc6"), 400, "external_subnet_id_list"},
		{"double-colon", label("external_subnet_id_list", "a::b"), 400, "external_subnet_id_list"},
		{"isolated-without-gateways", both(isolated, label("obs_sgw", nil)), 400, "obs_sgw"},
		{"isolated-gateway-none", both(isolated, label("obs_sgw", DefaultNCRGateway)), 400, "service gateway"},
		{"isolated-public", both(isolated, label("master_lb_floating_ip_enabled", "True")), 400, "master_lb_floating_ip_enabled"},
		{"cards-uneven", both(twoCards, label("additional_network_id_list", vpc+":"+vpc)), 400, "one length"},
		{"cards-same-subnet", both(twoCards, label("additional_subnet_id_list", subnet)), 400, "overlaps"},
		{"cards-none", both(twoCards, label("additional_subnet_id_list", unknownID)), 400, "additional subnet"},
		{"groups-not-a-list", label("extra_security_groups", "[]"), 400, "list"},
		{"group-none", label("extra_security_groups", []any{object{"target_subnet": subnet, "security_group_ids": unknownID}}), 400, "security group"},
		{"group-elsewhere", label("extra_security_groups", []any{object{"target_subnet": unknownID, "security_group_ids": ""}}), 400, "extra_security_groups"},
		{"groups-too-many", label("extra_security_groups", []any{object{"target_subnet": subnet, "security_group_ids": strings.Repeat("a,", 8)}}), 400, "at most 8"},
		{"pods-overlap", label("pods_network_cidr", "10.254.0.0/16"), 400, "overlaps"},
		{"pods-link-local", label("pods_network_cidr", "169.254.0.0/20"), 400, "overlaps"},
		{"pods-small", label("pods_network_cidr", "10.200.0.0/26"), 400, "pods_network_cidr"},
		{"pods-no-room", both(label("pods_network_cidr", "10.200.0.0/22"), label("pods_network_subnet", "24")), 400, "room for 1 nodes"},
		{"pods-subnet", both(label("pods_network_cidr", "10.200.0.0/23"), label("pods_network_subnet", "24")), 400, "at least 2"},
		{"services-misaligned", label("service_cluster_ip_range", "10.254.0.1/16"), 400, "service_cluster_ip_range"},
		{"node-label-reserved", label("k8s_node_labels", object{"a.kubernetes.io/b": "c"}), 400, "k8s_node_labels"},
		{"node-label-text-null", label("k8s_node_labels", "null"), 400, "k8s_node_labels"},
		{"node-label-number", label("k8s_node_labels", object{"a": 1}), 400, "k8s_node_labels"},
		{"node-label-empty-value", label("k8s_node_labels", object{"a": "", "example.com/b_c.d": strings.Repeat("v", 63)}), 202, ""},
		{"node-label-key", label("k8s_node_labels", object{"a b": "c"}), 400, "k8s_node_labels"},
		{"node-label-long-key", label("k8s_node_labels", object{strings.Repeat("a", 64): "c"}), 400, "k8s_node_labels"},
		{"node-label-prefix", label("k8s_node_labels", object{"Example.com/a": "c"}), 400, "k8s_node_labels"},
		{"node-label-no-prefix", label("k8s_node_labels", object{"/a": "c"}), 400, "k8s_node_labels"},
		{"node-label-two-slashes", label("k8s_node_labels", object{"a/b/c": "d"}), 400, "k8s_node_labels"},
		{"node-label-value", label("k8s_node_labels", object{"a": "-b"}), 400, "k8s_node_labels"},
		{"node-label-long-value", label("k8s_node_labels", object{"a": strings.Repeat("b", 64)}), 400, "k8s_node_labels"},
		{"node-label-of-magnum", label("k8s_node_labels", object{"magnum.openstack.org/b": "c"}), 400, "k8s_node_labels"},
		{"node-labels-most", label("k8s_node_labels", manyLabels(20)), 202, ""},
		{"node-labels-too-many", label("k8s_node_labels", manyLabels(21)), 400, "at most 20"},
		{"addon-too-old", member("addons", []any{object{"name": "calico", "version": "v3.24.1-nks1"}}), 400, "does not support Kubernetes v1.32.3"},
		{"addon-none", member("addons", []any{object{"name": "calico", "version": "v1"}}), 400, "addon"},
		{"addon-twice", member("addons", []any{object{"name": "calico", "version": "v3.28.2-nks1"}, object{"name": "calico", "version": "v3.30.2-nks1"}}), 400, "several"},
		{"addon-option", member("addons", []any{object{"name": "calico", "version": "v3.28.2-nks1", "options": object{"mode": "x"}}}), 400, "option"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.call(t, http.MethodPost, "/v1/clusters", cluster("demo", tt.change))
			if r.status != tt.status || !strings.Contains(r.String(), tt.words) {
				t.Errorf("got %s, want %d %s", r, tt.status, tt.words)
			}
			if n := len(items(w.get(t, "/v1/clusters")["clusters"])); (n == 1) != (tt.status == 202) {
				t.Errorf("there are %d clusters", n)
			}
		})
	}
}

// TestServer_refusals: calls on a cluster "demo" with the groups default-worker, of two
// nodes, and "ng2".
func TestServer_refusals(t *testing.T) {
	t.Parallel()
	const path, worker = "/v1/clusters/demo", "/v1/clusters/demo/nodegroups/default-worker"
	resize := func(n any, more ...any) object {
		in := object{"nodegroup": "default-worker", "node_count": n}
		if len(more) > 0 {
			in["nodes_to_remove"] = more
		}
		return in
	}
	acl := func(action string, ranges ...string) object {
		in := allowed(ranges...)
		in["action"] = action
		return in
	}
	on := object{"ca_enable": true, "ca_min_node_count": 1, "ca_max_node_count": 3}
	for _, tt := range []struct {
		name           string
		before         func(*testing.T, *world)
		method, target string
		body           any
		status         int
		words          string
	}{
		{"group-taken", nil, "POST", path + "/nodegroups", group("ng2"), 409, "already exists"},
		{"group-reserved", nil, "POST", path + "/nodegroups", group("default-master"), 409, "already exists"},
		{"group-name", nil, "POST", path + "/nodegroups", group("Ng3"), 400, "name"},
		{"group-member", nil, "POST", path + "/nodegroups", group("ng3", member("keypair", "k")), 400, "unknown field"},
		{"group-bounds-of-magnum", nil, "POST", path + "/nodegroups", group("ng3", member("min_node_count", 1)), 501, "not simulated"},
		{"group-label-of-clusters", nil, "POST", path + "/nodegroups", group("ng3", label("kube_tag", "v1.32.3")), 400, "not known"},
		{"group-without-autoscale", nil, "POST", path + "/nodegroups", group("ng3", label("ca_enable", nil)), 400, "ca_enable is required"},
		{"group-empty", nil, "POST", path + "/nodegroups", group("ng3", member("node_count", 0)), 400, "allowed range"},
		{"group-image", nil, "POST", path + "/nodegroups", group("ng3", member("image_id", imageNamed(OldImage))), 400, "new node groups"},
		{"group-fourth", func(t *testing.T, w *world) { w.add(t, path, "ng3") }, "POST", path + "/nodegroups", group("ng4"), 403, "Resource limit exceeded"},
		{"group-before-address", func(t *testing.T, w *world) {
			w.ok(t, 202, "POST", "/v1/clusters", cluster("new"))
		}, "POST", "/v1/clusters/new/nodegroups", group("ng2"), 409, "API address is not available yet"},
		{"group-failed-cluster", func(t *testing.T, w *world) { wiretest.Must(t, w.Force("demo", "", profile.UpdateFailed, "x")) },
			"POST", path + "/nodegroups", group("ng3"), 400, `when status is "UPDATE_FAILED"`},
		{"group-none", nil, "GET", path + "/nodegroups/none", nil, 404, "Nodegroup none could not be found"},
		{"master-read", nil, "GET", path + "/nodegroups/default-master", nil, 403, "Policy"},
		{"master-deleted", nil, "DELETE", path + "/nodegroups/default-master", nil, 403, "Policy"},
		{"cluster-none", nil, "GET", "/v1/clusters/none", nil, 404, "Cluster none could not be found"},
		{"cluster-of-group-none", nil, "GET", "/v1/clusters/none/nodegroups", nil, 404, "Cluster none could not be found"},
		{"ambiguous", func(t *testing.T, w *world) { wiretest.Must(t, w.Put(core.Seed{Name: "demo"})) }, "GET", path, nil, 409, "Multiple clusters"},
		{"ambiguous-change", func(t *testing.T, w *world) { wiretest.Must(t, w.Put(core.Seed{Name: "demo"})) }, "DELETE", path, nil, 409, "Multiple clusters"},
		{"events-by-name", nil, "GET", path + "/events", nil, 404, "could not be found"},
		{"resize-to-nothing", nil, "POST", path + "/actions/resize", resize(0), 400, "allowed range"},
		{"resize-too-far", nil, "POST", path + "/actions/resize", resize(11), 400, "allowed range"},
		{"resize-text", nil, "POST", path + "/actions/resize", resize("3"), 400, "node_count"},
		{"resize-all", nil, "POST", path + "/actions/resize", object{"node_count": 3}, 400, "missing"},
		{"resize-master", nil, "POST", path + "/actions/resize", object{"node_count": 3, "nodegroup": "default-master"}, 400, "master"},
		{"resize-other-nodes", nil, "POST", path + "/actions/resize", resize(1, unknownID), 400, "nodes_to_remove"},
		{"resize-more-nodes", nil, "POST", path + "/actions/resize", resize(2, unknownID), 400, "nodes_to_remove"},
		{"resize-automatic", func(t *testing.T, w *world) { w.change(t, "POST", worker+"/autoscale", on); w.rest(t) },
			"POST", path + "/actions/resize", resize(3), 400, "autoscaler is enabled"},
		{"autoscale-unsaid", nil, "POST", worker + "/autoscale", object{"ca_max_node_count": 3}, 400, "ca_enable is required"},
		{"autoscale-unknown", nil, "POST", worker + "/autoscale", object{"ca_enable": true, "clusterautoscale": "x"}, 400, "unknown field"},
		{"autoscale-crossed", nil, "POST", worker + "/autoscale", object{"ca_enable": true, "ca_min_node_count": 4, "ca_max_node_count": "3"}, 409, "ca_min_node_count for default-worker is invalid"},
		{"autoscale-beyond", nil, "POST", worker + "/autoscale", object{"ca_enable": true, "ca_max_node_count": 11}, 400, "ca_max_node_count"},
		{"autoscale-outside", nil, "POST", worker + "/autoscale", object{"ca_enable": true, "ca_min_node_count": 3}, 409, "node_count for default-worker is invalid"},
		{"autoscale-metrics", func(t *testing.T, w *world) { wiretest.Must(t, w.SetMetricAutoscaler("demo", "default-worker", true)) },
			"POST", worker + "/autoscale", on, 400, "metric-based"},
		{"autoscale-stopped", func(t *testing.T, w *world) { wiretest.Must(t, w.StopNodes("demo", "default-worker", 1)) },
			"POST", worker + "/autoscale", on, 400, "stopped"},
		{"upgrade-unknown", nil, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.99.1"}, 400, "not supported"},
		{"upgrade-without-v", nil, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "1.33.4"}, 400, "not supported"},
		{"upgrade-far", nil, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.34.3"}, 400, "in one step"},
		{"upgrade-down", nil, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.31.4"}, 400, "newer"},
		{"upgrade-nothing", nil, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.32.3"}, 400, "already"},
		{"upgrade-worker-first", nil, "POST", worker + "/upgrade", object{"version": "v1.33.4"}, 400, "that of the master"},
		{"upgrade-workers-behind", func(t *testing.T, w *world) {
			w.change(t, "POST", path+"/nodegroups/default-master/upgrade", object{"version": "v1.33.4"})
			w.rest(t)
		}, "POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.34.3"}, 400, "must be at"},
		{"upgrade-stopped", func(t *testing.T, w *world) { wiretest.Must(t, w.StopNodes("demo", "default-worker", 1)) },
			"POST", worker + "/upgrade", object{"version": "v1.32.3"}, 400, "stopped"},
		{"upgrade-no-room", func(t *testing.T, w *world) { w.ok(t, 202, "POST", path+"/actions/resize", resize(10)); w.rest(t) },
			"POST", worker + "/upgrade", object{"version": "v1.32.3"}, 400, "num_buffer_nodes 1"},
		{"upgrade-more-than-there-are", nil, "POST", worker + "/upgrade", object{"version": "v1.32.3", "num_max_unavailable_nodes": 3}, 400, "num_max_unavailable_nodes"},
		{"upgrade-failed-cluster", func(t *testing.T, w *world) { wiretest.Must(t, w.Force("demo", "", profile.UpdateFailed, "x")) },
			"POST", path + "/nodegroups/default-master/upgrade", object{"version": "v1.33.4"}, 400, `"UPDATE_FAILED"`},
		{"upgrade-in-the-way-of-magnum", nil, "POST", path + "/actions/upgrade", object{}, 501, "not simulated"},
		{"patch-list", nil, "PATCH", worker, `[{"op":"replace","path":"/max_node_count","value":3}]`, 400, "must be an object"},
		{"patch-unknown", nil, "PATCH", worker, object{"type": "name"}, 400, "type"},
		{"patch-flavor", nil, "PATCH", worker, object{"type": "flavor_id"}, 501, "not simulated"},
		{"patch-cluster", nil, "PATCH", path, `[]`, 501, "not simulated"},
		{"acl-enable", nil, "POST", path + "/api_ep_ipacl", object{"enable": "yes"}, 400, "enable"},
		{"acl-truth", nil, "POST", path + "/api_ep_ipacl", object{"enable": true}, 400, "enable"},
		{"acl-action", nil, "POST", path + "/api_ep_ipacl", acl("Allow", "203.0.113.0/24"), 400, "action"},
		{"acl-empty", nil, "POST", path + "/api_ep_ipacl", acl("ALLOW"), 400, "1 to 100"},
		{"acl-too-many", nil, "POST", path + "/api_ep_ipacl", acl("ALLOW", slices.Repeat([]string{"203.0.113.0/24"}, 101)...), 400, "1 to 100"},
		{"acl-no-range", nil, "POST", path + "/api_ep_ipacl", acl("ALLOW", "203.0.113"), 400, "cidr_address"},
		{"acl-six", nil, "POST", path + "/api_ep_ipacl", acl("ALLOW", "2001:db8::/32"), 400, "cidr_address"},
		{"acl-denies-itself", nil, "POST", path + "/api_ep_ipacl", acl("DENY", "0.0.0.0/0"), 400, "cannot be denied"},
		{"acl-member", nil, "POST", path + "/api_ep_ipacl", object{"enable": "False", "targets": []any{}}, 400, "unknown field"},
		{"acl-none", nil, "GET", "/v1/clusters/none/api_ep_ipacl", nil, 404, "could not be found"},
		{"patch-labels-null", nil, "PATCH", worker, object{"type": "k8s_node_labels"}, 400, "k8s_node_labels"},
		{"patch-labels-too-many", nil, "PATCH", worker, object{"type": "k8s_node_labels", "k8s_node_labels": manyLabels(21)}, 400, "at most 20"},
		{"patch-labels-merged-too-many", func(t *testing.T, w *world) {
			w.assume.NodeLabelsMerged = true
			w.change(t, "PATCH", worker, object{"type": "k8s_node_labels", "k8s_node_labels": manyLabels(20)})
			w.rest(t)
		}, "PATCH", worker, object{"type": "k8s_node_labels", "k8s_node_labels": object{"more": "x"}}, 400, "at most 20"},
		{"certificate-years", nil, "PATCH", "/v1/certificates/demo", object{"term_of_validity": 6}, 400, "1 to 5"},
		{"templates", nil, "GET", "/v1/clustertemplates", nil, 404, "could not be found"},
		{"method", nil, "PUT", path, object{}, 405, "not allowed"},
		{"query", nil, "GET", path + "?fields=name", nil, 501, "not simulated"},
		{"get-with-body", nil, "GET", path, object{}, 400, "no body"},
		{"no-json", nil, "POST", "/v1/clusters", "{", 400, "JSON"},
		{"two-bodies", nil, "POST", "/v1/clusters", "{}{}", 400, "behind"},
		{"sort", nil, "GET", "/v1/clusters?sort_key=color", nil, 400, "sort_key"},
		{"limit", nil, "GET", "/v1/clusters?limit=0", nil, 400, "limit"},
		{"marker", nil, "GET", "/v1/clusters?marker=" + unknownID, nil, 404, "marker"},
		{"addons-version", nil, "GET", "/v1/addons/?k8s_version=v0", nil, 400, "k8s_version"},
		{"key-pair", nil, "GET", "/compute/v2/" + DefaultTenantID + "/os-keypairs/none", nil, 404, "not found"},
		{"tenant", nil, "GET", "/compute/v2/other/flavors/detail", nil, 400, "Malformed"},
		{"server", nil, "GET", "/compute/v2/" + DefaultTenantID + "/servers/x", nil, 501, "not simulated"},
		{"vpc", nil, "GET", "/network/v2.0/vpcs/x", nil, 404, "Vpc x could not be found"},
		{"subnet", nil, "GET", "/network/v2.0/vpcsubnets/x", nil, 404, "Vpcsubnet x could not be found"},
		{"network-filter", nil, "GET", "/network/v2.0/networks?color=red", nil, 501, "not simulated"},
		{"image", nil, "GET", "/image/v2/images/x", nil, 501, "<html>"},
		{"nowhere", nil, "GET", "/v9/x", nil, 404, "<html>"},
		{"foreign-region", nil, "GET", "/JP1/network/v2.0/vpcs", nil, 404, "<html>"},
		{"dots", nil, "GET", "/v1/clusters/../supports", nil, 404, "could not be found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.add(t, w.create(t, "demo"), "ng2")
			if tt.before != nil {
				tt.before(t, w)
			}
			w.refused(t, tt.status, tt.words, tt.method, tt.target, tt.body)
		})
	}
}
