// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

// The lists of EKS and Auto Scaling come in pages of a hundred at most (API references of
// both); the listing of pmks has eight requests under way.
const (
	awsPage   = 100
	awsAtOnce = 8
)

// awsLister lists EKS with the clients of the AWS SDK for Go v2, which retry as they do
// by themselves.
type awsLister struct {
	clusters *eks.Client
	scaling  *autoscaling.Client
}

func newAWS(_ context.Context, cfg pmks.Config) (Lister, error) {
	sdk := aws.Config{
		Region: cfg.Region,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(
			cfg.Credentials["accessKeyId"], cfg.Credentials["secretAccessKey"], cfg.Credentials["sessionToken"])),
	}
	if cfg.Endpoint != "" {
		sdk.BaseEndpoint = &cfg.Endpoint
	}
	if cfg.Transport != nil {
		sdk.HTTPClient = &http.Client{Transport: cfg.Transport}
	}
	return &awsLister{eks.NewFromConfig(sdk), autoscaling.NewFromConfig(sdk)}, nil
}

// Serial asks for the Auto Scaling group of each node group by its name.
func (l *awsLister) Serial(ctx context.Context) (Seen, error) {
	var seen Seen
	names, err := l.names(ctx)
	if err != nil {
		return seen, err
	}
	for _, name := range names {
		_, groups, err := l.cluster(ctx, name)
		if err != nil {
			return seen, err
		}
		seen.Clusters++
		for _, g := range groups {
			seen.Groups++
			if len(scalingNames(g)) == 0 {
				continue // it has none yet: no name would mean all
			}
			found, err := l.scalingGroups(ctx, autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: scalingNames(g)})
			if err != nil {
				return seen, err
			}
			for _, s := range found {
				seen.Nodes += len(s.Instances)
			}
		}
	}
	return seen, nil
}

// AtOnce lists eight clusters at a time, and the Auto Scaling groups of all of them beside
// those.
func (l *awsLister) AtOnce(ctx context.Context) (Seen, error) {
	var seen Seen
	names, err := l.names(ctx)
	if err != nil {
		return seen, err
	}
	var work errgroup.Group
	work.SetLimit(awsAtOnce)
	nodes := map[string]int{}
	work.Go(func() error {
		found, err := l.scalingGroups(ctx, autoscaling.DescribeAutoScalingGroupsInput{
			Filters: []asgtypes.Filter{{Name: aws.String("tag-key"), Values: []string{"eks:cluster-name"}}}})
		for _, s := range found {
			nodes[aws.ToString(s.AutoScalingGroupName)] = len(s.Instances)
		}
		return err
	})
	groups := make([][]*ekstypes.Nodegroup, len(names))
	for i, name := range names {
		work.Go(func() (err error) {
			_, groups[i], err = l.cluster(ctx, name)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return seen, err
	}
	for _, list := range groups {
		seen.Clusters++
		seen.Groups += len(list)
		for _, g := range list {
			for _, name := range scalingNames(g) {
				seen.Nodes += nodes[name]
			}
		}
	}
	return seen, nil
}

func (l *awsLister) names(ctx context.Context) ([]string, error) {
	var names []string
	pages := eks.NewListClustersPaginator(l.clusters, &eks.ListClustersInput{MaxResults: aws.Int32(awsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		names = append(names, page.Clusters...)
	}
	return names, nil
}

// cluster reads a cluster and its node groups, one request after the other.
func (l *awsLister) cluster(ctx context.Context, name string) (*ekstypes.Cluster, []*ekstypes.Nodegroup, error) {
	cluster, err := l.clusters.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err != nil {
		return nil, nil, fmt.Errorf("describe cluster %s: %w", name, err)
	}
	var groups []*ekstypes.Nodegroup
	pages := eks.NewListNodegroupsPaginator(l.clusters, &eks.ListNodegroupsInput{ClusterName: &name, MaxResults: aws.Int32(awsPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("list node groups of %s: %w", name, err)
		}
		for _, group := range page.Nodegroups {
			out, err := l.clusters.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &name, NodegroupName: &group})
			if err != nil {
				return nil, nil, fmt.Errorf("describe node group %s of %s: %w", group, name, err)
			}
			groups = append(groups, out.Nodegroup)
		}
	}
	return cluster.Cluster, groups, nil
}

func (l *awsLister) scalingGroups(ctx context.Context, in autoscaling.DescribeAutoScalingGroupsInput) ([]asgtypes.AutoScalingGroup, error) {
	in.MaxRecords = aws.Int32(awsPage)
	var groups []asgtypes.AutoScalingGroup
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(l.scaling, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe Auto Scaling groups: %w", err)
		}
		groups = append(groups, page.AutoScalingGroups...)
	}
	return groups, nil
}

// scalingNames are the names of the Auto Scaling groups of a node group.
func scalingNames(g *ekstypes.Nodegroup) []string {
	if g == nil || g.Resources == nil {
		return nil
	}
	var names []string
	for _, s := range g.Resources.AutoScalingGroups {
		names = append(names, aws.ToString(s.Name))
	}
	return names
}
