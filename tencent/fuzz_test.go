// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
)

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const fuzzSecret = "secret-of-the-fuzzer-0001"

// FuzzAnswers gives whatever answer to every request of every read: no panic, a typed error
// or a result that says what it is, an absence only in the vendor's words, and no secret.
func FuzzAnswers(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "replies", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, 200)
		f.Add(text, 404)
	}
	for _, text := range []string{
		"", "null", "[]", "{}", "[null]", "<html>", `{"Response":null}`, `{"Response":{}}`, `{"Response":[]}`, `{"Response":{"Error":null}}`, `{"Response":{"Error":{}}}`, `{"Response":{"Error":{"Code":7}}}`,
		`{"Response":{"TotalCount":0}}`, `{"Response":{"TotalCount":1,"Clusters":[null]}}`, `{"Response":{"TotalCount":-1,"Clusters":null}}`, `{"Response":{"NodePoolSet":[{}],"TotalCount":1}}`,
		`{"Response":{"TotalCount":1,"Clusters":[{"ClusterId":"cls-d3v0000a","ClusterType":"MANAGED_CLUSTER"}]}}`, `{"Response":{"Kubeconfig":"` + fuzzSecret + `"}}`, `"` + fuzzSecret + `"`,
	} {
		f.Add([]byte(text), 200)
		f.Add([]byte(text), 500)
	}
	id := pmks.IID{SystemId: "cls-d3v0000a"}
	group := pmks.IID{SystemId: "np-w0rk000a"}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if status < 200 || status > 599 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			h, err := New(t.Context(), Config{Region: "ap-seoul", SecretID: "AKIDfixture", SecretKey: fuzzSecret, RateLimits: "none",
				Transport: answering(func(r *http.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
				})})
			if err != nil {
				t.Fatal(err)
			}
			for name, call := range map[string]func(context.Context) error{
				"GetCluster": func(ctx context.Context) error {
					info, err := h.GetCluster(ctx, id)
					if err == nil && (info.IId.SystemId != id.SystemId || !info.Status.Valid() || info.Status == pmks.ClusterInactive && info.StatusReason == "") {
						t.Errorf("got %+v", info)
					}
					return err
				},
				"ListCluster":   func(ctx context.Context) error { _, err := h.ListCluster(ctx); return err },
				"ReadState":     func(ctx context.Context) error { _, err := h.ReadState(ctx, id, group); return err },
				"LastOperation": func(ctx context.Context) error { _, err := h.LastOperation(ctx, id, group); return err },
				"ListVersions":  func(ctx context.Context) error { _, err := h.ListVersions(ctx); return err },
				"Token":         func(ctx context.Context) error { _, err := h.GenerateClusterToken(ctx, id); return err },
				"Check": func(ctx context.Context) error {
					return h.CheckCluster(ctx, pmks.ClusterInfo{IId: pmks.IID{NameId: "new"}, Network: pmks.NetworkInfo{
						VpcIID: pmks.IID{NameId: "main"}, SubnetIIDs: []pmks.IID{{NameId: "a"}}, SecurityGroupIIDs: []pmks.IID{{NameId: "sg"}}}})
				},
			} {
				err := call(t.Context())
				var e *pmks.Error
				if err != nil && !errors.As(err, &e) {
					t.Errorf("%s: an untyped error %v", name, err)
				}
				if errors.Is(err, pmks.ErrNotFound) && !strings.Contains(string(body), "NotFound") && !strings.Contains(string(body), "TotalCount") && !strings.Contains(string(body), "Tasks") && !strings.Contains(string(body), "ActivitySet") {
					t.Errorf("%s: absence of %d %s", name, status, body)
				}
				if err != nil && strings.Contains(err.Error(), fuzzSecret) {
					t.Errorf("%s: a secret is shown: %v", name, err)
				}
			}
		})
	})
}

// FuzzIDs: what is taken for an id is whole, and nothing is cut off.
func FuzzIDs(f *testing.F) {
	for _, s := range []string{"demo", "cls-d3v0000a", "qcs::tke:ap-seoul:uin/100012345678:cluster/cls-d3v0000a", "qcs::tke:gz:uin/1:cluster/*", "../x", "", "cls-", "집", "np-w0rk000a", "np-w0rk000a-x7k2p"} {
		f.Add(s)
	}
	transport := answering(func(r *http.Request) (*http.Response, error) { return nil, errors.New("a request was made") })
	f.Fuzz(func(t *testing.T, s string) {
		synctest.Test(t, func(t *testing.T) {
			h, err := New(t.Context(), Config{Region: "ap-seoul", SecretID: "AKIDfixture", SecretKey: fuzzSecret, RateLimits: "none", Transport: transport})
			if err != nil {
				t.Fatal(err)
			}
			id := strings.TrimPrefix(s, "qcs::tke:ap-seoul:uin/100012345678:cluster/")
			sound := strings.HasPrefix(id, "cls-") && len(id) > 4 && strings.Trim(id[4:], "abcdefghijklmnopqrstuvwxyz0123456789") == ""
			if _, err := h.GetCluster(t.Context(), pmks.IID{SystemId: s}); s != "" && !sound && pmks.CodeOf(err) != pmks.CodeInvalidArgument && !strings.Contains(s, ":uin/") {
				t.Errorf("%q was asked for: %v", s, err)
			}
		})
	})
}
