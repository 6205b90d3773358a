// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"iter"
	"slices"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Clusters implements [pmks.ClusterStreamer]: the clusters of a page are read while the
// next is asked for, each as ListCluster shows it. What the machines of a cluster are is
// asked for with it, so that of many clusters that is a call more for each.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	stream := fanout.Stream(ctx, h.clusterPages(ctx), clusterIID, h.listed, func(c *tke.Cluster) pmks.ClusterInfo {
		return pmks.ClusterInfo{IId: clusterIID(c)}
	})
	return func(yield func(pmks.ClusterInfo, error) bool) {
		for info, err := range stream {
			annotate(&err, "Clusters", info.IId, pmks.IID{})
			if !yield(info, err) {
				return
			}
		}
	}
}

// listed reads a cluster of a list as ListCluster shows it.
func (h *Handler) listed(ctx context.Context, c *tke.Cluster) (pmks.ClusterInfo, error) {
	found, err := h.readCluster(ctx, deref(c.ClusterId), c)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := h.readDetails(ctx, found); err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := found.info()
	h.explainCluster(ctx, &info)
	return info, errs.Over(ctx)
}

// clusterPages are the pages of the list of clusters that pmks shows. Where the list
// changes while it is read it is read again from its beginning, and what was not yet seen
// handed over: what has moved onto a page that was read would be missed.
func (h *Handler) clusterPages(ctx context.Context) iter.Seq2[[]*tke.Cluster, error] {
	return func(yield func([]*tke.Cluster, error) bool) {
		seen := map[string]bool{}
		fresh := func(list []*tke.Cluster) []*tke.Cluster {
			return slices.DeleteFunc(slices.Clone(list), func(c *tke.Cluster) bool {
				id := deref(c.ClusterId)
				again := seen[id]
				seen[id] = true
				return again || !inScope(c)
			})
		}
		var stopped bool
		_, err := readPages(func(c *tke.Cluster) string { return deref(c.ClusterId) }, func(offset int) ([]*tke.Cluster, int, error) {
			in := tke.NewDescribeClustersRequest()
			in.Offset, in.Limit = new(int64(offset)), new(int64(pageSize))
			list, total, err := h.describeClusters(ctx, in)
			if err != nil {
				return nil, 0, err
			}
			for _, c := range list {
				h.note(c)
			}
			if stopped = !yield(fresh(list), nil); stopped {
				return nil, 0, errStopped
			}
			return list, total, nil
		})
		if stopped {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for _, id := range h.claims.Recent("", "") { // what was accepted is to be found
			if seen[id] {
				continue
			}
			c, err := h.describe(ctx, id)
			if errs.IgnoreNotFound(err) != nil {
				yield(nil, err)
				return
			}
			if err == nil && !yield(fresh([]*tke.Cluster{c}), nil) {
				return
			}
		}
	}
}
