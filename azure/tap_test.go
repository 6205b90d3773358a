// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// tap is a transport in front of a simulator that answers some requests itself.
type tap struct {
	next http.RoundTripper
	// answer returns nil for what the simulator is to answer.
	answer func(*http.Request) *http.Response

	mu sync.Mutex
	// sent counts what was answered, by method; bodies are those of PUTs.
	sent   map[string]int
	bodies []string
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		p.mu.Lock()
		p.bodies = append(p.bodies, string(body))
		p.mu.Unlock()
	}
	p.mu.Lock()
	next, answer := p.next, p.answer
	p.mu.Unlock()
	if response := answer(r); response != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.sent == nil {
			p.sent = map[string]int{}
		}
		p.sent[r.Method]++
		response.Request = r
		return response, nil
	}
	return next.RoundTrip(r)
}

// setAnswer and setNext change the tap while requests pass it.
func (p *tap) setAnswer(answer func(*http.Request) *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *tap) setNext(next http.RoundTripper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

func (p *tap) count(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[method]
}

// reset forgets what was sent.
func (p *tap) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.bodies = nil, nil
}

// replyWith makes an answer. headers are names and values in turn.
func replyWith(status int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}, "X-Ms-Request-Id": {"request-1"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

// ending matches requests of one method whose path ends in a text, in any case.
func ending(method, suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == method && strings.HasSuffix(strings.ToLower(r.URL.Path), strings.ToLower(suffix))
	}
}

// tapped makes a simulator with one cluster "c" of the given pools, and a handler whose
// requests pass a tap. Inside a bubble its time is virtual.
func tapped(t testing.TB, seed core.Seed, change func(*azure.Config)) (*azure.Handler, *tap, *aks.Server) {
	t.Helper()
	s := aks.New(aks.Options{})
	if seed.Name != "" {
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	p := &tap{next: s.Transport(), answer: func(*http.Request) *http.Response { return nil }}
	cfg := configFor(s)
	cfg.Transport = p
	if change != nil {
		change(&cfg)
	}
	h := newHandlerWith(t, cfg)
	if _, err := h.ListIID(t.Context()); err != nil { // signs in
		t.Fatal(err)
	}
	s.Reset()
	return h, p, s
}

// seedOf is a cluster "c" with pools of two machines each.
func seedOf(pools ...string) core.Seed {
	seed := core.Seed{Name: "c", Version: "1.33.6", Attr: map[string]string{}}
	for _, name := range pools {
		seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, VMSpecName: "Standard_D4s_v5", DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3})
	}
	return seed
}

// with adds attributes to a seed.
func with(seed core.Seed, attr map[string]string) core.Seed {
	seed.Attr = maps.Clone(seed.Attr)
	maps.Copy(seed.Attr, attr)
	return seed
}

// unreadOf is what a list names as unread.
func unreadOf(list []pmks.KeyValue) string { return factIn(list, pmks.KeyUnread) }

func factIn(list []pmks.KeyValue, key string) string {
	for _, kv := range list {
		if kv.Key == key {
			return kv.Value
		}
	}
	return ""
}

// helperConfig reads the arguments of the credential helper out of a kubeconfig.
func helperConfig(t testing.TB, text string) pmks.Config {
	t.Helper()
	k, err := kubeconfigyaml.Parse([]byte(text))
	if err != nil || k.Exec == nil {
		t.Fatalf("no plugin in the kubeconfig: %v", err)
	}
	cfg := pmks.Config{Settings: map[string]string{}}
	for i := 0; i+1 < len(k.Exec.Args); i += 2 {
		switch name, v := k.Exec.Args[i], k.Exec.Args[i+1]; name {
		case "-region":
			cfg.Region = v
		case "-endpoint":
			cfg.Endpoint = v
		case "-setting":
			key, word, _ := strings.Cut(v, "=")
			cfg.Settings[key] = word
		}
	}
	return cfg
}

var (
	clusterC = pmks.IID{NameId: "c"}
	poolG0   = pmks.IID{NameId: "g0"}
)
