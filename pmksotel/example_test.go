// SPDX-License-Identifier: Apache-2.0

package pmksotel_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/pmksotel"
)

func Example() {
	spans := tracetest.NewInMemoryExporter() // an exporter of yours
	observer, err := pmksotel.New(pmksotel.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))))
	if err != nil {
		fmt.Println(err)
		return
	}
	client := pmks.New(fake.New(), pmks.WithObserver(observer))
	_, err = client.GetCluster(context.Background(), pmks.IID{NameId: "nowhere"})
	for _, s := range spans.GetSpans() {
		fmt.Println(s.Name, s.Status.Code, pmks.CodeOf(err))
	}
	// Output: GetCluster Error NotFound
}
