// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// moment is when in a run probes are made.
type moment string

const (
	atTour          moment = "tour"
	atBefore        moment = "before the creation"
	atCreating      moment = "while the cluster is created"
	atGroupCreating moment = "while a group is created"
	atActive        moment = "while all is active"
	atTagging       moment = "while tags are changed"
	atTagged        moment = "when tags have been changed"
	atAutomatic     moment = "while a group scales by itself"
	atSettled       moment = "while the second group is at rest"
	atGroupDeleting moment = "while a group is deleted"
	atUpgrading     moment = "while the control plane is upgraded"
	atLast          moment = "when all has been done"
	atDeleting      moment = "while the cluster is deleted"
	atGone          moment = "when the cluster is gone"
)

// probe is a request that pmks itself never makes, or not in such a state, because its
// answer is not known: one that was made before, changed. What it makes where the cloud
// accepts it belongs to the cluster and goes with it.
type probe struct {
	// assumption is what the answer settles.
	assumption string
	at         moment
	// method and call say which request of a call of pmks is changed: the last of that
	// method whose path or action matches call, a regular expression.
	method, call string
	// from and to replace a part of the URL, a regular expression; {name} in to is the last
	// value of that member in an answer. asMethod and action replace the method and the
	// action, and without takes a header out.
	from, to, asMethod, action, without string
	// set are members of the body by their path; nil takes one out, and a list whose path
	// ends with "+" is added to what is there. keep are the members that stay; none means
	// all. body is a whole one.
	set  map[string]any
	keep []string
	body string
	// soon: it follows the probe before it at once, and not when all is at rest.
	soon bool
	// after is how long it rests before, where the cloud begins what was asked for a little
	// later.
	after time.Duration
}

// probeStep begins the names of the steps that are probes.
const probeStep = "probe "

// probe makes the probes of a moment. What they are answered is for the comparison; that
// one cannot be sent is no failure of the run.
func (r *run) probe(ctx context.Context, at moment) {
	for range r.probes(ctx, at) {
		continue
	}
}

// probes makes them one by one, and lets the caller do something after each that no other
// follows at once.
func (r *run) probes(ctx context.Context, at moment) iter.Seq[string] {
	var list []probe
	for _, p := range probeTable[r.cloud] {
		if p.at == at {
			list = append(list, p)
		}
	}
	return func(yield func(string) bool) {
		for i, p := range list {
			if ctx.Err() != nil {
				return
			}
			_, _ = do(ctx, r, probeStep+p.assumption, only(func(ctx context.Context) error { return r.ask(ctx, p) }), pmks.CodeUnknown)
			if followed := i+1 < len(list) && list[i+1].soon; !followed && !yield(p.assumption) {
				return
			}
		}
	}
}

// ask makes a probe.
func (r *run) ask(ctx context.Context, p probe) error {
	select {
	case <-time.After(p.after):
	case <-ctx.Done():
		return ctx.Err()
	}
	x := r.last(p.method, p.call)
	if x == nil {
		return fmt.Errorf("no %s %s was made before", p.method, p.call)
	}
	method, target, body := x.Method, x.URL, x.Body
	if p.asMethod != "" {
		method = p.asMethod
	}
	if p.from != "" {
		to := inBraces.ReplaceAllStringFunc(p.to, func(name string) string { return url.PathEscape(r.recent(strings.Trim(name, "{}"))) })
		target = regexp.MustCompile(p.from).ReplaceAllString(target, to)
	}
	header := maps.Clone(x.Header)
	delete(header, "if-match") // of a version that is gone
	delete(header, p.without)
	if p.from != "" {
		delete(header, "if-none-match")
	}
	for _, name := range []string{"x-acs-action", "x-tc-action"} {
		if header[name] != "" && p.action != "" {
			header[name] = p.action
		}
	}
	if p.body != "" || method == "GET" || method == "DELETE" || p.asMethod != "" && p.set == nil {
		body = p.body
		if p.from != "" {
			body = expanded(regexp.MustCompile(p.from), x.URL, p.body)
		}
	}
	if p.set != nil {
		var tree map[string]any
		if err := decode(body, &tree); err != nil {
			return err
		}
		for name := range tree {
			if len(p.keep) > 0 && !slices.Contains(p.keep, name) {
				delete(tree, name)
			}
		}
		for path, v := range p.set {
			put(tree, strings.Split(path, "."), v)
		}
		body = encode(tree)
	}
	if body != "" && header["content-type"] == "" {
		if header == nil {
			header = map[string]string{}
		}
		header["content-type"] = "application/json"
	}
	if x.isRPC() {
		_, err := r.rpc.send(ctx, &exchange{Method: method, URL: target, Header: header, Body: body})
		return err
	}
	req, err := request(ctx, method, target, header, body)
	if err != nil {
		return err
	}
	if err := r.auth.authorize(ctx, req, []byte(body), x.Scope); err != nil {
		return err
	}
	response, err := r.rec.RoundTrip(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// expanded is a body with what the parts of a URL are in place of $1 and so on.
func expanded(from *regexp.Regexp, target, body string) string {
	if at := from.FindStringSubmatchIndex(target); at != nil && strings.Contains(body, "$") {
		return string(from.ExpandString(nil, body, target, at))
	}
	return body
}

// last is the last request of a method whose path or action matches call, and that was no
// probe.
func (r *run) last(method, call string) (last *exchange) {
	matches, probing := regexp.MustCompile(call), false
	for _, l := range r.rec.raw().lines {
		if l.Step != "" {
			probing = strings.HasPrefix(l.Step, probeStep)
		}
		x := l.Exchange
		if x == nil || probing || x.Method != method {
			continue
		}
		if u, err := url.Parse(x.URL); err == nil && (matches.MatchString(u.Path) || matches.MatchString(x.Header["x-acs-action"]+x.Header["x-tc-action"]+x.formAction())) {
			last = x
		}
	}
	return last
}

var inBraces = regexp.MustCompile(`\{[A-Za-z_]+\}`)

// recent is the last value of a member in an answer.
func (r *run) recent(name string) (value string) {
	member := regexp.MustCompile(`"` + regexp.QuoteMeta(name) + `"\s*:\s*"([^"]*)"`)
	for _, x := range r.rec.raw().exchanges() {
		for _, m := range member.FindAllStringSubmatch(x.Reply.Body, -1) {
			value = m[1]
		}
	}
	return value
}

// put sets a member of a tree; "$new" is a text that is drawn.
func put(tree map[string]any, path []string, v any) {
	if v == "$new" {
		v = nonce()
	}
	if len(path) > 1 {
		inner, ok := tree[path[0]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			tree[path[0]] = inner
		}
		put(inner, path[1:], v)
		return
	}
	if name, more := strings.CutSuffix(path[0], "+"); more {
		before, _ := tree[name].([]any)
		after, _ := v.([]any)
		tree[name] = slices.Concat(before, after)
		return
	}
	if v == nil {
		delete(tree, path[0])
		return
	}
	tree[path[0]] = v
}
