// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// plainSinner is a fake that does one thing wrong.
type plainSinner struct {
	*fake.Handler
	sin string
}

func (h plainSinner) AddNodeGroup(ctx context.Context, cluster pmks.IID, group pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	if h.sin == "deaf" {
		ctx = context.WithoutCancel(ctx)
	}
	info, err := h.Handler.AddNodeGroup(ctx, cluster, group)
	if e, ok := asError(err); ok && h.sin == "denies" {
		e.MayHaveHappened = false
	}
	if ctx.Err() != nil && h.sin == "loses-the-context" {
		return info, &pmks.Error{Code: pmks.CodeCanceled, Provider: "fake", Op: "AddNodeGroup"}
	}
	return info, err
}

type deaf func()

func (deaf) Enabled(context.Context, slog.Level) bool    { return true }
func (f deaf) Handle(context.Context, slog.Record) error { f(); return nil }
func (f deaf) WithAttrs([]slog.Attr) slog.Handler        { return f }
func (f deaf) WithGroup(string) slog.Handler             { return f }

func sinfulPlain(sin string) Plain {
	return Plain{Profile: "neutral", Open: func(_ time.Duration, heard func()) PlainCloud {
		another := func() *fake.Handler {
			return fake.New(fake.WithLimits(fake.Limits{}), fake.WithLatency(latency), fake.WithLogger(slog.New(deaf(heard))))
		}
		h := another()
		strike := func(after int, f fake.Fault) func() {
			f.After, f.Times = after, -1
			return h.Inject(f)
		}
		return PlainCloud{
			Handler: plainSinner{h, sin},
			Strike:  func(after int, _ string) func() { return strike(after, fake.Fault{Kind: fake.LoseReply}) },
			Hang: func(after int) func() {
				return strike(after, fake.Fault{Kind: fake.Delay, Delay: 100 * time.Hour})
			},
			Another: func() pmks.ClusterHandler {
				reborn := another()
				if sin != "forgets" {
					reborn.Restore(h.Snapshot())
				}
				return reborn
			},
		}
	}}
}

// TestPlain_sins: what a plain cloud does wrong is found.
func TestPlain_sins(t *testing.T) {
	t.Parallel()
	lost := Trouble{Name: "lost", Codes: silent}
	for _, test := range []struct{ sin, want string }{
		{"denies", "it happened, and the error says that it did not"},
		{"deaf", "after the context ended"},
		{"loses-the-context", "the context's own error is lost"},
		{"forgets", "run again: "},
		{"", ""},
	} {
		t.Run(test.sin, func(t *testing.T) {
			t.Parallel()
			p, m := sinfulPlain(test.sin), &Matrix{}
			op, up := operationOf(t, "AddNodeGroup"), jobs[1]
			var found []string
			for _, c := range []cell{
				{op: op, at: step{"request", 1}, fault: lost.Name, run: p.struck(lost)},
				{op: op, at: step{"request", 1}, fault: "cancel-in-request", run: p.canceled(pausing{operation: op}, instant{1, "request", 10 * time.Second})},
				{op: up.operation(), at: step{"request", 2}, fault: crashes[1], run: p.crashed(up, instant{2, "answer", 0})},
			} {
				found = append(found, m.faults(t, c)...)
			}
			if test.want == "" && len(found) > 0 || test.want != "" && !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, test.want) }) {
				t.Errorf("got %q, want %q", found, test.want)
			}
		})
	}
}
