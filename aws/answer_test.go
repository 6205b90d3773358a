// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

const jsonType, htmlType = "application/json", "text/html"

func answered(status int, kind, body string) *core.Answer {
	return &core.Answer{Status: status, Header: map[string]string{"Content-Type": kind}, Body: body}
}

// What something on the way answers in place of AWS is taken for what it is: the
// status counts, absence needs AWS's own word, and a success must hold its subject.
func TestHandler_foreignAnswers(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><html><body>go away</body></html>"
	for _, test := range []struct {
		name   string
		answer *core.Answer
		want   error
		says   string
	}{
		{"html-403", answered(403, htmlType, page), pmks.ErrPermissionDenied, "not from AWS"},
		{"html-404", answered(404, htmlType, page), pmks.ErrUnavailable, "not from AWS"},
		{"html-429", answered(429, htmlType, page), pmks.ErrThrottled, "not from AWS"},
		{"html-502", answered(502, htmlType, page), pmks.ErrUnavailable, "not from AWS"},
		{"html-200", answered(200, htmlType, page), pmks.ErrUnavailable, "not from AWS"},
		{"redirect", &core.Answer{Status: 307, Header: map[string]string{"Location": "https://elsewhere.example/"}}, pmks.ErrUnavailable, "redirect"},
		{"bare-404", answered(404, jsonType, ""), pmks.ErrUnavailable, "without a code"},
		{"empty-404", answered(404, jsonType, "{}"), pmks.ErrUnavailable, "without a code"},
		{"404-of-another-kind", &core.Answer{Status: 404, Header: map[string]string{"X-Amzn-ErrorType": "UnknownOperationException"}, Body: "{}"}, pmks.ErrUnavailable, "UnknownOperationException"},
		{"unknown-422", answered(422, jsonType, "{}"), pmks.ErrInvalidArgument, ""},
		{"unknown-418", answered(418, jsonType, "{}"), pmks.ErrFailedPrecondition, ""},
		{"unknown-451", answered(451, jsonType, "{}"), pmks.ErrPermissionDenied, ""},
		{"unreadable-403", answered(403, jsonType, "&"), pmks.ErrPermissionDenied, "cannot be read"},
		{"known-code-at-429", &core.Answer{Status: 429, Header: map[string]string{"X-Amzn-ErrorType": "InvalidRequestException"}, Body: `{"message":"slow"}`}, pmks.ErrThrottled, "slow"},
		{"nothing", answered(200, jsonType, ""), pmks.ErrUnavailable, "lost"},
		{"null", answered(200, jsonType, "null"), pmks.ErrUnavailable, "lost"},
		{"object-without-its-subject", answered(200, jsonType, "{}"), pmks.ErrUnavailable, "lost"},
		{"empty-subject", answered(200, jsonType, `{"cluster":{}}`), pmks.ErrUnavailable, "lost"},
		{"another-subject", answered(200, jsonType, `{"cluster":{"name":"other","status":"ACTIVE"}}`), pmks.ErrUnavailable, "lost"},
		{"list", answered(200, jsonType, "[]"), pmks.ErrUnavailable, "lost"},
		{"cut", answered(200, jsonType, `{"cluster":{"name":"c0`), pmks.ErrUnavailable, "lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 0, eks.Options{})
				s.Inject(core.Fault{Op: "DescribeCluster", Kind: core.FaultAnswer, Answer: test.answer, Times: -1})
				h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
				info, err := h.GetCluster(t.Context(), cluster)
				says(t, err, test.want, test.says)
				if info.IId != (pmks.IID{}) {
					t.Errorf("the error comes with %+v", info)
				}
				if err := pmks.Teardown(t.Context(), h, cluster, pmks.WithMaxWait(time.Hour)); err == nil {
					t.Error("Teardown takes it for the cluster's end")
				}
			})
		})
	}
}

// Whoever throttles says how long to wait.
func TestHandler_retryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := answered(429, htmlType, "<html>slow down</html>")
		page.Header["Retry-After"] = "45"
		coded := &core.Answer{Status: 429, Header: map[string]string{"X-Amzn-ErrorType": "ThrottlingException", "Retry-After": "45"}, Body: `{"message":"Rate exceeded"}`}
		for name, answer := range map[string]*core.Answer{"a proxy": page, "EKS": coded} {
			s := fleet(t, 1, 0, eks.Options{})
			s.Inject(core.Fault{Op: "DescribeCluster", Kind: core.FaultAnswer, Answer: answer, Times: -1})
			_, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodeThrottled || e.RetryAfter != 45*time.Second {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// An empty answer to a read is none, and no empty list.
func TestHandler_emptyReads(t *testing.T) {
	t.Parallel()
	create := bench.CreateRequest("new")
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "DescribeCluster", Call: providertest.GetCluster(cluster)},
		{Name: "node-group", Request: "DescribeNodegroup", Call: providertest.ReadState(cluster, group)},
		{Name: "clusters", Request: "ListClusters", Call: providertest.ListCluster},
		{Name: "node-groups", Request: "ListNodegroups", Call: providertest.GetCluster(cluster)},
		{Name: "fargate-profiles", Request: "ListFargateProfiles", Call: providertest.DeleteCluster(cluster)},
		{Name: "versions", Request: "DescribeClusterVersions", Call: providertest.ListVersions},
		{Name: "updates", Request: "ListUpdates", Call: providertest.LastOperation(cluster, pmks.IID{})},
		{Name: "subnets", Request: "DescribeSubnets", Call: providertest.CreateCluster(create)},
		{Name: "role", Request: "GetRole", Call: providertest.CreateCluster(create)},
	})
}

// changes are the calls that change something, with the request that does it.
func changes() []providertest.Probe {
	create := bench.CreateRequest("new")
	cluster, group, more := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}, bench.SampleNodeGroup("new")
	return []providertest.Probe{
		{Name: "create", Request: "CreateCluster", Call: providertest.CreateCluster(create)},
		{Name: "add", Request: "CreateNodegroup", Call: providertest.AddNodeGroup(cluster, more)},
		{Name: "template", Request: "CreateLaunchTemplate", Call: providertest.AddNodeGroup(cluster, more)},
		{Name: "delete", Request: "DeleteCluster", Call: providertest.DeleteCluster(cluster)},
		{Name: "remove", Request: "DeleteNodegroup", Call: providertest.RemoveNodeGroup(cluster, group)},
		{Name: "upgrade", Request: "UpdateClusterVersion", Call: providertest.UpgradeCluster(cluster, "1.34")},
		{Name: "scale", Request: "UpdateNodegroupConfig", Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 4)},
	}
}

// A mutation whose answer holds nothing is open, not done: what it did is looked for.
func TestHandler_emptyAnswersToMutations(t *testing.T) {
	t.Parallel()
	bench.EmptyAnswers(t, append(changes(),
		providertest.Probe{Name: "autoscaling", Request: "DeleteTags", Call: providertest.SetNodeGroupAutoScaling(pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}, false)}))
}

// Of a launch template there is one, whatever became of the answer.
func TestHandler_templateOfAnEmptyAnswer(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"CreateLaunchTemplate", "CreateNodegroup"} {
		for _, applied := range []core.FaultKind{core.FaultAnswer, core.FaultAnswerReply} {
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, eks.Options{})
				s.Inject(core.Fault{Op: op, Kind: applied, Answer: answered(200, jsonType, "{}")})
				_, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, bench.SampleNodeGroup("new"))
				if err != nil || len(s.Templates()) != 1 {
					t.Errorf("%s, %s: %v, %v", op, applied, s.Templates(), err)
				}
			})
		}
	}
}

// A 4xx settles the outcome although nobody knows its code.
func TestHandler_refusedOnce(t *testing.T) {
	t.Parallel()
	bench.Refusals(t, changes())
}

// A refusal that quotes what it was sent is shown without it.
func TestHandler_quotedCredential(t *testing.T) {
	clearEnvironment(t)
	echo := func(r *http.Request) (*http.Response, error) {
		quoted := r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token") + " " + replaySecret
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"X-Amzn-Errortype": {"AccessDeniedException"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"message":%q}`, quoted)))}, nil
	}
	const session = "FwoGZXIvYXdzEJr//session/token+for/a/test=="
	h := newHandlerWith(t, aws.Config{Region: "us-west-2", AccessKeyID: replayKey, SecretAccessKey: replaySecret, SessionToken: session,
		Transport: providertest.RoundTripper(echo)})
	_, err := h.GetCluster(t.Context(), devel)
	says(t, err, pmks.ErrPermissionDenied, "[redacted]")
	for e := err; e != nil; e = errors.Unwrap(e) { // the vendor's own error as well
		for _, secret := range []string{session, replaySecret, "Signature="} {
			if text := fmt.Sprintf("%v %+v", e, e); strings.Contains(text, secret) {
				t.Errorf("%q is shown: %s", secret, text)
			}
		}
	}
}

// A redirect is not followed, with nothing of a request.
func TestHandler_redirect(t *testing.T) {
	clearEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		var mu sync.Mutex
		h := newHandlerWith(t, aws.Config{Region: "us-west-2", AccessKeyID: replayKey, SecretAccessKey: replaySecret, SessionToken: "t",
			Transport: providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				asked[r.URL.Host]++
				return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Body: http.NoBody, Request: r}, nil
			})})
		_, err := h.GetCluster(t.Context(), devel)
		says(t, err, pmks.ErrUnavailable, "redirect")
		_, err = h.RemoveNodeGroup(t.Context(), devel, system)
		says(t, err, pmks.ErrUnavailable, "redirect")
		if asked["elsewhere.example"] != 0 || len(asked) != 1 {
			t.Errorf("asked %v", asked)
		}
	})
}

// Credentials are sent over TLS, or within this machine.
func TestNew_endpoints(t *testing.T) {
	clearEnvironment(t)
	for endpoint, ok := range map[string]bool{
		"https://eks.example.com": true, "http://127.0.0.1:4566": true, "http://localhost:4566": true, "http://[::1]:4566": true,
		"http://eks.example.com": false, "ftp://eks.example.com": false, "http://10.0.0.1": false, "eks.example.com": false, "https://": false,
	} {
		for field, cfg := range map[string]pmks.Config{
			"Endpoint":             {Endpoint: endpoint},
			"Settings.stsEndpoint": {Settings: map[string]string{"stsEndpoint": endpoint}},
		} {
			cfg.Region = "us-east-2"
			_, err := pmks.Open(t.Context(), aws.Name, cfg)
			var e *pmks.Error
			if ok != (err == nil) || !ok && (!errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != field) {
				t.Errorf("%s %q: %v", field, endpoint, err)
			}
		}
	}
}

// The SDK asks a metadata service that is not there, with a time limit of its own,
// while the caller still waits: there are no credentials, and that is no timeout.
func TestHandler_metadataHangs(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", hanging.URL)
	h := newHandlerWith(t, aws.Config{Region: "us-west-2", Endpoint: hanging.URL})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := h.GetCluster(ctx, devel)
	says(t, err, pmks.ErrUnauthenticated, "accessKeyId", "profile")
	if errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
