// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/trust"
)

// evilNames are what may be taken for the name or the id of something, and would lead a
// request elsewhere, or stand for something else in a URL, a header, YAML or a shell.
var evilNames = []string{
	"..", ".", "../other", "a/b", "a/../b", "a%2Fb", "%2e%2e", "a%00", "%", "%zz", "a?x=y", "a#b", "a&x=y", "a;b", "a=b",
	"a\r\nX-Evil: 1", "a\nb: c", "a\x00b", "a b", " ", "a\\..\\b", "$(id)", "`id`", "'; x", "\"", "{{.}}", "- x", "~", "é", "\u202egpj",
	"http://" + elsewhere + "/x", "//" + elsewhere + "/x", "x@" + elsewhere, strings.Repeat("a", 5000), "\xff\xfe",
}

// naming are the calls that take names, each with one of them evil.
var naming = []struct {
	name string
	call func(cluster, group pmks.IID) Call
}{
	{"GetCluster", func(c, _ pmks.IID) Call { return GetCluster(c) }},
	{"ReadState", func(c, _ pmks.IID) Call { return ReadState(c, pmks.IID{}) }},
	{"ReadState-group", ReadState},
	{"LastOperation", func(c, _ pmks.IID) Call { return LastOperation(c, pmks.IID{}) }},
	{"GenerateClusterToken", func(c, _ pmks.IID) Call { return GenerateClusterToken(c) }},
	{"UpgradeCluster", func(c, _ pmks.IID) Call { return UpgradeCluster(c, "") }},
	{"RemoveNodeGroup", RemoveNodeGroup},
	{"SetNodeGroupAutoScaling", func(c, g pmks.IID) Call { return SetNodeGroupAutoScaling(c, g, true) }},
	{"ChangeNodeGroupScaling", func(c, g pmks.IID) Call { return ChangeNodeGroupScaling(c, g, 2, 1, 3) }},
	// Last, because a sound cluster goes with it.
	{"DeleteCluster", func(c, _ pmks.IID) Call { return DeleteCluster(c) }},
}

// route is what a request asks for, whatever names stand in it.
type route struct {
	method, host string
	segments     int
}

// post is the network, which keeps what is sent.
type post struct {
	next http.RoundTripper

	mu      sync.Mutex
	strayed []string
	routes  map[route]bool
	queries map[string]bool
	evil    bool
}

// RoundTrip implements [http.RoundTripper].
func (p *post) RoundTrip(req *http.Request) (*http.Response, error) {
	p.read(req)
	return p.next.RoundTrip(req)
}

func (p *post) read(req *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path := req.URL.EscapedPath()
	at := route{req.Method, req.URL.Host, strings.Count(path, "/")}
	if !p.evil {
		p.routes[at] = true
		for name := range req.URL.Query() {
			p.queries[name] = true
		}
		return
	}
	stray := func(format string, args ...any) { p.strayed = append(p.strayed, fmt.Sprintf(format, args...)) }
	if !p.routes[at] {
		stray("a request of another form was sent: %s %.200s%.200s", req.Method, req.URL.Host, path)
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." || strings.Contains(plain, "/") {
			stray("a path has the segment %q", segment)
		}
	}
	for name := range req.URL.Query() {
		if !p.queries[name] {
			stray("a query has the parameter %.100q", name)
		}
	}
	for name, values := range req.Header {
		for _, value := range append(values, name) {
			if strings.ContainsAny(value, "\r\n\x00") {
				stray("the header %q has a line end", name)
			}
		}
	}
}

// HostileNames gives every call names and ids that mean harm. What leaves has the form of
// requests with sound names, to the same hosts, and the error is a typed one.
func (b Bench[S]) HostileNames(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := b.Fleet(t, b.Simulate(Options{Unlimited: true}), 1, 1)
		p := &post{routes: map[route]bool{}, queries: map[string]bool{}}
		h := b.connect(t, s, func(next http.RoundTripper) http.RoundTripper { p.next = next; return p })
		b.soundNames(t, s, h, p)
		client := pmks.New(h)
		for _, n := range naming {
			for i, evil := range evilNames {
				if UnderRace && i%5 > 0 {
					continue
				}
				var faults []string
				for _, iid := range []pmks.IID{{NameId: evil}, {SystemId: evil}, {NameId: evil, SystemId: evil}} {
					faults = append(faults, p.given(t, h, n.call(iid, pmks.IID{NameId: "g0"}))...)
					faults = append(faults, p.given(t, h, n.call(pmks.IID{NameId: "c000"}, iid))...)
				}
				noteHostile(t, n.name, "name", fmt.Sprintf("%.40q", evil), faults)
			}
		}
		for i, evil := range evilNames {
			if UnderRace && i%5 > 0 {
				continue
			}
			var faults []string
			for _, req := range b.evilRequests(evil) {
				faults = append(faults, p.given(t, h, func(ctx context.Context, _ Handler) error { return failure(client.CreateCluster(ctx, req)) })...)
			}
			noteHostile(t, "CreateCluster", "name", fmt.Sprintf("%.40q", evil), faults)
		}
	})
}

// soundNames learns what requests look like.
func (b Bench[S]) soundNames(t *testing.T, s S, h Handler, p *post) {
	t.Helper()
	sound := []pmks.IID{{NameId: "c000"}, {NameId: "absent"}}
	if list, err := h.ListIID(t.Context()); err == nil && len(list) == 1 {
		sound = append(sound, *list[0], pmks.IID{SystemId: list[0].SystemId})
	}
	for i := range 2 {
		for _, n := range naming {
			if n.name == "DeleteCluster" {
				if i == 0 {
					continue
				}
				time.Sleep(longestWait) //nolint:forbidigo // inside a synctest bubble
			}
			for _, c := range sound {
				for _, g := range []string{"g0", "absent"} {
					_ = n.call(c, pmks.IID{NameId: g})(t.Context(), h) // whatever becomes of it
				}
			}
		}
	}
	_ = CreateCluster(b.CreateRequest("sound"))(t.Context(), h)
	for _, req := range b.evilRequests("absent") {
		_ = CreateCluster(req)(t.Context(), h)
	}
	time.Sleep(longestWait) //nolint:forbidigo // inside a synctest bubble
	again := core.Seed{Name: "c000", Version: b.Version, Groups: []pmks.NodeGroupInfo{b.SampleNodeGroup("g0")}}
	_ = s.Put(again) // where it is gone
	p.mu.Lock()
	defer p.mu.Unlock()
	p.evil = true
}

// evilRequests are creations with evil in each of the fields that name something.
func (b Bench[S]) evilRequests(evil string) (list []pmks.ClusterInfo) {
	for _, spoil := range []func(*pmks.ClusterInfo){
		func(r *pmks.ClusterInfo) { r.IId.NameId = evil },
		func(r *pmks.ClusterInfo) { r.Version = evil },
		func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{NameId: evil} },
		func(r *pmks.ClusterInfo) { r.Network.VpcIID = pmks.IID{SystemId: evil} },
		func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs[0] = pmks.IID{NameId: evil} },
		func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs[0] = pmks.IID{SystemId: evil} },
		func(r *pmks.ClusterInfo) { r.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: evil}} },
		func(r *pmks.ClusterInfo) { r.TagList = []pmks.KeyValue{{Key: evil, Value: evil}} },
	} {
		req := b.CreateRequest("evil").Clone()
		spoil(&req)
		list = append(list, req)
	}
	return list
}

// given makes one call, and returns what was wrong with it.
func (p *post) given(t *testing.T, h Handler, call Call) (faults []string) {
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			faults = append(faults, fmt.Sprintf("panic: %v", r))
		}
	}()
	err := call(ctx, h)
	p.mu.Lock()
	defer p.mu.Unlock()
	faults, p.strayed = p.strayed, nil
	if e, ok := asError(err); err != nil && (!ok || e.Code == pmks.CodeUnknown) {
		faults = append(faults, fmt.Sprintf("an untyped error: %v", err))
	}
	return faults
}

// noteHostile keeps a verdict.
func noteHostile(t testing.TB, what, kind, detail string, faults []string) {
	t.Helper()
	slices.Sort(faults)
	faults = slices.Compact(faults)
	if len(faults) > 0 {
		faults = []string{what + " / " + kind + " " + detail + ": " + strings.Join(faults[:min(3, len(faults))], "; ")}
		t.Error(faults[0])
	}
	trust.Note(trust.Verdict{Part: trust.Hostile, Case: what, Kind: kind, Faults: faults})
}
