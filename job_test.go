// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
)

// world is a cloud with room for one cluster, where everything is done at once. It
// keeps a journal of the calls but reads. Package fake behaves like a cloud; this
// one lets a test say what a cloud does wrong.
type world struct {
	pmks.ClusterHandler // nil: any other call panics
	reporter
	cluster  *pmks.ClusterInfo
	versions []pmks.Version
	journal  []string
	reads    int
	// fail, if set, gives the error of a call before anything happens; n counts
	// calls of the same kind from 1.
	fail func(call string, n int) error
	// show, if set, changes what a read shows.
	show func(n int, c *pmks.ClusterInfo)
	// upgrade, if set, replaces what UpgradeCluster does.
	upgrade func(c *pmks.ClusterInfo, version string)
}

func (w *world) enter(call string, detail ...any) error {
	entry := strings.TrimSpace(call + " " + fmt.Sprintln(detail...))
	w.journal = append(w.journal, entry)
	n := 0
	for _, e := range w.journal {
		if e == call || strings.HasPrefix(e, call+" ") {
			n++
		}
	}
	if w.fail != nil {
		return w.fail(call, n)
	}
	return nil
}

func (w *world) CreateCluster(_ context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	if err := w.enter("CreateCluster", groupNames(req)); err != nil {
		return pmks.ClusterInfo{}, err
	}
	if w.cluster != nil {
		return pmks.ClusterInfo{}, failure(pmks.CodeAlreadyExists)
	}
	req = req.Clone()
	req.IId, req.Status, req.AccessInfo.Kubeconfig = clusterIID, pmks.ClusterActive, secretKubeconfig
	for i := range req.Network.SubnetIIDs { // both halves are filled on output
		iid := &req.Network.SubnetIIDs[i]
		iid.NameId, iid.SystemId = cmp.Or(iid.NameId, "name-of-"+iid.SystemId), cmp.Or(iid.SystemId, "id-of-"+iid.NameId)
	}
	for i := range req.NodeGroupList {
		g := &req.NodeGroupList[i]
		g.IId.SystemId, g.Status = "ng-"+g.IId.NameId, pmks.NodeGroupActive
		if name := w.caps.GroupsAtCreate.FixedFirstName; i == 0 && name != "" {
			g.IId.NameId = name
		}
	}
	w.cluster = &req
	created := req.Clone()
	created.Status = pmks.ClusterCreating
	return created, nil
}

func (w *world) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) {
	w.reads++
	if w.fail != nil {
		if err := w.fail("GetCluster", w.reads); err != nil {
			return pmks.ClusterInfo{}, err
		}
	}
	if w.cluster == nil {
		return pmks.ClusterInfo{}, failure(pmks.CodeNotFound)
	}
	c := w.cluster.Clone()
	if w.show != nil {
		w.show(w.reads, &c)
	}
	return c, nil
}

func (w *world) DeleteCluster(_ context.Context, iid pmks.IID) (bool, error) {
	if err := w.enter("DeleteCluster", iid.SystemId); err != nil {
		return false, err
	}
	w.cluster = nil
	return true, nil
}

func (w *world) AddNodeGroup(_ context.Context, _ pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	if err := w.enter("AddNodeGroup", req.IId.NameId); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	req.IId.SystemId, req.Status = "ng-"+req.IId.NameId, pmks.NodeGroupActive
	w.cluster.NodeGroupList = append(w.cluster.NodeGroupList, req)
	return req, nil
}

func (w *world) SetNodeGroupAutoScaling(_ context.Context, _, group pmks.IID, on bool) (bool, error) {
	if err := w.enter("SetNodeGroupAutoScaling", group.NameId, on); err != nil {
		return false, err
	}
	for i := range w.cluster.NodeGroupList {
		if w.cluster.NodeGroupList[i].IId.NameId == group.NameId {
			w.cluster.NodeGroupList[i].OnAutoScaling = on
		}
	}
	return true, nil
}

func (w *world) UpgradeCluster(_ context.Context, _ pmks.IID, version string) (pmks.ClusterInfo, error) {
	if err := w.enter("UpgradeCluster", version); err != nil {
		return pmks.ClusterInfo{}, err
	}
	before, nodes := versionsOf(*w.cluster), nodesOf(*w.cluster)
	if w.upgrade == nil {
		stepUp(w.cluster, version)
	} else {
		w.upgrade(w.cluster, version)
	}
	info := w.cluster.Clone()
	if versionsOf(info) != before || nodesOf(info) != nodes {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

func (w *world) ListVersions(context.Context) ([]pmks.Version, error) {
	if w.versions == nil {
		return nil, failure(pmks.CodeUnsupported)
	}
	return w.versions, nil
}

func (w *world) OpenAccess(context.Context, pmks.IID) error { return w.enter("OpenAccess") }

func (w *world) CloseAccess(context.Context, pmks.IID) error { return w.enter("CloseAccess") }

// nodesOf are the nodes of all groups.
func nodesOf(info pmks.ClusterInfo) (all string) {
	for _, g := range info.NodeGroupList {
		all += fmt.Sprint(g.Nodes)
	}
	return all
}

// stepUp moves the control plane, or if it is there one group that lags.
func stepUp(c *pmks.ClusterInfo, version string) {
	if c.Version != version {
		c.Version = version
		return
	}
	for i := range c.NodeGroupList {
		if g := &c.NodeGroupList[i]; g.Version != "" && g.Version != version {
			g.Version = version
			return
		}
	}
}

func versionsOf(c pmks.ClusterInfo) string {
	text := c.Version
	for _, g := range c.NodeGroupList {
		text += " " + g.Version
	}
	return text
}

func groupNames(c pmks.ClusterInfo) string {
	var names []string
	for _, g := range c.NodeGroupList {
		names = append(names, g.IId.NameId)
	}
	return strings.Join(names, ",")
}

// order is a request for groups a, b and c.
func order() pmks.ClusterInfo {
	req := request()
	g := req.NodeGroupList[0]
	req.NodeGroupList = nil
	for _, name := range []string{"a", "b", "c"} {
		g.IId.NameId = name
		req.NodeGroupList = append(req.NodeGroupList, g)
	}
	return req
}

func typeI() pmks.Capabilities {
	c := strict()
	c.ClusterType, c.GroupsAtCreate = pmks.TypeI, pmks.GroupsAtCreate{}
	return c
}

// once fails the first call of a kind.
func once(kind string, err error) func(string, int) error {
	return func(call string, n int) error {
		if call == kind && n == 1 {
			return err
		}
		return nil
	}
}

func always(kind string, err error) func(string, int) error {
	return func(call string, _ int) error {
		if call == kind {
			return err
		}
		return nil
	}
}

func checkJournal(t *testing.T, w *world, want ...string) {
	t.Helper()
	if !slices.Equal(w.journal, want) {
		t.Errorf("calls:%s", diff(want, w.journal))
	}
}

func TestProvision(t *testing.T) {
	t.Parallel()
	fixed := strict()
	fixed.GroupsAtCreate = pmks.GroupsAtCreate{Min: 1, Max: 1, FixedFirstName: "default-worker"}
	opens := typeI()
	opens.Access.OpenCall = true
	adds := []string{"AddNodeGroup a", "AddNodeGroup b", "AddNodeGroup c"}
	tests := []struct {
		name string
		caps pmks.Capabilities
		fail func(string, int) error
		want []string
		has  string
	}{
		{"type-i", typeI(), nil, append([]string{"CreateCluster"}, adds...), "a,b,c"},
		{"type-ii-with-a-limit", strict(), nil, []string{"CreateCluster a,b", "AddNodeGroup c"}, "a,b,c"},
		{"fixed-first-name", fixed, nil, []string{"CreateCluster a", "AddNodeGroup b", "AddNodeGroup c"}, "default-worker,b,c"},
		{"open-access", opens, nil, append(append([]string{"CreateCluster"}, adds...), "OpenAccess"), "a,b,c"},
		{"nothing-known-of-the-handler", pmks.Capabilities{Scaling: pmks.ScalingRule{AutoScaling: pmks.AutoScalingNative}}, nil, []string{"CreateCluster a,b,c"}, "a,b,c"},
		{"busy", typeI(), once("AddNodeGroup", &pmks.Error{Code: pmks.CodeBusy, RetryAfter: time.Hour}),
			[]string{"CreateCluster", "AddNodeGroup a", "AddNodeGroup a", "AddNodeGroup b", "AddNodeGroup c"}, "a,b,c"},
		{"throttled", typeI(), once("CreateCluster", failure(pmks.CodeThrottled)), append([]string{"CreateCluster", "CreateCluster"}, adds...), "a,b,c"},
		{"unavailable", typeI(), once("CreateCluster", failure(pmks.CodeUnavailable)), append([]string{"CreateCluster", "CreateCluster"}, adds...), "a,b,c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, req := &world{reporter: reporter{tt.caps}, fail: tt.fail}, order()
				got, err := pmks.Provision(t.Context(), w, req)
				if err != nil {
					t.Fatal(err)
				}
				checkJournal(t, w, tt.want...)
				if groupNames(got) != tt.has || got.IId != clusterIID || got.AccessInfo.Kubeconfig == "" || got.Status != pmks.ClusterActive {
					t.Errorf("got %q, %v, %v", groupNames(got), got.IId, got.Status)
				}
				if d := diff(order(), req); d != "" {
					t.Errorf("the request was changed:%s", d)
				}

				// Once more: it is adopted, and nothing is made twice.
				w.journal = nil
				if _, err := pmks.Provision(t.Context(), w, req); err != nil {
					t.Fatalf("again: %v", err)
				}
				for _, call := range w.journal {
					if strings.HasPrefix(call, "AddNodeGroup") {
						t.Errorf("again: %s", call)
					}
				}
			})
		})
	}
}

// The whole request is checked before anything is made, groups that are added
// later included.
func TestProvision_Checks(t *testing.T) {
	t.Parallel()
	for _, caps := range []pmks.Capabilities{typeI(), strict()} {
		w, req := &world{reporter: reporter{caps}}, order()
		req.IId.NameId = "UPPER"
		req.NodeGroupList[0].VMSpecName = ""
		req.NodeGroupList[2].MaxNodeSize = 0
		req.NodeGroupList[2].IId.NameId = "b"
		_, err := pmks.Provision(t.Context(), w, req)
		checkFields(t, err, map[string]pmks.Code{
			"IId.NameId": bad, "NodeGroupList[0].VMSpecName": bad, "NodeGroupList[2].MaxNodeSize": bad,
			"NodeGroupList[2].DesiredNodeSize": bad, "NodeGroupList[2].IId.NameId": bad,
		})
		checkJournal(t, w)
	}
}

func TestProvision_AutoScaling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, req := &world{reporter: reporter{typeI()}}, order()
		req.NodeGroupList = req.NodeGroupList[:1]
		// The cloud makes groups without autoscaling.
		w.fail = func(call string, _ int) error {
			if call == "SetNodeGroupAutoScaling" {
				w.show = nil
			}
			return nil
		}
		w.show = func(_ int, c *pmks.ClusterInfo) {
			for i := range c.NodeGroupList {
				c.NodeGroupList[i].OnAutoScaling = false
			}
		}
		got, err := pmks.Provision(t.Context(), w, req)
		if err != nil || !got.NodeGroupList[0].OnAutoScaling {
			t.Errorf("got %+v, %v", got.NodeGroupList, err)
		}
		checkJournal(t, w, "CreateCluster", "AddNodeGroup a", "SetNodeGroupAutoScaling a true")
	})
}

func TestProvision_Adopts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*pmks.ClusterInfo)
		code   pmks.Code
		field  string
	}{
		{"same", func(*pmks.ClusterInfo) {}, pmks.CodeOK, ""},
		{"group-missing", func(c *pmks.ClusterInfo) { c.NodeGroupList = c.NodeGroupList[1:] }, pmks.CodeOK, ""},
		{"group-more", func(c *pmks.ClusterInfo) { c.NodeGroupList = append(c.NodeGroupList, group(pmks.NodeGroupActive, 1)) }, pmks.CodeOK, ""},
		{"newer", func(c *pmks.ClusterInfo) { c.Version = "1.34" }, pmks.CodeOK, ""},
		{"resized", func(c *pmks.ClusterInfo) { c.NodeGroupList[0].DesiredNodeSize = 9 }, pmks.CodeOK, ""},
		{"ids-in-other-case", func(c *pmks.ClusterInfo) { c.Network.SubnetIIDs[1].SystemId = "SUBNET-B" }, pmks.CodeOK, ""},
		{"network-unknown", func(c *pmks.ClusterInfo) { c.Network = pmks.NetworkInfo{} }, pmks.CodeOK, ""},
		{"older", func(c *pmks.ClusterInfo) { c.Version = "1.32" }, pmks.CodeAlreadyExists, "Version"},
		{"other-vpc", func(c *pmks.ClusterInfo) { c.Network.VpcIID.NameId = "other" }, pmks.CodeAlreadyExists, "Network.VpcIID"},
		{"other-subnet", func(c *pmks.ClusterInfo) { c.Network.SubnetIIDs[1].SystemId = "other" }, pmks.CodeAlreadyExists, "Network.SubnetIIDs[1]"},
		{"other-machine", func(c *pmks.ClusterInfo) { c.NodeGroupList[1].VMSpecName = "large" }, pmks.CodeAlreadyExists, "VMSpecName"},
		{"deleting", func(c *pmks.ClusterInfo) { c.Status = pmks.ClusterDeleting }, pmks.CodeBusy, ""},
		{"failed", func(c *pmks.ClusterInfo) { c.Status, c.StatusFinal = pmks.ClusterInactive, true }, pmks.CodeFailedPrecondition, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{reporter: reporter{typeI()}}
				if _, err := pmks.Provision(t.Context(), w, order()); err != nil {
					t.Fatal(err)
				}
				tt.change(w.cluster)
				before := w.cluster.Clone()
				w.journal = nil
				got, err := pmks.Provision(t.Context(), w, order())
				var e *pmks.Error
				errors.As(err, &e)
				if pmks.CodeOf(err) != tt.code || e != nil && e.Field != tt.field {
					t.Fatalf("got %v, want %v of %q", err, tt.code, tt.field)
				}
				if got.IId != clusterIID {
					t.Errorf("the cluster is not returned: %+v", got.IId)
				}
				if tt.code == pmks.CodeOK {
					return
				}
				if d := diff(before, *w.cluster); d != "" {
					t.Errorf("the cluster was changed:%s", d)
				}
				checkJournal(t, w, "CreateCluster")
			})
		})
	}
}

func TestProvision_Failures(t *testing.T) {
	t.Parallel()
	failedAtTheEnd := func(n int, c *pmks.ClusterInfo) {
		if n > 4 { // the cluster and each group were seen Active
			g := &c.NodeGroupList[1]
			g.Status, g.StatusFinal, g.StatusReason = pmks.NodeGroupInactive, true, "nodes lost"
		}
	}
	vanishesAtTheEnd := func(n int, c *pmks.ClusterInfo) {
		if n > 4 {
			c.NodeGroupList = c.NodeGroupList[:2]
		}
	}
	tests := []struct {
		name    string
		fail    func(string, int) error
		show    func(int, *pmks.ClusterInfo)
		code    pmks.Code
		text    string
		made    bool // the ids of the cluster are returned
		journal int
	}{
		{"create-refused", always("CreateCluster", failure(pmks.CodeQuotaExceeded)), nil, pmks.CodeQuotaExceeded, "Provision", false, 1},
		{"create-uncertain", always("CreateCluster", &pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true}), nil, pmks.CodeUnavailable, "may have happened", false, 1},
		{"create-throttled-for-ever", always("CreateCluster", failure(pmks.CodeThrottled)), nil, pmks.CodeThrottled, "", false, 11},
		{"reads-denied", always("GetCluster", failure(pmks.CodePermissionDenied)), nil, pmks.CodePermissionDenied, "cluster Active", true, 1},
		{"group-refused", always("AddNodeGroup", failure(pmks.CodeInvalidArgument)), nil, pmks.CodeInvalidArgument, "", true, 2},
		{"group-fails", nil, func(_ int, c *pmks.ClusterInfo) {
			if len(c.NodeGroupList) > 0 {
				g := &c.NodeGroupList[0]
				g.Status, g.StatusFinal, g.StatusReason = pmks.NodeGroupInactive, true, "no capacity"
			}
		}, pmks.CodeFailedPrecondition, "no capacity", true, 4},
		{"reads-denied-at-the-end", func(call string, n int) error {
			if call == "GetCluster" && n > 4 {
				return failure(pmks.CodePermissionDenied)
			}
			return nil
		}, nil, pmks.CodePermissionDenied, "ready for use", true, 4},
		{"group-fails-at-the-end", nil, failedAtTheEnd, pmks.CodeFailedPrecondition, "nodes lost", true, 4},
		{"group-vanishes-at-the-end", nil, vanishesAtTheEnd, pmks.CodeNotFound, "vanished", true, 4},
		{"cluster-fails-at-the-end", nil, func(n int, c *pmks.ClusterInfo) {
			if n > 4 {
				c.Status, c.StatusFinal, c.StatusReason = pmks.ClusterInactive, true, "suspended"
			}
		}, pmks.CodeFailedPrecondition, "suspended", true, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &world{reporter: reporter{typeI()}, fail: tt.fail, show: tt.show}
				got, err := pmks.Provision(t.Context(), w, order())
				if pmks.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("got %v, want %v with %q", err, tt.code, tt.text)
				}
				if (got.IId == clusterIID) != tt.made {
					t.Errorf("returned %v", got.IId)
				}
				if len(w.journal) != tt.journal {
					t.Errorf("%d calls, want %d: %q", len(w.journal), tt.journal, w.journal)
				}
				checkSecretFree(t, "the error", fmt.Sprintf("%v %#v", err, err))
			})
		})
	}
}

// Trying again ends with the schedule or the context, and says both what was
// refused and why it ended.
func TestProvision_EndsTrying(t *testing.T) {
	t.Parallel()
	busy := always("CreateCluster", failure(pmks.CodeBusy))
	t.Run("context", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
			defer cancel()
			start := time.Now()
			_, err := pmks.Provision(ctx, &world{reporter: reporter{typeI()}, fail: busy}, order())
			if time.Since(start) != 3*time.Hour {
				t.Errorf("after %v", time.Since(start))
			}
			for _, target := range []error{pmks.ErrTimeout, pmks.ErrBusy, context.DeadlineExceeded} {
				if !errors.Is(err, target) {
					t.Errorf("%v is not %v", err, target)
				}
			}
		})
	})
	t.Run("schedule", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := &world{reporter: reporter{typeI()}, fail: busy}
			_, err := pmks.Provision(t.Context(), w, order(), pmks.WithBackOff(func() backoff.BackOff {
				return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 4)
			}))
			if !errors.Is(err, pmks.ErrBusy) || len(w.journal) != 5 {
				t.Errorf("after %d calls: %v", len(w.journal), err)
			}
		})
	})
}

// Interrupted after any call or read and called again, it makes nothing twice.
func TestProvision_Resumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for stop := 1; ; stop++ {
			w := &world{reporter: reporter{typeI()}}
			ctx, cancel := context.WithCancel(t.Context())
			calls := 0
			w.fail = func(string, int) error {
				if calls++; calls == stop {
					cancel()
				}
				return nil
			}
			_, err := pmks.Provision(ctx, w, order())
			cancel()
			if err == nil {
				if stop < 8 {
					t.Fatalf("done after %d calls", stop)
				}
				return
			}
			if _, err := pmks.Provision(t.Context(), w, order()); err != nil {
				t.Fatalf("interrupted at call %d, then: %v", stop, err)
			}
			if got := groupNames(*w.cluster); got != "a,b,c" {
				t.Errorf("interrupted at call %d: groups %q", stop, got)
			}
		}
	})
}

func TestTeardown(t *testing.T) {
	t.Parallel()
	name := pmks.IID{NameId: "c1"}
	tests := []struct {
		name  string
		iid   pmks.IID
		fail  func(string, int) error
		code  pmks.Code
		calls []string
		reads int
	}{
		{"by-name", name, nil, pmks.CodeOK, []string{"DeleteCluster id-1"}, 2},
		{"by-id", clusterIID, nil, pmks.CodeOK, []string{"DeleteCluster id-1"}, 1},
		{"absent-by-name", name, always("GetCluster", failure(pmks.CodeNotFound)), pmks.CodeOK, nil, 1},
		{"absent-by-id", clusterIID, always("DeleteCluster", failure(pmks.CodeNotFound)), pmks.CodeOK, []string{"DeleteCluster id-1"}, 0},
		{"busy", clusterIID, once("DeleteCluster", failure(pmks.CodeBusy)), pmks.CodeOK, []string{"DeleteCluster id-1", "DeleteCluster id-1"}, 1},
		{"protected", clusterIID, always("DeleteCluster", failure(pmks.CodeFailedPrecondition)), pmks.CodeFailedPrecondition, []string{"DeleteCluster id-1"}, 0},
		{"ambiguous", name, always("GetCluster", failure(pmks.CodeInvalidArgument)), pmks.CodeInvalidArgument, nil, 1},
		{"nothing-named", pmks.IID{}, nil, pmks.CodeInvalidArgument, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := cluster(pmks.ClusterActive)
				w := &world{reporter: reporter{typeI()}, cluster: &c, fail: tt.fail}
				err := pmks.Teardown(t.Context(), w, tt.iid)
				if pmks.CodeOf(err) != tt.code {
					t.Errorf("got %v, want %v", err, tt.code)
				}
				checkJournal(t, w, tt.calls...)
				if w.reads != tt.reads {
					t.Errorf("%d reads, want %d", w.reads, tt.reads)
				}
			})
		})
	}
}
