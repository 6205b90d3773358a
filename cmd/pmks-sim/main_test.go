// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/sim/account"
	_ "github.com/pmks-go/pmks/nhn"
	_ "github.com/pmks-go/pmks/tencent"
)

// childVariable makes the test binary the client of a simulator, in a process of
// its own: environment and trusted certificates are read once in a process.
const childVariable = "PMKS_SIM_TEST_CLIENT"

// mainVariable makes the test binary the program itself.
const mainVariable = "PMKS_SIM_TEST_MAIN"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(mainVariable); arguments != "" {
		os.Args = append(os.Args[:1], strings.Fields(arguments)...)
		main()
		return
	}
	if arguments := os.Getenv(childVariable); arguments != "" {
		if err := client(context.Background(), strings.Fields(arguments)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// client lists the clusters with what pmks-sim printed: the flags of realcloud.
func client(ctx context.Context, arguments []string) error {
	given := map[string]string{}
	for i := 0; i+1 < len(arguments); i += 2 {
		given[strings.TrimPrefix(arguments[i], "-")] = arguments[i+1]
	}
	settings := map[string]string{}
	for pair := range strings.SplitSeq(given["settings"], ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			settings[name] = value
		}
	}
	c, err := pmks.Open(ctx, given["provider"], pmks.Config{
		Region: given["region"], Zone: given["zone"], Endpoint: given["endpoint"], Settings: settings})
	if err != nil {
		return err
	}
	defer c.Close()
	if os.Getenv(kubernetesVariable) != "" {
		return talk(ctx, c, given["provider"])
	}
	list, err := c.ListCluster(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d clusters\n", len(list))
	return nil
}

// TestRun serves each cloud and reaches it with nothing but what was printed.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, cloud := range account.Names() {
		for _, flags := range [][]string{nil, {"-tls"}} {
			t.Run(cloud+strings.Join(flags, ""), func(t *testing.T) {
				t.Parallel()
				environment, arguments, verdicts := program(t, append([]string{"-cloud", cloud, "-speed", "1000x"}, flags...))
				child := exec.CommandContext(t.Context(), os.Args[0])
				child.Env = append(environment, "HOME="+t.TempDir(), childVariable+"="+arguments)
				out, err := child.CombinedOutput()
				if err != nil || !strings.HasSuffix(string(out), "0 clusters\n") {
					t.Errorf("the client says %q, %v", out, err)
				}
				if log := verdicts(); !strings.Contains(log, "status=200") && !strings.Contains(log, "status=OK") {
					t.Errorf("the log shows no call that succeeded:\n%s", log)
				}
			})
		}
	}
}

// TestRun_nhn: the token that the printed environment gives leads to every service.
func TestRun_nhn(t *testing.T) {
	t.Parallel()
	environment, _, verdicts := program(t, []string{"-cloud", "nhn", "-speed", "1000x"})
	given := map[string]string{}
	for _, line := range environment {
		name, value, _ := strings.Cut(line, "=")
		given[name] = value
	}
	body := fmt.Sprintf(`{"auth":{"tenantId":%q,"passwordCredentials":{"username":%q,"password":%q}}}`, given["OS_TENANT_ID"], given["OS_USERNAME"], given["OS_PASSWORD"])
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, given["OS_AUTH_URL"]+"/tokens", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	base := strings.TrimSuffix(given["OS_AUTH_URL"], "/v2.0")
	if want := fmt.Sprintf(`{"region":%q,"publicURL":"%s/v1"}`, given["OS_REGION_NAME"], base); err != nil || !strings.Contains(string(answer), want) {
		t.Errorf("the token is %s, %v, and has no %s", answer, err, want)
	}
	if log := verdicts(); !strings.Contains(log, "op=tokens.create") || strings.Contains(log, given["OS_PASSWORD"]) {
		t.Errorf("the log is:\n%s", log)
	}
}

// program runs it until the test ends, or verdicts is called for its log.
func program(t *testing.T, args []string) (environment []string, arguments string, verdicts func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	printed, stdout := io.Pipe()
	var log strings.Builder
	done := make(chan error, 1)
	go func() { done <- run(ctx, args, stdout, &log) }()
	t.Cleanup(cancel)
	const command = "go run ./examples/realcloud "
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		if line, ok := strings.CutPrefix(lines.Text(), "export "); ok {
			environment = append(environment, line)
		}
		if line, ok := strings.CutPrefix(lines.Text(), command); ok {
			arguments = line
			break
		}
	}
	return environment, arguments, func() string {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		return log.String()
	}
}

func TestRun_refusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown cloud", []string{"-cloud", "mars"}, "-cloud"},
		{"no factor", []string{"-speed", "fast"}, "-speed"},
		{"no speed", []string{"-speed", "0x"}, "-speed"},
		{"the whole network", []string{"-listen", "0.0.0.0:0"}, "not a loopback address"},
		{"no port", []string{"-listen", "127.0.0.1"}, "not host:port"},
		{"nothing of that name", []string{"-without", "no-such-thing"}, "-without"},
		{"unknown flag", []string{"-rocket"}, "not defined"},
		{"an argument", []string{"extra", "words"}, `unexpected argument "extra"`},
		{"unknown region of Alibaba Cloud", []string{"-cloud", "alibaba", "-region", "nowhere1"}, "is not the name of a region of alibaba"},
		{"nothing of that name in Alibaba Cloud", []string{"-cloud", "alibaba", "-without", "no-such-thing"}, "-without"},
		{"unknown region of Azure", []string{"-cloud", "azure", "-region", "nowhere-1"}, "is not the name of a region of azure"},
		{"unknown region of Google", []string{"-cloud", "gcp", "-region", "nowhere-1"}, "is not the name of a region of gcp"},
		{"unknown region of IBM", []string{"-cloud", "ibm", "-region", "us-south-1"}, "is not the name of a region of ibm"},
		{"nothing of that name at IBM", []string{"-cloud", "ibm", "-without", "no-such-thing"}, "-without"},
		{"unknown region of NHN", []string{"-cloud", "nhn", "-region", "kr-1"}, "is not the name of a region of nhn"},
		{"unknown region of Tencent Cloud", []string{"-cloud", "tencent", "-region", "seoul1"}, "is not the name of a region of tencent"},
		{"nothing of that name in Tencent Cloud", []string{"-cloud", "tencent", "-without", "no-such-thing"}, "-without"},
		{"nothing of that name at NHN", []string{"-cloud", "nhn", "-without", "no-such-thing"}, "-without"},
		{"unknown region", []string{"-region", "nowhere-1"}, "is not the name of a region of aws"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), test.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to name %q", err, test.want)
			}
		})
	}
}

// TestRun_help: the usage comes once, and it is no error.
func TestRun_help(t *testing.T) {
	t.Parallel()
	var usage strings.Builder
	err := run(t.Context(), []string{"-h"}, io.Discard, &usage)
	if !errors.Is(err, flag.ErrHelp) || strings.Count(usage.String(), "-cloud") != 1 {
		t.Errorf("got %v and\n%s", err, usage.String())
	}
}

// TestProcess_help: the program ends well when it is asked for its usage.
func TestProcess_help(t *testing.T) {
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), mainVariable+"=-h")
	out, err := child.CombinedOutput()
	if err != nil || strings.Contains(string(out), "help requested") || strings.Count(string(out), "-cloud") != 1 {
		t.Errorf("%v:\n%s", err, out)
	}
}
