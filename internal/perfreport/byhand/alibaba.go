// SPDX-License-Identifier: Apache-2.0

package byhand

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
)

const (
	alibabaPage   = 100 // the largest of clusters and nodes
	alibabaAtOnce = 8   // requests under way, as many as pmks has
)

// alibaba lists with the typed client of ACK. Its methods take no context: that is in the
// HTTP client, so each call has a copy of the client.
type alibaba struct {
	client *cs.Client
	region *string
	http   *http.Client
}

func newAlibaba(_ context.Context, cfg pmks.Config) (Lister, error) {
	c := &openapi.Config{RegionId: &cfg.Region, Protocol: tea.String("https"),
		AccessKeyId: tea.String(cfg.Credentials["accessKeyId"]), AccessKeySecret: tea.String(cfg.Credentials["accessKeySecret"])}
	if u, err := url.Parse(cfg.Endpoint); err == nil && u.Host != "" {
		c.Endpoint, c.Protocol = &u.Host, &u.Scheme
	}
	client, err := cs.NewClient(c)
	if err != nil {
		return nil, err
	}
	return &alibaba{client, &cfg.Region, &http.Client{Transport: cfg.Transport}}, nil
}

// alibabaSender sends the requests of the SDK within a context. The SDK writes the names of
// headers as they are signed, which only a connection makes right.
type alibabaSender struct {
	ctx  context.Context //nolint:containedctx // the SDK hands none over
	http *http.Client
}

func (s alibabaSender) Call(req *http.Request, _ *http.Transport) (*http.Response, error) {
	header := make(http.Header, len(req.Header))
	for name, values := range req.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header = header
	return s.http.Do(req.WithContext(s.ctx))
}

func (a *alibaba) with(ctx context.Context) *cs.Client {
	c := *a.client
	c.HttpClient = alibabaSender{ctx, a.http}
	return &c
}

func (a *alibaba) clusters(ctx context.Context) (ids []*string, err error) {
	for page := int64(1); ; page++ {
		out, err := a.with(ctx).DescribeClustersForRegion(a.region, &cs.DescribeClustersForRegionRequest{PageNumber: &page, PageSize: tea.Int64(alibabaPage)})
		if err != nil {
			return nil, err
		}
		for _, c := range out.Body.Clusters {
			ids = append(ids, c.ClusterId)
		}
		if len(out.Body.Clusters) < alibabaPage {
			return ids, nil
		}
	}
}

// nodes counts those of a cluster, or of one node pool of it.
func (a *alibaba) nodes(ctx context.Context, id, pool *string) (n int, err error) {
	for page := 1; ; page++ {
		out, err := a.with(ctx).DescribeClusterNodes(id, &cs.DescribeClusterNodesRequest{NodepoolId: pool,
			PageNumber: tea.String(strconv.Itoa(page)), PageSize: tea.String(strconv.Itoa(alibabaPage))})
		if err != nil {
			return 0, err
		}
		if n += len(out.Body.Nodes); len(out.Body.Nodes) < alibabaPage {
			return n, nil
		}
	}
}

// Serial implements [Lister].
func (a *alibaba) Serial(ctx context.Context) (seen Seen, err error) {
	ids, err := a.clusters(ctx)
	for _, id := range ids {
		if _, err := a.with(ctx).DescribeClusterDetail(id); err != nil {
			return seen, err
		}
		pools, err := a.with(ctx).DescribeClusterNodePools(id, &cs.DescribeClusterNodePoolsRequest{})
		if err != nil {
			return seen, err
		}
		for _, p := range pools.Body.Nodepools {
			pool := p.NodepoolInfo.NodepoolId
			if _, err := a.with(ctx).DescribeClusterNodePoolDetail(id, pool); err != nil {
				return seen, err
			}
			n, err := a.nodes(ctx, id, pool)
			if err != nil {
				return seen, err
			}
			seen.Nodes += n
		}
		seen.Clusters, seen.Groups = seen.Clusters+1, seen.Groups+len(pools.Body.Nodepools)
	}
	return seen, err
}

// AtOnce implements [Lister].
func (a *alibaba) AtOnce(ctx context.Context) (seen Seen, err error) {
	ids, err := a.clusters(ctx)
	if err != nil {
		return seen, err
	}
	groups, nodes := make([]int, len(ids)), make([]int, len(ids))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(alibabaAtOnce)
	for i, id := range ids {
		reads.Go(func() error {
			_, err := a.with(ctx).DescribeClusterDetail(id)
			return err
		})
		reads.Go(func() error {
			pools, err := a.with(ctx).DescribeClusterNodePools(id, &cs.DescribeClusterNodePoolsRequest{})
			if err == nil {
				groups[i] = len(pools.Body.Nodepools)
			}
			return err
		})
		reads.Go(func() (err error) {
			nodes[i], err = a.nodes(ctx, id, nil)
			return err
		})
	}
	err = reads.Wait()
	for i := range ids {
		seen.Clusters, seen.Groups, seen.Nodes = seen.Clusters+1, seen.Groups+groups[i], seen.Nodes+nodes[i]
	}
	return seen, err
}
