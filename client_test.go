// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/mock/gomock"

	"github.com/pmks-go/pmks"
)

// operation is one method of the client, as a call that the handler accepts.
type operation struct {
	name string
	call func(context.Context, *pmks.Client) (any, error)
	// expect prepares the double and returns the call's result.
	expect func(h *handler, result any, err error) *gomock.Call
	result any
	// event holds the ids of a successful call.
	cluster, group pmks.IID
}

var added = pmks.IID{NameId: "g", SystemId: "ng-9"}

func operations() []operation {
	req, group := request(), request().NodeGroupList[0]
	made := pmks.ClusterInfo{IId: clusterIID, Status: pmks.ClusterCreating}
	return []operation{
		{"CreateCluster", func(ctx context.Context, c *pmks.Client) (any, error) { return c.CreateCluster(ctx, req) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().CreateCluster(gomock.Any(), req).Return(r, err)
			}, made, clusterIID, pmks.IID{}},
		{"ListCluster", func(ctx context.Context, c *pmks.Client) (any, error) { return c.ListCluster(ctx) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().ListCluster(gomock.Any()).Return(r, err)
			}, []*pmks.ClusterInfo{&made}, pmks.IID{}, pmks.IID{}},
		{"GetCluster", func(ctx context.Context, c *pmks.Client) (any, error) { return c.GetCluster(ctx, clusterIID) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().GetCluster(gomock.Any(), clusterIID).Return(r, err)
			}, made, clusterIID, pmks.IID{}},
		{"DeleteCluster", func(ctx context.Context, c *pmks.Client) (any, error) { return c.DeleteCluster(ctx, clusterIID) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().DeleteCluster(gomock.Any(), clusterIID).Return(r, err)
			}, true, clusterIID, pmks.IID{}},
		{"AddNodeGroup", func(ctx context.Context, c *pmks.Client) (any, error) { return c.AddNodeGroup(ctx, clusterIID, group) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().AddNodeGroup(gomock.Any(), clusterIID, group).Return(r, err)
			}, pmks.NodeGroupInfo{IId: added}, clusterIID, added},
		{"SetNodeGroupAutoScaling", func(ctx context.Context, c *pmks.Client) (any, error) {
			return c.SetNodeGroupAutoScaling(ctx, clusterIID, groupIID, true)
		}, func(h *handler, r any, err error) *gomock.Call {
			return h.MockClusterHandler.EXPECT().SetNodeGroupAutoScaling(gomock.Any(), clusterIID, groupIID, true).Return(r, err)
		}, true, clusterIID, groupIID},
		{"ChangeNodeGroupScaling", func(ctx context.Context, c *pmks.Client) (any, error) {
			return c.ChangeNodeGroupScaling(ctx, clusterIID, groupIID, 2, 1, 3)
		}, func(h *handler, r any, err error) *gomock.Call {
			return h.MockClusterHandler.EXPECT().ChangeNodeGroupScaling(gomock.Any(), clusterIID, groupIID, 2, 1, 3).Return(r, err)
		}, pmks.NodeGroupInfo{IId: groupIID}, clusterIID, groupIID},
		{"RemoveNodeGroup", func(ctx context.Context, c *pmks.Client) (any, error) {
			return c.RemoveNodeGroup(ctx, clusterIID, groupIID)
		},
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().RemoveNodeGroup(gomock.Any(), clusterIID, groupIID).Return(r, err)
			}, true, clusterIID, groupIID},
		{"UpgradeCluster", func(ctx context.Context, c *pmks.Client) (any, error) {
			return c.UpgradeCluster(ctx, clusterIID, "1.34")
		},
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockClusterHandler.EXPECT().UpgradeCluster(gomock.Any(), clusterIID, "1.34").Return(r, err)
			}, made, clusterIID, pmks.IID{}},
		{"ListIID", func(ctx context.Context, c *pmks.Client) (any, error) { return c.ListIID(ctx) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockIIDLister.EXPECT().ListIID(gomock.Any()).Return(r, err)
			}, []*pmks.IID{{NameId: "c1"}}, pmks.IID{}, pmks.IID{}},
		{"GenerateClusterToken", func(ctx context.Context, c *pmks.Client) (any, error) { return c.GenerateClusterToken(ctx, clusterIID) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockTokenIssuer.EXPECT().GenerateClusterToken(gomock.Any(), clusterIID).Return(r, err)
			}, pmks.Token{Value: secretToken}, clusterIID, pmks.IID{}},
		{"ListVersions", func(ctx context.Context, c *pmks.Client) (any, error) { return c.ListVersions(ctx) },
			func(h *handler, r any, err error) *gomock.Call {
				return h.MockVersionLister.EXPECT().ListVersions(gomock.Any()).Return(r, err)
			}, []pmks.Version{{Name: "1.34"}}, pmks.IID{}, pmks.IID{}},
		{"CheckCluster", func(ctx context.Context, c *pmks.Client) (any, error) { return nil, c.CheckCluster(ctx, req) },
			func(h *handler, _ any, err error) *gomock.Call {
				return h.MockRequestChecker.EXPECT().CheckCluster(gomock.Any(), req).Return(err)
			}, nil, pmks.IID{NameId: "c1"}, pmks.IID{}},
		{"CheckNodeGroup", func(ctx context.Context, c *pmks.Client) (any, error) {
			return nil, c.CheckNodeGroup(ctx, clusterIID, group)
		},
			func(h *handler, _ any, err error) *gomock.Call {
				return h.MockRequestChecker.EXPECT().CheckNodeGroup(gomock.Any(), clusterIID, group).Return(err)
			}, nil, clusterIID, pmks.IID{NameId: "g"}},
		{"OpenAccess", func(ctx context.Context, c *pmks.Client) (any, error) { return nil, c.OpenAccess(ctx, clusterIID) },
			func(h *handler, _ any, err error) *gomock.Call {
				return h.MockAccessOpener.EXPECT().OpenAccess(gomock.Any(), clusterIID).Return(err)
			}, nil, clusterIID, pmks.IID{}},
		{"CloseAccess", func(ctx context.Context, c *pmks.Client) (any, error) { return nil, c.CloseAccess(ctx, clusterIID) },
			func(h *handler, _ any, err error) *gomock.Call {
				return h.MockAccessOpener.EXPECT().CloseAccess(gomock.Any(), clusterIID).Return(err)
			}, nil, clusterIID, pmks.IID{}},
	}
}

// zeroOf returns the result of op with nothing in it.
func zeroOf(op operation) any {
	switch op.result.(type) {
	case pmks.ClusterInfo:
		return pmks.ClusterInfo{}
	case pmks.NodeGroupInfo:
		return pmks.NodeGroupInfo{}
	case bool:
		return false
	case []*pmks.ClusterInfo:
		return []*pmks.ClusterInfo(nil)
	case []*pmks.IID:
		return []*pmks.IID(nil)
	case []pmks.Version:
		return []pmks.Version(nil)
	case pmks.Token:
		return pmks.Token{}
	}
	return nil
}

type recorder struct{ events []pmks.Event }

func (r *recorder) observe(_ context.Context, e pmks.Event) { r.events = append(r.events, e) }

func TestClient_Calls(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			h, seen := newHandler(t, strict()), &recorder{}
			op.expect(h, op.result, nil)
			c := pmks.New(h, pmks.WithObserver(pmks.ObserverFunc(seen.observe)))
			got, err := op.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(op.result, got); d != "" {
				t.Errorf("result:%s", d)
			}
			if len(seen.events) != 1 {
				t.Fatalf("%d events, want 1", len(seen.events))
			}
			e := seen.events[0]
			if e.Start.IsZero() || e.Duration < 0 {
				t.Errorf("times of the event: %v, %v", e.Start, e.Duration)
			}
			want := pmks.Event{Provider: "strict", Op: op.name, Cluster: op.cluster, NodeGroup: op.group, Start: e.Start, Duration: e.Duration}
			if d := diff(want, e); d != "" {
				t.Errorf("event:%s", d)
			}
		})
	}
}

func TestClient_Errors(t *testing.T) {
	t.Parallel()
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			h, seen := newHandler(t, strict()), &recorder{}
			cause := vendorError{"x"}
			op.expect(h, zeroOf(op), fmt.Errorf("read the reply: %w", cause))
			var log bytes.Buffer
			c := pmks.New(h, pmks.WithObserver(pmks.ObserverFunc(seen.observe)), pmks.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			got, err := op.call(t.Context(), c)
			if d := diff(zeroOf(op), got); d != "" {
				t.Errorf("result:%s", d)
			}
			var e *pmks.Error
			var v vendorError
			if !errors.As(err, &e) || !errors.As(err, &v) {
				t.Fatalf("got %v (%T)", err, err)
			}
			if e.Code != pmks.CodeUnknown || e.Provider != "strict" || e.Op != op.name {
				t.Errorf("wrapped as %+v", e.Error())
			}
			if n := strings.Count(err.Error(), "pmks:"); n != 1 {
				t.Errorf("wrapped %d times: %v", n, err)
			}
			if len(seen.events) != 1 || !errors.Is(seen.events[0].Err, cause) {
				t.Errorf("events %+v", seen.events)
			}
			if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "op="+op.name) || !strings.Contains(text, "read the reply") {
				t.Errorf("logged %q", text)
			}
		})
	}
}

// A context that is over, and a faulty request, are found before the handler is
// asked: the double accepts no call at all.
func TestClient_NoCall(t *testing.T) {
	t.Parallel()
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, op := range operations() {
			_, err := op.call(ctx, pmks.New(newHandler(t, strict())))
			if !errors.Is(err, context.Canceled) || !errors.Is(err, pmks.ErrCanceled) {
				t.Errorf("%s: %v", op.name, err)
			}
		}
	})
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 0)
		defer cancel()
		for _, op := range operations() {
			_, err := op.call(ctx, pmks.New(newHandler(t, strict())))
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, pmks.ErrTimeout) {
				t.Errorf("%s: %v", op.name, err)
			}
		}
	})

	none, path := pmks.IID{}, pmks.IID{NameId: "a/../b"}
	faulty := request()
	faulty.IId.NameId = ""
	tests := []struct {
		name   string
		call   func(context.Context, *pmks.Client) error
		fields []string
	}{
		{"CreateCluster", func(ctx context.Context, c *pmks.Client) error { _, err := c.CreateCluster(ctx, faulty); return err }, []string{"IId.NameId"}},
		{"CheckCluster", func(ctx context.Context, c *pmks.Client) error { return c.CheckCluster(ctx, faulty) }, []string{"IId.NameId"}},
		{"GetCluster", func(ctx context.Context, c *pmks.Client) error { _, err := c.GetCluster(ctx, none); return err }, []string{"clusterIID"}},
		{"DeleteCluster", func(ctx context.Context, c *pmks.Client) error { _, err := c.DeleteCluster(ctx, path); return err }, []string{"clusterIID.NameId"}},
		{"AddNodeGroup", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.AddNodeGroup(ctx, none, pmks.NodeGroupInfo{DesiredNodeSize: 1})
			return err
		}, []string{"clusterIID", "IId.NameId", "VMSpecName"}},
		{"CheckNodeGroup", func(ctx context.Context, c *pmks.Client) error {
			return c.CheckNodeGroup(ctx, none, pmks.NodeGroupInfo{DesiredNodeSize: 1})
		}, []string{"clusterIID", "IId.NameId", "VMSpecName"}},
		{"SetNodeGroupAutoScaling", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.SetNodeGroupAutoScaling(ctx, none, none, true)
			return err
		}, []string{"clusterIID", "nodeGroupIID"}},
		{"ChangeNodeGroupScaling", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.ChangeNodeGroupScaling(ctx, none, path, -1, 1, 2)
			return err
		}, []string{"clusterIID", "nodeGroupIID.NameId", "DesiredNodeSize"}},
		{"RemoveNodeGroup", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.RemoveNodeGroup(ctx, path, none)
			return err
		},
			[]string{"clusterIID.NameId", "nodeGroupIID"}},
		{"UpgradeCluster", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.UpgradeCluster(ctx, none, "up")
			return err
		},
			[]string{"clusterIID", "newVersion"}},
		{"GenerateClusterToken", func(ctx context.Context, c *pmks.Client) error {
			_, err := c.GenerateClusterToken(ctx, none)
			return err
		}, []string{"clusterIID"}},
		{"OpenAccess", func(ctx context.Context, c *pmks.Client) error { return c.OpenAccess(ctx, none) }, []string{"clusterIID"}},
		{"CloseAccess", func(ctx context.Context, c *pmks.Client) error { return c.CloseAccess(ctx, none) }, []string{"clusterIID"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := map[string]pmks.Code{}
			for _, f := range tt.fields {
				want[f] = bad
			}
			err := tt.call(t.Context(), pmks.New(newHandler(t, strict())))
			checkFields(t, err, want)
			for _, e := range leaves(err) {
				var fault *pmks.Error
				if errors.As(e, &fault) && (fault.Op != tt.name || fault.Provider != "strict") {
					t.Errorf("%v does not say where", fault)
				}
			}
		})
	}
}

// The handler gets copies: what it does to a request stays with it.
func TestClient_CopiesRequests(t *testing.T) {
	t.Parallel()
	h := newHandler(t, strict())
	spoilCluster := func(_ context.Context, r pmks.ClusterInfo) {
		r.NodeGroupList[0].IId.NameId, r.TagList[0].Key, r.Network.SubnetIIDs[0].NameId = "x", "x", "x"
		r.Network.SecurityGroupIIDs[0].SystemId, r.NodeGroupList[0].KeyValueList[0].Key = "x", "x"
	}
	spoilGroup := func(_ context.Context, _ pmks.IID, g pmks.NodeGroupInfo) { g.KeyValueList[0].Key = "x" }
	h.MockClusterHandler.EXPECT().CreateCluster(gomock.Any(), gomock.Any()).Do(spoilCluster)
	h.MockRequestChecker.EXPECT().CheckCluster(gomock.Any(), gomock.Any()).Do(spoilCluster)
	h.MockClusterHandler.EXPECT().AddNodeGroup(gomock.Any(), gomock.Any(), gomock.Any()).Do(spoilGroup)
	h.MockRequestChecker.EXPECT().CheckNodeGroup(gomock.Any(), gomock.Any(), gomock.Any()).Do(spoilGroup)
	c, req := pmks.New(h), request()
	req.NodeGroupList[0].KeyValueList = []pmks.KeyValue{{Key: "k"}}
	want := req.Clone()
	_, errCreate := c.CreateCluster(t.Context(), req)
	_, errAdd := c.AddNodeGroup(t.Context(), clusterIID, req.NodeGroupList[0])
	err := errors.Join(errCreate, c.CheckCluster(t.Context(), req), errAdd, c.CheckNodeGroup(t.Context(), clusterIID, req.NodeGroupList[0]))
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(want, req); d != "" {
		t.Errorf("the handler changed the caller's request:%s", d)
	}
}

func TestClient_Unsupported(t *testing.T) {
	t.Parallel()
	for _, op := range operations()[10:] { // the optional methods but ListIID
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			_, err := op.call(t.Context(), pmks.New(plain(t)))
			var e *pmks.Error
			if !errors.Is(err, pmks.ErrUnsupported) || !errors.As(err, &e) || e.Op != op.name || e.Message == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestClient_ListIID_Fallback(t *testing.T) {
	t.Parallel()
	h := plain(t)
	partial := failure(pmks.CodeThrottled)
	h.EXPECT().ListCluster(gomock.Any()).Return([]*pmks.ClusterInfo{{IId: clusterIID}, {IId: pmks.IID{NameId: "c2"}}}, partial)
	got, err := pmks.New(h).ListIID(t.Context())
	if d := diff([]*pmks.IID{{NameId: "c1", SystemId: "id-1"}, {NameId: "c2"}}, got); d != "" {
		t.Error(d)
	}
	if !errors.Is(err, pmks.ErrThrottled) {
		t.Errorf("the partial failure became %v", err)
	}
}

// Without capabilities nothing is checked that the handler could know better.
func TestClient_WithoutCapabilities(t *testing.T) {
	t.Parallel()
	h := plain(t)
	h.EXPECT().CreateCluster(gomock.Any(), pmks.ClusterInfo{}).Return(pmks.ClusterInfo{}, failure(pmks.CodeInvalidArgument))
	c := pmks.New(h)
	if _, err := c.CreateCluster(t.Context(), pmks.ClusterInfo{}); !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Error(err)
	}
	if d := diff(pmks.Capabilities{}, c.Capabilities()); d != "" {
		t.Error(d)
	}
}

func TestClient_Capabilities(t *testing.T) {
	t.Parallel()
	c := pmks.New(newHandler(t, strict()))
	c.Capabilities().ClusterName.Reserved[0] = "changed"
	if d := diff(strict(), c.Capabilities()); d != "" {
		t.Errorf("the output shares memory:%s", d)
	}
}

// What the handler says of an error stays; what it leaves out is added.
func TestClient_Annotates(t *testing.T) {
	t.Parallel()
	inner := &pmks.Error{Code: pmks.CodeBusy, MayHaveHappened: true, Message: "inner"}
	wait := &pmks.WaitError{Goal: "node groups gone", Cluster: clusterIID, Err: failure(pmks.CodeTimeout), LastReadErr: failure(pmks.CodeThrottled)}
	tests := []struct {
		name string
		err  error
		want []pmks.Error
		text string
	}{
		{"bare", &pmks.Error{}, []pmks.Error{{Code: pmks.CodeUnknown, Provider: "strict", Op: "DeleteCluster", Cluster: clusterIID}}, ""},
		{"complete", &pmks.Error{Code: pmks.CodeBusy, Provider: "p", Op: "o", Cluster: pmks.IID{NameId: "x"}, NodeGroup: groupIID},
			[]pmks.Error{{Code: pmks.CodeBusy, Provider: "p", Op: "o", Cluster: pmks.IID{NameId: "x"}, NodeGroup: groupIID}}, ""},
		{"context", context.Canceled, []pmks.Error{{Code: pmks.CodeCanceled, Provider: "strict", Op: "DeleteCluster", Cluster: clusterIID, Err: context.Canceled}}, ""},
		{"text-around", fmt.Errorf("step two: %w", inner), []pmks.Error{{Code: pmks.CodeBusy, MayHaveHappened: true, Provider: "strict",
			Op: "DeleteCluster", Cluster: clusterIID, Err: fmt.Errorf("step two: %w", inner)}}, "step two"},
		{"joined", errors.Join(failure(pmks.CodeBusy), errors.Join(failure(pmks.CodeNotFound))), []pmks.Error{
			{Code: pmks.CodeBusy, Provider: "strict", Op: "DeleteCluster", Cluster: clusterIID, Message: "scripted"},
			{Code: pmks.CodeNotFound, Provider: "strict", Op: "DeleteCluster", Cluster: clusterIID, Message: "scripted"}}, ""},
		{"wait", wait, []pmks.Error{{Code: pmks.CodeTimeout, Provider: "strict", Op: "DeleteCluster", Cluster: clusterIID, Err: wait}}, "waiting for node groups gone"},
		{"two-in-a-text", fmt.Errorf("%w, then %w", failure(pmks.CodeBusy), failure(pmks.CodeNotFound)), []pmks.Error{{Code: pmks.CodeBusy, Provider: "strict",
			Op: "DeleteCluster", Cluster: clusterIID, Err: fmt.Errorf("%w, then %w", failure(pmks.CodeBusy), failure(pmks.CodeNotFound))}}, ", then "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, strict())
			h.MockClusterHandler.EXPECT().DeleteCluster(gomock.Any(), gomock.Any()).Return(false, tt.err)
			_, err := pmks.New(h).DeleteCluster(t.Context(), clusterIID)
			var got []pmks.Error
			for _, e := range leaves(err) {
				var fault *pmks.Error
				if errors.As(e, &fault) {
					got = append(got, *fault)
				}
			}
			if d := diff(tt.want, got); d != "" {
				t.Errorf("got %v:%s", err, d)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%q lacks %q", err, tt.text)
			}
			if errors.As(tt.err, new(*pmks.WaitError)) != errors.As(err, new(*pmks.WaitError)) {
				t.Error("the WaitError was lost")
			}
		})
	}
	if inner.Provider != "" || strings.Contains(wait.Err.Error(), "strict") {
		t.Error("the handler's own error was changed")
	}
}

func TestClient_Log(t *testing.T) {
	t.Parallel()
	h := newHandler(t, strict())
	h.MockTokenIssuer.EXPECT().GenerateClusterToken(gomock.Any(), gomock.Any()).Return(pmks.Token{Value: secretToken}, nil)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if _, err := pmks.New(h, pmks.WithLogger(logger)).GenerateClusterToken(t.Context(), clusterIID); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"level=DEBUG", "provider=strict", "op=GenerateClusterToken", "cluster=c1:id-1", "duration="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("logged %q, want %q in it", &log, want)
		}
	}
	checkSecretFree(t, "the log", log.String())
}

type closer struct {
	pmks.ClusterHandler
	err error
}

func (c closer) Close() error { return c.err }

func TestClient_Close(t *testing.T) {
	t.Parallel()
	if err := pmks.New(plain(t)).Close(); err != nil {
		t.Errorf("nothing to close: %v", err)
	}
	if err := pmks.New(closer{}).Close(); err != nil {
		t.Errorf("closed well: %v", err)
	}
	boom := errors.New("boom")
	err := pmks.New(closer{err: boom}).Close()
	if want := "pmks: Close: Unknown: boom"; !errors.Is(err, boom) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A Client in a Client adds nothing: errors are wrapped once.
func TestClient_Nested(t *testing.T) {
	t.Parallel()
	h := newHandler(t, strict())
	h.MockClusterHandler.EXPECT().GetCluster(gomock.Any(), clusterIID).Return(pmks.ClusterInfo{}, errors.New("boom"))
	_, err := pmks.New(pmks.New(h)).GetCluster(t.Context(), clusterIID)
	if want := `pmks: strict: GetCluster: cluster "c1:id-1": Unknown: boom`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Bounds that a request leaves out are sent as what they mean, and the request of
// the caller stays as it is.
func TestClient_defaultBounds(t *testing.T) {
	t.Parallel()
	h := newHandler(t, pmks.Capabilities{Provider: "p", GroupsAtCreate: pmks.GroupsAtCreate{Max: -1}})
	client := pmks.New(h)
	req := pmks.ClusterInfo{IId: pmks.IID{NameId: "c"}, NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "g"}, DesiredNodeSize: 3}}}
	group := req.NodeGroupList[0]
	wantGroup := group
	wantGroup.MinNodeSize, wantGroup.MaxNodeSize = 1, 3
	want := req.Clone()
	want.NodeGroupList[0] = wantGroup
	h.MockClusterHandler.EXPECT().CreateCluster(gomock.Any(), want)
	h.MockRequestChecker.EXPECT().CheckCluster(gomock.Any(), want)
	h.MockClusterHandler.EXPECT().AddNodeGroup(gomock.Any(), clusterIID, wantGroup)
	h.MockRequestChecker.EXPECT().CheckNodeGroup(gomock.Any(), clusterIID, wantGroup)
	_, errCreate := client.CreateCluster(t.Context(), req)
	_, errAdd := client.AddNodeGroup(t.Context(), clusterIID, group)
	if err := errors.Join(errCreate, errAdd, client.CheckCluster(t.Context(), req), client.CheckNodeGroup(t.Context(), clusterIID, group)); err != nil {
		t.Error(err)
	}
	if req.NodeGroupList[0].MaxNodeSize != 0 {
		t.Error("the caller's request was changed")
	}
}
