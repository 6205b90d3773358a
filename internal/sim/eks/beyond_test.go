// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// reach changes how the endpoint of the cluster "a" is reached.
func (w *world) reach(t *testing.T, v *types.VpcConfigRequest) {
	t.Helper()
	wiretest.OK(w.eks.UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{Name: aws.String("a"), ResourcesVpcConfig: v}))(t)
	w.pass()
}

func taint(key, value string, effect types.TaintEffect) types.Taint {
	return types.Taint{Key: &key, Value: &value, Effect: effect}
}

func taintTexts(list []types.Taint) (texts []string) {
	for _, t := range list {
		texts = append(texts, fmt.Sprintf("%s=%s:%s", aws.ToString(t.Key), aws.ToString(t.Value), t.Effect))
	}
	slices.Sort(texts)
	return texts
}

// TestServer_UpdateNodegroupConfig_deltas: what a request does not name stays, one kind
// goes at a time, and what is read is the old until the update has ended.
func TestServer_UpdateNodegroupConfig_deltas(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	ctx := t.Context()
	w.createCluster(t, "a")
	in := groupInput(w.Server, "a", "g")
	in.Labels = map[string]string{"old": "1", "both": "1"}
	in.Taints = []types.Taint{taint("old", "x", types.TaintEffectNoSchedule), taint("both", "x", types.TaintEffectNoExecute)}
	in.CapacityType, in.Subnets = types.CapacityTypesSpot, in.Subnets[1:]
	wiretest.OK(w.eks.CreateNodegroup(ctx, in))(t)
	w.pass()
	update := func(change *eks.UpdateNodegroupConfigInput) (*types.Update, error) {
		change.ClusterName, change.NodegroupName, change.ClientRequestToken = in.ClusterName, in.NodegroupName, nil
		out, err := w.eks.UpdateNodegroupConfig(ctx, change)
		if err != nil {
			return nil, err
		}
		return out.Update, nil
	}
	labels := &eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{
		AddOrUpdateLabels: map[string]string{"both": "2", "new": "2"}, RemoveLabels: []string{"old"}}}
	got, err := update(labels)
	if err != nil || got.Type != types.UpdateTypeConfigUpdate || len(got.Params) != 2 || *got.Params[0].Value != `{"both":"2","new":"2"}` || *got.Params[1].Value != `["old"]` {
		t.Fatalf("the update is %s, %v", wiretest.JSON(t, got), err)
	}
	if g := w.describeGroup(t, "a", "g"); g.Status != types.NodegroupStatusUpdating || g.Labels["old"] != "1" {
		t.Errorf("under way: %s", wiretest.JSON(t, g))
	}
	_, err = update(labels)
	check(t, err, taken, "not in Active State")
	w.pass()
	_, err = update(labels)
	check(t, err, badParameter, "to remove is not on the nodegroup")
	taints := &eks.UpdateNodegroupConfigInput{Taints: &types.UpdateTaintsPayload{
		AddOrUpdateTaints: []types.Taint{taint("both", "y", types.TaintEffectNoExecute), taint("both", "y", types.TaintEffectNoSchedule)},
		RemoveTaints:      []types.Taint{taint("old", "x", types.TaintEffectNoSchedule)},
	}}
	if _, err := update(taints); err != nil {
		t.Fatal(err)
	}
	w.pass()
	g := w.describeGroup(t, "a", "g")
	if !maps.Equal(g.Labels, map[string]string{"both": "2", "new": "2"}) || g.CapacityType != types.CapacityTypesSpot || !slices.Equal(g.Subnets, in.Subnets) ||
		!slices.Equal(taintTexts(g.Taints), []string{"both=y:NO_EXECUTE", "both=y:NO_SCHEDULE"}) {
		t.Errorf("the node group is %s", wiretest.JSON(t, g))
	}
	// The zone of a node group is that of its subnets.
	subnets := wiretest.OK(w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: g.Subnets}))(t)
	if zone := aws.ToString(subnets.Subnets[0].AvailabilityZone); zone != w.region+"b" {
		t.Errorf("the zone is %s", zone)
	}
	for _, test := range []struct {
		name   string
		change eks.UpdateNodegroupConfigInput
		text   string
	}{
		{"nothing", eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{}}, "nothing to change"},
		{"same-labels", eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"new": "2"}}}, "No changes needed for the labels"},
		{"same-taints", eks.UpdateNodegroupConfigInput{Taints: &types.UpdateTaintsPayload{AddOrUpdateTaints: g.Taints}}, "No changes needed for the taints"},
		{"two-kinds", eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"x": "1"}}, Taints: taints.Taints}, "Only one type"},
		{"label-both-ways", eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"new": "3"}, RemoveLabels: []string{"new"}}}, "to be removed"},
		{"label-reserved", eks.UpdateNodegroupConfigInput{Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"k8s.io/a": "3"}}}, "reserved"},
		{"taint-by-key", eks.UpdateNodegroupConfigInput{Taints: &types.UpdateTaintsPayload{RemoveTaints: []types.Taint{taint("both", "", types.TaintEffectNoSchedule)}}}, "not on the nodegroup"},
		{"taints-many", eks.UpdateNodegroupConfigInput{Taints: &types.UpdateTaintsPayload{AddOrUpdateTaints: func() (list []types.Taint) {
			for i := range 49 {
				list = append(list, taint(fmt.Sprint("k", i), "", types.TaintEffectNoSchedule))
			}
			return list
		}()}}, "at most 50"},
	} {
		_, err := update(&test.change)
		check(t, err, badParameter, test.text)
	}
	if _, err := update(&eks.UpdateNodegroupConfigInput{UpdateConfig: &types.NodegroupUpdateConfig{MaxUnavailablePercentage: aws.Int32(20)}}); err != nil {
		t.Error(err)
	}
	w.pass()
	if g := w.describeGroup(t, "a", "g"); aws.ToInt32(g.UpdateConfig.MaxUnavailablePercentage) != 20 || g.UpdateConfig.MaxUnavailable != nil {
		t.Errorf("the node group is %s", wiretest.JSON(t, g))
	}
}

// TestServer_UpdateNodegroupConfig_failed: an update that fails leaves what was.
func TestServer_UpdateNodegroupConfig_failed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.createCluster(t, "a")
	w.createGroup(t, "a", "g")
	w.Inject(core.Fault{Op: "UpdateNodegroupConfig", Kind: core.FaultFailLater, Reason: "Unknown: sorry", Times: 1})
	out := wiretest.OK(w.eks.UpdateNodegroupConfig(t.Context(), &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"),
		Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"a": "b"}}}))(t)
	w.pass()
	u := wiretest.OK(w.eks.DescribeUpdate(t.Context(), &eks.DescribeUpdateInput{Name: aws.String("a"), NodegroupName: aws.String("g"), UpdateId: out.Update.Id}))(t)
	if g := w.describeGroup(t, "a", "g"); u.Update.Status != types.UpdateStatusFailed || len(g.Labels) != 0 {
		t.Errorf("update %s, labels %v", u.Update.Status, g.Labels)
	}
}

// TestServer_endpointAccess: one call changes all of it, and a change that is none is an
// error.
func TestServer_endpointAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	ctx, name := t.Context(), aws.String("a")
	in := w.clusterInput("a")
	in.ResourcesVpcConfig.EndpointPublicAccess, in.ResourcesVpcConfig.EndpointPrivateAccess = aws.Bool(false), aws.Bool(true)
	in.ResourcesVpcConfig.PublicAccessCidrs = []string{"8.8.8.0/24"} // of no use, and forgotten
	wiretest.OK(w.eks.CreateCluster(ctx, in))(t)
	w.pass()
	shown := func() string {
		v := w.describe(t, "a").ResourcesVpcConfig
		return fmt.Sprint(v.EndpointPublicAccess, v.EndpointPrivateAccess, v.PublicAccessCidrs)
	}
	if got := shown(); got != "false true []" {
		t.Error(got)
	}
	both := &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(true), EndpointPrivateAccess: aws.Bool(true), PublicAccessCidrs: []string{"8.8.8.0/24", "9.9.9.9/32"}}
	w.reach(t, both)
	if got := shown(); got != "true true [8.8.8.0/24 9.9.9.9/32]" {
		t.Error(got)
	}
	slices.Reverse(both.PublicAccessCidrs)
	for _, test := range []struct {
		name string
		in   eks.UpdateClusterConfigInput
		text string
	}{
		{"same", eks.UpdateClusterConfigInput{ResourcesVpcConfig: both}, "Cluster is already at the desired configuration with endpointPrivateAccess: true, endpointPublicAccess: true, and Public Endpoint Restrictions: [8.8.8.0/24, 9.9.9.9/32]"},
		{"same-in-part", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(true)}}, "already at the desired configuration"},
		{"empty", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{PublicAccessCidrs: []string{}}}, "must not be empty"},
		{"neither", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(false), EndpointPrivateAccess: aws.Bool(false)}}, "cannot be false"},
		{"and-subnets", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(false), SubnetIds: []string{"subnet-1"}}}, "Only one type"},
		{"and-protection", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(false)}, DeletionProtection: aws.Bool(true)}, "Only one type of update can be allowed."},
		{"private-block", eks.UpdateClusterConfigInput{ResourcesVpcConfig: &types.VpcConfigRequest{PublicAccessCidrs: []string{"192.168.0.0/16"}}}, "not allowed"},
	} {
		test.in.Name = name
		_, err := w.eks.UpdateClusterConfig(ctx, &test.in)
		check(t, err, badParameter, test.text)
	}
}

// TestServer_insights: what stands in the way of an upgrade is found, and blocks it unless
// it is forced.
func TestServer_insights(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	ctx, name := t.Context(), aws.String("a")
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.34", Groups: []pmks.NodeGroupInfo{}, Attr: map[string]string{AttrAddons: "vpc-cni, coredns=" + OldAddonVersion}}))
	list := func(f types.InsightsFilter, size int32) (found []string) {
		pages := eks.NewListInsightsPaginator(w.eks, &eks.ListInsightsInput{ClusterName: name, Filter: &f, MaxResults: &size})
		for pages.HasMorePages() {
			page := wiretest.OK(pages.NextPage(ctx))(t)
			for _, in := range page.Insights {
				found = append(found, fmt.Sprintf("%s %s %s", in.Category, *in.KubernetesVersion, in.InsightStatus.Status))
			}
		}
		return found
	}
	if got := list(types.InsightsFilter{}, 1); !slices.Equal(got, []string{"UPGRADE_READINESS 1.35 ERROR", "UPGRADE_READINESS 1.35 PASSING"}) {
		t.Errorf("the insights are %v", got)
	}
	if got := list(types.InsightsFilter{KubernetesVersions: []string{"1.36"}}, 10); len(got) != 0 {
		t.Errorf("the insights for 1.36 are %v", got)
	}
	bad := wiretest.OK(w.eks.ListInsights(ctx, &eks.ListInsightsInput{ClusterName: name, Filter: &types.InsightsFilter{Statuses: []types.InsightStatusValue{types.InsightStatusValueError}}}))(t)
	in := wiretest.OK(w.eks.DescribeInsight(ctx, &eks.DescribeInsightInput{ClusterName: name, Id: bad.Insights[0].Id}))(t).Insight
	if d := in.CategorySpecificSummary.AddonCompatibilityDetails; len(d) != 1 || *d[0].Name != "coredns" || !slices.Equal(d[0].CompatibleVersions, []string{DefaultAddonVersion}) {
		t.Errorf("the insight is %s", wiretest.JSON(t, in))
	}
	upgrade := &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.35")}
	_, err := w.eks.UpdateClusterVersion(ctx, upgrade)
	check(t, err, refusal{"InvalidStateException", 400}, "EKS add-on version compatibility")
	wiretest.Must(t, w.SetInsights("a", Insight{
		Name: "old apis", Version: "1.35", Status: "ERROR", Reason: "used", Resources: []string{"/apis/x"}, Age: time.Hour,
		Deprecations: []Deprecation{{Usage: "/apis/flowcontrol/v1beta2", ReplacedWith: "/apis/flowcontrol/v1", StopServingVersion: "1.35", UserAgent: "old-client", Requests: 7}},
	}, Insight{Name: "odd", Category: "MISCONFIGURATION", Status: "ERROR"}))
	found := wiretest.OK(w.eks.ListInsights(ctx, &eks.ListInsightsInput{ClusterName: name}))(t)
	in = wiretest.OK(w.eks.DescribeInsight(ctx, &eks.DescribeInsightInput{ClusterName: name, Id: found.Insights[0].Id}))(t).Insight
	if d := in.CategorySpecificSummary.DeprecationDetails; len(found.Insights) != 2 || len(d) != 1 || *d[0].ClientStats[0].UserAgent != "old-client" || len(in.Resources) != 1 ||
		!in.LastRefreshTime.Equal(w.clock.Now().Add(-time.Hour)) {
		t.Errorf("the insight is %s", wiretest.JSON(t, in))
	}
	_, err = w.eks.DescribeInsight(ctx, &eks.DescribeInsightInput{ClusterName: name, Id: aws.String("none")})
	check(t, err, absentHere, "No insight")
	_, err = w.eks.UpdateClusterVersion(ctx, upgrade)
	check(t, err, refusal{"InvalidStateException", 400}, "old apis")
	upgrade.Force = true
	wiretest.OK(w.eks.UpdateClusterVersion(ctx, upgrade))(t)
}

// TestServer_DescribeAddonVersions: every filter counts, and what is not known is none.
func TestServer_DescribeAddonVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	for _, test := range []struct {
		in   eks.DescribeAddonVersionsInput
		want string
	}{
		{eks.DescribeAddonVersionsInput{MaxResults: aws.Int32(1)}, "aws-ebs-csi-driver:2 coredns:2 kube-proxy:2 vpc-cni:2"},
		{eks.DescribeAddonVersionsInput{KubernetesVersion: aws.String("1.35"), Types: []string{"networking"}}, "coredns:1 kube-proxy:1 vpc-cni:1"},
		{eks.DescribeAddonVersionsInput{AddonName: aws.String("vpc-cni"), Owners: []string{"aws"}}, "vpc-cni:2"},
		{eks.DescribeAddonVersionsInput{AddonName: aws.String("none")}, ""},
		{eks.DescribeAddonVersionsInput{KubernetesVersion: aws.String("1.1")}, ""},
	} {
		var got []string
		pages := eks.NewDescribeAddonVersionsPaginator(w.eks, &test.in)
		for pages.HasMorePages() {
			for _, a := range wiretest.OK(pages.NextPage(t.Context()))(t).Addons {
				got = append(got, fmt.Sprintf("%s:%d", *a.AddonName, len(a.AddonVersions)))
			}
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: got %s, want %s", wiretest.JSON(t, test.in), text, test.want)
		}
	}
}

// TestServer_Put_nodes: what is asked of the nodes of ready-made groups is there.
func TestServer_Put_nodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	g := groupInfo("g")
	g.Labels, g.Taints = map[string]string{"tier": "web"}, []pmks.Taint{{Key: "k", Value: "v", Effect: pmks.TaintNoExecute}}
	g.Spot, g.Zones = true, []string{w.region + "b"}
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{g, groupInfo("plain")}}))
	got := w.describeGroup(t, "a", "g")
	if got.Labels["tier"] != "web" || !slices.Equal(taintTexts(got.Taints), []string{"k=v:NO_EXECUTE"}) || got.CapacityType != types.CapacityTypesSpot ||
		!slices.Equal(got.Subnets, []string{w.resources.Subnets[1].ID}) {
		t.Errorf("the node group is %s", wiretest.JSON(t, got))
	}
	w.Mu.Lock()
	nodes := w.kubernetesNodes(w.latest["a"].uid, w.latest["a"].live, w.clock.Now())
	w.Mu.Unlock()
	if n := nodes[0]; n.Labels["tier"] != "web" || n.Labels["eks.amazonaws.com/capacityType"] != "SPOT" || n.Zone != w.region+"b" || !slices.Equal(n.Taints, []kubeapi.Taint{{Key: "k", Value: "v", Effect: "NoExecute"}}) {
		t.Errorf("a node is %+v", n)
	}
	if plain := w.describeGroup(t, "a", "plain"); len(plain.Labels)+len(plain.Taints) != 0 || plain.CapacityType != types.CapacityTypesOnDemand || len(plain.Subnets) != 3 {
		t.Errorf("the node group is %s", wiretest.JSON(t, plain))
	}
}
