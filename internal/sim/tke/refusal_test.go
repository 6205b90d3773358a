// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_envelope: what is wrong with a request before anybody looks into its body.
func TestServer_envelope(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, test := range map[string]struct {
		before func(*http.Request)
		want   string
	}{
		"no action":       {header("X-TC-Action", ""), "MissingParameter"},
		"no such action":  {header("X-TC-Action", "DescribeNothing"), "InvalidAction"},
		"another's":       {header("X-TC-Action", "DescribeVpcs"), "InvalidAction"},
		"not simulated":   {header("X-TC-Action", "CreateClusterInstances"), "501 NotSimulated"},
		"no version":      {header("X-TC-Version", ""), "MissingParameter"},
		"another version": {header("X-TC-Version", "2022-05-01"), "NoSuchVersion"},
		"no region":       {header("X-TC-Region", ""), "MissingParameter"},
		"no such region":  {header("X-TC-Region", "ap-nowhere"), "UnsupportedRegion"},
		"another path":    {func(r *http.Request) { r.URL.Path = "/v2" }, "InvalidRequest"},
		"a GET":           {func(r *http.Request) { r.Method = http.MethodGet }, "AuthFailure.SignatureFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.before = test.before
			w.want(w.tke("DescribeVersions", object{}), test.want)
		})
	}
	w := newWorld(t)
	for body, want := range map[string]string{
		"": "InvalidParameter", "null": "InvalidParameter", "[]": "InvalidParameter", "{": "InvalidParameter", `{}{}`: "InvalidParameter",
		`{"More":1}`: "UnknownParameter", `{"ClusterIds":["a"],"ClusterIds":["b"]}`: "InvalidParameter", `{"Limit":"1"}`: "InvalidParameter",
		`{"Limit":1.5}`: "InvalidParameter", `{"ClusterIds":"cls-1"}`: "InvalidParameter", `{"Filters":[{}]}`: "MissingParameter", `{"Limit":null}`: "",
	} {
		w.want(w.tke("DescribeClusters", body), want)
	}
	// The host says which service is meant, where it is one of Tencent Cloud's; elsewhere
	// the scope of the signature does.
	for host, want := range map[string]string{
		"cvm.tencentcloudapi.com": "NoSuchVersion", "cvm.ap-seoul.tencentcloudapi.com": "NoSuchVersion", "tke.intl.tencentcloudapi.com": "", "127.0.0.1:8080": "",
		"cos.tencentcloudapi.com": "501 NotSimulated",
	} {
		r := w.request("tke", "DescribeVersions", object{})
		r.Host = host
		service := "tke"
		if want != "" {
			service, _, _ = strings.Cut(host, ".")
		}
		w.client.sign(r, service)
		response, err := w.transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		w.want(answer{response.StatusCode, body}, want)
	}
}

// TestServer_createRefused: what CreateCluster does not take, and what it does.
func TestServer_createRefused(t *testing.T) {
	t.Parallel()
	tags := func(pairs ...any) []any {
		list := []any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			list = append(list, object{"Key": pairs[i], "Value": pairs[i+1]})
		}
		return []any{object{"ResourceType": "cluster", "Tags": list}}
	}
	const basic, advanced, ranges = "ClusterBasicSettings.", "ClusterAdvancedSettings.", "ClusterCIDRSettings."
	cni := []any{advanced + "NetworkType", "VPC-CNI", ranges + "ClusterCIDR", "", ranges + "ServiceCIDR", "172.19.0.0/20", ranges + "EniSubnetIds", []any{"subnet-rl79gxhv"}}
	for name, test := range map[string]struct {
		change []any
		want   string
	}{
		"no type":             {[]any{"ClusterType", nil}, "MissingParameter"},
		"another type":        {[]any{"ClusterType", "SERVERLESS"}, "InvalidParameter.Param"},
		"own masters":         {[]any{"ClusterType", "INDEPENDENT_CLUSTER"}, "501 NotSimulated"},
		"nodes":               {[]any{"RunInstancesForNode", []any{object{}}}, "501 NotSimulated"},
		"addons":              {[]any{"ExtensionAddons", []any{object{}}}, "501 NotSimulated"},
		"no name":             {[]any{basic + "ClusterName", ""}, "InvalidParameter.Param"},
		"long name":           {[]any{basic + "ClusterName", strings.Repeat("집", 51)}, "InvalidParameter.Param"},
		"fifty characters":    {[]any{basic + "ClusterName", strings.Repeat("集", 50)}, ""},
		"no version":          {[]any{basic + "ClusterVersion", nil}, "InvalidParameter.Param"},
		"old version":         {[]any{basic + "ClusterVersion", "1.20.6"}, "InvalidParameter.Param"},
		"only independent":    {[]any{basic + "ClusterVersion", independentVersion}, "InvalidParameter.Param"},
		"no runtime":          {[]any{advanced + "ContainerRuntime", nil}, "InvalidParameter.Param"},
		"docker":              {[]any{advanced + "ContainerRuntime", "docker"}, "InvalidParameter.Param"},
		"level":               {[]any{basic + "ClusterLevel", "L7"}, "InvalidParameter.Param"},
		"OS":                  {[]any{basic + "ClusterOs", "windows"}, "InvalidParameter.OsNotSupport"},
		"OS offline":          {[]any{basic + "ClusterOs", "centos7.6.0_x64"}, "InvalidParameter.OsNotSupport"},
		"autoscaling":         {[]any{advanced + "AsEnabled", true}, "InvalidParameter.Param"},
		"no VPC":              {[]any{basic + "VpcId", ""}, "MissingParameter"},
		"no such VPC":         {[]any{basic + "VpcId", "vpc-none0000"}, "FailedOperation.VpcRecodrNotFound"},
		"no CIDR":             {[]any{ranges + "ClusterCIDR", ""}, "InvalidParameter.CidrInvalid"},
		"host bits":           {[]any{ranges + "ClusterCIDR", "172.16.0.1/16"}, "InvalidParameter.CidrInvalid"},
		"public":              {[]any{ranges + "ClusterCIDR", "8.8.0.0/16"}, "InvalidParameter.InvalidPrivateNetworkCIDR"},
		"too large":           {[]any{ranges + "ClusterCIDR", "10.0.0.0/9"}, "InvalidParameter.CIDRMaskSizeOutOfRange"},
		"too small":           {[]any{ranges + "ClusterCIDR", "172.16.0.0/25"}, "InvalidParameter.CIDRMaskSizeOutOfRange"},
		"no room":             {[]any{ranges + "ClusterCIDR", "172.16.0.0/22", ranges + "MaxClusterServiceNum", 1024}, "InvalidParameter.CidrOutOfRouteTable"},
		"in the VPC":          {[]any{ranges + "ClusterCIDR", "10.0.0.0/15"}, "InvalidParameter.CidrConflictWithVpcCidr"},
		"Services overlap":    {[]any{ranges + "ServiceCIDR", "172.16.0.0/20"}, "InvalidParameter.CidrInvalid"},
		"Services too large":  {[]any{ranges + "ServiceCIDR", "172.19.0.0/16"}, "InvalidParameter.CIDRMaskSizeOutOfRange"},
		"other cluster":       {[]any{ranges + "ClusterCIDR", "172.20.0.0/14"}, "InvalidParameter.CidrConflictWithOtherCluster"},
		"other cluster's end": {[]any{ranges + "ServiceCIDR", "172.21.240.0/20"}, "InvalidParameter.CidrConflictWithOtherCluster"},
		"overlap ignored":     {[]any{ranges + "ClusterCIDR", "172.20.0.0/14", ranges + "IgnoreClusterCIDRConflict", true}, ""},
		"pods in subnets":     {cni, ""},
		"pods in no subnet":   {append(cni[:6:6], ranges+"EniSubnetIds", []any{}), "MissingParameter"},
		"pods elsewhere":      {append(cni[:6:6], ranges+"EniSubnetIds", []any{"subnet-none0000"}), "InvalidParameter.SubnetNotExist"},
		"both networks":       {append(cni[:6:6], ranges+"EniSubnetIds", []any{"subnet-rl79gxhv"}, ranges+"ClusterCIDR", "172.16.0.0/16"), "InvalidParameter.Param"},
		"same name":           {[]any{basic + "ClusterName", "other"}, ""},
		"bad tag":             {[]any{basic + "TagSpecification", tags("a", "#x", "b", "")}, ""},
		"tag twice":           {[]any{basic + "TagSpecification", tags("a", "x", "a", "y")}, "FailedOperation.TagCommon"},
		"reserved tag":        {[]any{basic + "TagSpecification", tags("qcs:a", "x")}, "FailedOperation.TagCommon"},
		"other resource":      {[]any{basic + "TagSpecification", []any{object{"ResourceType": "vpc", "Tags": []any{}}}}, "InvalidParameter.Param"},
		"unknown member":      {[]any{basic + "Name", "x"}, "UnknownParameter"},
		"of another":          {[]any{advanced + "IsDualStack", true}, "501 NotSimulated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create("other", "ClusterCIDRSettings.ClusterCIDR", "172.21.0.0/16")
			before := w.Count("")
			w.want(w.tke("CreateCluster", clusterBody("demo", test.change...)), test.want)
			n := 1
			if test.want == "" {
				n = 2
			}
			if a := w.tke("DescribeClusters", object{}); a.number("TotalCount") != n || w.Count("") != before+2 {
				t.Errorf("there are %d clusters, want %d", a.number("TotalCount"), n)
			}
		})
	}
}

// TestServer_account: what an account lacks.
func TestServer_account(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Resources)
		want   string
	}{
		"role":    {func(r *Resources) { r.Roles = []string{roleIPAM} }, "FailedOperation.AccountUserNotAuthenticated"},
		"balance": {func(r *Resources) { r.NoBalance = true }, "FailedOperation.TradeInsufficientBalance"},
		"quota":   {func(r *Resources) { r.Quota.Clusters = 1 }, "FailedOperation.QuotaMaxClsLimit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) {
				r := DefaultResources("ap-seoul")
				test.change(&r)
				o.Resources = &r
			})
			wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
			w.want(w.tke("CreateCluster", clusterBody("demo")), test.want)
		})
	}
}

// TestServer_poolRefused: what CreateClusterNodePool does not take.
func TestServer_poolRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change []any
		want   string
		nested string
	}{
		"no settings":      {[]any{"InstanceAdvancedSettings", nil}, "MissingParameter", ""},
		"no switch":        {[]any{"EnableAutoscale", nil}, "MissingParameter", ""},
		"long name":        {[]any{"Name", strings.Repeat("n", 64)}, "InvalidParameter.Param", ""},
		"unknown cluster":  {[]any{"ClusterId", "cls-none0000"}, "InternalError.DbRecordNotFound", ""},
		"OS":               {[]any{"NodePoolOs", "windows"}, "InvalidParameter.OsNotSupport", ""},
		"image by id":      {[]any{"NodePoolOs", "img-22trbn9x"}, "", ""},
		"runtime":          {[]any{"ContainerRuntime", "docker"}, "InvalidParameter.Param", ""},
		"label":            {[]any{"Labels", []any{object{"Name": "-a", "Value": "b"}}}, "InvalidParameter.Param", ""},
		"label's prefix":   {[]any{"Labels", []any{object{"Name": "Example.com/a", "Value": "b"}}}, "InvalidParameter.Param", ""},
		"label's value":    {[]any{"Labels", []any{object{"Name": "a", "Value": "b c"}}}, "InvalidParameter.Param", ""},
		"label twice":      {[]any{"Labels", []any{object{"Name": "a", "Value": "b"}, object{"Name": "a", "Value": "c"}}}, "InvalidParameter.Param", ""},
		"label's key":      {[]any{"Labels", []any{object{"Key": "a", "Value": "b"}}}, "UnknownParameter", ""},
		"taint's key":      {[]any{"Taints", []any{object{"Key": "a b", "Value": "b", "Effect": "NoSchedule"}}}, "InvalidParameter.Param", ""},
		"taint's value":    {[]any{"Taints", []any{object{"Key": "a", "Value": "/", "Effect": "NoSchedule"}}}, "InvalidParameter.Param", ""},
		"taint twice":      {[]any{"Taints", []any{object{"Key": "a", "Value": "b", "Effect": "NoSchedule"}, object{"Key": "a", "Value": "c", "Effect": "NoSchedule"}}}, "InvalidParameter.Param", ""},
		"two effects":      {[]any{"Taints", []any{object{"Key": "a", "Value": "b", "Effect": "NoSchedule"}, object{"Key": "a", "Value": "b", "Effect": "NoExecute"}}}, "", ""},
		"taint":            {[]any{"Taints", []any{object{"Key": "a", "Value": "b", "Effect": "Never"}}}, "InvalidParameter.Param", ""},
		"group's name":     {[]any{"asg.AutoScalingGroupName", "x"}, "FailedOperation.AsCommon", "InvalidParameter.ParameterMustBeDeleted"},
		"no maximum":       {[]any{"asg.MaxSize", nil}, "FailedOperation.AsCommon", "MissingParameter"},
		"unknown member":   {[]any{"asg.Max", 3}, "FailedOperation.AsCommon", "UnknownParameter"},
		"sizes":            {[]any{"asg.MinSize", 4}, "FailedOperation.AsCommon", "InvalidParameterValue.Size"},
		"zero":             {[]any{"asg.MinSize", 0, "asg.DesiredCapacity", 0}, "", ""},
		"desired":          {[]any{"asg.DesiredCapacity", 4}, "FailedOperation.AsCommon", "InvalidParameterValue.AssertDesiredCapacityFailed"},
		"too many":         {[]any{"asg.MaxSize", 2001}, "FailedOperation.AsCommon", "LimitExceeded.MaxSizeLimitExceeded"},
		"negative":         {[]any{"asg.MinSize", -1}, "FailedOperation.AsCommon", "InvalidParameter"},
		"another VPC":      {[]any{"asg.VpcId", "vpc-none0000"}, "FailedOperation.AsCommon", "InvalidParameterValue.OnlyVpc"},
		"no subnet":        {[]any{"asg.SubnetIds", []any{"subnet-none0000"}}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidSubnetId"},
		"subnet twice":     {[]any{"asg.SubnetIds", []any{"subnet-rl79gxhv", "subnet-rl79gxhv"}}, "FailedOperation.AsCommon", "InvalidParameterValue.DuplicatedSubnet"},
		"policy":           {[]any{"asg.RetryPolicy", "NEVER"}, "FailedOperation.AsCommon", "InvalidParameterValue"},
		"image":            {[]any{"launch.ImageId", "img-22trbn9x"}, "FailedOperation.AsCommon", "InvalidParameter.ParameterMustBeDeleted"},
		"no security":      {[]any{"launch.SecurityGroupIds", []any{}}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidSecurityGroupId"},
		"six groups":       {[]any{"launch.SecurityGroupIds", []any{"a", "b", "c", "d", "e", "f"}}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidSecurityGroupId"},
		"another group":    {[]any{"launch.SecurityGroupIds", []any{"sg-none0000"}}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidSecurityGroupId"},
		"instance type":    {[]any{"launch.InstanceType", "S9.HUGE"}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidInstanceType"},
		"disk":             {[]any{"launch.SystemDisk.DiskType", "cloud_premium"}, "FailedOperation.AsCommon", "InvalidParameterValue.CvmConfigurationError"},
		"disk size":        {[]any{"launch.SystemDisk.DiskSize", 19}, "FailedOperation.AsCommon", "InvalidParameterValue.CvmConfigurationError"},
		"no disk":          {[]any{"launch.SystemDisk", nil}, "", ""},
		"key":              {[]any{"launch.LoginSettings.KeyIds", []any{"skey-none0000"}}, "FailedOperation.AsCommon", "InvalidKeyPairId.NotFound"},
		"two keys":         {[]any{"launch.LoginSettings.KeyIds", []any{"skey-3a5n7k1p", "skey-9w4r2t6z"}}, "FailedOperation.AsCommon", "InvalidParameterValue.CvmConfigurationError"},
		"no login":         {[]any{"launch.LoginSettings", nil}, "", ""},
		"prepaid":          {[]any{"launch.InstanceChargeType", "PREPAID"}, "501 NotSimulated", ""},
		"public, no width": {[]any{"launch.InternetAccessible.PublicIpAssigned", true}, "FailedOperation.AsCommon", "InvalidParameterValue.CvmError"},
		"same name":        {[]any{"Name", "ng0"}, "", ""},
		"tag twice":        {[]any{"Tags", []any{object{"Key": "a", "Value": "1"}, object{"Key": "a", "Value": "2"}}}, "FailedOperation.AsCommon", "InvalidParameterValue.InvalidTag"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.create("demo")
			w.addPool(id, "ng0")
			a := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", test.change...)), test.want)
			if test.nested != "" && !strings.Contains(a.text("Error", "Message"), test.nested) {
				t.Errorf("got %s, want %s in it", a.body, test.nested)
			}
			n := 1
			if test.want == "" {
				n = 2
			}
			if a := w.tke("DescribeClusterNodePools", object{"ClusterId": id}); a.number("TotalCount") != n {
				t.Errorf("there are %d node pools, want %d", a.number("TotalCount"), n)
			}
		})
	}
}

// TestServer_absent: what is not there is told in words that differ between the actions.
func TestServer_absent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("demo")
	const cluster, pool = "cls-none0000", "np-none0000"
	for action, test := range map[string]struct {
		body object
		want string
	}{
		"CheckInstancesUpgradeAble":             {object{}, "ResourceNotFound.ClusterNotFound"},
		"CreateClusterEndpoint":                 {object{}, "InternalError.ClusterNotFound"},
		"DeleteCluster":                         {object{"InstanceDeleteMode": "terminate"}, "InternalError.ClusterNotFound"},
		"DeleteClusterEndpoint":                 {object{}, "InternalError.ClusterNotFound"},
		"DeleteClusterNodePool":                 {object{"NodePoolIds": []any{pool}, "KeepInstance": false}, "InternalError.ClusterNotFound"},
		"DescribeAvailableClusterVersion":       {object{}, "ResourceNotFound.ClusterNotFound"},
		"DescribeBatchModifyTagsStatus":         {object{}, "FailedOperation.TaskNotFound"},
		"DescribeClusterAsGroups":               {object{}, "InternalError.ClusterNotFound"},
		"DescribeClusterEndpointStatus":         {object{}, "InternalError.ClusterNotFound"},
		"DescribeClusterEndpoints":              {object{}, "ResourceNotFound.ClusterNotFound"},
		"DescribeClusterInstances":              {object{}, "InvalidParameter.ClusterNotFound"},
		"DescribeClusterKubeconfig":             {object{}, "ResourceNotFound.ClusterNotFound"},
		"DescribeClusterNodePoolDetail":         {object{"NodePoolId": pool}, "ResourceNotFound.ClusterNotFound"},
		"DescribeClusterNodePools":              {object{}, "ResourceNotFound.ClusterNotFound"},
		"DisableClusterDeletionProtection":      {object{}, "ResourceNotFound.ClusterNotFound"},
		"GetUpgradeInstanceProgress":            {object{}, "InvalidParameter.Param"},
		"ModifyClusterNodePool":                 {object{"NodePoolId": pool}, "ResourceNotFound.ClusterNotFound"},
		"ModifyClusterTags":                     {object{}, "InternalError.Param"},
		"ModifyNodePoolDesiredCapacityAboutAsg": {object{"NodePoolId": pool, "DesiredCapacity": 1}, "ResourceNotFound.ClusterNotFound"},
		"UpdateClusterVersion":                  {object{"DstVersion": "1.32.2"}, "ResourceNotFound.ClusterNotFound"},
		"UpgradeClusterInstances":               {object{"Operation": "create"}, "InternalError.ClusterNotFound"},
	} {
		if action != "DescribeAvailableClusterVersion" { // it takes ids of several instead
			w.want(w.tke(action, test.body), "MissingParameter")
		}
		test.body["ClusterId"] = cluster
		if a := w.tke(action, test.body); a.verdict() != test.want {
			t.Errorf("%s: got %s", action, a.body)
		}
		// Another region has other clusters.
		test.body["ClusterId"], w.client.region = id, "ap-tokyo"
		if a := w.tke(action, test.body); a.verdict() != test.want {
			t.Errorf("%s in another region: got %s", action, a.body)
		}
		w.client.region = "ap-seoul"
	}
	for action, test := range map[string]struct {
		body object
		want string
	}{
		"DeleteClusterNodePool":                 {object{"NodePoolIds": []any{pool}, "KeepInstance": false}, "InternalError.Param"},
		"DescribeClusterNodePoolDetail":         {object{"NodePoolId": pool}, "FailedOperation.NodePoolQueryFailed"},
		"ModifyClusterNodePool":                 {object{"NodePoolId": pool}, "FailedOperation.RecordNotFound"},
		"ModifyNodePoolDesiredCapacityAboutAsg": {object{"NodePoolId": pool, "DesiredCapacity": 1}, "FailedOperation.RecordNotFound"},
	} {
		test.body["ClusterId"] = id
		w.want(w.tke(action, test.body), test.want)
	}
	for _, a := range []answer{
		w.tke("DescribeClusters", object{"ClusterIds": []any{cluster}}), w.tke("DescribeClusterStatus", object{"ClusterIds": []any{cluster}}),
		w.tke("DescribeClusterNodePools", object{"ClusterId": id, "Filters": []any{byName("NodePoolsId", pool)}}),
		w.tke("DescribeTasks", object{"Filter": []any{byName("ClusterId", cluster), byName("TaskType", taskUpgrade)}}),
		w.call("as", "DescribeLaunchConfigurations", object{"LaunchConfigurationIds": []any{"asc-none0000"}}),
	} {
		if w.want(a, ""); a.number("TotalCount") != 0 {
			t.Errorf("got %s", a.body)
		}
	}
}

// TestServer_states: what each state of a cluster and of a node pool takes.
func TestServer_states(t *testing.T) {
	t.Parallel()
	const busy, normal = "ResourceUnavailable.ClusterState", "ResourceUnavailable.NodePoolStateNotNormal"
	for _, test := range []struct {
		cluster, pool profile.State
		want          map[string]string // by the action; "" is a success
	}{
		{profile.Active, profile.Active, nil},
		{profile.Creating, profile.Active, map[string]string{"*": busy, "DeleteCluster": "InternalError.ClusterState"}},
		{profile.Updating, profile.Active, map[string]string{"*": busy, "DeleteCluster": "InternalError.ClusterState"}},
		{profile.Deleting, profile.Active, map[string]string{"*": busy, "DeleteCluster": "InternalError.ClusterState"}},
		{profile.Degraded, profile.Active, map[string]string{"*": busy, "DeleteCluster": ""}},
		{profile.CreateFailed, profile.Active, map[string]string{"*": busy, "DeleteCluster": ""}},
		{profile.Stopped, profile.Active, map[string]string{"*": busy, "DeleteCluster": ""}},
		{profile.Active, profile.Creating, map[string]string{"*": normal, "CreateClusterNodePool": ""}},
		{profile.Active, profile.Updating, map[string]string{"*": normal, "CreateClusterNodePool": ""}},
		{profile.Active, profile.Deleting, map[string]string{"*": normal, "CreateClusterNodePool": ""}},
		{profile.Active, profile.UpdateFailed, nil},
	} {
		t.Run(test.cluster.String()+"/"+test.pool.String(), func(t *testing.T) {
			t.Parallel()
			for action, body := range map[string]func(id, pool string) object{
				"CreateClusterNodePool": func(id, _ string) object { return poolBody(id, "ng2") },
				"DeleteCluster":         func(id, _ string) object { return object{"ClusterId": id, "InstanceDeleteMode": "terminate"} },
				"DeleteClusterNodePool": func(id, pool string) object {
					return object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}
				},
				"ModifyClusterNodePool": func(id, pool string) object { return object{"ClusterId": id, "NodePoolId": pool, "MaxNodesNum": 4} },
				"ModifyNodePoolDesiredCapacityAboutAsg": func(id, pool string) object {
					return object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}
				},
				"UpdateClusterVersion": func(id, _ string) object { return object{"ClusterId": id, "DstVersion": "1.34.1"} },
			} {
				w := newWorld(t)
				wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
				id, pool := w.seeded("a", 0)
				wiretest.Must(t, w.Force("a", "ng1", test.pool, "broken by a test"))
				wiretest.Must(t, w.Force("a", "", test.cluster, "broken by a test"))
				want, ok := test.want[action]
				if !ok {
					want = test.want["*"]
				}
				if a := w.tke(action, body(id, pool)); a.verdict() != want {
					t.Errorf("%s: got %q, want %q", action, a.verdict(), want)
				}
			}
		})
	}
}
