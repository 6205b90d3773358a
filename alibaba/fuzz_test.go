// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"

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
	for _, text := range []string{"", "null", "[]", "{}", "[null]", `{"clusters":[null],"page_info":null}`, `{"nodepools":null}`, `{"code":7}`, "<html>", `{"code":{"code":[]}}`, `"` + fuzzSecret + `"`} {
		f.Add([]byte(text), 200)
		f.Add([]byte(text), 500)
	}
	id := pmks.IID{SystemId: "c82e6987e2961451182edacd74faf0001"}
	group := pmks.IID{SystemId: "np615c0e0966124216a0412e10afe00001"}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if status < 200 || status > 599 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			h, err := New(t.Context(), Config{Region: "ap-northeast-1", AccessKeyID: "LTAI", AccessKeySecret: fuzzSecret, RateLimits: "none",
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
				"GetNodeGroup":  func(ctx context.Context) error { _, err := h.GetNodeGroup(ctx, id, group); return err },
				"Findings": func(ctx context.Context) error {
					_, err := h.UpgradeFindings(ctx, id, "1.36.2-aliyun.1")
					return err
				},
				"Token": func(ctx context.Context) error { _, err := h.GenerateClusterToken(ctx, id); return err },
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
				if errors.Is(err, pmks.ErrNotFound) && status < 400 && e.ProviderCode != stateDeleted && name != "LastOperation" && name != "ReadState" && name != "GetNodeGroup" {
					t.Errorf("%s: absence of %d %s", name, status, body)
				}
				if err != nil && strings.Contains(err.Error(), fuzzSecret) {
					t.Errorf("%s: a secret is shown: %v", name, err)
				}
			}
		})
	})
}

// FuzzIDs: what is taken for an id can stand in a path, and nothing is cut off.
func FuzzIDs(f *testing.F) {
	for _, s := range []string{"demo", "c82e6987e2961451182edacd74faf0001", "acs:cs:ap-northeast-1:1:cluster/c82e6987e2961451182edacd74faf0001", "../x", "", "a/b", "集群", "acs:cs:::", "np615c0e0966124216a0412e10afe00001"} {
		f.Add(s)
	}
	h := &Handler{cfg: &Config{Region: "ap-northeast-1"}}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := h.clusterRef(pmks.IID{SystemId: s}); err == nil && (!clusterPattern.MatchString(r.id) || !strings.HasSuffix(s, r.id) || r.id != s && r.account == "") {
			t.Errorf("%q became %+v", s, r)
		}
		if err := checkPoolIID(pmks.IID{SystemId: s}); s != "" && err == nil && !poolPattern.MatchString(s) {
			t.Errorf("%q is taken for the id of a pool", s)
		}
		if minimum, maximum, ok := recordedBounds(&pool{}); ok {
			t.Errorf("bounds %d to %d of nothing", minimum, maximum)
		}
	})
}

// FuzzFindings reads whatever objects a check may hold: each finding says something.
func FuzzFindings(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "replies", "check.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, s := range []string{`{"check_items":{"a":[{"Level":{"error":null}}]}}`, `{"check_items":{"a":[{"level":{"":{"message":7,"targets":{}}}}]}}`, `{"check_items":{"a":[null,{"Level":"error"}]},"status":"Failed"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var check cs.GetClusterCheckResponseBody
		if json.Unmarshal(text, &check) != nil {
			return
		}
		for _, found := range findingsOf(&check) {
			if found.Message == "" || found.Blocks && found.Code == "" && len(check.CheckItems) == 0 {
				t.Errorf("%s became %+v", text, found)
			}
		}
	})
}
