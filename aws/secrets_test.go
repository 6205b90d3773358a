// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/smithy-go/logging"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/aws"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// echo answers a wrong signature as AWS does: with the canonical request, and so
// with the session token, which is one of its signed headers.
type echo struct{}

func (echo) RoundTrip(r *http.Request) (*http.Response, error) {
	canonical := fmt.Sprintf("GET\n%s\n\nhost:%s\nx-amz-date:%s\nx-amz-security-token:%s\n", r.URL.Path, r.Host,
		r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Security-Token"))
	body, err := json.Marshal(map[string]string{"message": "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n" +
		"The Canonical String for this request should have been\n'" + canonical + "'\n"})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"X-Amzn-Errortype": {"InvalidSignatureException"}, "Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

func TestHandler_sessionTokenInError(t *testing.T) {
	t.Parallel()
	const token = "IQoJb3JpZ2luX2VjSESSIONTOKEN"
	h, err := aws.New(t.Context(), aws.Config{Region: "us-east-2", AccessKeyID: "AKIA", SecretAccessKey: "s3cr3t", SessionToken: token, Transport: echo{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.ListIID(t.Context())
	if pmks.CodeOf(err) != pmks.CodeUnauthenticated || strings.Contains(err.Error(), token) {
		t.Errorf("the session token is in the error: %v", err)
	}
}

func TestHandler_printsNoSecrets(t *testing.T) {
	t.Parallel()
	cfg := aws.Config{Region: "us-east-2", AccessKeyID: "AKIA", SecretAccessKey: "s3cr3t", SessionToken: "sesstok"}
	h := newHandlerWith(t, cfg)
	cfg.Endpoint, cfg.STSEndpoint = "https://user:hunter2@eks.example.com", "https://user:hunter2@sts.example.com"
	providertest.ShowNone(t, []string{"s3cr3t", "sesstok", "hunter2"}, cfg, &cfg, h)
}

func TestNew_endpointPassword(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"https://user:hunter2@eks.example.com", "https://user:hunter2 @eks.example.com", "https://user:hunter2@eks.example.com:port"} {
		_, err := aws.New(t.Context(), aws.Config{Region: "us-east-2", AccessKeyID: "AKIA", SecretAccessKey: "s3cr3t", Endpoint: endpoint})
		if err == nil {
			t.Errorf("%s is taken", endpoint)
		}
		providertest.ShowNone(t, []string{"hunter2"}, err)
	}
}

// TestNew_logger: what the SDK has to say goes to the Logger of the Config, and
// nowhere without one. Its own default is stderr.
func TestNew_logger(t *testing.T) {
	t.Parallel()
	cfg := configFor(eks.New(eks.Options{}))
	if l := newHandlerWith(t, cfg).SDK().Logger; l != (logging.Nop{}) {
		t.Errorf("without a Logger the SDK has %T", l)
	}
	var logs bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	newHandlerWith(t, cfg).SDK().Logger.Logf(logging.Warn, "failed to discard %s", "a body")
	if text := logs.String(); !strings.Contains(text, "failed to discard a body") || !strings.Contains(text, "WARN") {
		t.Errorf("the Logger gets %q", text)
	}
}
