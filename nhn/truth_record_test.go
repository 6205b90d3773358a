// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/nhn"
)

// everything is all texts in an error's tree.
func everything(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	switch u := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		text += "\n" + everything(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			text += "\n" + everything(e)
		}
	}
	return text
}

// TestTruth_passwordQuoted: a password with characters that JSON escapes is cut out of
// what Keystone quotes.
func TestTruth_passwordQuoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const password = `Pa"ss<word&123`
		cfg := configFor(nks.New(nks.Options{}))
		cfg.Password = password
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			said, _ := json.Marshal("no user has the password " + password)
			return providertest.Respond(r, http.StatusUnauthorized, `{"error":{"code":401,"title":"Unauthorized","message":`+string(said)+`}}`), nil
		})
		_, err := providertest.New(t, nhn.New, cfg).ListIID(t.Context())
		if text := everything(err); strings.Contains(text, password) || strings.Contains(text, `word`+"\\u0026123") {
			t.Errorf("the password shows: %s", text)
		}
	})
}

// TestTruth_tokenOfOddAnswer: a token in an answer whose status is not that of success
// is not shown.
func TestTruth_tokenOfOddAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := configFor(nks.New(nks.Options{}))
		through := cfg.Transport
		var id string
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := through.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/tokens") {
				body := readAll(t, resp)
				var out struct {
					Access struct{ Token struct{ ID string } }
				}
				_ = json.Unmarshal([]byte(body), &out)
				id = out.Access.Token.ID
				return providertest.Respond(r, http.StatusCreated, body), nil
			}
			return resp, err
		})
		_, err := providertest.New(t, nhn.New, cfg).ListIID(t.Context())
		if id == "" || strings.Contains(everything(err), id) {
			t.Errorf("the token %s shows: %.300s", id, everything(err))
		}
	})
}

// TestTruth_contextInSteps: the end of the caller's context is to be found.
func TestTruth_contextInSteps(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := h.ChangeNodeGroupScaling(ctx, demo.IId, demo.NodeGroupList[1].IId, 5, 4, 6)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 31*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// TestTruth_mendThenWait: a cluster that failed is mended and waited for; the old status,
// which stays a moment, does not end the wait.
func TestTruth_mendThenWait(t *testing.T) {
	inBubble(t, nks.Options{Assumptions: nks.Assumptions{ChangesFromFailed: true}}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.Force("demo", "", profile.UpdateFailed, "a pod would not go"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 3, 1, 3); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo.IId); err != nil {
			t.Errorf("WaitClusterActive: %v", err)
		}
	})
}

// TestTruth_upgradeAgainThenWait is the same of an upgrade.
func TestTruth_upgradeAgainThenWait(t *testing.T) {
	inBubble(t, nks.Options{Assumptions: nks.Assumptions{ChangesFromFailed: true}}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.Force("demo", "", profile.UpdateFailed, "a pod would not go"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.UpgradeCluster(t.Context(), demo.IId, "v1.33.4"); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterVersion(t.Context(), h, demo.IId, "v1.33.4"); err != nil {
			t.Errorf("WaitClusterVersion: %v", err)
		}
	})
}

// TestTruth_staleSize: the record cannot be read, and the size is the old one for a
// moment: that nothing is to be done is not told as success.
func TestTruth_staleSize(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Deny("events.list")
		group := demo.NodeGroupList[1].IId
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, 3, 1, 3); err != nil {
			t.Fatal(err)
		}
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, 2, 1, 3)
		if rest := atRest(demo.IId)(t.Context(), h); rest != nil {
			t.Fatal(rest)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		got, _ := get(t, h, demo.IId).NodeGroup(group)
		if err == nil && got.DesiredNodeSize != 2 {
			t.Errorf("success was told of 2 nodes, and there are %d", got.DesiredNodeSize)
		}
	})
}

// TestTruth_staleAutoscaling is the same of autoscaling.
func TestTruth_staleAutoscaling(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Deny("events.list")
		group := demo.NodeGroupList[1].IId
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, group, true); err != nil {
			t.Fatal(err)
		}
		done, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, group, false)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		got, _ := get(t, h, demo.IId).NodeGroup(group)
		if err == nil && done && got.OnAutoScaling {
			t.Errorf("success was told of switching it off, and it is on")
		}
	})
}

// TestTruth_defaultWithoutOffer: where no version is open, an upgrade to the default
// says so.
func TestTruth_defaultWithoutOffer(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		h := altered(t, s, "/supports", func(body string) string { return strings.ReplaceAll(body, ":true", ":false") })
		_, err := h.UpgradeCluster(t.Context(), demo.IId, "default")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_stuckRecord: a deletion that failed while its record still runs, of a cluster
// without updated_at: deleting it again sends a request.
func TestTruth_stuckRecord(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, true); err != nil {
			t.Fatal(err)
		}
		if err := atRest(demo.IId)(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := through.RoundTrip(r)
			if err != nil || r.Method != http.MethodGet {
				return resp, err
			}
			switch {
			case strings.HasSuffix(r.URL.Path, "/events"):
				return providertest.Respond(r, resp.StatusCode, strings.ReplaceAll(readAll(t, resp), `"SUCCESS"`, `"IN_PROGRESS"`)), nil
			case strings.HasSuffix(r.URL.Path, demo.IId.SystemId):
				var c map[string]any
				_ = json.Unmarshal([]byte(readAll(t, resp)), &c)
				c["updated_at"] = nil
				b, _ := json.Marshal(c)
				return providertest.Respond(r, resp.StatusCode, string(b)), nil
			}
			return resp, err
		})
		info, err := providertest.New(t, nhn.New, cfg).GetCluster(t.Context(), demo.IId)
		if err != nil || info.Status != pmks.ClusterActive {
			t.Errorf("a day later it is still %s, %v", info.Status, err)
		}
	})
}
