// SPDX-License-Identifier: Apache-2.0

package pmksotel

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/pmks-go/pmks"
)

// callSeconds and longSeconds are the bounds of the histograms: a call takes up to
// a minute, what is waited for up to hours.
var (
	callSeconds = []float64{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	longSeconds = []float64{1, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200}
	counts      = []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500}
)

type instruments struct {
	callDuration metric.Float64Histogram
	waitDuration metric.Float64Histogram
	waitAttempts metric.Int64Histogram
	jobDuration  metric.Float64Histogram
	jobRetries   metric.Int64Histogram
}

func newInstruments(m metric.Meter) (i instruments, err error) {
	seconds := func(name, text string, bounds []float64) metric.Float64Histogram {
		h, failure := m.Float64Histogram(name, metric.WithDescription(text), metric.WithUnit("s"),
			metric.WithExplicitBucketBoundaries(bounds...))
		if err == nil {
			err = failure
		}
		return h
	}
	number := func(name, text, unit string) metric.Int64Histogram {
		h, failure := m.Int64Histogram(name, metric.WithDescription(text), metric.WithUnit(unit),
			metric.WithExplicitBucketBoundaries(counts...))
		if err == nil {
			err = failure
		}
		return h
	}
	i = instruments{
		callDuration: seconds("pmks.operation.duration", "How long calls of a client took.", callSeconds),
		waitDuration: seconds("pmks.wait.duration", "How long waits took.", longSeconds),
		waitAttempts: number("pmks.wait.attempts", "How often a wait looked.", "{attempt}"),
		jobDuration:  seconds("pmks.job.duration", "How long whole jobs took.", longSeconds),
		jobRetries:   number("pmks.job.retries", "How many calls a whole job made again.", "{call}"),
	}
	return i, err
}

func (i instruments) record(ctx context.Context, e pmks.Event) {
	attrs := commonAttributes(e)
	if e.Err != nil {
		attrs = append(attrs, errorType(e.Err))
	}
	took := e.Duration.Seconds()
	switch kindOf(e) {
	case call:
		i.callDuration.Record(ctx, took, metric.WithAttributes(attrs...))
	case wait:
		attrs = append(attrs, attribute.String("pmks.wait.goal", withoutNumbers(e.Goal)))
		set := metric.WithAttributeSet(attribute.NewSet(attrs...))
		i.waitDuration.Record(ctx, took, set)
		i.waitAttempts.Record(ctx, int64(e.Attempts), set)
	case job:
		set := metric.WithAttributeSet(attribute.NewSet(attrs...))
		i.jobDuration.Record(ctx, took, set)
		i.jobRetries.Record(ctx, int64(e.Retries), set)
	}
}

// withoutNumbers replaces the words of a goal that hold a digit, such as a version,
// which would make a series of their own each.
func withoutNumbers(goal string) string {
	words := strings.Fields(goal)
	for i, word := range words {
		if strings.ContainsAny(word, "0123456789") {
			words[i] = "N"
		}
	}
	return strings.Join(words, " ")
}
