// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust"
)

// lies are how an answer is changed by somebody who means harm: the true one, with what
// does not belong there.
var lies = []struct {
	name string
	tell func(r *rand.Rand, body []byte) []byte
}{
	{"one-member-wrong", func(r *rand.Rand, body []byte) []byte { return rewrite(body, oneOf(r, body, wrongValues)) }},
	{"every-text-injects", func(_ *rand.Rand, body []byte) []byte { return rewrite(body, everyText(injected)) }},
	{"every-text-a-path", func(_ *rand.Rand, body []byte) []byte {
		return rewrite(body, everyText(func(string) string { return "../../other" }))
	}},
	{"links-elsewhere", func(_ *rand.Rand, body []byte) []byte { return linked.ReplaceAll(body, []byte("https://"+elsewhere)) }},
	{"next-page-elsewhere", func(_ *rand.Rand, body []byte) []byte { return rewrite(body, addNext) }},
	{"lists-without-end", func(_ *rand.Rand, body []byte) []byte { return rewrite(body, longLists) }},
	{"deep", func(_ *rand.Rand, body []byte) []byte {
		const depth = 100_000
		return slices.Concat(bytes.Repeat([]byte(`{"a":[`), depth), body, bytes.Repeat([]byte("]}"), depth))
	}},
	{"bytes-flipped", flip},
	{"kubeconfig-runs-programs", func(_ *rand.Rand, body []byte) []byte { return rewrite(body, everyText(runsPrograms)) }},
}

var linked = regexp.MustCompile(`https?:(\\?/){2}[^/"\\]*`)

// wrongValues are what no member should be.
var wrongValues = []any{nil, true, -1.0, 1e308, 9007199254740993.0, "", "x\r\ny", "\x00", []any{}, map[string]any{}, []any{nil}, strings.Repeat("x", 1<<20), "0001-01-01", "NaN"}

// rewrite changes a JSON text; what is none stays.
func rewrite(body []byte, change func(any) any) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return body
	}
	out, err := json.Marshal(change(v))
	if err != nil {
		return body
	}
	return out
}

// oneOf changes one of the members, whichever it is.
func oneOf(r *rand.Rand, body []byte, values []any) func(any) any {
	total := 0
	_ = rewrite(body, walked(func(v any) any { total++; return v }))
	at, value := r.IntN(max(1, total)), values[r.IntN(len(values))]
	n := -1
	return walked(func(v any) any {
		if n++; n == at {
			return value
		}
		return v
	})
}

// walked changes every member of objects and lists, in the order of their names.
func walked(change func(any) any) func(any) any {
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			var names []string
			for name := range v {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				v[name] = walk(v[name])
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		}
		return change(v)
	}
	return walk
}

func everyText(change func(string) string) func(any) any {
	return walked(func(v any) any {
		if text, ok := v.(string); ok {
			return change(text)
		}
		return v
	})
}

// injected breaks out of a text in YAML, a header and a shell.
func injected(text string) string {
	return text + "\"'\r\n    exec: {command: evil}\n- x: $(evil)`evil`\r\nX-Evil: 1"
}

// runsPrograms makes the user of a kubeconfig one that runs a program.
func runsPrograms(text string) string {
	if i := strings.Index(text, "\n  user:"); strings.Contains(text, "kind: Config") && i >= 0 {
		return text[:i] + "\n  user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: evil, interactiveMode: Never}\n"
	}
	return text
}

// addNext adds what names a next page, as several vendors do.
func addNext(v any) any {
	if m, ok := v.(map[string]any); ok {
		next := "https://" + elsewhere + "/next?page=2"
		for _, name := range []string{"nextLink", "next", "nextPageLink", "next_link"} {
			m[name] = next
		}
		m["links"] = []any{map[string]any{"rel": "next", "href": next}}
	}
	return v
}

// longLists repeats what is in every list.
func longLists(v any) any {
	return walked(func(v any) any {
		list, ok := v.([]any)
		if !ok || len(list) == 0 || len(list) > 100 {
			return v
		}
		// What has lists itself would grow without measure.
		most := 300
		if text, err := json.Marshal(list[0]); err != nil || len(text) > 1000 {
			most = 5
		}
		for len(list) < most {
			list = append(list, list[0])
		}
		return list
	})(v)
}

// flip changes some bytes, whatever the form of the answer.
func flip(r *rand.Rand, body []byte) []byte {
	out := bytes.Clone(body)
	for range 1 + len(out)/200 {
		if len(out) > 0 {
			out[r.IntN(len(out))] = byte(r.IntN(256))
		}
	}
	return out
}

// liar answers with what it makes of the true answers.
type liar struct {
	next http.RoundTripper

	mu   sync.Mutex
	r    *rand.Rand
	tell func(*rand.Rand, []byte) []byte // nil: the truth
	// sent counts the requests, and strayed is the first that went elsewhere.
	sent    int
	strayed string
}

func (l *liar) set(tell func(*rand.Rand, []byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell, l.sent, l.strayed = tell, 0, ""
}

// RoundTrip implements [http.RoundTripper].
func (l *liar) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.sent++
	if req.URL.Hostname() == elsewhere && l.strayed == "" {
		l.strayed = req.Method + " " + req.URL.Path
		if req.Header.Get("Authorization") != "" {
			l.strayed += " with a credential"
		}
	}
	sent, strayed, tell := l.sent, l.strayed, l.tell
	l.mu.Unlock()
	if strayed != "" || sent > mostRequests {
		return reply(req, http.StatusTeapot, "", "", nil), nil
	}
	res, err := l.next.RoundTrip(req)
	if err != nil || tell == nil {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	body = tell(l.r, body)
	l.mu.Unlock()
	header := res.Header.Clone()
	header.Del("Content-Length")
	return answer(req, res.StatusCode, header, bytes.NewReader(body), int64(len(body))), nil
}

// mostRequests is how many a call may make that is told of pages without end.
const mostRequests = 2000

// trusting are operations that end by themselves whatever they are told; what waits for
// the cloud to tell the truth is bounded by its caller.
func trusting(op operation) bool { return !op.waits }

// HostileAnswers runs every operation on a cloud that lies, in each of the lies. It ends,
// with success or a typed error, does not panic, leaves nothing running, goes to no other
// host, and hands out no kubeconfig that runs a program. believed are lies that cannot be
// told from the truth.
func (b Bench[S]) HostileAnswers(t *testing.T, believed ...Believed) {
	t.Helper()
	if !trust.Asked() {
		t.Skip("the program internal/trust/cmd/trust runs it; FuzzTrust has a part of it")
	}
	type trial struct {
		op  operation
		lie int
	}
	var trials []trial
	for _, op := range operations {
		for i := range lies {
			if trusting(op) {
				trials = append(trials, trial{op, i})
			}
		}
	}
	r := trust.Random("hostile/" + b.Cloud)
	// Prime to the number of lies, so that each comes up.
	order, more := trust.Choose(trust.Hostile, b.Cloud, 2, len(trials), map[bool]int{false: 7, true: 29}[UnderRace])
	for _, i := range order {
		if !more() {
			return
		}
		op, lie := trials[i].op, lies[trials[i].lie]
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = b.lied(t, op, lie.tell, r.Uint64()) })
		if i := slices.IndexFunc(believed, func(e Believed) bool { return e.covers(lie.name, faults) }); i >= 0 {
			trust.Note(trust.Verdict{Part: trust.Hostile, Case: op.name, Kind: lie.name, Faults: faults, Reason: believed[i].Reason})
			continue
		}
		noteHostile(t, op.name, lie.name, fmt.Sprintf("trial %d", i), faults)
	}
}

// Believed is a lie whose fault, by words in it, is excused.
type Believed struct{ Lie, Words, Reason string }

func (e Believed) covers(lie string, faults []string) bool {
	return e.Lie == lie && len(faults) > 0 && !slices.ContainsFunc(faults, func(f string) bool { return !strings.Contains(f, e.Words) })
}

// lied runs an operation on a cloud that lies.
func (b Bench[S]) lied(t testing.TB, op operation, tell func(*rand.Rand, []byte) []byte, seed uint64) []string {
	t.Helper()
	var v verdict
	m := b.Matrix()
	l := &liar{r: rand.New(rand.NewPCG(seed, seed))}
	open := m.Open
	m.Open = func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
		return open(t, func(next http.RoundTripper) http.RoundTripper {
			l.next = wire(next)
			return l
		})
	}
	s := m.open(t, op)
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	l.set(tell)
	out := s.do(ctx)
	sent, strayed := l.sent, l.strayed
	l.set(nil)
	s.leftovers(&v)
	if out.panic != nil {
		v.add("panic: %v: %s", out.panic, out.stack)
	}
	if strayed != "" {
		v.add("a request went to %s: %s", elsewhere, strayed)
	}
	if sent > mostRequests {
		v.add("%d requests were sent", sent)
	}
	if out.took > longestCall {
		v.add("it took %s", out.took)
	}
	if e, ok := asError(out.err); out.err != nil && (!ok || e.Code == pmks.CodeUnknown) {
		v.add("an untyped error: %.300v", out.err)
	}
	if info, ok := out.value.(pmks.ClusterInfo); ok && runs.MatchString(info.AccessInfo.Kubeconfig) {
		v.add("the kubeconfig runs a program")
	}
	return v
}

var runs = regexp.MustCompile(`(?m)^\s*"?(exec|auth-provider|command)"?:`)

// mostAllocated is how much memory a call may ask for in all, whose one answer is 100 MB
// or unpacks to that: an answer is read to 64 MB, into a buffer that grows by doubling,
// and decoded.
const mostAllocated = 640 << 20

// HugeAnswers answers each request of some operations with 100 MB, plain and packed to a
// thousandth of that. The call ends with an error, and neither reads nor keeps it all.
func (b Bench[S]) HugeAnswers(t *testing.T) {
	t.Helper()
	packed := bomb()
	for _, op := range operations {
		if !slices.Contains([]string{"ListCluster", "GetCluster", "CreateCluster", "GenerateClusterToken"}, op.name) || UnderRace {
			continue
		}
		m := b.Matrix()
		steps, skip := m.record(t, op)
		if skip != "" {
			continue
		}
		for i, at := range steps {
			if _, all := trust.Budget(trust.Hostile, 1); i > 0 && !all {
				continue
			}
			for _, k := range []kind{
				{name: "100-megabytes", strike: large},
				{name: "bomb", strike: func(_ *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
					return answer(req, http.StatusOK, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, bytes.NewReader(packed), int64(len(packed))), nil
				}},
			} {
				k.codes = internal
				var faults []string
				m.bubble(t, func(t testing.TB) { faults = b.heavy(t, m, op, at, k) })
				noteHostile(t, op.name, k.name, at.name, faults)
			}
		}
	}
}

// heavy runs an operation one of whose answers is huge.
func (b Bench[S]) heavy(t testing.TB, m *Matrix, op operation, at step, k kind) []string {
	t.Helper()
	var v verdict
	s := m.open(t, op)
	s.wire.arm(at, &k)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := s.do(t.Context())
	runtime.ReadMemStats(&after)
	s.wire.disarm()
	s.leftovers(&v)
	if out.panic != nil {
		v.add("panic: %v: %s", out.panic, out.stack)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > mostAllocated {
		v.add("%d MB were asked for", n>>20)
	}
	if e, ok := asError(out.err); out.err != nil && (!ok || e.Code == pmks.CodeUnknown) {
		v.add("an untyped error: %.300v", out.err)
	}
	return v
}

const hugeSize = 100 << 20

// large is an answer of 100 MB that says how long it is.
func large(w *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(&endless{wire: w}, hugeSize), strings.NewReader(`"}`))
	return answer(req, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body, hugeSize+8), nil
}

// bomb is a JSON text of 100 MB, packed.
func bomb() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, `{"a":"`)
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range hugeSize >> 20 {
		_, _ = w.Write(chunk)
	}
	_, _ = io.WriteString(w, `"}`)
	_ = w.Close()
	return b.Bytes()
}

// FuzzAnswers answers one of the requests of an operation with anything. The operation
// ends as it does for [Bench.HostileAnswers].
func (b Bench[S]) FuzzAnswers(f *testing.F) {
	f.Add(uint8(0), uint8(0), uint16(200), []byte(`{"name":7}`))
	f.Add(uint8(9), uint8(1), uint16(200), []byte(`[[[[null]]]]`))
	f.Add(uint8(10), uint8(0), uint16(404), []byte(`{"error":{"code":{},"message":[]},"code":1,"Message":null}`))
	f.Add(uint8(3), uint8(2), uint16(500), []byte("<Error><Code></Code></Error>"))
	f.Add(uint8(0), uint8(2), uint16(476), []byte("&"))
	f.Fuzz(func(t *testing.T, which, at uint8, status uint16, body []byte) {
		op := operations[int(which)%len(operations)]
		if !trusting(op) || status < 200 || status > 599 || status/100 == 3 {
			t.Skip("it is no answer")
		}
		var faults []string
		synctest.Test(t, func(t *testing.T) {
			n := 0
			faults = b.answered(t, op, func() ([]byte, int, bool) {
				n++
				return body, int(status), n == 1+int(at)%6
			})
		})
		for _, fault := range faults {
			t.Errorf("%s: %s", op.name, fault)
		}
	})
}

// answered runs an operation some of whose requests get another answer.
func (b Bench[S]) answered(t testing.TB, op operation, instead func() (body []byte, status int, yes bool)) []string {
	t.Helper()
	var v verdict
	s := b.Matrix().open(t, op)
	var mu sync.Mutex
	s.wire.watch(func(req *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
		mu.Lock()
		body, status, yes := instead()
		mu.Unlock()
		if !yes {
			return deliver()
		}
		return reply(req, status, contentType(string(body)), string(body), nil), nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	out := s.do(ctx)
	s.leftovers(&v)
	if out.panic != nil {
		v.add("panic: %v: %s", out.panic, out.stack)
	}
	if e, ok := asError(out.err); out.err != nil && (!ok || e.Code == pmks.CodeUnknown) {
		v.add("an untyped error: %.300v", out.err)
	}
	return v
}
