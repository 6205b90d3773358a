// SPDX-License-Identifier: Apache-2.0

// Package pmksotel tells OpenTelemetry of what a [pmks.Client] does: a span for each
// call, wait and whole job, and metrics of how many, how long and how they ended.
//
//	observer, err := pmksotel.New()
//	client, err := pmks.Open(ctx, "aws", cfg, pmks.WithObserver(observer))
//
// It is a module of its own, so that programs without OpenTelemetry do not have
// its packages in their graph.
//
// # Spans
//
// A call is a span of kind client, named after its method, such as CreateCluster. A
// wait (Wait) and a whole job (Provision, Upgrade, PlanUpgrade, Teardown) are of kind internal,
// and the parents of the calls inside them. Requests of a vendor's SDK that
// creates spans itself are children of the call. A span of what failed has the status
// Error, with the text of the error, which holds no secrets.
//
// # Attributes
//
// Names are those of OpenTelemetry's semantic conventions where there is one:
// cloud.provider (aws, azure, gcp, alibaba_cloud, tencent_cloud, ibm_cloud, and nhn_cloud,
// which they do not list), k8s.cluster.name, error.type (the code of the error, such as
// NotFound). The others: pmks.operation, pmks.cluster.id, pmks.node_group.name,
// pmks.node_group.id, pmks.wait.goal, pmks.wait.attempts, pmks.job.retries,
// pmks.error.code and pmks.error.request_id (the vendor's).
//
// # Metrics
//
//   - pmks.operation.duration, a histogram in seconds: calls by pmks.operation,
//     cloud.provider and error.type, which is absent where the call succeeded. Its
//     count is the count of calls by outcome.
//   - pmks.wait.duration and pmks.wait.attempts: waits by pmks.wait.goal too. Numbers
//     in the goal, such as a version, are shown as N there, so that there
//     are few series.
//   - pmks.job.duration and pmks.job.retries: whole jobs.
package pmksotel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/pmks-go/pmks"
)

// ScopeName is the name of the tracer and of the meter.
const ScopeName = "github.com/pmks-go/pmks/pmksotel"

// Option changes what New makes.
type Option func(*options)

type options struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
}

// WithTracerProvider replaces the global tracer provider. Nil leaves it.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) {
		if p != nil {
			o.tracers = p
		}
	}
}

// WithMeterProvider replaces the global meter provider. Nil leaves it.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(o *options) {
		if p != nil {
			o.meters = p
		}
	}
}

// Observer is a [pmks.Observer]. It is safe for concurrent use, and one serves many
// clients.
type Observer struct {
	tracer trace.Tracer
	instruments
}

var _ pmks.Observer = (*Observer)(nil)

// New makes an Observer. The error is that of the meter provider, which refuses
// an instrument.
func New(opts ...Option) (*Observer, error) {
	o := options{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		opt(&o)
	}
	i, err := newInstruments(o.meters.Meter(ScopeName))
	if err != nil {
		return nil, fmt.Errorf("pmksotel: %w", err)
	}
	return &Observer{o.tracers.Tracer(ScopeName), i}, nil
}

// Begin implements [pmks.Observer].
func (o *Observer) Begin(ctx context.Context, e pmks.Event) context.Context {
	kind := trace.SpanKindClient
	if kindOf(e) != call {
		kind = trace.SpanKindInternal
	}
	ctx, _ = o.tracer.Start(ctx, e.Op, trace.WithSpanKind(kind), trace.WithTimestamp(e.Start),
		trace.WithAttributes(commonAttributes(e)...))
	return ctx
}

// End implements [pmks.Observer].
func (o *Observer) End(ctx context.Context, e pmks.Event) {
	o.record(ctx, e)
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		span.SetAttributes(targetAttributes(e)...)
		span.SetAttributes(endAttributes(e)...)
		if e.Err != nil {
			span.SetStatus(codes.Error, e.Err.Error())
		}
	}
	span.End(trace.WithTimestamp(e.Start.Add(e.Duration)))
}

// kind is what an event is of.
type kind int

const (
	call kind = iota
	wait
	job
)

func kindOf(e pmks.Event) kind {
	switch e.Op {
	case "Wait":
		return wait
	case "Provision", "Upgrade", "PlanUpgrade", "Teardown":
		return job
	}
	return call
}

// commonAttributes are those of spans and metrics alike, known at the beginning.
func commonAttributes(e pmks.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{attribute.String("pmks.operation", e.Op)}
	if e.Provider != "" {
		attrs = append(attrs, attribute.String("cloud.provider", cloudProvider(e.Provider)))
	}
	return attrs
}

// cloudProvider is the word of the semantic conventions for a provider of pmks.
func cloudProvider(provider string) string {
	switch provider {
	case "alibaba", "tencent", "ibm", "nhn":
		return provider + "_cloud"
	}
	return provider
}

func targetAttributes(e pmks.Event) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	for _, a := range []struct{ key, value string }{
		{"k8s.cluster.name", e.Cluster.NameId},
		{"pmks.cluster.id", e.Cluster.SystemId},
		{"pmks.node_group.name", e.NodeGroup.NameId},
		{"pmks.node_group.id", e.NodeGroup.SystemId},
		{"pmks.wait.goal", e.Goal},
	} {
		if a.value != "" {
			attrs = append(attrs, attribute.String(a.key, a.value))
		}
	}
	return attrs
}

// endAttributes are known at the end alone.
func endAttributes(e pmks.Event) []attribute.KeyValue {
	var attrs []attribute.KeyValue
	switch kindOf(e) {
	case wait:
		attrs = append(attrs, attribute.Int("pmks.wait.attempts", e.Attempts))
	case job:
		attrs = append(attrs, attribute.Int("pmks.job.retries", e.Retries))
	case call:
	}
	if e.Err == nil {
		return attrs
	}
	attrs = append(attrs, errorType(e.Err))
	var vendor *pmks.Error
	if errors.As(e.Err, &vendor) {
		if vendor.ProviderCode != "" {
			attrs = append(attrs, attribute.String("pmks.error.code", vendor.ProviderCode))
		}
		if vendor.RequestID != "" {
			attrs = append(attrs, attribute.String("pmks.error.request_id", vendor.RequestID))
		}
	}
	return attrs
}

func errorType(err error) attribute.KeyValue {
	return attribute.String("error.type", pmks.CodeOf(err).String())
}
