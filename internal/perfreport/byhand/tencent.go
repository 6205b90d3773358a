// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

// The lists of TKE and Auto Scaling come in pages of a hundred at most (API 3.0 documents
// of both); the listing of pmks has eight requests under way.
const (
	tencentPage   = 100
	tencentAtOnce = 8
)

// tencentLister lists TKE with the clients of tencentcloud-sdk-go, which repeat nothing
// unless they are told to.
type tencentLister struct {
	tke *tke.Client
	as  *as.Client
}

func newTencent(_ context.Context, cfg pmks.Config) (Lister, error) {
	keys := common.NewTokenCredential(cfg.Credentials["secretId"], cfg.Credentials["secretKey"], cfg.Credentials["token"])
	p := profile.NewClientProfile()
	p.Language = "en-US"
	if cfg.Endpoint != "" {
		u, err := url.Parse(cfg.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("the endpoint: %w", err)
		}
		p.HttpProfile.Scheme, p.HttpProfile.Endpoint = u.Scheme, u.Host
	}
	clusters, err := tke.NewClient(keys, cfg.Region, p)
	if err != nil {
		return nil, fmt.Errorf("the client of TKE: %w", err)
	}
	scaling, err := as.NewClient(keys, cfg.Region, p)
	if err != nil {
		return nil, fmt.Errorf("the client of Auto Scaling: %w", err)
	}
	if cfg.Transport != nil {
		clusters.WithHttpTransport(cfg.Transport)
		scaling.WithHttpTransport(cfg.Transport)
	}
	return &tencentLister{clusters, scaling}, nil
}

// Serial asks for each node pool, for its launch configuration and for its nodes by
// themselves.
func (l *tencentLister) Serial(ctx context.Context) (Seen, error) {
	var seen Seen
	clusters, err := l.clusters(ctx)
	if err != nil {
		return seen, err
	}
	for _, c := range clusters {
		seen.Clusters++
		pools, err := l.pools(ctx, c.ClusterId)
		if err != nil {
			return seen, err
		}
		if err := l.endpoints(ctx, c.ClusterId); err != nil {
			return seen, err
		}
		for _, p := range pools {
			seen.Groups++
			in := tke.NewDescribeClusterNodePoolDetailRequest()
			in.ClusterId, in.NodePoolId = c.ClusterId, p.NodePoolId
			if _, err := l.tke.DescribeClusterNodePoolDetailWithContext(ctx, in); err != nil {
				return seen, fmt.Errorf("describe node pool %s: %w", *p.NodePoolId, err)
			}
			if err := l.machines(ctx, []*string{p.LaunchConfigurationId}); err != nil {
				return seen, err
			}
			nodes, err := l.nodes(ctx, c.ClusterId, p.NodePoolId)
			if err != nil {
				return seen, err
			}
			seen.Nodes += len(nodes)
		}
	}
	return seen, nil
}

// AtOnce reads eight clusters at a time, the nodes of each at once, and in the end the
// launch configurations of a hundred pools at once.
func (l *tencentLister) AtOnce(ctx context.Context) (Seen, error) {
	var seen Seen
	clusters, err := l.clusters(ctx)
	if err != nil {
		return seen, err
	}
	pools := make([][]*tke.NodePool, len(clusters))
	nodes := make([][]*tke.Instance, len(clusters))
	var work errgroup.Group
	work.SetLimit(tencentAtOnce)
	for i, c := range clusters {
		work.Go(func() (err error) {
			if pools[i], err = l.pools(ctx, c.ClusterId); err != nil {
				return err
			}
			if nodes[i], err = l.nodes(ctx, c.ClusterId, nil); err != nil {
				return err
			}
			if err := l.endpoints(ctx, c.ClusterId); err != nil || len(nodes[i]) == 0 {
				return err
			}
			return l.upgradable(ctx, c.ClusterId)
		})
	}
	if err := work.Wait(); err != nil {
		return seen, err
	}
	var machines []*string
	for i, list := range pools {
		seen.Clusters++
		seen.Groups += len(list)
		seen.Nodes += len(nodes[i])
		for _, p := range list {
			machines = append(machines, p.LaunchConfigurationId)
		}
	}
	for chunk := range slices.Chunk(machines, tencentPage) {
		work.Go(func() error { return l.machines(ctx, chunk) })
	}
	if err := work.Wait(); err != nil {
		return seen, err
	}
	return seen, nil
}

func (l *tencentLister) clusters(ctx context.Context) ([]*tke.Cluster, error) {
	var all []*tke.Cluster
	for {
		in := tke.NewDescribeClustersRequest()
		in.Offset, in.Limit = new(int64(len(all))), new(int64(tencentPage))
		out, err := l.tke.DescribeClustersWithContext(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describe clusters: %w", err)
		}
		all = append(all, out.Response.Clusters...)
		if len(out.Response.Clusters) == 0 || int64(len(all)) >= *out.Response.TotalCount {
			return all, nil
		}
	}
}

func (l *tencentLister) pools(ctx context.Context, cluster *string) ([]*tke.NodePool, error) {
	in := tke.NewDescribeClusterNodePoolsRequest()
	in.ClusterId = cluster
	out, err := l.tke.DescribeClusterNodePoolsWithContext(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("describe node pools of %s: %w", *cluster, err)
	}
	return out.Response.NodePoolSet, nil
}

// nodes lists the nodes of a cluster, or of one of its pools.
func (l *tencentLister) nodes(ctx context.Context, cluster, pool *string) ([]*tke.Instance, error) {
	var all []*tke.Instance
	for {
		in := tke.NewDescribeClusterInstancesRequest()
		in.ClusterId, in.Offset, in.Limit = cluster, new(int64(len(all))), new(int64(tencentPage))
		if pool != nil {
			in.Filters = []*tke.Filter{{Name: new("nodepool-id"), Values: []*string{pool}}}
		}
		out, err := l.tke.DescribeClusterInstancesWithContext(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describe nodes of %s: %w", *cluster, err)
		}
		all = append(all, out.Response.InstanceSet...)
		if n := len(out.Response.InstanceSet); n == 0 || uint64(len(all)) >= *out.Response.TotalCount {
			return all, nil
		}
	}
}

func (l *tencentLister) endpoints(ctx context.Context, cluster *string) error {
	in := tke.NewDescribeClusterEndpointsRequest()
	in.ClusterId = cluster
	if _, err := l.tke.DescribeClusterEndpointsWithContext(ctx, in); err != nil {
		return fmt.Errorf("describe endpoints of %s: %w", *cluster, err)
	}
	return nil
}

// upgradable lists the nodes that lag behind the control plane.
func (l *tencentLister) upgradable(ctx context.Context, cluster *string) error {
	for offset := int64(0); ; {
		in := tke.NewCheckInstancesUpgradeAbleRequest()
		in.ClusterId, in.UpgradeType, in.Offset, in.Limit = cluster, new("reset"), new(offset), new(int64(tencentPage))
		out, err := l.tke.CheckInstancesUpgradeAbleWithContext(ctx, in)
		if err != nil {
			return fmt.Errorf("check nodes of %s: %w", *cluster, err)
		}
		n := int64(len(out.Response.UpgradeAbleInstances))
		if offset += n; n == 0 || offset >= *out.Response.Total {
			return nil
		}
	}
}

// machines reads launch configurations, a hundred at most.
func (l *tencentLister) machines(ctx context.Context, ids []*string) error {
	in := as.NewDescribeLaunchConfigurationsRequest()
	in.LaunchConfigurationIds, in.Limit = ids, new(uint64(tencentPage))
	if _, err := l.as.DescribeLaunchConfigurationsWithContext(ctx, in); err != nil {
		return fmt.Errorf("describe launch configurations: %w", err)
	}
	return nil
}
