// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmks-go/pmks"
)

// unprotected is a host of others, by a documentation address, without TLS.
const unprotected = "http://192.0.2.1:8080"

// silent counts requests and answers none.
type silent struct{ n atomic.Int64 }

func (s *silent) RoundTrip(*http.Request) (*http.Response, error) {
	s.n.Add(1)
	return nil, errors.New("nothing is to be sent")
}

// endpointsOf are the settings of a provider that name an endpoint; the empty one is
// Config.Endpoint.
func endpointsOf(t *testing.T, cloud string) []string {
	t.Helper()
	list := []string{""}
	for _, p := range pmks.Providers() {
		if p.Name != cloud {
			continue
		}
		for _, s := range p.Settings {
			if s.Name == "publicEndpoint" || s.Name == "privateEndpoint" { // a truth value
				continue
			}
			if strings.HasSuffix(s.Name, "Endpoint") || strings.HasSuffix(s.Name, "Host") || strings.HasSuffix(s.Name, "URL") || strings.HasSuffix(s.Name, "Url") {
				list = append(list, s.Name)
			}
		}
	}
	return list
}

// TestEndpoints_unprotected: no provider takes an endpoint that would carry credentials
// over plain http to another machine, in any of its settings, and none sends anything
// there; over loopback and https they take it.
func TestEndpoints_unprotected(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			sim, err := simulate(cloud, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			settings := endpointsOf(t, cloud)
			for _, name := range settings {
				set := func(url string) pmks.Config {
					cfg := sim.config.Clone()
					if name == "" {
						cfg.Endpoint = url
					} else {
						cfg.Settings[name] = url
					}
					return cfg
				}
				for _, url := range []string{unprotected, "HTTP://192.0.2.1", "http://localhost.example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "http://user:hunter2@127.0.0.1"} {
					cfg := set(url)
					wire := &silent{}
					cfg.Transport = wire
					refused(t, cloud, name+" "+url, cfg)
					if n := wire.n.Load(); n > 0 {
						t.Errorf("%s %s: %d requests were sent", name, url, n)
					}
				}
				for _, url := range []string{"http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "https://192.0.2.1"} {
					if c, err := pmks.Open(t.Context(), cloud, set(url)); err == nil {
						_ = c.Close()
					} else if url == "https://192.0.2.1" || cloud != "azure" || name == "" { // Entra wants TLS everywhere
						t.Errorf("%s %s: %v", name, url, err)
					}
				}
			}
			t.Logf("%d settings: %q", len(settings), settings)
		})
	}
}

// refused checks that a configuration is, without a word of the password in it.
func refused(t *testing.T, cloud, about string, cfg pmks.Config) {
	t.Helper()
	c, err := pmks.Open(t.Context(), cloud, cfg)
	if err == nil {
		_ = c.Close()
		t.Errorf("%s: was taken", about)
		return
	}
	if !errors.Is(err, pmks.ErrInvalidArgument) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: got %v", about, err)
	}
}

// TestEndpoints_elsewhere: nor do endpoints count that come from elsewhere than the
// configuration: from the environment, from a credential, from a catalog.
func TestEndpoints_elsewhere(t *testing.T) {
	aws, err := simulate("aws", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EKS"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, unprotected)
			cfg := aws.config.Clone()
			cfg.Endpoint = ""
			refused(t, "aws", name, cfg)
		})
	}
	t.Run("token_uri", func(t *testing.T) {
		gcp, err := simulate("gcp", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		var key map[string]any
		cfg := gcp.config.Clone()
		if err := json.Unmarshal([]byte(cfg.Credentials["credentialsJson"]), &key); err != nil {
			t.Fatal(err)
		}
		key["token_uri"] = unprotected + "/token"
		text, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Credentials["credentialsJson"] = string(text)
		refused(t, "gcp", "token_uri", cfg)
	})
	t.Run("catalog", func(t *testing.T) {
		nhn, err := simulate("nhn", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		wire := &astray{next: nhn.config.Transport}
		cfg := nhn.config.Clone()
		cfg.Transport = wire
		c, err := pmks.Open(t.Context(), "nhn", cfg)
		if err == nil {
			defer c.Close()
			_, err = c.ListIID(t.Context())
		}
		if err == nil || wire.n.Load() > 0 {
			t.Errorf("got %v, and %d requests went astray", err, wire.n.Load())
		}
	})
}

// astray is a transport to a cloud whose catalog leads elsewhere.
type astray struct {
	next http.RoundTripper
	n    atomic.Int64
}

func (a *astray) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(unprotected, "http://"+r.URL.Hostname()) {
		a.n.Add(1)
		return nil, errors.New("nothing is to be sent")
	}
	response, err := a.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return rewritten(response, nowhere+"/v1", unprotected+"/v1")
}

// rewritten is an answer with another text in it.
func rewritten(response *http.Response, from, to string) (*http.Response, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(body), from, to)
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return response, nil
}
