// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pmks-go/pmks/internal/provider/endpoint"
)

// answering is a transport that gives one answer.
type answering struct {
	status int
	body   io.Reader
	err    error
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Length": {"99"}}, Body: io.NopCloser(a.body), ContentLength: 99}, nil
}

func TestCarrier(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-of-a-request"
	broken := io.MultiReader(strings.NewReader("the key "+secret), iotest.ErrReader(io.ErrUnexpectedEOF))
	for _, test := range []struct {
		name string
		next answering
		body string
		err  error // of reading the body
		log  string
	}{
		{"success", answering{status: 200, body: strings.NewReader(secret)}, secret, nil, "status=200 failed=false"},
		{"refusal", answering{status: 403, body: strings.NewReader("the key " + secret + " is bad")}, "the key [redacted] is bad", nil, "status=403 failed=false"},
		{"cut", answering{status: 500, body: broken}, "the key [redacted]", io.ErrUnexpectedEOF, "status=500 failed=false"},
		{"unreachable", answering{err: io.EOF}, "", nil, "status=0 failed=true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var logs bytes.Buffer
			c := &endpoint.Carrier{Next: test.next, Provider: "toy", Secrets: func() []string { return []string{secret} },
				Logger: slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example.com/v1/clusters?key="+secret, strings.NewReader(secret))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.RoundTrip(req)
			if !errors.Is(err, test.next.err) {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if string(body) != test.body || !errors.Is(err, test.err) {
					t.Errorf("got %q, %v, want %q, %v", body, err, test.body, test.err)
				}
			}
			if got := logs.String(); !strings.Contains(got, `msg="toy: request" method=POST host=api.example.com path=/v1/clusters `+test.log) || strings.Contains(got, secret) {
				t.Errorf("logged %s", got)
			}
		})
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	given := answering{status: http.StatusFound, body: strings.NewReader("")}
	rt, idle := endpoint.Transport(given)
	idle()
	resp, err := rt.RoundTrip(&http.Request{})
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatalf("got %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if rt, idle = endpoint.Transport(nil); rt == nil || idle == nil {
		t.Fatal("there is no transport of its own")
	}
	idle()
}
