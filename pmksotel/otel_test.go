// SPDX-License-Identifier: Apache-2.0

package pmksotel_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/pmksotel"
)

// telemetry is an observer and what it told.
type telemetry struct {
	*pmksotel.Observer
	spans   *tracetest.InMemoryExporter
	metrics *sdkmetric.ManualReader
	tracer  trace.Tracer
}

func observe(t *testing.T) telemetry {
	t.Helper()
	spans, metrics := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	o, err := pmksotel.New(pmksotel.WithTracerProvider(tracers),
		pmksotel.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics))))
	if err != nil {
		t.Fatal(err)
	}
	return telemetry{o, spans, metrics, tracers.Tracer("vendor")}
}

// measured maps the name of an instrument and its attributes to count and sum.
func (m telemetry) measured(t *testing.T) map[string]string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.metrics.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			switch data := metric.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					got[metric.Name+text(p.Attributes.ToSlice())] = fmt.Sprintf("%d, %.0f%s", p.Count, p.Sum, metric.Unit)
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					got[metric.Name+text(p.Attributes.ToSlice())] = fmt.Sprintf("%d, %d%s", p.Count, p.Sum, metric.Unit)
				}
			default:
				t.Errorf("%s is a %T", metric.Name, data)
			}
		}
	}
	return got
}

func text(attrs []attribute.KeyValue) string {
	var list []string
	for _, a := range attrs {
		list = append(list, fmt.Sprintf("%s=%v", a.Key, a.Value.AsInterface()))
	}
	slices.Sort(list)
	return "{" + strings.Join(list, " ") + "}"
}

var request = pmks.ClusterInfo{
	IId:     pmks.IID{NameId: "demo"},
	Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc-01"}, SubnetIIDs: []pmks.IID{{NameId: "subnet-01"}, {NameId: "subnet-02"}}},
	NodeGroupList: []pmks.NodeGroupInfo{{
		IId: pmks.IID{NameId: "workers"}, VMSpecName: "small", DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
	}},
}

// TestSpans: a whole job is one trace, in which every call and wait hangs below what
// made it.
func TestSpans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := observe(t)
		cloud := fake.New(fake.WithProfile("aws"))
		cloud.Inject(fake.Fault{Op: "AddNodeGroup", Kind: fake.Throttle})
		client := pmks.New(cloud, pmks.WithObserver(m))
		info, err := pmks.Provision(t.Context(), client, request)
		if err != nil {
			t.Fatal(err)
		}
		spans := m.spans.GetSpans()
		names := map[trace.SpanID]string{}
		for _, s := range spans {
			names[s.SpanContext.SpanID()] = s.Name
		}
		tree := map[string]int{}
		for _, s := range spans {
			if s.SpanContext.TraceID() != spans[0].SpanContext.TraceID() {
				t.Errorf("%s is in a trace of its own", s.Name)
			}
			tree[fmt.Sprintf("%s < %s %s %s", s.Name, names[s.Parent.SpanID()], s.SpanKind, s.Status.Code)]++
		}
		for want, n := range map[string]int{
			"Provision <  internal Unset":                      1,
			"CreateCluster < Provision client Unset":           1,
			"AddNodeGroup < Provision client Error":            1,
			"AddNodeGroup < Provision client Unset":            1,
			"Wait < Provision internal Unset":                  3,
			"GetCluster < Wait client Unset":                   3,
			"SetNodeGroupAutoScaling < Provision client Unset": 1,
		} {
			if tree[want] < n {
				t.Errorf("%d spans %q, want %d; all: %v", tree[want], want, n, tree)
			}
		}
		job := spans[len(spans)-1]
		want := "{cloud.provider=aws k8s.cluster.name=demo pmks.cluster.id=" + info.IId.SystemId + " pmks.job.retries=1 pmks.operation=Provision}"
		if got := text(job.Attributes); got != want {
			t.Errorf("the job has %s, want %s", got, want)
		}
		if took := job.EndTime.Sub(job.StartTime).Minutes(); took < 5 || took > 60 {
			t.Errorf("the job took %.0f minutes", took)
		}
	})
}

// TestSpans_error: a span of what failed says how, with the vendor's code and request.
func TestSpans_error(t *testing.T) {
	t.Parallel()
	m := observe(t)
	client := pmks.New(failing{}, pmks.WithObserver(m))
	_, err := client.GetCluster(t.Context(), pmks.IID{NameId: "demo", SystemId: "c-1"})
	spans := m.spans.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans", len(spans))
	}
	s := spans[0]
	if s.Status.Code != codes.Error || s.Status.Description != err.Error() {
		t.Errorf("the status is %+v, want that of %v", s.Status, err)
	}
	want := "{error.type=PermissionDenied k8s.cluster.name=demo pmks.cluster.id=c-1 pmks.error.code=AccessDenied " +
		"pmks.error.request_id=r-1 pmks.operation=GetCluster}"
	if got := text(s.Attributes); got != want {
		t.Errorf("the span has %s, want %s", got, want)
	}
}

type failing struct{ pmks.ClusterHandler }

func (failing) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) {
	return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodePermissionDenied, ProviderCode: "AccessDenied",
		RequestID: "r-1", HTTPStatus: http.StatusForbidden, Message: "no"}
}

// TestSpans_vendor: a span that the vendor's SDK makes is a child of the call.
func TestSpans_vendor(t *testing.T) {
	t.Parallel()
	m := observe(t)
	client := pmks.New(traced{tracer: m.tracer}, pmks.WithObserver(m))
	if _, err := client.GetCluster(t.Context(), pmks.IID{NameId: "demo"}); err != nil {
		t.Fatal(err)
	}
	spans := m.spans.GetSpans()
	if len(spans) != 2 || spans[0].Name != "GET" || spans[0].Parent.SpanID() != spans[1].SpanContext.SpanID() {
		t.Errorf("the spans are %+v", spans)
	}
}

// traced is a handler whose requests make spans.
type traced struct {
	pmks.ClusterHandler
	tracer trace.Tracer
}

func (h traced) GetCluster(ctx context.Context, _ pmks.IID) (pmks.ClusterInfo, error) {
	_, span := h.tracer.Start(ctx, "GET")
	defer span.End()
	return pmks.ClusterInfo{}, nil
}

// TestMetrics counts what happened by outcome, with few series.
func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := observe(t)
		client := pmks.New(fake.New(fake.WithProfile("aws")), pmks.WithObserver(m))
		info, err := pmks.Provision(t.Context(), client, request)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if _, err := pmks.WaitNodeCount(t.Context(), client, info.IId, pmks.IID{NameId: "workers"}, 2+n%2, pmks.WithMaxWait(1)); n%2 == 0 && err != nil {
				t.Fatal(err)
			}
		}
		_, _ = client.GetCluster(t.Context(), pmks.IID{NameId: "nowhere"}) //nolint:errcheck // counted below
		got := m.measured(t)
		for _, want := range []string{
			"pmks.operation.duration{cloud.provider=aws pmks.operation=CreateCluster}: 1, 0s",
			"pmks.operation.duration{cloud.provider=aws error.type=NotFound pmks.operation=GetCluster}: 1, 0s",
			"pmks.wait.attempts{cloud.provider=aws pmks.operation=Wait pmks.wait.goal=N nodes}: 2, 2{attempt}",
			"pmks.wait.attempts{cloud.provider=aws error.type=Timeout pmks.operation=Wait pmks.wait.goal=N nodes}: 1, 1{attempt}",
			"pmks.job.retries{cloud.provider=aws pmks.operation=Provision}: 1, 0{call}",
		} {
			key, value, _ := strings.Cut(want, ": ")
			if got[key] != value {
				t.Errorf("%s is %q, want %q; all: %q", key, got[key], value, got)
			}
		}
	})
}

// TestSecrets: nothing that an observer is told of holds a secret, whatever fails.
func TestSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := observe(t)
		client := pmks.New(fake.New(fake.WithProfile("aws")), pmks.WithObserver(m))
		info, err := pmks.Provision(t.Context(), client, request)
		if err != nil {
			t.Fatal(err)
		}
		token, err := client.GenerateClusterToken(t.Context(), info.IId)
		if err != nil {
			t.Fatal(err)
		}
		told := fmt.Sprintf("%+v %+v", m.spans.GetSpans(), m.measured(t))
		if strings.Contains(told, token.Value) || strings.Contains(told, "client-key-data") || len(told) < 1000 {
			t.Errorf("%d characters were told, with a secret or nothing", len(told))
		}
	})
}

// TestSpans_plan: PlanUpgrade is a whole job, and the parent of its reads.
func TestSpans_plan(t *testing.T) {
	t.Parallel()
	m := observe(t)
	client := pmks.New(fake.New(fake.WithProfile("aws"), fake.WithClusters(fake.Cluster{Name: "demo", Version: "1.32"})), pmks.WithObserver(m))
	if _, err := pmks.PlanUpgrade(t.Context(), client, pmks.IID{NameId: "demo"}, "1.33"); err != nil {
		t.Fatal(err)
	}
	spans := m.spans.GetSpans()
	plan := spans[len(spans)-1]
	if plan.Name != "PlanUpgrade" || plan.SpanKind != trace.SpanKindInternal || len(spans) < 3 {
		t.Errorf("%s is of kind %s, with %d spans", plan.Name, plan.SpanKind, len(spans))
	}
	for _, s := range spans[:len(spans)-1] {
		if s.Parent.SpanID() != plan.SpanContext.SpanID() || s.SpanKind != trace.SpanKindClient {
			t.Errorf("%s is of kind %s below %s", s.Name, s.SpanKind, s.Parent.SpanID())
		}
	}
	for name := range m.measured(t) {
		if strings.Contains(name, "pmks.operation=PlanUpgrade") && !strings.HasPrefix(name, "pmks.job.") {
			t.Errorf("it is counted as %s", name)
		}
	}
}

// TestSpans_several: two observers on one client each end their own spans.
func TestSpans_several(t *testing.T) {
	t.Parallel()
	a, b := observe(t), observe(t)
	client := pmks.New(fake.New(), pmks.WithObserver(a), pmks.WithObserver(b))
	if _, err := client.ListCluster(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]telemetry{"first": a, "second": b} {
		if spans := m.spans.GetSpans(); len(spans) != 1 || spans[0].Name != "ListCluster" {
			t.Errorf("the %s observer ended %d spans", name, len(spans))
		}
	}
}

// TestNew_nil: providers that are nil leave the global ones.
func TestNew_nil(t *testing.T) {
	t.Parallel()
	o, err := pmksotel.New(pmksotel.WithTracerProvider(nil), pmksotel.WithMeterProvider(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pmks.New(fake.New(), pmks.WithObserver(o)).ListCluster(t.Context()); err != nil {
		t.Error(err)
	}
}
