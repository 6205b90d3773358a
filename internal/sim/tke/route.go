// SPDX-License-Identifier: Apache-2.0

package tke

import (
	_ "embed"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// The services, as policies and signatures name them.
const (
	serviceAS  = "as"
	serviceCVM = "cvm"
	serviceSTS = "sts"
	serviceTKE = "tke"
	serviceVPC = "vpc"
)

// handler answers an action. The lock is held.
type handler func(*Server, *call) (any, *apiError)

// route is what a request asks for.
type route struct {
	service, op string
	region      string
	body        []byte
	target      target
	handle      handler
	// anonymous: the action is not signed.
	anonymous bool
	// fault is why there is nothing to handle.
	fault *apiError
}

// api is one service.
type api struct {
	version string
	actions map[string]handler
	// known lists actions that exist and are not simulated; the list need not be
	// complete, as any other name is refused too.
	known []string
}

// apiTable holds the services.
var apiTable map[string]api

// The handlers refer to the table only through requests, but the compiler cannot know
// that.
func init() {
	apiTable = map[string]api{
		serviceTKE: {"2018-05-25", map[string]handler{
			"CheckInstancesUpgradeAble":             with((*Server).checkUpgrade),
			"CreateCluster":                         with((*Server).createCluster),
			"CreateClusterEndpoint":                 with((*Server).createEndpoint),
			"CreateClusterNodePool":                 with((*Server).createPool),
			"DeleteCluster":                         with((*Server).deleteCluster),
			"DeleteClusterEndpoint":                 with((*Server).deleteEndpoint),
			"DeleteClusterNodePool":                 with((*Server).deletePools),
			"DescribeAddon":                         with((*Server).describeAddons),
			"DescribeAvailableClusterVersion":       with((*Server).describeAvailableVersions),
			"DescribeBatchModifyTagsStatus":         with((*Server).describeTagsStatus),
			"DescribeClusterAsGroups":               with((*Server).describeAsGroups),
			"DescribeClusterEndpointStatus":         with((*Server).describeEndpointStatus),
			"DescribeClusterEndpoints":              with((*Server).describeEndpoints),
			"DescribeClusterInstances":              with((*Server).describeNodes),
			"DescribeClusterKubeconfig":             with((*Server).describeKubeconfig),
			"DescribeClusterNodePoolDetail":         with((*Server).describePool),
			"DescribeClusterNodePools":              with((*Server).describePools),
			"DescribeClusterStatus":                 with((*Server).describeClusterStatus),
			"DescribeClusters":                      with((*Server).describeClusters),
			"DescribeOSImages":                      with((*Server).describeImages),
			"DescribeTasks":                         with((*Server).describeTasks),
			"DescribeVersions":                      with((*Server).describeVersions),
			"DisableClusterDeletionProtection":      setProtection(false),
			"EnableClusterDeletionProtection":       setProtection(true),
			"GetUpgradeInstanceProgress":            with((*Server).upgradeProgress),
			"ModifyClusterNodePool":                 with((*Server).modifyPool),
			"ModifyClusterTags":                     with((*Server).modifyTags),
			"ModifyNodePoolDesiredCapacityAboutAsg": with((*Server).modifyDesired),
			"UpdateClusterVersion":                  with((*Server).updateVersion),
			"UpgradeClusterInstances":               with((*Server).upgradeNodes),
		}, strings.Fields(actionsText)},
		serviceAS: {"2018-04-19", map[string]handler{
			"DescribeAutoScalingActivities": with((*Server).describeActivities),
			"DescribeAutoScalingGroups":     with((*Server).describeGroups),
			"DescribeLaunchConfigurations":  with((*Server).describeConfigs),
			"ModifyAutoScalingGroup":        with((*Server).modifyGroup),
		}, []string{"CreateAutoScalingGroup", "CreateLaunchConfiguration", "DescribeAutoScalingInstances", "EnableAutoScalingGroup", "ModifyDesiredCapacity"}},
		serviceCVM: {"2017-03-12", map[string]handler{
			"DescribeInstances": with((*Server).describeInstances),
			"DescribeKeyPairs":  with((*Server).describeKeyPairs),
		}, []string{"DescribeImages", "DescribeInstanceTypeConfigs", "DescribeZoneInstanceConfigInfos", "RunInstances", "TerminateInstances"}},
		serviceSTS: {"2018-08-13", map[string]handler{
			"AssumeRole":                with((*Server).assumeRole),
			"AssumeRoleWithWebIdentity": with((*Server).assumeRoleWithWebIdentity),
			"GetCallerIdentity":         with((*Server).getCallerIdentity),
		}, []string{"AssumeRoleWithSAML", "GetFederationToken", "GetSessionToken"}},
		serviceVPC: {"2017-03-12", map[string]handler{
			"DescribeSecurityGroups": with((*Server).describeSecurityGroups),
			"DescribeSubnets":        with((*Server).describeSubnets),
			"DescribeVpcs":           with((*Server).describeVPCs),
		}, []string{"DescribeAccountAttributes", "DescribeNatGateways", "DescribeRouteTables"}},
	}
}

// actionsText lists every action of TKE, as the vendor's clients of autumn 2026 have them.
//
//go:embed actions.txt
var actionsText string

// anonymousActions are not signed.
var anonymousActions = []string{"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}

// regionTable lists the regions that there are beside that of the account.
var regionTable = []string{
	"ap-bangkok", "ap-beijing", "ap-chengdu", "ap-chongqing", "ap-guangzhou", "ap-hongkong", "ap-jakarta", "ap-nanjing", "ap-seoul", "ap-shanghai",
	"ap-singapore", "ap-taipei", "ap-tokyo", "eu-frankfurt", "na-ashburn", "na-siliconvalley", "sa-saopaulo",
}

// routeOf says what a request asks for.
func routeOf(r *http.Request, body []byte) route {
	t := route{op: r.Header.Get("X-TC-Action"), region: r.Header.Get("X-TC-Region"), body: body}
	version := r.Header.Get("X-TC-Version")
	t.service = serviceOf(r, version)
	service, ok := apiTable[t.service]
	action, simulated := service.actions[t.op]
	t.handle, t.anonymous = action, slices.Contains(anonymousActions, t.op)
	named := t.op
	if ok && !simulated && !slices.Contains(service.known, t.op) {
		t.op = "" // not the vendor's word
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.URL.Path != "/" && r.URL.Path != "":
		t.fault = fail("InvalidRequest", "The request path %q is not supported.", r.URL.Path)
	case r.Method != http.MethodPost:
		t.fault = notSimulated("requests with the method %s", r.Method)
	case named == "":
		t.fault = missing("Action")
	case version == "":
		t.fault = missing("Version")
	case !ok:
		t.fault = notSimulated("the service %q", t.service)
	case version != service.version:
		t.fault = fail("NoSuchVersion", "The version %s of the API does not exist.", version)
	case t.region == "":
		t.fault = missing("Region")
	case kind != "application/json":
		t.fault = fail("UnsupportedProtocol", "The content type %q is not supported here.", kind)
	case !simulated && t.op != "":
		t.fault = notSimulated("%s of %s", t.op, t.service)
	case !simulated:
		t.fault = fail("InvalidAction", "The action %q does not exist.", named)
	default:
		t.target = targetOf(t.op, body)
	}
	return t
}

// serviceOf says which service is meant: that of the host where it is one of Tencent
// Cloud's, else that of the signature's scope; or that of the version, for what is not
// signed.
func serviceOf(r *http.Request, version string) string {
	if label, domain, _ := strings.Cut(r.Host, "."); strings.Contains(domain, "tencentcloudapi.com") {
		return label
	}
	if sig, err := readSignature(r); err == nil {
		return sig.service
	}
	for _, name := range []string{serviceTKE, serviceAS, serviceVPC, serviceSTS} {
		if apiTable[name].version == version {
			return name
		}
	}
	return ""
}

// target names what a request is about, for the journal and for faults that strike one
// cluster.
type target struct {
	cluster, pool string // ids; or names of what is to be made
}

// targetOf reads the target out of a body. One that cannot be read is the handler's to
// refuse.
func targetOf(op string, body []byte) (t target) {
	var ids struct {
		ClusterID   string   `json:"ClusterId"`
		ClusterIDs  []string `json:"ClusterIds"`
		NodePoolID  string   `json:"NodePoolId"`
		NodePoolIDs []string `json:"NodePoolIds"`
		Name        string
		Basic       struct{ ClusterName string } `json:"ClusterBasicSettings"`
		Filters     []filter
		GroupID     string   `json:"AutoScalingGroupId"`
		GroupIDs    []string `json:"AutoScalingGroupIds"`
		ConfigIDs   []string `json:"LaunchConfigurationIds"`
	}
	if json.Unmarshal(body, &ids) != nil {
		return t
	}
	one := func(into *string, list []string) {
		if len(list) == 1 && *into == "" {
			*into = list[0]
		}
	}
	t = target{ids.ClusterID, ids.NodePoolID}
	one(&t.cluster, ids.ClusterIDs)
	one(&t.pool, ids.NodePoolIDs)
	for _, f := range ids.Filters {
		switch f.Name {
		case "NodePoolsId", "NodePoolsName", "nodepool-id", "auto-scaling-group-id":
			one(&t.pool, f.Values)
		case "ClusterName":
			one(&t.cluster, f.Values)
		}
	}
	switch op {
	case "CreateCluster":
		t.cluster = ids.Basic.ClusterName
	case "CreateClusterNodePool":
		t.pool = ids.Name
	}
	one(&t.pool, []string{ids.GroupID})
	one(&t.pool, ids.GroupIDs)
	one(&t.pool, ids.ConfigIDs)
	return t
}

// name puts the names of what is there into the journal, in place of ids.
func (s *Server) name(c *call) {
	entry, pool := &c.Entry, c.target.pool
	entry.Cluster, entry.NodeGroup = c.target.cluster, pool
	rec := s.clusters[c.target.cluster]
	if rec == nil {
		if known := s.groups[pool]; known != nil {
			rec, pool = known.cluster, known.id
		}
	}
	if rec == nil {
		return
	}
	entry.Cluster = rec.live.Name
	if known := rec.pools[pool]; known != nil {
		entry.NodeGroup = known.name
	}
}
