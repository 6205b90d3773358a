// SPDX-License-Identifier: Apache-2.0

//go:build unix

package aws_test

import (
	"syscall"
	"testing"
	"time"
)

// processor returns the processor time that the process has used. Other processes
// on the machine change the time that passes, but not this.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOverhead compares the processor time of the handler with that of the
// calls by hand, a few calls of each in turn, so that whatever else the machine
// does meets all three alike. The difference to the same calls made together is
// what pmks costs. The difference to the serial ones is what it costs to make them
// together, in any program: each goroutine has to grow a stack for the SDK.
func BenchmarkOverhead(b *testing.B) {
	b.Run("GetCluster", func(b *testing.B) { compare(b, newOverhead(b), 20) })
	b.Run("ListCluster-of-100", func(b *testing.B) { compare(b, newListOverhead(b, 100), 1) })
}

// compare makes a number of calls of each way in turn.
func compare(b *testing.B, o overhead, turn int) {
	b.Helper()
	ways := []struct {
		unit string
		call func() error
		used time.Duration
	}{{"handler-cpu-us/op", o.handler, 0}, {"together-cpu-us/op", o.together, 0}, {"serial-cpu-us/op", o.serial, 0}}
	turns := 0
	for b.Loop() {
		turns++
		for i := range ways {
			start := processor(b)
			for range turn {
				if err := ways[i].call(); err != nil {
					b.Fatal(err)
				}
			}
			ways[i].used += processor(b) - start
		}
	}
	for _, w := range ways {
		b.ReportMetric(float64(w.used.Microseconds())/float64(turns*turn), w.unit)
	}
	more := func(than time.Duration) float64 { return 100 * (float64(ways[0].used)/float64(than) - 1) }
	b.ReportMetric(more(ways[1].used), "%-over-together")
	b.ReportMetric(more(ways[2].used), "%-over-serial")
}
