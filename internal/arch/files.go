// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// license is the first line of every Go file that a person wrote.
const license = "// SPDX-License-Identifier: Apache-2.0"

// maxLines is how long a Go file may be that is neither a test nor generated.
const maxLines = 600

// longFiles are the exceptions to maxLines, each with the reason why its parts
// belong together.
var longFiles = map[string]string{}

// generated matches the line by which Go tools know generated files.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// homePath matches a path on somebody's own machine. (Written so that it does not
// match itself.)
var homePath = regexp.MustCompile(`(?:^|[\s"'=:(,])/(?:root|home/\w[\w.-]*|Users/\w[\w.-]*)/|[A-Za-z]:\\Users\\`)

// registryHosts are the hosts that packages are fetched from. The machine that
// builds decides where it gets its packages, so no file names one. They are
// written in pieces because this file is checked as well.
var registryHosts = func() []string {
	hosts := [][]string{
		{"proxy", "golang", "org"},
		{"sum", "golang", "org"},
		{"goproxy", "cn"},
		{"goproxy", "io"},
		{"crates", "io"},
		{"pypi", "org"},
		{"files", "pythonhosted", "org"},
		{"registry", "npmjs", "org"},
		{"repo1", "maven", "org"},
		{"deb", "debian", "org"},
	}
	var joined []string
	for _, h := range hosts {
		joined = append(joined, strings.Join(h, "."))
	}
	return joined
}()

// skippedDirs hold no source: version control and what .gitignore names.
var skippedDirs = []string{".git", "bin"}

// CheckFiles returns a sentence for each file of the tree that breaks a rule.
func CheckFiles(tree fs.FS) ([]string, error) {
	var faults []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(skippedDirs, name):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		faults = append(faults, CheckFile(name, data)...)
		return nil
	})
	return faults, err
}

// CheckFile returns a sentence for each rule that one file breaks. Files that are
// no text have nothing to say.
func CheckFile(name string, data []byte) []string {
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil
	}
	var faults []string
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		if m := homePath.FindString(line); m != "" {
			faults = append(faults, fmt.Sprintf("%s:%d: has a path of one person's machine (%s)", name, n, m))
		}
		for _, host := range registryHosts {
			if strings.Contains(line, host) {
				faults = append(faults, fmt.Sprintf("%s:%d: names the package registry host %s", name, n, host))
			}
		}
	}
	if path.Ext(name) != ".go" || isTestdata(name) || generated.Match(data) {
		return faults
	}
	if first, _, _ := strings.Cut(string(data), "\n"); first != license {
		faults = append(faults, fmt.Sprintf("%s:1: the first line is not %q", name, license))
	}
	if n >= maxLines && !strings.HasSuffix(name, "_test.go") && longFiles[name] == "" {
		faults = append(faults, fmt.Sprintf(
			"%s: has %d lines, the limit is under %d: split it, or give the reason in longFiles", name, n, maxLines))
	}
	return faults
}

// isTestdata reports whether the go command ignores name as test material.
func isTestdata(name string) bool {
	return slices.Contains(strings.Split(name, "/"), "testdata")
}
