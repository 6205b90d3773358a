// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
	"github.com/pmks-go/pmks/internal/trust/canary"
)

// Canaries searches everything that a provider shows for every secret that goes by: those
// of its configuration, of which cfg is the zero value, those that it signs in with, the
// tokens of its requests, and the tokens and keys that the cloud hands out. They are
// searched for in errors, logs, events and progress, in printed values, and in files, while
// all goes well and while everything is answered by a page that quotes the whole request.
func (b Bench[S]) Canaries(t *testing.T, cfg any) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR"} {
		t.Setenv(name, home)
	}
	c := &coop{t: t, cage: &canary.Cage{}}
	for _, secret := range b.Secrets {
		c.cage.Add("what requests are signed with", secret)
	}
	filled, fields := canary.Fill(c.cage, cfg)
	if len(fields) == 0 {
		t.Errorf("%T has no field for a secret", cfg)
	}
	c.shows("value", "the configuration", filled)
	secrets := map[string]string{}
	for i, secret := range b.Secrets {
		secrets[fmt.Sprint("secret", i)] = secret
	}
	c.shows("value", "pmks.Config", pmks.Config{Credentials: secrets})
	statuses := []int{400, 401, 403, 404, 409, 429, 500, 503}
	for i, op := range operations {
		synctest.Test(t, func(t *testing.T) { b.sing(t, c, op, 0) })
		for j, status := range statuses {
			if _, all := trust.Budget(trust.Canaries, 1); all || i%len(statuses) == j && !UnderRace {
				synctest.Test(t, func(t *testing.T) { b.sing(t, c, op, status) })
			}
		}
	}
	c.files(home)
	if c.cage.Len() < len(fields)+1 {
		t.Errorf("there are only %d secrets", c.cage.Len())
	}
	c.report()
}

// coop is where secrets are gathered and searched for.
type coop struct {
	t    *testing.T
	cage *canary.Cage

	mu      sync.Mutex
	places  map[string]int
	found   map[string][]string // by kind
	excused map[string][]string
}

// look searches a place.
func (c *coop) look(kind string, p canary.Place) {
	found := c.cage.Find(p.Text)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.places == nil {
		c.places, c.found, c.excused = map[string]int{}, map[string][]string{}, map[string][]string{}
	}
	c.places[kind]++
	if len(found) == 0 {
		return
	}
	into := c.found
	if kind == hiddenKind {
		into = c.excused
	}
	into[kind] = append(into[kind], p.Name+" shows "+strings.Join(found, " and "))
}

// hiddenKind is the kind of place where nothing can be done.
const hiddenKind = "value in an unexported field"

// hiddenReason says why.
const hiddenReason = "fmt asks no method of what is in a field that is not exported, so that a program that prints such a struct of its own " +
	"prints the plain strings that the fields of V0.6 are; behind a pointer it prints an address, but in its complaint of a verb that " +
	"fits no pointer (SECURITY.md)"

// complaint is where fmt complains of a verb that fits no pointer, and says what is there.
var complaint = regexp.MustCompile(`under %[sqtgU]$`)

// shows searches a value shown in every way, alone and inside others.
func (c *coop) shows(kind, name string, v any) {
	for in, value := range canary.Inside(name, v) {
		for _, p := range canary.Show(in, value) {
			c.look(kind, p)
		}
	}
	for _, p := range canary.Show(name+" in an unexported field", canary.Hidden(v)) {
		c.look(hiddenKind, p)
	}
	// What is to be done instead.
	for _, p := range canary.Show(name+" behind a pointer in an unexported field", canary.Hidden(canary.Pointer(v))) {
		kind := "value behind a pointer in an unexported field"
		if complaint.MatchString(p.Name) {
			kind = hiddenKind
		}
		c.look(kind, p)
	}
}

// files searches all that was written.
func (c *coop) files(dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			c.look("file", canary.Place{Name: filepath.Base(path), Text: string(text)})
		}
		return err
	})
	if err != nil {
		c.t.Errorf("the files cannot be searched: %v", err)
	}
	c.look("file", canary.Place{Name: "the names of all files", Text: dir})
}

// report notes what was searched and what was found.
func (c *coop) report() {
	for kind, n := range c.places {
		found := c.found[kind]
		slices.Sort(found)
		trust.Note(trust.Verdict{Part: trust.Canaries, Case: kind, Kind: kind, N: max(1, n-len(found)-len(c.excused[kind]))})
		for _, text := range slices.Compact(found) {
			trust.Note(trust.Verdict{Part: trust.Canaries, Case: kind, Kind: kind, Faults: []string{text}})
			c.t.Errorf("%s: %s", kind, text)
		}
		for _, text := range c.excused[kind] {
			trust.Note(trust.Verdict{Part: trust.Canaries, Case: kind, Kind: kind, Faults: []string{text}, Reason: hiddenReason})
		}
	}
	c.t.Logf("%d secrets were searched for in %v; %d places are excepted", c.cage.Len(), c.places, len(c.excused[hiddenKind]))
}

// sing runs an operation while everything that is written and read is gathered; with a
// status other than 0, each of its requests is answered with that, and with a text that
// quotes all of it.
func (b Bench[S]) sing(t *testing.T, c *coop, op operation, status int) {
	logs := &Log{}
	events := &heard{}
	own := b
	own.Open = func(ctx context.Context, s S, conn Connection) (Handler, error) {
		conn.Logger = logs.Logger()
		return b.Open(ctx, s, conn)
	}
	m := own.Matrix()
	parrot := &parrot{coop: c, matrix: m}
	open := m.Open
	m.Open = func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
		return open(t, func(next http.RoundTripper) http.RoundTripper {
			parrot.next = wire(next)
			return parrot
		})
	}
	s := m.open(t, op)
	s.h = pmks.New(s.h.Unwrap(), pmks.WithLogger(logs.Logger()), pmks.WithObserver(events))
	parrot.say(status)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	out := s.do(ctx)
	parrot.say(0)
	name := fmt.Sprintf("%s, answered %d", op.name, status)
	switch v := out.value.(type) {
	case pmks.ClusterInfo:
		c.cage.AddKubeconfig(v.AccessInfo.Kubeconfig)
	case pmks.Token:
		c.cage.Add("the token of a cluster", v.Value)
	}
	if out.err != nil {
		for in, v := range canary.Inside("the error of "+name, out.err) {
			for _, p := range canary.Show(in, v) {
				c.look("error", p)
			}
		}
	}
	if out.panic != nil {
		c.look("panic", canary.Place{Name: "the panic of " + name, Text: fmt.Sprint(out.panic)})
	}
	if out.value != nil {
		c.shows("value", "the result of "+name, out.value)
	}
	c.look("log", canary.Place{Name: "the log of " + name, Text: logs.String()})
	for _, e := range events.all() {
		for _, p := range canary.Show("an event of "+name, e) {
			c.look("event", p)
		}
		for _, p := range canary.Show("events of "+name, map[string][]pmks.Event{"events": {e}}) {
			c.look("event", p)
		}
	}
	if status == 0 && op.name == "GetCluster" {
		c.shows("value", "the handler", s.h.Unwrap())
		c.shows("value", "the client", s.h)
	}
}

// heard are the events that an observer was told.
type heard struct {
	mu     sync.Mutex
	events []pmks.Event
}

// Begin implements [pmks.Observer].
func (h *heard) Begin(ctx context.Context, e pmks.Event) context.Context {
	h.keep(e)
	return ctx
}

// End implements [pmks.Observer].
func (h *heard) End(_ context.Context, e pmks.Event) { h.keep(e) }

func (h *heard) keep(e pmks.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) all() []pmks.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// parrot gathers the secrets of requests and answers, and answers with what it heard.
type parrot struct {
	*coop
	matrix *Matrix
	next   http.RoundTripper

	mu     sync.Mutex
	status int
}

func (p *parrot) say(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// RoundTrip implements [http.RoundTripper].
func (p *parrot) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	p.hear(req, body)
	p.mu.Lock()
	status := p.status
	p.mu.Unlock()
	if status != 0 {
		kind, form := p.matrix.refusal(req, status)
		said, err := json.Marshal(quote(req, body))
		if err != nil {
			return nil, err
		}
		return reply(req, status, kind, strings.ReplaceAll(form, Words, strings.Trim(string(said), `"`)), nil), nil
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	res, err := p.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	p.hearAnswer(answer)
	res.Body = io.NopCloser(bytes.NewReader(answer))
	return res, nil
}

// quote is a whole request as text.
func quote(req *http.Request, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", req.Method, req.URL)
	_ = req.Header.Write(&b)
	b.Write(body)
	return b.String()
}

// secretHeaders are those whose whole value is a credential.
var secretHeaders = []string{"X-Auth-Token", "X-Amz-Security-Token", "X-Acs-Security-Token", "X-Tc-Token", "X-Auth-Refresh-Token"}

// secretMembers are the members of forms and answers that are credentials.
var secretMembers = regexp.MustCompile(`(?i)^(client_secret|client_assertion|assertion|password|apikey|access_?token|refresh_?token|secret_?(access_?)?key|security_?token|private_?key|client-?key-?data)$`)

func (p *parrot) hear(req *http.Request, body []byte) {
	if kind, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "bearer") {
		p.cage.Add("the bearer token of a request", token)
	}
	for _, name := range secretHeaders {
		p.cage.Add("the header "+name, req.Header.Get(name))
	}
	if form, err := url.ParseQuery(string(body)); err == nil {
		for name, values := range form {
			if secretMembers.MatchString(name) {
				p.cage.Add("the "+name+" of a request", values[0])
			}
		}
	}
	p.hearAnswer(body)
}

// hearAnswer gathers the secrets of a JSON text.
func (p *parrot) hearAnswer(body []byte) {
	var v any
	if json.Unmarshal(body, &v) == nil {
		p.walk("", v)
	}
}

func (p *parrot) walk(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			p.walk(key, member)
		}
	case []any:
		for _, member := range v {
			p.walk(name, member)
		}
	case string:
		if secretMembers.MatchString(name) {
			p.cage.Add("the "+cmp.Or(name, "text")+" of an answer", v)
		}
		p.cage.AddKubeconfig(v)
	}
}
