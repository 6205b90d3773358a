// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text     string
		insecure bool
		good     bool
	}{
		{"", false, true},
		{"https://eks.example.com", false, true},
		{"HTTPS://eks.example.com:8443/base", false, true},
		{"http://127.0.0.1:4000", false, true},
		{"http://[::1]:4000", false, true},
		{"http://localhost", false, true},
		{"http://eks.example.com", false, false},
		{"http://127.0.0.1.example.com", false, false},
		{"http://localhost.example.com", false, false},
		{"http://eks.example.com", true, true},
		{"ftp://eks.example.com", true, false},
		{"eks.example.com", false, false},
		{"user:secret@eks.example.com", false, false},
		{"https://user:secret@eks.example.com", false, false},
		{"https://user@eks.example.com", true, false},
		{"https://", false, false},
		{"https://:443", false, false},
		{"https://e\x00", false, false},
		{"https://eks.example.com?token=secret", false, false},
	} {
		err := endpoint.Check("Endpoint", test.text, test.insecure)
		if (err == nil) != test.good || err != nil && !errors.Is(err, pmks.ErrInvalidArgument) {
			t.Errorf("%q: got %v", test.text, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v shows a secret", test.text, err)
		}
	}
}

// TestGuard_redirect: whatever the status, a client with a guarded transport does
// not follow, and its credential goes nowhere else.
func TestGuard_redirect(t *testing.T) {
	t.Parallel()
	reached := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, status)
		}))
		transport := &http.Transport{}
		client := &http.Client{Transport: endpoint.Guard(transport)}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s %d: %v", method, status, err)
			}
			resp.Body.Close()
			if resp.StatusCode != status {
				t.Errorf("%s %d: got %d", method, status, resp.StatusCode)
			}
		}
		client.CloseIdleConnections()
		server.Close()
	}
	if reached != 0 {
		t.Errorf("%d requests were sent to where the redirect points", reached)
	}
}

type answer struct{ body io.Reader }

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(a.body)}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestGuard_bound: an answer without end is an error; one that ends at the bound
// is whole.
func TestGuard_bound(t *testing.T) {
	t.Parallel()
	const bound = 64 << 20
	for _, test := range []struct {
		size int64
		good bool
	}{{10, true}, {bound, true}, {bound + 1, false}} {
		req := httptest.NewRequest(http.MethodGet, "http://x", nil)
		resp, err := endpoint.Guard(answer{io.LimitReader(zeros{}, test.size)}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if (err == nil) != test.good || test.good && n != test.size {
			t.Errorf("%d bytes: read %d, %v", test.size, n, err)
		}
	}
}
