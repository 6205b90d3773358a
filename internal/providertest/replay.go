// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// Exchange is one request that a handler is expected to make, and its answer, each
// in the few words of a [Dialect].
type Exchange [2]string

// Dialect is how a cloud's recorded requests and answers are written.
type Dialect struct {
	// Key is a request in a few words, as an Exchange has it first. It fails for one that
	// lacks what each must have, such as a signature.
	Key func(r *http.Request, body []byte) (string, error)
	// Head is what a golden file shows of a request above its body, each line with
	// "> " before it.
	Head func(r *http.Request) string
	// Body makes a body readable and always the same.
	Body func(r *http.Request, body []byte) string
	// Answer makes the answer that an Exchange describes.
	Answer func(r *http.Request, description string) (*http.Response, error)
}

// pace is how long each answer takes, in the virtual time of a bubble. Requests
// that are under way together leave at the same moment, which orders the tape.
const pace = time.Second

// Replay is a transport that knows a list of answers and writes down what it is
// asked. Answers to the same request are given in their order, each once.
type Replay struct {
	dialect Dialect
	start   time.Time

	mu      sync.Mutex
	answers map[string][]string
	tape    []taped
	faults  []error
}

// taped is a request with its answer, as it is written to a golden file.
type taped struct {
	step int
	text string
}

// newReplay makes a Replay, in the bubble that uses it.
func newReplay(dialect Dialect, exchanges []Exchange) *Replay {
	p := &Replay{dialect: dialect, start: time.Now(), answers: map[string][]string{}}
	for _, e := range exchanges {
		request, answer := e[0], e[1]
		p.answers[request] = append(p.answers[request], answer)
	}
	return p
}

// RoundTrip implements [http.RoundTripper].
func (p *Replay) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	key, err := p.dialect.Key(r, body)
	if err != nil {
		return nil, p.fault(fmt.Errorf("%s %s: %w", r.Method, r.URL, err))
	}
	answer, err := p.take(key, r, body)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(pace)
	defer timer.Stop()
	select {
	case <-timer.C:
		return p.dialect.Answer(r, answer)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// take finds the answer to a request and writes both down.
func (p *Replay) take(key string, r *http.Request, body []byte) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.answers[key]
	if len(left) == 0 {
		err := fmt.Errorf("there is no answer to %q", key)
		p.faults = append(p.faults, err)
		return "", err
	}
	p.answers[key] = left[1:]
	text := p.dialect.Head(r) + p.dialect.Body(r, body) + "< " + left[0] + "\n"
	p.tape = append(p.tape, taped{1 + int(time.Since(p.start)/pace), text})
	return left[0], nil
}

// fault keeps what is wrong with a request for the end of the test.
func (p *Replay) fault(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, err)
	return err
}

// text is the whole tape: the requests of a step, which were under way together,
// are sorted.
func (p *Replay) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(p.tape, func(a, b taped) int {
		if a.step != b.step {
			return a.step - b.step
		}
		return strings.Compare(a.text, b.text)
	})
	var b strings.Builder
	last, n := 0, 0
	for _, e := range p.tape {
		if e.step != last {
			last, n = e.step, n+1
			fmt.Fprintf(&b, "== step %d\n", n)
		}
		b.WriteString(e.text + "\n")
	}
	return b.String()
}

// check reports requests without an answer, and answers that nobody asked for.
func (p *Replay) check(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, err := range p.faults {
		t.Error(err)
	}
	for key, left := range p.answers {
		if len(left) > 0 {
			t.Errorf("%d requests %q were not made", len(left), key)
		}
	}
}

// Play makes a call whose requests end at recorded answers, in a bubble, and returns
// its result as JSON, or the errors in it, and the tape.
func Play(t *testing.T, dialect Dialect, exchanges []Exchange, call func(testing.TB, *Replay) (any, error)) (result, tape string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newReplay(dialect, exchanges)
		out, err := call(t, p)
		p.check(t)
		if err != nil {
			out = joined(err)
		}
		result, tape = Whole(out), p.text()
	})
	return result, tape
}

// joined lists the errors that are joined in err.
func joined(err error) []error {
	parts, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var list []error
	for _, part := range parts.Unwrap() {
		list = append(list, joined(part)...)
	}
	return list
}

// Whole is v as JSON, with the kubeconfig that JSON hides: those of recorded answers
// hold nothing secret.
func Whole(v any) string {
	var info pmks.AccessInfo
	switch v := v.(type) {
	case pmks.AccessInfo:
		info = v
	case pmks.ClusterInfo:
		info = v.AccessInfo
	}
	return strings.Replace(Indented(v), `"Kubeconfig": "[redacted]"`, `"Kubeconfig": `+strings.TrimSpace(Indented(info.Kubeconfig)), 1)
}

// Headers are those of the named headers that a request has, as lines of a Head.
func Headers(r *http.Request, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		if v := r.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "> %s: %s\n", name, v)
		}
	}
	return b.String()
}

// Reply is an answer with a body.
func Reply(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// ReplyFile is the answer of a description that is a status and, unless there is no body,
// a file of testdata/replies.
func ReplyFile(r *http.Request, answer string, header http.Header) (*http.Response, error) {
	number, file, _ := strings.Cut(answer, " ")
	status, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	var body []byte
	if file != "" {
		if body, err = os.ReadFile(filepath.Join("testdata", "replies", file)); err != nil {
			return nil, err
		}
	}
	return Reply(r, status, header, body), nil
}

// Indented is v as JSON, an error as its text.
func Indented(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

// CanonicalJSON is a body that is JSON, indented; another one as it is.
func CanonicalJSON(body []byte) (string, error) {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return "", errors.New("not JSON")
	}
	return Indented(v), nil
}
