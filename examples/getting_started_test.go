// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block matches a fenced block of a guide, with the name of the file that it is.
var block = regexp.MustCompile("(?m)^(?:<!-- file: (\\S+) -->\n)?```(\\w+)\n((?s:.*?))^```$")

// took is a time in the output of go test.
var took = regexp.MustCompile(`(\(cached\)|\d+\.\d+s)`)

// TestGettingStarted types docs/getting-started.md word by word in an empty folder beside
// this checkout: its files are written, its commands run, and what they print is what it
// shows.
func TestGettingStarted(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "getting-started.md"))
	if err != nil {
		t.Fatal(err)
	}
	reader := newNewcomer(t, root)
	for _, part := range block.FindAllStringSubmatch(string(page), -1) {
		file, kind, text := part[1], part[2], part[3]
		switch kind {
		case "go":
			if file == "" {
				t.Fatalf("a block of code does not say which file it is:\n%s", text)
			}
			reader.write(t, file, text)
		case "sh":
			reader.output = ""
			for line := range strings.Lines(text) {
				reader.run(t, strings.Fields(line))
			}
		case "text":
			if want, got := took.ReplaceAllString(text, "TIME"), took.ReplaceAllString(reader.output, "TIME"); got != want {
				t.Errorf("the page shows\n%s\nand the command printed\n%s", want, got)
			}
			reader.checked++
		default:
			t.Errorf("a block of %q is neither a file nor a command", kind)
		}
	}
	if reader.checked < 2 {
		t.Errorf("only %d outputs are compared", reader.checked)
	}
}

// newcomer is who follows the page.
type newcomer struct {
	dir     string   // where the commands run
	env     []string // of the commands
	output  string   // of the last commands
	checked int
}

// newNewcomer makes a folder with root beside it, under the name of a clone. Nothing is
// downloaded that the tests have not: the checksums are there, and there is no proxy but an
// empty one.
func newNewcomer(t *testing.T, root string) *newcomer {
	t.Helper()
	home := t.TempDir()
	n := &newcomer{dir: filepath.Join(home, "demo")}
	for _, name := range []string{"demo", "proxy"} {
		if err := os.Mkdir(filepath.Join(home, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(root, filepath.Join(home, "pmks")); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	n.write(t, "go.sum", string(sums))
	// Without cgo whatever the tests are built with: the compiled packages are shared.
	n.env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GOPROXY=file://"+filepath.ToSlash(filepath.Join(home, "proxy")))
	return n
}

func (n *newcomer) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command of the page.
func (n *newcomer) run(t *testing.T, args []string) {
	t.Helper()
	if len(args) < 2 || args[0] != "go" {
		t.Fatalf("%q is no go command", args)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = n.dir, n.env
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, problems.String())
	}
	n.output += string(out)
}
