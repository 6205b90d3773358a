// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"bytes"
	"context"
	"fmt"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Inject: every kind of fault on calls of each service that changes
// something, and every code in the words of the service.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	onEKS := map[pmks.Code]string{
		pmks.CodeBusy:               "ResourceInUseException 409",
		pmks.CodeFailedPrecondition: "InvalidRequestException 400",
		pmks.CodeInternal:           "ServerException 500",
		pmks.CodeInvalidArgument:    "InvalidParameterException 400",
		pmks.CodeNotFound:           "ResourceNotFoundException 404",
		pmks.CodePermissionDenied:   "AccessDeniedException 403",
		pmks.CodeQuotaExceeded:      "ResourceLimitExceededException 400",
		pmks.CodeThrottled:          "ThrottlingException 429",
		pmks.CodeUnauthenticated:    "UnrecognizedClientException 403",
		pmks.CodeUnavailable:        "ServiceUnavailableException 503",
	}
	onEC2 := map[pmks.Code]string{
		pmks.CodeBusy:             "IncorrectState 400",
		pmks.CodeInternal:         "InternalError 500",
		pmks.CodeNotFound:         "InvalidID 400",
		pmks.CodePermissionDenied: "UnauthorizedOperation 403",
		pmks.CodeThrottled:        "RequestLimitExceeded 503",
		pmks.CodeUnauthenticated:  "AuthFailure 401",
	}
	a, g := aws.String("a"), aws.String("g")
	tests := []struct {
		op, cluster string
		codes       map[pmks.Code]string
		do          func(context.Context, *world) error
		applied     func(*world) bool
	}{
		{"CreateCluster", "b", onEKS, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.CreateCluster(ctx, w.clusterInput("b")))
		}, func(w *world) bool { return w.latest["b"] != nil }},
		{"DeleteNodegroup", "a", onEKS, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: a, NodegroupName: g}))
		}, func(w *world) bool {
			at, ok := w.latest["a"].live.GroupByName("g")
			return !ok || at.State == profile.Deleting
		}},
		{"CreateLaunchTemplate", "", onEC2, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.ec2.CreateLaunchTemplate(ctx, templateInput("new")))
		}, func(w *world) bool { return len(w.templates) == 1 }},
		{"CreateRole", "", map[pmks.Code]string{pmks.CodeQuotaExceeded: "LimitExceeded 409", pmks.CodeThrottled: "Throttling 400"},
			func(ctx context.Context, w *world) error {
				return wiretest.Err(w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: a, AssumeRolePolicyDocument: aws.String(trustPolicy)}))
			}, func(w *world) bool { _, ok := w.resources.role("a"); return ok }},
		{"DeleteTags", "", map[pmks.Code]string{pmks.CodeBusy: "ResourceInUse 400"}, func(ctx context.Context, w *world) error {
			own := w.latest["a"].groups["g"]
			return wiretest.Err(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{{
				ResourceId: &own.asg, ResourceType: aws.String(asgType), Key: aws.String("eks:cluster-name")}}}))
		}, func(w *world) bool { _, ok := w.latest["a"].groups["g"].asgTags["eks:cluster-name"]; return !ok }},
	}
	for _, test := range tests {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			start := func(newWorld func(*testing.T) *world) func(*testing.T) wiretest.Subject {
				return func(t *testing.T) wiretest.Subject {
					w := newWorld(t)
					wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{groupInfo("g")}}))
					return wiretest.Subject{
						Sim: w.Kit, Op: test.op, Cluster: test.cluster,
						Do:      func(ctx context.Context) error { return test.do(ctx, w) },
						Applied: func() bool { return test.applied(w) },
					}
				}
			}
			m := wiretest.Matrix{
				Codes:   test.codes,
				Refusal: func(err error) string { r := refusalOf(err); return fmt.Sprintf("%s %d", r.code, r.status) },
				Start:   start(bubbleWorld),
			}
			m.Run(t)
			m.Start = start(func(t *testing.T) *world {
				w := newWorld(t)
				w.listen(t, false)
				return w
			})
			t.Run("connected", m.RunConnected)
		})
	}
}

// TestServer_buckets: the limit is on by default, and can be changed and taken away.
func TestServer_buckets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Options)
		burst  int // 0: no end
	}{
		"default":   {func(*Options) {}, 500},
		"own":       {func(o *Options) { o.Buckets = []simkit.Bucket{{Burst: 3, Every: time.Hour}} }, 3},
		"unlimited": {func(o *Options) { o.Unlimited = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.change)
			n := 0
			for n < 520 {
				if _, err := w.eks.ListClusters(t.Context(), &eks.ListClustersInput{}); err != nil {
					check(t, err, refusal{"ThrottlingException", 429}, "Rate exceeded")
					break
				}
				n++
			}
			if n != test.burst && (test.burst != 0 || n != 520) {
				t.Errorf("%d calls passed", n)
			}
			if _, err := w.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); (err == nil) != (test.burst != 3) {
				t.Errorf("EC2 has a limit of its own: %v", err)
			}
		})
	}
}

// TestServer_foreseen: node groups that are accepted and cannot work.
func TestServer_foreseen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Resources)
		in     func(*eks.CreateNodegroupInput)
		want   types.NodegroupIssueCode // empty: it becomes active
	}{
		{"fine", func(*Resources) {}, func(*eks.CreateNodegroupInput) {}, ""},
		{"public-subnet", func(r *Resources) { r.Subnets[0].Public = true }, func(*eks.CreateNodegroupInput) {}, ""},
		{"public-subnet-without-addresses", func(r *Resources) { r.Subnets[0].Public, r.Subnets[0].MapPublicIP = true, false },
			func(*eks.CreateNodegroupInput) {}, types.NodegroupIssueCodeEc2SubnetInvalidConfiguration},
		{"no-nodes-to-fail", func(r *Resources) { r.Subnets[0].Public, r.Subnets[0].MapPublicIP = true, false },
			func(in *eks.CreateNodegroupInput) { in.ScalingConfig = sizes(0, 1, 0) }, ""},
		{"no-dns", func(r *Resources) { r.VPCs[0].NoDNS = true }, func(*eks.CreateNodegroupInput) {}, types.NodegroupIssueCodeNodeCreationFailure},
		{"template-without-cluster-group", func(*Resources) {}, func(in *eks.CreateNodegroupInput) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{Name: aws.String("own-groups")}
		}, types.NodegroupIssueCodeNodeCreationFailure},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resources := DefaultResources("us-east-2")
			test.change(&resources)
			w := newWorld(t, func(o *Options) { o.Resources = &resources })
			template := templateInput("own-groups")
			template.LaunchTemplateData.SecurityGroupIds = []string{resources.SecurityGroups[0].ID}
			wiretest.OK(w.ec2.CreateLaunchTemplate(t.Context(), template))(t)
			w.createCluster(t, "a")
			in := groupInput(w.Server, "a", "g")
			test.in(in)
			wiretest.OK(w.eks.CreateNodegroup(t.Context(), in))(t)
			w.pass()
			out := wiretest.OK(w.eks.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")}))(t)
			got := types.NodegroupIssueCode("")
			if issues := out.Nodegroup.Health.Issues; len(issues) > 0 {
				got = issues[0].Code
			}
			if got != test.want || (test.want == "") != (out.Nodegroup.Status == types.NodegroupStatusActive) {
				t.Errorf("got %s %q, want %q", out.Nodegroup.Status, got, test.want)
			}
			if names := w.Templates(); len(names) != 1 || names[0] != "own-groups" {
				t.Errorf("the templates are %v", names)
			}
		})
	}
}

// TestServer_clientRequestToken: the same token leads to the same thing.
func TestServer_clientRequestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	in := w.clusterInput("a")
	in.ClientRequestToken = aws.String("t1")
	first := wiretest.OK(w.eks.CreateCluster(ctx, in))(t)
	w.pass()
	again, err := w.eks.CreateCluster(ctx, in)
	if err != nil || !again.Cluster.CreatedAt.Equal(*first.Cluster.CreatedAt) || again.Cluster.Status != types.ClusterStatusActive {
		t.Errorf("again: %v\n%s", err, wiretest.JSON(t, again))
	}
	in.Tags["more"] = "x"
	_, err = w.eks.CreateCluster(ctx, in)
	check(t, err, badParameter, "clientRequestToken")
	in.ClientRequestToken = aws.String("t2")
	_, err = w.eks.CreateCluster(ctx, in)
	check(t, err, taken, "already exists")

	group := groupInput(w.Server, "a", "g")
	group.ClientRequestToken = aws.String("t3")
	for range 2 {
		wiretest.OK(w.eks.CreateNodegroup(ctx, group))(t)
	}
	w.pass()
	scale := &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"), ScalingConfig: sizes(1, 5, 3), ClientRequestToken: aws.String("t4")}
	one := wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, scale))(t)
	two, err := w.eks.UpdateNodegroupConfig(ctx, scale)
	if err != nil || aws.ToString(two.Update.Id) != aws.ToString(one.Update.Id) {
		t.Errorf("the update again: %v\n%s", err, wiretest.JSON(t, two))
	}
	// The token of what is gone does not bring it back.
	w.force("a", "", profile.Gone)
	in = w.clusterInput("a")
	in.ClientRequestToken = aws.String("t1")
	if made, err := w.eks.CreateCluster(ctx, in); err != nil || made.Cluster.Status != types.ClusterStatusCreating {
		t.Errorf("after the deletion: %v", err)
	}
}

// TestServer_ReadLag: reads show the past for a while, commands see the truth.
func TestServer_ReadLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = 10 * time.Second })
	ctx := t.Context()
	wiretest.OK(w.eks.CreateCluster(ctx, w.clusterInput("a")))(t)
	if got := w.state(ctx, t, "a"); got != "ResourceNotFoundException" {
		t.Errorf("right after the creation: got %s", got)
	}
	_, err := w.eks.CreateCluster(ctx, w.clusterInput("a"))
	check(t, err, taken, "already exists")
	w.clock.Add(11 * time.Second)
	if got := w.state(ctx, t, "a"); got != "CREATING" {
		t.Errorf("after the lag: got %s", got)
	}
	w.pass()
	wiretest.OK(w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: aws.String("a"), Version: aws.String("1.35")}))(t)
	if got := w.state(ctx, t, "a"); got != "ACTIVE" {
		t.Errorf("right after the upgrade began: got %s", got)
	}
	w.clock.Add(11 * time.Second)
	if got := w.state(ctx, t, "a"); got != "UPDATING" {
		t.Errorf("after the lag: got %s", got)
	}
}

// TestServer_synctest runs the vendor's waiter through virtual minutes, with
// latency, on the clock of the bubble.
func TestServer_synctest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1, Latency: 40 * time.Millisecond})
		cfg := aws.Config{
			Region:      s.region,
			Credentials: credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
			HTTPClient:  &http.Client{Transport: s.Transport()},
		}
		client := eks.NewFromConfig(cfg)
		start := time.Now()
		wiretest.OK(client.CreateCluster(t.Context(), clusterInput(s, "a")))(t)
		if got := time.Since(start); got != 40*time.Millisecond {
			t.Errorf("a call took %s", got)
		}
		wiretest.Must(t, eks.NewClusterActiveWaiter(client).Wait(t.Context(), &eks.DescribeClusterInput{Name: aws.String("a")}, time.Hour))
		if got := time.Since(start); got < 5*time.Minute || got > 20*time.Minute {
			t.Errorf("the creation took %s", got)
		}
		s.Reset()
		start = time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := client.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("a")}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := time.Since(start); got != 40*time.Millisecond || s.MaxConcurrent() != 8 {
			t.Errorf("eight calls at once took %s, at most %d were under way", got, s.MaxConcurrent())
		}
	})
}

// TestServer_log: every call is logged with its verdict, and no secret is.
func TestServer_log(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := newWorld(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	w.createCluster(t, "a")
	w.state(t.Context(), t, "none")
	text := log.String()
	for _, want := range []string{"op=CreateCluster cluster=a", "status=200", "code=ResourceNotFoundException"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q:\n%s", want, text)
		}
	}
	for _, secret := range []string{DefaultSecret, DefaultAccessKey, "Signature"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
}
