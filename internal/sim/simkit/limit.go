// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"maps"
	"slices"
	"time"
)

// Bucket is a rate limit: each call takes a token out of the bucket, and one that
// finds none is refused and told when the next one comes.
type Bucket struct {
	// Level is what enforces it, such as "arm". A call takes a token at every
	// level: out of the first bucket of the list there that fits it.
	Level string
	// Service is that of the calls, as Call has it; empty means every one.
	Service string
	// Ops are operations, or classes of them as Exchange.Class has them, that share
	// the bucket; empty means all.
	Ops []string
	// Per is what has a bucket of its own: "" nothing, "op" each operation,
	// "cluster" and "nodeGroup" each of those, or a word that the simulator
	// explains.
	Per string
	// Burst is how many tokens a full bucket holds.
	Burst int
	// Every is how long it takes for a token to come back.
	Every time.Duration
	// Window, unless 0, is what the tokens are for in place of Every: they all come
	// back when the next window of the clock begins, such as a full minute.
	Window time.Duration
}

// Quota is what a window has left.
type Quota struct {
	// Calls is how many more are taken until the next window begins, at Until.
	Calls int
	Until time.Time
}

// Limits returns the rate limits that a simulator is given: none if it is to be
// unlimited, else its own, or without those the published ones.
func Limits(unlimited bool, own []Bucket, published func() []Bucket) []Bucket {
	switch {
	case unlimited:
		return nil
	case own == nil:
		return published()
	}
	return own
}

func (b *Bucket) fits(x *Exchange) bool {
	return (b.Service == "" || b.Service == x.Entry.Service) &&
		(len(b.Ops) == 0 || slices.Contains(b.Ops, x.Entry.Op) || x.Class != "" && slices.Contains(b.Ops, x.Class))
}

func (b *Bucket) key(x *Exchange, of func(string) string) string {
	switch {
	case b.Per == "":
		return ""
	case b.Per == "op":
		return x.Entry.Op
	case of != nil:
		if key := of(b.Per); key != "" {
			return key
		}
	}
	switch b.Per {
	case "cluster":
		return x.Entry.Cluster
	case "nodeGroup":
		return x.Entry.Cluster + "/" + x.Entry.NodeGroup
	}
	return ""
}

// limits holds buckets with their levels.
type limits []*limit

type limit struct {
	Bucket
	// full is when the bucket of a key is full again, which says how much was
	// taken out of it; used is what was, in the window that ends then.
	full map[string]time.Time
	used map[string]int
}

// keysKept is how many keys a limit keeps before those that are full are dropped.
const keysKept = 1000

func newLimits(buckets []Bucket) limits {
	var list limits
	for _, b := range buckets {
		b.Ops = slices.Clone(b.Ops)
		list = append(list, &limit{b, map[string]time.Time{}, map[string]int{}})
	}
	return list
}

// after returns when the bucket of a key is full again once another token is taken,
// and how long to wait until there is one.
func (l *limit) after(now time.Time, key string) (full time.Time, wait time.Duration) {
	full = l.full[key]
	if l.Window > 0 {
		end := now.Truncate(l.Window).Add(l.Window)
		if full.Equal(end) && l.used[key] >= l.Burst {
			return end, end.Sub(now)
		}
		return end, 0
	}
	if full.Before(now) {
		full = now
	}
	full = full.Add(l.Every)
	return full, max(0, full.Sub(now)-time.Duration(l.Burst)*l.Every)
}

// take takes the tokens of a call, at every level or at none, and returns how long
// to wait if one is missing; x.Exhausted is the bucket then.
func (list limits) take(x *Exchange, of func(string) string) (wait time.Duration) {
	type debit struct {
		from *limit
		key  string
		full time.Time
	}
	var debits []debit
	var levels []string
	for _, l := range list {
		if slices.Contains(levels, l.Level) || !l.fits(x) {
			continue
		}
		levels = append(levels, l.Level)
		key := l.key(x, of)
		full, more := l.after(x.Now, key)
		if more > wait {
			wait, x.Exhausted = more, &l.Bucket
			if l.Window > 0 {
				x.Quota = &Quota{Until: full}
			}
		}
		debits = append(debits, debit{l, key, full})
	}
	if wait > 0 {
		return wait
	}
	for _, d := range debits {
		if len(d.from.full) > keysKept {
			maps.DeleteFunc(d.from.full, func(_ string, at time.Time) bool { return !at.After(x.Now) })
			maps.DeleteFunc(d.from.used, func(key string, _ int) bool { return d.from.full[key].IsZero() })
		}
		if !d.from.full[d.key].Equal(d.full) {
			d.from.used[d.key] = 0
		}
		d.from.used[d.key]++
		d.from.full[d.key] = d.full
		if d.from.Window > 0 {
			x.Quota = &Quota{Calls: d.from.Burst - d.from.used[d.key], Until: d.full}
		}
	}
	return 0
}
