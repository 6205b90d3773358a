// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWaits: EKS has no request for the states of several clusters or node groups, so
// that each is looked at by itself, at the pace of the waits' schedule: every half minute
// after a while.
func TestWaits(t *testing.T) {
	t.Parallel()
	bench.Waits(t, []providertest.Waits{
		{Name: "clusters", Clusters: 100, EachMinute: 250},
		{Name: "groups", Groups: 100, EachMinute: 250},
	})
}

// TestWaits_ofOne: a thousand waits for ten clusters and ten node groups look at each
// every five seconds, together: what they make does not depend on how many they are.
func TestWaits_ofOne(t *testing.T) {
	t.Parallel()
	const targets, waiters, minutes = 10, 50, 5
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{Latency: providertest.Latency})
		for i := range targets {
			seed := core.Seed{Name: fmt.Sprintf("new%d", i), Version: bench.Version, State: profile.Creating}
			ready := core.Seed{Name: fmt.Sprintf("c%d", i), Version: bench.Version, Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "g"},
				VMSpecName: "t3.medium", Status: pmks.NodeGroupCreating, OnAutoScaling: true, DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 3}}}
			if err := errors.Join(s.Put(seed), s.Put(ready)); err != nil {
				t.Fatal(err)
			}
		}
		h := newHandler(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var waits sync.WaitGroup
		ended := func(err error) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("a wait ended: %v", err)
			}
		}
		for i := range targets * waiters {
			waits.Go(func() {
				_, err := pmks.WaitClusterActive(ctx, h, pmks.IID{NameId: fmt.Sprintf("new%d", i%targets)})
				ended(err)
			})
			waits.Go(func() {
				_, err := pmks.WaitNodeGroupActive(ctx, h, pmks.IID{NameId: fmt.Sprintf("c%d", i%targets)}, pmks.IID{NameId: "g"})
				ended(err)
			})
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		s.Reset()
		time.Sleep(minutes * time.Minute) //nolint:forbidigo // inside a synctest bubble
		for _, op := range []string{"DescribeCluster", "DescribeNodegroup"} {
			// Few who come while nobody does look alone.
			if n := s.Count(op); n == 0 || n > minutes*targets*15 {
				t.Errorf("%d requests %s in %d minutes", n, op, minutes)
			}
		}
		t.Logf("in %d minutes: %v", minutes, s.Counts())
		cancel()
		waits.Wait()
	})
}

// TestHandler_ReadState_together: of those who share what is found under a name, each is
// told whether it is what an ARN of its own means; what EKS refuses is told to all.
func TestHandler_ReadState_together(t *testing.T) {
	t.Parallel()
	cluster := pmks.IID{NameId: "c000"}
	own := arnOf("aws", "eks", "us-east-2", eks.DefaultAccountID, "cluster/c000")
	foreign := arnOf("aws", "eks", "us-east-2", "210987654321", "cluster/c000")
	for _, test := range []struct {
		name, op string
		group    pmks.IID
	}{{"cluster", "DescribeCluster", pmks.IID{}}, {"node-group", "DescribeNodegroup", pmks.IID{NameId: "g0"}}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, eks.Options{Latency: providertest.Latency})
				h := newHandler(t, s)
				looks := func(want func(ref pmks.IID) error) {
					s.Reset()
					var all sync.WaitGroup
					for i := range 90 {
						ref := []pmks.IID{cluster, {SystemId: own}, {SystemId: foreign}}[i%3]
						all.Go(func() {
							wait := poll.Loop{BackOff: backoff.NewConstantBackOff(15 * time.Second)}
							err := wait.Run(poll.Waiting(t.Context()), func(ctx context.Context) (bool, error) {
								state, err := h.ReadState(ctx, ref, test.group)
								return state.Status == pmks.ClusterActive, err
							})
							if expected := want(ref); !errors.Is(err, expected) {
								t.Errorf("%s: %v, want %v", ref, err, expected)
							}
						})
					}
					all.Wait()
					if n := s.Count(test.op); n == 0 || n > 5 {
						t.Errorf("90 looks made %d requests", n)
					}
				}
				looks(func(ref pmks.IID) error {
					if ref.SystemId == foreign {
						return pmks.ErrInvalidArgument
					}
					return nil
				})
				time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
				away(s, test.op, pmks.CodePermissionDenied)
				looks(func(pmks.IID) error { return pmks.ErrPermissionDenied })
			})
		})
	}
}

// TestHandler_ListCluster_untagged: an Auto Scaling group without the tag by which those
// of EKS are listed is read by its name, once for all.
func TestHandler_ListCluster_untagged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 3, 2, eks.Options{})
		h := newHandler(t, s)
		_, scaling := rawClients(s)
		groups, err := scaling.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups.AutoScalingGroups[1:] {
			if _, err := scaling.DeleteTags(t.Context(), &autoscaling.DeleteTagsInput{Tags: []asgtypes.Tag{{
				ResourceId: g.AutoScalingGroupName, ResourceType: sdk.String("auto-scaling-group"), Key: sdk.String("eks:cluster-name")}}}); err != nil {
				t.Fatal(err)
			}
		}
		s.Reset()
		list, err := h.ListCluster(t.Context())
		if n := s.Count("DescribeAutoScalingGroups"); err != nil || len(list) != 3 || n != 2 {
			t.Fatalf("%d clusters after %d requests, %v", len(list), n, err)
		}
		s.Reset()
		one, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if n := s.Count("DescribeAutoScalingGroups"); err != nil || n != 2 {
			t.Fatalf("%d requests, %v", n, err)
		}
		list = append(list, &one)
		for info, err := range h.Clusters(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, &info)
		}
		for _, info := range list {
			for _, g := range info.NodeGroupList {
				if len(g.Nodes) != 2 || unreadOf(g.KeyValueList) != "" {
					t.Errorf("%s %s has the nodes %v, unread %q", info.IId, g.IId, g.Nodes, unreadOf(g.KeyValueList))
				}
			}
		}
		if len(list) != 7 {
			t.Errorf("%d clusters were shown", len(list))
		}
	})
}
