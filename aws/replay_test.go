// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
)

// exchange is one request that the handler is expected to make, and its answer. The
// request is "GET /clusters/devel" for EKS. For the services that take forms it is
// the service and the action, and on EC2 the first filter, as in "ec2
// DescribeSubnets subnet-id". The answer is a status and a file of testdata/replies,
// which is written by hand; with the code of an error in between for EKS, which has
// it in a header.
type exchange = providertest.Exchange

// dialect is how requests to AWS are written down.
var dialect = providertest.Dialect{
	Key: func(r *http.Request, body []byte) (string, error) {
		scope, err := credentialScope(r.Header.Get("Authorization"))
		if err != nil {
			return "", err
		}
		if agent := r.Header.Get("User-Agent"); !strings.Contains(agent, "app/pmks") {
			return "", fmt.Errorf("the user agent %q does not name pmks", agent)
		}
		form, _ := url.ParseQuery(string(body))
		action := form.Get("Action")
		if action == "" {
			return r.Method + " " + r.URL.RequestURI(), nil
		}
		_, service, _ := strings.Cut(scope, "/")
		return strings.TrimSpace(service + " " + action + " " + form.Get("Filter.1.Name")), nil
	},
	Head: func(r *http.Request) string {
		scope, _ := credentialScope(r.Header.Get("Authorization"))
		return fmt.Sprintf("> %s %s\n> Signed-For: %s\n", r.Method, r.URL, scope) + providertest.Headers(r, "Accept", "Content-Type")
	},
	Body:   func(r *http.Request, body []byte) string { return canonical(r.Header.Get("Content-Type"), body) },
	Answer: respond,
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
	return providertest.Reply(r, status, header, body), nil
}

// canonical makes a body readable and always the same.
func canonical(kind string, body []byte) string {
	switch {
	case len(body) == 0:
		return ""
	case kind == "application/json":
		if text, err := providertest.CanonicalJSON(body); err == nil {
			return text
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

// The credentials of the replays. They appear in no golden file.
const (
	replayKey    = "AKIDREPLAY0000000001"
	replaySecret = "pmks-replay-secret-access-key-0000000001"
)

// replayConfig is the configuration of a handler on real addresses, whose requests
// end at p.
func replayConfig(p *providertest.Replay) aws.Config {
	return aws.Config{
		Region: "us-west-2", AccessKeyID: replayKey, SecretAccessKey: replaySecret,
		Transport: p, PollInterval: 15 * time.Second,
	}
}

// clearEnvironment removes what the machine says of AWS. Setting a variable first
// is what brings it back after the test.
func clearEnvironment(t testing.TB) {
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
