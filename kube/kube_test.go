// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/pmks-go/pmks"
)

var demo = pmks.IID{NameId: "demo"}

// client returns an HTTP client of client-go that reaches the stub.
func client(t *testing.T, c *cloud, opts ...Option) *http.Client {
	t.Helper()
	cfg, err := RESTConfig(t.Context(), c, demo, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, c, cfg)
}

func clientOf(t *testing.T, c *cloud, cfg *rest.Config) *http.Client {
	t.Helper()
	cfg.Dial = c.dial
	hc, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		rt, ok := hc.Transport.(*transport)
		if !ok {
			t.Errorf("the outermost transport is %T", hc.Transport)
			return
		}
		if base, ok := plainTransport(rt.base); ok {
			base.CloseIdleConnections()
		}
		if rt.current != nil {
			rt.current.CloseIdleConnections()
		}
	})
	return hc
}

// ask sends a request and returns the status and what the server said.
func ask(t *testing.T, hc *http.Client, method, path string, body io.Reader) (int, error) {
	t.Helper()
	return askWith(t.Context(), t, hc, method, path, body)
}

func askWith(ctx context.Context, t *testing.T, hc *http.Client, method, path string, body io.Reader) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "https://"+host+":6443"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		for _, secret := range []string{"secret.", "PRIVATE"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a credential: %v", err)
			}
		}
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// good asks and wants an answer for a user.
func good(t *testing.T, c *cloud, hc *http.Client, user string) {
	t.Helper()
	if status, err := ask(t, hc, "GET", "/version", nil); err != nil || status != http.StatusOK || c.last().user != user {
		t.Fatalf("GET /version = %d, %v as %q, want 200 as %q", status, err, c.last().user, user)
	}
}

// TestRESTConfig_TokensAreRenewedBeforeTheyEnd lets goroutines work for six hours.
func TestRESTConfig_TokensAreRenewedBeforeTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for range 6 * 12 {
					time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
					if status, err := ask(t, hc, "GET", "/version", nil); err != nil || status != http.StatusOK {
						t.Errorf("after %v: %d, %v", time.Now(), status, err)
						return
					}
				}
			})
		}
		wg.Wait()
		reads, tokens := c.counts()
		// One each 15 minutes at least, 10 with the early renewal and steps of 5.
		if reads != 1 || tokens < 6*4 || tokens > 6*6+1 {
			t.Errorf("%d reads and %d tokens in six hours, want 1 and about 36", reads, tokens)
		}
	})
}

func TestRESTConfig_RevokedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		good(t, c, hc, "token 1")
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		c.revoke()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if status, err := ask(t, hc, "POST", "/things", strings.NewReader("a body")); err != nil || status != http.StatusOK {
					t.Errorf("%d, %v", status, err)
				}
			})
		}
		wg.Wait()
		if _, tokens := c.counts(); tokens != 2 {
			t.Errorf("%d tokens were issued, want 2", tokens)
		}
		if last := c.last(); last.body != "a body" || last.user == "" {
			t.Errorf("the repeated request was %+v", last)
		}
	})
}

func TestRESTConfig_BodyThatCannotBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		c.revoke()
		_, err := ask(t, hc, "POST", "/things", io.MultiReader(strings.NewReader("once")))
		if !errors.Is(err, pmks.ErrUnavailable) || !apierrors.IsUnauthorized(err) {
			t.Fatalf("error %v, want Unavailable that is Unauthorized to client-go", err)
		}
		if status, err := ask(t, hc, "POST", "/things", io.MultiReader(strings.NewReader("once more"))); err != nil || status != http.StatusOK {
			t.Errorf("sent again: %d, %v", status, err)
		}
		if n := len(c.requests); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

// TestRESTConfig_NobodyLetsIn is a cluster that knows nothing of our identity: the
// cloud is not asked for a token for each request.
func TestRESTConfig_NobodyLetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		c.fixed = "secret.nobody" // two parts: never let in
		c.revoked = map[string]bool{"secret.1": true, "secret.nobody": true}
		for range 100 {
			_, err := ask(t, hc, "GET", "/version", nil)
			if !errors.Is(err, pmks.ErrUnauthenticated) || !apierrors.IsUnauthorized(err) {
				t.Fatalf("error %v, want Unauthenticated", err)
			}
			if !strings.Contains(err.Error(), "access entries") {
				t.Fatalf("%v names no way out", err)
			}
		}
		if _, tokens := c.counts(); tokens != 2 {
			t.Errorf("%d tokens for 100 refused requests, want 2", tokens)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		c.set(func() { c.fixed = "" })
		good(t, c, hc, "token 3")
	})
}

// TestRESTConfig_SlowCloud shows that who waits for a token is not held up longer than
// its own context, and that a request with a good token is not held up at all.
func TestRESTConfig_SlowCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		good(t, c, hc, "token 1")
		wait := make(chan struct{})
		c.set(func() { c.tokenWait = wait })
		time.Sleep(13 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { // has the turn, and waits its 15 seconds
			good(t, c, hc, "token 1")
			if d := time.Since(start); d != earlyTimeout {
				t.Errorf("an early renewal held a request up for %v, want %v", d, earlyTimeout)
			}
		})
		synctest.Wait()
		good(t, c, hc, "token 1")
		if d := time.Since(start); d != 0 {
			t.Errorf("a request with a good token was held up for %v", d)
		}
		wg.Wait()
		time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		start = time.Now()
		for range 10 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				_, err := askWith(ctx, t, hc, "GET", "/version", nil)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the deadline of the request", err)
				}
			})
		}
		wg.Wait()
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("the requests ended after %v, want 5s", d)
		}
		close(wait)
		if status, err := ask(t, hc, "GET", "/version", nil); err != nil || status != http.StatusOK {
			t.Errorf("after the cloud woke up: %d, %v", status, err)
		}
	})
}

// TestRESTConfig_CloudIsDown: many who wait for a token ask a failing cloud once.
func TestRESTConfig_CloudIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		c.set(func() {
			c.tokenErr = &pmks.Error{Code: pmks.CodeUnavailable, Message: "the cloud has a bad day"}
			c.tokenWait = make(chan struct{})
		})
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, err := ask(t, hc, "GET", "/version", nil); !errors.Is(err, pmks.ErrUnavailable) || !strings.Contains(err.Error(), "bad day") {
					t.Errorf("error %v, want Unavailable", err)
				}
			})
		}
		synctest.Wait()
		close(c.tokenWait)
		wg.Wait()
		if _, tokens := c.counts(); tokens != 2 {
			t.Errorf("the cloud was asked %d times, want 2", tokens)
		}
	})
}

func TestRESTConfig_CertificatesAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		c.useCert, c.life = true, 72*time.Hour
		hc := client(t, c)
		good(t, c, hc, "certificate 3") // 1 is the authority, 2 the server
		for range 30 * 24 {
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			if status, err := ask(t, hc, "GET", "/version", nil); err != nil || status != http.StatusOK {
				t.Fatalf("%d, %v", status, err)
			}
		}
		if reads, _ := c.counts(); reads < 10 || reads > 12 {
			t.Errorf("%d certificates in 30 days, want 11", reads)
		}
		c.set(func() { c.revoked[c.requests[len(c.requests)-1].user] = true })
		if status, err := ask(t, hc, "POST", "/things", strings.NewReader("x")); err != nil || status != http.StatusOK {
			t.Errorf("after the certificate was revoked: %d, %v", status, err)
		}
	})
}

func TestRESTConfig_RotatedAuthorityAndEndpoint(t *testing.T) {
	for _, useCert := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			c.useCert, c.life = useCert, 1000*time.Hour
			hc := client(t, c)
			if status, err := ask(t, hc, "GET", "/version", nil); err != nil || status != http.StatusOK {
				t.Fatal(status, err)
			}
			c.set(func() {
				_ = c.servers[host+":6443"].server.Close()
				c.authority = newAuthority(t)
				c.serve(host+":6443", host)
			})
			for range 3 {
				if status, err := ask(t, hc, "POST", "/things", strings.NewReader("x")); err != nil || status != http.StatusOK {
					t.Fatalf("after the authority was rotated: %d, %v", status, err)
				}
			}
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			c.set(func() {
				_ = c.servers[host+":6443"].server.Close()
				delete(c.servers, host+":6443")
				c.endpoint = "https://elsewhere.example/base"
				c.serve("elsewhere.example:443", "elsewhere.example")
			})
			// The open connection breaks first; that is for client-go to repeat.
			_, _ = ask(t, hc, "GET", "/version", nil)
			if status, err := ask(t, hc, "GET", "/api/v1/pods/a%2Fb", nil); err != nil || status != http.StatusOK {
				t.Fatalf("after the endpoint moved: %d, %v", status, err)
			}
			if last := c.last(); last.host != "elsewhere.example" || last.path != "/base/api/v1/pods/a/b" {
				t.Errorf("the request went to %s%s", last.host, last.path)
			}
			if reads, _ := c.counts(); reads != 3 {
				t.Errorf("the cluster was read %d times, want 3", reads)
			}
		})
	}
}

// TestRESTConfig_EverythingRotated: one request lives through a new authority and the
// revocation of the token that it began with.
func TestRESTConfig_EverythingRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		c.revoke()
		c.set(func() {
			_ = c.servers[host+":6443"].server.Close()
			c.authority = newAuthority(t)
			c.serve(host+":6443", host)
		})
		if status, err := ask(t, hc, "POST", "/things", strings.NewReader("a body")); err != nil || status != http.StatusOK || c.last().body != "a body" {
			t.Errorf("%d, %v, %+v", status, err, c.last())
		}
		if n := len(c.requests); n != 2 {
			t.Errorf("%d requests, want one that was refused and one that was not", n)
		}
	})
}

func TestRESTConfig_DeletedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		good(t, c, hc, "token 1")
		c.set(func() {
			_ = c.servers[host+":6443"].server.Close()
			c.down, c.readErr = true, &pmks.Error{Code: pmks.CodeNotFound, Message: "no such cluster"}
		})
		_, _ = ask(t, hc, "GET", "/version", nil) // the open connection breaks
		time.Sleep(2 * time.Minute)               //nolint:forbidigo // inside a synctest bubble
		_, err := ask(t, hc, "GET", "/version", nil)
		if !errors.Is(err, pmks.ErrNotFound) || !strings.Contains(err.Error(), "does not exist any more") {
			t.Errorf("error %v, want NotFound", err)
		}
		c.set(func() { c.readErr, c.info.Status = nil, pmks.ClusterDeleting })
		time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := ask(t, hc, "GET", "/version", nil); !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "being deleted") {
			t.Errorf("error %v, want FailedPrecondition", err)
		}
	})
}

// TestRESTConfig_ServerIsDown: a server that is down for an hour costs the cloud 60
// reads, however many requests fail.
func TestRESTConfig_ServerIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		c.set(func() { c.down = true })
		for range 3600 {
			time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
			if _, err := ask(t, hc, "GET", "/version", nil); !errors.Is(err, pmks.ErrUnavailable) || !strings.Contains(err.Error(), "kube.WithServer") {
				t.Fatalf("error %v, want Unavailable with a way out", err)
			}
		}
		if reads, _ := c.counts(); reads > 61 {
			t.Errorf("the cluster was read %d times in an hour", reads)
		}
	})
}

func TestRESTConfig_OtherAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		c.set(func() { c.authority = newAuthority(t) }) // the server keeps its certificate
		hc := client(t, c)
		_, err := ask(t, hc, "GET", "/version", nil)
		if !errors.Is(err, pmks.ErrFailedPrecondition) || !strings.Contains(err.Error(), "vouches") {
			t.Errorf("error %v, want FailedPrecondition", err)
		}
	})
}

// TestRESTConfig_CredentialStaysHome: redirects to elsewhere are not followed with it.
func TestRESTConfig_CredentialStaysHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		c.serve("elsewhere.example:443", "elsewhere.example")
		hc := client(t, c)
		c.set(func() { c.redirect = "https://elsewhere.example/" })
		if _, err := ask(t, hc, "GET", "/version", nil); !errors.Is(err, pmks.ErrFailedPrecondition) {
			t.Errorf("error %v, want FailedPrecondition", err)
		}
		if n := len(c.requests); n != 1 {
			t.Errorf("%d requests, want 1: %+v", n, c.requests)
		}
	})
}

func TestRESTConfig_OwnAuthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		hc := client(t, c)
		for token, want := range map[string]int{"own": 200, "wrong": 401} {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+":6443/version", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := hc.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: %d, want %d", token, resp.StatusCode, want)
			}
		}
	})
}

func TestRESTConfig_Tunnel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		c.servers["127.0.0.1:8443"] = c.servers[host+":6443"]
		cfg, err := RESTConfig(t.Context(), c, demo, WithServer("https://127.0.0.1:8443"))
		if err != nil || cfg.Host != "https://127.0.0.1:8443" || cfg.ServerName != host {
			t.Fatalf("%v, %v", cfg, err)
		}
		hc := clientOf(t, c, cfg)
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://127.0.0.1:8443/version", nil)
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if _, err := RESTConfig(t.Context(), c, demo, WithServer("http://203.0.113.7")); !errors.Is(err, pmks.ErrInvalidArgument) {
			t.Errorf("plain http: %v", err)
		}
	})
}

// TestRESTConfig_ClientGo asks with the REST client of client-go, by way of a copy.
func TestRESTConfig_ClientGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		cfg, err := RESTConfig(t.Context(), c, demo)
		if err != nil {
			t.Fatal(err)
		}
		cfg = rest.CopyConfig(cfg)
		cfg.GroupVersion, cfg.NegotiatedSerializer = &schema.GroupVersion{}, scheme.Codecs
		hc := clientOf(t, c, cfg)
		rc, err := rest.RESTClientForConfigAndClient(cfg, hc)
		if err != nil {
			t.Fatal(err)
		}
		c.revoke()
		body, err := rc.Post().AbsPath("/things").Body([]byte(`{"a":1}`)).DoRaw(t.Context())
		if err != nil || string(body) != "{\"user\":\"token 2\"}\n" {
			t.Errorf("POST = %q, %v", body, err)
		}
		c.set(func() { c.fixed = "nobody" })
		c.revoke()
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err = rc.Get().AbsPath("/things").DoRaw(t.Context()); !apierrors.IsUnauthorized(err) || !errors.Is(err, pmks.ErrUnauthenticated) {
			t.Errorf("error %v, want Unauthorized", err)
		}
		if anonymous := rest.AnonymousClientConfig(cfg); anonymous.WrapTransport != nil {
			t.Error("an anonymous config authenticates")
		}
	})
}
