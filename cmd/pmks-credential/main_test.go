// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
)

func TestCredential(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		token pmks.Token
		info  string
		want  string
	}{
		{"expiring", pmks.Token{Value: "tok", ExpiresAt: end}, "",
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"tok","expirationTimestamp":"2026-11-23T11:59:00Z"}}`},
		{"lasting", pmks.Token{Value: "tok"}, `{"apiVersion":"client.authentication.k8s.io/v1beta1"}`,
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"tok"}}`},
		{"unreadable-info", pmks.Token{Value: "tok"}, `{`,
			`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"tok"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(credential(test.token, apiVersion(test.info)))
			if err != nil || string(got) != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestRun_BadFlags(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		args []string
	}{
		{"no-cluster", []string{"-provider", "aws"}},
		{"unknown-provider", []string{"-provider", "moon", "-cluster", "demo"}},
		{"unknown-setting", []string{"-provider", "aws", "-cluster", "demo", "-setting", "colour=red"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out, errOut bytes.Buffer
			err := run(t.Context(), test.args, func(string) string { return "" }, &out, &errOut)
			if !errors.Is(err, pmks.ErrInvalidArgument) || out.Len() > 0 {
				t.Errorf("got %v, printed %q", err, out.String())
			}
		})
	}
}

// mainVariable makes the test binary the program itself.
const mainVariable = "PMKS_CREDENTIAL_TEST_MAIN"

func TestMain(m *testing.M) {
	if args := os.Getenv(mainVariable); args != "" {
		os.Args = append(os.Args[:1], strings.Fields(args)...)
		main()
		return
	}
	os.Exit(m.Run())
}

// TestProcess: the exit code and what is printed, of a process of its own.
func TestProcess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		good bool
		says string
	}{
		{"-h", true, "-cluster"},
		{"-provider moon -cluster demo", false, "moon"},
		{"demo", false, "unexpected argument"},
	} {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), mainVariable+"="+test.args)
		out, err := child.CombinedOutput()
		if (err == nil) != test.good || strings.Count(string(out), test.says) != 1 || strings.Contains(string(out), "help requested") {
			t.Errorf("%s: %v:\n%s", test.args, err, out)
		}
	}
}

// TestRun_certificate: on a cloud without tokens the client certificate of the cluster is
// handed out, unless the kubeconfig trusts an authority that the cluster no longer has.
func TestRun_certificate(t *testing.T) {
	s := nks.New(nks.Options{Unlimited: true})
	if err := s.Put(core.Seed{Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	t.Setenv("OS_USERNAME", nks.DefaultUser)
	t.Setenv("OS_PASSWORD", nks.DefaultPassword)
	args := []string{"-provider", "nhn", "-region", "KR1", "-cluster", "demo", "-endpoint", l.URL() + "/v2.0", "-setting", "tenantId=" + nks.DefaultTenantID}
	for info, says := range map[string]string{
		"": "",
		`{"apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"certificate-authority-data":"b2xk"}}}`: "write it anew",
	} {
		var out, errOut bytes.Buffer
		err := run(t.Context(), args, func(string) string { return info }, &out, &errOut)
		if says != "" {
			if err == nil || !strings.Contains(err.Error(), says) || out.Len() > 0 {
				t.Errorf("got %v, printed %q", err, out.String())
			}
			continue
		}
		var got execCredential
		if err != nil || json.Unmarshal(out.Bytes(), &got) != nil || got.Status.Token != "" || got.Status.ExpirationTimestamp == nil ||
			!strings.Contains(got.Status.Certificate, "BEGIN CERTIFICATE") || !strings.Contains(got.Status.Key, "PRIVATE KEY") {
			t.Errorf("got %v, printed %d bytes", err, out.Len())
		}
	}
}
