// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAuthenticate: who gets in, and as whom.
func TestAuthenticate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, InProcess)
		c.users["poor"] = User{Name: "poor", NoRights: true}
		far := time.Now().AddDate(10, 0, 0)
		good, short := client(t, c.authority, "someone", far), client(t, c.authority, "someone", time.Now().Add(time.Hour))
		foreign := client(t, newAuthority(t, "kubernetes"), "someone", far)
		const review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
		for _, test := range []struct {
			name   string
			caller *caller
			token  string
			status int
			who    string
			nodes  int
		}{
			{"a-token", c.caller(t), "good", 201, "admin", 200},
			{"a-certificate", c.caller(t, good), "", 201, "someone", 200},
			{"a-certificate-before-a-token", c.caller(t, good), "good", 201, "someone", 200},
			{"a-token-without-rights", c.caller(t), "poor", 201, "poor", 403},
			{"nobody", c.caller(t), "", 403, "", 403},
			{"another-token", c.caller(t), "bad", 401, "", 401},
			{"a-certificate-of-another-authority", c.caller(t, foreign), "good", 401, "", 401},
		} {
			test.caller.token = test.token
			status, o := test.caller.do(t, http.MethodPost, review, `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)
			if status != test.status || o.text("status", "userInfo", "username") != test.who {
				t.Errorf("%s: the review says %d %v, want %d %q", test.name, status, o, test.status, test.who)
			}
			if status, o := test.caller.do(t, http.MethodGet, "/api/v1/nodes", ""); status != test.nodes || status != 200 && o.text("kind") != "Status" {
				t.Errorf("%s: the nodes answer %d %v, want %d", test.name, status, o, test.nodes)
			}
		}
		open := c.caller(t)
		open.token = ""
		if status, o := open.do(t, http.MethodGet, "/version", ""); status != 200 || o.text("gitVersion") != "v1.34.0" {
			t.Errorf("/version answers %d %v to nobody in particular", status, o)
		}
		ending := c.caller(t, short)
		ending.token = ""
		if status, _ := ending.do(t, http.MethodGet, "/api/v1/nodes", ""); status != 200 {
			t.Errorf("a certificate that is good answers %d", status)
		}
		time.Sleep(time.Hour + time.Second) //nolint:forbidigo // inside a synctest bubble
		if status, _ := ending.do(t, http.MethodGet, "/api/v1/nodes", ""); status != 401 {
			t.Errorf("an old certificate answers %d", status)
		}
		// What the old authority has signed opens nothing on a connection that is there,
		// and the old authority cannot be used to come again.
		mine := c.caller(t, good)
		mine.token = ""
		mine.do(t, http.MethodGet, "/version", "")
		c.change(func(c *cloud) { c.authority = newAuthority(t, "kubernetes") })
		if status, _ := mine.do(t, http.MethodGet, "/api/v1/nodes", ""); status != 401 {
			t.Errorf("a certificate of the authority before answers %d", status)
		}
		mine.http.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, mine.url+"/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		var unknown x509.UnknownAuthorityError
		if _, err := mine.http.Do(req); !errors.As(err, &unknown) {
			t.Errorf("who trusts the authority before gets %v", err)
		}
	})
}

// TestServers_Off: a cloud without has nothing to reach or to close.
func TestServers_Off(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	s.Changed()
	if got := s.Endpoint("c", endpoint); got != endpoint {
		t.Errorf("the endpoint is %s", got)
	}
	if _, err := s.DialContext(t.Context(), "tcp", "c.example.com:443"); err == nil || !strings.Contains(err.Error(), "no Kubernetes API") {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestServers_Down: a control plane that is down refuses connections and answers none,
// and is there again afterwards.
func TestServers_Down(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, InProcess)
		api := c.caller(t)
		api.do(t, http.MethodGet, "/version", "")
		c.change(func(c *cloud) { c.cluster.Condition = Down })
		for range 2 { // on the connection that is there, and on a new one
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.url+"/version", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := api.http.Do(req); err == nil {
				t.Error("a control plane that is down answers")
			}
			api.http.CloseIdleConnections()
		}
		c.change(func(c *cloud) { c.cluster.Condition = Up })
		if status, _ := api.do(t, http.MethodGet, "/version", ""); status != 200 {
			t.Errorf("got %d", status)
		}
		for _, host := range []string{"other.example.com:443", "c.example.com:80"} {
			if _, err := c.servers.DialContext(t.Context(), "tcp", host); err == nil {
				t.Errorf("%s can be reached", host)
			}
		}
	})
}

// TestServers_Loopback: an address of its own, the same at each read.
func TestServers_Loopback(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Loopback)
	api := c.caller(t)
	if !strings.HasPrefix(api.url, "https://127.0.0.1:") || c.servers.Endpoint("c", endpoint) != api.url {
		t.Errorf("the endpoint is %s, and %s then", api.url, c.servers.Endpoint("c", endpoint))
	}
	if status, o := api.do(t, http.MethodGet, "/api/v1/nodes/a", ""); status != 200 || o.name() != "a" {
		t.Errorf("got %d %v", status, o)
	}
	conn, err := c.servers.DialContext(t.Context(), "tcp", strings.TrimPrefix(api.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
