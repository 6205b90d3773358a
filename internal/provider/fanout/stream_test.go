// SPDX-License-Identifier: Apache-2.0

package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// paged yields 0 to n-1 in pages, and then err if there is one.
func paged(n, page int, err error) iter.Seq2[[]int, error] {
	return func(yield func([]int, error) bool) {
		for i := 0; i < n; i += page {
			var items []int
			for j := i; j < min(n, i+page); j++ {
				items = append(items, j)
			}
			if !yield(items, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func aboutItem(i int) pmks.IID { return pmks.IID{NameId: fmt.Sprint("c", i)} }

func failedItem(i int) string { return fmt.Sprint("failed ", i) }

func TestStream(t *testing.T) {
	t.Parallel()
	read := func(_ context.Context, i int) (string, error) {
		switch i {
		case 3:
			return "", &pmks.Error{Code: pmks.CodeNotFound}
		case 5:
			return "", &pmks.Error{Code: pmks.CodePermissionDenied}
		case 6:
			panic("secret")
		}
		return fmt.Sprint(i), nil
	}
	var got []string
	for s, err := range fanout.Stream(t.Context(), paged(9, 2, &pmks.Error{Code: pmks.CodeUnavailable}), aboutItem, read, failedItem) {
		if err != nil {
			var e *pmks.Error
			errors.As(err, &e)
			s += "!" + pmks.CodeOf(err).String() + e.Cluster.NameId
		}
		got = append(got, s)
	}
	if want := "0,1,2,4,failed 5!PermissionDeniedc5,failed 6!Internalc6,7,8,!Unavailable"; strings.Join(got, ",") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ","), want)
	}
}

// TestStream_early: the first item is handed over before the last page is asked for, and
// a loop that breaks leaves nothing under way (the package's goleak sees to that).
func TestStream_early(t *testing.T) {
	t.Parallel()
	var pages, reads, over atomic.Int64
	counted := func(yield func([]int, error) bool) {
		for items, err := range paged(1000, 10, nil) {
			pages.Add(1)
			if !yield(items, err) {
				return
			}
		}
	}
	for s, err := range fanout.Stream(t.Context(), counted, aboutItem, func(ctx context.Context, i int) (string, error) {
		reads.Add(1)
		if i > 0 { // hangs until the loop is left
			<-ctx.Done()
			over.Add(1)
			return "", ctx.Err()
		}
		return "first", nil
	}, failedItem) {
		if s != "first" || err != nil {
			t.Errorf("got %q, %v", s, err)
		}
		break
	}
	if pages.Load() > 2 || reads.Load() > 2*fanout.Slots || over.Load() != reads.Load()-1 {
		t.Errorf("%d pages, %d reads of which %d were ended", pages.Load(), reads.Load(), over.Load())
	}
}

// TestStream_callerEnds: the end of the caller's context is told once, and as such.
func TestStream_callerEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var codes []pmks.Code
	for _, err := range fanout.Stream(ctx, paged(100, 7, nil), aboutItem, func(ctx context.Context, i int) (string, error) {
		if i == 4 {
			cancel()
		}
		return "", ctx.Err()
	}, failedItem) {
		if err != nil {
			codes = append(codes, pmks.CodeOf(err))
		}
	}
	if len(codes) != 1 || codes[0] != pmks.CodeCanceled {
		t.Errorf("got %v", codes)
	}
	n := 0
	for _, err := range fanout.Stream(ctx, paged(3, 3, nil), aboutItem, func(context.Context, int) (string, error) { return "", nil }, failedItem) {
		if n++; pmks.CodeOf(err) != pmks.CodeCanceled {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d results of a stream whose context was over", n)
	}
}
