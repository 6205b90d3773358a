// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

var patienceChecks = []check{
	{"hangs/one-read-of-a-wait", hangingRead},
	{"retries/reported", retriesReported},
}

// hangingRead: a read that is never answered costs a wait its own deadline, not the
// wait.
func hangingRead(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	info := c.up(t, "silent")
	g := first(t, info)
	const most = 10 * time.Minute
	for what, wait := range map[string]func() error{
		"WaitClusterActive": func() error {
			_, err := pmks.WaitClusterActive(t.Context(), c.Handler, info.IId, c.Wait...)
			return err
		},
		"WaitNodeGroupActive": func() error {
			_, err := pmks.WaitNodeGroupActive(t.Context(), c.Handler, info.IId, g, c.Wait...)
			return err
		},
	} {
		stop := c.inject("", "", Hang, 1)
		start := time.Now()
		err := wait()
		stop()
		if err != nil {
			t.Errorf("%s, one read of which hangs: %v", what, err)
		}
		if took := time.Since(start); took > most {
			t.Errorf("%s, one read of which hangs, took %s: want less than %s", what, took, most)
		}
	}
}

// retriesReported: while a job repeats a mutation that the cloud does not take yet,
// its caller is told, with the cause.
func retriesReported(t T, c *Cloud) {
	need(t, "Inject", c.Inject != nil)
	// On some clouds all groups come with the create request and nothing is added.
	_, later := c.split(t, c.twoGroups("slow"))
	c.whileThrottled(t, "CreateCluster", true, func(opts []pmks.WaitOption) error {
		_, err := pmks.Provision(t.Context(), c.Handler, c.twoGroups("slow"), opts...)
		return err
	})
	c.whileThrottled(t, "AddNodeGroup", len(later) > 0, func(opts []pmks.WaitOption) error {
		_, err := pmks.Provision(t.Context(), c.Handler, c.twoGroups("slower"), opts...)
		return err
	})
	c.whileThrottled(t, "DeleteCluster", true, func(opts []pmks.WaitOption) error {
		return pmks.Teardown(t.Context(), c.Handler, pmks.IID{NameId: "slow"}, opts...)
	})
}

// whileThrottled runs a job, a mutation of which is throttled from the first one on
// until its caller was told, or gave up.
func (c *Cloud) whileThrottled(t T, op string, expected bool, job func(opts []pmks.WaitOption) error) {
	t.Helper()
	stop := c.inject(op, "", Throttle, -1)
	defer stop()
	told := false
	err := job(append([]pmks.WaitOption{pmks.WithProgress(func(p pmks.Progress) {
		if strings.Contains(p.Reason, pmks.CodeThrottled.String()) {
			told = true
			stop()
		}
	})}, c.Wait...))
	if told != expected {
		t.Errorf("%s was throttled; told so: %t, want %t; the job ended with %v", op, told, expected, err)
	}
	if (told || !expected) && err != nil {
		t.Errorf("a job whose %s was throttled for a while: %v", op, err)
	}
}
