// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// A pool that somebody else removes meanwhile: its entry is put back, and the next pool
// of that name is autoscaled at once.
func TestCase_entryOfNobody(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		rival := newHandler(t, s)
		cfg := configFor(s)
		next := cfg.Transport
		done := false
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/removeWorkerPool") && !done {
				done = true
				if _, err := rival.RemoveNodeGroup(r.Context(), cCluster, cGroup); err != nil {
					t.Error(err)
				}
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		cWarm(t, rival)
		ok, err := h.RemoveNodeGroup(t.Context(), cCluster, cGroup)
		t.Logf("removal: %t %v", ok, err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.AddNodeGroup(t.Context(), cCluster, bench.SampleNodeGroup("g0")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, pmks.IID{NameId: "g1"}, 2, 1, 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if cGet(t, h, cCluster, cGroup).OnAutoScaling {
			t.Error("a new pool is autoscaled by the entry of the one before")
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

// A removal of a pool whose switch is under way: the entry must not outlive it.
// The certificate of the administrator never goes to another host than the cluster's.
func TestCase_masterElsewhere(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://c2.example.org:1234", "https://user:pw@c2.us-south.containers.cloud.ibm.com:1", "ftp://x", "::"} {
		t.Run(url, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := fleet(t, 1, 1, iks.Options{})
				cfg := configFor(s)
				asked := ""
				inner := cBody(s, "/getCluster", func(body string) string {
					var m map[string]any
					_ = json.Unmarshal([]byte(body), &m)
					m["serviceEndpoints"].(map[string]any)["publicServiceEndpointURL"] = url
					text, _ := json.Marshal(m)
					return string(text)
				})
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") {
						asked = r.URL.String()
					}
					return inner.RoundTrip(r)
				})
				h := newHandlerWith(t, cfg)
				_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
				if err == nil || asked != "" {
					t.Errorf("asked %q: %v", asked, err)
				}
				if info, err := h.GetCluster(t.Context(), cCluster); err == nil && strings.Contains(info.AccessInfo.Kubeconfig, url) {
					t.Errorf("a kubeconfig for %s", url)
				}
			})
		})
	}
}

// A pool whose autoscaling could not be taken back gets its entry back also when IAM has
// no token for the removal, or the removal is refused while somebody writes the entries.
func TestCase_putBackRace(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		rival := newHandler(t, s)
		cWarm(t, rival)
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/removeWorkerPool") {
				return next.RoundTrip(r)
			}
			if _, err := rival.ChangeNodeGroupScaling(t.Context(), cCluster, pmks.IID{NameId: "g1"}, 2, 1, 8); err != nil {
				t.Error(err)
			}
			return providertest.Respond(r, 409, `{"code":"E9999","description":"busy"}`), nil
		})
		_, err := newHandlerWith(t, cfg).RemoveNodeGroup(t.Context(), cCluster, cGroup)
		t.Log(err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, rival, cCluster, cGroup); !g.OnAutoScaling || g.MaxNodeSize != 4 {
			t.Errorf("got %+v", g)
		}
		if g := cGet(t, rival, cCluster, pmks.IID{NameId: "g1"}); !g.OnAutoScaling || g.MaxNodeSize != 8 {
			t.Errorf("got %+v", g)
		}
	})
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

// A ConfigMap without its version is written over whatever others wrote.
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
