// SPDX-License-Identifier: Apache-2.0

package canned_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/perfreport/canned"
)

// counter answers with how often it was asked, and refuses what asks for /refused.
type counter struct{ n int }

func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.n++
	status := http.StatusOK
	if req.URL.Path == "/refused" {
		status = http.StatusTooManyRequests
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(fmt.Sprint(c.n)))}, nil
}

func TestTransport(t *testing.T) {
	t.Parallel()
	transport := &canned.Transport{Next: &counter{}}
	for i, tt := range []struct{ method, path, body, want, action string }{
		{http.MethodGet, "/a", "", "1", ""},
		{http.MethodGet, "/a", "", "1", ""},
		{http.MethodGet, "/a?b=c", "", "2", ""},
		{http.MethodPost, "/a", "x", "3", ""},
		{http.MethodPost, "/a", "y", "4", ""},
		{http.MethodPost, "/a", "x", "3", ""},
		{http.MethodPost, "/a", "x", "5", "ListPools"}, // the same body, another action
		{http.MethodGet, "/refused", "", "6", ""},
		{http.MethodGet, "/refused", "", "7", ""},
		{http.MethodGet, "/a", "", "1", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "https://cloud.example"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if tt.action != "" {
			req.Header.Set("X-TC-Action", tt.action)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(got) != tt.want || resp.ContentLength != int64(len(got)) {
			t.Errorf("request %d: got %q of %d bytes, %v, want %q", i, got, resp.ContentLength, err, tt.want)
		}
	}
	if transport.Asked() != 7 {
		t.Errorf("next was asked %d times", transport.Asked())
	}
	var saved bytes.Buffer
	loaded := &canned.Transport{Next: &counter{n: 100}}
	if err := errors.Join(transport.Save(&saved), loaded.Load(&saved)); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{"https://cloud.example/a?b=c": "2", "https://cloud.example/new": "101"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := loaded.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(got) != want {
			t.Errorf("%s: another one answers %q, %v, want %q", url, got, err, want)
		}
	}
}
