// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/examples/internal/exampletest"
	"github.com/pmks-go/pmks/examples/requests"
)

// kubectl is the program to run: the one that the gate names, or that of PATH.
func kubectl(t *testing.T) string {
	t.Helper()
	name := os.Getenv("PMKS_KUBECTL")
	if name == "" {
		name = "kubectl"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-kubectl", kubectl(t)}, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	exampletest.CheckOutput(t, "go run ./examples/kubectl", out.String())
}

func TestRun_EveryCloud(t *testing.T) {
	t.Parallel()
	path := kubectl(t)
	for _, cloud := range requests.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := run(t.Context(), []string{"-profile", cloud, "-kubectl", path}, &out); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			before, after, ok := strings.Cut(out.String(), " nodes now")
			if n := strings.Count(before, " Ready "); !ok || n == 0 || strings.Count(after, " Ready ") != n+1 {
				t.Errorf("prints:\n%s", &out)
			}
		})
	}
}

func TestRun_Refusals(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"oracle":                {"-profile", "oracle"},
		"name it with -kubectl": {"-kubectl", "no-such-kubectl"},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
