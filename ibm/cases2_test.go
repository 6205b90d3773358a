// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func TestCase_hollowVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{`null`, `""`} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 1, iks.Options{})
			cfg := configFor(s)
			next := cfg.Transport
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") {
					return resp, err
				}
				var m map[string]any
				if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
					return nil, err
				}
				_ = resp.Body.Close()
				m["metadata"].(map[string]any)["resourceVersion"] = json.RawMessage(version)
				text, err := json.Marshal(m)
				return providertest.Respond(r, 200, string(text)), err
			})
			_, err := newHandlerWith(t, cfg).ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
			if s.Count("putConfigMap") > 0 {
				t.Errorf("resourceVersion %s: written without it, %v", version, err)
			}
		})
	}
}

// A change of bounds right after an off that its caller did not wait for switches
// autoscaling on again.
func TestCase_boundsAfterUnfinishedOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := h.SetNodeGroupAutoScaling(ctx, cCluster, cGroup, false)
		t.Logf("off: %v", err)
		_, err = h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 5)
		t.Logf("bounds: %v", err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if cGet(t, h, cCluster, cGroup).OnAutoScaling {
			t.Error("it was switched off, and a change of bounds switched it on again")
		}
	})
}

// A ConfigMap that is not there is no cluster that is not there.
func TestCase_configMapNotFound(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		fault := providertest.Answer(404, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"configmaps not found","reason":"NotFound","code":404}`)
		fault.Op, fault.Times = "getConfigMap", -1
		s.Inject(fault)
		_, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false)
		if err == nil || pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
}

// IKS takes the removal of a pool whose cluster's API is not reached from here.
func TestCase_removeOfPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1", "ng2"), iks.AttrPrivate, "true")
		for i := range c.Groups {
			c.Groups[i].OnAutoScaling, c.Groups[i].MinNodeSize, c.Groups[i].MaxNodeSize = true, 1, 3
		}
		put(t, s, c)
		if _, err := newHandler(t, s).RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}); err != nil {
			t.Errorf("after %d: %v", s.Count("removeWorkerPool"), err)
		}
	})
}

// Workers are listed late: the next step must not name one that was replaced.
func TestCase_upgradeLag(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{ReadLag: 30 * time.Second}, 3)
		h := newHandler(t, s)
		for range 4 {
			_, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
			if err != nil {
				t.Error(err)
			}
			time.Sleep(5 * time.Second) //nolint:forbidigo // inside a synctest bubble
		}
		if n := s.Count("replaceWorker"); n > 1 {
			t.Errorf("%d replacements", n)
		}
	})
}

// Changes of several pools at once, and members that nobody here knows, all stay.
func TestCase_entriesTogether(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 6, iks.Options{Latency: 100 * time.Millisecond})
		h := newHandler(t, s)
		cWarm(t, h)
		done := make(chan error)
		for i := range 6 {
			go func() {
				_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, pmks.IID{NameId: "g" + string(rune('0'+i))}, 2, 1, 10+i)
				done <- err
			}()
		}
		for range 6 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		info, err := h.GetCluster(t.Context(), cCluster)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range info.NodeGroupList {
			if g.MaxNodeSize != 10+i {
				t.Errorf("%s has %d", g.IId, g.MaxNodeSize)
			}
		}
	})
}

// Names are not known to be unique: a rival of the name does not hide what this request
// made.
func TestCase_rivalHidesOurs(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		if _, err := newHandler(t, s).CreateCluster(t.Context(), bench.SampleRequest("riva")); err != nil {
			t.Fatal(err)
		}
		cfg := configFor(s)
		next := cfg.Transport
		asked := false
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			switch {
			case err != nil:
				return resp, err
			case strings.HasSuffix(r.URL.Path, "/createCluster"):
				asked = true
				_ = resp.Body.Close()
				return providertest.Respond(r, 500, `{}`), nil
			case strings.HasSuffix(r.URL.Path, "/getClusters") && asked:
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				return providertest.Respond(r, 200, strings.ReplaceAll(string(body), `"riva"`, `"rival"`)), err
			}
			return resp, nil
		})
		info, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("rival"))
		if err != nil && !asError(t, err).MayHaveHappened {
			t.Errorf("it was made: %s %v", info.IId, err)
		}
	})
}

// cBody alters what the service answers to requests for a path.
func cBody(s *iks.Server, path string, alter func(string) string) http.RoundTripper {
	next := s.Transport()
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, path) {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return providertest.Respond(r, resp.StatusCode, alter(string(body))), err
	})
}

// A hollow list of clusters is no proof that one is gone.
// Each kind of call ends with its context while one service hangs.
// What the autoscaler refuses after it was accepted is told by the next read.
func TestCase_refusedBoundsAreShown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "minSize must be 2 with public ALBs"})
		_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 9)
		if err != nil {
			return
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		g := cGet(t, h, cCluster, cGroup)
		op, opErr := h.LastOperation(t.Context(), cCluster, cGroup)
		if g.MaxNodeSize == 9 && !strings.Contains(g.StatusReason, "ALB") && opErr == nil && op.Err == nil {
			t.Errorf("bounds that the autoscaler refused are shown as its own, and nothing says so: %+v %+v", g, op)
		}
	})
}

// A worker is replaced while the master is not well.
func TestCase_upgradeWhileSick(t *testing.T) {
	t.Parallel()
	for _, shown := range []iks.WorkerShown{{Health: "critical", ActualVersion: "1.34.4_1400"}} {
		inBubble(t, func(t *testing.T) {
			s := cOld(t, iks.Options{}, 3)
			if err := s.ShowWorkers("plain", "ng1", 2, shown); err != nil {
				t.Fatal(err)
			}
			if _, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34"); err != nil {
				t.Log(err)
			}
			t.Logf("%d", s.Count("replaceWorker"))
		})
	}
}

// CRNs in a NameId are compared too, and a pool of another cluster is refused by its id.
func TestCase_references(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 2, 2, iks.Options{})
		h := newHandler(t, s)
		ids := rawIDs(t, s)
		for _, iid := range []pmks.IID{
			{NameId: "crn:v1:bluemix:public:containers-kubernetes:eu-de:a/" + iks.DefaultAccount + ":" + ids["c000"] + "::"},
			{NameId: "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + strings.Repeat("f", 32) + ":" + ids["c000"] + "::"},
			{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south::" + ids["c000"] + "::"},
			{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south:o/" + iks.DefaultAccount + ":" + ids["c000"] + "::"},
			{SystemId: " " + ids["c000"]}, {SystemId: strings.ToUpper(ids["c000"])},
		} {
			if _, err := h.DeleteCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%v: %v", iid, err)
			}
		}
		other, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c001"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), cCluster, other.NodeGroupList[0].IId); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("%v", err)
		}
		// A name that is the id of another cluster.
		if _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: ids["c000"]}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if s.Count("deleteCluster")+s.Count("removeWorkerPool") > 0 {
			t.Error("something was sent")
		}
	})
}

// The worker that is not well goes first: of three that lag, two stay well.
func TestCase_upgradeSickFirst(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 3)
		if err := s.ShowWorkers("plain", "ng1", 2, iks.WorkerShown{Health: "critical", ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		before := cGet(t, h, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"})
		var replaced string
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/replaceWorker") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				replaced = string(body)
				r.Body = io.NopCloser(strings.NewReader(replaced))
			}
			return next.RoundTrip(r)
		})
		if _, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34"); err != nil {
			t.Fatal(err)
		}
		if sick := before.Nodes[2].SystemId; !strings.Contains(replaced, sick) {
			t.Errorf("%s is sick, and the request is %s: two of three are down", sick, replaced)
		}
	})
}

// A worker of the new version that is not well stops the next one.
func TestCase_upgradeAfterSick(t *testing.T) {
	t.Parallel()
	for _, health := range []string{"critical", "unknown", "warning"} {
		t.Run(health, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := cOld(t, iks.Options{}, 3)
				if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{Health: health}); err != nil {
					t.Fatal(err)
				}
				info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
				if n := s.Count("replaceWorker"); n > 0 {
					t.Errorf("%s: the new worker is not well, and another is replaced: %s %v", health, info.Status, err)
				}
			})
		})
	}
}

// An upgrade whose workers are listed as none is not done.
func TestCase_upgradeNoWorkers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := cOld(t, iks.Options{}, 3)
		cfg := configFor(s)
		cfg.Transport = cBody(s, "/getWorkers", func(string) string { return "[]" })
		info, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if err == nil && info.Status == pmks.ClusterActive {
			t.Errorf("told as done: %+v", info.NodeGroupList)
		}
	})
}

type valueAuth struct{ Token string }

func (valueAuth) AuthenticationType() string { return "bearerToken" }

func (v valueAuth) Authenticate(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+v.Token)
	return nil
}

func (valueAuth) Validate() error { return nil }

// A handler prints nothing of an authenticator.
func TestCase_printedAuthenticator(t *testing.T) {
	t.Parallel()
	s := iks.New(iks.Options{})
	cfg := configFor(s)
	cfg.APIKey, cfg.Authenticator = "", valueAuth{"top-secret-token"}
	h := newHandlerWith(t, cfg)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{h, cfg, &cfg} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "top-secret") {
				t.Errorf("%s of %T prints the token", verb, v)
			}
		}
	}
}

// Whatever a service quotes of the token of a cluster or the API key is cut out, in logs
// too.
func TestCase_quotedByAll(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		var log strings.Builder
		cfg := configFor(s)
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
		next := cfg.Transport
		var seen []string
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if strings.HasSuffix(r.URL.Path, "/identity/token") || !strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") && !strings.HasSuffix(r.URL.Path, "/setWorkerPoolLabels") {
				return next.RoundTrip(r)
			}
			seen = append(seen, token)
			return providertest.Respond(r, 400, `{"code":"E9999","description":"bad `+token+` and `+iks.DefaultAPIKey+`"}`), nil
		})
		h := newHandlerWith(t, cfg)
		_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
		info, _ := h.GetCluster(t.Context(), cCluster)
		text := fmt.Sprint(err, info, log.String())
		for _, secret := range append(seen, iks.DefaultAPIKey) {
			if strings.Contains(text, secret) {
				t.Errorf("%s is told", secret)
			}
		}
		t.Log(len(seen), log.Len(), err)
	})
}

// A deletion of what was just made and is not listed yet is not "gone".
func TestCase_deleteUnseen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("unseen"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.DeleteCluster(t.Context(), info.IId)
		err2 := pmks.Teardown(t.Context(), h, info.IId)
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		if list, _ := h.ListIID(t.Context()); len(list) > 0 && (err2 == nil || pmks.CodeOf(err) == pmks.CodeNotFound) {
			t.Errorf("DeleteCluster said %v, Teardown %v, and it runs", err, err2)
		}
	})
}

// The same with the first lag that a service may have: waits for it do not end as gone.
