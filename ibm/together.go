// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"runtime"
	"sync"
	"weak"

	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// together is what the handlers of a program that share a limiter tell each other, so that
// the calls of one do not undo those of another.
type together struct {
	// labelled are the changes of labels by the ids of clusters, and making are the names
	// of what calls with a second step are making, behind the id of its cluster.
	labelled, making sync.Map
}

// known are those of the process. They go with the limiter.
var known struct {
	sync.Mutex
	by map[weak.Pointer[fanout.Limiter]]*together
}

func togetherBy(l *fanout.Limiter) *together {
	key := weak.Make(l)
	known.Lock()
	defer known.Unlock()
	if known.by == nil {
		known.by = map[weak.Pointer[fanout.Limiter]]*together{}
	}
	if known.by[key] == nil {
		known.by[key] = &together{}
		runtime.AddCleanup(l, func(key weak.Pointer[fanout.Limiter]) {
			known.Lock()
			defer known.Unlock()
			delete(known.by, key)
		}, key)
	}
	return known.by[key]
}
