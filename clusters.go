// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"iter"

	"github.com/pmks-go/pmks/internal/errtree"
)

// Clusters returns the clusters of a connection one after another, as ListCluster shows
// them: with the handler's own stream where it is a [ClusterStreamer], so that the first
// come before the last are read, else out of its ListCluster.
//
// A cluster that could not be read is yielded with its error, which names it, and the IId
// alone, where a streamer has it in its place, else after the others. An error with a zero ClusterInfo is one of the whole listing.
// The listing begins with the loop and ends with it: a break leaves no request under way.
func Clusters(ctx context.Context, h ClusterHandler) iter.Seq2[ClusterInfo, error] {
	c, ok := h.(*Client)
	if !ok {
		c = New(h)
	}
	return c.Clusters(ctx)
}

// Clusters implements [ClusterStreamer], as the function [Clusters] does it.
func (c *Client) Clusters(ctx context.Context) iter.Seq2[ClusterInfo, error] {
	return func(yield func(ClusterInfo, error) bool) {
		call, begun := c.begin(ctx, "Clusters", IID{}, IID{}), false
		err := call.run(nil, func(ctx context.Context) error {
			begun = true
			var failures faults
			for info, err := range streamClusters(ctx, call.c.h) {
				err = Annotate(err, Error{Provider: call.c.provider, Op: "Clusters", Cluster: info.IId})
				failures.addErr(err)
				if !yield(info, err) {
					break
				}
			}
			return failures.err()
		})
		if !begun {
			yield(ClusterInfo{}, err)
		}
	}
}

func streamClusters(ctx context.Context, h ClusterHandler) iter.Seq2[ClusterInfo, error] {
	if s, ok := h.(ClusterStreamer); ok {
		return s.Clusters(ctx)
	}
	return func(yield func(ClusterInfo, error) bool) {
		clusters, err := h.ListCluster(ctx)
		for _, info := range clusters {
			if !yield(*info, nil) {
				return
			}
		}
		for _, failure := range partsOf(err) {
			info := ClusterInfo{}
			var e *Error
			if errors.As(failure, &e) {
				info.IId = e.Cluster
			}
			if !yield(info, failure) {
				return
			}
		}
	}
}

// partsOf are the errors that one joins; none of nil.
func partsOf(err error) []error {
	if err == nil {
		return nil
	}
	if parts := errtree.Parts(err); parts != nil {
		return parts
	}
	return []error{err}
}
