// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func TestCase_twoOfOneName(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{FirstPoolIsDefault: true}})
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/createWorkerPool") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				text := strings.Replace(string(body), `"name":"ngx"`, `"name":"ng1"`, 1)
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("plain"), pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("ngx")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		now, err := h.GetCluster(t.Context(), info.IId)
		if err != nil || len(now.NodeGroupList) != 2 {
			t.Fatalf("%+v %v", now.NodeGroupList, err)
		}
		t.Log(now.NodeGroupList[0].IId, now.NodeGroupList[1].IId)
		if now.NodeGroupList[0].IId.NameId != now.NodeGroupList[1].IId.NameId {
			return
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("one of two node groups of the name was removed: %v", err)
		}
	})
}

// An update of the master that fails ends the job with IBM's words, and is sent once.
func TestCase_masterFails(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {FailedUpdateForgotten: true}, {UpdatingState: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "updateMaster", Kind: core.FaultFailLater, Reason: "a webhook refuses", Times: -1})
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			_, err := pmks.Upgrade(ctx, newHandler(t, s), pmks.IID{NameId: "plain"}, "1.35")
			if err == nil || ctx.Err() != nil || s.Count("updateMaster") != 1 || s.Count("replaceWorker") > 0 {
				t.Errorf("%+v: after %d: %v", a, s.Count("updateMaster"), err)
			}
		})
	}
}

// An add-on whose installation fails ends the switch.
func TestCase_addOnFails(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultFailLater, core.FaultStick} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "patchClusterAddons", Kind: kind, Reason: "no room"})
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
			defer cancel()
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(ctx, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
			t.Logf("%s: %v", kind, err)
			if kind == core.FaultFailLater && (err == nil || ctx.Err() != nil) {
				t.Errorf("%v", err)
			}
		})
	}
}

// One odd cluster in the list of the account hides none of the others.
func TestCase_oddEntry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 2, 1, iks.Options{})
		cfg := configFor(s)
		cfg.Transport = cBody(s, "/getClusters", func(body string) string {
			return strings.Replace(body, "[", `[{"id":"aaaaaaaaaaaaaaaaaaaa","name":"","state":"deleted","region":"eu-de","provider":"satellite"},`, 1)
		})
		if list, err := newHandlerWith(t, cfg).ListIID(t.Context()); len(list) != 2 {
			t.Errorf("%d, %v", len(list), err)
		}
	})
}

// A worker that failed and tells no version holds an upgrade up, or is told; it is not
// passed over.
func TestCase_upgradeFailedWorker(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualState: "provision_failed", ActualVersion: "-", Health: "critical"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ShowWorkers("plain", "ng1", 1, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if s.Count("replaceWorker") > 0 {
			t.Errorf("the only worker that works is replaced: %s %v", info.Status, err)
		}
	})
}

// A cluster of the same name that is made anew between two steps is not taken for the one
// before.
func TestCase_renewedName(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		old := pmks.IID{NameId: "c000", SystemId: rawIDs(t, s)["c000"]}
		if err := pmks.Teardown(t.Context(), h, old); err != nil {
			t.Fatal(err)
		}
		put(t, s, seed("c000", "g0"))
		if _, err := h.DeleteCluster(t.Context(), old); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if _, err := h.ReadState(t.Context(), old, cGroup); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if n := len(rawIDs(t, s)); n != 1 {
			t.Errorf("%d clusters", n)
		}
	})
}

// One empty list of pools does not end the wait for a removal, nor an upgrade.
func TestCase_hollowPools(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		cfg := configFor(s)
		hollow := false
		cfg.Transport = cBody(s, "/getWorkerPools", func(body string) string {
			if hollow {
				return "[]"
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		group := cGet(t, h, cCluster, cGroup).IId
		hollow = true
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, cCluster, group); err == nil {
			t.Error("the wait ended, and the pool is there")
		}
		if info, err := h.UpgradeCluster(t.Context(), cCluster, "1.34"); err == nil && info.Status == pmks.ClusterActive {
			t.Error("the upgrade is told as done without pools")
		}
	})
}

// The ConfigMap is written with all that was read.
func TestCase_wholeConfigMap(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		cWarm(t, newHandler(t, s))
		id := cGet(t, newHandler(t, s), cCluster, cGroup).IId.SystemId
		cfg := configFor(s)
		next := cfg.Transport
		var sent string
		text := `[{"name":"` + id + `","minSize":1,"maxSize":2,"enabled":true,"future":{"big":12345678901234567890,"f":1.0}},{"name":"g1","minSize":1,"maxSize":3,"enabled":true,"labels":["<a>&b"]},{"name":"gone","x":null}]`
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") {
				return next.RoundTrip(r)
			}
			if r.Method == http.MethodPut {
				body, err := io.ReadAll(r.Body)
				sent = string(body)
				return providertest.Respond(r, 200, sent), err
			}
			quoted, err := json.Marshal(text)
			return providertest.Respond(r, 200, `{"kind":"ConfigMap","apiVersion":"v1","immutable":false,"binaryData":{"b":"AAE="},"metadata":{"name":"iks-ca-configmap","namespace":"kube-system","uid":"u","resourceVersion":"77","finalizers":["f"],"ownerReferences":[{"uid":"x"}],"annotations":{"a":"1"},"managedFields":[{"manager":"m"}]},"data":{"expander":"random","workerPoolsConfig.json":`+string(quoted)+`}}`), err
		})
		if _, err := newHandlerWith(t, cfg).ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 9); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"binaryData":{"b":"AAE="}`, `"resourceVersion":"77"`, `"finalizers"`, `"ownerReferences"`, `"expander":"random"`, `12345678901234567890`, `1.0`, `gone`, `\"maxSize\":9`, `"immutable":false`, `"annotations"`} {
			if !strings.Contains(sent, part) {
				t.Errorf("%s is lost in %s", part, sent)
			}
		}
		if strings.Count(sent, id) != 1 || strings.Contains(sent, `\"name\":\"g0\"`) {
			t.Errorf("the entry by id is not kept: %s", sent)
		}
	})
}

// A creation that hangs until its caller gives up says that it may have happened.
func TestCase_hungCreations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		for _, op := range []string{"createCluster", "createWorkerPool", "deleteCluster", "removeWorkerPool"} {
			s.Inject(core.Fault{Op: op, Kind: core.FaultHangReply, Times: -1})
		}
		for name, call := range map[string]func(context.Context) error{
			"create": func(ctx context.Context) error {
				_, err := h.CreateCluster(ctx, bench.SampleRequest("hung"))
				return err
			},
			"add": func(ctx context.Context) error {
				_, err := h.AddNodeGroup(ctx, cCluster, bench.SampleNodeGroup("g9"))
				return err
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := call(ctx)
			cancel()
			if err == nil || !asError(t, err).MayHaveHappened {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Switching on ends with what IBM says when the labels of the pool cannot be written, and
// a second call goes on.
func TestCase_switchHalf(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		h := newHandler(t, s)
		c, g := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		allow := s.Deny("setWorkerPoolLabels")
		_, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true)
		t.Log(err)
		allow()
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true); !ok {
			t.Error(err)
		}
		got := cGet(t, h, c, g)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if l := list[0].NodeGroupList[0]; l.MinNodeSize != got.MinNodeSize || l.MaxNodeSize != got.MaxNodeSize {
			t.Errorf("ListCluster says %d to %d, GetCluster %d to %d", l.MinNodeSize, l.MaxNodeSize, got.MinNodeSize, got.MaxNodeSize)
		}
	})
}

// A deleted cluster that the list shows for a quarter of an hour more, while reads of it
// answer 404 already, is gone in the end: the wait goes on until then.
func TestCase_lingersAsDeleting(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		cfg := configFor(s)
		entry, until := "", time.Time{}
		cfg.Transport = cBody(s, "/getClusters", func(body string) string {
			switch {
			case strings.TrimSpace(body) != "[]":
				entry = strings.Replace(body, `"state":"normal"`, `"state":"deleting"`, 1)
				return body
			case until.IsZero():
				until = time.Now().Add(15 * time.Minute)
			}
			if time.Now().Before(until) && entry != "" {
				return entry
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		id := rawIDs(t, s)["c000"]
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "c000", SystemId: id}); err != nil {
			t.Errorf("it is gone, and %v", err)
		}
		if list, _ := h.ListIID(t.Context()); len(list) > 0 {
			t.Error("too early")
		}
	})
}

// The same for a young one, by which every read waits.
func TestCase_lingersYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		cfg := configFor(s)
		entry, until := "", time.Time{}
		cfg.Transport = cBody(s, "/getClusters", func(body string) string {
			switch {
			case strings.TrimSpace(body) != "[]":
				entry = body
				return body
			case entry != "" && until.IsZero():
				until = time.Now().Add(3 * time.Minute)
			}
			if time.Now().Before(until) && entry != "" {
				return entry
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
			t.Errorf("it is gone, and %v", err)
		}
	})
}

// References of VPC are compared in all their parts.
func TestCase_vpcCRNs(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		r := iks.DefaultResources("us-south")
		h := newHandler(t, s)
		crn := func(region, account, instance, kind, id string) pmks.IID {
			return pmks.IID{SystemId: "crn:v1:bluemix:public:is:" + region + ":a/" + account + ":" + instance + ":" + kind + ":" + id}
		}
		other := strings.Repeat("f", 32)
		for i, change := range []func(*pmks.NetworkInfo){
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("eu-de", iks.DefaultAccount, "", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", other, "", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", iks.DefaultAccount, "x", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", iks.DefaultAccount, "", "subnet", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("us-south-2", other, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("us-south-3", iks.DefaultAccount, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("eu-de-1", iks.DefaultAccount, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SecurityGroupIIDs = []pmks.IID{crn("us-south", other, "", "security-group", r.SecurityGroups[0].ID)}
			},
		} {
			req := bench.SampleRequest("refs")
			change(&req.Network)
			if err := h.CheckCluster(t.Context(), req); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

// IBM may say for up to an hour of a cluster that is being made that it is not there: the
// wait for it goes on.
func TestCase_longYoung(t *testing.T) {
	t.Parallel()
	for _, fresh := range []time.Duration{5 * time.Minute, 20 * time.Minute, 50 * time.Minute} {
		t.Run(fresh.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{Fresh: fresh})
				h := newHandler(t, s)
				info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// Others are listed while one is too new to be read.
func TestCase_listWithYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Fresh: 30 * time.Minute})
		put(t, s, seed("plain", "ng1"))
		h := newHandler(t, s)
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("young")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if took := time.Since(start); took > time.Minute || len(list) != 2 {
			t.Errorf("%d clusters after %s: %v", len(list), took, err)
		}
	})
}

type hungAuth struct{ end chan struct{} }

func (hungAuth) AuthenticationType() string { return "x" }

func (v hungAuth) Authenticate(*http.Request) error { <-v.end; return errors.New("ended") }

func (hungAuth) Validate() error { return nil }

// An Authenticator that hangs holds one goroutine, not one for each call.
