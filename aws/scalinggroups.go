// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// scalingIndex holds Auto Scaling groups by name, each as a part of the slice that
// it came in: the structs are large, and most node groups have one.
type scalingIndex struct {
	groups map[string][]asgtypes.AutoScalingGroup
	// err is why there may be others.
	err error
}

// pick returns the Auto Scaling groups of a node group. One that is not there has
// no nodes yet, or no more, unless the index is not complete.
func (x scalingIndex) pick(names []string) (list []asgtypes.AutoScalingGroup, err error) {
	if len(names) == 1 {
		list = x.groups[names[0]]
		if len(list) == 0 {
			err = x.err
		}
		return list, err
	}
	for _, name := range names {
		found := x.groups[name]
		if len(found) == 0 {
			err = x.err
		}
		list = append(list, found...)
	}
	return list, err
}

func (x scalingIndex) add(groups []asgtypes.AutoScalingGroup) {
	for i := range groups {
		x.groups[aws.ToString(groups[i].AutoScalingGroupName)] = groups[i : i+1 : i+1]
	}
}

// scalingFeed is an index that is used while it is being filled.
type scalingFeed struct {
	mu    sync.Mutex
	index scalingIndex
	whole bool
	more  chan struct{} // closed when there is more to see
}

func newScalingFeed() *scalingFeed {
	return &scalingFeed{index: scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}, more: make(chan struct{})}
}

// fill adds page by page, to the end or the error.
func (f *scalingFeed) fill(pages iter.Seq2[[]asgtypes.AutoScalingGroup, error]) {
	put := func(groups []asgtypes.AutoScalingGroup, err error, whole bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.index.add(groups)
		f.index.err = cmp.Or(err, f.index.err)
		f.whole = whole
		close(f.more)
		f.more = make(chan struct{})
	}
	for groups, err := range pages {
		put(groups, err, false)
	}
	put(nil, nil, true)
}

// wait returns the groups of certain names when they have come in, or when no more can
// come.
func (f *scalingFeed) wait(ctx context.Context, names []string) scalingIndex {
	for {
		f.mu.Lock()
		found, missing := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}, err: f.index.err}, false
		for _, name := range names {
			groups, there := f.index.groups[name]
			if missing = missing || !there; there {
				found.groups[name] = groups
			}
		}
		whole, more := f.whole, f.more
		f.mu.Unlock()
		if whole || !missing {
			return found
		}
		select {
		case <-more:
		case <-ctx.Done():
			found.err = errs.Over(ctx)
			return found
		}
	}
}

// scalingGroups reads Auto Scaling groups by name, a hundred at a time.
func (h *Handler) scalingGroups(ctx context.Context, names []string) scalingIndex {
	chunks := slices.Collect(slices.Chunk(names, pageSize))
	parts := make([]scalingIndex, len(chunks))
	index := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}
	index.err = fanout.Each(ctx, len(chunks), func(ctx context.Context, i int) error {
		parts[i] = h.scalingIndex(ctx, autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: chunks[i]})
		return parts[i].err
	})
	for _, part := range parts {
		maps.Copy(index.groups, part.groups)
	}
	return index
}

// scalingGroupsOf reads the Auto Scaling groups that EKS made for the node groups of a
// cluster, by the tag that it puts on them: their names need not be known before.
func (h *Handler) scalingGroupsOf(ctx context.Context, cluster string) scalingIndex {
	return h.scalingIndex(ctx, autoscaling.DescribeAutoScalingGroupsInput{Filters: []asgtypes.Filter{tagFilter("tag:eks:cluster-name", cluster)}})
}

// withMissing is an index with those of names that it has not, read by name: tags are the
// user's to remove, and a node group may be newer than the index. Nothing is read where
// the index could not be: that is told.
func (h *Handler) withMissing(ctx context.Context, index scalingIndex, names []string) scalingIndex {
	missing := slices.DeleteFunc(names, func(name string) bool { return len(index.groups[name]) > 0 })
	if len(missing) == 0 || index.err != nil {
		return index
	}
	more := h.scalingGroups(ctx, missing)
	maps.Copy(more.groups, index.groups)
	return more
}

// regionScalingGroups reads the Auto Scaling groups of all EKS node groups.
func (h *Handler) regionScalingGroups(ctx context.Context) scalingIndex {
	return h.scalingIndex(ctx, ofAllClusters())
}

func (h *Handler) scalingIndex(ctx context.Context, in autoscaling.DescribeAutoScalingGroupsInput) scalingIndex {
	index := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}
	for groups, err := range h.scalingPages(ctx, in) {
		index.add(groups)
		index.err = err
	}
	return index
}

func (h *Handler) regionScalingPages(ctx context.Context) iter.Seq2[[]asgtypes.AutoScalingGroup, error] {
	return h.scalingPages(ctx, ofAllClusters())
}

// ofAllClusters asks for the Auto Scaling groups of all EKS node groups of the region.
func ofAllClusters() autoscaling.DescribeAutoScalingGroupsInput {
	return autoscaling.DescribeAutoScalingGroupsInput{Filters: []asgtypes.Filter{tagFilter("tag-key", "eks:cluster-name")}}
}

func (h *Handler) describeScalingGroups(ctx context.Context, in autoscaling.DescribeAutoScalingGroupsInput) ([]asgtypes.AutoScalingGroup, error) {
	all := []asgtypes.AutoScalingGroup{}
	for groups, err := range h.scalingPages(ctx, in) {
		if err != nil {
			return all, err
		}
		all = append(all, groups...)
	}
	return all, nil
}

func (h *Handler) scalingPages(ctx context.Context, in autoscaling.DescribeAutoScalingGroupsInput) iter.Seq2[[]asgtypes.AutoScalingGroup, error] {
	return readPages(ctx, h, bucketASG, h.api.asg.DescribeAutoScalingGroups, "list of Auto Scaling groups", func(token *string) *autoscaling.DescribeAutoScalingGroupsInput {
		in.MaxRecords, in.NextToken = aws.Int32(pageSize), token
		return &in
	}, func(o *autoscaling.DescribeAutoScalingGroupsOutput) ([]asgtypes.AutoScalingGroup, *string) {
		return o.AutoScalingGroups, o.NextToken
	})
}

func tagFilter(name, value string) asgtypes.Filter {
	return asgtypes.Filter{Name: aws.String(name), Values: []string{value}}
}
