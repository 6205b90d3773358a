// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// emptyProgram is the one that the others are compared with.
const emptyProgram = "empty"

// program is one to build: what a user's main could be.
type program struct {
	name   string
	source string
}

// clouds are the directories of the providers, in the order of the report.
var clouds = []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm"}

// programs returns one that does nothing, one that links the whole root package,
// one with the fake, one with each provider that is there, and one with all.
func programs(module, root string) []program {
	list := []program{
		{emptyProgram, "package main\n\nfunc main() {}\n"},
		{"root", opening(module)},
		{"root+fake", opening(module, "fake")},
	}
	var present []string
	for _, cloud := range clouds {
		if files, err := filepath.Glob(filepath.Join(root, cloud, "*.go")); err == nil && len(files) > 0 {
			if _, err := os.Stat(filepath.Join(root, cloud, cloud+".go")); err == nil {
				present = append(present, cloud)
				list = append(list, program{"root+" + cloud, opening(module, cloud)})
			}
		}
	}
	if len(present) > 1 {
		list = append(list, program{"root+all-clouds", opening(module, present...)})
	}
	return list
}

// opening is a program that opens whatever provider it is told to, and reaches
// every operation and every whole job, so that the linker can leave none out.
func opening(module string, providers ...string) string {
	var imports strings.Builder
	for _, p := range providers {
		fmt.Fprintf(&imports, "\t_ %q\n", module+"/"+p)
	}
	return fmt.Sprintf(`package main

import (
	"context"
	"fmt"
	"os"

	%q
%s)

func main() {
	ctx := context.Background()
	client, err := pmks.Open(ctx, os.Args[1], pmks.Config{Region: os.Args[2]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	info, err := pmks.Provision(ctx, client, pmks.ClusterInfo{IId: pmks.IID{NameId: os.Args[3]}})
	fmt.Println(info, err)
	info, err = pmks.Upgrade(ctx, client, info.IId, os.Args[4])
	fmt.Println(info, err)
	fmt.Println(pmks.Teardown(ctx, client, info.IId))
}
`, module, imports.String())
}

// choose returns the programs with the given names, and always the empty one.
func choose(list []program, names []string) ([]program, error) {
	if len(names) == 0 {
		return list, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(p program) bool { return p.name == name }) {
			return nil, fmt.Errorf("there is no program %q", name)
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p program) bool {
		return p.name != emptyProgram && !slices.Contains(names, p.name)
	}), nil
}
