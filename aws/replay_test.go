// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks/aws"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// exchange is one request that the handler is expected to make, and its answer.
type exchange struct {
	// request is "GET /clusters/devel" for EKS. For the services that take forms it
	// is the service and the action, and on EC2 the first filter, as in
	// "ec2 DescribeSubnets subnet-id".
	request string
	// answer is a status and a file of testdata/replies, which is written by hand;
	// with the code of an error in between for EKS, which has it in a header.
	answer string
}

// pace is how long each answer takes, in the virtual time of a bubble. Requests
// that are under way together leave at the same moment, which orders the tape.
const pace = time.Second

// replay is a transport that knows a list of answers and writes down what it is
// asked. Answers to the same request are given in their order, each once.
type replay struct {
	start time.Time

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

func newReplay(exchanges []exchange) *replay {
	p := &replay{start: time.Now(), answers: map[string][]string{}}
	for _, e := range exchanges {
		p.answers[e.request] = append(p.answers[e.request], e.answer)
	}
	return p
}

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = read
	}
	scope, err := credentialScope(r.Header.Get("Authorization"))
	if err != nil {
		return nil, p.fault("%s %s: %v", r.Method, r.URL, err)
	}
	if agent := r.Header.Get("User-Agent"); !strings.Contains(agent, "app/pmks") {
		return nil, p.fault("%s %s: the user agent %q does not name pmks", r.Method, r.URL, agent)
	}
	key := r.Method + " " + r.URL.RequestURI()
	form, _ := url.ParseQuery(string(body))
	if action := form.Get("Action"); action != "" {
		_, service, _ := strings.Cut(scope, "/")
		key = strings.TrimSpace(service + " " + action + " " + form.Get("Filter.1.Name"))
	}
	answer, err := p.take(key, scope, r, body)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(pace)
	defer timer.Stop()
	select {
	case <-timer.C:
		return respond(r, answer)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// take finds the answer to a request and writes both down.
func (p *replay) take(key, scope string, r *http.Request, body []byte) (string, error) {
	p.mu.Lock()
	left := p.answers[key]
	if len(left) > 0 {
		p.answers[key] = left[1:]
	}
	p.mu.Unlock()
	if len(left) == 0 {
		return "", p.fault("there is no answer to %q", key)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "> %s %s\n> Signed-For: %s\n", r.Method, r.URL, scope)
	for _, name := range []string{"Accept", "Content-Type"} {
		if v := r.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "> %s: %s\n", name, v)
		}
	}
	b.WriteString(canonical(r.Header.Get("Content-Type"), body))
	fmt.Fprintf(&b, "< %s\n", left[0])
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tape = append(p.tape, taped{1 + int(time.Since(p.start)/pace), b.String()})
	return left[0], nil
}

// fault keeps what is wrong with a request for the end of the test.
func (p *replay) fault(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, err)
	return err
}

// text is the whole tape: the requests of a step, which were under way together,
// are sorted.
func (p *replay) text() string {
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
	return mask(b.String())
}

// check reports requests without an answer, and answers that nobody asked for.
func (p *replay) check(t *testing.T) {
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

var scopePattern = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=` + replayKey + `/\d{8}/([a-z0-9-]+)/([a-z0-9]+)/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$`)

// credentialScope returns the region and the service that a request is signed for.
func credentialScope(authorization string) (string, error) {
	m := scopePattern.FindStringSubmatch(authorization)
	if m == nil {
		return "", errors.New("the request is not signed")
	}
	return m[1] + "/" + m[2], nil
}

// respond makes an answer of its description.
func respond(r *http.Request, answer string) (*http.Response, error) {
	words := strings.Fields(answer)
	status, err := strconv.Atoi(words[0])
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Amzn-Requestid": {"00000000-0000-4000-8000-000000000001"}}
	if len(words) == 3 {
		header.Set("X-Amzn-ErrorType", words[1])
	}
	file := words[len(words)-1]
	body, err := os.ReadFile(filepath.Join("testdata", "replies", file))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/json")
	if strings.HasSuffix(file, ".xml") {
		header.Set("Content-Type", "text/xml")
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// canonical makes a body readable and always the same.
func canonical(kind string, body []byte) string {
	switch {
	case len(body) == 0:
		return ""
	case kind == "application/json":
		var v any
		if json.Unmarshal(body, &v) == nil {
			return indented(v)
		}
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			var lines []string
			for key, values := range form {
				lines = append(lines, key+"="+strings.Join(values, " and ")+"\n")
			}
			slices.Sort(lines)
			return strings.Join(lines, "")
		}
	}
	return string(body) + "\n"
}

func indented(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

var (
	requestTokenPattern = regexp.MustCompile(`pmks-[A-Z2-7]{26}`)
	bearerPattern       = regexp.MustCompile(`k8s-aws-v1\.[A-Za-z0-9_-]+`)
)

// mask replaces what differs from run to run: idempotency tokens, which are
// numbered, the ends of names that are made from them, and bearer tokens.
func mask(text string) string {
	seen := map[string]bool{}
	for _, token := range requestTokenPattern.FindAllString(text, -1) {
		if !seen[token] {
			seen[token] = true
			text = strings.ReplaceAll(text, token, fmt.Sprintf("{token %d}", len(seen)))
			text = strings.ReplaceAll(text, strings.ToLower(token[len(token)-8:]), fmt.Sprintf("{end of token %d}", len(seen)))
		}
	}
	return bearerPattern.ReplaceAllString(text, "k8s-aws-v1.{masked}")
}

// golden compares a text with a file of testdata, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if g, w := lineAt(gotLines, i), lineAt(wantLines, i); g != w {
			t.Fatalf("%s, line %d:\ngot  %s\nwant %s", path, i+1, g, w)
		}
	}
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// The credentials of the replays. They appear in no golden file.
const (
	replayKey    = "AKIDREPLAY0000000001"
	replaySecret = "pmks-replay-secret-access-key-0000000001"
)

// replayConfig is the configuration of a handler on real addresses, whose requests
// end at p.
func replayConfig(p *replay) aws.Config {
	return aws.Config{
		Region: "us-west-2", AccessKeyID: replayKey, SecretAccessKey: replaySecret,
		Transport: p, PollInterval: 15 * time.Second,
	}
}

// clearEnvironment removes what the machine says of AWS. Setting a variable first
// is what brings it back after the test.
func clearEnvironment(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}
