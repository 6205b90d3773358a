// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/pmks-go/pmks"
)

var (
	calls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pmks_operator_calls_total", Help: "Calls of pmks that have ended, by the code of their error, OK for none.",
	}, []string{"connection", "op", "code"})
	seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pmks_operator_call_seconds", Help: "How long calls of pmks take.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 8),
	}, []string{"connection", "op"})
	waits = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "pmks_operator_waits", Help: "Waits for clusters and node groups that are under way.",
	}, countedWaits)
)

func init() { metrics.Registry.MustRegister(calls, seconds, waits) }

var (
	countedMu sync.Mutex
	counted   []*Waits
)

// countWaits adds waits to the metric of those that are under way.
func countWaits(list ...*Waits) {
	countedMu.Lock()
	defer countedMu.Unlock()
	counted = append(counted, list...)
}

func countedWaits() (n float64) {
	countedMu.Lock()
	defer countedMu.Unlock()
	for _, w := range counted {
		n += float64(w.Count())
	}
	return n
}

// Observe counts the calls of a connection. Waits are told as well, and are not calls:
// they have a metric of their own.
func Observe(connection string) pmks.Observer {
	return ended(func(e pmks.Event) {
		if e.Op == "Wait" {
			return
		}
		calls.WithLabelValues(connection, e.Op, pmks.CodeOf(e.Err).String()).Inc()
		seconds.WithLabelValues(connection, e.Op).Observe(e.Duration.Seconds())
	})
}

func ended(f func(pmks.Event)) pmks.Observer {
	return pmks.ObserverFunc(func(_ context.Context, e pmks.Event) { f(e) })
}
