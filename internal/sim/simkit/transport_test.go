// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with what it got.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil || r.URL.Path == "/abort":
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/sleep":
		if Sleep(r.Context(), time.Hour) != nil {
			panic(http.ErrAbortHandler)
		}
	}
	w.Header().Set("X-Method", r.Method)
	w.WriteHeader(http.StatusTeapot)
	w.Header().Set("X-Late", "1") // too late to be sent
	fmt.Fprintf(w, "%s %s %d %s", r.Host, r.RequestURI, r.ContentLength, body)
})

// TestTransport: in process and over a listener, plain and with TLS, a handler
// sees and says the same.
func TestTransport(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"in-process", "listener", "tls"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			client, base := reach(t, kind)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/a%2Fb?x=y", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "host.example"
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if want := "host.example /a%2Fb?x=y 4 body"; err != nil || string(body) != want || response.StatusCode != http.StatusTeapot ||
				response.Header.Get("X-Method") != "PUT" || response.Header.Get("X-Late") != "" {
				t.Errorf("got %d %v %q %v, want %q", response.StatusCode, response.Header, body, err, want)
			}
			r, err = http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/abort", nil)
			if err != nil {
				t.Fatal(err)
			}
			if response, err := client.Do(r); err == nil {
				response.Body.Close()
				t.Error("an aborted call got an answer")
			} else if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// reach returns a client of echo and the URL to call.
func reach(t *testing.T, kind string) (*http.Client, string) {
	t.Helper()
	if kind == "in-process" {
		return &http.Client{Transport: NewTransport(echo)}, "https://sim.example"
	}
	return reachServer(t, echo, ListenOptions{TLS: kind == "tls"})
}

// reachServer listens for h, and returns a client and the URL to call.
func reachServer(t *testing.T, h http.Handler, o ListenOptions) (*http.Client, string) {
	t.Helper()
	l, err := Listen("127.0.0.1:0", h, o)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12}, Protocols: &http.Protocols{}}
	transport.Protocols.SetHTTP1(!o.HTTP2)
	transport.Protocols.SetHTTP2(o.HTTP2 && o.TLS)
	transport.Protocols.SetUnencryptedHTTP2(o.HTTP2 && !o.TLS)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		for range 2 { // closing twice does no harm
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	if !strings.HasSuffix(l.URL(), l.Addr()) || (l.Certificate() != nil) != o.TLS {
		t.Errorf("the listener is at %s, %s", l.URL(), l.Addr())
	}
	return &http.Client{Transport: transport}, l.URL()
}

func TestTransport_context(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://sim.example/sleep", nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		response, err := NewTransport(echo).RoundTrip(r)
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestListen_refusals(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]string{"no-port": "127.0.0.1", "every-address": ":0", "elsewhere": "192.0.2.1:0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if l, err := Listen(addr, echo, ListenOptions{}); err == nil {
				t.Errorf("listens on %s: %v", l.Addr(), l.Close())
			}
		})
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	var j Journal
	start := time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)
	one := j.Begin(Call{Op: "A", Start: start})
	two := j.Begin(Call{Op: "B", Start: start})
	two(Call{Op: "B", Status: 200})
	one(Call{Op: "A", Status: 409, Code: "Taken"})
	j.Begin(Call{Op: "A", Start: start})(Call{Op: "A", Lost: true})
	want := []Call{
		{Op: "A", Status: 409, Code: "Taken", Start: start, Concurrent: 1},
		{Op: "B", Status: 200, Start: start, Concurrent: 2},
		{Op: "A", Lost: true, Start: start, Concurrent: 1},
	}
	got := j.Calls()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("call %d:\ngot  %+v\nwant %+v", i, got[i], want[i])
		}
	}
	if j.Count("A") != 2 || j.Count("") != 3 || j.MaxConcurrent() != 2 || j.Counts()["B"] != 1 {
		t.Errorf("the counts are %v, at most %d at once", j.Counts(), j.MaxConcurrent())
	}
	j.Reset()
	if j.Count("") != 0 {
		t.Error("Reset forgot nothing")
	}
	for range journalLimit + 1 {
		j.Begin(Call{Op: "A"})(Call{Op: "A"})
	}
	if got, want := j.Count("A"), journalLimit/2+1; got != want {
		t.Errorf("a full journal keeps %d calls, want %d", got, want)
	}
}

// TestListen_clientCertificates: callers are asked for a certificate, whoever signed
// it, and a listener closes the one that it was given.
func TestListen_clientCertificates(t *testing.T) {
	t.Parallel()
	seen := make(chan int, 1)
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- len(r.TLS.PeerCertificates) })
	plain, err := Listen("127.0.0.1:0", h, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("127.0.0.1:0", h, ListenOptions{TLS: true, ClientCertificates: true})
	if err != nil {
		t.Fatal(err)
	}
	plain.CloseWith(l)
	own, _, err := selfSigned(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool(), Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if got := <-seen; got != 1 {
		t.Errorf("the handler saw %d certificates", got)
	}
	if err := plain.Close(); err != nil {
		t.Error(err)
	}
	if _, err := transport.RoundTrip(req.Clone(t.Context())); err == nil {
		t.Error("the other listener answers still")
	}
}
