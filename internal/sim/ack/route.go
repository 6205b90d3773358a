// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The services, as policies name them.
const (
	serviceCS  = "cs"
	serviceECS = "ecs"
	serviceSTS = "sts"
	serviceVPC = "vpc"
)

// handler answers an operation. The lock is held.
type handler func(*Server, *call) (any, *apiError)

// route is what a request asks for.
type route struct {
	service, op string
	// class is what the rate limits count.
	class string
	// labels are the decoded parts of the path by their name; for the creation of a
	// cluster or a node pool the name in the body, too.
	labels map[string]string
	query  url.Values
	body   []byte
	handle handler
	status int // of a success
	// anonymous: the operation is not signed.
	anonymous bool
	// fault is why there is nothing to handle.
	fault *apiError
}

// operationsText lists every operation of ACK with its method and path, as the
// vendor's clients of autumn 2026 have them.
//
//go:embed operations.txt
var operationsText string

// pathOp is a line of operationsText.
type pathOp struct{ method, path, op string }

// pathOps is sorted so that a fixed part of a path goes before a variable one.
var pathOps = func() (list []pathOp) {
	for line := range strings.Lines(operationsText) {
		f := strings.Fields(line)
		list = append(list, pathOp{f[0], f[1], f[2]})
	}
	return list
}()

// retired lists the operations that were switched off in 2026, as the notice of
// December 2025 says.
var retired = []string{
	"CancelClusterUpgrade", "DescribeClusters", "DescribeClustersV1", "GetUpgradeStatus", "PauseClusterUpgrade", "ResumeUpgradeCluster",
}

// operation is one that is simulated.
type operation struct {
	handle handler
	// status is that of a success.
	status int
	query  []string
	// body: it takes one.
	body bool
}

// operationTable holds those of ACK.
var operationTable map[string]operation

// The handlers refer to the table only through requests, but the compiler cannot know
// that.
func init() {
	pages := []string{"page_number", "page_size"}
	with := func(keys ...string) []string { return append(keys, pages...) }
	operationTable = map[string]operation{
		"CancelTask": {(*Server).cancelTask, 200, nil, false},
		"CheckControlPlaneLogEnable": {
			(*Server).describeControlPlaneLog, 200, nil, false},
		"CheckServiceRole":        {(*Server).checkServiceRole, 200, nil, true},
		"CreateAutoscalingConfig": {(*Server).createAutoscalingConfig, 200, nil, true},
		"CreateCluster":           {(*Server).createCluster, 202, nil, true},
		"CreateClusterNodePool":   {(*Server).createNodePool, 200, nil, true},
		"DeleteCluster":           {(*Server).deleteCluster, 202, []string{"delete_options", "keep_slb", "retain_all_resources", "retain_resources"}, false},
		"DeleteClusterNodepool":   {(*Server).deleteNodePool, 200, []string{"force"}, false},
		"DescribeAddon": {
			(*Server).describeAddon, 200, []string{"cluster_id", "cluster_spec", "cluster_type", "cluster_version", "profile", "region_id", "version"}, false},
		"DescribeClusterDetail": {(*Server).describeCluster, 200, nil, false},
		"DescribeClusterEvents": {(*Server).describeEvents, 200, with("task_id"), false},
		"DescribeClusterNodePoolDetail": {
			(*Server).describeNodePool, 200, nil, false},
		"DescribeClusterNodePools": {(*Server).describeNodePools, 200, []string{"NodepoolName"}, false},
		"DescribeClusterNodes":     {(*Server).describeNodes, 200, []string{"instanceIds", "nodeNames", "nodepool_id", "pageNumber", "pageSize", "state"}, false},
		"DescribeClusterResources": {(*Server).describeResources, 200, []string{"with_addon_resources"}, false},
		"DescribeClusterTasks":     {(*Server).describeTasks, 200, pages, false},
		"DescribeClusterUserKubeconfig": {
			(*Server).describeKubeconfig, 200, []string{"PrivateIpAddress", "TemporaryDurationMinutes"}, false},
		"DescribeClustersForRegion": {
			(*Server).describeClusters, 200, with("cluster_id", "cluster_spec", "cluster_type", "name", "profile"), false},
		"DescribeKubernetesVersionMetadata": {
			(*Server).describeVersions, 200, []string{"ClusterType", "KubernetesVersion", "Mode", "Profile", "QueryUpgradableVersion", "Region", "runtime"}, false},
		"DescribeResourcesDeleteProtection": {
			(*Server).describeProtection, 200, []string{"namespace", "resources"}, false},
		"DescribeTaskInfo":        {(*Server).describeTask, 200, nil, false},
		"DescribeUserQuota":       {(*Server).describeQuota, 200, nil, false},
		"GetClusterAddonInstance": {(*Server).getAddon, 200, nil, false},
		"GetClusterCheck":         {(*Server).getCheck, 200, nil, false},
		"ListAddons": {
			(*Server).describeCatalog, 200, []string{"cluster_id", "cluster_spec", "cluster_type", "cluster_version", "profile", "region_id"}, false},
		"ListClusterAddonInstances": {(*Server).listAddons, 200, nil, false},
		"ListClusterChecks":         {(*Server).listChecks, 200, []string{"target", "type"}, false},
		"ListTagResources":          {(*Server).listTags, 200, []string{"next_token", "region_id", "resource_ids", "resource_type", "tags"}, false},
		"ModifyCluster":             {(*Server).modifyCluster, 202, nil, true},
		"ModifyClusterNodePool":     {(*Server).modifyNodePool, 200, nil, true},
		"ModifyClusterTags":         {(*Server).modifyTags, 200, nil, true},
		"RemoveNodePoolNodes":       {(*Server).removeNodes, 200, []string{"concurrency", "drain_node", "instance_ids", "nodes", "release_node"}, false},
		"ResumeTask":                {(*Server).resumeTask, 200, nil, false},
		"RunClusterCheck":           {(*Server).runCheck, 200, nil, true},
		"ScaleClusterNodePool":      {(*Server).scaleNodePool, 200, nil, true},
		"TagResources":              {(*Server).tagResources, 200, nil, true},
		"UntagResources":            {(*Server).untagResources, 200, []string{"all", "region_id", "resource_ids", "resource_type", "tag_keys"}, false},
		"UpgradeCluster":            {(*Server).upgradeCluster, 202, nil, true},
		"UpgradeClusterNodepool":    {(*Server).upgradeNodePool, 200, nil, true},
	}
}

// leftOutTable holds parameters of the query that exist and are not simulated.
var leftOutTable = map[string][]string{
	"DescribeClusterEvents": {"max_results", "next_token"},
	"DescribeClusterNodes":  {"nodeIps", "nodeLabels"},
	"DescribeClusterTasks":  {"max_results", "next_token"},
}

// routeOf says what a request asks for.
func routeOf(r *http.Request, query url.Values, body []byte) route {
	version := cmp.Or(r.Header.Get("x-acs-version"), query.Get("Version"))
	for name, api := range rpcTable {
		if api.version == version {
			return routeRPC(name, api, r, query, body)
		}
	}
	return routeROA(r, query, body)
}

// routeROA is routeOf for ACK: the path says which operation it is.
func routeROA(r *http.Request, query url.Values, body []byte) route {
	t := route{service: serviceCS, query: query, body: body}
	segments := simkit.Segments(r)
	for _, entry := range pathOps {
		labels, ok := simkit.MatchPath(entry.path, segments, simkit.Exactly)
		if !ok || entry.method != r.Method {
			continue
		}
		t.op, t.labels, t.class = entry.op, labels, classWrite
		if r.Method == http.MethodGet {
			t.class = classRead
		}
		t.fault = t.check(r)
		return t
	}
	t.fault = noAction()
	return t
}

// check refuses what is wrong before any handler looks.
func (t *route) check(r *http.Request) *apiError {
	known, ok := operationTable[t.op]
	switch {
	case r.Header.Get("x-acs-version") != "2015-12-15":
		return gateway(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	case slices.Contains(retired, t.op):
		return noAction()
	case r.Header.Get("x-acs-action") != "" && r.Header.Get("x-acs-action") != t.op:
		return gateway(http.StatusBadRequest, "InvalidAction", "x-acs-action does not name the operation of the path.")
	case !ok:
		return notSimulated("%s", t.op)
	}
	t.handle, t.status = known.handle, known.status
	for _, key := range slices.Sorted(maps.Keys(t.query)) {
		switch {
		case key == "SignatureType":
		case slices.Contains(leftOutTable[t.op], key):
			return notSimulated("the query parameter %s of %s", key, t.op)
		case !slices.Contains(known.query, key):
			return invalid("", "unknown query parameter %q", key)
		case len(t.query[key]) > 1:
			return invalid("", "the query parameter %q is given twice", key)
		}
	}
	if !known.body {
		if len(t.body) > 0 {
			return invalid("", "%s takes no body", t.op)
		}
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return gateway(http.StatusUnsupportedMediaType, "UnsupportedContentType", "The content type must be application/json.")
	}
	t.nameTarget()
	return nil
}

// nameTarget takes the name of what is to be made out of the body, for the journal and
// for faults that strike one cluster.
func (t *route) nameTarget() {
	var names struct {
		Name string `json:"name"`
		Info struct {
			Name string `json:"name"`
		} `json:"nodepool_info"`
	}
	if json.Unmarshal(t.body, &names) != nil {
		return // the handler will say so
	}
	switch t.op {
	case "CreateCluster":
		t.labels["cluster"] = names.Name
	case "CreateClusterNodePool":
		t.labels["nodepool"] = names.Info.Name
	}
}
