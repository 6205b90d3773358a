// SPDX-License-Identifier: Apache-2.0

package hook_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/hook"
)

type native struct{ Name, Logging string }

func name(n *native) string { return n.Name }

func TestRun(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context //nolint:containedctx // the input of a row
		hook hook.Func[pmks.ClusterInfo, native]
		want pmks.Code
		text string
	}{
		{"none", t.Context(), nil, pmks.CodeOK, ""},
		{"changes", t.Context(), func(_ context.Context, req pmks.ClusterInfo, n *native) error {
			n.Logging = "all of " + req.IId.NameId
			return nil
		}, pmks.CodeOK, ""},
		{"refuses", t.Context(), func(context.Context, pmks.ClusterInfo, *native) error { return errMine }, pmks.CodeInvalidArgument, "BeforeCreateCluster: the hook refused the request: not on a Friday"},
		{"panics", t.Context(), func(context.Context, pmks.ClusterInfo, *native) error { panic("hunter2") }, pmks.CodeInvalidArgument, "BeforeCreateCluster: the hook panicked"},
		{"renames", t.Context(), func(_ context.Context, _ pmks.ClusterInfo, n *native) error {
			n.Name = "other"
			return nil
		}, pmks.CodeInvalidArgument, "BeforeCreateCluster: the hook changed the name"},
		{"is-left", canceled, func(ctx context.Context, _ pmks.ClusterInfo, _ *native) error { return ctx.Err() }, pmks.CodeCanceled, ""},
		{"ends-late", canceled, func(context.Context, pmks.ClusterInfo, *native) error { return nil }, pmks.CodeCanceled, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n := &native{Name: "demo"}
			err := hook.Run(test.ctx, "BeforeCreateCluster", test.hook, pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}}, n, name)
			if pmks.CodeOf(err) != test.want || err != nil && (!strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("got %v, want %s with %q", err, test.want, test.text)
			}
			if test.name == "refuses" && !errors.Is(err, errMine) {
				t.Errorf("%v does not hold the hook's own error", err)
			}
			if test.name == "changes" && n.Logging != "all of demo" {
				t.Errorf("the change is lost: %+v", n)
			}
		})
	}
}

// TestRun_emptied: what a hook has emptied may lack what must stay, and is refused.
func TestRun_emptied(t *testing.T) {
	t.Parallel()
	n := &struct{ inner *native }{&native{Name: "demo"}}
	err := hook.Run(t.Context(), "BeforeUpgrade", func(_ context.Context, _ int, n *struct{ inner *native }) error {
		n.inner = nil
		return nil
	}, 1, n, func(n *struct{ inner *native }) string { return n.inner.Name })
	if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "BeforeUpgrade: the hook changed the name") {
		t.Errorf("got %v", err)
	}
}
