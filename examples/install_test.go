// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// install matches a line that installs a program, in a page or a comment, with its tags.
var install = regexp.MustCompile(`go install (?:-ldflags "-s -w" )?(?:-tags (\S+) )?github\.com/pmks-go/pmks/(\S+?)@latest`)

// TestInstall: what the pages say to install is a program of this module, and its tags are
// those that some file asks for. Where the module is published the lines work as they
// stand; here the go command is asked about the same package and tags in this checkout.
func TestInstall(t *testing.T) {
	t.Parallel()
	known := tags(t)
	found := 0
	for _, pattern := range []string{"../README.md", "../docs/*.md", "../cmd/*/*.go", "*/README.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range install.FindAllStringSubmatch(contents(t, file), -1) {
				found++
				for tag := range strings.SplitSeq(m[1], ",") {
					// grpcnotrace is a tag of gRPC's own.
					if tag != "" && tag != "grpcnotrace" && !known[tag] {
						t.Errorf("%s: no file asks for the tag %q", file, tag)
					}
				}
				cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", m[1], "-f", "{{.Name}}", "./"+m[2])
				cmd.Dir = ".."
				if out, err := cmd.CombinedOutput(); err != nil || string(out) != "main\n" {
					t.Errorf("%s: %s: %v\n%s", file, m[0], err, out)
				}
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d lines are found", found)
	}
}

// tags are the build tags of this module.
func tags(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	constraint := regexp.MustCompile(`(?m)^//go:build (.+)$`)
	word := regexp.MustCompile(`\w+`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if m := constraint.FindSubmatch(source); m != nil {
			for _, tag := range word.FindAll(m[1], -1) {
				known[string(tag)] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// released matches how a program is built that is given to others.
var released = regexp.MustCompile(`go build (-trimpath .*?) -o `)

// TestContainerfile: the image has the program that .ci/run reproducible compares, and whose
// checksum a release tells: it is built with the same flags, tags of this module or gRPC's.
func TestContainerfile(t *testing.T) {
	t.Parallel()
	image, gate := released.FindStringSubmatch(contents(t, "../Containerfile")), released.FindStringSubmatch(contents(t, "../.ci/run"))
	if image == nil || gate == nil || image[1] != gate[1] {
		t.Fatalf("the Containerfile builds with %q, .ci/run reproducible with %q", image, gate)
	}
	known := tags(t)
	for tag := range strings.SplitSeq(regexp.MustCompile(`-tags (\S+)`).FindStringSubmatch(image[1])[1], ",") {
		if tag != "grpcnotrace" && !known[tag] {
			t.Errorf("no file asks for the tag %q", tag)
		}
	}
}
