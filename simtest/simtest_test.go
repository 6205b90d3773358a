// SPDX-License-Identifier: Apache-2.0

package simtest_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/simtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failing is a test that may fail.
type failing struct {
	testing.TB
	says string
}

func (t *failing) Helper() {}
func (t *failing) Fatalf(format string, args ...any) {
	t.says = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// startFails says why Start ends a test.
func startFails(t *testing.T, cloud string, o simtest.Options) string {
	t.Helper()
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		simtest.Start(f, cloud, o)
	}()
	<-done
	return f.says
}

func TestStart_refusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		cloud   string
		options simtest.Options
		want    string
	}{
		{"unknown-cloud", "mars", simtest.Options{}, `simtest: "mars" is not simulated; there are alibaba, aws, azure, ibm, nhn, tencent`},
		{"no-cloud", "", simtest.Options{}, `simtest: "" is not simulated`},
		{"not-imported", "gcp", simtest.Options{}, `import _ "github.com/pmks-go/pmks/simtest/gcp"`},
		{"region", "aws", simtest.Options{Region: "mars-1"}, `"mars-1" is not the name of a region of aws, such as us-east-2`},
		{"without-nothing", "aws", simtest.Options{Without: []string{"no-such-role"}}, `the account has no "no-such-role"`},
		{"speed", "aws", simtest.Options{Speed: -1}, "the speed -1 is not between 0 and 1e9"},
		{"no-number", "aws", simtest.Options{Speed: math.NaN()}, "the speed NaN"},
		{"too-fast", "aws", simtest.Options{Speed: 1e10}, "the speed 1e+10"},
		{"latency", "aws", simtest.Options{Latency: -1}, "negative"},
		{"lag", "aws", simtest.Options{ReadLag: -1}, "negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := startFails(t, test.cloud, test.options); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestAccount_Config: it is the caller's own, and it shows no credential.
func TestAccount_Config(t *testing.T) {
	t.Parallel()
	for _, cloud := range simtest.Clouds() {
		a := simtest.Start(t, cloud, simtest.Options{})
		cfg := a.Config()
		for _, secret := range cfg.Credentials {
			if strings.Contains(fmt.Sprintf("%+v", cfg), secret) {
				t.Errorf("%s: the configuration shows %q", cloud, secret)
			}
		}
		clear(cfg.Credentials)
		cfg.Settings["x"] = "y"
		if again := a.Config(); len(again.Credentials) == 0 || again.Settings["x"] != "" || again.Transport != cfg.Transport {
			t.Errorf("%s: the second configuration is %v", cloud, again)
		}
	}
}

// TestAccount_Resources: what is left out is not there.
func TestAccount_Resources(t *testing.T) {
	t.Parallel()
	for _, cloud := range simtest.Clouds() {
		list := simtest.Start(t, cloud, simtest.Options{}).Resources()
		if len(list) == 0 {
			t.Errorf("%s has nothing", cloud)
			continue
		}
		last := list[len(list)-1]
		left := simtest.Start(t, cloud, simtest.Options{Without: []string{last.Name}}).Resources()
		if slices.Contains(left, last) || len(left) >= len(list) {
			t.Errorf("%s without %v has %v", cloud, last, left)
		}
	}
}

// TestAccount_Calls: what is asked is told, and counted by its name.
func TestAccount_Calls(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	a := simtest.Start(t, "aws", simtest.Options{Loopback: true, Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	get := func() int {
		t.Helper()
		client := &http.Client{Transport: a.Config().Transport}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.Config().Endpoint+"/clusters/demo", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if status := get(); status != http.StatusForbidden {
		t.Errorf("without a signature the status is %d", status)
	}
	calls := a.Calls()
	if len(calls) != 1 || calls[0].Request != "DescribeCluster" || calls[0].Cluster != "demo" || calls[0].Status != http.StatusForbidden || calls[0].Code == "" {
		t.Errorf("the calls are %+v", calls)
	}
	if a.Count() != 1 || a.Count("DescribeCluster", "CreateCluster") != 1 || a.Count("CreateCluster") != 0 || !strings.Contains(lines.String(), "DescribeCluster") {
		t.Errorf("counted %d, logged %s", a.Count(), &lines)
	}
	a.ResetCalls()
	if a.Count() != 0 || len(a.Calls()) != 0 {
		t.Errorf("after a reset there are %v", a.Calls())
	}
}

// TestAccount_Inject_panics: a fault that cannot strike is a fault of the test.
func TestAccount_Inject_panics(t *testing.T) {
	t.Parallel()
	a := simtest.Start(t, "aws", simtest.Options{})
	for name, test := range map[string]struct {
		fault simtest.Fault
		want  string
	}{
		"kind":   {simtest.Fault{Kind: "explode"}, `has the Kind "explode"; there are ["refuse"`},
		"none":   {simtest.Fault{}, `has the Kind ""`},
		"method": {simtest.Fault{Kind: simtest.Refuse, Method: "OpenAccess"}, `has the Method "OpenAccess"; aws has ["AddNodeGroup"`},
		"both":   {simtest.Fault{Kind: simtest.Refuse, Method: "CreateCluster", Request: "CreateCluster"}, "give one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("got %s, want %s", got, test.want)
				}
			}()
			a.Inject(test.fault)
		})
	}
}

// TestAccount_Requests: every cloud says how each method of the interface is made.
func TestAccount_Requests(t *testing.T) {
	t.Parallel()
	for _, cloud := range simtest.Clouds() {
		a := simtest.Start(t, cloud, simtest.Options{})
		for _, method := range []string{"AddNodeGroup", "ChangeNodeGroupScaling", "CreateCluster", "DeleteCluster", "GetCluster",
			"RemoveNodeGroup", "SetNodeGroupAutoScaling", "UpgradeCluster"} {
			requests := a.Requests(method)
			if len(requests) == 0 {
				t.Errorf("%s has no request for %s", cloud, method)
				continue
			}
			requests[0] = ""
			if a.Requests(method)[0] == "" {
				t.Errorf("%s: the requests of %s are not the caller's own", cloud, method)
			}
		}
		if got := a.Requests("Dance"); got != nil {
			t.Errorf("%s dances with %q", cloud, got)
		}
	}
}

// TestStart_ends: when its test is over, nothing is served any more.
func TestStart_ends(t *testing.T) {
	t.Parallel()
	var cfg pmks.Config
	t.Run("account", func(t *testing.T) {
		cfg = simtest.Start(t, "nhn", simtest.Options{Loopback: true, Kubernetes: true}).Config()
	})
	client := &http.Client{Transport: cfg.Transport, Timeout: time.Minute}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cfg.Endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := client.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("the account still answers: %s", resp.Status)
	}
}
