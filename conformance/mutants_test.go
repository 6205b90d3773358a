// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// mutant is a handler that breaks one rule, and the subtest that guards the rule.
type mutant struct {
	name  string
	guard string
	// profile is "neutral" unless given.
	profile string
	wrap    func(correct) pmks.ClusterHandler
}

// correct is a right handler; mutants embed it and spoil one method.
type correct struct {
	*pmks.Client
	fake *fake.Handler
}

// wrong spoils methods of a right handler.
type wrong struct {
	correct
	create  func(context.Context, pmks.ClusterInfo) (pmks.ClusterInfo, error)
	list    func(context.Context) ([]*pmks.ClusterInfo, error)
	get     func(context.Context, pmks.IID) (pmks.ClusterInfo, error)
	del     func(context.Context, pmks.IID) (bool, error)
	add     func(context.Context, pmks.IID, pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error)
	auto    func(context.Context, pmks.IID, pmks.IID, bool) (bool, error)
	scale   func(context.Context, pmks.IID, pmks.IID, int, int, int) (pmks.NodeGroupInfo, error)
	remove  func(context.Context, pmks.IID, pmks.IID) (bool, error)
	upgrade func(context.Context, pmks.IID, string) (pmks.ClusterInfo, error)
	token   func(context.Context, pmks.IID) (pmks.Token, error)
}

func (w wrong) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	if w.create != nil {
		return w.create(ctx, req)
	}
	return w.Client.CreateCluster(ctx, req)
}

func (w wrong) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	if w.list != nil {
		return w.list(ctx)
	}
	return w.Client.ListCluster(ctx)
}

func (w wrong) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	if w.get != nil {
		return w.get(ctx, iid)
	}
	return w.Client.GetCluster(ctx, iid)
}

func (w wrong) DeleteCluster(ctx context.Context, iid pmks.IID) (bool, error) {
	if w.del != nil {
		return w.del(ctx, iid)
	}
	return w.Client.DeleteCluster(ctx, iid)
}

func (w wrong) AddNodeGroup(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	if w.add != nil {
		return w.add(ctx, iid, req)
	}
	return w.Client.AddNodeGroup(ctx, iid, req)
}

func (w wrong) SetNodeGroupAutoScaling(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
	if w.auto != nil {
		return w.auto(ctx, cluster, group, on)
	}
	return w.Client.SetNodeGroupAutoScaling(ctx, cluster, group, on)
}

func (w wrong) ChangeNodeGroupScaling(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
	if w.scale != nil {
		return w.scale(ctx, cluster, group, desired, minSize, maxSize)
	}
	return w.Client.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
}

func (w wrong) RemoveNodeGroup(ctx context.Context, cluster, group pmks.IID) (bool, error) {
	if w.remove != nil {
		return w.remove(ctx, cluster, group)
	}
	return w.Client.RemoveNodeGroup(ctx, cluster, group)
}

func (w wrong) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
	if w.upgrade != nil {
		return w.upgrade(ctx, iid, version)
	}
	return w.Client.UpgradeCluster(ctx, iid, version)
}

func (w wrong) GenerateClusterToken(ctx context.Context, iid pmks.IID) (pmks.Token, error) {
	if w.token != nil {
		return w.token(ctx, iid)
	}
	return w.Client.GenerateClusterToken(ctx, iid)
}

// reads makes a mutant that changes what GetCluster shows.
func reads(change func(*pmks.ClusterInfo)) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			change(&info)
			return info, err
		}}
	}
}

var mutants = []mutant{
	{name: "names-are-ids", guard: "names/name-only-id-only-both", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			return c.GetCluster(ctx, pmks.IID{NameId: iid.NameId})
		}}
	}},
	{name: "unknown-is-internal", guard: "names/unknown", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if errors.Is(err, pmks.ErrNotFound) {
				err = &pmks.Error{Code: pmks.CodeInternal}
			}
			return info, err
		}}
	}},
	{name: "first-of-many", guard: "names/ambiguous", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if iid.SystemId == "" {
				list, err := c.ListCluster(ctx)
				for _, info := range list {
					if info.IId.NameId == iid.NameId {
						return *info, err
					}
				}
			}
			return c.GetCluster(ctx, iid)
		}}
	}},
	{name: "ids-not-checked", guard: "names/path-like-huge-and-control", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if strings.Contains(iid.NameId+iid.SystemId, "..") {
				return false, &pmks.Error{Code: pmks.CodeNotFound}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "active-at-once", guard: "create-returns-at-once", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			info.Status = pmks.ClusterActive
			return info, err
		}}
	}},
	{name: "existing-name-succeeds", guard: "create-duplicate-cluster-changes-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				return c.GetCluster(ctx, pmks.IID{NameId: req.IId.NameId})
			}
			return info, err
		}}
	}},
	{name: "existing-group-is-resized", guard: "add-duplicate-node-group-changes-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				_, _ = c.ChangeNodeGroupScaling(ctx, iid, req.IId, req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize)
			}
			return g, err
		}}
	}},
	{name: "tags-dropped", guard: "request-fields-read-back", wrap: reads(func(info *pmks.ClusterInfo) { info.TagList = nil })},
	{name: "key-pair-dropped", guard: "request-fields-read-back", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			info.NodeGroupList[i].KeyPairIID = pmks.IID{}
		}
	})},
	{name: "unknown-word-is-shown", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.Status == pmks.ClusterUpdating || info.Status == pmks.ClusterCreating {
			info.Status = "PROVISIONING"
		}
	})},
	{name: "inactive-without-reason", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) { info.StatusReason = "" })},
	{name: "native-status-dropped", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) { info.KeyValueList = nil })},
	{name: "false-without-error", guard: "bool-true-without-error", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			_, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
			return false, err
		}}
	}},
	{name: "request-modified", guard: "input-not-modified", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			return c.AddNodeGroup(ctx, iid, req)
		}, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			req.Network.SubnetIIDs[0] = pmks.IID{NameId: "mine"}
			return info, err
		}}
	}},
	{name: "output-cached", guard: "output-not-shared", wrap: func(c correct) pmks.ClusterHandler {
		cache := map[pmks.IID]pmks.ClusterInfo{}
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if info, ok := cache[iid]; ok && info.Status == pmks.ClusterActive {
				return info, nil
			}
			info, err := c.GetCluster(ctx, iid)
			cache[iid] = info
			return info, err
		}}
	}},
	{name: "one-fault-at-a-time", guard: "validation/all-faults-in-one-error", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // it takes the list apart
				err = joined.Unwrap()[0]
			}
			return info, err
		}}
	}},
	{name: "fields-not-named", guard: "validation/cluster-fields", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrInvalidArgument) {
				err = &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "bad request"}
			}
			return info, err
		}}
	}},
	{name: "bad-sizes-mended", guard: "validation/node-group-fields", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			req.MinNodeSize = max(0, req.MinNodeSize)
			return c.AddNodeGroup(ctx, iid, req)
		}}
	}},
	{name: "groups-dropped", guard: "validation/groups-at-create", profile: "aws", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			req.NodeGroupList = nil
			return c.CreateCluster(ctx, req)
		}}
	}},
	{name: "waits-until-active", guard: "states/creating", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			_, _ = pmks.WaitClusterActive(ctx, c, iid)
			return c.AddNodeGroup(ctx, iid, req)
		}}
	}},
	{name: "scaling-switches-auto-on", guard: "scaling/off-resizes", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if _, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, true); err == nil {
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "bounds-forgotten", guard: "scaling/bounds-kept-over-off-and-on", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if g := &info.NodeGroupList[i]; !g.OnAutoScaling {
				g.MinNodeSize, g.MaxNodeSize = 0, 0
			}
		}
	})},
	{name: "always-writes", guard: "scaling/autoscaling-already-so", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			info, err := c.GetCluster(ctx, cluster)
			if g, ok := info.NodeGroup(group); err == nil && ok && g.OnAutoScaling == on {
				_, _ = c.SetNodeGroupAutoScaling(ctx, cluster, group, !on)
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
		}}
	}},
	{name: "zero-means-zero", guard: "scaling/desired-zero-leaves-it", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if desired == 0 {
				desired = minSize
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "second-delete-fails", guard: "delete/twice", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Status == pmks.ClusterDeleting {
				return false, &pmks.Error{Code: pmks.CodeBusy}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "protection-lifted", guard: "delete/protected", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			_ = c.fake.Protect(iid, false)
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "control-plane-only", guard: "upgrade/step-by-step", profile: "gcp", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Version == version {
				return info, nil
			}
			return c.UpgradeCluster(ctx, iid, version)
		}}
	}},
	{name: "downgrade-is-busy", guard: "upgrade/downgrade", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			info, err := c.UpgradeCluster(ctx, iid, version)
			if errors.Is(err, pmks.ErrInvalidArgument) {
				err = &pmks.Error{Code: pmks.CodeFailedPrecondition}
			}
			return info, err
		}}
	}},
	{name: "allowed-not-named", guard: "upgrade/too-large-a-step", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			info, err := c.UpgradeCluster(ctx, iid, version)
			if errors.Is(err, pmks.ErrFailedPrecondition) {
				err = &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "too far"}
			}
			return info, err
		}}
	}},
	{name: "list-stops-after-a-page", guard: "list/several-pages", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			return list[:min(100, len(list))], err
		}}
	}},
	{name: "unreadable-hidden", guard: "list/one-unreadable", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, _ := c.ListCluster(ctx)
			return list, nil
		}}
	}},
	{name: "kubeconfig-in-list", guard: "list/as-get-shows-it", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			for _, info := range list {
				info.AccessInfo.Kubeconfig = "apiVersion: v1"
			}
			return list, err
		}}
	}},
	{name: "context-ignored", guard: "context/canceled-during-the-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(context.WithoutCancel(ctx), iid)
			if err == nil {
				err = ctx.Err()
			}
			return info, err
		}}
	}},
	{name: "context-error-lost", guard: "context/over-before-the-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if ctx.Err() != nil {
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeCanceled}
			}
			return c.GetCluster(ctx, iid)
		}}
	}},
	{name: "create-sent-again", guard: "once/reply-lost", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			twin := req.Clone()
			twin.IId.NameId += "twin"
			_, _ = c.AddNodeGroup(ctx, iid, twin)
			return g, err
		}}
	}},
	{name: "doubt-hidden", guard: "once/reply-lost-and-looking-fails", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			var e *pmks.Error
			if errors.As(err, &e) {
				e.MayHaveHappened = false
			}
			return info, err
		}}
	}},
	{name: "throttled-is-unknown", guard: "throttling/retry-after-and-nothing-changed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			if errors.Is(err, pmks.ErrThrottled) {
				err = errors.New("429 slow down")
			}
			return list, err
		}}
	}},
	{name: "secret-in-error", guard: "secrets/in-no-error-log-or-event", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			ok, err := c.DeleteCluster(ctx, iid)
			if err != nil {
				err = &pmks.Error{Code: pmks.CodeOf(err), Err: fmt.Errorf("with key %s: %w", secretKey, err)}
			}
			return ok, err
		}}
	}},
	{name: "adopts-anything", guard: "names/both-empty", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			if group.IsZero() {
				info, err := c.GetCluster(ctx, cluster)
				if err == nil && len(info.NodeGroupList) > 0 {
					group = info.NodeGroupList[0].IId
				}
			}
			return c.RemoveNodeGroup(ctx, cluster, group)
		}}
	}},
	{name: "token-never-ends", guard: "access/token", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, token: func(ctx context.Context, iid pmks.IID) (pmks.Token, error) {
			token, err := c.GenerateClusterToken(ctx, iid)
			token.ExpiresAt = time.Time{}
			return token, err
		}}
	}},
}

const secretKey = "s3cr3t-k3y-of-the-harness"

// TestMutants proves that the suite can fail: each mutant is caught by the subtest
// that guards its rule, which the right handler passes.
func TestMutants(t *testing.T) {
	t.Parallel()
	if len(mutants) < 15 {
		t.Fatalf("%d mutants are too few", len(mutants))
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			right := record(t, m, func(c correct) pmks.ClusterHandler { return c })
			if right.failed() || right.skipped != "" {
				t.Errorf("the right handler fails %s: %v %s", m.guard, right.faults, right.skipped)
			}
			if got := record(t, m, m.wrap); !got.failed() {
				t.Errorf("%s does not notice", m.guard)
			}
		})
	}
}

// TestNames_Unique keeps the names of the subtests usable with -run.
func TestNames_Unique(t *testing.T) {
	t.Parallel()
	names := conformance.Names()
	slices.Sort(names)
	if n := len(slices.Compact(slices.Clone(names))); n != len(names) {
		t.Errorf("%d names for %d subtests", n, len(names))
	}
}

// recorder is a T that notes failures instead of failing.
type recorder struct {
	ctx     context.Context
	faults  []string
	skipped string
}

func (r *recorder) failed() bool             { return len(r.faults) > 0 }
func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(string, ...any)      {}
func (r *recorder) Errorf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// record runs the guard of a mutant against a handler in a bubble of its own.
func record(t *testing.T, m mutant, wrap func(correct) pmks.ClusterHandler) *recorder {
	t.Helper()
	r := &recorder{}
	synctest.Test(t, func(t *testing.T) {
		r.ctx = t.Context()
		done := make(chan struct{})
		go func() {
			defer close(done)
			conformance.RunOne(r, m.guard, mutantCloud(m, wrap))
		}()
		<-done
	})
	return r
}

func mutantCloud(m mutant, wrap func(correct) pmks.ClusterHandler) *conformance.Cloud {
	name := m.profile
	if name == "" {
		name = "neutral"
	}
	p, _ := profile.Get(name)
	h := fake.New(fake.WithProfile(p.Name), fake.WithLimits(fake.Limits{}))
	return &conformance.Cloud{
		Handler:          wrap(correct{pmks.New(h), h}),
		ClusterRequest:   p.SampleRequest,
		NodeGroupRequest: p.SampleNodeGroup,
		Wait:             []pmks.WaitOption{pmks.WithMaxWait(6 * time.Hour)},
		Secrets:          []string{secretKey},
		Inject: func(f conformance.Fault) func() {
			kinds := map[conformance.FaultKind]fake.Fault{
				conformance.Throttle:    {Kind: fake.Throttle, RetryAfter: 7 * time.Second},
				conformance.LoseRequest: {Kind: fake.LoseRequest},
				conformance.LoseReply:   {Kind: fake.LoseReply},
				conformance.Delay:       {Kind: fake.Delay, Delay: 10 * time.Second},
				conformance.Unavailable: {Kind: fake.Refuse, Code: pmks.CodeUnavailable},
			}
			fault := kinds[f.Kind]
			fault.Op, fault.Cluster, fault.Times = f.Op, f.Cluster, f.Times
			return h.Inject(fault)
		},
		Mutations: func() int {
			n := 0
			for _, call := range h.Calls() {
				if call.Applied {
					n++
				}
			}
			return n
		},
		Put: func(name string) error { return h.Put(fake.Cluster{Name: name}) },
		Break: func(cluster, group pmks.IID, s conformance.State) error {
			return h.Break(cluster, group, fake.State(s), "broken by a test")
		},
		Protect: func(cluster pmks.IID) error { return h.Protect(cluster, true) },
	}
}
