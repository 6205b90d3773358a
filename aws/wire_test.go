// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// wireTest is one call of a handler with the answers that it gets.
type wireTest struct {
	name      string
	settings  func(*aws.Config)
	exchanges []exchange
	do        func(context.Context, *aws.Handler) (any, error)
}

var (
	devel   = pmks.IID{NameId: "devel"}
	system  = pmks.IID{NameId: "system"}
	workers = pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "m7g.large",
		OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
	}
	develRequest = pmks.ClusterInfo{
		IId: devel, Version: "v1.33.2",
		Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{NameId: "main"},
			SubnetIIDs:        []pmks.IID{{SystemId: "subnet-0a1b2c3d4e5f60718"}, {NameId: "public-b"}},
			SecurityGroupIIDs: []pmks.IID{{NameId: "control-plane"}},
		},
		TagList: []pmks.KeyValue{{Key: "team", Value: "platform"}},
	}
	// networkAnswers are what develRequest takes to look up.
	networkAnswers = []exchange{
		{"ec2 DescribeSubnets subnet-id", "200 subnets.xml"}, {"ec2 DescribeSubnets tag:Name", "200 subnets-by-name.xml"},
		{"ec2 DescribeSecurityGroups group-name", "200 security-groups.xml"}, {"ec2 DescribeVpcs tag:Name", "200 vpcs.xml"},
	}
)

func with(settings ...exchange) []exchange { return append(settings, networkAnswers...) }

// TestWire keeps what every operation sends, to which host and in which order,
// and what it makes of the answers. The answers are written by hand after the API
// references of EKS, EC2, IAM and EC2 Auto Scaling, so that a misreading which the
// simulator might share is seen here.
func TestWire(t *testing.T) {
	clearEnvironment(t)
	for _, test := range slices.Concat(clusterWire, nodegroupWire, beyondWire) {
		t.Run(test.name, func(t *testing.T) {
			result, tape := play(t, test)
			wiretest.Golden(t, "wire/"+test.name+".golden", tape)
			wiretest.Golden(t, "conversion/"+test.name+".json", result)
		})
	}
}

// play runs one call and returns its result as JSON, and the tape.
func play(t *testing.T, test wireTest) (result, tape string) {
	t.Helper()
	result, tape = providertest.Play(t, dialect, test.exchanges, func(t testing.TB, p *providertest.Replay) (any, error) {
		cfg := replayConfig(p)
		if test.settings != nil {
			test.settings(&cfg)
		}
		return test.do(t.Context(), newHandlerWith(t, cfg))
	})
	return mask(result), mask(tape)
}

var credentialDate = regexp.MustCompile(`^` + replayKey + `/[0-9]{8}/`)

// signedURL is what is in a bearer token, without what differs from key to key and
// from moment to moment.
func signedURL(token pmks.Token, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	encoded, _ := strings.CutPrefix(token.Value, "k8s-aws-v1.")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(string(text))
	if err != nil {
		return nil, err
	}
	query := u.Query()
	query.Set("X-Amz-Credential", credentialDate.ReplaceAllString(query.Get("X-Amz-Credential"), "{key}/{date}/"))
	query.Set("X-Amz-Signature", "{signature}")
	query.Set("X-Amz-Date", "{date}")
	u.RawQuery = ""
	return map[string]any{"URL": u.String(), "Query": query, "ExpiresAt": token.ExpiresAt}, nil
}

var clusterWire = []wireTest{
	{"create-cluster", nil,
		with(exchange{"iam GetRole", "200 role.xml"}, exchange{"POST /clusters", "200 cluster-creating.json"}),
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.CreateCluster(ctx, develRequest) }},
	{"create-cluster-settings",
		func(c *aws.Config) {
			c.ClusterRole = "arn:aws:iam::111122223333:role/own"
			c.AuthenticationMode, c.SupportType, c.DeletionProtection = "API", "STANDARD", true
			no, yes := false, true
			c.PublicEndpoint, c.PrivateEndpoint, c.PublicAccessCIDRs = &no, &yes, []string{"192.0.2.0/24", "198.51.100.7/32"}
		},
		[]exchange{{"ec2 DescribeSubnets subnet-id", "200 subnets-both.xml"}, {"POST /clusters", "200 cluster-creating.json"}},
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.CreateCluster(ctx, pmks.ClusterInfo{IId: devel, Version: "default", Network: pmks.NetworkInfo{
				SubnetIIDs: []pmks.IID{{SystemId: "subnet-0a1b2c3d4e5f60718"}, {SystemId: "subnet-0b2c3d4e5f6071829"}}}})
		}},
	{"create-cluster-refused-version", nil,
		with(exchange{"iam GetRole", "200 role.xml"}, exchange{"POST /clusters", "400 InvalidParameterException unsupported-version.json"},
			exchange{"GET /cluster-versions?maxResults=100", "200 versions-page1.json"},
			exchange{"GET /cluster-versions?maxResults=100&nextToken=second", "200 versions-page2.json"}),
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.CreateCluster(ctx, develRequest) }},
	{"list-cluster", nil,
		[]exchange{
			{"GET /clusters?maxResults=100", "200 clusters-one-page.json"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-region-page1.xml"},
			{"autoscaling DescribeAutoScalingGroups", "200 groups-region-page2.xml"},
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups.json"},
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch.json"},
			{"GET /clusters/prod", "200 cluster-prod.json"},
			{"GET /clusters/prod/node-groups?maxResults=100", "200 nodegroups-none.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.ListCluster(ctx) }},
	{"list-cluster-none", nil, []exchange{{"GET /clusters?maxResults=100", "200 clusters-none.json"}},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.ListCluster(ctx) }},
	{"list-iid", nil,
		[]exchange{
			{"GET /clusters?maxResults=100", "200 clusters-page1.json"},
			{"GET /clusters?maxResults=100&nextToken=eyJ2IjoxfQ%3D%3D%2F%2B2", "200 clusters-page2.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.ListIID(ctx) }},
	{"get-cluster", nil, develAnswers,
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
	{"get-cluster-exec-kubeconfig", func(c *aws.Config) { c.KubeconfigKind = "exec" }, develAnswers,
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return h.GetCluster(ctx, pmks.IID{SystemId: "arn:aws:eks:us-west-2:111122223333:cluster/devel"})
		}},
	{"get-cluster-absent", nil,
		[]exchange{
			{"GET /clusters/devel", "404 ResourceNotFoundException cluster-not-found.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "404 ResourceNotFoundException cluster-not-found.json"},
			{"GET /clusters/devel/addons?maxResults=100", "404 ResourceNotFoundException cluster-not-found.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.GetCluster(ctx, devel) }},
	{"delete-cluster", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups-one.json"},
			{"GET /clusters/devel/fargate-profiles?maxResults=100", "200 fargate-profiles-none.json"},
			{"ec2 DescribeLaunchTemplates tag:cb-spider:pmks:cluster", "200 templates.xml"},
			{"ec2 DescribeLaunchTemplates tag:cb-spider:pmks:cluster", "200 templates.xml"},
			{"DELETE /clusters/devel/node-groups/system", "200 nodegroup-deleting.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups-one.json"},
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-deleting.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups-none.json"},
			{"ec2 DeleteLaunchTemplate", "200 template-deleted.xml"},
			{"DELETE /clusters/devel", "200 cluster-deleting.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.DeleteCluster(ctx, devel) }},
	{"upgrade-control-plane", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups.json"},
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
			{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch.json"},
			{"POST /clusters/devel/updates", "200 update.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.34") }},
	{"upgrade-node-groups", nil,
		[]exchange{
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups.json"},
			{"GET /clusters/devel/node-groups/system", "200 nodegroup-system-old.json"},
			{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch-old.json"},
			{"POST /clusters/devel/node-groups/system/update-version", "200 update.json"},
			{"POST /clusters/devel/node-groups/batch/update-version", "200 update.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "1.33.9") }},
	{"upgrade-to-default", nil,
		[]exchange{
			{"GET /cluster-versions?maxResults=100", "200 versions-page2.json"},
			{"GET /clusters/devel", "200 cluster-active.json"},
			{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups-none.json"},
			{"POST /clusters/devel/updates", "200 update.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.UpgradeCluster(ctx, devel, "") }},
	{"generate-cluster-token", nil, nil,
		func(ctx context.Context, h *aws.Handler) (any, error) {
			return signedURL(h.GenerateClusterToken(ctx, devel))
		}},
	{"list-versions", nil,
		[]exchange{
			{"GET /cluster-versions?maxResults=100", "200 versions-page1.json"},
			{"GET /cluster-versions?maxResults=100&nextToken=second", "200 versions-page2.json"},
		},
		func(ctx context.Context, h *aws.Handler) (any, error) { return h.ListVersions(ctx) }},
	{"check-cluster", nil,
		with(exchange{"iam GetRole", "200 role.xml"}, exchange{"iam GetRole", "200 role.xml"},
			exchange{"GET /clusters/devel", "404 ResourceNotFoundException cluster-not-found.json"},
			exchange{"GET /cluster-versions?maxResults=100", "200 versions-page1.json"},
			exchange{"GET /cluster-versions?maxResults=100&nextToken=second", "200 versions-page2.json"}),
		func(ctx context.Context, h *aws.Handler) (any, error) { return nil, h.CheckCluster(ctx, develRequest) }},
}

var develAnswers = []exchange{
	{"GET /clusters/devel", "200 cluster-active.json"},
	{"GET /clusters/devel/node-groups?maxResults=100", "200 nodegroups.json"},
	{"GET /clusters/devel/addons?maxResults=100", "200 addons.json"},
	{"GET /clusters/devel/node-groups/system", "200 nodegroup-system.json"},
	{"GET /clusters/devel/node-groups/batch", "200 nodegroup-batch.json"},
	{"autoscaling DescribeAutoScalingGroups", "200 groups-devel.xml"},
}
