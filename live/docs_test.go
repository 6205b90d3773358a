// SPDX-License-Identifier: Apache-2.0

package live

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/account"
)

// page is the guide whose commands TestDoc_commands types.
const page = "../docs/live.md"

var (
	shellBlock  = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inlineTests = regexp.MustCompile("`(go test [^`]*)`")
)

// commands are the lines of the blocks of the guide, and its commands that stand in the
// text.
func commands(t *testing.T) (blocks, inline []string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range shellBlock.FindAllStringSubmatch(string(data), -1) {
		for line := range strings.Lines(block[1]) {
			blocks = append(blocks, strings.TrimSpace(line))
		}
	}
	for _, m := range inlineTests.FindAllStringSubmatch(string(data), -1) {
		inline = append(inline, m[1])
	}
	return blocks, inline
}

// typist types the commands of the guide.
type typist struct {
	// tagged is the test program with the tag live.
	tagged      string
	environment []string
}

// run runs a command of the kit. The test program is what go test would link.
func (y *typist) run(t *testing.T, command string, replace ...string) (string, error) {
	t.Helper()
	rest, ok := strings.CutPrefix(strings.NewReplacer(replace...).Replace(command), "go test ")
	if !ok {
		t.Fatalf("%q does not test", command)
	}
	program := os.Args[0]
	if after, tagged := strings.CutPrefix(rest, "-tags live "); tagged {
		rest, program = after, y.tagged
	}
	rest, ok = strings.CutPrefix(rest, "./live ")
	if !ok {
		t.Fatalf("%q is not for this package", command)
	}
	args := strings.Fields(rest)
	for i, arg := range args {
		if slices.Contains([]string{"-v", "-run", "-timeout"}, arg) {
			args[i] = "-test." + arg[1:]
		}
	}
	cmd := exec.CommandContext(t.Context(), program, args...) //nolint:gosec // the test program, with flags of the guide
	cmd.Env = append(os.Environ(), y.environment...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestDoc_commands types the guide: the first run on a simulator word by word, and each
// command of the table on such a one. The simulator is pmks-sim's, in this process.
func TestDoc_commands(t *testing.T) {
	t.Parallel()
	if providertest.UnderRace {
		t.Skip("it runs programs that are linked without the race detector")
	}
	y := &typist{tagged: filepath.Join(t.TempDir(), "live.test")}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-tags", "live", "-o", y.tagged, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // whose packages are compiled already
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a, err := account.Open("aws", account.Options{Seed: 1, Scale: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.Server.Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	files := []string{"http://127.0.0.1:8080", l.URL(), "/tmp/", t.TempDir() + "/"}
	blocks, inline := commands(t)
	served, typed := false, 0
	for _, line := range blocks {
		switch {
		case strings.HasPrefix(line, "go run ./cmd/pmks-sim -cloud aws -listen 127.0.0.1:8080 "):
			served = true
		case strings.HasPrefix(line, "export "):
			y.environment = append(y.environment, strings.NewReplacer(files...).Replace(strings.TrimPrefix(line, "export ")))
		default:
			typed++
			if out, err := y.run(t, line, files...); err != nil || !strings.Contains(out, "PASS") {
				t.Errorf("%s: %v\n%s", line, err, out)
			} else if strings.Contains(line, "-life") && !strings.Contains(out, "On a SIMULATOR of aws, ") {
				t.Errorf("%s: it is not said that it is a simulator:\n%s", line, out)
			}
		}
	}
	if !served || typed < 2 {
		t.Errorf("pmks-sim is served: %v; %d commands are typed", served, typed)
	}
	report, err := os.ReadFile(strings.NewReplacer(files...).Replace("/tmp/pmks-live.md"))
	if err != nil || !strings.Contains(string(report), "recorded on a SIMULATOR of aws") || !strings.Contains(string(report), "| as assumed |") {
		t.Errorf("%v; the report is\n%s", err, report)
	}
	y.table(t, inline, strings.NewReplacer(files...).Replace("/tmp/pmks-live.jsonl"))
}

// table types the commands that stand in the text.
func (y *typist) table(t *testing.T, inline []string, record string) {
	t.Helper()
	for _, want := range []string{" -cloud X", " -cloud X -life", " -cloud X -sweep", " -compare FILE", " -run TestEvidence -full"} {
		if !slices.ContainsFunc(inline, func(command string) bool { return strings.Contains(command, want) }) {
			t.Errorf("the guide has no command with%s", want)
		}
	}
	for _, command := range inline {
		switch {
		case strings.Contains(command, " -full"): // an hour: here it is only that the flags exist
			for arg := range strings.FieldsSeq(command) {
				if name, isFlag := strings.CutPrefix(arg, "-"); isFlag && flag.Lookup(name) == nil && flag.Lookup("test."+name) == nil {
					t.Errorf("%s: there is no flag %s", command, arg)
				}
			}
		case strings.Contains(command, "-compare"):
			if out, err := y.run(t, command, "FILE", record); err != nil || !strings.Contains(out, "# Fidelity report: aws") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		default:
			what := "tour"
			for _, other := range []string{"life", "sweep"} {
				if strings.Contains(command, "-"+other) {
					what = other
				}
			}
			// It ends with the phrase that it wants, and goes on when it has it.
			y.environment = append(y.environment, envConfirm+"=")
			out, err := y.run(t, command, "X", "aws")
			_, phrase, found := strings.Cut(out, "To go on: "+envConfirm+"=")
			if err == nil || !found {
				t.Errorf("%s without a phrase: %v\n%s", command, err, out)
				continue
			}
			phrase, _, _ = strings.Cut(phrase, "\n")
			if what == "life" {
				command += " -look 50ms" // which the account would be asked every 20 seconds
			}
			y.environment = append(y.environment, envConfirm+"="+phrase)
			if out, err := y.run(t, command, "X", "aws"); err != nil || !strings.Contains(out, "PASS") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		}
	}
}
