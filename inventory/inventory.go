// SPDX-License-Identifier: Apache-2.0

// Package inventory lists the clusters of many connections at once: clouds, regions,
// accounts.
//
//	for item, err := range inventory.List(ctx, sources) {
//		if err != nil {
//			log.Print(err) // names the source, and the cluster where it is one
//			continue
//		}
//		fmt.Println(item.Source, item.Cluster.IId.NameId, item.Cluster.Status)
//	}
//
// # What comes, and in which order
//
// Clusters come as they are read: the first while the others are still asked for. Of one
// source they keep its order; sources that have something ready take turns, so that a
// large one does not hold up the small.
//
// A failure is kept in its place and costs nothing but itself. It comes as an [*Error],
// which names the source. The Item of a cluster that could not be read has its IId; with
// a zero IId the source as a whole is incomplete. A source of which no such error came is
// complete, whatever became of the others, and also when the context ends: then each of
// the sources that it cut short is told, those that had not begun included.
//
// # Bounds
//
// At most [DefaultConcurrency] sources are listed at a time, or as many as
// [WithConcurrency] says, and of one [Source.Group] as many as [WithGroupConcurrency]
// says. What waits begins in the order of the sources, those of the group first of which
// the fewest are under way: the sources of a slow cloud do not take all the places.
//
// Within a source the handler's own bounds hold. The providers of this module keep at most
// six requests of a listing under way, at the rates of their cloud, and read that many
// clusters ahead of the loop. Memory is bounded by that, not by how many clusters there
// are: a loop that is slow slows the reading down. A handler that is no
// [pmks.ClusterStreamer] has its listing in memory as a whole.
//
// # The end
//
// Nothing begins before the loop, and nothing is left when it is over: a break, a return
// and a panic in its body end the requests under way and wait for that, as does the end of
// the context.
package inventory

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/pmks-go/pmks"
)

// Source is one connection: an account in a region of a cloud.
type Source struct {
	// Name tells the source from the others. It is required, and no two are the same.
	Name string
	// Handler is what is listed, such as a [*pmks.Client]. It stays open.
	Handler pmks.ClusterHandler
	// Open makes the handler where Handler is nil, when it is the turn of the source: what
	// is wrong with its credentials is then its failure alone. What it returns is closed
	// after its last cluster, if it is an io.Closer.
	Open func(context.Context) (pmks.ClusterHandler, error)
	// Group is the same for sources that are limited together, such as the regions of one
	// account. Empty means the provider that Handler reports in its capabilities, and a
	// group of its own where it reports none.
	Group string
}

// Item is one cluster.
type Item struct {
	// Source is the name of the source that it is in.
	Source string
	// Cluster is as ListCluster shows it: without Kubeconfig. [WithNamesOnly] leaves the
	// IId alone.
	Cluster pmks.ClusterInfo
}

// Error is what failed, and where. [errors.Is], [errors.As] and [pmks.CodeOf] see the
// error inside.
type Error struct {
	// Source is the name of the source.
	Source string
	// Err is what its handler failed with: a [*pmks.Error], except where Open failed.
	Err error
}

// Error returns the source and the error inside.
func (e *Error) Error() string { return fmt.Sprintf("inventory: source %q: %v", e.Source, e.Err) }

// Unwrap returns the error inside.
func (e *Error) Unwrap() error { return e.Err }

// List returns the clusters of the sources as they are read, each failure in its place:
// see the package. An error is always an [*Error], beside an Item with the same Source.
//
// ErrInvalidArgument: a source has no name, or that of an earlier one, or no handler; the
// others are listed. ErrTimeout: a source was given up, as [WithTimeout] says, or the
// deadline of ctx has passed. ErrCanceled. ErrInternal: a handler panicked. All others are
// those of the handlers.
//
// Each loop over the result lists anew.
func List(ctx context.Context, sources []Source, opts ...Option) iter.Seq2[Item, error] {
	sources = slices.Clone(sources)
	o := options{concurrency: DefaultConcurrency}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return func(yield func(Item, error) bool) {
		l := &listing{options: o, sources: sources, left: make(chan struct{}), results: make(chan result)}
		l.run(ctx, yield)
	}
}
