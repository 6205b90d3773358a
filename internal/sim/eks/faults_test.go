// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"bytes"
	"context"
	"errors"
	"io"
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
)

func TestServer_Inject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault core.Fault
		want  refusal
		// lost: there is no answer at all. made: the cluster exists afterwards.
		lost, made bool
	}{
		{"throttle", core.Fault{Kind: core.FaultThrottle, RetryAfter: time.Second}, refusal{"ThrottlingException", 429}, false, false},
		{"server-error-before", core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeInternal}, refusal{"ServerException", 500}, false, false},
		{"server-error-after", core.Fault{Kind: core.FaultLoseReply, Code: pmks.CodeInternal}, refusal{"ServerException", 500}, false, true},
		{"unavailable", core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeUnavailable}, refusal{"ServiceUnavailableException", 503}, false, false},
		{"access-denied", core.Fault{Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Reason: "no"}, refusal{"AccessDeniedException", 403}, false, false},
		{"lose-request", core.Fault{Kind: core.FaultLoseRequest}, refusal{}, true, false},
		{"lose-reply", core.Fault{Kind: core.FaultLoseReply}, refusal{}, true, true},
		{"another-operation", core.Fault{Kind: core.FaultThrottle, Op: "DeleteCluster"}, refusal{}, false, true},
		{"another-cluster", core.Fault{Kind: core.FaultThrottle, Cluster: "b"}, refusal{}, false, true},
		{"second-call", core.Fault{Kind: core.FaultThrottle, After: 1}, refusal{}, false, true},
	}
	for _, test := range tests {
		for _, listening := range []bool{false, true} {
			name := test.name + "/in-process"
			if listening {
				name = test.name + "/listener"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				fault := test.fault
				if fault.Op == "" {
					fault.Op = "CreateCluster"
				}
				w := newWorld(t)
				if listening {
					w.listen(t, false)
				}
				w.Inject(fault)
				_, err := w.eks.CreateCluster(t.Context(), w.clusterInput("a"))
				if test.lost != (err != nil && refusalOf(err) == refusal{}) {
					t.Errorf("the reply is lost: got %v, want %v", err, test.lost)
				}
				check(t, err, test.want, "")
				if made := w.state(t.Context(), t, "a") == "CREATING"; made != test.made {
					t.Errorf("the cluster exists: got %v, want %v", made, test.made)
				}
				if c := w.Calls()[0]; c.Lost != test.lost || c.Op != "CreateCluster" || c.Code != test.want.code {
					t.Errorf("the journal holds %+v", c)
				}
			})
		}
	}
}

func TestServer_Inject_ec2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(core.Fault{Op: "DescribeSubnets", Kind: core.FaultThrottle})
	w.Inject(core.Fault{Op: "DescribeSubnets", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
	for _, want := range []refusal{{"RequestLimitExceeded", 503}, {"UnauthorizedOperation", 403}, {}} {
		_, err := w.ec2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{})
		check(t, err, want, "")
	}
}

// TestServer_failures: what is accepted and fails later shows it in the health.
func TestServer_failures(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("create-cluster", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "InsufficientFreeAddresses: none left"})
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		out, err := w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("a")})
		if err != nil || out.Cluster.Status != types.ClusterStatusFailed || out.Cluster.Health.Issues[0].Code != types.ClusterIssueCodeInsufficientFreeAddresses {
			t.Errorf("got %v\n%s", err, mustJSON(t, out))
		}
	})
	t.Run("unknown-instance-type", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		in := groupInput(w.Server, "a", "g")
		in.InstanceTypes = []string{"x9.huge"}
		if _, err := w.eks.CreateNodegroup(ctx, in); err != nil {
			t.Fatal(err)
		}
		w.pass()
		out, err := w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")})
		if err != nil || out.Nodegroup.Status != types.NodegroupStatusCreateFailed || out.Nodegroup.Health.Issues[0].Code != types.NodegroupIssueCodeEc2InstanceTypeDoesNotExist {
			t.Errorf("got %v\n%s", err, mustJSON(t, out))
		}
	})
	t.Run("update", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		w.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater, Reason: "InsufficientFreeAddresses: none left"})
		up, err := w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: aws.String("a"), Version: aws.String("1.35")})
		if err != nil {
			t.Fatal(err)
		}
		w.pass()
		u, err := w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: aws.String("a"), UpdateId: up.Update.Id})
		if err != nil || u.Update.Status != types.UpdateStatusFailed || u.Update.Errors[0].ErrorCode != types.ErrorCodeInsufficientFreeAddresses {
			t.Errorf("got %v\n%s", err, mustJSON(t, u))
		}
		out, err := w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("a")})
		if err != nil || out.Cluster.Status != types.ClusterStatusActive || aws.ToString(out.Cluster.Version) != "1.34" {
			t.Errorf("after the failed update: %v\n%s", err, mustJSON(t, out))
		}
	})
	t.Run("stick", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultStick})
		w.createCluster(t, "a") //nolint:contextcheck // a helper takes the context of its t
		if got := w.state(ctx, t, "a"); got != "CREATING" {
			t.Errorf("got %s", got)
		}
	})
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
			if _, err := w.ec2.CreateLaunchTemplate(t.Context(), template); err != nil {
				t.Fatal(err)
			}
			w.createCluster(t, "a")
			in := groupInput(w.Server, "a", "g")
			test.in(in)
			if _, err := w.eks.CreateNodegroup(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			w.pass()
			out, err := w.eks.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")})
			if err != nil {
				t.Fatal(err)
			}
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
	first, err := w.eks.CreateCluster(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	w.pass()
	again, err := w.eks.CreateCluster(ctx, in)
	if err != nil || !again.Cluster.CreatedAt.Equal(*first.Cluster.CreatedAt) || again.Cluster.Status != types.ClusterStatusActive {
		t.Errorf("again: %v\n%s", err, mustJSON(t, again))
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
		if _, err := w.eks.CreateNodegroup(ctx, group); err != nil {
			t.Fatal(err)
		}
	}
	w.pass()
	scale := &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"), ScalingConfig: sizes(1, 5, 3), ClientRequestToken: aws.String("t4")}
	one, err := w.eks.UpdateNodegroupConfig(ctx, scale)
	if err != nil {
		t.Fatal(err)
	}
	two, err := w.eks.UpdateNodegroupConfig(ctx, scale)
	if err != nil || aws.ToString(two.Update.Id) != aws.ToString(one.Update.Id) {
		t.Errorf("the update again: %v\n%s", err, mustJSON(t, two))
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
	if _, err := w.eks.CreateCluster(ctx, w.clusterInput("a")); err != nil {
		t.Fatal(err)
	}
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
	if _, err := w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: aws.String("a"), Version: aws.String("1.35")}); err != nil {
		t.Fatal(err)
	}
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
		if _, err := client.CreateCluster(t.Context(), clusterInput(s, "a")); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 40*time.Millisecond {
			t.Errorf("a call took %s", got)
		}
		if err := eks.NewClusterActiveWaiter(client).Wait(t.Context(), &eks.DescribeClusterInput{Name: aws.String("a")}, time.Hour); err != nil {
			t.Fatal(err)
		}
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

// TestServer_context: a call that is held back ends with its context, and changes
// nothing.
func TestServer_context(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1})
		s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultDelay, Delay: time.Hour})
		client := eks.NewFromConfig(aws.Config{
			Region:      s.region,
			Credentials: credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
			HTTPClient:  &http.Client{Transport: s.Transport()},
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.CreateCluster(ctx, clusterInput(s, "a"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		if out, err := client.ListClusters(t.Context(), &eks.ListClustersInput{}); err != nil || len(out.Clusters) != 0 {
			t.Errorf("the cluster was made: %v %v", out, err)
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

// TestServer_lostConnection: in process the error is the same whether the request
// or the reply was lost.
func TestServer_lostConnection(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultLoseRequest, core.FaultLoseReply} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(core.Fault{Kind: kind})
			_, err := w.eks.ListClusters(t.Context(), &eks.ListClustersInput{})
			if !errors.Is(err, simkit.ErrConnectionLost) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
		})
	}
}
