// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// memory is a transport that asks next once for each request and then remembers
// the answer, so that a benchmark measures the caller and not the simulator.
type memory struct {
	next http.RoundTripper

	mu      sync.Mutex
	answers map[string]remembered
}

type remembered struct {
	status int
	header http.Header
	body   []byte
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent = read
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	key := r.Method + r.URL.String() + string(sent)
	m.mu.Lock()
	answer, ok := m.answers[key]
	m.mu.Unlock()
	if !ok {
		response, err := m.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		answer = remembered{response.StatusCode, response.Header, body}
		m.mu.Lock()
		m.answers[key] = answer
		m.mu.Unlock()
	}
	return &http.Response{StatusCode: answer.status, Header: answer.header.Clone(), Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(answer.body)), ContentLength: int64(len(answer.body))}, nil
}

// overhead is GetCluster of a cluster with five node groups, or ListCluster of some, by
// a handler and by hand with the clients of the SDK that the handler uses: the same calls,
// one after the other or as much at once as the handler makes them. The exec kubeconfig is
// used because signing a token is work that the calls by hand do not do.
type overhead struct{ handler, together, serial func() error }

func newOverhead(t testing.TB) overhead {
	t.Helper()
	h, clusters, scaling := remembering(t, 1)
	ctx := t.Context()
	return overhead{
		handler:  func() error { _, err := h.GetCluster(ctx, pmks.IID{NameId: "c000"}); return err },
		together: func() error { return rawTogether(ctx, clusters, scaling, "c000") },
		serial:   func() error { return rawGet(ctx, clusters, scaling, "c000") },
	}
}

func newListOverhead(t testing.TB, n int) overhead {
	t.Helper()
	h, clusters, scaling := remembering(t, n)
	ctx := t.Context()
	return overhead{
		handler: func() error {
			list, err := h.ListCluster(ctx)
			if len(list) != n {
				return fmt.Errorf("%d clusters, %w", len(list), err)
			}
			return err
		},
		together: func() error { return rawList(ctx, clusters, scaling) },
		serial: func() error {
			for i := range n {
				if err := rawGet(ctx, clusters, nil, fmt.Sprintf("c%03d", i)); err != nil {
					return err
				}
			}
			return rawRegion(ctx, scaling)
		},
	}
}

// remembering is a handler, and the clients of the SDK with its configuration, on an
// account whose every answer comes out of memory.
func remembering(t testing.TB, n int) (*aws.Handler, *sdkeks.Client, *autoscaling.Client) {
	t.Helper()
	s := fleet(t, n, 5, eks.Options{Unlimited: true})
	cfg := configFor(s)
	cfg.KubeconfigKind = "exec"
	cfg.Transport = &memory{next: s.Transport(), answers: map[string]remembered{}}
	h := newHandlerWith(t, cfg)
	return h, sdkeks.NewFromConfig(h.SDK()), autoscaling.NewFromConfig(h.SDK())
}

// TestOverhead_allocations holds the handler to five per cent more allocations than
// the same calls by hand: unlike time, they are the same on every run. For a cluster of a
// listing there is a ceiling too, of what the SDK needs for its seven requests and the
// conversion.
func TestOverhead_allocations(t *testing.T) {
	const clusters, ceiling = 20, 6200
	for name, o := range map[string]overhead{"GetCluster": newOverhead(t), "ListCluster": newListOverhead(t, clusters)} {
		byHand := providertest.Allocations(t, 20, math.Inf(1), o.together)
		handler := providertest.Allocations(t, 20, 1.05*byHand, o.handler)
		t.Logf("%s: %.0f allocations, %.0f by hand: %.1f%% more", name, handler, byHand, 100*(handler/byHand-1))
		if handler > 1.05*byHand {
			t.Errorf("%s: %.0f allocations, %.0f by hand", name, handler, byHand)
		}
		if name == "ListCluster" && handler/clusters > ceiling {
			t.Errorf("%.0f allocations for each cluster, want at most %d", handler/clusters, ceiling)
		}
	}
}

// rawTogether makes the calls of GetCluster with the bare SDK, as a program does
// that wants them soon.
func rawTogether(ctx context.Context, clusters *sdkeks.Client, scaling *autoscaling.Client, name string) error {
	var g errgroup.Group
	g.Go(func() error {
		_, err := clusters.DescribeCluster(ctx, &sdkeks.DescribeClusterInput{Name: &name})
		return err
	})
	g.Go(func() error {
		_, err := clusters.ListAddons(ctx, &sdkeks.ListAddonsInput{ClusterName: &name, MaxResults: sdk.Int32(100)})
		return err
	})
	g.Go(func() error {
		groups, err := clusters.ListNodegroups(ctx, &sdkeks.ListNodegroupsInput{ClusterName: &name, MaxResults: sdk.Int32(100)})
		if err != nil {
			return err
		}
		var all errgroup.Group
		for _, group := range groups.Nodegroups {
			all.Go(func() error {
				_, err := rawScalingGroups(ctx, clusters, name, group)
				return err
			})
		}
		all.Go(func() error {
			_, err := scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: sdk.Int32(100),
				Filters: []asgtypes.Filter{{Name: sdk.String("tag:eks:cluster-name"), Values: []string{name}}}})
			return err
		})
		return all.Wait()
	})
	return g.Wait()
}

// rawList makes the calls of ListCluster with the bare SDK, eight at a time.
func rawList(ctx context.Context, clusters *sdkeks.Client, scaling *autoscaling.Client) error {
	list, err := clusters.ListClusters(ctx, &sdkeks.ListClustersInput{MaxResults: sdk.Int32(100)})
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(8)
	g.Go(func() error { return rawRegion(ctx, scaling) })
	for _, name := range list.Clusters {
		g.Go(func() error { return rawGet(ctx, clusters, nil, name) })
	}
	return g.Wait()
}

// rawRegion reads the Auto Scaling groups of all clusters.
func rawRegion(ctx context.Context, scaling *autoscaling.Client) error {
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(scaling, &autoscaling.DescribeAutoScalingGroupsInput{MaxRecords: sdk.Int32(100),
		Filters: []asgtypes.Filter{{Name: sdk.String("tag-key"), Values: []string{"eks:cluster-name"}}}})
	for pages.HasMorePages() {
		if _, err := pages.NextPage(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rawScalingGroups reads a node group and returns the names of its Auto Scaling
// groups.
func rawScalingGroups(ctx context.Context, clusters *sdkeks.Client, cluster, group string) ([]string, error) {
	out, err := clusters.DescribeNodegroup(ctx, &sdkeks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &group})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, asg := range out.Nodegroup.Resources.AutoScalingGroups {
		names = append(names, *asg.Name)
	}
	return names, nil
}

// BenchmarkListing lists 100 clusters with 5 node groups each out of memory, by the
// handler and by hand, for profiles.
func BenchmarkListing(b *testing.B) {
	const clusters = 100
	o := newListOverhead(b, clusters)
	for _, way := range []struct {
		name string
		call func() error
	}{{"handler", o.handler}, {"together", o.together}, {"serial", o.serial}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := way.call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
