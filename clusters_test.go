// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// listOnly hides that the fake can stream.
type listOnly struct{ pmks.ClusterHandler }

func TestClusters(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "a"}, fake.Cluster{Name: "b"}, fake.Cluster{Name: "c"}))
	h.Inject(fake.Fault{Op: "GetCluster", Cluster: "b", Kind: fake.Refuse, Code: pmks.CodePermissionDenied, Times: -1})
	for _, test := range []struct {
		name string
		h    pmks.ClusterHandler
		want []string
	}{
		{"streamer", h, []string{"a", "b!", "c"}},
		{"client", pmks.New(h), []string{"a", "b!", "c"}},
		{"list", listOnly{h}, []string{"a", "c", "b!"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var events []pmks.Event
			c, ok := test.h.(*pmks.Client)
			if !ok {
				c = pmks.New(test.h, pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) { events = append(events, e) })))
			}
			var got []string
			for info, err := range pmks.Clusters(t.Context(), c) {
				name := info.IId.NameId
				if err != nil {
					name += "!"
					var e *pmks.Error
					if !errors.As(err, &e) || e.Cluster.NameId != "b" || e.Op != map[bool]string{true: "ListCluster", false: "Clusters"}[test.name == "list"] || e.Code != pmks.CodePermissionDenied || info.Status != "" {
						t.Errorf("got %+v with %v", info, err)
					}
				}
				got = append(got, name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if !ok && (len(events) != 1 || events[0].Op != "Clusters" || !errors.Is(events[0].Err, pmks.ErrPermissionDenied)) {
				t.Errorf("events are %+v", events)
			}
			for range pmks.Clusters(t.Context(), c) {
				break
			}
			if !ok && (len(events) != 2 || events[1].Err != nil) {
				t.Errorf("a loop that is left tells %+v", events)
			}
		})
	}
}

// TestClusters_refused: what ends before the listing begins is yielded once.
func TestClusters_refused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, seq := range []iter.Seq2[pmks.ClusterInfo, error]{pmks.Clusters(ctx, fake.New()), pmks.Clusters(ctx, listOnly{fake.New()})} {
		n := 0
		for _, err := range seq {
			if n++; !errors.Is(err, pmks.ErrCanceled) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d results", n)
		}
	}
}

func TestClient_SetTags(t *testing.T) {
	t.Parallel()
	h := fake.New(fake.WithClusters(fake.Cluster{Name: "a", TagList: []pmks.KeyValue{{Key: "env", Value: "test"}}}))
	c, iid := pmks.New(h), pmks.IID{NameId: "a"}
	tags := []pmks.KeyValue{{Key: "team", Value: "blue"}}
	if err := c.SetTags(t.Context(), iid, tags); err != nil {
		t.Fatal(err)
	}
	if info, err := c.GetCluster(t.Context(), iid); err != nil || !slices.Equal(info.TagList, tags) {
		t.Errorf("got %v, %v", info.TagList, err)
	}
	checkFields(t, c.SetTags(t.Context(), pmks.IID{}, []pmks.KeyValue{{Key: ""}}),
		map[string]pmks.Code{"clusterIID": pmks.CodeInvalidArgument, "TagList[0].Key": pmks.CodeInvalidArgument})
	if err := pmks.New(listOnly{h}).SetTags(t.Context(), iid, tags); !errors.Is(err, pmks.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	if _, err := pmks.New(listOnly{h}).UpgradeFindings(t.Context(), iid, "1.35"); !errors.Is(err, pmks.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
