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
