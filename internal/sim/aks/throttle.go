// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// BucketScope says what has a bucket of its own.
type BucketScope int

// The scopes of buckets.
const (
	PerSubscription BucketScope = iota
	PerResourceGroup
	PerCluster
	PerPool
)

// Bucket is a token bucket: each call takes a token, and a call that finds none is
// refused with 429 and the seconds until the next one.
type Bucket struct {
	// Ops are the operations that share it; empty means every one of AKS that is
	// in no other bucket.
	Ops   []string
	Scope BucketScope
	// Burst is how many tokens a full bucket holds.
	Burst int
	// Every is how long it takes for a token to come back.
	Every time.Duration
}

// DefaultBuckets returns the limits of the AKS resource provider as its
// documentation lists them (quotas, SKUs and regions: throttling limits).
func DefaultBuckets() []Bucket {
	return []Bucket{
		{Ops: []string{"ManagedClusters_List"}, Scope: PerSubscription, Burst: 500, Every: time.Second},
		{Ops: []string{"ManagedClusters_ListByResourceGroup"}, Scope: PerResourceGroup, Burst: 60, Every: time.Second},
		{Ops: []string{"ManagedClusters_CreateOrUpdate"}, Scope: PerCluster, Burst: 20, Every: time.Minute},
		{Ops: []string{"AgentPools_CreateOrUpdate"}, Scope: PerPool, Burst: 20, Every: time.Minute},
		{Ops: []string{"ManagedClusters_Get"}, Scope: PerCluster, Burst: 60, Every: time.Second},
		{Ops: []string{"Operations_GetStatus"}, Scope: PerSubscription, Burst: 200, Every: time.Second / 2},
		{Scope: PerSubscription, Burst: 60, Every: time.Second},
	}
}

// bucketState is a bucket with the levels of its instances.
type bucketState struct {
	Bucket
	levels map[string]bucketLevel
}

// bucketLevel says how much was taken, as the time at which the bucket is full
// again.
type bucketLevel struct{ full time.Time }

// levelLimit is how many levels are kept before those that are full are dropped.
const levelLimit = 1000

func newBuckets(list []Bucket) []bucketState {
	var states []bucketState
	for _, b := range list {
		b.Ops = slices.Clone(b.Ops)
		states = append(states, bucketState{b, map[string]bucketLevel{}})
	}
	return states
}

// takeToken refuses a call too many.
func (s *Server) takeToken(c *call) *apiError {
	i := slices.IndexFunc(s.buckets, func(b bucketState) bool { return slices.Contains(b.Ops, c.op) })
	if i < 0 && c.service == containerService {
		i = slices.IndexFunc(s.buckets, func(b bucketState) bool { return len(b.Ops) == 0 })
	}
	if i < 0 {
		return nil
	}
	if wait := s.buckets[i].take(c); wait > 0 {
		return throttled(c).after(wait)
	}
	return nil
}

// take takes a token and returns how long to wait if there is none.
func (b *bucketState) take(c *call) time.Duration {
	var key string
	switch b.Scope {
	case PerPool:
		key = keyOf(c.group(), c.vars["cluster"]) + "/" + strings.ToLower(c.vars["pool"])
	case PerCluster:
		key = keyOf(c.group(), c.vars["cluster"])
	case PerResourceGroup:
		key = strings.ToLower(c.group())
	default: // one for the subscription
	}
	if len(b.levels) > levelLimit {
		maps.DeleteFunc(b.levels, func(_ string, l bucketLevel) bool { return !l.full.After(c.now) })
	}
	full := b.levels[key].full
	if full.Before(c.now) {
		full = c.now
	}
	full = full.Add(b.Every)
	if over := full.Sub(c.now) - time.Duration(b.Burst)*b.Every; over > 0 {
		return over
	}
	b.levels[key] = bucketLevel{full}
	return 0
}
