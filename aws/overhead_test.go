// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	sdkeks "github.com/aws/aws-sdk-go-v2/service/eks"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
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

// overhead is GetCluster of a cluster with five node groups, by a handler and by
// hand with the clients of the SDK that the handler uses: the same calls, one after
// the other or as much at once as the handler makes them. The exec kubeconfig is
// used because signing a token is work that the calls by hand do not do.
type overhead struct{ handler, together, serial func() error }

func newOverhead(t testing.TB) overhead {
	t.Helper()
	s := fleet(t, 1, 5, eks.Options{})
	cfg := configFor(s)
	cfg.KubeconfigKind = "exec"
	cfg.Transport = &memory{next: s.Transport(), answers: map[string]remembered{}}
	h := newHandlerWith(t, cfg)
	clusters, scaling := sdkeks.NewFromConfig(h.SDK()), autoscaling.NewFromConfig(h.SDK())
	ctx := t.Context()
	return overhead{
		handler:  func() error { _, err := h.GetCluster(ctx, pmks.IID{NameId: "c000"}); return err },
		together: func() error { return rawTogether(ctx, clusters, scaling, "c000") },
		serial:   func() error { return rawGet(ctx, clusters, scaling, "c000") },
	}
}

// TestOverhead_allocations holds the handler to five per cent more allocations than
// the same calls by hand: unlike time, they are the same on every run.
func TestOverhead_allocations(t *testing.T) {
	o := newOverhead(t)
	count := func(call func() error) float64 {
		return testing.AllocsPerRun(50, func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
	handler, byHand := count(o.handler), count(o.together)
	t.Logf("%.0f allocations, %.0f by hand: %.1f%% more", handler, byHand, 100*(handler/byHand-1))
	if handler > 1.05*byHand {
		t.Errorf("%.0f allocations, %.0f by hand", handler, byHand)
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
	var names [][]string
	g.Go(func() error {
		groups, err := clusters.ListNodegroups(ctx, &sdkeks.ListNodegroupsInput{ClusterName: &name, MaxResults: sdk.Int32(100)})
		if err != nil {
			return err
		}
		names = make([][]string, len(groups.Nodegroups))
		var all errgroup.Group
		for i, group := range groups.Nodegroups {
			all.Go(func() (err error) {
				names[i], err = rawScalingGroups(ctx, clusters, name, group)
				return err
			})
		}
		return all.Wait()
	})
	if err := g.Wait(); err != nil {
		return err
	}
	_, err := scaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: slices.Concat(names...), MaxRecords: sdk.Int32(100)})
	return err
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
