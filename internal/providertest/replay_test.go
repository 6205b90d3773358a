// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks"
)

// spoken is a dialect of requests that must be signed.
var spoken = Dialect{
	Key: func(r *http.Request, _ []byte) (string, error) {
		if r.Header.Get("Authorization") == "" {
			return "", errors.New("not signed")
		}
		return r.Method + " " + r.URL.Path, nil
	},
	Head: func(r *http.Request) string { return "> " + r.Method + " " + r.URL.Path + "\n" },
	Body: func(_ *http.Request, body []byte) string { return string(body) },
	Answer: func(r *http.Request, description string) (*http.Response, error) {
		return Respond(r, 200, description), nil
	},
}

// ask makes a request of a replay.
func ask(t testing.TB, p *Replay, path, signature string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://toy.simulated"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", signature)
	if res, err := p.RoundTrip(r); err == nil {
		_ = res.Body.Close()
	}
}

// TestReplay: what was not made, not expected or not signed is reported.
func TestReplay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, signature string
		want                  []string
	}{
		{"right", "/a", "me", nil},
		{"unsigned", "/a", "", []string{"not signed", `1 requests "GET /a" were not made`}},
		{"unexpected", "/b", "me", []string{`there is no answer to "GET /b"`, `1 requests "GET /a" were not made`}},
	} {
		faults := faultsOf(t, func(t testing.TB) {
			p := newReplay(spoken, []Exchange{{"GET /a", "1"}})
			ask(t, p, test.path, test.signature)
			p.check(t)
		})
		if len(faults) != len(test.want) || !slices.EqualFunc(faults, test.want, strings.Contains) {
			t.Errorf("%s: got %q, want %q", test.name, faults, test.want)
		}
	}
}

// TestPlay: the tape has the requests in steps, those of one step sorted, and the result
// is shown whole.
func TestPlay(t *testing.T) {
	t.Parallel()
	result, tape := Play(t, spoken, []Exchange{{"GET /first", "1"}, {"GET /b", "2"}, {"GET /a", "3"}}, func(t testing.TB, p *Replay) (any, error) {
		ask(t, p, "/first", "me")
		var both sync.WaitGroup
		both.Go(func() { ask(t, p, "/b", "me") })
		both.Go(func() { ask(t, p, "/a", "me") })
		both.Wait()
		return pmks.ClusterInfo{AccessInfo: pmks.AccessInfo{Kubeconfig: "whole"}}, nil
	})
	if want := "== step 1\n> GET /first\n< 1\n\n== step 2\n> GET /a\n< 3\n\n> GET /b\n< 2\n\n"; tape != want {
		t.Errorf("got the tape\n%s\nwant\n%s", tape, want)
	}
	if !strings.Contains(result, `"Kubeconfig": "whole"`) {
		t.Errorf("the result is %s", result)
	}
	failed := errors.Join(&pmks.Error{Code: pmks.CodeBusy}, errors.Join(&pmks.Error{Code: pmks.CodeNotFound}))
	result, _ = Play(t, spoken, nil, func(testing.TB, *Replay) (any, error) { return nil, failed })
	if strings.Count(result, `"Code"`) != 2 {
		t.Errorf("the errors are %s", result)
	}
}
