// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// Run runs the suite, each check as a subtest with a cloud of its own. In the end
// it logs which subtests were skipped, and why.
func Run(t *testing.T, h Harness) {
	var skips summary
	t.Cleanup(func() { skips.log(t) })
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if !h.Serial {
				t.Parallel()
			}
			s := &subtest{T: t}
			defer func() { skips.add(c.name, s.reason) }()
			if reason, known := h.Known[c.name]; known {
				s.Skipf("known to fail: %s", reason)
			}
			if !h.Bubble {
				c.start(s, h.open(s))
				return
			}
			synctest.Test(t, func(t *testing.T) {
				s.T = t
				c.start(s, h.open(s))
			})
			if s.reason != "" {
				t.SkipNow() // a skip inside a bubble does not show outside by itself
			}
		})
	}
}

// RunOne runs the check of one name against a cloud, for tests of the suite and of
// harnesses.
func RunOne(t T, name string, c *Cloud) {
	for _, check := range checks {
		if check.name == name {
			check.start(t, c.patient())
			return
		}
	}
	t.Fatalf("there is no subtest %q; there are %s", name, strings.Join(Names(), ", "))
}

// transient are the subtests that look at what is under way.
var transient = []string{
	"access/kubeconfig", "create-returns-at-once", "delete/node-group-twice", "delete/twice", "hangs/one-read-of-a-wait",
	"states/creating", "states/deleting", "states/node-group-creating", "states/node-group-deleting", "states/node-group-updating", "states/updating",
}

// start runs a check that the cloud is fit for.
func (c check) start(t T, cloud *Cloud) {
	t.Helper()
	if cloud.Hurried && slices.Contains(transient, c.name) {
		t.Skipf("the harness is Hurried: what is under way may be over before it is looked at")
	}
	c.run(t, cloud)
}

func (h Harness) open(t T) *Cloud { return h.Open(t).patient() }

// patient bounds every wait, and the harness may bound it further.
func (c *Cloud) patient() *Cloud {
	bounded := *c
	bounded.Wait = append([]pmks.WaitOption{pmks.WithMaxWait(Patience)}, c.Wait...)
	if bounded.Delay == 0 {
		bounded.Delay = 10 * time.Second
	}
	return &bounded
}

// subtest is a *testing.T that remembers why it was skipped.
type subtest struct {
	*testing.T
	reason string
}

// Skipf ends the check and keeps the reason.
func (s *subtest) Skipf(format string, args ...any) {
	s.T.Helper()
	s.reason = fmt.Sprintf(format, args...)
	s.T.Skip(s.reason)
}

// summary collects the subtests that were skipped.
type summary struct {
	mu    sync.Mutex
	lines []string
}

func (s *summary) add(name, reason string) {
	if reason == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, name+": "+reason)
}

func (s *summary) log(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return
	}
	slices.Sort(s.lines)
	t.Logf("%d of %d subtests were skipped:\n\t%s", len(s.lines), len(checks), strings.Join(s.lines, "\n\t"))
}
