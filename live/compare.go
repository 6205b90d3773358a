// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// comparison is what came of sending a record to a simulator.
type comparison struct {
	cloud         string
	sent, skipped int
	differences   []*difference
	// later are the waits: how much longer than the simulator the cloud took for what.
	unsent []string
}

// comparer sends the requests of a record to a simulator and compares the answers.
//
// Time stands still for the simulator until an answer of the cloud shows more progress
// than one of the simulator: then it goes on until both agree, or nothing happens any more.
// So it counts in which order a cloud goes through its states, and not how long it takes.
type comparer struct {
	cloud string
	sim   *simulated
	auth  authorizer
	rpc   *rpc
	// kube has the tokens for the API servers of clusters.
	kube authorizer
	differ

	scrub *scrubber
	// before is the last answer of the cloud to each request.
	before map[string]string
	// hopeless are differences for which waiting was in vain.
	hopeless map[string]bool
	found    map[string]*difference
	result   *comparison
}

// compare compares a record with the simulator of its cloud. assume changes the
// assumptions of the simulator.
func compare(ctx context.Context, rec *record, assume func(any)) (*comparison, error) {
	sim, err := simulate(rec.head.Cloud, rec.head.Region, assume)
	if err != nil {
		return nil, err
	}
	client, err := open(ctx, rec.head.Cloud, sim.config, sim.dial, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	c := &comparer{
		cloud: rec.head.Cloud, sim: sim, auth: newAuthorizer(rec.head.Cloud, sim.config.Region, sim.config.Credentials, client.seen), rpc: client.rpc,
		differ: differ{known: map[string]string{}}, scrub: newScrubber(),
		before: map[string]string{}, hopeless: map[string]bool{}, found: map[string]*difference{}, result: &comparison{cloud: rec.head.Cloud},
	}
	c.scrub.ready()
	c.kube = clusterTokens(client.Client, rec.head.Request.IId)
	c.prepare(rec.head)
	if sim.dial != nil {
		if _, err := client.ListIID(ctx); err != nil { // which connects
			return nil, err
		}
	}
	for _, l := range rec.lines {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case l.Found != nil:
			c.put(*l.Found)
		case l.Exchange != nil:
			if err := c.exchange(ctx, l.Exchange); err != nil {
				return nil, fmt.Errorf("exchange %d: %w", l.Exchange.N, err)
			}
		}
	}
	for _, d := range c.found {
		c.result.differences = append(c.result.differences, d)
	}
	slices.SortFunc(c.result.differences, func(a, b *difference) int {
		if k := slices.Index(kinds, a.kind) - slices.Index(kinds, b.kind); k != 0 {
			return k
		}
		if a.n != b.n {
			return a.n - b.n
		}
		return strings.Compare(a.key(), b.key())
	})
	return c.result, nil
}

// prepare maps what the account of the record has to what that of the simulator has.
func (c *comparer) prepare(head header) {
	pair := func(cloud, simulator string) {
		if cloud != "" && simulator != "" && cloud != simulator {
			c.known[cloud] = simulator
		}
	}
	pairs := func(cloud, simulator pmks.IID) {
		pair(cloud.SystemId, simulator.SystemId)
		if len(cloud.NameId) >= 4 {
			pair(cloud.NameId, simulator.NameId)
		}
	}
	for name, id := range head.Accounts {
		pair(id, c.sim.config.Credentials[name])
	}
	p, _ := profile.Get(c.cloud)
	sample := p.SampleRequest(head.Request.IId.NameId)
	lists := func(cloud, simulator []pmks.IID) {
		for i := range min(len(cloud), len(simulator)) {
			pairs(cloud[i], simulator[i])
		}
	}
	pairs(head.Request.Network.VpcIID, sample.Network.VpcIID)
	lists(head.Request.Network.SubnetIIDs, sample.Network.SubnetIIDs)
	lists(head.Request.Network.SecurityGroupIIDs, sample.Network.SecurityGroupIIDs)
	for i := range min(1, len(head.Request.NodeGroupList)) {
		g, s := head.Request.NodeGroupList[i], sample.NodeGroupList[0]
		pair(g.VMSpecName, s.VMSpecName)
		pairs(g.KeyPairIID, s.KeyPairIID)
	}
}

// mostNodes bounds the clusters that put makes: no cloud has larger ones, and a record may
// come from anybody.
const mostNodes = 20_000

// put makes a cluster that the record found. What the simulator cannot have is left out:
// its requests then show it.
func (c *comparer) put(info pmks.ClusterInfo) {
	nodes := 0
	for _, g := range info.NodeGroupList {
		if g.DesiredNodeSize < 0 || g.DesiredNodeSize > mostNodes {
			nodes = mostNodes + 1
			break
		}
		nodes += g.DesiredNodeSize
	}
	if nodes > mostNodes {
		c.result.unsent = append(c.result.unsent, fmt.Sprintf("the cluster %q, which was there: it has more than %d nodes", info.IId.NameId, mostNodes))
		return
	}
	seed := core.Seed{Name: info.IId.NameId, Version: info.Version, Network: info.Network, Groups: info.NodeGroupList}
	for _, tag := range info.TagList {
		if seed.Tags == nil {
			seed.Tags = map[string]string{}
		}
		seed.Tags[tag.Key] = tag.Value
	}
	if err := c.sim.Server.Put(seed); err != nil {
		c.result.unsent = append(c.result.unsent, fmt.Sprintf("the cluster %q, which was there: %v", info.IId.NameId, err))
	}
}

// exchange sends one request and compares the answers.
func (c *comparer) exchange(ctx context.Context, x *exchange) error {
	if x.Failed != "" || signsIn(x) {
		c.result.skipped++
		return nil
	}
	if throttled(x) {
		c.sim.Server.Inject(core.Fault{Kind: core.FaultThrottle, Code: pmks.CodeThrottled})
	}
	same := x.Method + " " + x.URL + "\n" + x.Body
	answer := fmt.Sprint(x.Status) + x.Reply.Body
	moved := c.before[same] != answer
	c.before[same] = answer

	got, err := c.send(ctx, x)
	if err != nil {
		return err
	}
	differences := c.look(x, got)
	if c.mayWait(x, got, moved, differences) {
		if got, err = c.wait(ctx, x, got); err != nil {
			return err
		}
	}
	c.learning = true
	differences = c.look(x, got)
	c.learning = false
	c.result.sent++
	var op string
	if len(differences) > 0 {
		op = c.sim.lastOp()
	}
	for i := range differences {
		d := &differences[i]
		d.op = op
		if first := c.found[d.key()]; first != nil {
			first.times++
			continue
		}
		d.n, d.times = x.N, 1
		c.found[d.key()] = d
	}
	return nil
}

// look compares the two answers to a request.
func (c *comparer) look(x, got *exchange) []difference {
	c.out = nil
	if c.cloud == "nhn" && x.Status/100 == 2 && got.Status/100 == 2 {
		// No source says whether NKS answers its own calls with 200 or 202.
		copied := *got
		copied.Status = x.Status
		got = &copied
	}
	c.compare("", x.tree(), got.tree())
	return c.out
}

// mayWait reports whether the simulator may only be behind.
func (c *comparer) mayWait(x, got *exchange, moved bool, differences []difference) bool {
	if x.Method != http.MethodGet && !c.reads(x) {
		return !x.refused() && got.refused()
	}
	return moved && c.behind(differences)
}

// behind reports whether there is a difference that time may mend.
func (c *comparer) behind(differences []difference) bool {
	return slices.ContainsFunc(differences, func(d difference) bool { return d.kind != kindForm && d.kind != kindWords && !c.hopeless[d.key()] })
}

// refused reports whether an answer is a refusal: Tencent Cloud says so with a 200.
func (x *exchange) refused() bool {
	return x.Status >= 400 || strings.HasPrefix(x.Reply.Body, `{"Response":{"Error":`)
}

// reads reports whether a request that is no GET only reads.
func (c *comparer) reads(x *exchange) bool {
	action := x.Header["x-acs-action"] + x.Header["x-tc-action"] + x.rpcName()
	if form, err := url.ParseQuery(x.Body); err == nil {
		action += form.Get("Action")
	}
	for _, word := range []string{"Describe", "Get", "List", "Fetch", "Query"} {
		if strings.HasPrefix(action, word) {
			return true
		}
	}
	return strings.HasSuffix(x.URL, "/listManagedInstances") || strings.Contains(x.URL, "listCluster") // of Google and of Azure
}

// longestWait is for how long a simulator may lag behind the cloud: longer than any
// operation of any profile.
const longestWait = 4 * time.Hour

// wait lets time pass for the simulator until its answer is the cloud's, or nothing more
// happens.
func (c *comparer) wait(ctx context.Context, x, got *exchange) (*exchange, error) {
	var quiet time.Duration
	for waited := time.Duration(0); waited < longestWait && quiet < 10*time.Minute; {
		// What comes next is never passed by. Nodes join between the events.
		pause := 10 * time.Second
		if next, ok := c.sim.Server.(interface{ NextEvent() (time.Time, bool) }); ok {
			if at, busy := next.NextEvent(); busy {
				pause, quiet = max(time.Millisecond, min(pause, time.Until(at))), 0
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		waited, quiet = waited+pause, quiet+pause
		var err error
		if got, err = c.send(ctx, x); err != nil {
			return nil, err
		}
		if !c.behind(c.look(x, got)) {
			return got, nil
		}
		if !x.refused() && !got.refused() && x.Method != http.MethodGet && !c.reads(x) {
			return got, nil // it has been done, and must not be done again
		}
	}
	for _, d := range c.look(x, got) {
		c.hopeless[d.key()] = true
	}
	return got, nil
}

// send sends the request of x to the simulator.
func (c *comparer) send(ctx context.Context, x *exchange) (*exchange, error) {
	u, err := url.Parse(x.URL)
	if err != nil {
		return nil, err
	}
	target := nowhere + prefix(c.cloud, u.Host) + c.path(u.EscapedPath())
	if u.RawQuery != "" {
		target += "?" + c.form(u.RawQuery)
	}
	body := x.Body
	if strings.HasPrefix(x.Header["content-type"], "application/x-www-form-urlencoded") {
		body = c.form(body)
	} else {
		body = c.mapped(body)
	}
	header := maps.Clone(x.Header)
	for name, v := range header {
		header[name] = c.mapped(v)
	}
	auth := c.auth
	if ofKubernetes(x) {
		target, auth = c.mapped(x.URL), c.kube
	}
	if x.isRPC() {
		header[rpcRouting] = c.form(x.Header[rpcRouting])
		got, err := c.rpc.send(ctx, &exchange{Method: x.Method, URL: x.URL, Header: header, Body: body})
		if err != nil {
			return nil, err
		}
		return c.answered(got.Status, got.Reply.Header, got.Reply.Body), nil
	}
	r, err := request(ctx, x.Method, target, header, body)
	if err != nil {
		return nil, err
	}
	if err := auth.authorize(ctx, r, []byte(body), x.Scope); err != nil {
		return nil, err
	}
	response, err := c.sim.Server.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	return c.answered(response.StatusCode, kept(response.Header, keptReplies), string(answer)), nil
}

// answered is the answer of the simulator, without what a record would not have either.
func (c *comparer) answered(status int, header map[string]string, body string) *exchange {
	return &exchange{Status: status, Reply: reply{Header: header, Body: c.scrub.body(header["content-type"], body)}}
}

// lastOp is the last request that a simulator had, in the vendor's words.
func (s *simulated) lastOp() string {
	calls := s.Server.Calls()
	if len(calls) == 0 {
		return ""
	}
	last := calls[len(calls)-1]
	return strings.TrimPrefix(last.Service+" "+last.Op, " ")
}

// path maps the segments of a path, which may be escaped.
func (c *comparer) path(escaped string) string {
	whole, err := url.PathUnescape(escaped)
	if err != nil {
		return c.mapped(escaped)
	}
	if mapped := c.mapped(whole); mapped == whole {
		return escaped
	}
	segments := strings.Split(escaped, "/")
	for i, segment := range segments {
		if plain, err := url.PathUnescape(segment); err == nil {
			if mapped := c.mapped(plain); mapped != plain {
				segments[i] = url.PathEscape(mapped)
			}
		}
	}
	return strings.Join(segments, "/")
}

// form maps the values of parameters.
func (c *comparer) form(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		key, v, ok := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(v); ok && err == nil {
			if mapped := c.mapped(plain); mapped != plain {
				parts[i] = key + "=" + strings.ReplaceAll(url.QueryEscape(mapped), "+", "%20")
			}
		}
	}
	return strings.Join(parts, "&")
}

// throttled reports whether an answer says that there were too many requests.
func throttled(x *exchange) bool {
	if x.Status == http.StatusTooManyRequests {
		return true
	}
	for _, word := range []string{"Throttling", "RequestLimitExceeded", "RESOURCE_EXHAUSTED"} {
		if (x.Status >= 400 || strings.Contains(x.Reply.Body, `"Error"`)) && strings.Contains(x.Reply.Body, word) {
			return true
		}
	}
	return false
}
