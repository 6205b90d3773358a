// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"iter"
	"slices"
	"sync"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Clusters implements [pmks.ClusterStreamer] with the requests of ListCluster: a cluster
// comes as soon as its nodes are read, while those behind it are. The nodes of the first
// pools are read singly, and those of the others as ListCluster finds them.
func (h *Handler) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) {
		source := nodeSource{h: h, index: index{h: h}}
		about := func(c *aks.ManagedCluster) pmks.IID {
			return pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), h.cfg.ResourceGroup)}
		}
		for info, err := range fanout.Stream(ctx, h.clusterPages(ctx, h.cfg.ResourceGroup), about, source.cluster, func(c *aks.ManagedCluster) pmks.ClusterInfo {
			return pmks.ClusterInfo{IId: about(c)}
		}) {
			errs.Annotate(&err, Name, "Clusters", info.IId, pmks.IID{})
			if !yield(info, err) {
				return
			}
		}
	}
}

// nodeSource tells the clusters of a stream where the nodes of their pools are to be
// had: of the first ones from AKS, pool by pool, and of the others from the index, as far
// as it counts.
type nodeSource struct {
	h *Handler

	mu    sync.Mutex
	asked int           // pools so far
	read  chan struct{} // closed when the index is read; nil before somebody does
	index index
}

// cluster completes a cluster of a list.
func (s *nodeSource) cluster(ctx context.Context, c *aks.ManagedCluster) (pmks.ClusterInfo, error) {
	h := s.h
	if err := checkCluster(c, value(c.Name)); err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := clusterInfo(c, h.cfg.ResourceGroup)
	r, err := h.clusterRef(info.IId)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	pools, err := s.take(ctx, poolsToAsk(&info, r))
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := fanout.Each(ctx, len(pools), func(ctx context.Context, i int) error { return pools[i].read(ctx, h) }); err != nil {
		return pmks.ClusterInfo{}, err
	}
	if slices.ContainsFunc(pools, func(p *poolRead) bool { return p.vanished }) {
		// With the whole cluster, perhaps, which the stream leaves out then.
		if _, again := h.readCluster(ctx, r); errs.Is(again, pmks.CodeNotFound) {
			return pmks.ClusterInfo{}, again
		}
	}
	return info, nil
}

// take fills in the nodes of pools from the index and returns those that are to be read
// singly. The error is the end of ctx.
func (s *nodeSource) take(ctx context.Context, pools []*poolRead) ([]*poolRead, error) {
	s.mu.Lock()
	first := min(max(0, fewPools-s.asked), len(pools))
	s.asked += len(pools)
	s.mu.Unlock()
	left := slices.Clone(pools[:first])
	if first == len(pools) {
		return left, nil
	}
	if err := s.await(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.index.whole {
		return pools, nil
	}
	return append(left, s.index.answer(ctx, pools[first:])...), nil
}

// await returns when the index has been read, by this caller or another. The error is
// the end of ctx.
func (s *nodeSource) await(ctx context.Context) error {
	s.mu.Lock()
	read := s.read
	if read != nil {
		s.mu.Unlock()
		select {
		case <-read:
		case <-ctx.Done():
		}
		return errs.Over(ctx)
	}
	read = make(chan struct{})
	s.read = read
	s.mu.Unlock()
	defer close(read)
	pools := max(s.h.usage.known(), fewPools+1) // there are more than a few
	if s.h.usage.worth(pools) {
		x := index{h: s.h}
		x.begin(ctx)
		x.complete(ctx, pools)
		s.mu.Lock()
		s.index = x
		s.mu.Unlock()
	}
	return errs.Over(ctx)
}
