// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// tracer is an observer as a tracing library is one: what begins inside another
// knows its parent by the context.
type tracer struct {
	name  string
	steps *[]string
}

type spanKey struct{ tracer string }

func (r tracer) Begin(ctx context.Context, e pmks.Event) context.Context {
	path := r.path(ctx)
	if path != "" {
		path += "/"
	}
	path += e.Op
	if e.Goal != "" {
		path += "(" + e.Goal + ")"
	}
	*r.steps = append(*r.steps, r.name+"+"+path)
	return context.WithValue(ctx, spanKey{r.name}, path)
}

func (r tracer) End(ctx context.Context, _ pmks.Event) {
	*r.steps = append(*r.steps, r.name+"-"+r.path(ctx))
}

func (r tracer) path(ctx context.Context) string {
	path, _ := ctx.Value(spanKey{r.name}).(string)
	return path
}

// TestObserver_parents: a job is the parent of its calls and waits, a wait that of
// its looks; nothing begins without an end, and nothing ends before what is inside.
func TestObserver_parents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var steps []string
		client := pmks.New(fake.New(fake.WithProfile("aws")), pmks.WithObserver(tracer{"", &steps}))
		info, err := pmks.Provision(t.Context(), client, demoRequest)
		if err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), client, info.IId); err != nil {
			t.Fatal(err)
		}
		var open, seen []string
		for _, step := range steps {
			path := step[1:]
			if step[0] == '+' {
				if parent, _, ok := cutLast(path, "/"); ok && (len(open) == 0 || open[len(open)-1] != parent) {
					t.Fatalf("%s began inside %v", path, open)
				}
				open = append(open, path)
				if !slices.Contains(seen, path) {
					seen = append(seen, path)
				}
				continue
			}
			if len(open) == 0 || open[len(open)-1] != path {
				t.Fatalf("%s ended inside %v", path, open)
			}
			open = open[:len(open)-1]
		}
		want := []string{
			"Provision",
			"Provision/CreateCluster",
			"Provision/Wait(cluster Active)",
			"Provision/Wait(cluster Active)/ReadState",
			"Provision/Wait(cluster Active)/GetCluster",
			"Provision/AddNodeGroup",
			"Provision/Wait(node group Active)",
			"Provision/Wait(node group Active)/ReadState",
			"Provision/Wait(node group Active)/GetCluster",
			"Provision/SetNodeGroupAutoScaling",
			"Provision/Wait(cluster ready for use)",
			"Provision/Wait(cluster ready for use)/GetCluster",
			"Teardown",
			"Teardown/DeleteCluster",
			"Teardown/Wait(cluster deleted)",
			"Teardown/Wait(cluster deleted)/ReadState",
			"Teardown/Wait(cluster deleted)/GetCluster",
		}
		if d := diff(want, seen); d != "" || len(open) > 0 {
			t.Errorf("open at the end: %v%s", open, d)
		}
	})
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// careless is an observer that returns no context.
type careless struct{ pmks.ObserverFunc }

func (careless) Begin(context.Context, pmks.Event) context.Context { return nil }

func TestObserver_several(t *testing.T) {
	t.Parallel()
	var steps []string
	var log bytes.Buffer
	client := pmks.New(&instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterActive)},
		pmks.WithObserver(tracer{"a", &steps}),
		pmks.WithObserver(nil),
		pmks.WithObserver(careless{func(ctx context.Context, _ pmks.Event) {
			steps = append(steps, "c after "+tracer{name: "a"}.path(ctx))
		}}),
		pmks.WithObserver(tracer{"b", &steps}),
		pmks.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if _, err := client.GetCluster(t.Context(), clusterIID); err != nil {
		t.Fatal(err)
	}
	want := []string{"a+GetCluster", "b+GetCluster", "b-GetCluster", "c after GetCluster", "a-GetCluster"}
	if d := diff(want, steps); d != "" {
		t.Error(d)
	}
	if n := strings.Count(log.String(), "op=GetCluster"); n != 1 {
		t.Errorf("the logger told of %d calls:\n%s", n, log.String())
	}
}

// keeper of a word is an observer that finds what it put into its own context.
type wordKeeper struct {
	word string
	got  *[]string
}

func (k wordKeeper) Begin(ctx context.Context, _ pmks.Event) context.Context {
	return context.WithValue(ctx, wordKey{}, k.word)
}

func (k wordKeeper) End(ctx context.Context, _ pmks.Event) {
	word, _ := ctx.Value(wordKey{}).(string)
	*k.got = append(*k.got, k.word+" got "+word)
}

type wordKey struct{}

// TestObserver_ownContext: End gets the context that Begin returned, not that of another
// observer; the logger's lines are within all of them.
func TestObserver_ownContext(t *testing.T) {
	t.Parallel()
	var got []string
	client := pmks.New(&instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterActive)},
		pmks.WithLogger(slog.New(wordHandler{slog.DiscardHandler, &got})),
		pmks.WithObserver(wordKeeper{"a", &got}), pmks.WithObserver(wordKeeper{"b", &got}), pmks.WithObserver(wordKeeper{"c", &got}))
	if _, err := client.GetCluster(t.Context(), clusterIID); err != nil {
		t.Fatal(err)
	}
	if d := diff([]string{"log got c", "c got c", "b got b", "a got a"}, got); d != "" {
		t.Error(d)
	}
}

// wordHandler logs the word of a context.
type wordHandler struct {
	slog.Handler
	got *[]string
}

func (h wordHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h wordHandler) Handle(ctx context.Context, _ slog.Record) error {
	word, _ := ctx.Value(wordKey{}).(string)
	*h.got = append(*h.got, "log got "+word)
	return nil
}

// TestObserver_panic: what begins ends, also where a function or a loop of the caller's
// panics inside.
func TestObserver_panic(t *testing.T) {
	t.Parallel()
	var open []string
	failed := 0
	iid, group := pmks.IID{NameId: "demo"}, pmks.IID{NameId: "workers"}
	client := pmks.New(fake.New(fake.WithClusters(fake.Cluster{Name: iid.NameId, NodeGroups: []pmks.NodeGroupInfo{{IId: group, DesiredNodeSize: 1}}})),
		pmks.WithObserver(ender{&open, &failed}))
	for name, call := range map[string]func(){
		"loop": func() {
			for range client.Clusters(t.Context()) {
				panic("mine")
			}
		},
		"condition": func() {
			_, _ = pmks.WaitNodeGroup(t.Context(), client, iid, group, func(pmks.NodeGroupInfo) (bool, error) { panic("mine") })
		},
		"progress of a job": func() {
			_ = pmks.Teardown(t.Context(), client, iid, pmks.WithProgress(func(pmks.Progress) { panic("mine") }))
		},
	} {
		failed = 0
		func() {
			defer func() {
				if recover() != "mine" {
					t.Errorf("%s: the panic is lost", name)
				}
			}()
			call()
		}()
		if len(open) > 0 || failed == 0 {
			t.Errorf("%s: %v did not end, %d failed", name, open, failed)
		}
	}
}

// ender counts what began and has not ended, and what ended with ErrInternal.
type ender struct {
	open   *[]string
	failed *int
}

func (e ender) Begin(ctx context.Context, ev pmks.Event) context.Context {
	*e.open = append(*e.open, ev.Op)
	return ctx
}

func (e ender) End(_ context.Context, ev pmks.Event) {
	*e.open = slices.Delete(*e.open, slices.Index(*e.open, ev.Op), slices.Index(*e.open, ev.Op)+1)
	if errors.Is(ev.Err, pmks.ErrInternal) {
		*e.failed++
	}
}

// TestObserver_nothing: an observer of nothing is silent.
func TestObserver_nothing(t *testing.T) {
	t.Parallel()
	client := pmks.New(&instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterActive)}, nil,
		pmks.WithObserver(pmks.SlogObserver(nil)), pmks.WithObserver(pmks.ObserverFunc(nil)), pmks.WithLogger(nil))
	if _, err := client.GetCluster(t.Context(), clusterIID); err != nil {
		t.Error(err)
	}
}

// TestObserver_retries: the end of a job says how often it made a call again.
func TestObserver_retries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := fake.New(fake.WithProfile("aws"))
		cloud.Inject(fake.Fault{Op: "CreateCluster", Kind: fake.Throttle, Times: 2})
		retries := -1
		client := pmks.New(cloud, pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) {
			if e.Op == "Provision" {
				retries = e.Retries
			}
		})))
		if _, err := pmks.Provision(t.Context(), client, demoRequest); err != nil {
			t.Fatal(err)
		}
		if retries != 2 {
			t.Errorf("Provision told of %d retries, want 2", retries)
		}
	})
}

// TestObserver_wait: the end of a wait says for what, for whom, how often it looked
// and how it ended.
func TestObserver_wait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ends []pmks.Event
		var log bytes.Buffer
		h := &reader{read: timeline(phase{3 * tick, cluster(pmks.ClusterCreating), nil}, phase{forever, inactive(true, "no capacity"), nil})}
		client := pmks.New(h, pmks.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			pmks.WithObserver(pmks.ObserverFunc(func(_ context.Context, e pmks.Event) {
				if e.Op == "Wait" {
					ends = append(ends, e)
				}
			})))
		_, err := pmks.WaitClusterActive(t.Context(), client, pmks.IID{NameId: clusterIID.NameId}, pmks.WithInterval(tick))
		if len(ends) != 1 {
			t.Fatalf("%d waits ended: %v", len(ends), ends)
		}
		e := ends[0]
		if e.Goal != "cluster Active" || e.Cluster != clusterIID || e.Attempts != 4 || e.Duration != 3*tick || !errors.Is(e.Err, err) {
			t.Errorf("the wait ended as %+v", e)
		}
		for _, want := range []string{"op=Wait", `goal="cluster Active"`, "attempts=4", "level=WARN"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, log.String())
			}
		}
	})
}
