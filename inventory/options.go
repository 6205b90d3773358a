// SPDX-License-Identifier: Apache-2.0

package inventory

import "time"

// DefaultConcurrency is how many sources are listed at a time, unless WithConcurrency says
// otherwise.
const DefaultConcurrency = 64

// Option changes how List works.
type Option func(*options)

type options struct {
	concurrency      int
	groupConcurrency int // 0: no bound of its own
	timeout          time.Duration
	namesOnly        bool
	progress         func(Progress)
}

// WithConcurrency lists at most n sources at a time; less than 1 means
// [DefaultConcurrency].
func WithConcurrency(n int) Option {
	return func(o *options) {
		if o.concurrency = n; n < 1 {
			o.concurrency = DefaultConcurrency
		}
	}
}

// WithGroupConcurrency lists at most n sources of one group at a time, where a cloud
// counts the requests of several sources together. Less than 1 means no such bound, which
// is the default: the handlers of one account and region keep to its rates by themselves.
func WithGroupConcurrency(n int) Option {
	return func(o *options) { o.groupConcurrency = max(0, n) }
}

// WithTimeout gives up a source of which nothing has come for d, with ErrTimeout; what came
// before stays. The time in which it waits for the loop does not count. The default, and
// 0, is to wait as long as the context allows: a source gives up by itself when its cloud
// does not answer, but that takes minutes.
//
// A handler that does not stream has nothing to show before its whole listing is done.
func WithTimeout(d time.Duration) Option {
	return func(o *options) { o.timeout = max(0, d) }
}

// WithNamesOnly reads no more than the IId of each cluster. Where the handler is a
// [pmks.IIDLister], that is a call or two for each source.
func WithNamesOnly() Option {
	return func(o *options) { o.namesOnly = true }
}

// WithProgress calls f when a source begins and when it has ended, on the goroutine of the
// loop: f and the body of the loop may share what they like.
func WithProgress(f func(Progress)) Option {
	return func(o *options) { o.progress = f }
}

// Progress tells of a source that begins, before its first item, or that has ended, after
// its last.
type Progress struct {
	// Source is the name of the source that this is about, and Ended is true when it has no
	// more.
	Source string
	Ended  bool

	// Clusters and Failures are how many items came of the source, without an error and
	// with one; Incomplete: one of the failures is of the source as a whole.
	Clusters, Failures int
	Incomplete         bool
	// Duration is how long the source took, the time in which it waited for the loop
	// included.
	Duration time.Duration

	// Sources is how many there are. Of these, Waiting have not begun, and Running have
	// not ended.
	Sources, Waiting, Running int
}
