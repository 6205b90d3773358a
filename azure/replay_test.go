// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"bytes"
	"encoding/json"
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

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// exchange is one request that the handler is expected to make, and its answer.
type exchange struct {
	// request is a method and a path with its query, as short tells it.
	request string
	// answer is a status and, unless there is no body, a file of testdata/replies,
	// which is written by hand; then headers, such as Retry-After=4.
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

// The subscription and the resource group of the replays.
const (
	replaySubscription = "00000000-0000-4000-8000-000000000001"
	replayGroup        = "devel-rg"
	replayToken        = "fake_token" // of the SDK's fake credential
)

// replayConfig is the configuration of a handler on Azure's own addresses, whose
// requests end at a transport.
func replayConfig(transport http.RoundTripper) azure.Config {
	return azure.Config{
		SubscriptionID: replaySubscription, ResourceGroup: replayGroup, Location: "koreacentral",
		Credential: &azfake.TokenCredential{}, Transport: transport,
	}
}

// shorter shortens the paths of requests.
var shorter = strings.NewReplacer(
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.ContainerService/managedClusters", "clusters",
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.Network/", "",
	"/subscriptions/"+replaySubscription+"/resourceGroups/"+replayGroup+"/providers/Microsoft.Compute/", "",
	"/subscriptions/"+replaySubscription+"/providers/Microsoft.ContainerService/locations/", "",
)

// versionTable holds the API version of each kind of resource, by the namespace.
var versionTable = map[string]string{
	"Microsoft.Compute":          "2025-04-01",
	"Microsoft.ContainerService": "2025-10-01",
	"Microsoft.Network":          "2025-01-01",
}

// short is a request in a few words, such as "GET clusters/devel".
func short(r *http.Request) string {
	query := r.URL.Query()
	query.Del("api-version")
	text := r.Method + " " + shorter.Replace(r.URL.EscapedPath())
	if len(query) > 0 {
		text += "?" + query.Encode()
	}
	return text
}

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = read
	}
	_, namespace, _ := strings.Cut(r.URL.Path, "/providers/")
	namespace, _, _ = strings.Cut(namespace, "/")
	for what, right := range map[string]bool{
		"bearer token": r.Header.Get("Authorization") == "Bearer "+replayToken,
		"user agent":   strings.HasPrefix(r.Header.Get("User-Agent"), "pmks "),
		"request id":   uuidPattern.MatchString(r.Header.Get("x-ms-client-request-id")),
		"version":      r.URL.Query().Get("api-version") == versionTable[namespace],
		"host":         r.URL.Scheme == "https" && r.URL.Host == "management.azure.com",
		"no double /":  !strings.Contains(r.URL.Path, "//"),
	} {
		if !right {
			return nil, p.fault("%s %s: not the right %s", r.Method, r.URL, what)
		}
	}
	answer, err := p.take(r, body)
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
func (p *replay) take(r *http.Request, body []byte) (string, error) {
	key := short(r)
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
	fmt.Fprintf(&b, "> %s %s\n", r.Method, r.URL)
	for _, name := range []string{"Accept", "Content-Type", "If-Match", "If-None-Match"} {
		if v := r.Header.Get(name); v != "" {
			fmt.Fprintf(&b, "> %s: %s\n", name, v)
		}
	}
	b.WriteString(canonical(body))
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

// respond makes an answer of its description. What is accepted carries the address
// of its operation, which nobody is to ask.
func respond(r *http.Request, answer string) (*http.Response, error) {
	words := strings.Fields(answer)
	status, err := strconv.Atoi(words[0])
	if err != nil {
		return nil, err
	}
	header := http.Header{"X-Ms-Request-Id": {"00000000-0000-4000-8000-0000000000ff"}}
	if status == http.StatusCreated || status == http.StatusAccepted || r.Method == http.MethodPut && status == http.StatusOK {
		operation := &url.URL{Scheme: "https", Host: r.URL.Host, Path: "/subscriptions/" + replaySubscription +
			"/providers/Microsoft.ContainerService/locations/koreacentral/operations/00000000-0000-4000-8000-0000000000ee", RawQuery: "api-version=2025-10-01"}
		header.Set("Azure-AsyncOperation", operation.String())
		if status == http.StatusAccepted {
			header.Set("Location", operation.String())
		}
	}
	var body []byte
	for _, word := range words[1:] {
		if name, v, ok := strings.Cut(word, "="); ok {
			header.Set(name, v)
			continue
		}
		header.Set("Content-Type", "application/json; charset=utf-8")
		if body, err = os.ReadFile(filepath.Join("testdata", "replies", word)); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Header: header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// canonical makes a body readable and always the same.
func canonical(body []byte) string {
	var v any
	switch {
	case len(body) == 0:
		return ""
	case json.Unmarshal(body, &v) != nil:
		return string(body) + "\n"
	}
	return indented(v)
}

// indented is v as JSON, with the kubeconfig that JSON hides: those of the tests hold
// nothing secret.
func indented(v any) string {
	switch info := v.(type) {
	case pmks.AccessInfo:
		return withKubeconfig(plainly(info), info)
	case pmks.ClusterInfo:
		return withKubeconfig(plainly(info), info.AccessInfo)
	}
	return plainly(v)
}

func withKubeconfig(text string, info pmks.AccessInfo) string {
	return strings.Replace(text, `"Kubeconfig": "[redacted]"`, `"Kubeconfig": `+strings.TrimSpace(plainly(info.Kubeconfig)), 1)
}

func plainly(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

// drawnPattern matches what marks a request as one's own, drawn at random.
var drawnPattern = regexp.MustCompile(`"[A-Z2-7]{26}"`)

// mask numbers what differs from run to run.
func mask(text string) string {
	seen := map[string]string{}
	return drawnPattern.ReplaceAllStringFunc(text, func(drawn string) string {
		if seen[drawn] == "" {
			seen[drawn] = fmt.Sprintf(`"{token %d}"`, len(seen)+1)
		}
		return seen[drawn]
	})
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
