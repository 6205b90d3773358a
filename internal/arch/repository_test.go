// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/deps.txt and api/pmks.txt")

// repository is the module as it is on disk, listed once for all tests, on the
// platform that the golden files describe.
var repository = sync.OnceValues(func() (*Graph, error) {
	dir, err := ModuleRoot()
	if err != nil {
		return nil, err
	}
	return Load(dir, "linux", "amd64", "./...")
})

func load(t *testing.T) *Graph {
	t.Helper()
	g, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestRepositoryFiles also makes the go command's cached test results right: it
// opens every file of the module, so a change to any of them runs this package
// again, although go list reads them in a process of its own.
func TestRepositoryFiles(t *testing.T) {
	t.Parallel()
	g := load(t)
	faults, err := CheckFiles(os.DirFS(g.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
	for name, reason := range longFiles {
		data, err := os.ReadFile(filepath.Join(g.Dir, filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("longFiles: %v", err)
		} else if strings.Count(string(data), "\n") < maxLines {
			t.Errorf("longFiles: %s (%s) is not long any more", name, reason)
		}
	}
}

func TestRepositoryImports(t *testing.T) {
	t.Parallel()
	for _, f := range CheckImports(load(t)) {
		t.Error(f)
	}
}

// TestRepositoryImportsElsewhere repeats the check of what every user links on
// other systems, where other files of the same packages are compiled.
func TestRepositoryImportsElsewhere(t *testing.T) {
	t.Parallel()
	root := load(t)
	patterns := []string{"."}
	if root.Packages[root.Module+"/fake"] != nil {
		patterns = append(patterns, "./fake")
	}
	for _, goos := range []string{"darwin", "windows"} {
		g, err := Load(root.Dir, goos, "arm64", patterns...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range CheckImports(g) {
			t.Errorf("%s: %s", goos, f)
		}
	}
}

func TestRepositoryDependencies(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("testdata", "deps.txt"), Dependencies(load(t)))
}

func TestRepositoryAPI(t *testing.T) {
	t.Parallel()
	g := load(t)
	listing, err := API(g)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(g.Dir, "api", "pmks.txt"), listing)
}

// golden compares got with the reviewed file, or rewrites that with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if d := Diff(string(want), got); d != "" {
		t.Errorf("%s differs from the code. If the change is meant, run "+
			"go test ./internal/arch -update and review the file's diff.\n%s", file, d)
	}
}
