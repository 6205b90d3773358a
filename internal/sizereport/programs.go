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

// program is one to build: what a user's main could be, or a command of this module.
type program struct {
	name string
	// source is the text of its main file, or empty where command is its directory.
	source  string
	command string
	// more are its other files, by their names.
	more map[string]string
	// tags choose what is in it.
	tags []string
	// against is the program without pmks that does the same.
	against string
}

// clouds are the directories of the providers, in the order of the report.
var clouds = []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm"}

// credentialHelper is the command whose clouds are chosen by build tags.
const credentialHelper = "pmks-credential"

// programs returns one that does nothing, one that links the whole root package, one
// with the fake, one with each provider that is there, and one with all, each behind the
// program that does the same without pmks; those with package kube; then the credential
// helper with all clouds, and with each alone.
func programs(module, root string) ([]program, error) {
	list := []program{
		{name: emptyProgram, source: "package main\n\nfunc main() {}\n"},
		{name: "root", source: opening(module)},
		{name: "root+fake", source: opening(module, "fake")},
	}
	var present []string
	add := func(name, vendor string, clouds ...string) error {
		p, err := vendorProgram(root, vendor, clouds...)
		if err != nil {
			return fmt.Errorf("%s: %w", vendor, err)
		}
		list = append(list, p, program{name: name, source: opening(module, clouds...), against: vendor})
		return nil
	}
	for _, cloud := range clouds {
		if _, err := os.Stat(filepath.Join(root, cloud, cloud+".go")); err == nil {
			present = append(present, cloud)
			if err := add("root+"+cloud, "sdk+"+cloud, cloud); err != nil {
				return nil, err
			}
		}
	}
	if len(present) > 1 {
		if err := add("root+all-clouds", "sdk+all-clouds", present...); err != nil {
			return nil, err
		}
	}
	list = append(list, program{name: "root+kube", source: connecting(module, "kube", "RESTConfig")},
		program{name: "root+kube/clientset", source: connecting(module, "kube/clientset", "New")})
	command := "./cmd/" + credentialHelper
	list = append(list, program{name: credentialHelper, command: command})
	for _, cloud := range present {
		list = append(list, program{name: credentialHelper + "+" + cloud, command: command, tags: []string{"pmks_only", "pmks_" + cloud}})
	}
	return list, nil
}

// connecting is a program that makes a client of a cluster's Kubernetes API.
func connecting(module, pkg, function string) string {
	return fmt.Sprintf(`package main

import (
	"context"
	"fmt"
	"os"

	%q
	connect %q
)

func main() {
	ctx := context.Background()
	client, err := pmks.Open(ctx, os.Args[1], pmks.Config{Region: os.Args[2]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(connect.%s(ctx, client, pmks.IID{NameId: os.Args[3]}))
}
`, module, module+"/"+pkg, function)
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

// choose returns the programs with the given names, those they are compared with, and
// always the empty one.
func choose(list []program, names []string) ([]program, error) {
	if len(names) == 0 {
		return list, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(p program) bool { return p.name == name }) {
			return nil, fmt.Errorf("there is no program %q", name)
		}
	}
	wanted := slices.Concat(names, []string{emptyProgram})
	for _, p := range list {
		if p.against != "" && slices.Contains(names, p.name) {
			wanted = append(wanted, p.against)
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(p program) bool { return !slices.Contains(wanted, p.name) }), nil
}
