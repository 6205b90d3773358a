// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestEnvNames: no two things of a provider are read from one environment variable,
// nor are those of two providers.
func TestEnvNames(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, p := range pmks.Providers() {
		names := []string{"region", "zone", "endpoint"}
		for _, s := range append(slices.Clone(p.Settings), p.Credentials...) {
			if !slices.Contains(names[3:], s.Name) { // what both lists have is one thing
				names = append(names, s.Name)
			}
		}
		for _, name := range names {
			env := p.EnvName(name)
			if before, taken := owner[env]; taken {
				t.Errorf("%s is read for %s and for %s of %s", env, before, name, p.Name)
			}
			owner[env] = name + " of " + p.Name
		}
	}
	if len(owner) < 100 {
		t.Errorf("only %d variables: the providers are missing", len(owner))
	}
}

// TestGenerate: each provider has a page with every part that a reader looks for.
func TestGenerate(t *testing.T) {
	t.Parallel()
	pages, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pmks.Providers() {
		page, ok := pages["providers/"+p.Name+".md"]
		if p.Name == "fake" {
			continue
		}
		if !ok || !strings.Contains(string(pages["providers/README.md"]), "("+p.Name+".md)") {
			t.Errorf("%s has no page, or is not in the list", p.Name)
			continue
		}
		for _, part := range []string{"What it manages", "Prerequisites", "Authentication", "Settings", "Identifiers", "Capabilities",
			"Kubeconfig", "Storage classes", "Rate limits", "Differences from other providers", "Hooks", "Example",
			"Each hook", "Credentials and settings", "What it can do"} {
			if words := len(strings.Fields(section(string(page), part))); words < 5 {
				t.Errorf("%s: the part %q is missing, or has %d words", p.Name, part, words)
			}
		}
		for _, hook := range []string{"BeforeCreateCluster", "BeforeAddNodeGroup", "BeforeUpgrade"} {
			if !strings.Contains(string(page), "`"+hook) {
				t.Errorf("%s: no hook %s", p.Name, hook)
			}
		}
		for _, s := range slices.Concat(p.Credentials, p.Settings) {
			if !strings.Contains(string(page), "| `"+s.Name+"` |") {
				t.Errorf("%s: the setting %s is not listed", p.Name, s.Name)
			}
		}
	}
	if len(pages) < 10 {
		t.Errorf("%d pages", len(pages))
	}
}

// section is the text of a page below a heading, up to the next one.
func section(page, heading string) string {
	_, text, _ := strings.Cut(page, "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}
